// Progressive: lets a resident be told on this very device (Web Push). Without it, mail is offered.
const box = document.getElementById("push");
const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window && window.isSecureContext;
const say = (name) => {
  for (const part of box.querySelectorAll("[data-state]")) part.hidden = !part.dataset.state.split(" ").includes(name);
};
const bytes = (text) => {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
};

async function stored(subscription) {
  const { endpoint, keys } = subscription.toJSON();
  const form = new FormData(document.getElementById("push-form"));
  for (const [name, value] of Object.entries({ endpoint, ...keys })) form.set(name, value);
  const answer = await fetch(box.dataset.action, { method: "POST", body: form, credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error("not stored");
}

async function on() {
  say("busy");
  if ((await Notification.requestPermission()) !== "granted") return say("denied");
  const worker = await navigator.serviceWorker.ready;
  const old = await worker.pushManager.getSubscription();
  // A subscription made for another key (a server set up anew) can never be used again.
  if (old && !same(old)) await old.unsubscribe();
  const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(box.dataset.key) });
  await stored(made);
  location.reload();
}

const same = (one) => {
  const held = new Uint8Array(one.options.applicationServerKey || []), ours = bytes(box.dataset.key);
  return held.length === ours.length && held.every((byte, at) => byte === ours[at]);
};

async function begin() {
  box.hidden = false;
  if (!able) return say(/iPhone|iPad/.test(navigator.userAgent) ? "home" : "unable");
  if (Notification.permission === "denied") return say("denied");
  const worker = await navigator.serviceWorker.ready;
  const held = await worker.pushManager.getSubscription();
  const known = held && [...document.querySelectorAll("[data-endpoint]")].some((row) => row.dataset.endpoint === held.endpoint);
  say(known && same(held) ? "on" : "off");
}

if (box) {
  begin().catch(() => say("unable"));
  document.getElementById("push-on").addEventListener("click", () => on().catch(() => say("failed")));
}
