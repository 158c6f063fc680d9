// Sealing at rest: AES-GCM with keys that no script can read out (WebCrypto, not exportable).
const text = new TextEncoder(), read = new TextDecoder();

export const newKey = () => crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);

/** Seal a text; what comes back can be stored as it is. */
export async function seal(key, plain) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, text.encode(plain)) };
}

/** Open what `seal` made; rejects when it was changed or the key is another. */
export const unseal = async (key, { iv, data }) => read.decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, data));

const hex = (bytes) => Array.from(new Uint8Array(bytes), (one) => one.toString(16).padStart(2, "0")).join("");

/** The key of export files, that the server can make too: HKDF of the hash that it keeps of the token. */
export async function carryKey(token) {
  const hash = hex(await crypto.subtle.digest("SHA-256", text.encode(token)));
  const base = await crypto.subtle.importKey("raw", text.encode(hash), "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: text.encode("sonae outbox 1") };
  return crypto.subtle.deriveKey(how, base, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
}
