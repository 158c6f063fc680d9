// Small helpers: elements without markup in texts, and the page's own words.
const settings = JSON.parse(document.getElementById("settings").textContent);

export const { world, root, version, forms, needs, guests } = settings;

/** A sentence of the page by its name, with its places filled in. */
export const say = (name, told = {}) => (settings.words[name] ?? name).replace(/\{(\w+)\}/g, (_whole, key) => told[key] ?? "");

export const by = (id) => document.getElementById(id);

/** An element: properties (`class`, `data-…`, `aria-…` and handlers included) and children. */
export function h(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && !name.includes("-") && name !== "list") made[name] = value;
    else made.setAttribute(name === "class" ? "class" : name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((one) => one !== null && one !== undefined && one !== ""));
  return made;
}

/** A name with its reading above it. */
export const named = (one) => (one.kana ? h("ruby", {}, one.name ?? one.kana, h("rp", {}, "（"), h("rt", {}, one.kana), h("rp", {}, "）")) : one.name);

let sound;
/** A short tone: rising for what was recorded, low for what was not. Never the only sign. */
export function tone(good) {
  try {
    sound ??= new AudioContext();
    for (const [at, pitch] of good ? [[0, 880], [0.12, 1320]] : [[0, 220], [0.2, 180]]) {
      const from = sound.createOscillator(), level = sound.createGain();
      from.frequency.value = pitch;
      level.gain.value = 0.08;
      from.connect(level).connect(sound.destination);
      from.start(sound.currentTime + at);
      from.stop(sound.currentTime + at + 0.1);
    }
  } catch { /* a device without sound */ }
}
