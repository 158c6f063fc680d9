// The movable map, loaded only when it is asked for. Its base is the city's own walking network.
const opener = document.getElementById("open-map");
if (opener) {
  opener.hidden = false;
  opener.addEventListener("click", () => open().catch(failed), { once: true });
}

function failed(reason) {
  console.warn("map", reason);
  document.getElementById("map-failed").hidden = false;
  document.getElementById("live-map").hidden = true;
  document.getElementById("still-map").hidden = false;
  opener.hidden = true;
}

const json = async (name) => {
  const response = await fetch(`${opener.dataset.base}${name}`, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response.json();
};

async function open() {
  opener.disabled = true;
  const { Map: LiveMap, NavigationControl, ScaleControl, Popup } = await import(opener.dataset.library);
  const [towns, facilities, ground, obstacles] = await Promise.all(["towns.json", "facilities.json", "layers.json", "obstacles.json"].map(json));
  const frame = document.getElementById("live-map");
  frame.hidden = false;
  opener.hidden = true;
  const map = new LiveMap({
    container: frame,
    center: [Number(opener.dataset.longitude), Number(opener.dataset.latitude)],
    zoom: 12.5,
    attributionControl: false,
    style: { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": "#f3f4ee" } }] },
  });
  map.addControl(new NavigationControl());
  map.addControl(new ScaleControl());
  await new Promise((done, fail) => { map.once("load", done); map.once("error", (e) => fail(e.error)); });
  addStreets(map, ground.streets);
  addHazards(map, ground.layers);
  addTowns(map, towns);
  addFacilities(map, facilities, Popup);
  addObstacles(map, obstacles, Popup);
  fit(map, towns);
  document.getElementById("still-map").hidden = true;
  frame.dataset.ready = "yes";
}

const corners = ({ west, north, east, south }) => [[west, north], [east, north], [east, south], [west, south]];
const EMPTY = { type: "FeatureCollection", features: [] };
const CLOSE = 14;

// From afar the streets are one picture; close up, the lines of what is in view.
function addStreets(map, bounds) {
  if (!bounds) return;
  map.addSource("streets", { type: "image", url: `${opener.dataset.base}streets.png`, coordinates: corners(bounds) });
  map.addLayer({ id: "streets", type: "raster", source: "streets", maxzoom: CLOSE, paint: { "raster-fade-duration": 0 } });
  map.addSource("network", { type: "geojson", data: EMPTY });
  map.addLayer({ id: "network", type: "line", source: "network", minzoom: CLOSE, paint: { "line-color": "#a9b0a0", "line-width": 2 } });
  map.on("moveend", async () => {
    if (map.getZoom() < CLOSE) return;
    const view = map.getBounds();
    const box = [view.getWest(), view.getSouth(), view.getEast(), view.getNorth()].map((side) => side.toFixed(5));
    map.getSource("network").setData(await json(`network.json?bbox=${box}`));
  });
}

function addHazards(map, layers) {
  const choices = document.getElementById("map-choices");
  const source = document.getElementById("map-source");
  choices.hidden = source.hidden = layers.length === 0;
  for (const layer of layers) {
    map.addSource(layer.name, { type: "image", url: `${opener.dataset.base}overlay/${encodeURIComponent(layer.name)}.png`, coordinates: corners(layer) });
    map.addLayer({ id: layer.name, type: "raster", source: layer.name, layout: { visibility: "none" }, paint: { "raster-resampling": "nearest", "raster-fade-duration": 0 } });
    const label = document.createElement("label");
    label.className = "choice";
    const box = Object.assign(document.createElement("input"), { type: "checkbox" });
    box.addEventListener("change", () => map.setLayoutProperty(layer.name, "visibility", box.checked ? "visible" : "none"));
    label.append(box, ` ${layer.title}`);
    choices.append(label);
  }
  source.textContent = layers.map((layer) => `${layer.title}（${layer.source} ${layer.date}）`).join(" / ");
}

function addTowns(map, towns) {
  const count = opener.dataset.what === "exposed" ? ["+", ["get", "inside"], ["get", "unsurveyed"]] : ["+", ["get", "unaccounted"], ["get", "help"]];
  map.addSource("towns", { type: "geojson", data: towns });
  map.addLayer({ id: "towns", type: "circle", source: "towns", filter: [">", count, 0],
    paint: { "circle-radius": ["interpolate", ["linear"], ["sqrt", count], 0, 2, 50, 34], "circle-color": "#b3130c", "circle-opacity": 0.35, "circle-stroke-color": "#b3130c", "circle-stroke-width": 1.5 } });
}

function addFacilities(map, facilities, Popup) {
  map.addSource("facilities", { type: "geojson", data: facilities });
  map.addLayer({ id: "facilities", type: "circle", source: "facilities",
    paint: { "circle-radius": 6, "circle-stroke-color": "#ffffff", "circle-stroke-width": 2,
      "circle-color": ["match", ["get", "state"], "open", "#0a6b3d", "full", "#b3130c", "closed", "#47546a", "preparing", "#b97a00", "#9aa5b1"] } });
  map.on("click", "facilities", ({ features, lngLat }) => {
    const { name, state_name: state, people, capacity, hazards } = features[0].properties;
    const box = document.createElement("div");
    const title = document.createElement("strong");
    title.textContent = name;
    box.append(title, document.createElement("br"), `${state}  ${people ?? "?"}/${capacity ?? "?"}`, document.createElement("br"), hazards || "");
    new Popup().setLngLat(lngLat).setDOMContent(box).addTo(map);
  });
}

// Closed roads, collapses and water as they were reported; the words stand in the list and in the popup.
function addObstacles(map, obstacles, Popup) {
  const colour = ["match", ["get", "kind"], "flooded", "#0b4aa8", "collapsed", "#7a3b00", "#b3130c"];
  map.addSource("obstacles", { type: "geojson", data: obstacles });
  map.addLayer({ id: "obstacle-areas", type: "fill", source: "obstacles", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": colour, "fill-opacity": 0.35 } });
  map.addLayer({ id: "obstacle-lines", type: "line", source: "obstacles", filter: ["!=", ["geometry-type"], "Point"], paint: { "line-color": colour, "line-width": 5, "line-dasharray": [2, 1] } });
  map.addLayer({ id: "obstacle-points", type: "circle", source: "obstacles", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 9, "circle-color": colour, "circle-stroke-color": "#ffffff", "circle-stroke-width": 3 } });
  for (const id of ["obstacle-areas", "obstacle-lines", "obstacle-points"]) {
    map.on("click", id, ({ features, lngLat }) => {
      const { name, source } = features[0].properties;
      const box = document.createElement("div");
      box.append(name, document.createElement("br"), source);
      new Popup().setLngLat(lngLat).setDOMContent(box).addTo(map);
    });
  }
}

function fit(map, towns) {
  const points = towns.features.map((feature) => feature.geometry.coordinates);
  if (points.length < 2) return;
  const [lons, lats] = [0, 1].map((axis) => points.map((point) => point[axis]));
  map.fitBounds([[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]], { padding: 48, duration: 0 });
}
