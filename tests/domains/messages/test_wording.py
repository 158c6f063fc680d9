"""Words: every kind, level, hazard and language; level first; within each channel's limit; drills say so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.domains.messages.wording import (
    KINDS,
    LANGUAGES,
    LIMITS,
    Facts,
    area,
    headline,
    texts,
)

HAZARDS = [
    "flood",
    "inland_flood",
    "landslide",
    "storm_surge",
    "tsunami",
    "earthquake",
    "volcano",
    "fire",
]
AT = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
FACTS = st.builds(
    Facts, st.sampled_from(KINDS), st.sampled_from([3, 4, 5]), st.sampled_from(HAZARDS),
    st.lists(st.text("一二三四五六丁目町大字上下東西", min_size=1, max_size=12), min_size=1, max_size=400),
    st.booleans(), st.text(st.characters(exclude_characters="{}"), max_size=60),
    st.just("備え市"), st.just("Sonae City"), st.just(AT), st.booleans(),
)  # fmt: skip


@given(FACTS)
def test_every_text_is_complete_and_within_its_limit(facts: Facts) -> None:
    made = texts(facts)
    assert {(c, x) for c in ("mail", "web", "cap") for x in LANGUAGES} | {("radio", "ja")} == set(
        made
    )
    for (channel, _), text in made.items():
        assert text.subject
        assert text.body
        assert "{" not in text.subject + text.body
        assert "\n" not in text.subject
        assert len(text.subject) <= LIMITS.get((channel, "subject"), 200)
    assert len(made["radio", "ja"].body) <= LIMITS[("radio", "body")]
    assert len(made["cap", "en"].subject) <= LIMITS[("cap", "headline")]


@given(FACTS)
def test_a_drill_is_never_mistaken_for_the_real_thing(facts: Facts) -> None:
    for (_, language), text in texts(facts).items():
        word = "DRILL" if language == "en" else "訓練"
        assert (word in text.subject) == facts.exercise
        if facts.exercise:
            assert word.lower() in text.body.lower()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_level_comes_first_then_place_then_action(language: str) -> None:
    facts = Facts("order", 4, "flood", ["西町"], False, "増水", "備え市", "Sonae City", AT, False)
    body = texts(facts)["mail", language].body
    level, place = body.index("4"), body.index("西町")
    assert level < place < len(body) - 1
    assert headline(facts, language) in body


def test_whoever_reads_finds_the_own_town(towns: int = 40) -> None:
    """Only the ear is spared: on paper and screen 「ほか13町」 would leave thirteen towns guessing."""
    names = [f"第{n}町" for n in range(towns)]
    facts = Facts("order", 3, "flood", names, False, "", "備え市", "Sonae City", AT, False)
    for (channel, _language), text in texts(facts).items():
        told = [name for name in names if name in text.body]
        assert told == names if channel != "radio" else len(told) <= 5, channel
    assert area(facts, "ja", 5).endswith("ほか35町")
    assert area(facts, "en", 5).endswith("and 35 more")
    whole = Facts("order", 3, "flood", names, True, "", "備え市", "Sonae City", AT, False)
    assert area(whole, "en") == "all of Sonae City"


def spoken(kind: str, level: int, exercise: bool = False, reason: str = "増水") -> str:
    facts = Facts(
        kind, level, "flood", ["西町"], False, reason, "備え市", "Sonae City", AT, exercise
    )
    return texts(facts)["radio", "ja"].body


@pytest.mark.parametrize(
    ("level", "call"), [(3, "いま避難を始めて"), (4, "いますぐ避難して"), (5, "安全を確保して")]
)
def test_the_radio_says_call_level_and_what_to_do_twice_then_where_and_why(
    level: int, call: str
) -> None:
    said = spoken("order", level)
    first, second, where, why, act, who = said.split("\n")
    assert first == second
    assert first.startswith(f"緊急放送、緊急放送。警戒レベル{level}、")
    assert call in first
    assert (where, why, who) == (
        "対象は、西町です。",
        "理由は、増水です。",
        "こちらは、備え市です。",
    )
    assert act.endswith("。")


def test_a_spoken_drill_begins_and_ends_as_one() -> None:
    said = spoken("order", 4, exercise=True)
    assert said.startswith("訓練放送、訓練放送。")
    assert said.endswith("これで、訓練放送を終わります。")
    assert "緊急放送" not in said


def test_a_long_reason_is_left_out_rather_than_cut() -> None:
    said = spoken("order", 5, reason="あ" * 500)
    assert "ああ" not in said
    assert "理由は、洪水です。" in said


@given(FACTS)
def test_no_spoken_sentence_is_cut(facts: Facts) -> None:
    assert texts(facts)["radio", "ja"].body.endswith(("です。", "終わります。"))


def test_a_cancellation_on_the_radio_calls_nobody_to_leave() -> None:
    for kind in ("cancellation", "lifting"):
        assert "避難してください" not in spoken(kind, 4)
