// The device itself: enrolled or not, its keys, its token, what it may no longer hold.
import { openStore, write } from "./store.js";
import { newKey, seal, sharedKey, unseal } from "./vault.js";

/** Open this device in a world; `root` is the site's prefix of that world ("" or "/drill"). */
export async function openDevice(world, root) {
  const db = await openStore(world);
  const device = { db, world, root, info: await db.get("meta", "info"), keys: await db.get("meta", "keys") };
  device.token = device.info && device.keys ? await unseal(device.keys.box, await db.get("meta", "token")).catch(() => null) : null;
  return device;
}

/** Call the API as this terminal; rejects when there is no answer within `limit` milliseconds. */
export const call = (device, path, { token = device.token, limit = 20_000, ...more } = {}) =>
  fetch(`${device.root}/api/v1/${path}`, {
    ...more, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(limit),
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
  });

/** Become the terminal of a token. Throws `Error` with the code: token, away, unsent. */
export async function enrol(device, token) {
  if (await device.db.countFromIndex("box", "state", IDBKeyRange.bound(["waiting"], ["waiting", []]))) throw new Error("unsent");
  const answer = await call(device, "terminal", { token }).catch(() => { throw new Error("away"); });
  if (answer.status === 401 || answer.status === 403) throw new Error("token");
  if (!answer.ok) throw new Error("away");
  const info = await answer.json(), keys = { box: await newKey(), carry: await sharedKey(token, "sonae outbox 1", ["encrypt"]) };
  const sealed = await seal(keys.box, token);
  await write(device.db, ["meta", "box"], async (tx) => {
    await Promise.all([tx.objectStore("meta").clear(), tx.objectStore("box").clear()]);
    const meta = tx.objectStore("meta");
    await Promise.all([meta.put(info, "info"), meta.put(keys, "keys"), meta.put(sealed, "token")]);
  });
  Object.assign(device, { info, keys, token });
}

/** The latest moment this device knows of: a clock that is set back must not make a list last longer. */
export const now = (device) => Math.max(Date.now(), device.latest ?? 0);

/** Note a moment of the server's. */
export async function heardTime(device, iso, sentAt) {
  const there = Date.parse(iso);
  if (Number.isNaN(there)) return;
  device.offset = sentAt - there;
  device.latest = Math.max(device.latest ?? 0, there);
  await device.db.put("meta", device.latest, "latest");
}

/** Forget the token and every key: what is still sealed here can be opened by nobody. Unsent events go too. */
export async function wipe(device) {
  await write(device.db, ["meta", "box"], (tx) => Promise.all([tx.objectStore("meta").clear(), tx.objectStore("box").clear()]));
  Object.assign(device, { info: undefined, keys: undefined, token: null, index: null });
}
