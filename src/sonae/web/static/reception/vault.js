// Sealing at rest: AES-GCM with keys that no script can read out (WebCrypto, not exportable).
import { fromBase64 } from "./signed.js";

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

/** The key that this token's holder and the city share for a purpose: HKDF of the hash that the city keeps. */
export async function sharedKey(token, purpose, uses) {
  const hash = hex(await crypto.subtle.digest("SHA-256", text.encode(token)));
  const base = await crypto.subtle.importKey("raw", text.encode(hash), "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: text.encode(purpose) };
  return crypto.subtle.deriveKey(how, base, { name: "AES-GCM", length: 256 }, false, uses);
}

export const toBase64 = (bytes) => {
  let made = "";
  for (const one of new Uint8Array(bytes)) made += String.fromCharCode(one);
  return btoa(made).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

/** An envelope (`iv`, `data` as text) of JSON content that is bound to what it is about. */
export async function enclose(key, bound, content) {
  const iv = crypto.getRandomValues(new Uint8Array(12)), how = { name: "AES-GCM", iv, additionalData: text.encode(bound) };
  return { iv: toBase64(iv), data: toBase64(await crypto.subtle.encrypt(how, key, text.encode(JSON.stringify(content)))) };
}

/** What an envelope holds; rejects when another key or purpose made it, or it was changed. */
export async function disclose(key, bound, { iv, data }) {
  const how = { name: "AES-GCM", iv: fromBase64(iv), additionalData: text.encode(bound) };
  return JSON.parse(read.decode(await crypto.subtle.decrypt(how, key, fromBase64(data))));
}
