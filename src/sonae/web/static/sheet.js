// The typed roster as a spreadsheet: keys between cells, pasting, new rows, saving as one types.
const form = document.getElementById("sheet");
const body = form.querySelector("tbody");
const note = document.getElementById("saved");
const MOST = 100;
let changed = 0;
let kept = 0;
let saving = null;
let held = "held" in form.dataset; // saved elsewhere: from here on only a person saves

const cellsOf = (row) => [...row.querySelectorAll("input")];
const placeOf = (cell) => {
  const row = cell.closest("tr");
  return [[...body.rows].indexOf(row), cellsOf(row).indexOf(cell)];
};

function grow() {
  if (body.rows.length >= MOST) return null;
  const row = body.rows[body.rows.length - 1].cloneNode(true);
  const line = body.rows.length + 1;
  const head = row.querySelector("th");
  head.id = `l-${line}`;
  head.textContent = line;
  for (const cell of cellsOf(row)) {
    cell.value = "";
    cell.setAttribute("aria-labelledby", `l-${line} c-${cell.name}`);
  }
  body.append(row);
  return row;
}

function cellAt(row, column) {
  while (row >= body.rows.length) if (!grow()) return null;
  return row < 0 ? null : cellsOf(body.rows[row])[column] ?? null;
}

function go(cell) {
  if (!cell) return;
  cell.focus();
  cell.select();
}

function onward(cell, back) {
  const [row, column] = placeOf(cell);
  const width = cellsOf(body.rows[0]).length;
  const next = row * width + column + (back ? -1 : 1);
  go(next < 0 ? null : cellAt(Math.floor(next / width), next % width));
}

body.addEventListener("keydown", (event) => {
  if (event.isComposing || !event.target.matches("input")) return;
  const [row, column] = placeOf(event.target);
  if (event.key === "Enter") {
    event.preventDefault(); // the form is sent by its buttons only
    onward(event.target, event.shiftKey);
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    go(cellAt(row + (event.key === "ArrowDown" ? 1 : -1), column));
  } else if (event.ctrlKey && event.key.toLowerCase() === "d") {
    event.preventDefault();
    if (row > 0) event.target.value = cellAt(row - 1, column).value;
    changed += 1;
    onward(event.target, false);
  }
});

body.addEventListener("paste", (event) => {
  const text = event.clipboardData.getData("text").replace(/\r\n?/g, "\n").replace(/\n$/, "");
  if (!/[\t\n]/.test(text) || !event.target.matches("input")) return;
  event.preventDefault();
  const [row, column] = placeOf(event.target);
  text.split("\n").forEach((line, down) => line.split("\t").forEach((value, across) => {
    const cell = cellAt(row + down, column + across);
    if (cell) cell.value = value.trim().slice(0, cell.maxLength);
  }));
  changed += 1;
});

body.addEventListener("input", (event) => {
  changed += 1;
  if (event.target.closest("tr") === body.rows[body.rows.length - 1]) grow();
});

async function keep() {
  if (changed === kept || held) return;
  const now = changed;
  const answer = await fetch(location.href, {
    method: "POST", body: new FormData(form), headers: { "X-Autosave": "1" },
  }).catch(() => null);
  if (answer?.status === 204) {
    kept = now;
    form.elements.version.value = answer.headers.get("X-Sheet-Version");
    note.textContent = `${new Date().toLocaleTimeString("ja-JP", { hour: "2-digit", minute: "2-digit" })} ${form.dataset.saved}`;
  } else {
    held = answer?.status === 409;
    note.textContent = held ? form.dataset.elsewhere : form.dataset.unsaved;
  }
}

setInterval(() => { saving ??= keep().finally(() => { saving = null; }); }, 8000);
form.addEventListener("submit", (event) => {
  if (saving) { // its answer brings the version that this saving needs
    event.preventDefault();
    saving.then(() => form.requestSubmit(event.submitter));
    return;
  }
  kept = changed;
});
window.addEventListener("beforeunload", (event) => { if (changed !== kept) event.preventDefault(); });
