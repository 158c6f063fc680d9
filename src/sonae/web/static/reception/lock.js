// The lock of the screen: by PIN at every start, again after a while without a touch, or by its button.
import { unlock, waiting } from "./device.js";
import { by, say } from "./dom.js";

export const IDLE = 15 * 60_000;
const LOOK = 5_000;
let touched = Date.now();

/** Note that somebody is at the desk. */
export const touch = () => { touched = Date.now(); };

/** What is said of the waiting after wrong PINs; the button sleeps until it is over. */
async function hold(device) {
  const rest = await waiting(device), button = by("open");
  button.disabled = rest > 0;
  if (!rest) return "";
  setTimeout(() => { button.disabled = false; by("shut-said").textContent = ""; by("pin-try").focus(); }, rest);
  return say("pin_wait", { seconds: Math.ceil(rest / 1000) });
}

/** Watch over the desk: `shut()` when nobody touched it for long, or the button is pressed; `opened()` once a PIN fits. */
export function guard(device, { isOpen, shut, opened }) {
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, touch, { capture: true, passive: true });
  setInterval(() => { if (isOpen() && Date.now() - touched > IDLE) shut(); }, LOOK);
  by("lock").addEventListener("click", shut);
  by("shut-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = by("pin-try"), typed = field.value;
    field.value = "";
    if (!typed) return;
    by("shut-said").textContent = say("pin_trying");
    if (await unlock(device, typed)) { by("shut-said").textContent = ""; touch(); await opened(); return; }
    const rest = await hold(device);
    by("shut-said").textContent = [say("pin_wrong"), rest].filter(Boolean).join(" ");
    field.focus();
  });
  by("forgotten").addEventListener("click", () => { by("enrol").hidden = false; by("token").focus(); });
  hold(device).then((told) => { by("shut-said").textContent = told; });
}
