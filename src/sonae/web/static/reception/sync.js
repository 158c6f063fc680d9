// Talking to the server: unsent events in batches, oldest first, and what the server wants of this device.
import { call, heardTime } from "./device.js";
import { letter } from "./carry.js";
import { BATCH, answered, last, leftSent, looks, looksSent, oldest, sealedRows } from "./outbox.js";
import { japanese } from "./moment.js";

const LATE = 10_000;

/** Send what waits. Returns how it ended: "sent" (nothing waits), "away", "stopped" (the token is refused),
    "refused" (an event that no batch can bring), "busy".
    `status` is told to the server with each batch; `onCommands(verbs)` is called with all that it asks for. */
export const sync = (device, status, onCommands, onBatch = () => {}) =>
  navigator.locks.request(`sonae-sync-${device.world}`, { ifAvailable: true }, async (lock) => {
    if (!lock) return "busy";
    const stuck = new Set(), { info } = device;
    let size = BATCH, commands = [], first = true;
    for (;;) {
      const rows = await oldest(device, size);
      if (!rows.length && !first) break;
      const seen = await looks(device), reply = await post(device, rows, seen, await status());
      // Enrolled anew meanwhile: neither the answer nor its orders are for the terminal that this is now.
      if (device.info !== info) return "busy";
      if (reply.end) return reply.end;
      // A batch that is refused as a whole is sent one by one: one event must not keep the others here.
      if (reply.whole) {
        if (!rows.length || stuck.has(rows[0].id)) return "refused";
        if (size === 1) { stuck.add(rows[0].id); await last(device, rows[0]); }
        size = 1;
        continue;
      }
      first = false;
      commands = reply.commands ?? [];
      if (reply.looks === seen.length) await looksSent(device, seen);
      const settled = await answered(device, rows, reply.results);
      await onBatch();
      if (rows.length && !settled) return "away";
    }
    if (!(await sendLeft(device, onBatch))) return "away";
    if (device.info !== info) return "busy";
    await onCommands(commands.map((one) => one.verb ?? one));
    return "sent";
  });

/** Tell the server that this device has wiped itself, with the token that it then forgets, and how many records it
    keeps sealed; without an answer the desk goes on showing that nobody knows. */
export async function receipt(device, { token, shelter, left }) {
  const body = JSON.stringify({ sent_at: japanese(Date.now()), device: { wiped: true, waiting: left, refused: 0 }, events: [] });
  for (const pause of [0, 2_000, 10_000, 60_000]) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const answer = await call(device, `shelters/${encodeURIComponent(shelter)}/scans`, { method: "POST", body, token }).catch(() => null);
    if (answer) return answer.ok;
  }
  return false;
}

/** Bring what an earlier terminal of this device left, as it was sealed for the city, in parts that a slow line
    carries; whether all of it is told. */
async function sendLeft(device, onBatch) {
  for (const [terminal, all] of await sealedRows(device, ["left"])) {
    for (let at = 0; at < all.length; at += BATCH) {
      const rows = all.slice(at, at + BATCH), body = letter(device, terminal, rows);
      const answer = await call(device, "terminal/carried", { method: "POST", body, limit: 60_000 }).catch(() => null);
      if (answer?.status === 422) continue; // what nobody can open stays, and keeps nothing else from being sent
      if (!answer?.ok) return false;
      await leftSent(device, rows, (await answer.json()).results);
      await onBatch();
    }
  }
  return true;
}

// Whatever the screen believed of the network: what could not be sent at once was decided without the server.
const marked = ({ at, event }, sentAt) => (Math.abs(sentAt - at) > LATE ? { ...event, offline: true } : event);

async function post(device, rows, seen, status) {
  const sentAt = Date.now();
  const body = { terminal: device.info.terminal, sent_at: japanese(sentAt), device: status, looks: seen.map((row) => row.event), events: rows.map((row) => marked(row, sentAt)) };
  let answer;
  try {
    answer = await call(device, `shelters/${encodeURIComponent(device.info.shelter.id)}/scans`, { method: "POST", body: JSON.stringify(body) });
    if ([401, 403].includes(answer.status)) return { end: "stopped" };
    if ([400, 413, 422].includes(answer.status)) return { whole: true };
    if (!answer.ok) return { end: "away" };
    const reply = await answer.json();
    if (!Array.isArray(reply.results)) return { end: "away" };
    await heardTime(device, reply.received_at, (sentAt + Date.now()) / 2);
    return reply;
  } catch {
    return { end: "away" };
  }
}
