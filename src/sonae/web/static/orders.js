// Ticks of the list and circles of the picture are one choice, whichever is touched.
const picture = document.querySelector("[data-town-picker]");
const boxes = new Map([...document.querySelectorAll('input[name="towns"]')].map((box) => [box.value, box]));

function show(key) {
  const ring = picture.querySelector(`[data-town="${key}"] circle`);
  if (ring) ring.setAttribute("stroke-width", boxes.get(key).checked ? "4" : "1");
}

if (picture) {
  picture.addEventListener("click", (event) => {
    const key = event.target.closest("[data-town]")?.dataset.town;
    if (!boxes.has(key)) return;
    boxes.get(key).checked = !boxes.get(key).checked;
    show(key);
  });
  for (const [key, box] of boxes) {
    box.addEventListener("change", () => show(key));
    show(key);
  }
}
