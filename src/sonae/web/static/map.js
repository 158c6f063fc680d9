// The city's own map: streets, zones and town names out of one file, read in pieces; no other server.
// Every page with a movable map opens it through openMap(); what lies above is the page's own.

const LIGHT = {
  away: "#dfe3e6", ground: "#f4f3ec", lane: "#c9c6b9", side: "#b0ac9c", main: "#ffffff", edge: "#8f8b7c", stairs: "#8a6f4d",
  name: "#23303f", halo: "#ffffff", unknown: "#6b6f76",
};
const DARK = {
  away: "#0c0f13", ground: "#171b21", lane: "#39404a", side: "#4b535f", main: "#6a7482", edge: "#2a3038", stairs: "#b08d5f",
  name: "#e8edf3", halo: "#0d1014", unknown: "#8d939c",
};
// Depths as on the published maps; each also has a name in the legend, colour never speaks alone.
const DEPTHS = ["#f7f5a9", "#ffd8c0", "#ffb7b7", "#ff9191", "#f285c9", "#dc7adc"];
const COLOURS = {
  zone: ["#f5e34b", "#e5484d", "#b3130c", "#8a0f0a", "#6b0c08", "#500906"],
  collapse: ["#c0392b", "#7d3c98", "#7d3c98", "#7d3c98", "#7d3c98", "#7d3c98"],
  duration: ["#cfe8ff", "#9fd0ff", "#6fb6ff", "#3f97f0", "#1f74cc", "#0b4aa8"],
};
const FONTS = '"BIZ UDPGothic", "Hiragino Sans", "Noto Sans JP", sans-serif';

const colours = (layer) => COLOURS[layer.kind] ?? (layer.hazard === "landslide" ? COLOURS.zone : DEPTHS);

const scripts = new Map();
function script(address) {
  if (!scripts.has(address)) {
    scripts.set(address, new Promise((done, fail) => {
      const made = Object.assign(document.createElement("script"), { src: address, onload: done });
      made.onerror = () => fail(new Error(address));
      document.head.append(made);
    }));
  }
  return scripts.get(address);
}

function sheet(address) {
  if (document.head.querySelector(`link[href="${address}"]`)) return Promise.resolve();
  return new Promise((done) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: address, onload: done, onerror: done });
    document.head.append(link);
  });
}

// Slanted lines for ground that nobody surveyed: clear ground would look safe.
function hatch(colour) {
  const size = 16;
  const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
  const pen = canvas.getContext("2d");
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  for (const shift of [-size, 0, size]) { pen.moveTo(shift, size); pen.lineTo(shift + size, 0); }
  pen.stroke();
  return pen.getImageData(0, 0, size, size);
}

const wide = (near, far) => ["interpolate", ["exponential", 1.6], ["zoom"], 10, far, 18, near];

function style(config, tone) {
  const sources = config.map
    ? { city: { type: "vector", url: `pmtiles://${new URL(config.map, location.href)}` } } : {};
  const line = (id, layer, colour, near, far, more = {}) => ({
    id, type: "line", source: "city", "source-layer": layer,
    layout: { "line-cap": "round", "line-join": "round" },
    paint: { "line-color": colour, "line-width": wide(near, far), ...more },
  });
  const zones = config.layers.flatMap((layer) => [
    { id: `zone-${layer.name}`, type: "fill", source: "city", "source-layer": "zones",
      filter: ["==", ["get", "layer"], layer.name], layout: { visibility: "none" },
      paint: { "fill-opacity": 0.72, "fill-antialias": false,
        "fill-color": ["match", ["get", "rank"], ...colours(layer).flatMap((one, at) => [at + 1, one]), "#8a0f0a"] } },
    { id: `unknown-${layer.name}`, type: "fill", source: "city", "source-layer": "unsurveyed",
      filter: ["==", ["get", "layer"], layer.name], layout: { visibility: "none" },
      paint: { "fill-pattern": "hatch" } },
  ]);
  const ground = { id: "away", type: "background", paint: { "background-color": config.map ? tone.away : tone.ground } };
  if (!config.map) return { version: 8, sources, layers: [ground] };
  const layers = [
    ground,
    { id: "ground", type: "fill", source: "city", "source-layer": "covered", paint: { "fill-color": tone.ground, "fill-antialias": false } },
    ...zones,
    line("lanes", "lanes", tone.lane, 10, 0.4),
    line("stairs", "lanes", tone.stairs, 6, 0.6, { "line-dasharray": [1, 1] }),
    line("side", "side_streets", tone.side, 14, 0.5),
    line("main-edge", "main_streets", tone.edge, 22, 1.2),
    line("trunk-edge", "trunk_streets", tone.edge, 26, 2),
    line("main", "main_streets", tone.main, 18, 0.6),
    line("trunk", "trunk_streets", tone.main, 22, 0.8),
    { id: "names", type: "symbol", source: "city", "source-layer": "towns", minzoom: 11,
      layout: { "text-field": ["get", "name"], "text-font": ["sans-serif"], "text-padding": 6,
        "text-size": ["interpolate", ["linear"], ["zoom"], 11, 11, 15, 15] },
      paint: { "text-color": tone.name, "text-halo-color": tone.halo, "text-halo-width": 1.6 } },
  ];
  layers.find(({ id }) => id === "stairs").filter = ["==", ["get", "stairs"], 1];
  return { version: 8, sources, layers };
}

// Opens the map in `frame`; resolves once it is drawn, rejects when the browser cannot.
async function openMap(frame, config) {
  const [library] = await Promise.all([import(config.library), ...config.sheets.map(sheet)]);
  if (config.map) {
    await script(config.reader);
    const { Protocol } = globalThis.pmtiles;
    library.addProtocol("pmtiles", new Protocol().tile);
  }
  const night = matchMedia("(prefers-color-scheme: dark)");
  frame.hidden = false;
  const map = new library.Map({
    container: frame, center: config.center, zoom: 12.5, minZoom: 8, maxZoom: 19,
    attributionControl: false, localIdeographFontFamily: FONTS, locale: config.words,
    dragRotate: false, pitchWithRotate: false, style: style(config, night.matches ? DARK : LIGHT),
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new library.NavigationControl({ showCompass: false }));
  map.addControl(new library.ScaleControl());
  map.addControl(new library.AttributionControl({
    compact: false, customAttribution: config.credits.map(escaped) }));
  map.once("style.load", () => map.addImage("hatch", hatch((night.matches ? DARK : LIGHT).unknown)));
  await new Promise((done, fail) => {
    map.once("load", done);
    map.once("error", (event) => fail(event.error));
  });
  night.addEventListener("change", () => recolour(map, config, night.matches ? DARK : LIGHT));
  return { map, library };
}

const escaped = (text) => Object.assign(document.createElement("i"), { textContent: text }).innerHTML;

// The same layers in the other tone; what the page laid above stays.
function recolour(map, config, tone) {
  for (const { id, paint } of style(config, tone).layers) {
    for (const [name, value] of Object.entries(paint)) map.setPaintProperty(id, name, value);
  }
  if (map.hasImage("hatch")) map.updateImage("hatch", hatch(tone.unknown));
}

// A box to tick for every hazard layer, and the legend of those that are shown.
function offerLayers(map, config, place, shown = []) {
  const legend = Object.assign(document.createElement("div"), { className: "map-legend" });
  const away = meaningOf([[config.words.away, (swatch) => swatch.classList.add("away")]]);
  const draw = () => legend.replaceChildren(away, ...config.layers.filter((layer) => shown.includes(layer.name)).map((layer) => meaning(layer, config.words)));
  for (const layer of config.layers) {
    const label = Object.assign(document.createElement("label"), { className: "choice" });
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: shown.includes(layer.name) });
    const set = () => {
      for (const id of [`zone-${layer.name}`, `unknown-${layer.name}`]) map.setLayoutProperty(id, "visibility", box.checked ? "visible" : "none");
      shown = box.checked ? [...new Set([...shown, layer.name])] : shown.filter((name) => name !== layer.name);
      draw();
    };
    box.addEventListener("change", set);
    label.append(box, ` ${layer.title}`);
    place.append(label);
    if (box.checked) set();
  }
  draw();
  const fold = place.closest("details");
  if (config.map) fold.before(legend);
  fold.hidden = config.layers.length === 0;
  fold.open = matchMedia("(min-width: 48rem)").matches;
}

const meaning = (layer, words) => meaningOf([
  ...layer.ranks.map(([rank, text]) => [text, (swatch) => swatch.style.setProperty("background", colours(layer)[rank - 1])]),
  [words.unsurveyed, (swatch) => swatch.classList.add("hatched")],
], layer.title);

// One line of the legend: what it is about, then each colour with its words.
function meaningOf(entries, title) {
  const list = Object.assign(document.createElement("ul"), { className: "legend" });
  if (title) list.append(Object.assign(document.createElement("li"), { className: "legend-title", textContent: title }));
  for (const [text, paint] of entries) {
    const line = document.createElement("li");
    const swatch = Object.assign(document.createElement("span"), { className: "swatch" });
    paint(swatch);
    line.append(swatch, text);
    list.append(line);
  }
  return list;
}

// Places to flee to: a circle with one letter of their state, and a box with the rest.
function addPlaces(map, library, config, data) {
  const letter = (state) => config.words[`letter.${state}`] ?? "?";
  for (const one of data.features) one.properties.letter = letter(one.properties.state);
  map.addSource("places", { type: "geojson", data });
  map.addLayer({ id: "places", type: "circle", source: "places",
    paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 10, 4, 13, 9, 16, 12], "circle-stroke-color": "#ffffff", "circle-stroke-width": 2,
      "circle-color": ["match", ["get", "state"], "open", "#0a6b3d", "full", "#b3130c", "closed", "#47546a", "preparing", "#8a5a00", "#3f4a59"] } });
  map.addLayer({ id: "place-letters", type: "symbol", source: "places", minzoom: 12,
    layout: { "text-field": ["get", "letter"], "text-font": ["sans-serif"], "text-size": 11, "text-allow-overlap": true },
    paint: { "text-color": "#ffffff" } });
  map.on("click", "places", ({ features, lngLat }) => {
    new library.Popup({ maxWidth: "18rem" }).setLngLat(lngLat).setDOMContent(about(features[0].properties, config.words)).addTo(map);
  });
  for (const [event, cursor] of [["mouseenter", "pointer"], ["mouseleave", ""]]) {
    map.on(event, "places", () => map.getCanvas().style.setProperty("cursor", cursor));
  }
}

function about({ name, state_name: state, people, capacity, hazards }, words) {
  const box = document.createElement("div");
  const line = (text) => box.append(Object.assign(document.createElement("p"), { textContent: text }));
  box.append(Object.assign(document.createElement("strong"), { textContent: name }));
  if (state) line(state);
  if (people !== undefined || capacity !== undefined) line(`${words.people} ${people ?? words.unknown}／${words.capacity} ${capacity ?? words.unknown}`);
  if (hazards) line(hazards);
  return box;
}

function fit(map, points, padding = 48) {
  if (points.length < 2) return;
  const [lons, lats] = [0, 1].map((axis) => points.map((point) => point[axis]));
  map.fitBounds([[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]], { padding, duration: 0, maxZoom: 16 });
}

const json = async (address) => {
  const response = await fetch(address, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.json();
};

// The button of a page: opens the map once, and says so plainly when the browser cannot.
function onRequest(open) {
  const section = document.querySelector("[data-live-map]");
  if (!section) return;
  const opener = section.querySelector("button");
  const part = (name) => section.querySelector(`.${name}`);
  opener.hidden = false;
  opener.addEventListener("click", async () => {
    opener.disabled = true;
    try {
      await open(JSON.parse(section.dataset.liveMap), part("live-map"), part("map-choices"));
      part("live-map").dataset.ready = "yes";
      for (const still of document.querySelectorAll("[data-still-map]")) still.hidden = true;
    } catch (reason) {
      console.warn("map", reason);
      part("map-failed").hidden = false;
      part("live-map").hidden = true;
    }
    opener.hidden = true;
  }, { once: true });
}

// The staff's map: the people of each town that are asked for, and the places to flee to.
async function forStaff(config, frame, choices) {
  const [towns, facilities, obstacles] = await Promise.all([config.towns, config.facilities, config.obstacles].map(json));
  const { map, library } = await openMap(frame, config);
  offerLayers(map, config, choices);
  addTowns(map, towns, config.what);
  addObstacles(map, library, obstacles);
  addPlaces(map, library, config, facilities);
  fit(map, towns.features.map((feature) => feature.geometry.coordinates));
}


function addTowns(map, towns, what) {
  const known = (name) => ["coalesce", ["get", name], 0];  // null: nobody is asking, or there is no plan
  const count = what === "exposed" ? ["+", known("inside"), known("unsurveyed")] : known("unaccounted");
  map.addSource("counts", { type: "geojson", data: towns });
  map.addLayer({ id: "counts", type: "circle", source: "counts", filter: [">", count, 0],
    paint: { "circle-radius": ["interpolate", ["linear"], ["sqrt", count], 0, 2, 50, 34], "circle-color": "#b3130c", "circle-opacity": 0.35, "circle-stroke-color": "#b3130c", "circle-stroke-width": 1.5 } });
}

// What is closed, fallen or under water now.
function addObstacles(map, library, data) {
  const colour = ["match", ["get", "kind"], "flooded", "#0b4aa8", "collapsed", "#7a3b00", "#b3130c"];
  map.addSource("obstacles", { type: "geojson", data });
  map.addLayer({ id: "obstacle-areas", type: "fill", source: "obstacles", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": colour, "fill-opacity": 0.35 } });
  map.addLayer({ id: "obstacle-lines", type: "line", source: "obstacles", filter: ["!=", ["geometry-type"], "Point"], paint: { "line-color": colour, "line-width": 5, "line-dasharray": [2, 1] } });
  map.addLayer({ id: "obstacle-points", type: "circle", source: "obstacles", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 9, "circle-color": colour, "circle-stroke-color": "#ffffff", "circle-stroke-width": 3 } });
  for (const id of ["obstacle-areas", "obstacle-lines", "obstacle-points"]) {
    map.on("click", id, ({ features, lngLat }) => {
      const { name, told } = features[0].properties;
      new library.Popup().setLngLat(lngLat).setDOMContent(about({ name, state_name: told }, {})).addTo(map);
    });
  }
}

// A resident's map: the places to flee to, and the ways there where the page names them.
async function forResidents(config, frame, choices) {
  const [found, obstacles] = await Promise.all([config.places, config.obstacles].map(json));
  const { map, library } = await openMap(frame, config);
  const of = (kind) => ({ type: "FeatureCollection", features: found.features.filter(({ geometry }) => geometry?.type === kind) });
  offerLayers(map, config, choices, config.shown);
  const ways = of("LineString");
  map.addSource("ways", { type: "geojson", data: ways });
  for (const [id, colour, width] of [["way-edge", "#ffffff", 9], ["way", "#0b4aa8", 5]]) {
    map.addLayer({ id, type: "line", source: "ways", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": colour, "line-width": width } });
  }
  addObstacles(map, library, obstacles);
  const points = of("Point");
  const here = points.features.find((one) => one.properties.here);
  addPlaces(map, library, config, { ...points, features: points.features.filter((one) => one !== here) });
  if (here) new library.Marker({ color: "#0b4aa8" }).setLngLat(here.geometry.coordinates).addTo(map);
  const near = [...ways.features.flatMap((way) => way.geometry.coordinates), ...(here ? [here.geometry.coordinates] : [])];
  fit(map, near.length > 1 ? near : points.features.map((one) => one.geometry.coordinates));
}

onRequest((config, ...places) => (config.what ? forStaff : forResidents)(config, ...places));
