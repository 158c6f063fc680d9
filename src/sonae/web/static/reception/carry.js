// When the network never returns: unsent events as a file or as a row of QR codes that only the city can open.
import encode from "../vendor/qr/index.js";
import { sealedRows } from "./outbox.js";
import { japanese, uuid7 } from "./moment.js";
import { toBase64 } from "./vault.js";

const PIECE = 700, EVERY = 600;

/** What the city takes in of one terminal: its events as each was sealed for the city. */
export const letter = (device, terminal, rows, made = japanese(Date.now())) =>
  JSON.stringify({ sonae: "outbox", v: 2, terminal, world: device.world, made_at: made, events: rows.map((row) => toBase64(row.carried)) });

/** The envelopes of all unsent events, one for each terminal that this device was: `{count, files: [{name, body}]}`.
    Each event lies in it as it was sealed for the city when it was made: no key and no PIN is needed. */
export async function envelope(device) {
  const made = japanese(Date.now()), found = await sealedRows(device);
  const files = found.map(([terminal, rows]) => ({
    name: `sonae-outbox-${terminal}-${made.slice(0, 16).replaceAll(":", "")}.json`,
    body: letter(device, terminal, rows, made),
  }));
  return { count: found.reduce((sum, [, rows]) => sum + rows.length, 0), files };
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

/** Show the codes of these envelopes one after another in `view` until it is hidden; `told(at, of)` labels each. */
export function show(bodies, view, told) {
  const codes = bodies.flatMap((body) => pieces(body)), label = document.createElement("figcaption");
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
