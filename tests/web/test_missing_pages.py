"""The list of those not accounted for over HTTP: filters, files, what is handed to the fire brigade."""

from __future__ import annotations

import io

import openpyxl
import pytest

from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.residents.interface import Household
from sonae.domains.safety import interface as safety
from sonae.platform.access import Role
from sonae.web import tablefile
from tests.domains.safety.test_ledger import sighting, warn
from tests.fixtures import APPROVER, OPERATOR, City
from tests.web.test_staff_pages import signed_in

pytestmark = pytest.mark.django_db


def test_the_list_is_narrowed_and_says_who_is_not_on_it(city: City) -> None:
    warn(4)
    client = signed_in(Role.VIEWER)
    page = client.get("/staff/safety/?need=registrant").content.decode()
    assert "備 太郎" in page and "渡邉 実" not in page
    assert "支援措置を受けている人は、この人数にも名簿にも入りません" in page
    place = city.facilities["F2"].pk
    for query in (
        f"shelter={place}", "silent=6", "need=nonsense&shelter=x&silent=1&town=9&page=0",
        "shelter=99999999999999999999", "zone=unknown&own=1",
    ):  # fmt: skip
        assert client.get(f"/staff/safety/?{query}").status_code == 200
    assert "佐藤" not in client.get("/staff/safety/?zone=unknown").content.decode()


def test_both_files_hold_the_same_and_compute_nothing(city: City) -> None:
    warn(4)
    safety.record(
        [sighting(city, "備 太郎", None, "report", status="unknown", place="=cmd|' /C calc'!A0")]
    )
    home = city.residents["備 太郎"].household
    type(home).objects.filter(pk=home.pk).update(address="\ue000町\x071番地")
    client = signed_in(Role.OPERATOR)
    text = client.get("/staff/safety/csv/").content.decode("utf-8-sig")
    assert "'=cmd|" in text and "外字・〓のある行：3" in text and "\x07" not in text
    answer = client.get("/staff/safety/xlsx/")
    assert answer["Content-Disposition"].endswith('.xlsx"')
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    rows = list(sheet.iter_rows())
    assert len(rows) == len(text.strip().splitlines())
    cells = [cell for row in rows for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n"}, "no formula"
    assert any(cell.value == "=cmd|' /C calc'!A0" for cell in cells)
    assert any("\ue000" in str(cell.value) for cell in cells), "the city's own letters stay"
    assert "佐藤" not in text and "佐藤" not in str([cell.value for cell in cells])
    assert Household.objects.filter(pk=home.pk).exists()


def test_a_workbook_too_long_is_refused_with_what_to_do() -> None:
    rows = ([number] for number in range(tablefile.MOST_XLSX + 1))
    with pytest.raises(SonaeError) as refused:
        tablefile.as_file("xlsx", "x", "題", ["数"], rows)
    assert refused.value.code == "too_large" and "CSV" in (refused.value.hint or "")


def test_the_fire_brigades_page_gives_nothing_without_a_ground(city: City) -> None:
    warn(4)
    client = signed_in(Role.OPERATOR)
    assert "渡せるのは、市の条例で" in client.get("/staff/safety/brigade/").content.decode()
    empty = client.get("/staff/safety/brigade/?show=1").content.decode()
    assert "いま渡せる人はいません" in empty and "備 太郎" not in empty
    drafted = consent.declare_sharing(OPERATOR, "洪水", ["name", "address", "phone"], 24)
    consent.approve_sharing(APPROVER, drafted.pk)
    asked = client.get("/staff/safety/brigade/").content.decode()
    assert "備 太郎" not in asked, "nothing is handed over before it is asked for"
    page = client.get("/staff/safety/brigade/?show=1&body=消防機関").content.decode()
    assert "備 太郎" in page and "山﨑 清" in page and "渡邉" not in page
    assert consent.AccessEvent.objects.filter(recipient="消防機関", decision="permit").count() == 2
    for role in (Role.VIEWER, Role.RECEPTION, Role.RESIDENT):
        assert signed_in(role).get("/staff/safety/brigade/?show=1").status_code == 403
