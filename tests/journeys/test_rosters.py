"""名簿 in the browser: thirty lines typed and taken over, one reviewed by keys and undone, on a phone too."""

from __future__ import annotations

import io
import re

from PIL import Image
from playwright.sync_api import Page, expect

from sonae.core import clock
from sonae.domains.rosters import interface as rosters
from sonae.domains.rosters.interface import MatchQuestion, Roster, RosterLine
from sonae.domains.safety import interface as safety
from sonae.platform.access import Role
from tests.fixtures import City

from .conftest import CheckPage, SignIn

HOME = "/staff/rosters/"


def match_now(roster: Roster) -> None:
    """Do what the worker would do."""
    run = rosters.run_of(roster.pk)
    assert run is not None
    rosters.work_out(run.pk)


def ask_about(city: City, line: RosterLine) -> None:
    """Let the desk ask about one line, with two candidates."""
    MatchQuestion.objects.update(state="settled")
    MatchQuestion.objects.update_or_create(
        visitor=line.visitor, kind="register",
        defaults={
            "state": "open", "asked_at": clock.now(),
            "candidates": [
                {
                    "person": city.residents[name].pk, "probability": share, "levels": {},
                    "why": ["姓の読みが同じ", "町名が同じ"],
                    "weights": {"surname": 6.1, "given": -2.5, "birth": 0.0, "address": 4.0},
                }
                for name, share in (("高橋 幸子", 0.61), ("高橋 葵", 0.31))
            ],
        },
    )  # fmt: skip


def photograph() -> dict[str, object]:
    out = io.BytesIO()
    Image.new("RGB", (900, 600), "#f4f0e6").save(out, "JPEG")
    return {"name": "paper.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def test_thirty_lines_are_typed_taken_over_and_one_is_reviewed_by_keys(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    sign_in(page, Role.OPERATOR)
    page.goto(HOME)
    expect(page.get_by_text("名簿はまだ届いていません")).to_be_visible()
    check_page(page, "staff-rosters-empty")
    page.get_by_role("link", name="入力を始める").click()
    page.get_by_label("どこの名簿か").select_option(label="第一小学校")
    page.get_by_role("button", name="表を開く").click()
    page.get_by_text("紙の写真").first.click()
    page.locator("#pictures").set_input_files(files=[photograph()])  # type: ignore[list-item]
    page.get_by_role("button", name="加える", exact=True).click()
    expect(page.get_by_alt_text("紙の写真 1枚目")).to_be_visible()
    name = page.get_by_role("textbox", name="1 氏名", exact=True)
    name.fill("備 太郎")
    name.press("Enter")
    page.keyboard.type("そなえ たろう")
    for _column in range(6):
        page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="1 備考", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="2 世帯・カード番号", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("〃 花子")
    page.keyboard.press("ArrowUp")
    expect(name).to_be_focused()
    page.get_by_role("textbox", name="2 住所", exact=True).press("Control+d")
    third = page.get_by_role("textbox", name="3 氏名", exact=True)
    third.focus()
    rows = "\n".join(f"高橋 {n}子\tたかはし {n}こ\t女" for n in range(3, 31))
    page.evaluate(
        """rows => { const data = new DataTransfer(); data.setData("text", rows);
        document.activeElement.dispatchEvent(new ClipboardEvent("paste",
        {clipboardData: data, bubbles: true, cancelable: true})); }""",
        rows,
    )
    expect(page.get_by_role("textbox", name="30 氏名", exact=True)).to_have_value("高橋 30子")
    check_page(page, "staff-roster-type")
    page.get_by_role("button", name="確かめる").click()
    expect(page.get_by_text("30人を、この場所にいた人として記録します")).to_be_visible()
    check_page(page, "staff-roster-waiting")
    page.get_by_role("button", name="取り込む", exact=True).click()
    expect(page.get_by_text("照合の順番を待っています")).to_be_visible()
    roster = Roster.objects.get()
    match_now(roster)
    expect(page.get_by_text("住民に見つからない")).to_be_visible(timeout=15_000)
    check_page(page, "staff-roster-matched")
    assert safety.occupancy(city.facilities["F1"].pk).people == 30
    _review(page, city, check_page)


def _review(page: Page, city: City, check_page: CheckPage) -> None:
    line = RosterLine.objects.get(name="高橋 5子")
    ask_about(city, line)
    page.goto("/staff/review/")
    expect(page.get_by_role("heading", name="この人は、住民のだれですか")).to_be_visible()
    expect(page.locator("mark", has_text="幸").first).to_be_visible()
    expect(page.get_by_text("同じ世帯の人").first).to_be_visible()
    page.get_by_text("手がかりの重み").first.click()
    expect(page.get_by_role("rowheader", name="合計").first).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_text("候補の間を動く")).to_be_visible()
    check_page(page, "staff-review")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("2")
    expect(page.get_by_text("同じ人として記録しました")).to_be_visible()
    assert safety.links_of([line.visitor_id or 0])[line.visitor_id or 0].resident_id == (
        city.residents["高橋 葵"].pk
    )
    page.keyboard.press("u")
    expect(page.get_by_text("取り消しました。すべて、答える前に戻っています")).to_be_visible()
    assert safety.links_of([line.visitor_id or 0]) == {}
    page.get_by_text("キーの使い方").click()
    page.get_by_label("1文字のキーを使う").uncheck()
    page.keyboard.press("0")
    expect(page.get_by_role("heading", name="この人は、住民のだれですか")).to_be_visible()
    page.get_by_role("button", name=re.compile("だれでもない")).click()
    expect(page.get_by_text("いま確かめる行はありません")).to_be_visible()
    check_page(page, "staff-review-done")


def test_on_a_phone_without_javascript(
    plain: Page, phone: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    sign_in(plain, Role.OPERATOR)
    plain.goto(f"{HOME}new/")
    plain.get_by_label("どこの名簿か").select_option(label="第一小学校")
    plain.get_by_role("button", name="表を開く").click()
    plain.get_by_role("textbox", name="1 氏名", exact=True).fill("高橋 五子")
    plain.get_by_role("button", name="途中まで保存").click()
    expect(plain.get_by_role("textbox", name="11 氏名", exact=True)).to_have_count(1)
    plain.get_by_role("button", name="確かめる").click()
    plain.get_by_role("button", name="取り込む", exact=True).click()
    ask_about(city, RosterLine.objects.get())
    plain.goto("/staff/review/")
    plain.get_by_role("button", name=re.compile("あとで聞く")).click()
    expect(plain.get_by_text("あとでもう一度聞きます")).to_be_visible()
    MatchQuestion.objects.update(due_at=1.0)
    sign_in(phone, Role.OPERATOR)
    phone.goto("/staff/review/")
    check_page(phone, "staff-review-phone")
    phone.get_by_role("button", name="1 この人").click()
    expect(phone.get_by_text("同じ人として記録しました")).to_be_visible()
    phone.goto("/staff/visitors/")
    expect(phone.get_by_text("いま、来訪者はいません")).to_be_visible()
    check_page(phone, "staff-visitors-phone")
    phone.goto("/staff/review/weights/")
    check_page(phone, "staff-weights-phone")
    phone.goto(f"{HOME}{Roster.objects.get().pk}/type/")
    phone.goto(f"{HOME}new/")
    check_page(phone, "staff-roster-begin-phone")
