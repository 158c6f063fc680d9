// One key records the answer of a line: 1 to 5, unless somebody is writing in a field.
const form = document.getElementById("answers");
if (form) {
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, textarea, select") || event.ctrlKey || event.altKey || event.metaKey) return;
    const button = form.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (button) { event.preventDefault(); form.requestSubmit(button); }
  });
}
