"""The script of the 72 hours: what is sent, ordered and reported, and when, in minutes from the start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.demo.frame import CITY_AREA, PREFECTURE_AREA, RIVER_AREA
from sonae.demo.load import DOMAIN
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.identity import interface as identity
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.engines.warnings.compose import CityKind, compose_river, compose_weather
from sonae.platform.access import Actor

START = datetime(2026, 7, 14, 9, 0, tzinfo=JST)
HOURS = 72
OFFICE, PREFECTURE = "そなえ地方気象台", (PREFECTURE_AREA, "そなえ県")
CUT_FROM, CUT_TO = 3 * 60, 12 * 60
"""Minutes between which two shelters have no network."""
PAPER_EVERY, PAPER_TO = 6 * 60, 30 * 60
"""Shelters without a terminal hand in paper rosters every six hours for the first thirty."""


def _now(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def _weather(telegram: str, kind_code: str, minute: int, headline: str) -> None:
    """Receive a weather warning for the city (訓練)."""
    kinds = [CityKind(CITY_AREA, "備え市", kind_code)]
    raw = compose_weather(
        telegram,
        kinds,
        office=OFFICE,
        prefecture=PREFECTURE,
        issued_at=_now(minute),
        headline=headline,
        status="exercise",
    )
    warnings.accept(raw, via="demo")


def _river(kind_code: str, minute: int, headline: str) -> None:
    """Receive a flood forecast of 備え川 (訓練)."""
    raw = compose_river(
        river_code=RIVER_AREA,
        river_name="備え川",
        kind_code=kind_code,
        cities=[(CITY_AREA, "備え市")],
        prefecture=PREFECTURE,
        office=OFFICE,
        issued_at=_now(minute),
        headline=headline,
        status="exercise",
    )
    warnings.accept(raw, via="demo")


def _actor(name: str) -> Actor:
    """Return one of the demo's staff."""
    found = identity.actor_for(f"{name}@{DOMAIN}")
    if found is None:
        raise SonaeError("not_found", f"デモのアカウント {name}@{DOMAIN} がありません。")
    return found


def _open_shelters(share: float) -> None:
    """Report facilities open, the first ``share`` of those that can be used."""
    operator = _actor("operator")
    usable = [one for one in shelters.facilities() if one.usable == "yes"]
    states = shelters.states()
    for one in usable[: int(len(usable) * share)]:
        if one.pk not in states:
            shelters.set_state(operator, one.pk, "open", "訓練による開設")


def _submit_drafts() -> None:
    """The duty officer looks the drafts over and asks for approval."""
    operator = _actor("operator")
    for order in evacuation.orders(open_only=True):
        if order.status == "draft":
            evacuation.submit(operator, order.pk)


def _approve() -> None:
    """The mayor approves what was submitted."""
    approver = _actor("approver")
    for order in evacuation.orders(open_only=True):
        if order.status == "submitted":
            evacuation.approve(approver, order.pk)


def _lift() -> None:
    """The mayor lifts the orders in force."""
    approver = _actor("approver")
    for order in evacuation.orders_in_force():
        evacuation.lift(approver, order.pk)


@dataclass(frozen=True)
class Scene:
    """One scene: at ``minute`` from the start, ``told`` on screen, ``act`` done."""

    minute: int
    told: str
    act: Callable[[], None]


def _wave(first: int, told: str) -> list[Scene]:
    """An order's way after a warning: submitted ten minutes later, approved after five more."""
    return [
        Scene(first + 10, f"{told}を申請", _submit_drafts),
        Scene(first + 15, f"市長が{told}を決裁", _approve),
    ]


SCENES: tuple[Scene, ...] = tuple(
    sorted(
        (
            Scene(
                0,
                "大雨注意報（レベル2）",
                lambda: _weather("VPWW55", "10", 0, "低い土地の浸水に注意してください。"),
            ),
            Scene(
                120,
                "大雨警報（レベル3）",
                lambda: _weather("VPWW55", "03", 120, "浸水に警戒してください。"),
            ),
            Scene(125, "避難所を開設（第1次）", lambda: _open_shelters(0.35)),
            *_wave(125, "高齢者等避難"),
            Scene(
                180,
                "土砂災害警戒情報の前段（レベル3）",
                lambda: _weather("VPWW56", "09", 180, "土砂災害に警戒してください。"),
            ),
            *_wave(182, "高齢者等避難（土砂災害）"),
            Scene(
                240,
                "備え川 氾濫警戒情報（レベル3）",
                lambda: _river("30", 240, "備え川では避難判断水位に達しました。"),
            ),
            *_wave(240, "高齢者等避難（洪水）"),
            Scene(300, "避難所を開設（第2次）", lambda: _open_shelters(0.8)),
            Scene(
                330,
                "備え川 氾濫危険情報（レベル4）",
                lambda: _river("40", 330, "備え川では氾濫危険水位に達しました。"),
            ),
            *_wave(330, "避難指示（洪水）"),
            Scene(
                360,
                "土砂災害（レベル4）",
                lambda: _weather("VPWW56", "49", 360, "土砂災害の危険が高まっています。"),
            ),
            *_wave(360, "避難指示（土砂災害）"),
            Scene(CUT_FROM, "2つの避難所で通信が途絶", lambda: None),
            Scene(
                600,
                "備え川 氾濫発生（レベル5）",
                lambda: _river("51", 600, "備え川で氾濫が発生しました。命の危険が迫っています。"),
            ),
            *_wave(600, "緊急安全確保"),
            Scene(CUT_TO, "通信が回復し、たまっていた記録が届く", lambda: None),
            Scene(
                1500,
                "備え川 氾濫危険情報に切替え（レベル4）",
                lambda: _river("40", 1500, "備え川の水位は下がり始めました。"),
            ),
            Scene(
                1920,
                "備え川 氾濫注意情報（レベル2）",
                lambda: _river("20", 1920, "備え川の水位は避難判断水位を下回りました。"),
            ),
            Scene(
                1980,
                "大雨警報を注意報に切替え",
                lambda: _weather("VPWW55", "10", 1980, "大雨の峠は越えました。"),
            ),
            Scene(
                2040,
                "土砂災害の警報を解除",
                lambda: _weather("VPWW56", "00", 2040, "土砂災害の危険は小さくなりました。"),
            ),
            Scene(2160, "避難情報を解除", _lift),
            Scene(
                2400,
                "備え川 解除",
                lambda: _river("10", 2400, "備え川の洪水のおそれはなくなりました。"),
            ),
            Scene(HOURS * 60, "72時間の終わり", lambda: None),
        ),
        key=lambda scene: scene.minute,
    )
)


def minute_now() -> float:
    """Return minutes of the exercise clock since the start."""
    return (clock.now() - START).total_seconds() / 60.0
