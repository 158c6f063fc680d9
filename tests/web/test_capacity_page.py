"""受入見込み over HTTP: what is shown, who may ask, the way from a what-if to its adoption."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.test import Client

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.identity.interface import Account
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.access import Role
from sonae.web import kept
from tests.fixtures import CODE, FACILITIES, City, _facility_row, flood_telegram

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    kept.forget()
    yield
    kept.forget()


@pytest.fixture
def scarce(city: City) -> City:
    """F4 takes three people, F2 none: a household of two or three is left over."""
    rows = [_facility_row(*row) for row in FACILITIES]
    people = {"F4": 3, "F2": 0}
    shelters.load_facilities(
        replace(row, site_capacity=people.get(row.public_id, row.site_capacity)) for row in rows
    )
    warnings.accept(flood_telegram(4), via="test")
    outbox.drain()
    return city


def browser(role: Role) -> Client:
    account = Account.objects.create_user(
        f"{role.value}@example.jp", role=role.value, municipality=CODE, name="試験"
    )
    client = Client()
    client.force_login(account)
    return client


def test_before_a_plan_the_page_says_what_will_bring_one(city: City) -> None:
    shown = browser(Role.VIEWER).get("/staff/capacity/").content.decode()
    assert "いまは避難計画がありません" in shown
    assert "レベル3相当以上" in shown


def test_the_page_shows_places_causes_and_towns(scarce: City) -> None:
    made = evacuation.current_assignment()
    assert made is not None
    shown = browser(Role.VIEWER).get("/staff/capacity/").content.decode()
    assert "中央公園" in shown
    assert "定員が分かる避難先がすべて満員" in shown
    [town] = {name for name in ("西町", "東町") if f"{name}</a>" in shown} & {"西町"}
    assert town == "西町"
    assert "試算する" not in shown, "a viewer asks for nothing"
    assert "試算する" in browser(Role.OPERATOR).get("/staff/capacity/").content.decode()


def test_from_a_what_if_to_its_adoption_in_two_steps(scarce: City) -> None:
    operator = browser(Role.OPERATOR)
    f2 = scarce.facilities["F2"].pk
    answer = operator.post("/staff/capacity/ask/", {f"capacity-{f2}": "1,000", "capacity-x": "7"})
    assert answer.status_code == 302
    [asked] = evacuation.what_ifs()
    assert answer["Location"] == f"/staff/capacity/{asked.pk}/"
    waiting = operator.get(answer["Location"]).content.decode()
    assert "順番を待っています" in waiting
    assert "http-equiv" in waiting, "without scripts the page asks again by itself"
    assert "HX-Refresh" not in operator.get(f"/staff/capacity/{asked.pk}/progress/")
    outbox.drain()
    assert operator.get(f"/staff/capacity/{asked.pk}/progress/")["HX-Refresh"] == "true"
    done = operator.get(answer["Location"]).content.decode()
    assert "高台中学校の受入人数を1,000人にする" in done
    assert "いまの計画" in done
    confirm = operator.get(f"/staff/capacity/{asked.pk}/adopt/").content.decode()
    assert "高台中学校" in confirm
    assert f2 not in shelters.states(), "looking at the question reports nothing"
    assert operator.post(f"/staff/capacity/{asked.pk}/adopt/").status_code == 302
    outbox.drain()
    assert shelters.states()[f2].capacity == 1000
    made = evacuation.current_assignment()
    assert made is not None
    assert sum(made.summary["unserved"].values()) == 0
    assert "全員に、向かう避難先があります" in operator.get("/staff/capacity/").content.decode()


def test_a_what_if_is_discarded_and_the_plan_stays(scarce: City) -> None:
    operator = browser(Role.OPERATOR)
    f4 = scarce.facilities["F4"].pk
    operator.post("/staff/capacity/ask/", {"close": [str(f4)]})
    outbox.drain()
    [asked] = evacuation.what_ifs()
    shown = operator.get(f"/staff/capacity/{asked.pk}/").content.decode()
    assert "中央公園を閉める" in shown
    operator.post(f"/staff/capacity/{asked.pk}/discard/")
    assert evacuation.what_ifs() == []
    assert f4 not in shelters.states()


@pytest.mark.parametrize(
    "form", [{}, {"close": ["x"]}, {"capacity-1": "many"}, {"open": ["99999"]}]
)
def test_a_senseless_form_is_answered_with_words(scarce: City, form: dict[str, object]) -> None:
    operator = browser(Role.OPERATOR)
    shown = operator.post("/staff/capacity/ask/", form, follow=True)
    assert shown.status_code == 200
    assert "notice error" in shown.content.decode()
    assert evacuation.what_ifs() == []


def test_viewers_change_nothing(scarce: City) -> None:
    operator, viewer = browser(Role.OPERATOR), browser(Role.VIEWER)
    operator.post("/staff/capacity/ask/", {"close": [str(scarce.facilities["F4"].pk)]})
    outbox.drain()
    [asked] = evacuation.what_ifs()
    assert viewer.get(f"/staff/capacity/{asked.pk}/").status_code == 200
    for verb in ("adopt", "discard"):
        assert viewer.post(f"/staff/capacity/{asked.pk}/{verb}/").status_code == 403
    assert viewer.post("/staff/capacity/ask/", {"close": ["1"]}).status_code == 403
    assert evacuation.what_if(asked.pk).status == "done"


def test_the_resident_left_over_is_told_so(scarce: City) -> None:
    row = evacuation.Advice.objects.filter(reason="expected_full").first()
    assert row is not None
    account = Account.objects.create_user(
        "r@example.jp", role=Role.RESIDENT.value, municipality=CODE, resident_pk=row.resident_id
    )
    client = Client()
    client.force_login(account)
    assert "満員になる見込み" in client.get("/me/").content.decode()
