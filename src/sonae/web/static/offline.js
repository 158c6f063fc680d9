// Progressive: registers the worker, and lets a resident keep the own extract on this phone.
const PRIVATE = "sonae-private", EXTRACT = "/me/kept/";
const able = "serviceWorker" in navigator && "caches" in window && window.isSecureContext;
if (able) {
  const first = !navigator.serviceWorker.controller;
  navigator.serviceWorker.register("/sw.js").catch(() => {});
  const map = document.querySelector("img.map")?.src;
  if (first) navigator.serviceWorker.ready.then((found) => found.active.postMessage({ page: location.href, map }));
}

const box = document.getElementById("keep");
const say = (name) => {
  for (const part of box.querySelectorAll("[data-state]")) part.hidden = !part.dataset.state.split(" ").includes(name);
};

async function held() {
  if (!(await caches.has(PRIVATE))) return null;
  return (await caches.open(PRIVATE)).match(EXTRACT);
}

async function renew() {
  const answer = await fetch(EXTRACT, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error("not kept");
  await (await caches.open(PRIVATE)).put(EXTRACT, answer);
  say("kept");
}

async function begin() {
  box.hidden = false;
  const copy = await held();
  // Another account's extract has no business on this page.
  if (copy && !(await copy.text()).includes(`data-owner="${box.dataset.owner}"`)) await caches.delete(PRIVATE);
  else if (copy) return renew().catch(() => say("kept"));
  say("none");
}

if (box && able) {
  begin().catch(() => { box.hidden = true; });
  document.getElementById("keep-on").addEventListener("click", () => {
    say("busy");
    navigator.storage?.persist?.();
    renew().catch(() => say("failed"));
  });
  document.getElementById("keep-off").addEventListener("click", () => caches.delete(PRIVATE).then(() => say("none")));
}
for (const form of document.querySelectorAll('form[action="/accounts/logout/"]')) {
  form.addEventListener("submit", () => { if (able) caches.delete(PRIVATE); });
}
