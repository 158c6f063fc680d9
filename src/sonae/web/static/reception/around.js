// What this desk can offer: rooms with free places, open shelters to be sent to. As of when it was asked;
// nothing of it is about a person, so it is kept as it is, and shown with its time when the network is gone.
import { call } from "./device.js";
import { h, say } from "./dom.js";
import { shortTime } from "./moment.js";
import { write } from "./store.js";

const EVERY = 60_000;
const NONE = { rooms: [], shelters: [], coming: 0, at: 0 };

/** What was heard last. */
export const around = (device) => device.around ?? NONE;

/** Open what is kept of the last time. */
export async function openAround(device) { device.around = await device.db.get("meta", "around"); }

/** Ask anew, once a minute; without an answer the last one stands. */
export async function askAround(device) {
  if (Date.now() - around(device).at < EVERY) return;
  const { info } = device, answer = await call(device, `shelters/${encodeURIComponent(info.shelter.id)}/desk`).catch(() => null);
  if (!answer?.ok) return;
  const { rooms, shelters, coming } = await answer.json();
  if (device.info !== info || !Array.isArray(rooms) || !Array.isArray(shelters)) return;
  device.around = { rooms, shelters, coming, at: Date.now() };
  await write(device.db, ["meta"], (tx) => tx.store.put(device.around, "around"));
}

const places = (free) => (free === null ? say("free_unknown") : free ? say("free", { n: free }) : say("full"));
const option = (value, text) => h("option", { value }, text);

/** The room to be picked, with free places and as of when; nothing where no room is known. */
export function roomPicker(device, id) {
  const { rooms, at } = around(device);
  if (!rooms.length) return null;
  const all = [option("", say("room_later")), ...rooms.map((one) => option(one.name, `${one.name}　${places(one.free)}`))];
  return h("div", { class: "field room" }, h("label", { for: id }, say("room_as_of", { time: shortTime(at) })), h("select", { id, name: "room" }, ...all));
}

/** The shelters to be sent to, and the button that sends: `send(shelter)` gets `{id, name}`. */
export function onwardPicker(device, send) {
  const { shelters, at } = around(device);
  if (!shelters.length) return h("details", { class: "onward" }, h("summary", {}, say("onward")), h("p", { class: "hint" }, say("onward_none")));
  const all = shelters.map((one) => option(one.id, `${one.name}　${say("metres", { n: one.metres.toLocaleString() })}　${places(one.free)}`));
  const select = h("select", { id: "d-onward" }, option("", say("choose")), ...all);
  const press = () => send(shelters.find((one) => one.id === select.value));
  return h("details", { class: "onward" }, h("summary", {}, say("onward")), h("div", { class: "search-row" },
    h("div", { class: "field grow-field" }, h("label", { for: "d-onward" }, say("onward_where", { time: shortTime(at) })), select),
    h("button", { type: "button", class: "button", onclick: press }, say("onward_go"))), h("p", { class: "hint" }, say("onward_hint")));
}
