"""施設の一覧 in the browser: sent, looked at, agreed to, set beside the national list, settled."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from sonae.domains.shelters import interface as shelters
from sonae.engines.shelters.columns import NATIONAL_FLAGS, STANDARD
from sonae.platform.access import Role
from tests.fixtures import OPERATOR, City

from .conftest import CheckPage, SignIn

HOME = "/staff/shelters/table/"


def line(place: shelters.Place, **over: str) -> dict[str, str]:
    """A facility in force as a line of the standard table."""
    cells = dict.fromkeys(STANDARD, "")
    for hazard, name in NATIONAL_FLAGS.items():
        cells["災害種別_" + name] = {"yes": "1", "no": "×"}.get(place.designated(hazard), "")
    cells |= {
        "ID": place.facility.public_id, "名称": place.facility.name,
        "緯度": str(place.facility.latitude), "経度": str(place.facility.longitude),
        "指定避難所との重複": "1" if place.shelter else "",
        "想定収容人数": "" if place.capacity is None else str(place.capacity),
    }  # fmt: skip
    return cells | over


def saved(path: Path, lines: list[dict[str, str]]) -> Path:
    """The lines as a file in Shift_JIS, as many cities send it."""
    held = io.StringIO()
    writer = csv.DictWriter(held, STANDARD)
    writer.writeheader()
    writer.writerows(lines)
    path.write_bytes(held.getvalue().encode("cp932"))
    return path


def send(page: Page, file: Path, *, compare: bool = False) -> None:
    """Send a list by the form."""
    page.goto(HOME)
    page.locator("#files").set_input_files(str(file))
    if compare:
        page.get_by_label("国の一覧").check()
        page.get_by_label("いまの一覧とくらべるだけ").check()
    page.get_by_role("button", name="送って、確かめる").click()


def test_a_list_is_sent_looked_at_and_agreed_to(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage, tmp_path: Path
) -> None:
    sign_in(page, Role.OPERATOR)
    page.goto("/staff/shelters/")
    page.get_by_role("link", name=re.compile("施設の一覧を更新する")).click()
    expect(page.get_by_text("まだ一覧を受け取っていません")).to_be_visible()
    check_page(page, "staff-table")
    empty = tmp_path / "daily.csv"
    empty.write_bytes(b"")
    send(page, empty)
    expect(page.get_by_text("最後に届いた一覧は読めませんでした")).to_be_visible()
    shelters.set_state(OPERATOR, city.facilities["F4"].pk, "open")
    places = [p for p in shelters.places() if p.facility.public_id != "F4"]
    lines = [line(one) for one in places]
    lines[0] |= {"想定収容人数": "屋内1,371人／屋外5,470人（面積の1/2）"}
    lines.append(dict.fromkeys(STANDARD, "") | {"名称": "ドロップされたピン"})
    send(page, saved(tmp_path / "city.csv", lines))
    expect(page.get_by_role("heading", name="届いた一覧を確かめる")).to_be_visible()
    expect(page.get_by_text("中央公園").first).to_be_visible()
    expect(page.get_by_text("収容人数が2倍近く")).to_be_visible()
    expect(page.get_by_text("6,841").first).to_be_visible()
    expect(page.get_by_text("仮の名称").first).to_be_visible()
    check_page(page, "staff-table-preview")
    with page.expect_download() as download:
        page.get_by_role("link", name="すべての欠陥を保存する").click()
    assert "屋内1,371人" in Path(download.value.path()).read_text("utf-8")
    for box in page.locator("input[name=agreed]").all():
        box.check()
    page.get_by_role("button", name="この一覧を使う").click()
    expect(page.get_by_text("この一覧を使い始めました")).to_be_visible()
    expect(page.get_by_text("使用中なので残した施設：中央公園")).to_be_visible()
    held = {p.facility.public_id: p for p in shelters.places()}
    assert held["F1"].capacity == 6841 and held["F4"].hazards == ["flood"]


def test_the_two_lists_are_settled_one_by_one_on_a_phone_without_javascript(
    plain: Page, phone: Page, city: City, sign_in: SignIn, check_page: CheckPage, tmp_path: Path
) -> None:
    sign_in(plain, Role.OPERATOR)
    plain.goto(f"{HOME}compare/")
    expect(plain.get_by_text("くらべる一覧がまだありません").first).to_be_visible()
    lines = [line(one) for one in shelters.places() if one.site]
    flood = "災害種別_洪水"
    changed = next(one for one in lines if one["ID"] == "F2")
    changed |= {flood: "×", "想定収容人数": "471"}
    send(plain, saved(tmp_path / "national.csv", lines), compare=True)
    expect(plain.get_by_role("heading", name="国と市の一覧の照合")).to_be_visible()
    plain.get_by_label("理由").first.fill("県に確かめた")
    plain.get_by_role("button", name=re.compile("国を採る.*高台中学校 洪水")).click()
    expect(plain.get_by_text("記録しました：高台中学校")).to_be_visible()
    plain.get_by_role("button", name=re.compile("両方を記す.*高台中学校 収容人数")).click()
    held = {p.facility.public_id: p for p in shelters.places()}
    assert "flood" not in held["F2"].hazards and held["F2"].capacity == 200
    sign_in(phone, Role.VIEWER)
    phone.goto(f"{HOME}compare/?view=settled")
    expect(phone.get_by_text("両方を記す").first).to_be_visible()
    expect(phone.get_by_role("button", name=re.compile("国を採る"))).to_have_count(0)
    check_page(phone, "staff-table-compare-phone")
    phone.goto(f"/staff/shelters/{held['F2'].facility.pk}/")
    expect(phone.get_by_text("国と市の一覧の相違について決めたこと")).to_be_visible()
    check_page(phone, "staff-shelter-noted-phone")


def test_a_site_in_its_own_hazard_is_listed(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage, tmp_path: Path
) -> None:
    """F4, 中央公園, is designated for floods; the layer draws it dry, and F1 wet but not designated."""
    sign_in(page, Role.OPERATOR)
    page.goto(f"{HOME}danger/")
    expect(page.get_by_text("食い違いは見つかりませんでした")).to_be_visible()
    expect(page.get_by_text("津波").first).to_be_visible()
    lines = [line(one) for one in shelters.places() if one.site or one.shelter]
    next(one for one in lines if one["ID"] == "F1")["災害種別_洪水"] = "1"
    send(page, saved(tmp_path / "city.csv", lines))
    for box in page.locator("input[name=agreed]").all():
        box.check()
    page.get_by_role("button", name="この一覧を使う").click()
    page.get_by_role("link", name=re.compile("危険区域の中にある施設を見る")).click()
    expect(page.get_by_role("link", name="第一小学校")).to_be_visible()
    check_page(page, "staff-table-danger")
