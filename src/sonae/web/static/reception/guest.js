// The other side of the desk: what whoever is received reads in their own language (guests.toml), for one person
// or household at a time. Sentences to be pointed at, then the result.
import { by, guests, h } from "./dom.js";

const QUESTIONS = ["greeting", "card", "born", "who", "needs", "pets", "wait"];
const chosen = () => guests[by("guest-language").value];

function draw() {
  const one = chosen(), panel = by("guest");
  panel.hidden = !one;
  panel.replaceChildren(...(one ? [h("ul", { class: "plain guest-words", lang: one.html }, ...QUESTIONS.map((name) => h("li", {}, one[name])))] : []));
}

/** Offer the languages. */
export function openGuests() {
  by("guest-language").append(...Object.entries(guests).map(([code, one]) => h("option", { value: code, lang: one.html }, one.name)));
  by("guest-language").addEventListener("change", draw);
}

/** The result in the language chosen, for the eye of whoever it is about; the next one is asked anew. */
export function forGuest(word) {
  const one = chosen();
  if (!one?.[word]) return null;
  by("guest-language").value = "";
  draw();
  return h("p", { class: "names", lang: one.html }, one[word]);
}
