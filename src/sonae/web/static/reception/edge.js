// The edge node (中継機): a laptop in a gym without internet that holds what the terminals record and shows
// each what the others did. It reads what it must show, and can neither make nor change what the city gets:
// that is sealed for the city here, and only the city's own sealed word makes a record "sent" (decision 0015).
import { takeList, wantsList } from "./list.js";
import { japanese } from "./moment.js";
import { answered, heardClock, heldCount, looksSent, since, waitingUpTo } from "./outbox.js";
import { write } from "./store.js";
import { disclose, enclose, sharedKey } from "./vault.js";

const MOST = 100, LIMIT = 8_000, CODE = /#edge=([A-Za-z0-9_-]{1,24})@(https?:\/\/[^\s/#?]{1,120})$/;

/** Whether a scanned or typed text, or an address, is that of an edge node. */
export const isEdge = (text) => CODE.test(text.trim());

const keep = (device) => write(device.db, ["meta"], (tx) => tx.store.put(device.edge, "edge"));

/** Open what is known of the node that this device has joined. `upto`: the place in the box up to which it holds all. */
export async function openEdge(device) {
  device.edge = await device.db.get("meta", "edge");
  if (device.edge) await keysOf(device);
}

async function keysOf(device) {
  const both = ["encrypt", "decrypt"];
  device.edgeKeys = {
    edge: await sharedKey(device.token, `sonae edge 1 ${device.edge.code}`, both),
    parcel: await sharedKey(device.token, "sonae parcel 1", both),
    receipt: await sharedKey(device.token, "sonae receipt 1", both),
  };
  device.after = 0;
}

/** Join the node that a code names, if it can show that the city made it one; how it ended, as `visit` says. */
export async function join(device, text, forms, onOthers) {
  const [, code, address] = CODE.exec(text.trim()), before = device.edge;
  device.edge = { code, address, upto: 0, instance: null };
  await keysOf(device);
  // An old address may just be tried: this one is not refused for that, it waits.
  const end = await visit(device, forms, onOthers, {});
  if (end === "held") return end;
  device.edge = before;
  if (before) await keysOf(device);
  return end;
}

/** Leave the node: what it holds it keeps, and here all stays unsent until the city has it. */
export async function leave(device) {
  await write(device.db, ["meta"], (tx) => tx.store.delete("edge"));
  device.edge = undefined;
}

/** Hand over what is new and take what there is. Ends: "held" (the node has all that is here), "away", "unknown"
    (it does not know this terminal), "false" (it is not the node it says it is), "busy", null (none was joined).
    `onOthers(rows)`: what other terminals recorded, `{terminal, name, event}`, each once while this page is open.
    `how`: of the lock; without it a visit while another goes on is "busy". */
export const visit = (device, forms, onOthers, how = { ifAvailable: true }) => navigator.locks.request(`sonae-edge-${device.world}`, how, async (lock) => {
  if (!lock) return "busy";
  for (;;) {
    if (!device.edge) return null;
    const edge = device.edge, rows = await since(device, edge.upto, MOST), asked = await waitingUpTo(device, edge.upto, MOST * 2);
    const reply = await post(device, rows, asked);
    if (reply.end) return reply.end;
    if (device.edge !== edge) return null;
    // A node that began anew holds nothing: all is handed over again, the same ids count once.
    if (edge.instance && edge.instance !== reply.instance) { Object.assign(edge, { upto: 0, instance: reply.instance }); device.after = 0; await keep(device); continue; }
    // Nor does one whose disk was put back: not all of it is asked for, so all of it goes there again.
    const gone = new Set(reply.lacking);
    if (asked.some((row) => gone.has(row.id))) { edge.upto = 0; device.after = 0; await keep(device); continue; }
    const held = new Set(reply.held), all = rows.every((row) => !handed(row) || held.has(row.id));
    Object.assign(edge, { instance: reply.instance, seen: Date.now(), city: reply.city, ...(all && rows.length ? { upto: rows.at(-1).n } : {}) });
    await keep(device);
    const settled = await receive(device, asked, reply.receipts);
    for (const { event } of reply.others) if (typeof event?.clock === "string") await heardClock(device, event.clock);
    onOthers(reply.others);
    device.after = reply.next;
    if (reply.list) await takeList(device, reply.list, edge.code, forms).catch(() => {});
    if (!all) return "away";
    if (rows.length < MOST && !reply.more && !(settled && asked.length === MOST * 2)) return "held";
  }
});

const handed = (row) => !["refused", "left"].includes(row.state);

async function post(device, rows, asked) {
  const { edge, edgeKeys, info, world } = device, about = `${info.terminal} ${world}`;
  const parcels = await Promise.all(rows.filter(handed).map(async (row) => {
    const look = row.state === "look", at = japanese(Date.now());
    // Whatever the screen believed of the network: what goes by the node was decided without the server.
    const event = row.state === "waiting" ? { ...row.event, offline: true } : row.event;
    const content = { shelter: info.shelter.id, at, ...(look ? { look: row.event } : { event }) };
    return { id: row.id, ...(await enclose(edgeKeys.parcel, `sonae parcel 1 ${about} ${row.id}`, content)), event: look ? null : event };
  }));
  const ask = { parcels, ask: asked.map((row) => row.id), after: device.after, list: !device.locked && wantsList(device) };
  const sealed = await enclose(edgeKeys.edge, `sonae edge 1 ask ${about}`, ask);
  const body = JSON.stringify({ sonae: "edge", v: 1, terminal: info.terminal, world, ...sealed });
  let answer;
  try {
    // Plain text, so that the browser asks nothing beforehand; without credentials: what counts is sealed inside.
    answer = await fetch(`${edge.address}/edge/exchange`, { method: "POST", body, headers: { "Content-Type": "text/plain" }, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(LIMIT) });
    if (answer.status === 404) return { end: "unknown" };
    if (answer.status === 403) return { end: "false" };
    if (!answer.ok) return { end: "away" };
    answer = await answer.json();
  } catch { return { end: "away" }; }
  return disclose(edgeKeys.edge, `sonae edge 1 told ${about} ${sealed.iv}`, answer).catch(() => ({ end: "false" }));
}

/** Believe what the city sealed for this terminal, and nothing else. Returns how many records it settled. */
async function receive(device, asked, receipts) {
  const events = [], looks = [], results = [];
  for (const row of asked) {
    if (!receipts[row.id]) continue;
    const bound = `sonae receipt 1 ${device.info.terminal} ${device.world} ${row.id}`;
    const told = await disclose(device.edgeKeys.receipt, bound, receipts[row.id]).catch(() => null);
    if (told?.look) looks.push(row);
    else if (told?.result?.id === row.id) { events.push(row); results.push(told.result); }
  }
  if (looks.length) await looksSent(device, looks);
  return looks.length + (events.length ? await answered(device, events, results) : 0);
}

/** How many unsent events the node holds: it has them, the city does not. */
export const heldBy = (device) => (device.edge ? heldCount(device, device.edge.upto) : 0);
