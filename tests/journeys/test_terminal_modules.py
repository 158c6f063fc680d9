"""The terminal's modules against the server's own code: keys of names, dates, clocks, signatures."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page

from sonae.core import clock, kana, kanji
from sonae.core.ids import parse_clock, uuid7_time
from sonae.domains.residents.interface import name_key, qr
from sonae.domains.safety import interface as safety
from sonae.domains.safety.extracts import signed
from tests.fixtures import City
from tests.journeys.devices import DEVICE, PIN

pytestmark = pytest.mark.django_db(transaction=True)
READINGS = (
    "ソナエ タロウ", "さいとう けん", "ﾜﾀﾅﾍﾞ ﾐﾉﾙ", "オオノ ヒロシ", "おうの　ひろし", "ヴァイオレット", "ヴ", "ｳﾞｨｵﾗ",
    "キョウコ", "きようこ", "ジュンイチロウ", "ヂュン", "ヅカ", "ヲカダ", "ヱミ", "ヰト", "ワタル", "ハタル", "コー", "コ－ジ",
    "ハ゛ンバ", "パパ", "か゚", "ジョン・スミス", "ゝ", "ッ", "ヵヶ", "オ ウ", "ソウウ", "ミツ=コ", "ﾊﾟ ｰﾙ",
)  # fmt: skip
NAMES = (
    "渡邉 実", "渡辺実", "髙橋", "山﨑　清", "斎藤", "齋藤", "𠮷田", "葛\U000e0100城", "辻︀", "\ue000田", "ｽﾐｽ ジョン", "塚︀本", "籘沢",
    "龍崎", "竜﨑", "ＡＢＣ", "㈱備え",
)  # fmt: skip


def module(page: Page, name: str, script: str, given: object = None) -> Any:
    """Run a function of one of the terminal's modules (``m``) in the browser."""
    wanted = f"async given => {{ const m = await import('/static/reception/{name}.js'); return ({script}); }}"
    return page.evaluate(wanted, given)


@pytest.fixture
def desk(page: Page, city: City) -> Page:
    page.goto(DEVICE)
    return page


def test_keys_of_names_and_readings_are_the_server_s(desk: Page) -> None:
    forms = [kanji.KIN, kanji.SAME]
    every = "".join(f"{group} " for group in f"{kanji.KIN} {kanji.SAME}".split())
    found = module(
        desk, "search",
        "{kana: given.kana.map(m.kanaKey), names: given.names.map(one => m.nameKey(one, m.formsOf(...given.forms)))}",
        {"kana": list(READINGS), "names": [*NAMES, every], "forms": forms},
    )  # fmt: skip
    assert found["kana"] == [kana.search_key(one) for one in READINGS]
    assert found["names"] == [name_key(one) for one in [*NAMES, every]]


DATES = {
    "S25.4.1": "19500401", "昭和25年4月1日": "19500401", "昭和25年": "1950", "R元": "2019", "h1.1": "198901",
    "1950": "1950", "1950/4/1": "19500401", "19500401": "19500401", "１９５０年４月": "195004",
    "ソナエ": "", "C0011": "", "3100": "",
}  # fmt: skip


def test_birth_dates_in_every_usual_form(desk: Page) -> None:
    assert module(desk, "search", "given.map(m.bornDigits)", list(DATES)) == list(DATES.values())


def test_clocks_never_go_back_and_ids_are_of_their_moment(desk: Page) -> None:
    script = """(() => {
      const made = []; let last = null;
      for (const now of given) { last = m.tick(last, now); made.push(m.clockText(last, "T001")); }
      return {made, ids: [m.uuid7(given[0]), m.uuid7(given[0])], text: m.japanese(given[0])};
    })()"""
    now = clock.unix_ms(clock.now())
    found = module(desk, "moment", script, [now, now, now - 7_200_000, now + 5, now + 1])
    assert found["made"] == sorted(set(found["made"]))
    assert [parse_clock(one).terminal for one in found["made"]] == ["T001"] * 5

    assert {clock.unix_ms(uuid7_time(uuid.UUID(one))) for one in found["ids"]} == {now}
    assert len(set(found["ids"])) == 2
    assert found["text"].endswith("+09:00")


def test_signatures_by_the_browser_and_by_the_library_for_older_ones(desk: Page) -> None:
    """The list and codes as the server signs them; changed by one sign, by another key, of another city."""
    good = qr.make(qr.PERSON, "R0011", clock.now() + timedelta(days=1))
    lost = int((clock.now() + timedelta(days=2)).timestamp())
    jws = signed({"people": [{"name": "備 太郎"}]})
    given = {
        "key": list(qr.public_key()), "good": good, "city": "992011", "now": clock.unix_ms(clock.now()),
        "jws": jws, "lost": [["P", "R0011", lost]],
    }  # fmt: skip
    script = """(async () => {
      const key = new Uint8Array(given.key), told = {key, city: given.city, now: given.now};
      const swap = (text, at) => text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
      const all = async () => [
        await m.readToken(given.good, told), await m.readToken(swap(given.good, 30), told),
        await m.readToken(given.good, {...told, city: "131016"}), await m.readToken(given.good, {...told, now: given.now + 2 * 86400_000}),
        await m.readToken(given.good, {...told, lost: given.lost}), await m.verified(given.jws, key),
        await m.verified(swap(given.jws, given.jws.indexOf(".") + 12), key).catch(() => null),
      ];
      const first = await all(), own = crypto.subtle.importKey;
      crypto.subtle.importKey = function (...more) {
        if (more[2]?.name === "Ed25519") throw new DOMException("", "NotSupportedError");
        return own.apply(this, more);
      };
      const second = await all();
      crypto.subtle.importKey = own;
      return [first, second];
    })()"""
    first, second = module(desk, "signed", script, given)
    assert first == second == [
        {"kind": "P", "identifier": "R0011"}, {"refused": "invalid"}, {"refused": "elsewhere"},
        {"refused": "expired"}, {"refused": "lost"}, {"people": [{"name": "備 太郎"}]}, None,
    ]  # fmt: skip


def test_twenty_thousand_people_are_searched_by_every_way(desk: Page) -> None:
    people = [
        {"resident_id": f"R{n}", "card": f"C{n}", "name": f"備 太郎{n}", "kana": "ソナエ タロウ",
         "birth_date": f"19{n % 90 + 10}-04-01", "household": f"{n // 3}", "household_card": f"H{n // 3}"}
        for n in range(20_000)
    ]  # fmt: skip
    people.append(
        {"resident_id": "RX", "name": "渡邉 実", "kana": "ワタナベ ミノル", "household": "x"}
    )
    script = """(() => {
      const index = m.indexed(JSON.parse(given), m.formsOf("", "辺邉邊"));
      const names = text => m.find(index, text, 5).map(one => one.resident_id);
      return [names("わたな"), names("みのる"), names("渡辺"), names("渡邊　実"), names("そなえ S25"), names("1950 備"), names("だれも"),
              m.household(index, index.byCard.get("C7")).length, index.homeCards.get("H2")];
    })()"""
    found = module(desk, "search", script, json.dumps(people))
    assert found[:4] == [["RX"]] * 4
    assert len(found[4]) == len(found[5]) == 5
    assert found[4] == found[5]
    assert found[6:] == [[], 3, "2"]


def test_the_terminal_tells_who_it_is_and_the_page_weighs_little(desk: Page, city: City) -> None:
    """First load at most 600 kB, everything counted; then none (the worker answers)."""
    sizes = desk.evaluate(
        "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
        ".map(one => one.decodedBodySize)"
    )
    assert sum(sizes) <= 600_000
    terminal, token = safety.enrol_terminal("F2", "受付1")
    answer = desk.request.get("/api/v1/terminal", headers={"Authorization": f"Bearer {token}"})
    told = answer.json()
    assert (told["terminal"], told["shelter"]["id"], told["world"]) == (terminal.code, "F2", "live")
    assert told["keys"] == [safety.public_jwk(), safety.sealing_jwk()]
    assert desk.request.get("/api/v1/terminal").status == 401


def test_a_row_of_codes_is_put_together_in_any_order(desk: Page) -> None:
    """Drawn, read by the camera's reader, the same again and another row between: the text comes back whole."""
    script = """(async () => {
      const gather = await import('/static/reception/gather.js'), {default: encode} = await import('/static/vendor/qr/index.js');
      const {qrReader} = await import('/static/reception/camera.js');
      const read = qrReader(), canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
      const codes = m.pieces(given), texts = [];
      for (const code of codes) {
        const dots = encode(code, "raw", {ecc: "low", border: 4});
        canvas.width = canvas.height = dots.length * 4;
        dots.forEach((row, y) => row.forEach((dark, x) => { pen.fillStyle = dark ? "#000" : "#fff"; pen.fillRect(x * 4, y * 4, 4, 4); }));
        texts.push(await read(canvas));
      }
      const collect = gather.collector(), order = [2, 0, 0, 3, 1];
      const other = gather.collector(), [first] = m.pieces("something else", "ffff");
      return [codes.length, texts.every((one, at) => one === codes[at]), order.map(at => collect(texts[at])).at(-1).whole === given,
              other("hello"), other(first).whole];
    })()"""
    body = json.dumps({"data": "Az-_09" * 400})
    assert module(desk, "carry", script, body) == [4, True, True, None, "something else"]


def test_blanks_make_no_pin_longer(desk: Page) -> None:
    """What the key is made of is what is counted: blanks around a PIN are not."""
    pins = ["a     ", "　　　　　a", " 12345", "tsuki-42", " tsuki-42 "]
    assert module(desk, "vault", "given.map(m.weak)", pins) == [True, True, True, False, False]


def test_a_clock_set_back_keeps_the_right_pin_out_no_longer_than_the_longest_wait(
    desk: Page, city: City
) -> None:
    """Six wrong PINs while the clock was days ahead, then the clock is put right."""
    _terminal, token = safety.enrol_terminal("F2", "受付1")
    script = """(async () => {
      const device = await m.openDevice("live", ""), real = Date.now;
      await m.enrol(device, given.token, given.pin);
      Date.now = () => real() + 3 * 86400_000;
      for (let n = 0; n < 6; n++) await m.unlock(device, "chigau-99");
      const ahead = await m.waiting(device), shut = await m.unlock(device, given.pin);
      Date.now = real;
      return [ahead > 0, shut, await m.waiting(device), await m.unlock(device, given.pin)];
    })()"""
    assert module(desk, "device", script, {"token": token, "pin": PIN}) == [True, False, 0, True]


def test_a_page_of_an_earlier_enrolment_writes_nothing_that_nobody_can_open(
    desk: Page, city: City
) -> None:
    """Two pages: one enrols the device anew while the other records, gets answers and moves events back."""
    tokens = [safety.enrol_terminal("F2", name)[1] for name in ("受付1", "受付1 あらため")]
    script = """(async () => {
      const {openDevice, enrol, unlock, current} = await import("/static/reception/device.js");
      const old = await openDevice("live", ""), draft = () => [{event: {direction: "in", person: {name: "外来"}}, names: ["外来"]}];
      await enrol(old, given.tokens[0], given.pin);
      await m.record(old, draft());
      const rows = await m.oldest(old), anew = await openDevice("live", "");
      await enrol(anew, given.tokens[1], given.other);
      const refused = async work => work.then(() => "written", error => error.message);
      const told = [await refused(m.record(old, draft())), await refused(m.look(old, ["R0011"]))];
      await m.answered(old, rows, [{id: rows[0].id, status: "accepted"}]);
      await m.last(old, rows[0]);
      const states = (await anew.db.getAll("box")).map(row => row.state);
      const stays = [await current(anew), await current(old), old.keys, await unlock(old, given.pin), await unlock(old, given.other)];
      await m.record(old, draft());
      return [told, states, stays, old.info.terminal, (await m.newest(anew, 5)).map(row => row.of)];
    })()"""
    given = {"tokens": tokens, "pin": PIN, "other": "yama-77"}
    assert module(desk, "outbox", script, given) == [
        ["another", "another"], ["left"], [True, False, None, False, True], "T002", ["T002"],
    ]  # fmt: skip


LEAVE = """(async () => {
  const {openDevice, enrol, wipe} = await import("/static/reception/device.js");
  const {record, counts} = await import("/static/reception/outbox.js");
  const device = await openDevice("live", ""), own = fetch, sent = [];
  const draft = n => ({event: {direction: "in", person: {name: `外来 ${n}郎`}}, names: []});
  await enrol(device, given.tokens[0], given.pin);
  await record(device, Array.from({length: 70}, (_none, n) => draft(n)));
  const unsent = await wipe(device), kept = (await counts(device)).waiting;
  await enrol(device, given.tokens[1], given.pin);
  // One of them was spoilt on the disk: nobody can open it.
  const row = await device.db.get("box", 1);
  await device.db.put("box", {...row, carried: new Uint8Array(row.carried.length)});
  window.fetch = (...more) => { if (more[0].endsWith("carried")) sent.push(JSON.parse(more[1].body).events.length); return own(...more); };
  const ends = [], orders = async verbs => { ends.push(verbs); };
  const end = await m.sync(device, async () => ({}), orders);
  window.fetch = own;
  return [unsent, kept, end, sent, await wipe(device), (await counts(device)).waiting, await device.db.count("meta"), device.token];
})()"""


def test_what_was_left_goes_in_parts_and_what_is_unsent_or_unreadable_is_not_wiped(
    desk: Page, city: City
) -> None:
    """Nothing is wiped while a record waits; one that the city cannot read stays sealed when all else goes."""
    tokens = [safety.enrol_terminal("F2", name)[1] for name in ("受付1", "受付1 あらため")]
    found = module(desk, "sync", LEAVE, {"tokens": tokens, "pin": PIN})
    assert found == [None, 70, "sent", [30, 30, 10], 1, 1, 0, None]
    assert safety.occupancy(city.facilities["F2"].pk).people == 69


def test_the_node_is_asked_for_the_oldest_and_for_the_newest(desk: Page, city: City) -> None:
    """A disk that was put back lacks the newest first: however many wait, that one is asked for."""
    _terminal, token = safety.enrol_terminal("F2", "受付1")
    script = """(async () => {
      const {openDevice, enrol} = await import("/static/reception/device.js"), device = await openDevice("live", "");
      await enrol(device, given.token, given.pin);
      await m.record(device, Array.from({length: 7}, (_none, n) => ({event: {person: {name: `外来 ${n}郎`}}, names: []})));
      await m.look(device, ["R0011"]);
      const asked = async (n, most) => (await m.waitingUpTo(device, n, most)).map(row => row.n);
      return [await asked(6, 3), await asked(8, 9), await asked(3, 3), await asked(0, 3)];
    })()"""
    found = module(desk, "outbox", script, {"token": token, "pin": PIN})
    assert found == [[1, 2, 6], [1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3], []]
