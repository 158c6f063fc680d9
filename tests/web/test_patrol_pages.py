"""Patrol sheets over HTTP: made, printed, typed whole or line by line, mended, refused."""

from __future__ import annotations

import re

import pytest

from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import PatrolLine, Sighting
from sonae.platform.access import Role
from sonae.platform.models import AuditEntry
from tests.domains.safety.test_ledger import warn
from tests.fixtures import City
from tests.web.test_staff_pages import signed_in

pytestmark = pytest.mark.django_db


def test_a_sheet_from_making_to_the_last_line(city: City) -> None:
    client = signed_in(Role.OPERATOR)
    assert "まだ票を作っていません" in client.get("/staff/patrol/").content.decode()
    warn(4)
    town = city.towns["西町"].pk
    made = client.post("/staff/patrol/make/", {"town": town, "need": "", "walker": "第3班"})
    address = made["Location"]
    page = client.get(address).content.decode()
    assert "備 太郎" in page and "要介護３" in page
    lines = list(PatrolLine.objects.order_by("place"))
    fields = {f"r{lines[0].pk}": "１", f"n{lines[0].pk}": "2階", f"r{lines[1].pk}": "7"}
    wrong = client.post(f"{address}report/", fields)
    assert wrong.status_code == 422 and Sighting.objects.count() == 0
    body = wrong.content.decode()
    assert (
        'value="2階"' in body
        and 'aria-invalid="true"' in body
        and "まだ何も記録していません" in body
    )
    fields[f"r{lines[1].pk}"] = "3"
    done = client.post(f"{address}report/", fields, follow=True).content.decode()
    assert "2人の結果を記録しました" in done and "家にいて無事" in done
    again = client.post(f"{address}report/", {}, follow=True).content.decode()
    assert "0人の結果を記録しました" in again
    undone = client.post(f"{address}undo/", {"line": lines[0].pk}, follow=True).content.decode()
    assert "まだ確認できていません" in undone
    assert (
        "この操作はありません" in client.post(f"{address}nonsense/", follow=True).content.decode()
    )
    client.post(f"{address}end/")
    assert safety.sheets(safety_viewer())[0].state == "ended"
    assert AuditEntry.objects.filter(action__startswith="patrol.").count() == 3


def safety_viewer() -> object:
    from tests.fixtures import VIEWER

    return VIEWER


def test_a_line_is_answered_by_its_number(city: City) -> None:
    warn(4)
    client = signed_in(Role.OPERATOR)
    client.post("/staff/patrol/make/", {"town": city.towns["西町"].pk})
    line = PatrolLine.objects.order_by("place").first()
    assert line is not None
    code = f"{line.code[:4]}-{line.code[4:]}".lower()
    page = client.get("/staff/patrol/line/", {"code": code}).content.decode()
    assert line.resident.name in page and page.count('name="result"') == 5
    told = client.post(
        "/staff/patrol/line/", {"code": code, "result": "2", "note": "腕"}, follow=True
    )
    assert "記録しました" in told.content.decode()
    assert Sighting.objects.get().status == "injured"
    for wrong in ("", "zzz", "<script>", "あ" * 8):
        answer = client.get("/staff/patrol/line/", {"code": wrong})
        assert answer.status_code == (200 if not wrong else 422)
        assert "<script>" not in re.sub(
            r"<script (type|src).*?</script>", "", answer.content.decode()
        )
    bad = client.post("/staff/patrol/line/", {"code": code, "result": "9"})
    assert bad.status_code == 422 and Sighting.objects.count() == 1


def test_the_paper_holds_names_and_opaque_numbers(city: City) -> None:
    warn(4)
    client = signed_in(Role.OPERATOR)
    made = client.post("/staff/patrol/make/", {"town": city.towns["東町"].pk})
    answer = client.get(f"{made['Location']}pdf/")
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF")
    assert "patrol-001.pdf" in answer["Content-Disposition"]
    assert AuditEntry.objects.get(action="patrol.printed").detail == {"lines": 2}


def test_only_operators_make_see_and_answer(city: City) -> None:
    warn(4)
    operator = signed_in(Role.OPERATOR)
    made = operator.post("/staff/patrol/make/", {"town": city.towns["西町"].pk})
    viewer = signed_in(Role.VIEWER)
    assert viewer.get("/staff/patrol/").status_code == 200
    for path in (made["Location"], f"{made['Location']}pdf/", "/staff/patrol/line/?code=x"):
        assert viewer.get(path).status_code == 403
    for client in (signed_in(Role.RECEPTION), signed_in(Role.RESIDENT)):
        assert client.get("/staff/patrol/").status_code == 403
    assert operator.get(f"{made['Location']}end/").status_code in (400, 405)
    assert (
        "登録されていません"
        in operator.post("/staff/patrol/make/", {"town": "x"}, follow=True).content.decode()
    )
