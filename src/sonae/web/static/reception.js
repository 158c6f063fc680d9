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

async function camera(button, view, field) {
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const stop = () => { for (const track of stream.getTracks()) track.stop(); view.hidden = true; };
  view.srcObject = stream;
  view.hidden = false;
  await view.play();
  button.onclick = () => { stop(); button.onclick = null; start(button, view, field); };
  while (!view.hidden) {
    const [code] = await detector.detect(view);
    if (code) { stop(); field.value = code.rawValue; field.form.requestSubmit(); return; }
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

function start(button, view, field) {
  button.onclick = () => camera(button, view, field).catch(() => { view.hidden = true; button.hidden = true; field.focus(); });
}

const button = document.getElementById("camera");
if (button && "BarcodeDetector" in window && navigator.mediaDevices) {
  button.hidden = false;
  start(button, document.getElementById("camera-view"), document.getElementById("q"));
}
