"""The resident's page of services: two columns, how often to be asked, one press to take back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from sonae.domains.consent import interface as consent
from sonae.domains.openid import interface as openid
from sonae.platform.scope import World
from tests.fixtures import APPROVER, OPERATOR, City
from tests.web.relying import BACK, Party, party, told
from tests.web.test_openid import acting, browser, resident, tokens

pytestmark = pytest.mark.django_db
SCOPE = "openid profile address"
HOME = "/me/services/"


@pytest.fixture(autouse=True)
def nobody_tried_before() -> None:
    """Log-ins are counted across tests of one process."""
    cache.clear()


@pytest.fixture
def home(city: City) -> Client:
    return browser(resident(city))


@pytest.fixture
def care(city: City) -> Party:
    return party()


def press(home: Client, care: Party, cell: str = "", **more: str) -> str:
    """Press one button of the page; what the next page says."""
    form = {"service": care.row.client_id, **({"cell": cell} if cell else {}), **more}
    answer = home.post(HOME, form)
    assert answer.status_code == 302
    return home.get(HOME).content.decode()


def known(care: Party, held: dict[str, Any]) -> set[str]:
    """What the service reads now."""
    answer = care.info(held["access_token"])
    return set(answer.json()) - {"sub"} if answer.status_code == 200 else {"gone"}


def test_without_services_the_page_says_so(home: Client) -> None:
    assert "ありません" in home.get(HOME).content.decode()
    assert HOME in home.get("/me/").content.decode()


def test_one_press_takes_back_or_gives_and_counts_at_once(home: Client, care: Party) -> None:
    held = tokens(care, home, {"verb": "allow", "peacetime": ["name", "address"]}, scope=SCOPE)
    assert known(care, held) == {"name", "address"}
    page = press(home, care, "peacetime:address:off")
    assert "住所を渡すのをやめました" in page
    assert known(care, held) == {"name"}
    press(home, care, "peacetime:birth_date:on")
    assert known(care, held) == {"name", "birthdate"}
    assert "code" in told(care.ask(home, scope=SCOPE)), "what was taken back is not asked for again"
    rows = consent.ConsentGrant.objects.filter(phase="peacetime", withdrawn_at=None)
    assert rows.count() == 1, "one answer is in force; the others are kept as withdrawn"


def test_the_two_columns_hold_each_in_its_phase(home: Client, care: Party) -> None:
    form = {"verb": "allow", "peacetime": ["name"], "emergency": ["name", "address"]}
    held = tokens(care, home, form, scope=SCOPE)
    assert known(care, held) == {"name"}
    sharing = consent.declare_sharing(OPERATOR, "洪水", ["name"], 24)
    consent.approve_sharing(APPROVER, sharing.pk)
    assert known(care, held) == {"name", "address"}
    press(home, care, "emergency:address:off")
    assert known(care, held) == {"name"}
    consent.end_sharing(OPERATOR, sharing.pk)
    assert known(care, held) == {"name"}


def test_ending_the_use_ends_all_and_the_service_starts_anew(home: Client, care: Party) -> None:
    held = tokens(care, home, {"verb": "allow", "peacetime": ["name"]})
    page = press(home, care, end="1")
    assert "利用をやめました" in page
    assert known(care, held) == {"gone"}
    assert not consent.ConsentGrant.objects.filter(withdrawn_at=None).exists()
    assert care.ask(home).status_code == 200
    again = tokens(care, home, {"verb": "allow"})
    assert known(care, again) == set()
    assert openid.ServiceUse.objects.count() == 1


def test_asked_once_for_all_that_the_service_may_ever_ask(home: Client, care: Party) -> None:
    home.post(HOME, {"ask": "first_only"})
    page = care.ask(home, scope="openid profile").content.decode()
    assert 'value="needs"' in page, "all that it is registered for, not only what it asks today"
    held = care.redeem(
        care.answer(home, {"verb": "allow", "peacetime": ["phone"]}, scope="openid profile")
    ).json()
    assert known(care, held) == set()
    assert "code" in told(care.ask(home, scope="openid phone address"))


def test_asked_at_each_new_kind(home: Client, care: Party) -> None:
    tokens(care, home, {"verb": "allow", "peacetime": ["name"]})
    assert "code" in told(care.ask(home))
    page = care.ask(home, scope=SCOPE).content.decode()
    assert re.findall(r'name="peacetime" value="(\w+)"', page) == ["address"]


def test_asked_every_time_and_the_answer_is_for_that_sign_in(home: Client, care: Party) -> None:
    home.post(HOME, {"ask": "every_time"})
    form = {"verb": "allow", "peacetime": ["name"]}
    first = tokens(care, home, form)
    assert known(care, first) == {"name"}
    second = tokens(care, home, {"verb": "allow"})
    assert known(care, second) == set()
    assert known(care, first) == {"name"}
    assert told(care.ask(home, prompt="none"))["error"] == "consent_required"


def test_a_service_that_says_something_else_of_itself_asks_anew(home: Client, care: Party) -> None:
    held = tokens(care, home, {"verb": "allow", "peacetime": ["name"]})
    openid.Service.objects.update(purpose="広告")
    assert known(care, held) == set()
    page = care.ask(home)
    assert page.status_code == 200
    assert "広告" in page.content.decode()


@pytest.mark.parametrize(
    "form",
    [{"cell": "peacetime:position:on"}, {"cell": "always:name:on"}, {"cell": ""}, {"ask": "never"}],
)
def test_what_was_not_on_the_page_changes_nothing(
    home: Client, care: Party, form: dict[str, str]
) -> None:
    tokens(care, home, {"verb": "allow", "peacetime": ["name"]})
    before = consent.ConsentGrant.objects.count()
    answer = home.post(HOME, {"service": care.row.client_id, **form})
    assert answer.status_code == 422
    assert consent.ConsentGrant.objects.count() == before


def test_services_that_one_does_not_use_cannot_be_reached(home: Client, care: Party) -> None:
    for client_id in (care.row.client_id, "", "unknown"):
        assert home.post(HOME, {"service": client_id, "end": "1"}).status_code == 404


def test_where_the_law_decides_there_is_nothing_to_press(city: City, home: Client) -> None:
    care = party(body="社会福祉協議会", tier="city")
    tokens(care, home, {"verb": "allow"}, scope=SCOPE)
    page = home.get(HOME).content.decode()
    assert "emergency:name:" not in page
    assert "第49条の11第3項" in page
    assert "peacetime:name:on" in page


def test_the_exercise_changes_nobody_s_consent(city: City, home: Client, care: Party) -> None:
    tokens(care, home, {"verb": "allow", "peacetime": ["name"]})
    page = home.get(f"/drill{HOME}").content.decode()
    assert 'name="cell"' not in page
    form = {"service": care.row.client_id, "cell": "peacetime:name:off"}
    assert home.post(f"/drill{HOME}", form).status_code == 409
    for pressed in ({"service": care.row.client_id, "end": "1"}, {"ask": "every_time"}):
        assert home.post(f"/drill{HOME}", pressed).status_code == 409
    with city.entered(World.EXERCISE):
        assert consent.ConsentGrant.objects.filter(withdrawn_at=None).exists()


def test_an_exercise_ends_no_use_not_even_one_without_consents(home: Client, care: Party) -> None:
    """Nothing there refuses by itself: no kind was ever asked for."""
    held = tokens(care, home, {"verb": "allow"}, scope="openid")
    answer = home.post(f"/drill{HOME}", {"service": care.row.client_id, "end": "1"})
    assert answer.status_code == 409
    assert "本番の画面" in answer.content.decode()
    assert known(care, held) == set()
    assert openid.ServiceUse.objects.filter(ended_at=None).exists()


def test_answers_keep_to_what_was_asked(city: City, care: Party) -> None:
    taro = acting(resident(city))
    openid.using.begin(taro, care.row)
    openid.using.answer(taro, care.row, ["name", "phone"], {"peacetime": ["name"]})
    openid.using.answer(taro, care.row, ["address"], {"peacetime": ["address"]})
    held = openid.using.standing(taro, care.row)
    assert held["peacetime"].given == {"name", "address"}
    assert held["peacetime"].asked == {"name", "phone", "address"}
    assert held["emergency"].given == set()
    for wrong in ({"peacetime": ["sex"]}, {"both": ["name"]}):
        with pytest.raises(openid.using.SonaeError):
            openid.using.answer(taro, care.row, ["name"], wrong)
    with pytest.raises(openid.using.SonaeError):
        openid.using.answer(taro, care.row, ["position"], {})
    assert BACK in care.row.redirect_uris
