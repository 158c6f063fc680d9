// The device itself: enrolled or not, its keys under a PIN, its token, what it may no longer hold.
import { uuid7 } from "./moment.js";
import { openStore, same, write } from "./store.js";
import { OUTBOX, keyOf, lockOf, newSecret, openLock, sharedKey, weak } from "./vault.js";

const FREE_TRIES = 5, FIRST_WAIT = 30_000, LONGEST_WAIT = 15 * 60_000;

/** Open this device in a world; `root` is the site's prefix of that world ("" or "/drill"). Its keys and its
    token stay under the PIN until `unlock`. */
export async function openDevice(world, root) {
  const db = await openStore(world);
  return { db, world, root, info: await db.get("meta", "info"), keys: null, token: null };
}

/** Call the API as this terminal; rejects when there is no answer within `limit` milliseconds. */
export const call = (device, path, { token = device.token, limit = 20_000, ...more } = {}) =>
  fetch(`${device.root}/api/v1/${path}`, {
    ...more, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(limit),
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
  });

const enc = (info) => info.keys.find((one) => one.use === "enc");

/** An enrolment as a page holds it; taken over at once, never the name of one with the keys of another. */
const held = async (info, { box, token }) =>
  ({ info, token, keys: { box: await keyOf(box), carry: await sharedKey(token, OUTBOX, ["encrypt"]), city: enc(info) } });

const NOTHING = { index: null, list: null, around: undefined, edge: undefined, after: 0 };

/** Whether this page is still of the device's enrolment; a page that is not lets go of keys, list and node, and
    is that of the new one, locked. */
export async function current(device) {
  if (await same(device.db.transaction("meta"), device.info)) return true;
  Object.assign(device, { info: await device.db.get("meta", "info"), keys: null, token: null, ...NOTHING });
  return false;
}

/** Become the terminal of a token, with a PIN of one's own. Throws `Error` with the code: pin, token, away.
    What an earlier terminal had not sent stays, sealed for the city, and is sent by this one. */
export async function enrol(device, token, pin) {
  if (weak(pin)) throw new Error("pin");
  const answer = await call(device, "terminal", { token }).catch(() => { throw new Error("away"); });
  if (answer.status === 401 || answer.status === 403) throw new Error("token");
  if (!answer.ok) throw new Error("away");
  const info = { ...(await answer.json()), enrolment: uuid7() }, secrets = { box: newSecret(), token }, lock = await lockOf(pin, secrets), made = await held(info, secrets);
  await write(device.db, ["meta", "box"], async (tx) => {
    const meta = tx.objectStore("meta"), box = tx.objectStore("box");
    for (const row of await box.getAll()) {
      if (row.state === "waiting") await box.put({ n: row.n, id: row.id, state: "left", at: row.at, of: row.of, carried: row.carried });
      else if (row.state !== "left") await box.delete(row.n);
    }
    await meta.clear();
    await Promise.all([meta.put(info, "info"), meta.put(lock, "lock")]);
  });
  Object.assign(device, made, NOTHING);
}

// No wait is longer than the longest: a clock that was set back must not keep the right PIN out for days.
const rest = (lock) => {
  const ms = (lock?.until ?? 0) - Date.now();
  return ms > 0 && ms <= LONGEST_WAIT ? ms : 0;
};

/** Milliseconds until another PIN may be tried. */
export const waiting = async (device) => rest(await device.db.get("meta", "lock"));

/** Take the keys from under the PIN; whether it was the right one. Wrong ones wait longer and longer, also after
    a restart. */
export const unlock = (device, pin) => navigator.locks.request(`sonae-pin-${device.world}`, async () => {
  const lock = await device.db.get("meta", "lock");
  if (!lock || rest(lock)) return false;
  // Counted before it is tried: closing the page in between gains nothing.
  const tries = lock.tries + 1, wait = tries > FREE_TRIES ? Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tries - FREE_TRIES - 1)) : 0;
  // A full disk must not keep the right PIN out.
  const put = (more) => write(device.db, ["meta"], (tx) => tx.store.put({ ...lock, ...more }, "lock")).catch((error) => { if (error.name !== "QuotaExceededError") throw error; });
  await put({ tries, until: wait ? Date.now() + wait : 0 });
  const secrets = await openLock(lock, pin).catch(() => null);
  if (!secrets) return false;
  await put({ tries: 0, until: 0 });
  const info = await device.db.get("meta", "info");
  if (!device.keys || info.enrolment !== device.info.enrolment) Object.assign(device, await held(info, secrets));
  return true;
});

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

/** Forget the token and every key: what is still sealed here can be opened by nobody at this device. Returns how
    many records of an earlier terminal stay, sealed for the city, because it could not read them; or null, with
    nothing touched, when a record is unsent here or another page has enrolled the device anew. */
export async function wipe(device) {
  const of = (state) => IDBKeyRange.bound([state], [state, []]);
  // Counted in the transaction that deletes: what is recorded a moment before is not lost with the rest.
  const left = await write(device.db, ["meta", "box"], async (tx) => {
    const meta = tx.objectStore("meta"), box = tx.objectStore("box");
    if (!(await same(tx, device.info)) || (await box.index("state").count(of("waiting")))) return null;
    const rows = await box.index("state").getAll(of("left"));
    await Promise.all([meta.clear(), box.clear()]);
    for (const row of rows) await box.put(row);
    return rows.length;
  });
  if (left !== null) Object.assign(device, { info: undefined, keys: null, token: null, ...NOTHING });
  return left;
}
