"""家族からの申し出: what a family says becomes hearsay in the ledger, with who said it and how that was checked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.ids import uuid7
from sonae.domains.exchange.interface import SafetyRequest
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import Sighting, Visitor
from sonae.platform.access import SYSTEM, Role
from sonae.web import words
from tests.fixtures import City
from tests.web.test_inquiries_pages import act, ask
from tests.web.test_orders_pages import signed_in

pytestmark = pytest.mark.django_db
FORM = {
    "teller": "備 和子", "relation": "長女", "contact": "090-1111-2222", "check": "call_back",
    "status": "safe", "direction": "elsewhere", "place": "大阪の長女の家", "note": "薬は足りている",
}  # fmt: skip


def post(client: Client, path: str, **over: str) -> tuple[int, str]:
    answer = client.post(path, {**FORM, "form": str(uuid7()), **over}, follow=True)
    return answer.status_code, answer.content.decode()


def test_a_family_tells_of_a_resident_who_is_then_accounted_for_by_hearsay(city: City) -> None:
    taro = city.residents["備 太郎"].pk
    path = f"/staff/people/r{taro}/family/"
    client = signed_in(Role.OPERATOR)
    assert 'href="family/"' in client.get(f"/staff/people/r{taro}/").content.decode()
    seen = clock.now() - timedelta(hours=3)
    at = seen.astimezone(JST).strftime("%Y-%m-%dT%H:%M")
    key = str(uuid7())
    status, page = post(client, path, at=at, form=key)
    assert status == 200 and "申し出を記録しました" in page
    assert (
        "備 和子（長女、090-1111-2222、登録の番号に電話をかけ直して確かめた）：薬は足りている"
        in page
    )
    row = Sighting.objects.get()
    assert (row.source, row.direction, row.place) == ("family", "elsewhere", "大阪の長女の家")
    assert abs(row.occurred_at - seen) < timedelta(minutes=1)
    assert safety.hearsay([taro]) == {f"r{taro}": "family"}
    post(client, path, at=at, form=key)
    assert Sighting.objects.count() == 1, "the same form twice is once"
    safety.report_self([taro], "injured", actor=SYSTEM)
    assert safety.state_of([taro])[taro].status == "injured", "the own word since wins"


@pytest.mark.parametrize(
    ("over", "told"),
    [({"teller": " "}, "申し出た人の名前"), ({"relation": ""}, "続柄"), ({"check": "x"}, "どう確かめたか"),
     ({"status": ""}, "安否"), ({"place": ""}, "どこにいるか"), ({"form": "x"}, "開いてやり直して"),
     ({"at": "2999-01-01T00:00"}, "いまより後")],
)  # fmt: skip
def test_what_is_missing_is_said_and_what_was_typed_stays(
    city: City, over: dict[str, str], told: str
) -> None:
    path = f"/staff/people/r{city.residents['備 太郎'].pk}/family/"
    status, page = post(signed_in(Role.OPERATOR), path, **over)
    assert status == 422 and told in page and "薬は足りている" in page
    assert not Sighting.objects.exists()


def test_somebody_found_nowhere_becomes_a_visitor_with_the_statement(city: City) -> None:
    client = signed_in(Role.OPERATOR)
    search = client.get("/staff/people/", {"q": "旅野"}).content.decode()
    [link] = re.findall(r'href="(/staff/family/\?name=[^"]+)"', search)
    assert 'value="旅野"' in client.get(link).content.decode()
    status, page = post(client, "/staff/family/", name="", kana="")
    assert status == 422 and "だれのことか" in page
    status, page = post(
        client, "/staff/family/", name="旅野 人美", kana="タビノ ヒトミ", birth_date="1988-02-02"
    )
    assert status == 200 and "旅野 人美" in page and "備 和子（長女" in page
    visitor = Visitor.objects.get()
    assert (visitor.name, visitor.birth_date) == ("旅野 人美", "1988-02-02")


def test_an_inquiring_family_that_knows_is_taken_down_with_what_it_said_already(city: City) -> None:
    taro = city.residents["備 太郎"].pk
    ask("備 太郎")
    client = signed_in(Role.OPERATOR)
    pk = SafetyRequest.objects.get().pk
    act(client, pk, "choose", key=f"r{taro}")
    page = act(client, pk, "identify", identity="licence")
    [link] = re.findall(r'href="(/staff/people/r\d+/family/\?inquiry=\d+)"', page)
    form = client.get(link).content.decode()
    assert 'value="備 梅"' in form and 'value="おば"' in form
    assert re.search(r'value="document" required checked', form)


def test_it_is_for_operators_and_nobody_shielded_is_there(city: City) -> None:
    taro, mamoru = city.residents["備 太郎"].pk, city.residents["佐藤 守"].pk
    for role in (Role.VIEWER, Role.RECEPTION):
        client = signed_in(role)
        for path in ("/staff/family/", f"/staff/people/r{taro}/family/"):
            assert client.get(path).status_code == 403
            assert client.post(path, FORM).status_code == 403
    client = signed_in(Role.OPERATOR)
    nobody = client.get("/staff/people/r99999999/family/")
    shielded = client.get(f"/staff/people/r{mamoru}/family/")
    assert nobody.status_code == shielded.status_code == 404
    assert client.get("/staff/family/?inquiry=99999999").status_code == 404
    assert set(words.TELLER_CHECKS) == set(safety.CHECKS)
