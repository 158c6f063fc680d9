"""The city in the database and its 72 hours: warnings, orders, moves, rosters, until nobody is missing."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest

from sonae.core.errors import SonaeError
from sonae.demo import crowd, load, play, script
from sonae.demo.city import generate
from sonae.demo.frame import CODE
from sonae.demo.script import CUT_FROM, CUT_TO, HOURS, SCENES, START
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.identity import interface as identity
from sonae.domains.messages import interface as messages
from sonae.domains.municipalities.interface import Municipality, forget_serving
from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import Sighting
from sonae.domains.shelters import interface as shelters
from sonae.platform import outbox, worlds
from sonae.platform.access import Role
from sonae.platform.scope import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(db: None) -> Iterator[None]:
    load.create(generate("small", 1))
    yield
    worlds.clear_exercise_clock(CODE)
    forget_serving()


def play_to(minute: float, step: float = 60.0) -> None:
    """Play on in steps, doing the worker's part."""
    with worlds.entered(CODE):
        now = float(play.status()["hours"]) * 60
        while now < minute or play.status()["waiting"]:
            wanted = min(now + step, minute)
            worlds.set_exercise_clock(CODE, START + timedelta(minutes=wanted), 0.0)
            with worlds.entered(CODE, World.EXERCISE):
                now = play.advance(wanted)
                outbox.drain()


def test_an_order_waits_for_its_draft_however_slow_the_worker(demo: None) -> None:
    """One entry per look of the play: warnings, drafts and orders keep their order all the same."""
    with worlds.entered(CODE, World.EXERCISE):
        worlds.set_exercise_clock(CODE, START, 0.0)
    with worlds.entered(CODE, World.EXERCISE):
        for _look in range(3):
            assert play.advance(16.0 * 60) == SCENES[1].minute, "nothing is planned yet: it waits"
        assert play.status()["step"] == 1
        looks = 0
        while play.advance(11.0 * 60) < 11 * 60:
            outbox.drain(most=1)
            looks += 1
        outbox.drain()
        issued = {one.level for one in evacuation.orders() if one.issued_at}
        assert issued == {3, 4, 5}
        assert looks > len(SCENES)
        assert all(one.status != "draft" for one in evacuation.orders())


def test_the_clock_of_a_play_never_passes_a_scene_that_is_still_to_come(demo: None) -> None:
    with worlds.entered(CODE, World.EXERCISE):
        play.start_play(speed=3_000_000.0)
        time.sleep(0.01)
    with worlds.entered(CODE, World.EXERCISE):
        assert script.minute_now() <= SCENES[1].minute
        play.stop_play()
        play.reset_play()


def test_the_city_is_made_and_made_again(demo: None) -> None:
    load.create(generate("small", 2))
    with worlds.entered(CODE):
        assert Resident.objects.count() == 5000
        roles = {one.role for one in identity.accounts()}
        assert roles == {role.value for role in Role}
        assert evacuation.city() is not None
        example = load.accounts_text().rpartition("例：")[2].partition("、")[0]
        assert residents.presented(example)[0] == "card", "a number to try that the desk finds"


def test_a_real_city_is_never_removed(demo: None) -> None:
    Municipality.objects.filter(code=CODE).update(is_demo=False)
    with pytest.raises(SonaeError):
        load.create(generate("small", 1))
    with worlds.entered(CODE):
        assert Resident.objects.count() == 5000


def goals_are_those_of_the_plan() -> None:
    """Most households go where they are told, some to the nearest open place, few elsewhere."""
    who, places = crowd.missing(), crowd.shelters_now()
    goals = crowd._goals(who, places.open)
    assert set(goals) <= set(places.open)
    asked = [at for at, advised in enumerate(who.facility) if advised in places.open]
    assert len(asked) > 200
    told = np.mean([goals[at] == who.facility[at] for at in asked])
    assert told > crowd._FOLLOW - 0.05, "who strays may still meet the plan"
    people = {row.pk: row for row in Resident.objects.select_related("household")}
    rows = {row.pk: row for row in shelters.facilities()}

    def nearest(at: int) -> int:
        home = people[int(who.resident[at])].household
        east = math.cos(math.radians(rows[places.open[0]].latitude))
        away = {
            pk: math.hypot(rows[pk].latitude - home.latitude, (rows[pk].longitude - home.longitude) * east)
            for pk in places.open
        }  # fmt: skip
        return min(away, key=lambda pk: away[pk])

    rest = [at for at in range(len(goals)) if goals[at] != who.facility[at]][:200]
    near = np.mean([goals[at] == nearest(at) for at in rest])
    assert near > 0.6, "who does not follow mostly takes the nearest"
    by_home: dict[tuple[int, int | None], set[int]] = {}
    for at, goal in enumerate(goals):
        home = people[int(who.resident[at])].household_id
        by_home.setdefault((home, who.facility[at]), set()).add(goal)
    assert all(len(found) == 1 for found in by_home.values()), "families go together"


def test_seventy_two_hours(demo: None) -> None:
    """One long story, because each part needs the ones before it."""
    play_to(120)
    with worlds.entered(CODE, World.EXERCISE):
        assert safety.unaccounted_count().total > 1000
    play_to(11 * 60)
    with worlds.entered(CODE, World.EXERCISE):
        early = safety.unaccounted_count()
        assert 0 < early.unaccounted < early.total / 2
        levels = {order.level for order in evacuation.orders_in_force()}
        assert {4, 5} & levels
        assert all("訓練" in item.subject for item in messages.public_items())
        heads = safety.occupancies()
        found = crowd.shelters_now()
        quiet = found.cut | found.paper
        rooms = crowd.Rooms([pk for pk in found.open if pk not in quiet])
        crowded = [
            place.facility.name
            for place in shelters.places(heads)
            if place.capacity and (place.people or 0) > place.capacity
        ]
        assert not crowded or not any(left > 0 for left in rooms.left.values()), (
            "sent on while room"
        )
        goals_are_those_of_the_plan()
        cut = crowd.shelters_now().cut
        silent = Sighting.objects.filter(facility__in=cut, recorded_at__gte=START)
        late = [
            one
            for one in silent
            if CUT_FROM <= (one.occurred_at - START).total_seconds() / 60 < CUT_TO
        ]
        assert late == [], "the two shelters that are cut off tell nothing yet"
    play_to(21 * 60)
    with worlds.entered(CODE, World.EXERCISE):
        told_late = Sighting.objects.filter(facility__in=cut, offline=True)
        assert told_late.exists()
        assert all((one.recorded_at - one.occurred_at).total_seconds() > 0 for one in told_late)
        assert Sighting.objects.filter(source="paper").exists()
    play_to(HOURS * 60, step=120)
    with worlds.entered(CODE, World.EXERCISE):
        assert play.status()["finished"]
        assert play.status()["step"] == len(SCENES)
        assert safety.unaccounted_count().unaccounted <= 5
        assert evacuation.orders_in_force() == []
        numbers = [point.unaccounted for point in safety.curve()]
        assert numbers[-1] == safety.unaccounted_count().unaccounted
    with worlds.entered(CODE):
        assert safety.unaccounted_count().total == 0, "nothing of it is in the live world"
        assert Sighting.objects.count() == 0
        assert messages.public_items() == []


def test_start_stop_reset_through_the_outbox(demo: None) -> None:
    with worlds.entered(CODE):
        play.start_play(speed=3600.0)
        assert play.status()["running"]
        outbox.drain(most=40)
        assert play.status()["step"] >= 1
        play.stop_play()
        assert not play.status()["running"]
        held = play.status()["hours"]
        outbox.drain(most=40)
        assert play.status()["hours"] == held, "an entry of a stopped play does nothing"
        play.reset_play()
        assert play.status()["step"] == 0
    with worlds.entered(CODE, World.EXERCISE):
        assert Sighting.objects.count() == 0
        assert evacuation.orders() == []


def test_two_never_play_one_exercise(demo: None) -> None:
    """The terminal does not take a play over unasked, and yields to a button on the desk."""
    told: list[str] = []
    with worlds.entered(CODE):
        play.start_play(speed=3600.0)
        with pytest.raises(SonaeError, match="再生中"):
            play.run(20000.0, 1.0, told.append)
        assert play.status()["running"], "it goes on undisturbed"

        def tell(line: str) -> None:
            told.append(line)
            play.stop_play() if len(told) == 1 else None
            play.start_play() if len(told) == 1 else None

        play.run(20000.0, 2.0, tell, take_over=True)
        assert "操作された" in told[-1]
        play.reset_play()


def test_the_story_played_again_is_the_same(demo: None) -> None:
    play_to(240, step=30)
    with worlds.entered(CODE, World.EXERCISE):
        first = set(Sighting.objects.values_list("pk", "facility"))
    with worlds.entered(CODE):
        play.reset_play()
    play_to(240, step=30)
    with worlds.entered(CODE, World.EXERCISE):
        assert set(Sighting.objects.values_list("pk", "facility")) == first
