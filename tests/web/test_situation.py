"""The first sentence of the public page: orders lead, a telegram's level stays 相当, unknown stays so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pytest
from django.utils import translation

from sonae.core.clock import JST
from sonae.web.citizen.situation import describe, named

AT = datetime(2026, 7, 1, 10, 0, tzinfo=JST)


@dataclass
class Order:
    """An order in force."""

    level: int
    hazard: str = "flood"
    whole_city: bool = False
    issued_at: datetime | None = AT


@dataclass
class Line:
    """A warning in force."""

    phenomenon: str
    kind: str
    level: int | None
    severity: str
    area_name: str = "備え市"
    since: datetime = AT


RAIN5 = Line("heavy_rain", "レベル５大雨特別警報", 5, "emergency")
RAIN3 = Line("heavy_rain", "レベル３大雨警報", 3, "warning")
TSUNAMI = Line("tsunami", "津波警報", None, "critical")
THUNDER = Line("thunder", "雷注意報", None, "advisory")


@pytest.fixture(autouse=True)
def _japanese() -> object:
    """Sentences are compared in Japanese."""
    with translation.override("ja"):
        yield


def test_the_gravest_order_speaks_and_all_are_listed() -> None:
    """Level 4 leads over level 3, and a level 5 warning never turns an order into level 5."""
    found = describe(
        [(Order(3, "landslide"), ["山手"]), (Order(4), ["緑町", "本町"])], [RAIN5], "備え市"
    )
    assert (found.kind, found.level, found.by_mayor) == ("order", 4, True)
    assert found.lead == "危険な場所にいる人は、全員いますぐ避難してください。"
    assert [(o.level, o.hazard, o.where) for o in found.orders] == [
        (4, "洪水", "緑町、本町"),
        (3, "土砂災害", "山手"),
    ]
    assert found.hazards == ("flood", "landslide")


def test_an_order_for_the_whole_city_says_so() -> None:
    """No list of three hundred towns."""
    found = describe([(Order(5, whole_city=True), [])], [], "備え市")
    assert found.orders[0].where == "備え市全域"
    assert "命の危険" in found.lead


def test_a_warning_without_an_order_is_only_equivalent() -> None:
    """The head says that no order is out; the level is the telegram's."""
    found = describe([], [RAIN3], "備え市")
    assert (found.kind, found.level, found.by_mayor, found.orders) == ("warning", 3, False, ())
    assert "高齢者" in found.lead
    assert "避難情報は、いまのところ出ていません" in found.action


def test_a_tsunami_has_no_level_and_needs_no_level() -> None:
    """Its sentence is its own."""
    found = describe([], [TSUNAMI], "備え市")
    assert found.level is None and "高い所" in found.lead


def test_a_tsunami_beside_rain_still_speaks() -> None:
    """The gravest line decides the sentence when it has one of its own."""
    assert "高い所" in describe([], [TSUNAMI, RAIN3], "備え市").lead


def test_an_advisory_is_calm_but_not_silent() -> None:
    """Thunder is mentioned; nothing at all is called nothing at all."""
    assert "注意報などが出ています" in describe([], [THUNDER], "備え市").lead
    calm = describe([], [], "備え市")
    assert calm.kind == "calm" and calm.level is None
    assert calm.lead == "いま、備え市に避難情報や警報は出ていません。"


def test_who_cannot_hear_does_not_say_that_there_is_nothing() -> None:
    """Without any line alive, nothing in force means that it is not known."""
    deaf = describe([], [], "備え市", hearing=False)
    assert deaf.kind == "unknown"
    assert "分かりません" in deaf.lead
    assert describe([], [RAIN3], "備え市", hearing=False).kind == "warning"
    assert describe([(Order(5, whole_city=True), [])], [], "備え市", hearing=False).kind == "order"


def test_a_grave_warning_of_no_level_names_itself() -> None:
    """A storm warning has no level and no sentence of its own: its name is told."""
    storm = Line("storm", "暴風警報", None, "warning")
    assert describe([], [storm], "備え市").lead.startswith("暴風警報が出ています")


def test_many_towns_are_counted_in_the_heading() -> None:
    """Six by name, the rest as a number."""
    towns = [f"{n}丁目" for n in range(1, 10)]
    assert named(towns[:6]) == "1丁目、2丁目、3丁目、4丁目、5丁目、6丁目"
    assert named(towns).endswith("6丁目など9町")
