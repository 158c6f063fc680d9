"""かな: every listed equivalence meets, and what differs stays apart."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import kana

KATAKANA = st.text("".join(map(chr, range(0x30A1, 0x30F5))) + "ー", min_size=1, max_size=12)
HIRAGANA = st.text("".join(map(chr, range(0x3041, 0x3095))), min_size=1, max_size=12)

STANDARD_2_1_2 = [
    ("ヂ", "ジ", False), ("ヅ", "ズ", False), ("ワ", "ハ", True), ("ヴァ", "バ", True),
    ("ヴィ", "ビ", True), ("ヴ", "ブ", True), ("オ", "ヲ", True), ("ヒ", "ピ", True),
    ("ヒ", "ビ", True), ("ッ", "ツ", True), ("ャ", "ヤ", True), ("ュ", "ユ", True),
    ("ョ", "ヨ", True), ("サトウ ハナコ", "サトウハナコ", True), ("サトウ　ハナコ", "サトウハナコ", True),
    ("オオノ", "オウノ", True), ("コオリ", "コウリ", True), ("ユーコ", "ユコ", True),
    ("ユーコ", "ユ―コ", True), ("ユーコ", "ユ－コ", True), ("ユーコ", "ユ‐コ", True), ("ユーコ", "ﾕｰｺ", True),
    ("ユーコ", "ユ-コ", True), ("ﾜﾀﾅﾍﾞ", "ワタナヘ", True), ("わたなべ", "ワタナベ", True),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "searchable"), STANDARD_2_1_2)
def test_the_equivalences_of_the_standard(one: str, other: str, searchable: bool) -> None:
    if searchable:
        assert kana.search_key(one) == kana.search_key(other)
    else:
        assert kana.loose_key(one) == kana.loose_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ヂ", "シ"), ("ヅ", "ス"), ("ショ", "シヨ"), ("ヲ", "オ"), ("ヱ", "エ"), ("ヰ", "イ"),
     ("ヴ", "ウ"), ("サトー", "サト"), ("サトウ", "サト"), ("オオノ", "オノ"), ("コウイチ", "コイチ"),
     ("ワタナベ", "ワタナヘ"), ("ｶﾞ", "カ")],
)  # fmt: skip
def test_the_loose_key_of_rosters(one: str, other: str) -> None:
    assert kana.loose_key(one) == kana.loose_key(other)


@pytest.mark.parametrize(("one", "other"), [("サトウ", "カトウ"), ("アイ", "アエ"), ("シ", "ス"),
                                            ("ユウコ", "ユキコ"), ("ナカタ", "ナガノ")])  # fmt: skip
def test_different_names_stay_apart(one: str, other: str) -> None:
    assert kana.loose_key(one) != kana.loose_key(other)
    assert kana.search_key(one) != kana.search_key(other)


def test_the_search_key_keeps_a_long_o_that_the_loose_key_drops() -> None:
    assert kana.search_key("オオノ") != kana.search_key("オノ")


@given(KATAKANA)
def test_katakana_is_stored_as_it_is(text: str) -> None:
    assert kana.katakana(text) == text
    assert kana.is_kana(text)


@given(HIRAGANA)
def test_hiragana_comes_back(text: str) -> None:
    assert kana.hiragana(kana.katakana(text)) == text


@given(KATAKANA)
def test_keys_do_not_care_about_script_width_or_spacing(text: str) -> None:
    spaced = "　".join(text)
    for key in (kana.search_key, kana.loose_key):
        assert key(text) == key(kana.hiragana(text)) == key(spaced)
        assert key(text) == key(unicodedata.normalize("NFD", text))


@given(KATAKANA)
def test_keys_are_settled(text: str) -> None:
    assert kana.search_key(kana.search_key(text)) == kana.search_key(text)


@given(st.text(max_size=20))
def test_any_text_has_keys_without_marks(text: str) -> None:
    for key in (kana.search_key(text), kana.loose_key(text)):
        assert "ー" not in key
        assert not any(char.isspace() for char in key)


@pytest.mark.parametrize(("text", "expected"), [("ﾔﾏﾀﾞ　たろう", "ヤマダ タロウ"), ("ﾕ-ｺ", "ユーコ"),
                                                ("3-1", "3-1"), ("ゔ", "ヴ"), ("", "")])  # fmt: skip
def test_the_stored_form(text: str, expected: str) -> None:
    assert kana.katakana(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("ヤマダ タロウ", True), ("やまだ", True), ("山田", False),
                                                ("", False), ("ヤマダ1", False)])  # fmt: skip
def test_is_kana(text: str, expected: bool) -> None:
    assert kana.is_kana(text) is expected
