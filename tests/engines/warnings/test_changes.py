"""What changed between two states, against a second and simpler telling of the same rule."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sonae.core.clock import JST
from sonae.engines.warnings import Forecast, InForce, WarningArea, difference, in_force
from sonae.engines.warnings.changes import CHANGES
from sonae.engines.warnings.model import SEVERITIES
from tests.engines.warnings.conftest import sample

T0 = datetime(2026, 8, 30, 5, 0, tzinfo=JST)
NAMES = {5: "emergency", 4: "critical", 3: "warning", 2: "advisory"}


def line(
    level: int | None = 3,
    *,
    severity: str = "",
    code: str = "9920100",
    phenomenon: str = "heavy_rain",
    kind: str = "",
    expects: int | None = None,
) -> InForce:
    """One line of a state."""
    severity = severity or NAMES[level or 3]
    forecast = (Forecast(expects, T0, T0 + timedelta(hours=3)),) if expects else ()
    return InForce(
        WarningArea(code, f"市{code}", "city"), phenomenon, kind or f"{phenomenon}{level}", level,
        severity, T0, "series", "VPWW55", T0, forecast=forecast,
    )  # fmt: skip


def one(before: list[InForce], after: list[InForce]) -> tuple[str, tuple[str, ...]]:
    """The only change and its details."""
    (change,) = difference(before, after)
    return change.what, change.details


def test_each_kind_of_change() -> None:
    assert one([], [line()]) == ("began", ())
    assert one([line()], []) == ("ended", ())
    assert one([line(3)], [line(4)]) == ("rose", ("kind", "level", "severity"))
    assert one([line(4)], [line(2)]) == ("fell", ("kind", "level", "severity"))
    assert one([line()], [line()]) == ("unchanged", ())
    assert difference([], []) == []


def test_a_level_that_only_one_side_states_is_no_rise() -> None:
    old, new = line(None, severity="warning", kind="大雨警報"), line(3, kind="レベル３大雨警報")
    assert one([old], [new]) == ("unchanged", ("kind", "level"))
    assert one([new], [old]) == ("unchanged", ("kind", "level"))


def test_a_level_that_is_expected_is_told_before_it_is_issued() -> None:
    (change,) = difference([line(2)], [line(2, expects=4)])
    assert (change.what, change.details, change.expects_more) == ("unchanged", ("forecast",), True)
    (again,) = difference([line(2, expects=4)], [line(2, expects=4)])
    assert not again.expects_more
    (arrived,) = difference([line(2, expects=4)], [line(4, expects=4)])
    assert (arrived.what, arrived.expects_more) == ("rose", False)
    (began,) = difference([], [line(2, expects=4)])
    assert began.expects_more


def test_areas_and_phenomena_are_apart_and_the_worst_comes_first() -> None:
    before = [line(4, code="1"), line(2, code="2"), line(3, phenomenon="flood"), line(5, code="9")]
    after = [line(3, code="1"), line(4, code="2"), line(5), line(3, code="3"), line(5, code="9")]
    told = [(c.what, c.area_code, c.phenomenon) for c in difference(before, after)]
    assert told == [
        ("began", "9920100", "heavy_rain"),
        ("began", "3", "heavy_rain"),
        ("rose", "2", "heavy_rain"),
        ("fell", "1", "heavy_rain"),
        ("ended", "9920100", "flood"),
        ("unchanged", "9", "heavy_rain"),
    ]


def test_the_evening_of_two_issues_of_matsue() -> None:
    """VPWW55 of 11:19 alone, then VPWW54 of 13:05 whose notice names level 4 for 松江市."""
    new, old = sample("15_17_01_250630_VPWW55.xml"), sample("15_17_01_250123_VPWW54.xml")
    noon = datetime(2024, 11, 2, 12, 0, tzinfo=JST)
    changes = difference(
        in_force([new], at=noon), in_force([new, old], at=noon + timedelta(minutes=66))
    )
    rain = {
        c.area_name: c.what
        for c in changes
        if c.phenomenon == "heavy_rain" and len(c.area_code) == 7
    }
    assert [name for name, what in rain.items() if what == "rose"] == ["松江市"]
    assert set(rain.values()) == {"rose", "unchanged"}
    assert {c.what for c in changes if c.phenomenon == "thunder"} == {"began"}


LINES = st.builds(
    line,
    st.sampled_from([None, 2, 3, 4, 5]),
    severity=st.sampled_from(["", *SEVERITIES[1:]]),
    code=st.sampled_from(["1", "2", "3"]),
    phenomenon=st.sampled_from(["heavy_rain", "flood"]),
    expects=st.sampled_from([None, 3, 4]),
)


def naive(before: list[InForce], after: list[InForce]) -> dict[tuple[str, str], str]:
    """The same, told cell by cell without tables."""
    told = {}
    for code in "123":
        for phenomenon in ("heavy_rain", "flood"):
            worst = []
            for rows in (before, after):
                here = [r for r in rows if r.area.code == code and r.phenomenon == phenomenon]
                here.sort(key=lambda r: (SEVERITIES.index(r.severity), r.level or 0))
                worst.append(here[-1] if here else None)
            was, now = worst
            if was is None and now is None:
                continue
            if was is None or now is None:
                what = "began" if was is None else "ended"
            elif was.severity != now.severity:
                up = SEVERITIES.index(now.severity) > SEVERITIES.index(was.severity)
                what = "rose" if up else "fell"
            elif was.level is None or now.level is None or was.level == now.level:
                what = "unchanged"
            else:
                what = "rose" if now.level > was.level else "fell"
            told[code, phenomenon] = what
    return told


@given(st.lists(LINES, max_size=8), st.lists(LINES, max_size=8), st.randoms())
def test_it_agrees_with_the_naive_telling_in_any_order(
    before: list[InForce], after: list[InForce], rng: random.Random
) -> None:
    changes = difference(before, after)
    assert {(c.area_code, c.phenomenon): c.what for c in changes} == naive(before, after)
    assert len(changes) == len({(c.area_code, c.phenomenon) for c in changes})
    order = [CHANGES.index(c.what) for c in changes]
    assert order == sorted(order)
    shuffled_before, shuffled_after = [*before, *before[:1]], [*after, *after[:1]]
    rng.shuffle(shuffled_before)
    rng.shuffle(shuffled_after)
    assert [(c.area_code, c.phenomenon, c.what) for c in changes] == [
        (c.area_code, c.phenomenon, c.what) for c in difference(shuffled_before, shuffled_after)
    ]


@given(st.lists(LINES, max_size=8), st.lists(LINES, max_size=8))
def test_back_again_is_the_opposite(before: list[InForce], after: list[InForce]) -> None:
    opposite = {"began": "ended", "ended": "began", "rose": "fell", "fell": "rose"}
    forth = {(c.area_code, c.phenomenon): c.what for c in difference(before, after)}
    back = {(c.area_code, c.phenomenon): c.what for c in difference(after, before)}
    assert back == {key: opposite.get(what, what) for key, what in forth.items()}


def test_a_forecast_from_a_table_is_json_and_compares() -> None:
    """A table keeps forecasts as JSON; the line of the engine and the row are the same word."""
    engine = line(2, expects=4)
    stored = replace(engine, forecast=tuple(each.to_json() for each in engine.forecast))  # type: ignore[misc]
    (change,) = difference([stored], [engine])
    assert (change.what, change.details, change.expects_more) == ("unchanged", (), False)
