"""The first sentence of a page, for every code that the plan can give, in every language."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.http import QueryDict
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.domains.evacuation.interface import Walker
from sonae.engines.evacuation.rulebook import DECISIONS, DEPARTURES
from sonae.engines.evacuation.timeline import MEMBERS
from sonae.web.citizen import walkers
from sonae.web.citizen.sentence import Advised, moment, quiet, sentence

CODES = [pair for pair in itertools.product(DECISIONS, DEPARTURES) if pair[0] != "not_exposed"]
LANGUAGES = [code for code, _name in settings.LANGUAGES]


def told(decision: str, departure: str, goal: str = "中央公園", **more: object) -> str:
    """The sentence for codes of the plan."""
    at = clock.now() + timedelta(minutes=30) if departure == "leave_by" else None
    return sentence(Advised(decision, departure, at, goal, 7.2, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("decision", "departure"), CODES)
def test_every_code_is_one_whole_sentence(language: str, decision: str, departure: str) -> None:
    """No placeholder left, nothing empty, the goal named when there is somewhere to go."""
    with translation.override(language):
        text = told(decision, departure)
    assert text.strip()
    assert "%(" not in text
    leaves = decision.startswith("leave") and departure != "too_late"
    assert ("中央公園" in text) == leaves


@pytest.mark.parametrize("decision", [code for code in DECISIONS if code != "not_exposed"])
def test_when_it_is_too_late_nobody_is_sent_out(decision: str) -> None:
    text = told(decision, "too_late")
    assert "外へ出ないで" in text
    assert "避難してください" not in text


@pytest.mark.parametrize("decision", ["stay", "upstairs"])
@pytest.mark.parametrize("departure", DEPARTURES)
def test_who_stays_is_told_until_when(decision: str, departure: str) -> None:
    text = told(decision, departure)
    assert "避難してください" not in text
    assert departure == "too_late" or "警報が終わるまで" in text


@pytest.mark.parametrize("reason", ["none_designated", "none_open", "not_connected", "no_network"])
def test_without_a_site_the_reason_stands_in_the_sentence(reason: str) -> None:
    """And no site is named in its place."""
    text = told("leave", "leave_now", goal="", reason=reason)
    assert text.startswith("いますぐ危険な場所から離れてください。")
    assert len(text) > 25


@pytest.mark.parametrize("departure", ["leave_now", "leave_by", "prepare"])
def test_unsurveyed_ground_is_never_called_dangerous_or_safe(departure: str) -> None:
    text = told("leave_unknown", departure)
    assert departure == "prepare" or "調べられていません" in text
    assert "安全です" not in text


def test_a_time_of_another_day_has_its_day() -> None:
    now = datetime(2026, 7, 1, 23, 30, tzinfo=clock.JST)
    with clock.using(clock.FrozenClock(now)):
        assert moment(now + timedelta(minutes=10)) == "23:40"
        assert moment(now + timedelta(hours=2)) == "7月2日 01:30"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_deaf_city_does_not_say_that_all_is_well(language: str) -> None:
    """Calm, warned of something else, and deaf are three sentences."""
    with translation.override(language):
        three = {quiet("中央公園", "洪水", 3.0, sure=sure) for sure in ("calm", "warned", "deaf")}
        assert len(three) == 3
        assert all("中央公園" in text for text in three)
        assert all(quiet("", "", None, sure=sure) for sure in ("calm", "warned", "deaf"))


@given(st.text(max_size=40), st.text(max_size=8), st.text(max_size=8))
def test_an_address_can_say_anything(members: str, floor: str, storeys: str) -> None:
    """Whatever stands in the address: known members, floors that exist, storeys not below the floor."""
    query = QueryDict(mutable=True)
    query["m"], query["floor"], query["storeys"] = members, floor, storeys
    goer = walkers.read(query)
    assert goer.members <= set(MEMBERS)
    assert 0 <= goer.floor <= walkers.MOST_FLOORS
    assert goer.storeys == 0 or goer.storeys >= goer.floor
    again = QueryDict(mutable=True)
    again.update(goer.query)
    assert walkers.read(again) == goer, "the address it makes is read as the same"


@given(st.frozensets(st.sampled_from(MEMBERS)))
def test_needs_follow_from_who_goes(members: frozenset[str]) -> None:
    needs = set(walkers.Goer(members).walker.needs)
    assert needs == members & {"wheelchair", "pets"}
    assert Walker().needs == ()
