// The reception desk on a device: find, confirm, recorded. What is written here is durable before it is said.
import { around, askAround, openAround, roomPicker } from "./around.js";
import { watch, qrReader } from "./camera.js";
import { envelope, save, show } from "./carry.js";
import { frameWays, identify } from "./claims.js";
import { current, enrol, openDevice, wipe } from "./device.js";
import { heldBy, isEdge, join, leave, openEdge, visit } from "./edge.js";
import { by, forms as written, h, named, root, say, tone, version, world } from "./dom.js";
import { forGuest, openGuests } from "./guest.js";
import { householdCard } from "./household.js";
import { guard, touch } from "./lock.js";
import { dropList, ended, fetchList, openList, wantsList } from "./list.js";
import { japanese, shortTime } from "./moment.js";
import { all, counts, dropDone, look, newest, record, seen } from "./outbox.js";
import { find, formsOf, household } from "./search.js";
import { persisted } from "./store.js";
import { receipt, sync } from "./sync.js";

const forms = formsOf(...written), SHOWN = 12, OPTIONS = 12, EDGE_EVERY = 4_000, EXPIRE_EVERY = 5 * 60_000, CLOCK_OFF = 5 * 60_000;
const here = new Map(), typedVisitors = new Map();
let device, net = "away", atEdge = null, edgeTimer, opened, promised = true, began = 0, chosen = -1, options = [], timer, wait = 5_000, notice = "";

// --- what the screen says of the device ----------------------------------------------------------

/** Say how much is unsent; before anything is called recorded, so that the two never contradict. */
async function unsent() {
  const { waiting, refused } = await counts(device), held = await heldBy(device);
  by("unsent").textContent = held ? say("unsent_held", { n: waiting, held }) : say("unsent", { n: waiting });
  by("unsent").classList.toggle("some", waiting > 0);
  return refused;
}

async function refresh() {
  const refused = await unsent();
  const shown = device.locked ? "stopped" : net === "away" && atEdge === "held" ? "edge" : net;
  by("net").textContent = say(shown);
  by("net").className = `badge ${{ online: "good", away: "caution", edge: "caution", stopped: "bad" }[shown]}`;
  edgeState();
  by("list").textContent = !isOpen() ? say("shut") : device.list ? say("list_until", { people: device.list.people.toLocaleString(), time: `${japanese(device.list.exp).slice(5, 10).replace("-", "/")} ${shortTime(device.list.exp)}` }) : say("list_none");
  const told = [notice, promised ? "" : say("not_promised"), clockWarning()].filter(Boolean);
  by("warnings").replaceChildren(...told.map((one) => h("p", { class: "notice warning small" }, one)));
  by("refusals").hidden = !refused;
  by("coming").textContent = around(device).coming ? say("coming", { n: around(device).coming, time: shortTime(around(device).at) }) : "";
  rooms();
  await Promise.all([recent(), refused && isOpen() ? refusals() : null]);
}

/** The rooms of the form for people who are not on the list; left alone while somebody is choosing. */
function rooms() {
  const made = roomPicker(device, "new-room-pick"), place = by("new-room");
  if (by("new").open && place.firstChild) return;
  place.replaceChildren(...(made ? [made] : []));
}

function edgeState() {
  const edge = device.edge, lost = edge && atEdge !== "held" && atEdge !== "busy" && atEdge;
  by("edge-form").hidden = Boolean(edge);
  by("edge-leave").hidden = !edge;
  by("edge-now").replaceChildren(...(edge ? [
    h("p", {}, say("edge_joined", { code: edge.code, address: edge.address }), edge.seen ? h("span", { class: "meta" }, `　${say("edge_seen", { time: shortTime(edge.seen) })}`) : ""),
    lost ? h("p", { class: "notice warning small" }, say(`edge_${lost}`)) : h("p", { class: "small" }, say(edge.city?.reached ? edge.city.list_late ? "edge_list" : "edge_city" : "edge_alone", { time: edge.city ? shortTime(Date.parse(edge.city.heard_at)) : "" })),
  ] : []));
}

function clockWarning() {
  const off = device.offset ?? 0, minutes = Math.round(Math.abs(off) / 60_000);
  return Math.abs(off) < CLOCK_OFF ? "" : say(off > 0 ? "clock_ahead" : "clock_behind", { minutes });
}

async function recent() {
  const rows = net === "stopped" || device.locked || !isOpen() ? [] : await newest(device, SHOWN * 2), undone = new Set(rows.map((row) => row.event.supersedes).filter(Boolean));
  const lines = rows.filter((row) => row.event.direction !== "void").slice(0, SHOWN).map((row) => {
    const gone = undone.has(row.id), word = say(`word_${wordOf(row.event)}`, { name: shelterName(row.event.to) }), name = row.names.join("、");
    const state = row.state === "waiting" ? h("span", { class: "badge caution" }, say("waiting")) : "";
    return h("li", { class: `cluster between${gone ? " undone" : ""}` },
      h("span", {}, `${shortTime(row.at)} `, h("span", { class: "badge" }, word), ` ${name} `, state, row.event.offline ? h("span", { class: "meta" }, ` ${say("offline_mark")}`) : ""),
      gone || row.state === "refused" ? "" : h("button", { type: "button", class: "button small quiet", "aria-label": say("undo_of", { name, word }), onclick: () => undo(row) }, say("undo")));
  });
  by("recent").replaceChildren(...(lines.length ? lines : [h("li", { class: "empty" }, say("no_events"))]));
}

async function refusals() {
  const rows = await all(device, "refused");
  by("refused").replaceChildren(...rows.map((row) => h("li", { class: "cluster between" },
    h("span", {}, `${shortTime(row.at)} ${row.names.join("、")} `, h("span", { class: "meta" }, say("because", { why: row.error ?? "" }))),
    h("button", { type: "button", class: "button small", onclick: () => seen(device, row.n).then(refresh) }, say("read")))));
}

function result(good, sentence, people, more = "", word = "") {
  by("result").replaceChildren(h("section", { class: `result${good ? "" : " bad"}` }, h("span", { class: "result-mark", "aria-hidden": "true" }, good ? "✓" : "！"),
    h("div", {}, h("p", { class: "lead" }, sentence, people.length > 1 ? `（${say("people", { n: people.length })}）` : ""),
      h("p", { class: "names" }, ...people.flatMap((one, at) => [at ? "、" : "", named(one)])), more ? h("p", { class: "small" }, more) : "", (good && forGuest(word)) || "")));
  tone(good);
}

// --- recording -----------------------------------------------------------------------------------

const wordOf = (event) => (event.to ? "onward" : event.direction);
const WORDS = { in: "in", onward: "onward_done", out: "out", report: "report", move: "moved", shelter_at_home: "shelter_at_home", in_car: "car", void: "void" };

async function keep(event, people) {
  const seconds = began ? Math.round((Date.now() - began) / 100) / 10 : undefined;
  const draft = { event: { ...event, offline: net !== "online" || !navigator.onLine, seconds }, names: people.map((one) => one.name || one.kana) };
  try {
    const [made] = await record(device, [draft]);
    remember(made.event);
    await unsent();
    result(true, say(WORDS[wordOf(event)]), people, net === "online" ? "" : say("kept_here"), wordOf(event));
  } catch (error) {
    if (error?.message === "another") { tone(false); await superseded("another_lost"); return false; }
    result(false, say(error?.name === "QuotaExceededError" ? "storage_full" : "not_recorded"), people);
    return false;
  }
  clear();
  refresh().finally(soon);
  return true;
}

function remember(event, at = Date.parse(event.occurred_at), by = "") {
  for (const id of event.party ?? [event.person.resident_id]) newer(here, id, { direction: event.direction, time: shortTime(at), by, clock: event.clock });
  if (event.person.name || event.person.kana) newer(typedVisitors, visitorKey(event.person), { ...event, at, by });
}

/** The last word by the clocks, in whatever order records come from this and from other terminals. */
const newer = (map, key, one) => { if (!(map.get(key)?.clock > one.clock)) map.set(key, one); };

/** What other terminals of this place have recorded, by the edge node. */
function others(rows) {
  if (device.shut) return; // asked for again when the screen is opened
  for (const { name, event } of rows) {
    // What one tablet wrote wrongly must not keep this one from hearing the others.
    try { if (event?.person) remember(event, Date.parse(event.occurred_at), name); } catch (error) { console.error(error); }
  }
  if (rows.length) opened?.update();
}

const visitorKey = (one) => `${one.name}|${one.kana}|${one.birth_date}`;

const checkIn = (people, direction, more) =>
  keep({ direction, person: { resident_id: people[0].resident_id }, party: people.map((one) => one.resident_id), ...more }, people);

const undo = (row) => {
  const { id, person, party } = row.event;
  return keep({ direction: "void", supersedes: id, person, party, needs: [], note: "" }, row.names.map((name) => ({ name })));
};

const shelterName = (id) => around(device).shelters.find((one) => one.id === id)?.name ?? id ?? "";

/** Put something below the search box; a list there is told to the box by `draw`. */
function below(...parts) {
  by("found").replaceChildren(...parts);
  by("q").removeAttribute("aria-activedescendant");
  by("q").setAttribute("aria-expanded", String(options.length > 0));
}

// --- finding -------------------------------------------------------------------------------------

function clear() {
  by("q").value = "";
  began = 0;
  options = [];
  below();
  by("q").focus();
}

const message = (name, bad = false) => below(h("p", { class: bad ? "notice error" : "notice", role: bad ? "alert" : undefined }, say(name)));

function open(one, people = household(device.index, one), meant = [one]) {
  const made = householdCard({ device, people, meant, where: (who) => here.get(who.resident_id), done: checkIn, close: clear });
  options = [];
  opened = made;
  below(made.card);
  made.focus();
  look(device, people.map((who) => who.resident_id)).catch(() => {});
}

function typing() {
  began ||= Date.now();
  const typed = by("q").value;
  if (!device.index || !typed.trim()) { options = []; below(); return; }
  options = find(device.index, typed, OPTIONS);
  chosen = options.length ? 0 : -1;
  draw();
}

function draw() {
  below(options.length ? h("ul", { class: "options", role: "listbox", "aria-label": say("who") }, ...options.map((one, at) =>
    h("li", { role: "option", id: `o-${at}`, "aria-selected": String(at === chosen), tabIndex: -1, onclick: () => open(one) }, h("strong", {}, one.name ?? ""), h("span", { class: "meta" }, `　${one.kana ?? ""}　${one.birth_date ?? ""}`)))) : "");
  if (chosen >= 0) by("q").setAttribute("aria-activedescendant", `o-${chosen}`);
}

function keys(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape") { clear(); return; }
  if (!step || !options.length || event.isComposing) return;
  event.preventDefault();
  chosen = (chosen + step + options.length) % options.length;
  draw();
}

/** Show what a text claims; whether it claimed anything. */
async function claim(text) {
  touch();
  if (isEdge(text)) { await joining(text); return true; }
  const found = await identify(device, text);
  if (!found) return false;
  began ||= Date.now();
  if (found.refused) { message(`qr_${found.refused}`, true); tone(false); }
  else if (found.people) open(found.people[0], found.home ? found.people : undefined, found.home && found.people.length > 1 ? [] : [found.people[0]]);
  else if (found.unknown) {
    const take = h("button", { type: "button", class: "button good grow", onclick: () => keep({ direction: "in", person: { qr: found.unknown }, needs: [], note: "" }, [{ name: say("unlisted_person") }]) }, say("take_unlisted"));
    below(h("section", { class: "card" }, h("p", {}, say("qr_unlisted")), take));
    take.focus();
  } else message("qr_unlisted_home");
  return true;
}

async function submit(event) {
  event.preventDefault();
  const typed = by("q").value.trim();
  if (!typed || (await claim(typed))) return;
  if (options[chosen]) open(options[chosen]);
  else if (!device.index) message("list_ended");
  else { message("nobody"); by("new").open = true; }
}

function visitor(event) {
  event.preventDefault();
  const value = (name) => event.target.elements[name].value.trim(), typed = value("name"), isReading = /^[ぁ-ゖァ-ヺーｦ-ﾟ\s]+$/u.test(typed);
  const person = { name: isReading ? "" : typed, kana: isReading ? typed : "", birth_date: value("birth_date"), address: value("address") };
  const before = typedVisitors.get(visitorKey(person)), said = by("new-said");
  if (!typed) { said.textContent = say("no_name"); return; }
  if (before && said.dataset.of !== visitorKey(person)) {
    said.textContent = say(before.by ? "same_there" : "same_again", { time: shortTime(before.at), by: before.by });
    said.dataset.of = visitorKey(person);
    return;
  }
  keep({ direction: "in", person, place: event.target.elements.room?.value ?? "", needs: [], note: "" }, [person]).then((good) => {
    if (!good) return;
    event.target.reset();
    said.textContent = "";
    delete said.dataset.of;
    by("new").open = false;
  });
}

// --- camera --------------------------------------------------------------------------------------

async function camera(event) {
  const button = event.currentTarget, view = by("camera-view");
  if (button.stop) { button.stop(); button.stop = null; button.textContent = say("camera_start"); return; }
  const read = qrReader();
  let last = "", at = 0;
  const look = async (canvas) => {
    if (by("found").querySelector("form")) return false;
    const text = await read(canvas);
    if (text && !(text === last && Date.now() - at < 5_000)) { [last, at] = [text, Date.now()]; await claim(text); return false; }
    for (const way of frameWays) { const found = await way.identify(canvas, device); if (found?.people) { open(found.people[0]); return false; } }
    return false;
  };
  try {
    button.stop = await watch(view, look);
    button.textContent = say("camera_stop");
  } catch { message("camera_denied", true); by("q").focus(); }
}

// --- server --------------------------------------------------------------------------------------

async function status() {
  const battery = await navigator.getBattery?.().catch(() => null);
  return { version, ...(await counts(device)), list_until: device.list ? Math.floor(device.list.exp / 1000) : null, battery: battery ? Math.round(battery.level * 100) : null };
}

/** Carry out what the server orders of this device; it tells all that holds with every answer. */
async function obey(verbs) {
  if (verbs.includes("wipe")) { await wiped(); return; }
  const locked = verbs.includes("lock");
  if (locked === Boolean(device.locked)) return;
  device.locked = locked;
  await device.db.put("meta", locked, "locked");
  if (locked) await forget();
  screens();
}

/** Wipe this device; where a record is still unsent, only after that has been sent: the order comes again. */
async function wiped() {
  const last = { token: device.token, shelter: device.info.shelter.id }, left = await wipe(device);
  if (left === null) return;
  await shut();
  by("enrol-said").textContent = left ? say("wiped_left", { n: left }) : say("wiped");
  await begin();
  receipt(device, { ...last, left });
}

/** What the screen and the disk may no longer show: the list, and the names of what the server has. */
async function forget() {
  await dropList(device);
  await dropDone(device);
  here.clear();
  clear();
}

async function renew() {
  if (device.locked) return;
  if (await ended(device)) device.index = device.list = null;
  if (!isOpen()) return;
  if (!wantsList(device)) return;
  try { await fetchList(device, forms); notice = ""; }
  catch (error) { if (error.message === "signature") notice = say("list_signature"); }
}

/** Talk to the server once, and do what follows from how it ended. */
async function round() {
  if (!(await current(device))) { await superseded("another"); return; }
  const end = await sync(device, status, obey, refresh);
  if (!device.token) return;
  if (end !== "busy") net = { sent: "online", stopped: "stopped" }[end] ?? "away";
  if (net === "stopped" && device.list) await forget();
  if (net === "online") await Promise.all([renew(), askAround(device)]);
  else if (device.list && (await ended(device))) { await dropDone(device); notice = say("list_ended"); }
}

/** Talk again and again: whatever goes wrong is "away" and ends nothing. */
async function talk() {
  clearTimeout(timer);
  if (!device.token) return;
  try { await round(); } catch (error) { console.error(error); net = "away"; }
  if (!device.token) return;
  wait = net === "online" ? 15_000 : Math.min(wait * 2, 60_000);
  await refresh().catch(console.error);
  clearTimeout(timer);
  timer = setTimeout(talk, wait);
}

const soon = () => { wait = 2_500; gather(); return talk(); };

// --- edge node -----------------------------------------------------------------------------------

/** Hand over to the edge node and hear of the others, again and again, whether or not the city answers. */
async function gather() {
  clearTimeout(edgeTimer);
  if (!device.token || !device.edge) return;
  const before = atEdge, end = await visit(device, forms, others).catch(() => "away");
  if (end !== "busy") atEdge = end;
  if (device.token && (end !== "busy" || before !== atEdge)) await refresh().catch(console.error);
  clearTimeout(edgeTimer);
  edgeTimer = setTimeout(gather, atEdge === "held" ? EDGE_EVERY : 3 * EDGE_EVERY);
}

async function joining(text) {
  const said = by("edge-said");
  by("edge-box").open = true;
  said.textContent = say(isEdge(text) ? "edge_joining" : "edge_code");
  if (!isEdge(text) || !device.token) return;
  atEdge = await join(device, text, forms, others).catch(() => "away");
  said.textContent = atEdge === "held" || !atEdge ? "" : say(atEdge === "away" ? "edge_blocked" : `edge_${atEdge}`);
  if (atEdge === "held") { by("edge-code").value = ""; clear(); }
  await refresh();
  gather();
}

async function carry(asQr) {
  const made = await envelope(device), view = by("export-view");
  if (!view.hidden) { view.hidden = true; return; }
  by("export-said").textContent = made.count ? say("exported", { n: made.count }) : say("nothing_to_export");
  if (!made.count) return;
  if (asQr) show(made.files.map((one) => one.body), view, (at, of) => say("qr_page", { at, of }));
  else made.files.forEach(save);
}

// --- beginning, locking, opening ------------------------------------------------------------------

const isOpen = () => Boolean(device.keys) && !device.shut;

function screens() {
  const ready = Boolean(device.info), open = isOpen();
  by("enrol").hidden = ready;
  by("shut").hidden = !ready || open;
  by("desk").hidden = !open || Boolean(device.locked);
  by("lock").hidden = !open;
  by("state").hidden = by("carry").hidden = !ready;
  if (ready) by("place").textContent = device.info.shelter.name;
  by("terminal").textContent = ready ? `${device.info.terminal} ${device.info.name}` : "";
}

/** Another page enrolled this device anew: this one is locked until its PIN is given here too. */
async function superseded(word) {
  await current(device);
  atEdge = null;
  await shut();
  await begin();
  if (device.info) by("shut-said").textContent = say(word);
  else by("enrol-said").textContent = say("another_gone");
}

/** Begin with what the disk knows without a PIN: which terminal this is, and how much is unsent. */
async function begin() {
  device.latest = await device.db.get("meta", "latest");
  device.locked = await device.db.get("meta", "locked");
  screens();
  if (!device.info) { by("carry").hidden = !(await counts(device)).waiting; return; }
  await openAround(device);
  await expire();
  if (device.keys) { await unlocked(); return; }
  await refresh();
  by("pin-try").focus();
}

/** Delete a list that has ended where nobody opens the screen: before a PIN was given, nothing else looks. */
const expire = () => (device.info && !device.token ? ended(device) : null);

/** The PIN was right: show the desk, with the list and what was recorded here. */
async function unlocked() {
  device.shut = false;
  screens();
  here.clear();
  typedVisitors.clear();
  await openList(device, forms).catch(() => dropList(device)); // one that cannot be opened stops nothing else
  await openEdge(device);
  for (const state of ["done", "refused", "waiting"]) for (const row of await all(device, state)) remember(row.event, row.at);
  promised = await persisted();
  await refresh();
  by("q").focus();
  talk();
  gather();
}

/** Lock the screen: names leave it and the memory. Sending goes on, and so do orders, and the list on the disk
    still ends: of it stays when, and how many are on it. */
async function shut() {
  device.shut = true;
  device.index = null;
  if (device.list) device.list = { exp: device.list.exp, people: device.list.people, lost: [] };
  here.clear();
  typedVisitors.clear();
  clear();
  by("camera").stop?.();
  by("new-form").reset();
  for (const part of ["result", "recent", "refused"]) by(part).replaceChildren();
  screens();
  await refresh();
  by("pin-try").focus();
}

async function enrolling(event) {
  event.preventDefault();
  const said = by("enrol-said"), pin = by("pin").value;
  if (pin !== by("pin-again").value) { said.textContent = say("pin_differs"); return; }
  said.textContent = say("enrolling");
  try {
    await enrol(device, by("token").value.trim(), pin);
    said.textContent = by("token").value = "";
    by("enrol-form").reset();
    touch();
    await begin();
  } catch (error) { said.textContent = say(`enrol_${error.message}`) === `enrol_${error.message}` ? say("not_recorded") : say(`enrol_${error.message}`); }
}

async function start() {
  if (!window.isSecureContext || !crypto.subtle) { by("warnings").replaceChildren(h("p", { class: "notice error" }, say("not_secure"))); return; }
  navigator.serviceWorker?.register(`${root}/reception/device/worker.js`, { scope: `${root}/reception/device/` }).catch(() => {});
  device = await openDevice(world, root);
  openGuests();
  by("enrol-form").addEventListener("submit", enrolling);
  by("search").addEventListener("submit", submit);
  by("q").addEventListener("input", typing);
  by("q").addEventListener("keydown", keys);
  by("new-form").addEventListener("submit", visitor);
  by("camera").addEventListener("click", camera);
  by("camera").hidden = !navigator.mediaDevices?.getUserMedia;
  by("export").addEventListener("click", () => carry(false));
  by("export-qr").addEventListener("click", () => carry(true));
  by("edge-form").addEventListener("submit", (event) => { event.preventDefault(); joining(by("edge-code").value); });
  by("edge-leave").addEventListener("click", async () => { await leave(device); atEdge = null; await refresh(); });
  window.addEventListener("online", soon);
  window.addEventListener("hashchange", linked);
  setInterval(() => expire()?.catch(console.error), EXPIRE_EVERY);
  guard(device, { isOpen, shut, opened: unlocked });
  await begin();
  await linked();
}

/** Take the code of a link, also where the page was open already; it leaves the address at once. */
async function linked() {
  const link = location.href;
  if (isEdge(link)) { history.replaceState(null, "", location.pathname + location.search); await joining(link); return; }
  const code = new URLSearchParams(location.hash.slice(1)).get("enrol");
  if (!code) return;
  history.replaceState(null, "", location.pathname + location.search);
  by("token").value = code;
  by("enrol").hidden = false;
  by("pin").focus();
}

start();
