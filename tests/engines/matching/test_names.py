"""Names: five tiers, the same in either order, never stronger than what was written."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import kanji
from sonae.engines.matching import characters
from sonae.engines.matching.names import TIERS, Names, written
from tests.conftest import real_data

NAMES = Names()
SIGNS = "田中大太犬高髙斎齋斉辺邉嶋島一之ノ々ヶが佐ジヂズヅシツウオーoh ・〓\u3000\u200f\ufe00😀"
NAME = st.text(st.one_of(st.sampled_from(SIGNS), st.characters()), max_size=8)
PAIR = st.one_of(
    st.tuples(NAME, NAME), NAME.flatmap(lambda name: st.permutations(name).map(lambda p: (name, "".join(p))))
)  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b", "tier"),
    [
        ("田中 太郎", "田中太郎", "exact"), ("葛󠄀城", "葛城", "exact"), ("ｻﾄｳ", "サトウ", "exact"),
        ("\u202e山田", "山田", "exact"), ("神", "神", "exact"), ("山田\n太郎", "山田太郎", "exact"),
        ("高橋", "髙橋", "variant"), ("渡辺", "渡邊", "variant"), ("渡邉 恵", "渡邊惠", "variant"),
        ("齋藤", "斎藤", "variant"), ("齊藤", "斉藤", "variant"), ("𠮷田", "吉田", "variant"),
        ("濵田", "浜田", "variant"), ("佐々木", "佐佐木", "variant"), ("宮﨑", "宮崎", "variant"),
        ("嶋田", "島田", "search"), ("龍一", "竜一", "search"), ("富樫", "冨樫", "search"),
        ("さとう", "サトウ", "search"), ("ヂ", "ジ", "search"), ("ミヅノ", "ミズノ", "search"),
        ("オオノ", "オーノ", "search"), ("オオノ", "オノ", "search"), ("キョウコ", "キヨウコ", "search"),
        ("ショウジ", "ショージ", "search"), ("タワラ", "タハラ", "search"), ("ヴァン", "バン", "search"),
        ("Ohno Taro", "オオノ タロウ", "search"), ("TARO ONO", "おおの たろう", "search"),
        ("Itoh", "イトウ", "search"), ("Tyuzi", "チュウジ", "search"), ("Nguyễn", "NGUYEN", "search"),
        ("大野 太郎", "太郎 大野", "search"), ("大野 太郎", "太郎大野", "search"),
        ("竹之内", "竹ノ内", "search"), ("鶴ヶ谷", "鶴が谷", "search"),
        ("斎藤", "斉藤", "confusable"), ("太田", "大田", "confusable"), ("未来", "末来", "confusable"),
        ("シバタ", "ツバタ", "confusable"), ("祐子", "裕子", "confusable"), ("ソノ", "ンノ", "confusable"),
        ("山田 よし", "山田 よし子", "confusable"), ("山田よし", "山田よしこ", "confusable"),
        ("山〓太郎", "山田太郎", "confusable"), ("山●", "山田", "confusable"), ("大野太郎", "太郎大野", "confusable"),
        ("山〓", "山〓", "confusable"), ("山\ue000", "山\ue000", "confusable"),
        ("〓", "〓", "different"), ("", "", "different"), ("山田", "", "different"),
        ("田中", "中田", "different"), ("田中", "タナカ", "different"), ("山田 太郎", "山田 花子", "different"),
        ("佐藤 よし", "加藤 よし子", "different"), ("浜田", "頻田", "different"),
    ],
)  # fmt: skip
def test_the_tier_of_a_pair(a: str, b: str, tier: str) -> None:
    assert NAMES.tier(a, b) == NAMES.tier(b, a) == tier


@given(PAIR)
def test_order_does_not_matter(pair: tuple[str, str]) -> None:
    assert NAMES.tier(*pair) == NAMES.tier(*reversed(pair))


@given(st.lists(PAIR, max_size=8))
def test_columns_say_what_single_pairs_say(pairs: list[tuple[str, str]]) -> None:
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    assert NAMES.tiers(left, right) == [NAMES.tier(a, b) for a, b in pairs]


@given(PAIR)
def test_normalising_never_weakens(pair: tuple[str, str]) -> None:
    def rank(a: str, b: str) -> int:
        return TIERS.index(NAMES.tier(a, b))

    plain = [written([name])[0] for name in pair]
    assert rank(*plain) == rank(*pair)
    variant = [NAMES.variant(name) for name in plain]
    assert rank(*variant) <= rank(*pair)


@given(NAME)
def test_a_name_is_itself_unless_it_was_not_written(name: str) -> None:
    clean = written([name])[0].replace(" ", "")
    expected = "exact" if clean and "〓" not in clean else {"different", "confusable"}
    assert NAMES.tier(name, name) in expected


@given(NAME, NAME)
def test_equal_keys_are_the_tier_they_are_named_after(a: str, b: str) -> None:
    one, other, tier = NAMES.keys(a), NAMES.keys(b), TIERS.index(NAMES.tier(a, b))
    for at, form in enumerate(("exact", "variant", "search")):
        if getattr(one, form) and getattr(one, form) == getattr(other, form):
            assert tier <= at
    if one.exact and one.exact == other.exact:
        assert tier == 0


@given(st.text(max_size=12))
def test_exact_is_what_unicode_says(name: str) -> None:
    """Recomputed without our code: NFKC and no white space make no difference."""
    same = "".join(unicodedata.normalize("NFKC", name).split())
    assert NAMES.tier(name, same) in ("exact", "different", "confusable")
    if same.isalpha():
        assert NAMES.tier(name, same) == "exact"


@pytest.mark.parametrize(
    "hostile",
    ["\x00" * 50, "\u202e\u2066", "a" * 1_000_000, "山" * 300_000, "\n\n", "\ud800", "́" * 1000],
)
def test_hostile_text_is_answered(hostile: str) -> None:
    assert NAMES.tier(hostile, "山田") == "different"
    assert NAMES.tier("山田", hostile) == "different"
    assert NAMES.tier(hostile, hostile) in TIERS


def test_a_character_that_was_not_written_is_no_key() -> None:
    assert NAMES.keys("山〓") == ("", "", "", "")
    assert NAMES.keys("山\ue123") == ("", "", "", "")
    assert NAMES.keys("オオノ").roman == NAMES.keys("Ohno").roman == "ono"


def test_the_official_table_agrees_with_ours() -> None:
    full = characters.load(real_data("people", "mj-variants"))
    official = Names(full)
    for group in kanji.SAME.split():
        assert {official.tier(group[0], sign) for sign in group[1:]} == {"variant"}, group
    for group in kanji.KIN.split():
        assert {official.tier(group[0], sign) for sign in group[1:]} <= {"variant", "search"}, group
    for one, other in ("斎斉", "浜頻", "祐裕", "功切", "粂斎"):
        assert official.tier(one, other) not in ("exact", "variant", "search")
    for group in ("辺邊边邉𨘢", "藤䕨籘籐", "浜濱濵滨"):
        assert all(official.tier(group[0], sign) in ("variant", "search") for sign in group[1:])
    for one, other in ("嶋島", "龍竜", "冨富", "德徳", "瀨瀬"):
        assert official.tier(one, other) == "search"
