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
    NAMED_TOWNS,
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
    st.booleans(), st.text(max_size=60), st.just("備え市"), st.just("Sonae City"), st.just(AT), st.booleans(),
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
        assert "{" not in text.subject + text.body.replace(facts.reason, "")
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


def test_many_towns_are_named_and_counted() -> None:
    towns = [f"町{n}" for n in range(NAMED_TOWNS + 5)]
    facts = Facts("order", 3, "flood", towns, False, "", "備え市", "Sonae City", AT, False)
    assert area(facts, "ja").endswith("ほか5町")
    assert area(facts, "en").endswith("and 5 more")
    whole = Facts("order", 3, "flood", towns, True, "", "備え市", "Sonae City", AT, False)
    assert area(whole, "en") == "all of Sonae City"


def test_the_radio_says_the_call_to_act_twice() -> None:
    facts = Facts("order", 4, "flood", ["西町"], False, "増水", "備え市", "Sonae City", AT, False)
    spoken = texts(facts)["radio", "ja"].body
    assert spoken.count("いますぐ避難してください") == 2
    assert spoken.startswith("緊急放送、緊急放送。")
