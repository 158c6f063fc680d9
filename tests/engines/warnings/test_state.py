"""What is in force: the same for every order and any repetition, and never both twins."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonae.core.clock import JST
from sonae.engines.warnings import InForce, Warning, dated_ahead, in_force, read
from sonae.engines.warnings.compose import (
    CityKind,
    compose_cancel,
    compose_river,
    compose_weather,
)
from sonae.engines.warnings.model import SEVERITY_RANK
from tests.engines.warnings.conftest import folder, sample

T0 = datetime(2026, 8, 30, 5, 0, tzinfo=JST)
LATER = T0 + timedelta(days=1)
OFFICE = "備え地方気象台"
PREFECTURE = ("990000", "備え県")
CITY = ("9920100", "備え市")
OTHER = ("9920200", "隣市")


def minute(minutes: float) -> datetime:
    """``minutes`` after T0."""
    return T0 + timedelta(minutes=minutes)


def weather(
    minutes: float,
    *codes: str,
    telegram: str = "VPWW55",
    lifted: bool = False,
    office: str = OFFICE,
    condition: str = "",
    notice: str = "",
    of: tuple[str, str] = CITY,
    status: str = "actual",
    action: str = "issue",
) -> Warning:
    """A weather telegram about one city; without codes it says that nothing is in force."""
    kinds = [CityKind(*of, code, lifted=lifted, condition=condition) for code in codes or ("",)]
    raw = compose_weather(
        telegram, kinds, office=office, prefecture=PREFECTURE, issued_at=minute(minutes),
        notice=notice, status=status, action=action, headline=f"{minutes}",
    )  # fmt: skip
    return read(raw)


def river(minutes: float, code: str, river_code: str = "999901000100") -> Warning:
    """A river telegram about one city."""
    return read(
        compose_river(
            river_code=river_code,
            river_name="備え川",
            kind_code=code,
            cities=[CITY],
            prefecture=PREFECTURE,
            office=OFFICE,
            issued_at=minute(minutes),
        )
    )


def cancel(minutes: float, telegram: str = "VPWW55", event_id: str = "") -> Warning:
    """A cancellation of a series."""
    return read(
        compose_cancel(telegram, office=OFFICE, issued_at=minute(minutes), event_id=event_id)
    )


def city(warnings: Sequence[Warning], at: datetime = LATER, status: str = "actual") -> list[str]:
    """Kinds in force for CITY, gravest first."""
    lines = in_force(warnings, at=at, status=status)
    return [line.kind for line in lines if line.area.code == CITY[0]]


def test_the_newest_telegram_of_a_series_is_its_word() -> None:
    assert city([weather(0, "03"), weather(20, "43"), weather(10, "33")]) == [
        "レベル４大雨危険警報"
    ]


def test_other_offices_and_other_types_are_other_series() -> None:
    found = city([weather(0, "43"), weather(5, "49", telegram="VPWW56"), weather(9, office="別")])
    assert found == ["レベル４大雨危険警報", "レベル４土砂災害危険警報"]


def test_a_cancellation_ends_everything_its_series_said() -> None:
    story = [weather(0, "43"), weather(5, "33"), cancel(10)]
    assert in_force(story, at=LATER) == []
    assert city([*story, weather(20, "03")]) == ["レベル３大雨警報"]


def test_at_the_same_second_the_cancellation_is_the_last_word() -> None:
    assert city([weather(0, "43"), cancel(0)]) == []
    assert city([cancel(0), weather(0, "43")]) == []


def test_a_cancellation_of_another_event_ends_nothing() -> None:
    story = [river(0, "40"), cancel(5, "VXKO", event_id="111101000100")]
    assert city(story) == ["レベル４氾濫危険警報"]
    assert city([*story, cancel(6, "VXKO", event_id="999901000100")]) == []


def test_a_correction_replaces_also_downward() -> None:
    assert city([weather(0, "33"), weather(1, "03", action="correct")]) == ["レベル３大雨警報"]


def test_lifting_one_kind_leaves_the_others() -> None:
    before = weather(0, "03", "14", telegram="VPWW54")
    kinds = [CityKind(*CITY, "03", lifted=True), CityKind(*CITY, "14", last_code="14")]
    after = read(
        compose_weather("VPWW54", kinds, office=OFFICE, prefecture=PREFECTURE, issued_at=minute(10))
    )
    assert city([before]) == ["大雨警報", "雷注意報"]
    assert city([after, before]) == ["雷注意報"]


def test_river_code_10_lifts() -> None:
    assert city([river(0, "40"), river(10, "10")]) == []


def test_drill_test_and_actual_never_mix() -> None:
    real = weather(0, "03")
    drill = weather(5, "33", status="exercise")
    trial = weather(9, "", status="test")
    drill_cancel = read(
        compose_cancel("VPWW55", office=OFFICE, issued_at=minute(10), status="exercise")
    )
    everything = [drill_cancel, trial, drill, real]
    assert city(everything) == ["レベル３大雨警報"]
    assert city([trial, drill, real], status="exercise") == ["レベル５大雨特別警報"]
    assert city(everything, status="exercise") == []
    assert city(everything, status="test") == []


def test_as_of_any_time() -> None:
    story = [weather(0, "03"), weather(20, "43"), cancel(40)]
    assert city(story, at=minute(-1)) == []
    assert city(story, at=minute(0)) == ["レベル３大雨警報"]
    assert city(story, at=minute(19.9)) == ["レベル３大雨警報"]
    assert city(story, at=minute(20)) == ["レベル４大雨危険警報"]
    assert city(story, at=minute(40)) == []


def test_what_arrived_counts_although_its_clock_is_ahead() -> None:
    story = [weather(20, "43")]
    assert in_force(story, at=T0) == []
    assert [line.level for line in in_force(story, at=T0, arrived=True)] == [4, 4]


def test_since_is_when_this_kind_began_without_a_break() -> None:
    def since(*story: Warning) -> float:
        (line,) = [x for x in in_force(story, at=LATER) if x.area.code == CITY[0]]
        return (line.since - T0).total_seconds() / 60

    assert since(weather(0, "03"), weather(10, "43"), weather(20, "43")) == 10
    assert since(weather(0, "43"), weather(10, "03"), weather(20, "43")) == 20
    assert since(weather(0, "43"), cancel(10), weather(20, "43")) == 20
    assert since(weather(0, "43"), weather(5, of=OTHER), weather(9, "43")) == 9


def test_issued_at_is_that_of_the_newest_telegram() -> None:
    (line, *_) = in_force([weather(0, "43"), weather(20, "43")], at=LATER)
    assert line.issued_at == minute(20)
    assert line.to_json()["since"] == "2026-08-30T05:00:00+09:00"


@pytest.mark.parametrize("shift", [-3, 0, 3])
def test_of_old_and_new_twin_the_new_one_is_shown(shift: float) -> None:
    old, new = weather(shift, "03", telegram="VPWW54"), weather(0, "43")
    assert city([old, new]) == city([new, old]) == ["レベル４大雨危険警報"]


def test_the_old_twin_speaks_where_the_new_one_is_silent() -> None:
    assert city([weather(0, "03", telegram="VPWW54"), weather(0, "49", telegram="VPWW56")]) == [
        "レベル４土砂災害危険警報",
        "大雨警報",
    ]


def test_the_old_twin_goes_when_the_new_one_lifted_later() -> None:
    old = weather(0, "03", telegram="VPWW54")
    assert city([old, weather(-5, "03"), weather(10, "03", lifted=True)]) == []


def test_cancelling_the_new_twin_does_not_withdraw_the_old_one() -> None:
    """Nobody cancelled the VPWW54: it is shown until somebody does."""
    new, old, withdrawn = weather(0, "43"), weather(1, "03", telegram="VPWW54"), cancel(10)
    assert city([new, old]) == ["レベル４大雨危険警報"]
    assert city([new, old, withdrawn]) == city([withdrawn, old, new]) == ["大雨警報"]
    assert city([new, old, withdrawn, cancel(11, "VPWW54")]) == []


def test_an_old_twin_that_is_newer_than_the_lifting_is_kept() -> None:
    """Both systems follow the same decision; where they contradict, the warning stays."""
    assert city([weather(10, "03", lifted=True), weather(20, "03", telegram="VPWW54")]) == [
        "大雨警報"
    ]


def test_old_heavy_rain_because_of_landslides_is_the_new_landslide_warning() -> None:
    old = weather(5, "03", telegram="VPWW54", condition="土砂災害")
    new = weather(0, "09", telegram="VPWW56")
    assert city([old, new]) == ["レベル３土砂災害警報"]
    both = weather(5, "03", telegram="VPWW54", condition="土砂災害、浸水害")
    assert city([both, new]) == ["レベル３土砂災害警報", "大雨警報"]


def test_three_editions_of_the_old_system_are_one() -> None:
    lines = [
        weather(0, "33", telegram="VPWW53"),
        weather(0, "33", telegram="VPWW54"),
    ]
    found = in_force(lines, at=LATER)
    assert {line.telegram for line in found} == {"VPWW54"}


def test_the_level_of_the_notice_is_not_lost() -> None:
    old = weather(0, "03", telegram="VPWW54", notice="〈レベル４大雨危険警報〉備え市")
    (line,) = [x for x in in_force([old], at=LATER) if x.area.code == CITY[0]]
    assert (line.level, line.severity, line.phenomenon) == (4, "critical", "heavy_rain")


def test_two_rivers_at_one_city_are_one_line_with_the_graver() -> None:
    found = in_force([river(0, "30"), river(5, "51", river_code="999902000100")], at=LATER)
    assert [line.level for line in found if line.area.type == "city"] == [5]
    assert sorted(line.level or 0 for line in found if line.area.type == "river") == [3, 3, 5, 5]


# Real series.


def test_the_landslide_series_of_okayama() -> None:
    """Ten telegrams of two days: who is under 警戒 after each (counted by reading them)."""
    names = [f"17_03_{n:02}_190529_VXWW50.xml" for n in range(1, 11)]
    story = [sample(name) for name in names]
    counts = [
        len(in_force(story, at=warning.issued_at + timedelta(seconds=59))) for warning in story
    ]
    assert counts == [1, 0, 20, 25, 26, 27, 22, 9, 1, 0]


def test_a_tsunami_of_two_earthquakes_is_one_series() -> None:
    """The lifting names both EventIDs: without joining them the advisory would stay for ever."""
    issued = sample("38-39_02_01_250206_VTSE41.xml")
    lifted = sample("38-39_02_04_250206_VTSE41.xml")
    during = in_force([issued, lifted], at=datetime(2015, 11, 14, 6, 0, tzinfo=JST))
    assert sorted(x.area.code for x in during if x.severity == "advisory") == ["771", "772", "773"]
    assert in_force([lifted, issued], at=datetime(2015, 11, 14, 7, 30, tzinfo=JST)) == []
    second = Warning.from_json({**issued.to_json(), "event_id": "20151114061750"})
    second = Warning.from_json({**second.to_json(), "series": "VTSE41|actual|20151114061750"})
    assert in_force([second, lifted], at=datetime(2015, 11, 14, 7, 30, tzinfo=JST)) == []


def test_the_tsunami_of_2023_10_09() -> None:
    story = [
        read(path.read_bytes())
        for path in folder("jma", "real")
        if path.name.startswith("20231009") and "VTSE41" in path.name
    ]
    assert len(story) == 6

    def counts(hour: int, minutes: int) -> tuple[int, int]:
        lines = in_force(story, at=datetime(2023, 10, 9, hour, minutes, tzinfo=JST))
        severities = [line.severity for line in lines]
        return severities.count("advisory"), severities.count("information")

    assert counts(6, 41) == (2, 0)
    assert counts(8, 0) == (5, 10)
    assert counts(9, 0) == (9, 6)
    assert counts(12, 1) == (0, 15)
    # ValidDateTime of the last telegram: 18:00.
    assert counts(18, 0) == (0, 0)


def test_the_intensities_of_one_earthquake_are_those_of_the_last_report() -> None:
    quick = sample("real/20210217140808_0_VXSE51_010000.xml")
    full = sample("real/20210217140958_0_VXSE53_010000.xml")
    lines = in_force([quick, full], at=full.issued_at + timedelta(minutes=1))
    area = {line.area.code: line for line in lines}["222"]
    assert (area.kind, area.telegram) == ("震度３", "VXSE53")
    assert in_force([quick, full], at=full.issued_at + timedelta(hours=25)) == []


def test_an_earthquake_s_cancellation_ends_it() -> None:
    cancelled = sample("32-35_10_01_220510_VXSE51.xml")
    report = sample("real/20210217140808_0_VXSE51_010000.xml")
    issued = Warning.from_json(
        {
            **report.to_json(),
            "event_id": cancelled.event_id,
            "series": cancelled.series,
            "issued_at": "2022-05-10T18:05:00+09:00",
            "sent_at": "2022-05-10T18:05:07+09:00",
        }
    )
    at = datetime(2022, 5, 10, 18, 11, tzinfo=JST)
    assert in_force([issued], at=at)
    assert in_force([cancelled, issued], at=at) == []


def test_flash_reports_of_one_event_are_one_series() -> None:
    names = ["85(82)_02_02_250630_VPBS50.xml", "85(82)_02_05_250630_VPBS50.xml"]
    first, last = [sample(name) for name in names]
    assert first.series == last.series
    lines = in_force([last, first], at=last.issued_at + timedelta(minutes=1))
    assert {line.issued_at for line in lines} == {last.issued_at}


def test_the_old_and_the_new_system_at_matsue() -> None:
    """VPWW54 of 13:05 is newer than VPWW55 of 11:19 and names level 4 in its notice: level 4."""
    story = [
        sample(name)
        for name in (
            "15_17_01_250123_VPWW54.xml",
            "15_17_01_250630_VPWW55.xml",
            "15_17_01_250630_VPWW56.xml",
        )
    ]
    lines = {
        (line.area.code, line.phenomenon): line
        for line in in_force(story, at=datetime(2024, 11, 2, 13, 6, tzinfo=JST))
    }
    assert (lines["3220100", "heavy_rain"].level, lines["3220100", "heavy_rain"].telegram) == (
        4, "VPWW54",
    )  # fmt: skip
    assert (lines["3220300", "heavy_rain"].level, lines["3220300", "heavy_rain"].telegram) == (
        3, "VPWW55",
    )  # fmt: skip
    assert lines["3220900", "landslide"].level == 4
    assert lines["3220100", "thunder"].telegram == "VPWW54"
    earlier = in_force(story, at=datetime(2024, 11, 2, 12, 0, tzinfo=JST))
    assert {
        line.level
        for line in earlier
        if (line.area.code, line.phenomenon) == ("3220100", "heavy_rain")
    } == {3}


# Properties.

CODES = st.sampled_from(["03", "43", "33", "10", "", "lift03", "lift43"])
TYPES = st.sampled_from(["VPWW54", "VPWW55", "VPWW56", "river", "cancel55", "cancel54"])
_RAIN_TO_SLIDE = {"03": "09", "43": "49", "33": "39", "10": "29"}
_RAIN_TO_RIVER = {"03": "30", "43": "40", "33": "51", "10": "20"}


@st.composite
def telegrams(draw: st.DrawFn) -> Warning:
    """Any telegram of the story of one city, at a whole minute of an hour."""
    at, kind, code = draw(st.integers(0, 60)), draw(TYPES), draw(CODES)
    status = draw(st.sampled_from(["actual", "actual", "exercise"]))
    action = draw(st.sampled_from(["issue", "issue", "correct"]))
    lifted, code = code.startswith("lift"), code.removeprefix("lift")
    if kind.startswith("cancel"):
        return cancel(at, f"VPWW{kind[-2:]}")
    if kind == "river":
        return river(at, "10" if lifted or not code else _RAIN_TO_RIVER[code])
    if kind == "VPWW54":
        code = {"43": "03"}.get(code, code)
    if kind == "VPWW56":
        code = _RAIN_TO_SLIDE.get(code, code)
    return weather(at, code, telegram=kind, lifted=lifted, status=status, action=action)


@settings(max_examples=150)
@given(st.lists(telegrams(), max_size=9), st.randoms(use_true_random=False), st.integers(0, 70))
def test_order_and_repetition_change_nothing(
    story: list[Warning], rng: random.Random, at: int
) -> None:
    moment = minute(at)
    plain = in_force(story, at=moment)
    shuffled = [*story, *rng.choices(story, k=3)] if story else []
    rng.shuffle(shuffled)
    assert in_force(shuffled, at=moment) == plain
    assert in_force(iter(shuffled), at=moment) == plain


@settings(max_examples=100)
@given(st.lists(telegrams(), max_size=9), st.integers(0, 70))
def test_the_state_is_that_of_the_newest_telegrams_alone(story: list[Warning], at: int) -> None:
    """Independent recomputation: of each series only the newest matters (save for ``since``)."""
    moment = minute(at)
    newest: dict[str, Warning] = {}
    rank = {"issue": 0, "correct": 1, "cancel": 2}
    for warning in story:
        held = newest.get(warning.series)
        this = (warning.sent_at, rank[warning.action], int(warning.serial or 0), warning.raw_sha256)
        if warning.issued_at <= moment and (
            held is None
            or this > (held.sent_at, rank[held.action], int(held.serial or 0), held.raw_sha256)
        ):
            newest[warning.series] = warning

    def bare(lines: list[InForce]) -> list[tuple[object, ...]]:
        return [(x.area, x.phenomenon, x.kind, x.level, x.issued_at, x.telegram) for x in lines]

    assert bare(in_force(story, at=moment)) == bare(in_force(newest.values(), at=moment))


@settings(max_examples=100)
@given(st.lists(telegrams(), max_size=9), st.integers(0, 70))
def test_one_line_per_area_and_phenomenon_and_nothing_invented(
    story: list[Warning], at: int
) -> None:
    lines = in_force(story, at=minute(at))
    keys = [(line.area.code, line.area.name, line.phenomenon) for line in lines]
    assert len(keys) == len(set(keys))
    said = {
        (area.code, item.phenomenon, item.kind, item.level)
        for warning in story
        if warning.status == "actual" and warning.issued_at <= minute(at)
        for item in warning.items
        if item.in_force
        for area in item.areas
    }
    for line in lines:
        assert (line.area.code, line.phenomenon, line.kind, line.level) in said
        assert line.since <= line.issued_at <= minute(at)
    ranks = [SEVERITY_RANK[line.severity] for line in lines]
    assert ranks == sorted(ranks, reverse=True)


def test_a_naive_time_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="offset"):
        in_force([], at=datetime(2026, 8, 30))


@given(
    order=st.permutations(range(4)),
    ahead=st.integers(min_value=12 * 60 + 1, max_value=5 * 365 * 24 * 60),
    code=st.sampled_from(["33", "03", "10", ""]),
    action=st.sampled_from(["issue", "correct"]),
)
@settings(max_examples=60, deadline=None)
def test_one_message_from_the_future_decides_nothing(
    order: list[int], ahead: int, code: str, action: str
) -> None:
    """Whatever it says, the state is the one without it; and it is told apart."""
    sane = [weather(0, "03"), weather(3, "43", action="correct"), weather(6, "43", "10")]
    now = minute(7)
    wrong = weather(7 + ahead, *([code] if code else []), action=action)
    told = [[*sane, wrong][index] for index in order]
    kept = [one for one in told if not dated_ahead(one, now)]
    assert [one for one in told if one not in kept] == [wrong]
    assert in_force(kept, at=now, arrived=True) == in_force(sane, at=now, arrived=True)


def test_a_clock_on_the_wrong_time_zone_refuses_no_real_warning() -> None:
    assert not dated_ahead(weather(9 * 60 + 10, "43"), T0)
    assert dated_ahead(weather(12 * 60 + 1, "43"), T0)
    forecast = replace(weather(0, "43"), issued_at=minute(59))
    assert not dated_ahead(forecast, T0), "forecasts leave before their official time"
    assert dated_ahead(replace(forecast, issued_at=minute(5 * 365 * 24 * 60)), T0)
