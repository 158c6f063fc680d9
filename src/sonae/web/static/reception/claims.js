// Who is meant: each way looks at what was shown and makes a claim of it, or nothing. A claim is never proof
// that somebody came: a person at the desk confirms it.
import { now } from "./device.js";
import { cityKey } from "./list.js";
import { isToken, readToken } from "./signed.js";

/** What a typed or scanned text claims: `{how, people, home}`, `{how, unknown}`, `{refused}`, or null for other text. */
export async function identify(device, given) {
  const text = given.trim();
  if (isToken(text)) return ofToken(device, text);
  if (!device.index) return null;
  const card = text.normalize("NFKC").toUpperCase();
  const one = device.index.byCard.get(card) ?? device.index.byId.get(card);
  if (one) return { how: "card", people: [one], proof: false };
  const home = device.index.homeCards.get(card);
  return home ? { how: "card", people: device.index.homes.get(home), home: true, proof: false } : null;
}

async function ofToken(device, text) {
  const token = await readToken(text, { key: cityKey(device), city: device.info.municipality.code, now: now(device), lost: device.list?.lost });
  if (token.refused) return { refused: token.refused };
  const own = token.kind === "P", found = device.index && (own ? device.index.byId.get(token.identifier) : device.index.homeCards.get(token.identifier.toUpperCase()));
  if (!found) return { how: "qr", unknown: own ? text : "", proof: true };
  return own ? { how: "qr", people: [found], proof: true } : { how: "qr", people: device.index.homes.get(found), home: true, proof: true };
}

/** Ways that look at a camera's frame, asked in turn: `identify(frame) → claim or null`. `frame`: the canvas.
    Another way (a face) is added here by its module and needs nothing else of the screen. */
export const frameWays = [];
