"""Words: every kind, level, hazard and language; level first; within each channel's limit; drills say so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.domains.messages.channels import (
    CHANNELS,
    Limit,
    Limits,
    cut,
    limit,
    linked,
    measured,
    packed,
    room_of,
)
from sonae.domains.messages.notice_wording import fitted
from sonae.domains.messages.wording import KINDS, Facts, Text, area, headline, texts

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


NARROW = {
    "sms": {"body": 70},
    "urgent": {"subject": 12, "body": 80},
    "push": {"subject": 24, "body": 60},
}
"""A city whose carriers take less, and one that has said nothing."""


@given(FACTS, st.sampled_from([{}, NARROW]))
def test_every_text_is_complete_and_within_its_limit(facts: Facts, own: Limits) -> None:
    facts = replace(facts, limits=own)
    made = texts(facts)
    assert set(made) == {(c, x) for c, one in CHANNELS.items() for x in one.languages}
    for (channel, language), text in made.items():
        assert text.subject
        assert text.body
        assert "{" not in text.subject + text.body
        assert "\n" not in text.subject
        for part, said in (("subject", text.subject), ("body", text.body)):
            within = limit(channel, part, own)
            assert within is None or within.fits(said), (channel, language, said)
        assert "…" not in text.body or "…" in facts.reason or own, "no sentence is cut"


@given(FACTS)
def test_a_short_text_says_the_level_then_the_place_then_what_to_do(facts: Facts) -> None:
    facts = replace(facts, kind="order", reason="")
    for channel in ("sms", "x", "line", "urgent"):
        for language in CHANNELS[channel].languages:
            body = texts(facts)[channel, language].body
            said = [
                body.find(word) for word in (str(facts.level), *PLACES[language], *DO[language])
            ]
            found = [at for at in said if at >= 0]
            assert said[0] >= 0 and len(found) >= 3, body
            assert found == sorted(found), body


PLACES = {"ja": ["対象"], "ja-x-easy": ["場所", "町（まち）"], "en": ["Area:", " areas"]}
DO = {"ja": ["ください"], "ja-x-easy": ["ください"], "en": ["must", "leave", "life", "Lives"]}


@pytest.mark.parametrize("kind", ["lifting", "cancellation"])
@given(FACTS)
def test_no_title_of_an_ending_reads_like_an_order(kind: str, facts: Facts) -> None:
    """The worst to shorten away: 「避難指示」 alone is what 「避難指示取消」 must never become."""
    for (channel, language), text in texts(replace(facts, kind=kind, limits=NARROW)).items():
        ended = {"ja": ("解除", "取消", "…"), "ja-x-easy": ("おわ", "まちが", "…"),
                 "en": ("lifted", "ancelled", "…")}[language]  # fmt: skip
        assert any(word in text.subject for word in ended), (channel, text.subject)


@given(
    st.text(max_size=400), st.integers(1, 90), st.sampled_from(["characters", "utf16", "weighted"])
)
def test_what_is_cut_fits_and_says_so(text: str, most: int, unit: str) -> None:
    within = Limit(max(most, 2), unit)
    short = cut(text, within)
    assert within.fits(short)
    assert short == text or short.endswith("…")


@given(
    st.lists(st.text("一二三", min_size=1, max_size=30), min_size=1, max_size=9),
    st.integers(5, 120),
)
def test_lines_are_kept_whole_and_in_order(lines: list[str], most: int) -> None:
    kept = packed(lines, Limit(most)).split("\n")
    assert len("\n".join(kept)) <= most
    rest = iter(lines[1:])
    assert all(one in rest for one in kept[1:])


def test_lengths_are_counted_as_each_channel_counts() -> None:
    assert measured("避難😀", "utf16") == 4
    assert measured("避難 now", "weighted") == 8
    assert measured("😀", "characters") == 1


@given(st.text(max_size=300), st.integers(1, 8))
def test_a_link_never_makes_a_text_too_long(body: str, people: int) -> None:
    link = "https://bousai.city.example.lg.jp/a/" + "x" * (80 + 12 * people)
    for channel in ("sms", "line", "push"):
        for own in ({}, {"sms": {"body": 70}}):
            room, whole = room_of(channel, own), limit(channel, "body", own)
            assert room and whole and room.most <= whole.most
            text = linked(channel, cut(body, room), link, own)
            assert whole.fits(text)
            if channel == "sms":
                assert text.endswith(link) == (not own)


@given(st.text("一二三。\n", min_size=1, max_size=600), st.text("題", min_size=1, max_size=78))
def test_the_words_of_people_fit_every_channel(body: str, subject: str) -> None:
    for own in ({}, NARROW):
        for channel, text in fitted(Text(subject, body), "備え市", "ja", own).items():
            for part, said in (("subject", text.subject), ("body", text.body)):
                within = limit(channel, part, own)
                assert within is None or within.fits(said), (channel, said)


@given(FACTS)
def test_a_drill_is_never_mistaken_for_the_real_thing(facts: Facts) -> None:
    for (_, language), text in texts(facts).items():
        word = "DRILL" if language == "en" else "訓練"
        assert (word in text.subject) == facts.exercise
        if facts.exercise:
            assert word.lower() in text.body.lower()


MARKS = {
    "ja": ("対象：", "とるべき行動：", "理由："),
    "ja-x-easy": ("場所（ばしょ）：", "すること：", "どうして："),
    "en": ("Area: ", "What to do: ", "Reason: "),
}


@given(FACTS, st.sampled_from(["order", "correction"]))
def test_level_place_action_reason_in_this_order(facts: Facts, kind: str) -> None:
    """However many towns are meant: who reads no further knows the level and what to do."""
    facts = replace(facts, kind=kind)
    for (channel, language), text in texts(facts).items():
        if limit(channel, "body") is None:
            level = text.body.index(headline(facts, language))
            where, act, why = (text.body.index(f"\n\n{mark}") for mark in MARKS[language])
            assert level < where < act < why, (channel, language)
            assert act - level < 220, "a few towns at most stand before what to do"


def test_whoever_reads_finds_the_own_town(towns: int = 40) -> None:
    """Only the ear is spared: on paper and screen 「ほか13町」 would leave thirteen towns guessing."""
    names = [f"第{n}町" for n in range(towns)]
    facts = Facts("order", 3, "flood", names, False, "", "備え市", "Sonae City", AT, False)
    whole_lists = {"mail", "web", "cap", "line", "sms"}
    for (channel, _language), text in texts(facts).items():
        told = [name for name in names if name in text.body]
        assert told == names or (channel not in whole_lists and len(told) <= 5), channel
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
