"""The reception terminal in a real browser: with the network cut, closed and opened again, nothing lost."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sonae.core import clock
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.residents.interface import Resident, lostcodes, qr
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import PersonState, Sighting, Visitor
from sonae.domains.safety.terminals import _known
from sonae.domains.sheltering import interface as sheltering
from sonae.domains.shelters import interface as shelters
from sonae.platform.access import Role
from sonae.platform.scope import World
from tests.fixtures import ADMINISTRATOR, CLERK, OPERATOR, City
from tests.journeys.conftest import CheckPage, SignIn
from tests.journeys.devices import DEVICE, PIN, camera, choose_pin, enrolled, profile, unlock

pytestmark = pytest.mark.django_db(transaction=True)
SYNCED = 40_000


def unsent(page: Page, count: int) -> None:
    expect(page.locator("#unsent")).to_have_text(f"未送信 {count}件", timeout=SYNCED)


def scan(page: Page, text: str) -> None:
    page.locator("#q").fill(text)
    page.keyboard.press("Enter")


def done(page: Page, name: str, sentence: str = "受付しました") -> None:
    result = page.locator("#result")
    expect(result).to_contain_text(sentence)
    expect(result).to_contain_text(name)


def check_in_stranger(page: Page, name: str) -> None:
    page.locator("#new").evaluate("box => { box.open = true; }")
    page.get_by_label("氏名かフリガナ").fill(name)
    page.keyboard.press("Enter")
    done(page, name)


def token(identifier: str, kind: str = qr.PERSON, days: float = 1) -> str:
    return qr.make(kind, identifier, clock.now() + timedelta(days=days))


def test_a_household_by_name_on_an_enrolled_device(
    page: Page, city: City, check_page: CheckPage
) -> None:
    house, other = city.facilities["F2"].pk, city.facilities["F1"].pk
    sheltering.set_room(CLERK, house, "体育館", "general", "20")
    shelters.set_state(CLERK, other, "open", ordered_by="mayor")
    enrolled(page)
    check_page(page, "terminal-empty")
    expect(page.locator("#net")).to_have_text("サーバーにつながっています")
    page.locator("#q").press_sequentially("そなえ")
    expect(page.locator("#found").get_by_role("option")).to_have_count(3)
    check_page(page, "terminal-options")
    page.keyboard.press("Enter")
    page.get_by_label("部屋・区画").first.select_option(label="体育館　空き20人")
    check_page(page, "terminal-household")
    page.get_by_role("button", name="全員（3人）を受付する").click()
    done(page, "備 花子")
    check_page(page, "terminal-done")
    unsent(page, 0)
    assert safety.occupancy(house).people == 3
    assert not Sighting.objects.filter(offline=True).exists()
    assert [view.people for view in sheltering.rooms(house)] == [3]
    scan(page, "そなえ たろう")
    page.get_by_role("checkbox", name="備 太郎").check()
    page.get_by_text("ほかの避難所へ移る").click()
    page.get_by_role("button", name="印の人がこの避難所へ向かう").click()
    expect(page.get_by_text("行き先の避難所を選んでください")).to_be_visible()
    page.get_by_label("行き先").select_option("F1")
    check_page(page, "terminal-onward")
    page.get_by_role("button", name="印の人がこの避難所へ向かう").click()
    done(page, "備 太郎", "ほかの避難所へ向かったことを記録しました")
    unsent(page, 0)
    assert [one.who.name for one in safety.coming(CLERK, other)] == ["備 太郎"]
    page.get_by_role("button", name="備 太郎の「第一小学校へ」を取り消す").click()
    done(page, "備 太郎", "取り消しました")
    unsent(page, 0)
    assert (safety.occupancy(house).people, safety.coming_count(other)) == (3, 0)
    page.get_by_role("button", name="備 一郎、備 太郎、備 花子の「受付」を取り消す").click()
    done(page, "備 花子", "取り消しました")
    unsent(page, 0)
    assert safety.occupancy(city.facilities["F2"].pk).people == 0


def test_fifty_with_the_network_cut_closed_and_opened_again_are_exactly_fifty(
    browser: Browser, site: str, city: City, tmp_path: Path
) -> None:
    """The browser is closed before a single one was sent; the server then has each of them once."""
    kind = browser.browser_type
    with profile(kind, tmp_path, site) as context:
        page = context.pages[0]
        enrolled(page)
        context.set_offline(True)
        for n in range(1, 49):
            check_in_stranger(page, f"外来 {n:02d}郎")
        scan(page, token("R0011"))
        page.get_by_role("button", name="印の人を受付する").click()
        done(page, "備 太郎")
        scan(page, "C0041")
        page.get_by_role("button", name="印の人を受付する").click()
        done(page, "高橋 幸子")
        unsent(page, 50)
        expect(page.locator("#result")).to_contain_text("この端末に記録しました")
        expect(page.locator("#net")).to_contain_text("受付は続けられます")
    assert Sighting.objects.count() == 0
    with profile(kind, tmp_path, site) as context:
        context.set_offline(True)
        page = context.new_page()
        page.goto(DEVICE)
        unsent(page, 50)
        unlock(page)
        expect(page.locator("#place")).to_have_text("高台中学校")
        scan(page, "ソナエ タロウ")
        expect(page.locator("#found")).to_contain_text("受付済み")
        context.set_offline(False)
        page.evaluate("dispatchEvent(new Event('online'))")
        unsent(page, 0)
        page.reload()
        unsent(page, 0)
        expect(page.locator("#desk")).to_be_hidden()
    assert Sighting.objects.count() == 50
    assert Sighting.objects.filter(offline=True, refusal="").count() == 50
    assert safety.occupancy(city.facilities["F2"].pk).people == 50


def test_codes_are_judged_without_a_network(page: Page, city: City) -> None:
    """Lost, expired, changed: refused; genuine but not on this device's list: taken."""
    lostcodes.report_lost(OPERATOR, qr.PERSON, "R0042")
    enrolled(page)
    page.context.set_offline(True)
    found = page.locator("#found")
    scan(page, token("R0042"))
    expect(found).to_contain_text("紛失の届けがあるQRコード")
    scan(page, token("R0011", days=-1))
    expect(found).to_contain_text("期限が切れたQRコード")
    good = token("R0011")
    scan(page, good[:40] + ("A" if good[40] != "A" else "B") + good[41:])
    expect(found).to_contain_text("市が発行したQRコードではありません")
    scan(page, token("H0000004", qr.HOUSEHOLD))
    expect(found.get_by_role("checkbox", name="高橋")).to_have_count(3)
    scan(page, token("R9999"))
    expect(found).to_contain_text("本物のQRコード")
    assert Sighting.objects.count() == 0


FILL = """async pin => {
  const {openDevice, unlock} = await import("/static/reception/device.js"), {record} = await import("/static/reception/outbox.js");
  const device = await openDevice("live", "");
  await unlock(device, pin);
  let kept = 0;
  for (const size of [16_000, 2_000, 200]) {
    const event = () => ({direction: "in", person: {name: `先の人 ${kept}`}, note: "あ".repeat(size)});
    try { for (; kept < 500; kept++) await record(device, [{event: event(), names: ["先の人"]}]); }
    catch (error) { if (error.name !== "QuotaExceededError") throw error; }
  }
  return kept;
}"""


def allow(page: Page, size: int) -> None:
    """Let the browser give the site this many bytes and no more."""
    told = page.context.new_cdp_session(page)
    origin = page.evaluate("location.origin")
    told.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": size})


def test_a_full_disk_is_said_and_nothing_is_pretended(
    page: Page, city: City, check_page: CheckPage
) -> None:
    """The browser's own quota is used up: what was said to be kept is kept, and no more was said."""
    page.goto(f"{DEVICE}manifest.webmanifest")  # no page of ours is open yet: it counts from here
    allow(page, 2_500_000)
    enrolled(page)
    page.context.set_offline(True)
    kept, result = page.evaluate(FILL, PIN), page.locator("#result")
    assert 5 < kept < 500
    for n in range(60):
        page.locator("#new").evaluate("box => { box.open = true; }")
        page.get_by_label("氏名かフリガナ").fill(f"入る人 {n}")
        page.keyboard.press("Enter")
        expect(result).to_contain_text(f"入る人 {n}")
        if "保存場所がいっぱいです" in (result.text_content() or ""):
            break
    expect(result).to_contain_text("紙の受付票に書いてください")
    unsent(page, kept + n)
    page.problems.clear()  # type: ignore[attr-defined]  # the browser reports the cut itself
    check_page(page, "terminal-full")
    page.reload()
    unsent(page, kept + n)
    unlock(page)  # also where nothing more can be written
    allow(page, 50_000_000)
    check_in_stranger(page, "あとで 入る人")
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    unsent(page, 0)
    names = {"あとで 入る人", *(f"入る人 {one}" for one in range(n))}
    names |= {f"先の人 {one}" for one in range(kept)}
    assert names == set(Visitor.objects.values_list("name", flat=True))
    assert Sighting.objects.filter(refusal="").count() == kept + n + 1


def test_a_clock_two_hours_wrong_warns_and_keeps_the_order(page: Page, city: City) -> None:
    page.add_init_script("const real = Date.now; Date.now = () => real() + 2 * 3600_000;")
    enrolled(page)
    expect(page.locator("#warnings")).to_contain_text("時計が120分進んでいます")
    scan(page, "C0011")
    page.get_by_role("button", name="印の人を受付する").click()
    done(page, "備 太郎")
    unsent(page, 0)
    scan(page, "C0011")
    page.get_by_role("checkbox", name="備 太郎").check()
    page.get_by_role("button", name="退所").click()
    done(page, "備 太郎", "退所を記録しました")
    unsent(page, 0)
    assert safety.occupancy(city.facilities["F2"].pk).people == 0
    first, second = Sighting.objects.order_by("clock")
    assert (first.direction, second.direction) == ("in", "out")


def test_the_exercise_keeps_apart(page: Page, city: City, check_page: CheckPage) -> None:
    enrolled(page, prefix="/drill")
    expect(page.get_by_role("note", name="訓練")).to_be_visible()
    check_in_stranger(page, "訓練 の人")
    unsent(page, 0)
    assert Sighting.objects.count() == 0
    with city.entered(World.EXERCISE):
        assert Sighting.objects.count() == 1
    page.goto(DEVICE)
    expect(page.get_by_role("button", name="登録する")).to_be_visible()
    check_page(page, "terminal-enrol")


def test_on_a_phone_in_other_languages(phone: Page, city: City, check_page: CheckPage) -> None:
    enrolled(phone)
    for code in ("en", "ja-x-easy"):
        phone.goto(f"{DEVICE}?lang={code}")
        phone.context.set_offline(True)
        phone.reload()
        expect(phone.locator("#shut")).to_be_visible()
        phone.problems.clear()  # type: ignore[attr-defined]
        check_page(phone, f"terminal-{code}-locked-phone")
        with phone.expect_event("requestfailed"):  # the batch that it tries to send
            unlock(phone)
        expect(phone.locator("#desk")).to_be_visible()
        phone.problems.clear()  # type: ignore[attr-defined]  # the browser reports the cut itself
        check_page(phone, f"terminal-{code}-phone")
        phone.context.set_offline(False)
    phone.goto(DEVICE)
    unlock(phone)
    phone.get_by_label("相手に見せる言語").select_option(label="简体中文")
    expect(phone.locator("#guest [lang=zh-Hans]")).to_contain_text("请告诉我您的姓名")
    check_page(phone, "terminal-guest-phone")
    scan(phone, "C0041")
    phone.get_by_role("button", name="印の人を受付する").click()
    done(phone, "高橋 幸子")
    expect(phone.locator("#result [lang=zh-Hans]")).to_contain_text("登记完成")
    expect(phone.locator("#guest")).to_be_hidden()


def test_a_code_before_the_camera_without_a_network(
    browser: Browser, site: str, city: City, tmp_path: Path
) -> None:
    film = camera(token("R0011"), tmp_path / "film.y4m")
    with profile(browser.browser_type, tmp_path / "profile", site, *film) as context:
        page = context.pages[0]
        enrolled(page)
        context.set_offline(True)
        page.get_by_role("button", name="カメラでQR").click()
        expect(page.get_by_role("checkbox", name="備 太郎")).to_be_checked()
        page.keyboard.press("Enter")
        done(page, "備 太郎")
        context.set_offline(False)
        unsent(page, 0)
    assert safety.occupancy(city.facilities["F2"].pk).people == 1


def test_a_household_of_four_takes_three_actions(page: Page, city: City) -> None:
    """At human speed by keys alone: the reading, Enter, 「全員」; six actions and ten seconds are allowed."""
    daughter = city.residents["高橋 葵"]
    Resident.objects.create(
        resident_id="R0044", household=daughter.household, name="高橋 凜", kana="タカハシ リン",
        kana_key="タカハシリン", given_key="リン", name_key="高橋凜", birth_date="2010-01-01", sex="2",
        added_in_id=daughter.added_in_id,
    )  # fmt: skip
    enrolled(page)
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("たかは", delay=150)
    expect(page.locator("[role=option]")).to_have_count(4)
    page.keyboard.press("Enter")
    page.wait_for_timeout(600)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="全員（4人）を受付する")).to_be_focused()
    page.keyboard.press("Enter")
    done(page, "高橋 凜")
    unsent(page, 0)
    assert safety.occupancy(city.facilities["F2"].pk).people == 4


def test_everything_that_may_happen_at_a_desk(page: Page, city: City) -> None:
    """Room, needs, pets, temperature for reference; out for a while; in the car; at home; by keys alone."""
    enrolled(page)
    scan(page, "C0041")
    page.get_by_text("部屋・必要な支援・ペット・体温・備考").click()
    page.get_by_label("部屋・区画").fill("体育館 A-3")
    page.get_by_label("車いす").check()
    page.get_by_label("ペット（種類と数）").fill("犬1")
    page.get_by_label("体温 ℃（参考値）").fill("36.8")
    page.get_by_label("まわりの気温 ℃").fill("12")
    page.get_by_role("button", name="印の人を受付する").click()
    done(page, "高橋 幸子")
    unsent(page, 0)
    row = Sighting.objects.get()
    assert (row.place, sorted(row.needs), row.status) == (
        "体育館 A-3",
        ["pet", "wheelchair"],
        "safe",
    )
    assert row.note == "ペット：犬1　体温36.8℃（参考値　機器：不明　気温：12℃）"
    for button, sentence, direction in (
        ("一時外出", "一時外出を記録しました", "report"),
        ("車中泊", "車中泊を記録しました", "in_car"),
        ("在宅避難", "在宅避難を記録しました", "shelter_at_home"),
        ("ほかの避難所から移ってきた", "移動を記録しました", "move"),
    ):
        scan(page, "C0041")
        page.get_by_role("checkbox", name="高橋 幸子").check()
        page.get_by_role("button", name=button).click()
        done(page, "高橋 幸子", sentence)
        unsent(page, 0)
        assert Sighting.objects.order_by("-clock")[0].direction == direction


def test_records_carried_by_hand_count_once(
    page: Page, browser: Browser, site: str, city: City, sign_in: SignIn, check_page: CheckPage,
    tmp_path: Path,
) -> None:  # fmt: skip
    """The network does not come back: a file on a stick; then it does, and nothing is doubled."""
    with browser.new_context(base_url=site, locale="ja-JP", accept_downloads=True) as away:
        desk = away.new_page()
        enrolled(desk)
        away.set_offline(True)
        for name in ("外来 一郎", "外来 二郎"):
            check_in_stranger(desk, name)
        desk.get_by_text("通信が戻らないとき", exact=True).click()
        with desk.expect_download() as saved:
            desk.get_by_role("button", name="ファイルに書き出す").click()
        saved.value.save_as(tmp_path / "outbox.json")
        expect(desk.locator("#export-said")).to_contain_text("2件を書き出しました")
        unsent(desk, 2)
        desk.get_by_role("button", name="QRコードで見せる").click()
        expect(desk.locator("#export-view svg")).to_be_visible()
        assert "外来" not in (tmp_path / "outbox.json").read_text()
        sign_in(page, Role.RECEPTION, name="受付 係")
        page.goto("/reception/carried/")
        page.get_by_label("受付端末が書き出したファイル").set_input_files(tmp_path / "outbox.json")
        page.get_by_role("button", name="取り込む").click()
        expect(page.get_by_role("status").first).to_contain_text("2件を取り込みました")
        check_page(page, "terminal-carried")
        assert Sighting.objects.count() == 2
        away.set_offline(False)
        unsent(desk, 0)
    assert Sighting.objects.count() == 2


def test_a_look_at_a_household_is_on_its_record_once_sent(page: Page, city: City) -> None:
    enrolled(page)
    page.context.set_offline(True)
    before = AccessEvent.objects.count()
    scan(page, "C0041")
    expect(page.get_by_role("checkbox", name="高橋 葵")).to_be_visible()
    page.keyboard.press("Escape")
    unsent(page, 0)
    page.context.set_offline(False)
    with page.expect_response("**/scans", timeout=SYNCED) as answer:
        page.evaluate("dispatchEvent(new Event('online'))")
    assert answer.value.json()["looks"] == 1
    seen = AccessEvent.objects.order_by("pk")[before:]
    assert {one.subject for one in seen} == {
        city.residents[name].pk for name in ("高橋 幸子", "高橋 翔", "高橋 葵")
    }
    assert {one.looker for one in seen} == {"terminal:T001"}


def test_a_stopped_terminal_shows_nobody_and_loses_nothing(page: Page, city: City) -> None:
    """Stolen and reported: the list and every name leave the screen; what it had recorded can be carried."""
    enrolled(page)
    scan(page, "C0011")
    page.get_by_role("button", name="印の人を受付する").click()
    done(page, "備 太郎")
    unsent(page, 0)
    page.context.set_offline(True)
    check_in_stranger(page, "外来 一郎")
    safety.revoke_terminal("T001", actor=OPERATOR)
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#net")).to_contain_text("この端末は止められています", timeout=SYNCED)
    expect(page.locator("#list")).to_have_text("名簿がありません")
    expect(page.locator("#recent")).not_to_contain_text("備 太郎")
    unsent(page, 1)
    kept = page.evaluate(
        """async () => {
          const ask = make => new Promise(done => { const asked = make(); asked.onsuccess = () => done(asked.result); });
          const db = await ask(() => indexedDB.open("sonae-reception-live"));
          const all = store => ask(() => db.transaction(store).objectStore(store).getAll());
          const rows = [...await all("box"), ...await all("meta")];
          return [JSON.stringify(rows), (await all("box")).length, await caches.keys()];
        }"""
    )
    text, count, caches = kept
    assert "備" not in text
    assert "外来" not in text
    assert count == 1
    assert all(name.startswith("sonae-device-live-") for name in caches)


DISK = """async () => {
  const ask = make => new Promise(done => { const asked = make(); asked.onsuccess = () => done(asked.result); });
  const db = await ask(() => indexedDB.open("sonae-reception-live"));
  const all = store => ask(() => db.transaction(store).objectStore(store).getAll());
  const flat = one => one instanceof CryptoKey ? ["KEY"] : one instanceof ArrayBuffer || ArrayBuffer.isView(one)
    ? [new TextDecoder().decode(one)] : one && typeof one === "object" ? Object.values(one).flatMap(flat) : [String(one)];
  return [...await all("box"), ...await all("meta")].flatMap(flat).join(" ");
}"""


def test_a_forgotten_pin_costs_the_list_and_no_record(
    page: Page, city: City, check_page: CheckPage
) -> None:
    """Recorded without a network, closed, the PIN gone: nothing readable on the disk, all of it on the server."""
    first = enrolled(page)
    page.context.set_offline(True)
    check_in_stranger(page, "外来 一郎")
    scan(page, "C0041")
    page.get_by_role("button", name="印の人を受付する").click()
    done(page, "高橋 幸子")
    page.get_by_role("button", name="画面をロック").click()
    expect(page.locator("main")).not_to_contain_text("高橋 幸子")
    unlock(page)
    expect(page.locator("#recent")).to_contain_text("高橋 幸子")
    page.evaluate("const real = Date.now; Date.now = () => real() + 16 * 60_000;")
    expect(page.locator("#shut")).to_be_visible(timeout=SYNCED)
    page.reload()
    unsent(page, 2)
    disk = page.evaluate(DISK)
    assert [
        word for word in ("備", "高橋", "外来", "C0041", "KEY", PIN, first) if word in disk
    ] == []
    for _wrong in range(6):
        page.locator("#pin-try").fill("123456")
        page.get_by_role("button", name="開く").click()
        expect(page.locator("#shut-said")).to_contain_text("PINが違います")
    expect(page.locator("#shut-said")).to_contain_text("30秒待って")
    page.reload()
    expect(page.locator("#shut-said")).to_contain_text("待ってから")
    expect(page.get_by_role("button", name="開く")).to_be_disabled()
    page.problems.clear()  # type: ignore[attr-defined]  # the browser reports the cut itself
    page.get_by_text("PINを忘れたとき").click()
    check_page(page, "terminal-locked")
    page.context.set_offline(False)
    _terminal, code = safety.enrol_terminal("F2", "受付1 あらため")
    page.get_by_role("button", name="登録し直す").click()
    page.locator("#token").fill(code)
    choose_pin(page, "111111")
    expect(page.locator("#enrol-said")).to_contain_text("6文字以上")
    choose_pin(page, "yama-77")
    expect(page.locator("#terminal")).to_contain_text("T002")
    unsent(page, 0)
    assert sorted(Sighting.objects.values_list("device", flat=True)) == ["T001", "T001"]
    assert safety.occupancy(city.facilities["F2"].pk).people == 2


def test_two_desks_cut_off_from_each_other_are_both_kept_and_flagged(
    page: Page, browser: Browser, site: str, city: City
) -> None:
    """One person is received at two places while neither hears of the other: a clerk decides."""
    with browser.new_context(base_url=site, locale="ja-JP") as far:
        other = far.new_page()
        enrolled(page)
        enrolled(other, "F1", name="受付2")
        for desk in (page, other):
            desk.context.set_offline(True)
            scan(desk, token("R0011"))
            desk.keyboard.press("Enter")
            done(desk, "受付しました" if desk is other else "備 太郎")
        for desk in (other, page):
            desk.context.set_offline(False)
            desk.evaluate("dispatchEvent(new Event('online'))")
            unsent(desk, 0)
    assert Sighting.objects.filter(direction="in", refusal="").count() == 2
    assert PersonState.objects.get(resident=city.residents["備 太郎"].pk).conflict


def test_a_terminal_is_locked_unlocked_and_wiped_by_order(page: Page, city: City) -> None:
    """Each order is carried out when the device next hears from the server; what it held is sent first.

    The link that enrols works where the page is open already.
    """
    page.goto(DEVICE)
    enrolled(page)

    def told(verb: str) -> None:
        safety.command(ADMINISTRATOR, ["T001"], verb)
        _known.clear()
        page.evaluate("dispatchEvent(new Event('online'))")

    told("lock")
    expect(page.locator("#net")).to_contain_text("この端末は止められています", timeout=SYNCED)
    expect(page.locator("#desk")).to_be_hidden()
    expect(page.locator("#list")).to_have_text("名簿がありません")
    told("unlock")
    expect(page.locator("#desk")).to_be_visible(timeout=SYNCED)
    page.context.set_offline(True)
    check_in_stranger(page, "外来 一郎")
    page.context.set_offline(False)
    told("wipe")
    expect(page.get_by_role("button", name="登録する")).to_be_visible(timeout=SYNCED)
    expect(page.locator("#enrol-said")).to_contain_text("すべて消しました")
    assert Sighting.objects.count() == 1
    for _waiting in range(100):
        if safety.fleet(ADMINISTRATOR)[0].troubles == ("wiped",):
            break
        page.wait_for_timeout(100)
    assert safety.fleet(ADMINISTRATOR)[0].troubles == ("wiped",), "the device says that it did"
    page.reload()
    expect(page.get_by_role("button", name="登録する")).to_be_visible()


def test_a_page_left_open_says_that_the_device_was_enrolled_anew_elsewhere(
    page: Page, city: City
) -> None:
    """The code is opened in a new tab: the old one records nothing, says so, and works on by the new PIN."""
    # It hears of nothing by itself: what it says, it says when somebody is received.
    page.add_init_script(
        "const later = setTimeout; setTimeout = (what, ms, ...more) => ms > 2_000 ? 0 : later(what, ms, ...more);"
    )
    enrolled(page)
    second = page.context.new_page()
    _known.clear()
    _terminal, code = safety.enrol_terminal("F2", "受付1 あらため")
    second.goto(f"{DEVICE}#enrol={code}")
    choose_pin(second, "yama-77")
    expect(second.locator("#terminal")).to_contain_text("T002")
    expect(second.locator("#list")).to_contain_text("名簿 ")
    page.locator("#new").evaluate("box => { box.open = true; }")
    page.get_by_label("氏名かフリガナ").fill("外来 一郎")
    page.keyboard.press("Enter")
    expect(page.locator("#shut-said")).to_contain_text("記録できませんでした")
    expect(page.locator("#desk")).to_be_hidden()
    unlock(page, "yama-77")
    expect(page.locator("#terminal")).to_contain_text("T002")
    check_in_stranger(page, "外来 一郎")
    unsent(page, 0)
    assert list(Sighting.objects.values_list("device", flat=True)) == ["T002"]
    second.close()


def test_an_answer_that_cannot_be_read_ends_no_talking(page: Page, city: City) -> None:
    """What a portal or a broken proxy answers is "away"; the next round finds the server again by itself."""
    page.add_init_script(
        "const later = setTimeout; setTimeout = (what, ms, ...more) => later(what, ms / 10, ...more);"
    )
    page.route("**/desk", lambda route: route.fulfill(body="<html>Wi-Fi login</html>"))
    enrolled(page)
    expect(page.locator("#net")).to_contain_text("サーバーにつながりません")
    check_in_stranger(page, "外来 一郎")
    page.unroute("**/desk")
    expect(page.locator("#net")).to_have_text("サーバーにつながっています", timeout=SYNCED)
    unsent(page, 0)
    assert Sighting.objects.count() == 1


def test_a_stopped_terminal_deletes_its_list_behind_a_locked_screen(page: Page, city: City) -> None:
    enrolled(page)
    page.get_by_role("button", name="画面をロック").click()
    expect(page.locator("#shut")).to_be_visible()
    assert "list" in page.evaluate(META)
    safety.revoke_terminal("T001", actor=OPERATOR)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#net")).to_contain_text("この端末は止められています", timeout=SYNCED)
    page.wait_for_function(f"({META})().then(keys => !keys.includes('list'))")


META = """async () => {
  const ask = make => new Promise(done => { const asked = make(); asked.onsuccess = () => done(asked.result); });
  const db = await ask(() => indexedDB.open("sonae-reception-live"));
  const keys = await ask(() => db.transaction("meta").objectStore("meta").getAllKeys());
  db.close();
  return keys;
}"""
