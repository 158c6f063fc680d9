"""Old and new twins, and recovery by VPWS50, against a naive second telling of the rules.

The naive one knows no telegrams, series or claims: it walks a story of plain facts, word by word.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from sonae.core.clock import JST
from sonae.engines.warnings import Warning, in_force, read
from sonae.engines.warnings.compose import CityKind, compose_cancel, compose_weather
from tests.engines.warnings.conftest import sample

T0 = datetime(2026, 8, 30, 5, 0, tzinfo=JST)
OFFICE, HEADQUARTERS = "備え地方気象台", "気象庁本庁"
PREFECTURE = ("990000", "備え県")
CITIES = {"A": ("9920100", "備え市"), "B": ("9920200", "隣市")}
RANKS = {"33": 5, "43": 4, "03": 3, "10": 2, "39": 5, "49": 4, "09": 3, "29": 2}
PHENOMENON = {"VPWW55": "heavy_rain", "VPWW56": "landslide"}
CODES = {"VPWW55": ["33", "43", "03", "10", ""], "VPWW56": ["39", "49", "09", "29", ""]}
GRAVITY = {5: "emergency", 4: "critical", 3: "warning", 2: "advisory"}


@dataclass(frozen=True)
class Fact:
    """One telegram of a story. ``says``: city letter → codes ('' nothing; a lifting says so)."""

    minute: int
    telegram: str
    says: dict[str, tuple[str, ...]] = field(default_factory=dict)
    cancelled: bool = False
    condition: str = ""

    def warning(self) -> Warning:
        """The telegram itself, made and read like any other."""
        at = T0 + timedelta(minutes=self.minute)
        office = HEADQUARTERS if self.telegram == "VPWS50" else OFFICE
        if self.cancelled:
            return read(compose_cancel(self.telegram, office=office, issued_at=at))
        kinds = [
            CityKind(*CITIES[letter], code, condition=self.condition if code else "")
            for letter, codes in self.says.items()
            for code in codes or ("",)
        ]
        return read(
            compose_weather(
                self.telegram, kinds, office=office, prefecture=PREFECTURE, issued_at=at
            )
        )


def state(warnings: list[Warning]) -> dict[tuple[str, str], tuple[str, str]]:
    """(city letter, phenomenon) → (code, severity), by the product."""
    letters = {code: letter for letter, (code, _) in CITIES.items()}
    return {
        (letters[line.area.code], line.phenomenon): (line.kind_code or "", line.severity)
        for line in in_force(warnings, at=T0 + timedelta(days=1))
        if line.area.code in letters
    }


def newest(story: list[Fact], *telegrams: str) -> Fact | None:
    """The last fact of these types."""
    own = [fact for fact in story if fact.telegram in telegrams]
    return max(own, key=lambda fact: fact.minute, default=None)


def naive_new(story: list[Fact], telegram: str, letter: str) -> str:
    """What the new system says of one city and phenomenon: a code, or nothing."""
    own, whole = newest(story, telegram), newest(story, "VPWS50")
    if whole is not None and whole.cancelled:
        whole = None
    listed = [c for c in (whole.says.get(letter, ()) if whole else ()) if c in CODES[telegram]]
    if own is None or (whole is not None and own.minute < whole.minute):
        return listed[0] if listed else ""
    # 「なし」 names a city only where the telegram says it of all; else the series must have spoken.
    named = any(
        letter in fact.says and (any(fact.says[letter]) or not any(fact.says.values()))
        for fact in story
        if fact.telegram == telegram
    )
    if not named:
        return listed[0] if listed else ""
    codes = () if own.cancelled else own.says.get(letter, ())
    return codes[0] if codes else ""


def naive(story: list[Fact]) -> dict[tuple[str, str], tuple[str, str]]:
    """The whole picture, cell by cell."""
    picture = {}
    old, whole, rain = newest(story, "VPWW54"), newest(story, "VPWS50"), newest(story, "VPWW55")
    for letter in CITIES:
        words = {name: naive_new(story, name, letter) for name in PHENOMENON}
        for name, code in words.items():
            if code:
                picture[letter, PHENOMENON[name]] = (code, GRAVITY[RANKS[code]])
        if old is None or old.cancelled or not old.says.get(letter):
            continue
        if rain is not None and not rain.cancelled and rain.minute >= old.minute:
            continue
        if whole is not None and not whole.cancelled and whole.minute > old.minute:
            continue
        code = old.says[letter][0]
        slide = RANKS.get(words["VPWW56"], 0)
        severity = GRAVITY[RANKS[code]]
        maybe_slide = "浸水害" not in old.condition and (
            "土砂災害" in old.condition or severity == "advisory"
        )
        if maybe_slide and slide >= RANKS[code]:
            continue
        held = RANKS.get(words["VPWW55"], 0)
        if RANKS[code] > held:
            picture[letter, "heavy_rain"] = (code, severity)
    return picture


@st.composite
def stories(draw: st.DrawFn) -> list[Fact]:
    """Up to nine telegrams of two cities, each at its own minute."""
    facts = []
    minutes = draw(st.lists(st.integers(0, 300), unique=True, max_size=9))
    for minute in minutes:
        telegram = draw(st.sampled_from(["VPWW55", "VPWW55", "VPWW56", "VPWW54", "VPWS50"]))
        if draw(st.integers(0, 9)) == 0:
            facts.append(Fact(minute, telegram, cancelled=True))
            continue
        says: dict[str, tuple[str, ...]] = {}
        for letter in CITIES:
            if telegram == "VPWS50":
                pair = [draw(st.sampled_from(CODES[name])) for name in PHENOMENON]
                says[letter] = tuple(code for code in pair if code)
            else:
                own = ["33", "03", "10", ""] if telegram == "VPWW54" else CODES[telegram]
                code = draw(st.sampled_from(own))
                says[letter] = (code,) if code else ()
        condition = draw(st.sampled_from(["", "土砂災害", "浸水害", "土砂災害、浸水害"]))
        facts.append(Fact(minute, telegram, says, condition=condition * (telegram == "VPWW54")))
    return facts


@settings(max_examples=60, deadline=None)
@given(stories(), st.randoms(use_true_random=False))
def test_any_delivery_gives_what_the_naive_telling_gives(
    story: list[Fact], rng: random.Random
) -> None:
    """Dropped telegrams are dropped for both; order and repetition are the product's alone."""
    arrived = [fact for fact in story if rng.random() > 0.25]
    warnings = [fact.warning() for fact in arrived]
    warnings += rng.choices(warnings, k=2) if warnings else []
    rng.shuffle(warnings)
    assert state(warnings) == naive(arrived), arrived


@settings(max_examples=30, deadline=None)
@given(stories(), st.randoms(use_true_random=False))
def test_after_an_outage_one_summary_brings_everything_back(
    story: list[Fact], rng: random.Random
) -> None:
    """Whatever was lost, VPWS50 gives the state of someone who received everything."""
    new = [fact for fact in story if fact.telegram in PHENOMENON]
    truth = {
        letter: tuple(code for name in PHENOMENON if (code := naive_new(new, name, letter)))
        for letter in CITIES
    }
    whole = Fact(400, "VPWS50", truth)
    clean = state([fact.warning() for fact in (*new, whole)])
    arrived = [fact for fact in new if rng.random() > 0.5]
    assert state([whole.warning(), *(fact.warning() for fact in arrived)]) == clean
    assert {(letter, PHENOMENON[name]) for letter, codes in truth.items()
            for name in PHENOMENON for code in codes if code in CODES[name]} == set(clean)  # fmt: skip


def lines(*facts: Fact) -> dict[tuple[str, str], tuple[str, str]]:
    return state([fact.warning() for fact in facts])


def test_a_lost_issue_is_in_force_by_the_summary() -> None:
    whole = Fact(30, "VPWS50", {"A": ("43", "49"), "B": ()})
    assert lines(whole) == {
        ("A", "heavy_rain"): ("43", "critical"),
        ("A", "landslide"): ("49", "critical"),
    }


def test_a_lost_lifting_ends_by_the_summary() -> None:
    issued = Fact(0, "VPWW55", {"A": ("43",), "B": ("03",)})
    whole = Fact(30, "VPWS50", {"A": (), "B": ("03",)})
    assert lines(issued, whole) == {("B", "heavy_rain"): ("03", "warning")}


def test_the_summary_confirms_and_the_telegram_itself_is_shown() -> None:
    issued = Fact(0, "VPWW55", {"A": ("43",)}).warning()
    whole = Fact(30, "VPWS50", {"A": ("43",)}).warning()
    (line,) = [
        x for x in in_force([whole, issued], at=T0 + timedelta(hours=1)) if x.area.type == "city"
    ]
    assert (line.telegram, line.since) == ("VPWW55", T0)


def test_what_only_summaries_say_is_told_by_the_first_of_them() -> None:
    """Every ten minutes a new one: the desk must not see a new warning each time."""
    summaries = [Fact(n, "VPWS50", {"A": ("43",)}).warning() for n in (0, 10, 20)]
    (line,) = [x for x in in_force(summaries, at=T0 + timedelta(hours=1)) if x.area.type == "city"]
    assert (line.issued_at, line.since, line.raw_sha256) == (T0, T0, summaries[0].raw_sha256)


def test_a_telegram_after_the_summary_is_newer() -> None:
    whole = Fact(30, "VPWS50", {"A": ("03",), "B": ("03",)})
    raised = Fact(31, "VPWW55", {"A": ("33",), "B": ("03",)})
    assert lines(whole, raised)["A", "heavy_rain"] == ("33", "emergency")
    assert lines(whole, Fact(31, "VPWW55", {"A": ("10",)}))["A", "heavy_rain"][0] == "10"


def test_a_cancellation_after_the_summary_reaches_all_its_series_had_named() -> None:
    issued = Fact(0, "VPWW55", {"A": ("43",)})
    whole = Fact(30, "VPWS50", {"A": ("43",), "B": ()})
    assert lines(issued, whole, Fact(31, "VPWW55", cancelled=True)) == {}


def test_a_cancelled_summary_says_nothing() -> None:
    issued = Fact(0, "VPWW55", {"A": ("43",)})
    whole, over = Fact(30, "VPWS50", {"B": ("03",)}), Fact(31, "VPWS50", cancelled=True)
    assert lines(issued, whole, over) == {("A", "heavy_rain"): ("43", "critical")}


def test_the_summary_does_not_touch_what_it_does_not_tell() -> None:
    """洪水警報 of the old system has no place in VPWS50: it stays until its own lifting."""
    old = Fact(0, "VPWW54", {"A": ("04",), "B": ("03",)})
    assert lines(old, Fact(30, "VPWS50", {"A": ()})) == {("A", "flood"): ("04", "warning")}


# Flash reports and notices: twins that share no state.


def told(title: str, kind: str, code: str, minutes: float, areas: str, event: str = "") -> Warning:
    """A telegram whose headline holds all: VPOA50, VPBS50, VPNO50, VXWW50."""
    at = (T0 + timedelta(minutes=minutes)).isoformat()
    name, condition = (kind, "") if code else ("情報タグ", kind)
    raw = f"""<Report xmlns="http://xml.kishou.go.jp/jmaxml1/"><Control><Title>{title}</Title>
<DateTime>{at}</DateTime><Status>通常</Status><EditorialOffice>{OFFICE}</EditorialOffice>
<PublishingOffice>{OFFICE}</PublishingOffice></Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><Title>{title}</Title>
<ReportDateTime>{at}</ReportDateTime><EventID>{event}</EventID><InfoType>発表</InfoType>
<Headline><Text>x</Text><Information type="{title}（市町村等）"><Item><Kind><Name>{name}</Name>
<Code>{code}</Code><Condition>{condition}</Condition></Kind><Areas>{areas}</Areas></Item>
</Information></Headline></Head><Body/></Report>"""
    return read(raw.encode())


HERE = "<Area><Name>備え県</Name><Code>990000</Code></Area>"
PART = "<Area><Name>西部</Name><Code>990010</Code></Area>"
CITY = "<Area><Name>備え市</Name><Code>9920100</Code></Area>"


def kinds(*warnings: Warning, minutes: float = 60) -> list[tuple[str, str]]:
    found = in_force(warnings, at=T0 + timedelta(minutes=minutes))
    return sorted((line.telegram, line.kind) for line in found)


def test_record_rain_is_told_once_and_by_the_new_type() -> None:
    old = told("記録的短時間大雨情報", "記録的短時間大雨情報", "1", 0.1, HERE, "JPOA1_1")
    new = told("府県気象防災速報", "記録雨", "", 0, PART, "JPX1_1")
    assert kinds(old, new) == kinds(new, old) == [("VPBS50", "記録雨")]
    follow = told("府県気象防災速報", "記録雨", "", 40, PART, "JPX1_2")
    assert kinds(old, new, follow) == [("VPBS50", "記録雨")]


def test_another_rain_at_another_time_is_not_its_twin() -> None:
    old = told("記録的短時間大雨情報", "記録的短時間大雨情報", "1", 30, HERE, "JPOA2_1")
    new = told("府県気象防災速報", "記録雨", "", 0, PART, "JPX1_1")
    assert len(kinds(old, new)) == 2
    band = told("府県気象防災速報", "線状降水帯発生", "", 30, PART, "JPX2_1")
    assert ("VPOA50", "記録的短時間大雨情報") in kinds(old, band)


def test_the_notice_of_a_special_warning_is_the_special_warning() -> None:
    notice = told("気象特別警報報知", "大雨特別警報", "33", 0.2, CITY)
    special = Fact(0, "VPWW55", {"A": ("33",)}).warning()
    assert [kind for _, kind in kinds(special, notice) if "大雨" in kind] == [
        "レベル５大雨特別警報", "レベル５大雨特別警報",
    ]  # fmt: skip
    lower = Fact(30, "VPWW55", {"A": ("43",)}).warning()
    assert {kind for _, kind in kinds(special, notice, lower)} == {"レベル４大雨危険警報"}
    alone = kinds(notice)
    assert alone == [("VPNO50", "大雨特別警報")]


def test_the_old_landslide_information_is_the_new_warning() -> None:
    old = told("土砂災害警戒情報", "警戒", "3", 0, CITY, "備え県土砂災害警戒情報")
    new = Fact(1, "VPWW56", {"A": ("49",)}).warning()
    found = [kind for telegram, kind in kinds(old, new)]
    assert set(found) == {"レベル４土砂災害危険警報"}
    lifted = read(
        compose_weather(
            "VPWW56", [CityKind(*CITIES["A"], "49", lifted=True)], office=OFFICE,
            prefecture=PREFECTURE, issued_at=T0 + timedelta(minutes=9),
        )
    )  # fmt: skip
    assert kinds(old, new, lifted) == []


# Early warnings and what the government asks for: JMA never lifts them.


def _of(sample_name: str, event: str, minutes: float) -> Warning:
    """A sample moved to an event and a time of this story."""
    told_then = sample(sample_name)
    at = T0 + timedelta(minutes=minutes)
    parts = told_then.series.split("|")
    return replace(
        told_then, event_id=event, series="|".join([*parts[:2], event]), issued_at=at, sent_at=at
    )


def test_an_early_warning_gives_way_to_what_was_measured() -> None:
    early = _of("37_01_02_240613_VXSE43.xml", "20260830045900", 0)
    quick = _of("32-35_08_02_100915_VXSE51.xml", "20260830045900", 2)
    full = _of("32-35_08_07_240613_VXSE53.xml", "20260830045900", 5)
    other = _of("32-35_08_07_240613_VXSE53.xml", "20260830045901", 5)

    def telegrams(*warnings: Warning, minutes: float) -> set[str]:
        found = in_force(warnings, at=T0 + timedelta(minutes=minutes))
        return {line.telegram for line in found}

    assert telegrams(early, minutes=1) == {"VXSE43"}
    assert telegrams(early, quick, minutes=3) == {"VXSE43", "VXSE51"}
    assert telegrams(early, quick, full, minutes=6) == {"VXSE53"}
    assert telegrams(full, early, minutes=6) == {"VXSE53"}
    assert "VXSE43" in telegrams(early, other, minutes=6)
    assert telegrams(early, minutes=61) == set()


def test_care_for_a_great_earthquake_lasts_the_week() -> None:
    care = sample("74_01_04_200512_VYSE50.xml")
    assert in_force([care], at=care.issued_at + timedelta(days=6))
    assert not in_force([care], at=care.issued_at + timedelta(days=7, minutes=1))
