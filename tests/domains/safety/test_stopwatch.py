"""The stopwatch: shares of a household, a day's median, kept drills, and the queue it means."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.core.ids import HybridClock, uuid7
from sonae.domains.safety import interface as safety
from sonae.domains.safety import terminals
from sonae.domains.safety.interface import Sighting
from sonae.domains.safety.scans import timed
from sonae.domains.safety.stopwatch import times_of
from sonae.platform.access import Role
from sonae.platform.scope import World
from tests.domains.safety.test_ledger import sighting
from tests.fixtures import CLERK, OPERATOR, City
from tests.web.test_staff_pages import signed_in


@given(st.lists(st.floats(0.1, 1800), min_size=1, max_size=60))
def test_what_a_list_of_times_says(seconds: list[float]) -> None:
    told = times_of(seconds, 1)
    assert told.middle == median(seconds)
    assert told.ninety is not None and told.middle is not None
    assert told.ninety <= max(seconds) + 1e-6
    assert len(seconds) == 1 or told.ninety >= told.middle - 1e-6
    assert told.per_hour == round(3600 / (sum(seconds) / len(seconds)))


@pytest.mark.parametrize("value", [0, -1, 1801, "12", None, True, float("nan"), [], 10**400])
def test_what_cannot_be_a_time_is_none(value: object) -> None:
    assert timed(value) is None


def scan(token: str, **event: Any) -> None:
    body = {
        "events": [
            {
                "id": str(uuid7()), "direction": "in", "occurred_at": clock.now().isoformat(),
                "clock": HybridClock("T001").tick(), **event,
            }
        ]
    }  # fmt: skip
    answer = Client().post(
        "/api/v1/shelters/F2/scans", json.dumps(body), content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    assert answer.json()["results"][0]["status"] == "accepted"


@pytest.mark.django_db
def test_a_household_shares_its_time(city: City) -> None:
    """40 s for three at the terminal and 10 s for one: the median of a person is 13.3 s."""
    terminals.forget_known()
    _one, token = safety.enrol_terminal("F2", "受付1")
    ids = [
        city.residents[name].resident_id for name in ("備 太郎", "備 花子", "備 一郎", "斎藤 健")
    ]
    scan(token, person={"resident_id": ids[0]}, party=ids[:3], seconds=40)
    scan(token, person={"resident_id": ids[3]}, seconds=10)
    scan(token, person={"name": "計らず 入る"}, seconds="早い")
    told = safety.stopwatch(clock.now().astimezone(JST).date())
    assert told.all.people == 4 and told.all.desks == 1
    assert told.all.middle == pytest.approx(40 / 3)
    assert set(told.places) == {"高台中学校"}
    assert safety.timed_days() == [told.day]
    terminals.forget_known()


@pytest.mark.django_db
def test_the_days_are_those_of_japan_and_the_newest(city: City) -> None:
    midnight = datetime(2026, 7, 5, tzinfo=JST)
    after = [timedelta(hours=h) for h in (-40, -24, -1, 0, 1, 8.99, 9, 14, 23.99)]
    rows = [sighting(city, "備 太郎", seconds=20.0) for _ in after]
    rows.append(sighting(city, "備 花子"))  # not timed
    for one, moved in zip(rows, after, strict=False):
        one.occurred_at = midnight + moved
    safety.record(rows)
    expected = sorted({(midnight + one).date() for one in after}, reverse=True)
    assert safety.timed_days() == expected
    assert safety.timed_days(2) == expected[:2]


@pytest.mark.django_db
def test_the_desk_of_forms_is_timed_too(city: City) -> None:
    clerk = signed_in(Role.RECEPTION)
    clerk.post("/reception/choose/", {"facility": city.facilities["F2"].pk})
    taro = city.residents["備 太郎"].pk
    hanako = city.residents["備 花子"].pk
    form = {"q": "C0011", "home": taro, "direction": "in", "form": str(uuid7()), "seconds": "24.5"}
    clerk.post("/reception/record/", {**form, "person": [taro, hanako]})
    assert set(Sighting.objects.values_list("seconds", flat=True)) == {12.25}
    clerk.post(
        "/reception/record/",
        {**form, "form": str(uuid7()), "direction": "out", "person": [taro], "seconds": "x"},
    )
    assert Sighting.objects.filter(seconds=None).count() == 1
    leave = {**form, "form": str(uuid7()), "direction": "out", "person": [hanako], "seconds": "5"}
    clerk.post("/reception/record/", leave)
    assert safety.stopwatch(clock.now().astimezone(JST).date()).all.people == 2, (
        "who leaves is no check-in"
    )


@pytest.mark.django_db
def test_a_kept_drill_outlives_the_exercise_and_is_compared(city: City) -> None:
    with city.entered(World.EXERCISE):
        day = clock.now().astimezone(JST).date()
        with pytest.raises(SonaeError):
            safety.keep(OPERATOR, "訓練", day)
        safety.record(
            [sighting(city, "備 太郎", seconds=20.0), sighting(city, "備 花子", seconds=30.0)]
        )
        with pytest.raises(SonaeError):
            safety.keep(CLERK, "訓練", day)
        safety.keep(OPERATOR, "9月の訓練", day)
    assert safety.stopwatch(day).all.people == 0, "an exercise's times are not the real ones"
    [(row, told)] = safety.drill_reports()
    assert (row.name, row.world, told.people, told.middle) == ("9月の訓練", "exercise", 2, 25.0)


@pytest.mark.django_db
def test_the_page_says_what_was_measured_and_what_was_not(city: City) -> None:
    client = signed_in(Role.OPERATOR)
    page = client.get("/staff/stopwatch/").content.decode()
    assert "この日に計った受付はありません" in page and "小田原市" in page
    page = client.get("/staff/stopwatch/", {"people": "500", "hours": "1"}).content.decode()
    assert "計った時間がありません" in page, "no figure out of nothing"
    safety.record([sighting(city, name, seconds=20.0) for name in ("備 太郎", "備 花子")])
    page = client.get("/staff/stopwatch/", {"people": "500", "hours": "1"}).content.decode()
    assert "20.0" in page and "目安にしかなりません" in page and "180" in page
    assert page.count('<th scope="row" class="num">') == 6
    assert "13.1" in page, "262 s on paper is 13.1 times 20 s"
    for wrong in ({"people": "x"}, {"people": "0"}, {"people": "5", "hours": "0"}, {"people": "5", "seconds": "0"},
                  {"people": "200000", "hours": "0.1"}, {"people": "9", "hours": "nan"}):  # fmt: skip
        assert client.get("/staff/stopwatch/", wrong).status_code == 422
    day = safety.timed_days()[0]
    told = client.post("/staff/stopwatch/keep/", {"day": str(day), "name": "7月"}, follow=True)
    assert "残しました" in told.content.decode() and "7月" in told.content.decode()
    told = client.post("/staff/stopwatch/keep/", {"day": str(day), "name": " "}, follow=True)
    assert "名前が空" in told.content.decode()
    assert signed_in(Role.VIEWER).post("/staff/stopwatch/keep/", {}).status_code == 403
