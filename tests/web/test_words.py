"""Words and figures for people: unknown is said, walking time is never rounded down."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from sonae.core.clock import JST
from sonae.domains.shelters.rules import HAZARDS, STATES
from sonae.web import states, words
from sonae.web.reception import devicewords

AT = datetime(2026, 1, 5, 7, 8, tzinfo=JST)


def test_times_by_style_and_language() -> None:
    """The tired clerk's form, and an English one without a library."""
    with translation.override("ja"):
        assert words.spoken(AT) == "1月5日 07:08"
        assert words.spoken(AT, "clock") == "07:08"
        assert words.spoken(AT, "long") == "2026年1月5日（月） 07:08"
    with translation.override("en"):
        assert words.spoken(AT) == "5 Jan 07:08"
        assert words.spoken(AT, "long") == "5 Jan 2026 07:08"


@pytest.mark.parametrize(
    ("metres", "shown"),
    [
        (None, "距離は不明"),
        (3, "10 m"),
        (847, "850 m"),
        (994, "990 m"),
        (996, "1.0 km"),
        (1234, "1.2 km"),
    ],
)
def test_distances(metres: float | None, shown: str) -> None:
    """Ten-metre steps, then tenths of a kilometre; unknown is not zero."""
    with translation.override("ja"):
        assert words.distance(metres) == shown


@given(st.floats(0, 600))
def test_walking_minutes_are_rounded_up(minutes: float) -> None:
    """Arriving early is the safe error."""
    with translation.override("ja"):
        shown = int(words.walking_minutes(minutes).removeprefix("歩いて約").removesuffix("分"))
    assert (shown >= minutes and shown - minutes <= 1) or shown == 1


def test_every_hazard_and_state_of_the_domain_has_words() -> None:
    """A code on a screen would tell nobody anything."""
    assert set(words.HAZARDS) == set(HAZARDS)
    assert set(states.STATES["facility"]) == set(STATES)
    assert states.state("facility", "unknown")[0] == "開設は未確認"


def test_an_unheard_of_state_is_shown_as_it_is() -> None:
    """Better an odd word than a missing one."""
    assert states.state("order", "odd") == ("odd", "")
    assert words.hazard("meteor") == "meteor"
    assert words.groups(["elderly", "pilots"]).endswith("・pilots")


def test_whoever_is_received_reads_every_sentence_in_every_language() -> None:
    """Languages are data: one more table must say all that the others say, and nothing in brackets of ours."""
    guests = devicewords.guests()
    assert {"en", "ja-x-easy", "zh-Hans", "ko", "vi", "pt"} <= set(guests)
    keys = set(guests["en"])
    assert {"in", "out", "onward", "report", "move", "shelter_at_home", "in_car", "void"} <= keys
    for code, told in guests.items():
        assert set(told) == keys, code
        assert all(text.strip() and "{" not in text for text in told.values()), code
    for key in keys - {"html"}:
        assert len({told[key] for told in guests.values()}) == len(guests), f"{key}: not translated"
