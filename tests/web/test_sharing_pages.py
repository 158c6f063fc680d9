"""緊急時の名簿提供 over HTTP: declared, decided by another, in force on every page, ended, all on record."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import AccessEvent, EmergencySharing
from sonae.domains.residents.interface import Resident
from sonae.platform.access import Role
from tests.fixtures import City
from tests.web.test_orders_pages import signed_in

pytestmark = pytest.mark.django_db
HOME = "/staff/sharing/"
FORM = {
    "reason": "備川がはん濫し、西町の救助に要る",
    "body": ["消防機関", "警察"],
    "kind": ["address", "phone", "needs"],
    "hours": "12",
}


def declared(client: Client, **more: object) -> int:
    answer = client.post(HOME, {**FORM, **more})
    assert answer.status_code == 302, answer.content.decode()
    return int(answer["Location"].rstrip("/").rsplit("/", 1)[1])


def roster(client: Client, city: City, body: str = "消防機関") -> int:
    town = city.towns["西町"].pk
    return client.get(f"/staff/register/roster/pdf/?town={town}&body={body}").status_code


def test_from_the_declaration_to_the_end(city: City) -> None:
    operator, approver = signed_in(Role.OPERATOR), signed_in(Role.APPROVER)
    pk = declared(operator)
    page = operator.get(f"{HOME}{pk}/").content.decode()
    assert "起案した人は決裁できません" in page and "決裁して、始める" not in page
    assert "決裁を待っています" in approver.get("/staff/").content.decode()
    assert roster(operator, city) == 302, "a draft hands nothing out"
    assert "決裁して、始める" in approver.get(f"{HOME}{pk}/").content.decode()
    approver.post(f"{HOME}{pk}/approve/")
    for path in ("/staff/", "/staff/safety/brigade/", "/staff/orders/"):
        assert "まで続いています" in operator.get(path).content.decode(), path
    assert roster(operator, city) == 200
    assert roster(operator, city, "社会福祉協議会") == 302, "not named in it"
    assert roster(operator, city) == 200
    page = operator.get(f"{HOME}{pk}/").content.decode()
    assert "2回、合わせて1人の情報を渡しました" in page
    assert page.count("消防機関（消防署・消防団）") == 3
    assert "備 太郎" not in page, "names are a look of their own"
    [first, _second] = re.findall(r'href="(given/\d+/)"', page)
    before = AccessEvent.objects.count()
    names = operator.get(f"{HOME}{pk}/{first}").content.decode()
    assert "備 太郎" in names and AccessEvent.objects.count() == before + 1
    operator.post(f"{HOME}{pk}/end/")
    assert roster(operator, city) == 302
    assert "まで続いています" not in operator.get("/staff/").content.decode()
    assert "終わらせた" in operator.get(HOME).content.decode()


def test_who_declares_does_not_approve_and_whoever_is_neither_sees_nothing(city: City) -> None:
    approver = signed_in(Role.APPROVER)
    pk = declared(approver)
    answer = approver.post(f"{HOME}{pk}/approve/", follow=True).content.decode()
    assert "起案した本人は決裁できません" in answer
    assert consent.sharings_now() == []
    operator = signed_in(Role.OPERATOR)
    assert operator.post(f"{HOME}{pk}/approve/", follow=True).status_code == 200
    assert consent.sharings_now() == []
    for role in (Role.VIEWER, Role.RECEPTION):
        client = signed_in(role)
        for path in ("", f"{pk}/", f"{pk}/given/1/"):
            assert client.get(HOME + path).status_code == 403, role
        assert client.post(f"{HOME}{pk}/end/").status_code == 403
    assert Client().get(HOME).status_code == 302
    assert operator.post(f"{HOME}{pk}/shout/").status_code == 404
    assert operator.get(f"{HOME}{pk}/given/1/").status_code == 404
    assert operator.get(f"{HOME}999999/").status_code == 404


@pytest.mark.parametrize(
    ("more", "told"),
    [({"body": []}, "渡す相手を1つ以上"), ({"reason": "  "}, "理由を書いてください"),
     ({"hours": "100"}, "72時間まで"), ({"hours": "x"}, "72時間まで"),
     ({"body": ["報道機関"]}, "一覧から"), ({"kind": ["position"]}, "名簿の項目")],
)  # fmt: skip
def test_a_declaration_without_measure_is_shown_again_with_what_was_typed(
    city: City, more: dict[str, object], told: str
) -> None:
    answer = signed_in(Role.OPERATOR).post(HOME, {**FORM, "reason": "西町の救助", **more})
    page = answer.content.decode()
    assert answer.status_code == 422 and told in page
    assert ("西町の救助" in page) is ("reason" not in more)
    assert not EmergencySharing.objects.exists()


def test_it_dies_by_itself_and_a_draft_grows_too_old(city: City) -> None:
    operator, approver = signed_in(Role.OPERATOR), signed_in(Role.APPROVER)
    force, left = declared(operator), declared(operator)
    approver.post(f"{HOME}{force}/approve/")
    with clock.using(FrozenClock(clock.now() + timedelta(hours=12, seconds=5))):
        page = operator.get(HOME).content.decode()
        assert "期限で終わった" in page and "決裁されずに過ぎた" in page
        assert "まで続いています" not in page
        approver.post(f"{HOME}{left}/approve/")
        assert consent.sharings_now() == []


def test_a_person_shielded_since_is_on_no_page(city: City) -> None:
    operator, approver = signed_in(Role.OPERATOR), signed_in(Role.APPROVER)
    pk = declared(operator)
    approver.post(f"{HOME}{pk}/approve/")
    roster(operator, city)
    Resident.objects.filter(pk=city.residents["備 太郎"].pk).update(shielded=True)
    assert "備 太郎" not in operator.get(f"{HOME}{pk}/given/1/").content.decode()
    assert roster(operator, city) == 302
