// Signatures of the city, checked without a network: Ed25519 by the browser, or by @noble/ed25519 where
// the browser is too old for it.
import * as noble from "../vendor/@noble/ed25519/index.js";
import { fromBase64 } from "./vault.js";

const text = new TextEncoder(), read = new TextDecoder();
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", HEAD = 10, SIGNATURE = 64, VERSION = 2;

/** Whether `signature` is the key's under `data` (all bytes). */
export async function holds(key, signature, data) {
  let own;
  try {
    own = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return noble.verifyAsync(signature, data, key).catch(() => false);
  }
  return crypto.subtle.verify("Ed25519", own, signature, data);
}

/** The content of a compact JWS (EdDSA) of the city; null for what it did not sign. */
export async function verified(jws, key) {
  const [head, body, signature, more] = jws.trim().split(".");
  if (!signature || more !== undefined) return null;
  if (JSON.parse(read.decode(fromBase64(head))).alg !== "EdDSA") return null;
  const good = await holds(key, fromBase64(signature), text.encode(`${head}.${body}`));
  return good ? JSON.parse(read.decode(fromBase64(body))) : null;
}

function base32(given) {
  const out = [];
  let bits = 0, value = 0;
  for (const letter of given) {
    const worth = LETTERS.indexOf(letter);
    if (worth < 0) return null;
    value = ((value << 5) | worth) & 0xfff;
    bits += 5;
    if (bits >= 8) { bits -= 8; out.push((value >> bits) & 255); }
  }
  return new Uint8Array(out);
}

export const isToken = (given) => given.startsWith("SN1") && given.length > 100;

/** Read a QR token: `{kind, identifier}`, or `{refused}`: invalid, old, elsewhere, expired, lost.
    `now` in milliseconds; `lost`: [kind, identifier, until in seconds] of codes reported lost. */
export async function readToken(given, { key, city, now, lost = [] }) {
  const raw = base32(given.slice(3).toUpperCase());
  if (!raw || raw.length <= HEAD + SIGNATURE) return { refused: "invalid" };
  const body = raw.subarray(0, -SIGNATURE), view = new DataView(body.buffer, 0, body.length);
  if (!(await holds(key, raw.subarray(-SIGNATURE), body))) return { refused: "invalid" };
  if (body[0] !== VERSION) return { refused: "old" };
  if (view.getUint32(6) !== Number(city)) return { refused: "elsewhere" };
  const kind = String.fromCharCode(body[1]), identifier = read.decode(body.subarray(HEAD)), ends = view.getUint32(2);
  if (ends * 1000 <= now) return { refused: "expired" };
  if (lost.some(([what, whose, until]) => what === kind && whose === identifier && ends <= until)) return { refused: "lost" };
  return { kind, identifier };
}
