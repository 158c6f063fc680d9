// Reads the row of QR codes that a terminal shows, in any order, until every piece is there; then sends it.
import { qrReader, watch } from "./camera.js";

const PIECE = /^SNX1\/([0-9a-f]+)\/(\d+)\/(\d+)\/([\s\S]*)$/;

/** A collector: give it texts; `{n, of}` while pieces are missing, `{whole}` when all are there, null for other text. */
export function collector() {
  let row = "", found = new Map();
  return (text) => {
    const [, id, at, of, piece] = PIECE.exec(text) ?? [];
    if (!id) return null;
    if (id !== row) { row = id; found = new Map(); }
    found.set(Number(at), piece);
    if (found.size < Number(of)) return { n: found.size, of: Number(of) };
    return { whole: Array.from({ length: Number(of) }, (_none, place) => found.get(place + 1)).join("") };
  };
}

const button = document.getElementById("gather");

async function begin() {
  const read = qrReader(), collect = collector(), said = document.getElementById("gathered");
  button.disabled = true;
  await watch(document.getElementById("gather-view"), async (canvas) => {
    const state = collect(await read(canvas));
    if (!state) return false;
    if (!state.whole) { said.textContent = button.dataset.told.replace("{n}", state.n).replace("{of}", state.of); return false; }
    document.getElementById("text").value = state.whole;
    document.getElementById("carried-form").requestSubmit();
    return true;
  }).catch(() => { button.hidden = true; });
}

if (button && navigator.mediaDevices?.getUserMedia) {
  button.hidden = false;
  button.addEventListener("click", begin);
}
