"""備え市 in a prefecture 99, and telegrams about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from sonae.core import clock
from sonae.core.clock import JST
from sonae.domains.municipalities.interface import Municipality, forget_serving
from sonae.engines.warnings.compose import (
    CityKind,
    compose_cancel,
    compose_river,
    compose_weather,
)
from sonae.engines.warnings.model import Forecast
from sonae.platform import worlds
from sonae.platform.access import Actor, Role
from sonae.platform.scope import Scope

CODE = "992011"
OFFICE = "備え地方気象台"
PREFECTURE = ("990000", "備え県")
OURS = ("9920100", "備え市")
NEIGHBOUR = ("9920200", "隣市")
RIVER = "999901000100"
T0 = datetime(2026, 8, 30, 5, 10, tzinfo=JST)
OPERATOR = Actor("account:7", Role.OPERATOR, "当直 花子", account_id=7)
VIEWER = Actor("account:8", Role.VIEWER, "閲覧 太郎", account_id=8)
RESIDENT = Actor("account:9", Role.RESIDENT, "住民 次郎", account_id=9)


@pytest.fixture
def city(transactional_db: None) -> Iterator[Scope]:
    """The municipality in force in the live world, at T0 + 10 minutes."""
    Municipality.objects.create(
        code=CODE, name="備え市", kana="ソナエシ", name_en="Sonae", prefecture="備え県",
        latitude=35.0, longitude=135.0,
        warning_areas={
            "city": [OURS[0]], "prefecture": [PREFECTURE[0]], "area": ["990010"],
            "river": [RIVER], "tsunami_area": ["999"],
        },
    )  # fmt: skip
    with worlds.entered(CODE) as scope, clock.using(clock.FrozenClock(T0 + timedelta(minutes=10))):
        yield scope
    forget_serving()


def rain(
    code: str = "33",
    *,
    minutes: int = 0,
    of: tuple[str, str] = OURS,
    status: str = "actual",
    action: str = "issue",
    telegram: str = "VPWW55",
    expected: int | None = None,
    lifted: bool = False,
    headline: str = "備え市では土砂災害に警戒してください。",
) -> bytes:
    """A weather telegram ``minutes`` after T0."""
    at = T0 + timedelta(minutes=minutes)
    hours = (Forecast(expected, at + timedelta(hours=1), at + timedelta(hours=4)),)
    kind = CityKind(*of, code, lifted=lifted, forecast=hours if expected else ())
    return compose_weather(
        telegram, [kind], office=OFFICE, prefecture=PREFECTURE, issued_at=at, status=status,
        action=action, headline=headline,
    )  # fmt: skip


def river(
    code: str = "40",
    *,
    minutes: int = 0,
    of: tuple[str, str] = OURS,
    status: str = "actual",
    river_code: str = RIVER,
) -> bytes:
    """A river telegram ``minutes`` after T0."""
    return compose_river(
        river_code=river_code, river_name="備え川", kind_code=code, cities=[of],
        prefecture=PREFECTURE, office=OFFICE, issued_at=T0 + timedelta(minutes=minutes),
        headline="備え川では氾濫危険水位に到達しました。", status=status,
    )  # fmt: skip


def cancel(telegram: str = "VPWW55", *, minutes: int, event_id: str = "") -> bytes:
    """A cancellation: it names no area."""
    return compose_cancel(
        telegram, office=OFFICE, issued_at=T0 + timedelta(minutes=minutes), event_id=event_id
    )
