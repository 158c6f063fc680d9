// Keys of the review desk. Whoever needs single keys for speech or a screen reader switches them off.
const box = document.getElementById("keys");
const help = document.getElementById("keyhelp");
const form = document.getElementById("review");
const STORE = "sonae-review-keys";
box.checked = localStorage.getItem(STORE) !== "off";
box.addEventListener("change", () => localStorage.setItem(STORE, box.checked ? "on" : "off"));

function move(step) {
  const buttons = [...document.querySelectorAll("#review button")];
  const at = buttons.indexOf(document.activeElement);
  const next = buttons[Math.max(0, Math.min(buttons.length - 1, at < 0 ? 0 : at + step))];
  next?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  if (event.target.matches("input:not([type=checkbox]), textarea, select")) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (box.checked && event.key === "?") {
    help.open = !help.open;
    if (help.open) help.querySelector("summary").focus();
  } else if (box.checked) {
    document.querySelector(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`)?.click();
  }
});

// One answer per question: a second key press while the first is on its way would answer the next one.
form?.addEventListener("submit", (event) => {
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});

if (form) {
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  setInterval(async () => {
    const answer = await fetch(form.dataset.keep, { method: "POST", headers: { "X-CSRFToken": token } }).catch(() => null);
    if (answer?.status === 409) document.getElementById("lost").hidden = false;
  }, 60_000);
}
