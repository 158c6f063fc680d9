// Sealing at rest: AES-GCM (WebCrypto). The key of everything here lies under a PIN (decision 0015); what was
// recorded is sealed besides for the city, which alone can open that.
const text = new TextEncoder(), read = new TextDecoder();
const ROUNDS = 600_000;
export const PIN_LENGTH = 6;

export const toBase64 = (bytes) => {
  let made = "";
  for (const one of new Uint8Array(bytes)) made += String.fromCharCode(one);
  return btoa(made).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};
export const fromBase64 = (given) => Uint8Array.from(atob(given.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

const random = (count) => crypto.getRandomValues(new Uint8Array(count));

/** New key material, as text; and the key of it, which no script can read out. */
export const newSecret = () => toBase64(random(32));
export const keyOf = (secret) => crypto.subtle.importKey("raw", fromBase64(secret), "AES-GCM", false, ["encrypt", "decrypt"]);

/** Seal a text; what comes back can be stored as it is. */
export async function seal(key, plain) {
  const iv = random(12);
  return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, text.encode(plain)) };
}

/** Open what `seal` made; rejects when it was changed or the key is another. */
export const unseal = async (key, { iv, data }) => read.decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, data));

// --- the PIN -------------------------------------------------------------------------------------

/** A PIN as it counts: blanks around it do not. */
const plain = (pin) => pin.normalize("NFKC").trim();

/** Whether a PIN is too short or guessed at once: one character again and again, or a row such as 123456. */
export function weak(pin) {
  const codes = Array.from(plain(pin), (one) => one.codePointAt(0));
  const row = (step) => codes.every((code, at) => !at || code - codes[at - 1] === step);
  return codes.length < PIN_LENGTH || [0, 1, -1].some(row);
}

async function pinKey(pin, salt, rounds) {
  const base = await crypto.subtle.importKey("raw", text.encode(plain(pin)), "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds };
  return crypto.subtle.deriveKey(how, base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

/** Put secrets under a PIN. */
export async function lockOf(pin, secrets) {
  const salt = random(16);
  return { salt, rounds: ROUNDS, tries: 0, until: 0, sealed: await seal(await pinKey(pin, salt, ROUNDS), JSON.stringify(secrets)) };
}

/** The secrets of a lock; rejects for another PIN. */
export const openLock = async (lock, pin) => JSON.parse(await unseal(await pinKey(pin, lock.salt, lock.rounds), lock.sealed));

// --- for the city alone --------------------------------------------------------------------------

const hex = (bytes) => Array.from(new Uint8Array(bytes), (one) => one.toString(16).padStart(2, "0")).join("");

async function stretched(secret, salt, purpose, uses) {
  const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt, info: text.encode(purpose) };
  return crypto.subtle.deriveKey(how, base, { name: "AES-GCM", length: 256 }, false, uses);
}

/** The key that this token's holder and the city share for a purpose: HKDF of the hash that the city keeps. */
export const sharedKey = async (token, purpose, uses) =>
  stretched(text.encode(hex(await crypto.subtle.digest("SHA-256", text.encode(token)))), new Uint8Array(0), purpose, uses);

/** An envelope (`iv`, `data` as text) of JSON content that is bound to what it is about. */
export async function enclose(key, bound, content) {
  const made = await boxed(key, text.encode(JSON.stringify(content)), bound);
  return { iv: toBase64(made.slice(0, 12)), data: toBase64(made.slice(12)) };
}

/** What an envelope holds; rejects when another key or purpose made it, or it was changed. */
export async function disclose(key, bound, { iv, data }) {
  const how = { name: "AES-GCM", iv: fromBase64(iv), additionalData: text.encode(bound) };
  return JSON.parse(read.decode(await crypto.subtle.decrypt(how, key, fromBase64(data))));
}

export const OUTBOX = "sonae outbox 2";

const joined = (...parts) => {
  const made = new Uint8Array(parts.reduce((sum, one) => sum + one.byteLength, 0));
  let at = 0;
  for (const one of parts) { made.set(new Uint8Array(one), at); at += one.byteLength; }
  return made;
};

async function boxed(key, plain, bound) {
  const iv = random(12);
  return joined(iv, await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: text.encode(bound) }, key, plain));
}

/** Seal a text so that only the city opens it and knows whose it is: point, iv, cipher of (iv, cipher). */
export async function sealForCity({ city, carry }, plain, bound) {
  const inner = await boxed(carry, text.encode(plain), bound), ours = { name: "ECDH", namedCurve: "P-256" };
  const theirs = await crypto.subtle.importKey("jwk", { kty: "EC", crv: "P-256", x: city.x, y: city.y }, ours, false, []);
  const once = await crypto.subtle.generateKey(ours, false, ["deriveBits"]), point = await crypto.subtle.exportKey("raw", once.publicKey);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, once.privateKey, 256);
  return joined(point, await boxed(await stretched(shared, new Uint8Array(point), OUTBOX, ["encrypt"]), inner, bound));
}
