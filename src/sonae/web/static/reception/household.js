// The household on the desk: who is here, what happens, what they need. One button for the usual case.
import { onwardPicker, roomPicker } from "./around.js";
import { h, named, needs, say } from "./dom.js";

const HERE = ["in", "move", "report"];

function details(picked) {
  const field = (name, label, more = {}) => h("div", { class: "field" }, h("label", { for: `d-${name}` }, say(label)), h("input", { id: `d-${name}`, name, autocomplete: "off", maxLength: 120, ...more }));
  return h("details", {}, h("summary", {}, say("more")), h("div", { class: "stack" },
    picked ? null : field("room", "room"),
    h("fieldset", {}, h("legend", {}, say("needs")), h("div", { class: "choices" },
      needs.map(([code, name]) => h("label", { class: "choice" }, h("input", { type: "checkbox", name: "needs", value: code }), name)),
      h("label", { class: "choice" }, h("input", { type: "checkbox", name: "injured" }), say("injured")))),
    field("pets", "pets"),
    h("div", { class: "choices" }, field("temperature", "temperature", { inputMode: "decimal", maxLength: 5, "aria-describedby": "d-hint" }), field("thermometer", "thermometer"), field("ambient", "ambient", { inputMode: "decimal", maxLength: 5 })),
    h("p", { class: "hint", id: "d-hint" }, say("temperature_hint")),
    field("note", "note", { maxLength: 200 })));
}

/** What the details of a form say, as fields of an event. */
export function detailsOf(form) {
  const value = (name) => form.elements[name]?.value.trim() ?? "";
  const notes = [value("note")];
  if (value("pets")) notes.push(say("pet_note", { pets: value("pets") }));
  if (value("temperature")) {
    const told = { degrees: value("temperature"), device: value("thermometer") || say("unknown"), ambient: value("ambient") ? `${value("ambient")}℃` : say("unknown") };
    notes.push(say("temperature_note", told));
  }
  const wanted = [...form.querySelectorAll("[name=needs]:checked")].map((one) => one.value);
  if (value("pets") && !wanted.includes("pet")) wanted.push("pet");
  return { place: value("room"), needs: wanted, note: notes.filter(Boolean).join("　"), status: form.elements.injured?.checked ? "injured" : "safe" };
}

/** The card of a household on this device. `meant`: who is ticked; `where(one)`: the last event of a person here, or nothing;
    `done(people, direction, extra)` records. */
export function householdCard({ device, people, meant, where, done, close }) {
  const isHere = (one) => HERE.includes(where(one)?.direction), marks = people.map(() => h("span"));
  // Another terminal may receive somebody while this card is open.
  const update = () => people.forEach((one, at) => {
    const { time, by } = where(one) ?? {};
    marks[at].replaceChildren(...(isHere(one) ? [h("span", { class: "badge good" }, `✓ ${say("here")} ${time}${by ? `（${by}）` : ""}`)] : []));
  });
  update();
  const boxes = people.map((one, at) => {
    const box = h("input", { type: "checkbox", name: "person", value: one.resident_id, checked: meant.includes(one) && !isHere(one) });
    return h("label", { class: "choice who" }, box, h("span", {}, h("strong", {}, named(one)), h("span", { class: "meta" }, `　${one.birth_date ?? ""}`),
      one.needs ? h("span", { class: "badge caution" }, one.needs) : null, marks[at]));
  });
  const said = h("p", { class: "field-error", role: "alert" });
  const form = h("form", { class: "stack", onsubmit: (event) => { event.preventDefault(); press("in"); } });
  const press = (direction, extra = {}, everyone = false) => {
    const ticked = people.filter((_one, at) => everyone || boxes[at].querySelector("input").checked);
    if (!ticked.length) { said.textContent = say("nobody_ticked"); return; }
    done(ticked, direction, { ...detailsOf(form), ...extra });
  };
  const room = roomPicker(device, "d-room");
  const onward = onwardPicker(device, (to) => {
    if (to) press("out", { to: to.id, place: "" });
    else said.textContent = say("onward_nowhere");
  });
  const other = (direction, name, extra) => h("button", { type: "button", class: "button small", onclick: () => press(direction, extra) }, say(name));
  const main = h("button", { type: "submit", class: "button good grow" }, say("check_in"));
  form.append(h("div", { class: "stack-s", role: "group", "aria-labelledby": "who-h" }, ...boxes), said, room ?? "",
    h("div", { class: "actions" }, main,
      people.length > 1 ? h("button", { type: "button", class: "button", onclick: () => press("in", {}, true) }, say("everyone", { n: people.length })) : "",
      h("button", { type: "button", class: "button quiet", onclick: () => press("out") }, say("leave"))),
    h("div", { class: "actions" }, other("report", "leave_awhile", { note: say("awhile_note") }), other("move", "move"), other("shelter_at_home", "at_home"), other("in_car", "in_car"),
      h("button", { type: "button", class: "button small quiet", onclick: close }, say("close"))),
    onward, details(room));
  const card = h("section", { class: "card", "aria-labelledby": "who-h" }, h("h2", { id: "who-h" }, say("who")), form);
  return { card, update, focus: () => main.focus() };
}
