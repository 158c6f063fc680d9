"""The register on the screen: a file sent, its columns chosen, looked at, agreed to, a person's history."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from sonae.domains.residents.interface import Resident
from sonae.platform.access import Role
from tests.domains.residents.test_editions import rows_now, table
from tests.fixtures import City

from .conftest import CheckPage, SignIn

HOME = "/staff/register/"


def test_a_file_becomes_the_register(
    page: Page, phone: Page, city: City, sign_in: SignIn, check_page: CheckPage, tmp_path: Path
) -> None:
    rows = rows_now()
    rows[0][2] = "備 太朗"
    rows[5][7] = "知らない町1"
    rows.append(["", "1", "番号 なし", "バンゴウ", "", "", "", "西町1", ""])
    heads = [
        "住民ID",
        "世帯番号",
        "なまえ",
        "フリガナ",
        "生年月日",
        "性別",
        "続柄",
        "住所",
        "電話番号",
    ]
    file = tmp_path / "juki.csv"
    file.write_bytes(table(rows, heads, "cp932"))
    sign_in(page, Role.ADMINISTRATOR)
    page.goto(HOME)
    check_page(page, "staff-register")
    page.locator("#file").set_input_files(str(file))
    page.get_by_role("button", name="送って、確かめる").click()
    expect(page.get_by_role("heading", name="列の対応づけ")).to_be_visible()
    check_page(page, "staff-register-columns")
    page.get_by_label("なまえ").select_option(label="氏名")
    page.get_by_role("button", name="この対応づけで読む").click()
    expect(page.get_by_role("heading", name="届いたファイルを確かめる")).to_be_visible()
    for text in ("備 太朗", "町名を読めない住所", "番号がない"):
        expect(page.get_by_text(text).first).to_be_visible()
    check_page(page, "staff-register-preview")
    for box in page.locator("input[name=agreed]").all():
        box.check()
    page.get_by_role("button", name="反映する").click()
    expect(page.get_by_text("反映しました")).to_be_visible()
    sign_in(phone, Role.OPERATOR)
    phone.goto(f"{HOME}people/")
    phone.get_by_label("氏名・フリガナ・生年月日・カード番号").fill("さいとう")
    phone.get_by_role("button", name="さがす").click()
    phone.get_by_role("link", name=re.compile("斎藤 健")).click()
    expect(phone.get_by_text("家の正しい位置が分かりません")).to_be_visible()
    check_page(phone, "staff-register-person-phone")


def test_a_plan_is_written_without_javascript(
    plain: Page, phone: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    one = Resident.objects.get(name="山﨑 清")
    sign_in(plain, Role.OPERATOR)
    plain.goto(f"{HOME}roster/")
    plain.get_by_role("link", name="山﨑 清").click()
    plain.get_by_label("避難施設その他の避難場所").fill("福祉会館")
    plain.get_by_label("氏名又は名称").fill("山田 花")
    plain.get_by_role("button", name="保存する").click()
    expect(plain.get_by_text("保存しました")).to_be_visible()
    plain.get_by_role("form", name="消防機関").get_by_role("button", name="同意を記録").click()
    expect(plain.get_by_text("記録しました").first).to_be_visible()
    sign_in(phone, Role.OPERATOR)
    phone.goto(f"{HOME}roster/{one.pk}/")
    expect(phone.get_by_label("氏名又は名称").first).to_have_value("山田 花")
    check_page(phone, "staff-register-entry-phone")
    phone.goto(f"{HOME}roster/")
    check_page(phone, "staff-register-roster-phone")
