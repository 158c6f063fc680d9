"""Two lines at once, both misbehaving: what is in force is what clean delivery would have made.

Each seed deals the same story to both simulators in another order, with another set of faults:
broken connections, answers 500, half files, repetition, and clocks that are hours off.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from sonae.core import clock
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.models import Telegram, WarningInForce
from sonae.engines.warnings.compose import (
    CityKind,
    compose_cancel,
    compose_river,
    compose_weather,
)
from sonae.gateways.simulators.dmdata import DmdataServer
from sonae.gateways.simulators.jma_feed import FeedServer
from sonae.platform import worlds
from sonae.platform.scope import Scope, World
from tests.domains.warnings.conftest import (  # noqa: F401 - a fixture
    CODE,
    NEIGHBOUR,
    OFFICE,
    OURS,
    PREFECTURE,
    RIVER,
    city,
)
from tests.fixtures import ADMINISTRATOR
from tests.gateways.lines import (  # noqa: F401 - a fixture
    committed,
    supervised,
    until,
)

Story = list[tuple[str, bytes]]
HOURS = (0, -7, 5)


@pytest.fixture
def lines() -> Iterator[tuple[DmdataServer, FeedServer]]:
    """The pushed line and the polled one."""
    pushed, polled = DmdataServer(key="k", ping_every=0.2), FeedServer([])
    yield pushed, polled
    pushed.close()
    polled.close()


def story(begin: datetime) -> Story:
    """Eleven telegrams: levels that rise, a correction, a cancellation, a twin, a drill, a neighbour."""

    def rain(code: str, minutes: int, telegram: str = "VPWW55", **more: str) -> tuple[str, bytes]:
        of = NEIGHBOUR if more.pop("whose", "") else OURS
        raw = compose_weather(
            telegram, [CityKind(*of, code)], office=more.pop("office", OFFICE), prefecture=PREFECTURE,
            issued_at=begin + timedelta(minutes=minutes), headline=f"{minutes}", **more,
        )  # fmt: skip
        return f"{minutes}_{telegram}_x.xml", raw

    def river(code: str, minutes: int) -> tuple[str, bytes]:
        raw = compose_river(
            river_code=RIVER, river_name="備え川", kind_code=code, cities=[OURS], office=OFFICE,
            prefecture=PREFECTURE, issued_at=begin + timedelta(minutes=minutes),
        )  # fmt: skip
        return f"{minutes}_VXKO50_x.xml", raw

    cancelled = compose_cancel("VPWW57", office=OFFICE, issued_at=begin + timedelta(minutes=9))
    return [
        rain("10", 0), river("20", 1), rain("03", 2), rain("48", 3, "VPWW57"), rain("43", 4),
        rain("33", 5, action="correct"), river("40", 6), rain("33", 7, status="exercise"),
        rain("49", 8, "VPWW56"), ("9_VPWW57_x.xml", cancelled),
        rain("33", 10, whose="neighbour", office="隣地方気象台"),
    ]  # fmt: skip


def state() -> dict[str, list[tuple[object, ...]]]:
    """Everything in force in both worlds, with the telegram that says so."""
    found = {}
    for world in World:
        with worlds.entered(CODE, world):
            found[world.value] = sorted(
                WarningInForce.objects.values_list(
                    "area_code", "phenomenon", "kind", "condition", "level", "severity", "since",
                    "until", "telegram__sha256",
                ),
                key=str,
            )  # fmt: skip
    return found


def count() -> int:
    """Telegrams in both worlds."""
    return Telegram.everywhere.filter(municipality=CODE).count()


def clean(told: Story) -> dict[str, list[tuple[object, ...]]]:
    """What is in force after delivery in order, without any line; nothing of it stays."""
    with clock.using(clock.SystemClock()):
        for _name, raw in told:
            warnings.accept(raw, via="clean")
    wanted = state()
    assert count() == len(told)
    WarningInForce.everywhere.all().delete()
    warnings.RuleFiring.everywhere.all().delete()
    Telegram.everywhere.all().delete()
    return wanted


def misbehave(luck: random.Random, pushed: DmdataServer, polled: FeedServer, told: Story) -> None:
    """Choose what goes wrong from the beginning."""
    names = [name for name, _raw in told]
    polled.faults.half = {name: luck.randint(1, 2) for name in luck.sample(names, 3)}
    pushed.faults.half = {name: luck.randint(1, 2) for name in luck.sample(names, 3)}
    polled.faults.errors, pushed.faults.errors = luck.randint(0, 5), luck.randint(0, 3)
    pushed.faults.garbled = luck.randint(0, 3)
    polled.faults.reversed, polled.faults.repeated = luck.random() < 0.5, luck.random() < 0.5
    pushed.faults.repeated = luck.random() < 0.5
    polled.faults.clock_off = luck.choice(HOURS) * 3600.0
    pushed.faults.clock_off = luck.choice(HOURS) * 3600.0


def deliver(luck: random.Random, pushed: DmdataServer, polled: FeedServer, told: Story) -> None:
    """Give every telegram to one of the lines or to both, in any order, with breaks between."""
    deal = [(luck.choice(("pushed", "polled", "both")), one) for one in told]
    parts = [
        (line, one)
        for which, one in deal
        for line in ("pushed", "polled")
        if which in (line, "both")
    ]
    luck.shuffle(parts)
    for line, (name, raw) in parts:
        (pushed if line == "pushed" else polled).publish(name, raw)
        match luck.randrange(5):
            case 0:
                pushed.drop()
            case 1:
                pushed.error(4503, "restart")
            case 2:
                polled.faults.errors += 2
            case _:
                time.sleep(luck.random() / 5)


@pytest.mark.parametrize("hours", HOURS)
@pytest.mark.parametrize("seed", range(3))
def test_two_bad_lines_make_the_state_of_clean_delivery(
    city: Scope,  # noqa: F811
    lines: tuple[DmdataServer, FeedServer],
    seed: int,
    hours: int,
) -> None:
    pushed, polled = lines
    luck = random.Random(seed * 100 + hours)
    told = story((clock.SystemClock().now() + timedelta(hours=hours)).replace(microsecond=0))
    wanted = clean(told)
    assert wanted["live"]
    assert wanted["exercise"]
    misbehave(luck, pushed, polled, told)
    options = {**pushed.options, "key": "k", "test": "including"}
    warnings.add_input(ADMINISTRATOR, "dmdata", "即時", options)
    warnings.add_input(ADMINISTRATOR, "jma-feed", "公開", {"url": polled.url, "interval": "1"})
    with supervised():
        deliver(luck, pushed, polled, told)
        until(lambda: count() == len(told))
        time.sleep(0.5)  # what comes a second time
    assert state() == wanted
    assert count() == len(told)
    assert set(Telegram.everywhere.values_list("state", flat=True)) == {"read"}
    assert pushed.most_open == 1


def test_both_lines_fail_for_long_and_nothing_is_lost(
    city: Scope,  # noqa: F811
    lines: tuple[DmdataServer, FeedServer],
) -> None:
    pushed, polled = lines
    told = story(clock.SystemClock().now().replace(microsecond=0))
    wanted = clean(told)
    options = {**pushed.options, "key": "k", "test": "including"}
    warnings.add_input(ADMINISTRATOR, "dmdata", "即時", options)
    warnings.add_input(ADMINISTRATOR, "jma-feed", "公開", {"url": polled.url, "interval": "1"})
    with supervised():
        for name, raw in told[:3]:
            pushed.publish(name, raw)
        until(lambda: count() == 3)
        pushed.faults.errors = polled.faults.errors = 10**6
        pushed.drop()
        until(lambda: all(one.row.state == "failed" for one in warnings.inputs()))
        for name, raw in told[3:]:
            pushed.publish(name, raw)
        time.sleep(1)
        assert count() == 3
        assert all(one.alarming for one in warnings.inputs())
        pushed.faults.errors = polled.faults.errors = 0
        until(lambda: count() == len(told))
        until(lambda: not any(one.alarming for one in warnings.inputs()))
    assert state() == wanted
