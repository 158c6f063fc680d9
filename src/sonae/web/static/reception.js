/* The reception desk beyond plain forms: says at once when the server is away, reads QR by camera.
   Nothing is kept here: what the server has not acknowledged is never shown as recorded. */
const unreachable = document.getElementById("unreachable");
const forms = () => document.querySelectorAll("main form[method=post] button, main form[role=search] button[type=submit]");

function show(away) {
  if (!unreachable || unreachable.hidden === !away) return;
  unreachable.hidden = !away;
  for (const button of forms()) button.disabled = away;
}

document.body.addEventListener("htmx:sendError", () => show(true));
document.body.addEventListener("htmx:timeout", () => show(true));
document.body.addEventListener("htmx:afterRequest", ({ detail }) => show(!(detail.successful || detail.xhr?.status === 304)));
window.addEventListener("offline", () => show(true));

/* The stopwatch: from the first input for a person to the button that records, over the pages in between. */
const BEGAN = "sonae-desk-began", field = (id) => document.getElementById(id)?.value;
const begin = () => { if (!sessionStorage.getItem(BEGAN)) sessionStorage.setItem(BEGAN, Date.now()); };

if (!field("q") && !field("v-name")) sessionStorage.removeItem(BEGAN);
document.querySelector("main").addEventListener("input", ({ target }) => { if (target.form?.matches(".search, [action$='/visitor/']")) begin(); });
for (const form of document.querySelectorAll("form:has([name=seconds])")) form.addEventListener("submit", () => {
  const began = Number(sessionStorage.getItem(BEGAN));
  form.elements.seconds.value = began ? (Date.now() - began) / 1000 : "";
});

async function camera(button, view, box) {
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const stop = () => { for (const track of stream.getTracks()) track.stop(); view.hidden = true; };
  view.srcObject = stream;
  view.hidden = false;
  await view.play();
  button.onclick = () => { stop(); button.onclick = null; start(button, view, box); };
  while (!view.hidden) {
    const [code] = await detector.detect(view);
    if (code) { stop(); begin(); box.value = code.rawValue; box.form.requestSubmit(); return; }
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

function start(button, view, box) {
  button.onclick = () => camera(button, view, box).catch(() => { view.hidden = true; button.hidden = true; box.focus(); });
}

const button = document.getElementById("camera");
if (button && "BarcodeDetector" in window && navigator.mediaDevices) {
  button.hidden = false;
  start(button, document.getElementById("camera-view"), document.getElementById("q"));
}
