// When the network never returns: unsent events as a file or as a row of QR codes that only the city can open.
import encode from "../vendor/qr/index.js";
import { all } from "./outbox.js";
import { japanese, uuid7 } from "./moment.js";
import { enclose } from "./vault.js";

const PIECE = 700, EVERY = 600;

/** The sealed envelope of all unsent events: `{count, name, body}`; count 0 when nothing waits. */
export async function envelope(device) {
  const events = (await all(device, "waiting")).map((row) => row.event), { terminal, shelter } = device.info;
  if (!events.length) return { count: 0 };
  const made = japanese(Date.now()), content = { terminal, shelter: shelter.id, world: device.world, made_at: made, events };
  const sealed = await enclose(device.keys.carry, `sonae outbox 1 ${terminal} ${device.world}`, content);
  const body = JSON.stringify({ sonae: "outbox", v: 1, terminal, world: device.world, ...sealed });
  return { count: events.length, name: `sonae-outbox-${terminal}-${made.slice(0, 16).replaceAll(":", "")}.json`, body };
}

/** Give a file to the browser to be saved. */
export function save({ name, body }) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([body], { type: "application/json" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The texts of the row of QR codes: each says which row it is of, its number and how many there are. */
export function pieces(body, id = uuid7().slice(-8)) {
  const of = Math.ceil(body.length / PIECE);
  return Array.from({ length: of }, (_none, at) => `SNX1/${id}/${at + 1}/${of}/${body.slice(at * PIECE, (at + 1) * PIECE)}`);
}

/** Show the codes one after another in `view` until it is hidden; `told(at, of)` labels each. */
export function show(body, view, told) {
  const codes = pieces(body), label = document.createElement("figcaption");
  let at = 0;
  view.hidden = false;
  const turn = () => {
    if (view.hidden) return;
    const drawn = new DOMParser().parseFromString(encode(codes[at % codes.length], "svg", { ecc: "low" }), "image/svg+xml").documentElement;
    label.textContent = told((at % codes.length) + 1, codes.length);
    view.replaceChildren(drawn, label);
    at += 1;
    setTimeout(turn, EVERY);
  };
  turn();
}
