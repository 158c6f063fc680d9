// The list of people (地区名簿) on this device: fetched signed, kept sealed under a key of its own that lies
// under the device's, gone when it ends.
import { call, now } from "./device.js";
import { indexed } from "./search.js";
import { verified } from "./signed.js";
import { still, write } from "./store.js";
import { fromBase64, keyOf, newSecret, seal, unseal } from "./vault.js";

const RENEW = 12 * 3600_000;

/** The city's public key of this device: pinned when it was enrolled. */
export const cityKey = (device) => fromBase64(device.info.keys[0].x);

/** Fetch the list and keep it sealed; the key of the one before is gone with it. Throws: away, stopped, signature. */
export async function fetchList(device, forms) {
  const { terminal, shelter } = device.info;
  const answer = await call(device, `shelters/${encodeURIComponent(shelter.id)}/extract`, { limit: 120_000 })
    .catch(() => { throw new Error("away"); });
  if (answer.status === 401 || answer.status === 403) throw new Error("stopped");
  if (!answer.ok) throw new Error("away");
  await takeList(device, await answer.text(), terminal, forms);
}

/** Keep a list that the city signed for `whose` terminal: this one, or the edge node of the same shelter. */
export async function takeList(device, jws, whose, forms) {
  const { info, keys } = device, content = await verified(jws, cityKey(device));
  const ours = content && content.terminal === whose && content.shelter === info.shelter.id && content.world === device.world;
  if (!ours || content.exp * 1000 <= now(device)) throw new Error("signature");
  const secret = newSecret(), key = await seal(keys.box, secret), sealed = await seal(await keyOf(secret), JSON.stringify(content));
  await write(device.db, ["meta"], async (tx) => {
    await still(tx, info);
    await tx.store.put({ key, sealed, exp: content.exp, iat: content.iat }, "list");
  });
  take(device, content, forms);
}

function take(device, content, forms) {
  device.index = indexed(content.people, forms);
  device.list = { exp: content.exp * 1000, iat: content.iat * 1000, people: content.people.length, lost: content.lost ?? [] };
}

/** Open the kept list into memory; what has ended is deleted, key first. */
export async function openList(device, forms) {
  if (await ended(device)) { device.index = device.list = null; return; }
  const kept = await device.db.get("meta", "list");
  if (kept) take(device, JSON.parse(await unseal(await keyOf(await unseal(device.keys.box, kept.key)), kept.sealed)), forms);
}

/** Delete the list when its time is over; whether there is none now. */
export async function ended(device) {
  const kept = await device.db.get("meta", "list");
  if (kept && kept.exp * 1000 > now(device)) return false;
  if (kept) await dropList(device);
  return true;
}

/** Delete the list and its key. */
export async function dropList(device) {
  await write(device.db, ["meta"], (tx) => tx.store.delete("list"));
  device.index = device.list = null;
}

/** Whether the list should be fetched anew: none, or half of its day is over; a locked screen wants none. */
export const wantsList = (device) => !device.shut && (!device.list || device.list.exp - now(device) < RENEW);
