// Events made here: durable before the screen says so, sent oldest first, gone from "unsent" only when the
// server has said of each by its id that it is on disk.
import { japanese, tick, clockText, uuid7 } from "./moment.js";
import { still, write } from "./store.js";
import { OUTBOX, seal, sealForCity, unseal } from "./vault.js";

export const BATCH = 30;
const KEPT_DONE = 200, MOST_AHEAD = 6 * 3600_000;
const of = (state) => IDBKeyRange.bound([state], [state, []]);

const bound = (terminal, world) => `${OUTBOX} ${terminal} ${world}`;

/** Put events into the box, in order, each with its id, time and clock; returns them once the disk has them.
    Throws `another` when another page has enrolled this device anew: then nothing is recorded.
    A draft is `{event, names}`: what is sent, and whose names this screen shows beside it. */
export const record = (device, drafts) => navigator.locks.request(`sonae-box-${device.world}`, async () => {
  let last = await device.db.get("meta", "clock");
  const { info, keys } = device, at = Date.now(), made = [];
  for (const { event, names } of drafts) {
    last = tick(last, at);
    made.push({ event: { id: uuid7(at), occurred_at: japanese(at), clock: clockText(last, info.terminal), ...event }, names });
  }
  const rows = await Promise.all(made.map(async (one) => ({
    id: one.event.id, state: "waiting", at, of: info.terminal, sealed: await seal(keys.box, JSON.stringify(one)),
    carried: await sealForCity(keys, JSON.stringify(one.event), bound(info.terminal, device.world)),
  })));
  await write(device.db, ["box", "meta"], async (tx) => {
    await still(tx, info);
    for (const row of rows) await tx.objectStore("box").add(row);
    await tx.objectStore("meta").put(last, "clock");
  });
  return made;
});

/** Note that a household was opened on this screen: those people read it in their own record once this is sent. */
export async function look(device, people) {
  const { info, keys } = device, at = Date.now(), sealed = await seal(keys.box, JSON.stringify({ event: { at: japanese(at), people }, names: [] }));
  await write(device.db, ["box", "meta"], async (tx) => {
    await still(tx, info);
    await tx.objectStore("box").add({ id: uuid7(at), state: "look", at, sealed });
  });
}

/** The oldest looks that were not sent, and forgetting those that were. */
export const looks = async (device, most = 100) => Promise.all((await device.db.getAllFromIndex("box", "state", of("look"), most)).map((row) => opened(device, row)));
export const looksSent = (device, rows) => write(device.db, ["box"], async (tx) => { for (const { n } of rows) await tx.store.delete(n); });

/** How many events the server has not acknowledged, and how many it keeps as refused; no key is needed for it. */
export async function counts(device) {
  const [waiting, left, refused] = await Promise.all(["waiting", "left", "refused"].map((state) => device.db.countFromIndex("box", "state", of(state))));
  return { waiting: waiting + left, refused };
}

/** What was not sent, sealed for the city, by the terminal that made it: [[terminal, rows]]. No key is needed. */
export async function sealedRows(device, states = ["left", "waiting"]) {
  const found = new Map();
  for (const state of states) for (const row of await device.db.getAllFromIndex("box", "state", of(state))) found.set(row.of, [...(found.get(row.of) ?? []), row]);
  return [...found];
}

/** Forget what an earlier terminal left and the server has named as stored. */
export const leftSent = (device, rows, results) => write(device.db, ["box"], async (tx) => {
  const stored = new Set(results.filter((one) => ["accepted", "duplicate", "refused"].includes(one.status)).map((one) => one.id));
  for (const row of rows) if (stored.has(row.id)) await tx.store.delete(row.n);
});

export const opened = async (device, row) => ({ ...row, ...JSON.parse(await unseal(device.keys.box, row.sealed)) });

/** The oldest unsent events, as many as one batch takes. */
export async function oldest(device, most = BATCH) {
  const rows = await device.db.getAllFromIndex("box", "state", of("waiting"), most);
  return Promise.all(rows.map((row) => opened(device, row)));
}

/** All events of a state, oldest first. */
export async function all(device, state) {
  return Promise.all((await device.db.getAllFromIndex("box", "state", of(state))).map((row) => opened(device, row)));
}

/** The newest events of any state, newest first. */
export async function newest(device, most) {
  const rows = [];
  for (let at = await device.db.transaction("box").store.openCursor(null, "prev"); at && rows.length < most; at = await at.continue()) if (!["look", "left"].includes(at.value.state)) rows.push(at.value);
  return Promise.all(rows.map((row) => opened(device, row)));
}

/** Take the server's answers: only an id that it names as stored leaves the unsent. Returns how many did. */
export async function answered(device, rows, results) {
  const byId = new Map(results.map((one) => [one.id, one]));
  let settled = 0;
  await write(device.db, ["box"], async (tx) => {
    for (const { event: _event, names: _names, carried: _carried, ...row } of rows) {
      // Settled meanwhile by another way, or left by an enrolment: what the key of then sealed is not put back.
      if ((await tx.store.get(row.n))?.state !== "waiting") { settled += 1; continue; }
      const said = byId.get(row.id), refused = said?.status === "refused" || (said?.status === "duplicate" && said.error);
      if (refused) await tx.store.put({ ...row, state: "refused", error: said.error, party: said.party });
      else if (["accepted", "duplicate"].includes(said?.status)) await tx.store.put({ ...row, state: "done", party: said.party });
      else continue;
      settled += 1;
    }
    const done = await tx.store.index("state").getAllKeys(of("done"));
    for (const old of done.slice(0, -KEPT_DONE)) await tx.store.delete(old);
  });
  return settled;
}

/** What was made here after a place in the box, oldest first: events, and looks at households; what an earlier
    terminal left as it is, because nobody here can open it. */
export async function since(device, n, most) {
  const rows = await device.db.getAll("box", IDBKeyRange.lowerBound(n, true), most);
  return Promise.all(rows.map((row) => (row.state === "left" ? row : opened(device, row))));
}

/** Events and looks that the city has not acknowledged, up to a place in the box: the oldest, and the newest event,
    which a disk put back from a copy lacks first. */
export async function waitingUpTo(device, n, most) {
  const upTo = (state) => IDBKeyRange.bound([state], [state, n]), index = device.db.transaction("box").store.index("state");
  const [newest, ...parts] = await Promise.all([index.openCursor(upTo("waiting"), "prev"), ...["waiting", "look"].map((state) => index.getAll(upTo(state), most))]);
  const rows = parts.flat(), asked = rows.slice(0, most);
  if (newest && !asked.some((row) => row.n === newest.value.n)) asked[most - 1] = newest.value;
  return Promise.all(asked.map((row) => opened(device, row)));
}

/** How many events up to a place in the box the city has not acknowledged. */
export const heldCount = (device, n) => device.db.countFromIndex("box", "state", IDBKeyRange.bound(["waiting"], ["waiting", n]));

/** Never make a time that is before what another device of this place has recorded, whatever the clocks say. */
export const heardClock = (device, text) => navigator.locks.request(`sonae-box-${device.world}`, async () => {
  const [ms, counter] = [Number(text.slice(0, 13)), parseInt(text.slice(14, 18), 16)], last = await device.db.get("meta", "clock");
  if (!(ms <= Date.now() + MOST_AHEAD) || Number.isNaN(counter) || (last && (last.ms > ms || (last.ms === ms && last.counter >= counter)))) return;
  await write(device.db, ["meta"], (tx) => tx.store.put({ ms, counter }, "clock"));
});

/** Put an event behind all others: it keeps its id and time, and no longer keeps the others waiting. */
export const last = (device, { event: _event, names: _names, n, ...row }) => write(device.db, ["box"], async (tx) => {
  if ((await tx.store.get(n))?.state !== "waiting") return;
  await tx.store.delete(n);
  await tx.store.add(row);
});

/** Delete what the server has: names stay here no longer than the list that they came from. */
export const dropDone = (device) => write(device.db, ["box"], async (tx) => {
  for (const old of await tx.store.index("state").getAllKeys(of("done"))) await tx.store.delete(old);
});

/** A person has read of the refusal: it stays on the server and is no longer shown here. */
export const seen = (device, n) => write(device.db, ["box"], async (tx) => {
  const row = await tx.store.get(n);
  if (row?.state === "refused") await tx.store.put({ ...row, state: "done" });
});
