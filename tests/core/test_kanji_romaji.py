"""Forms of characters, and kana in Latin letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import kana, kanji, romaji

KANA = st.text(
    st.sampled_from(
        "アイウエオカキクケコガサシスセタチツテトナニノハヒフヘホマミムヤユヨラリルレロワン"
    ),
    max_size=8,
)


@pytest.mark.parametrize(
    ("old", "new"),
    [("髙橋", "高橋"), ("渡邊", "渡辺"), ("齋藤", "斎藤"), ("葛󠄀城", "葛城"), ("ﾀﾅｶ", "タナカ")],
)
def test_old_forms_meet_new_ones(old: str, new: str) -> None:
    assert kanji.plain(old) == kanji.plain(new) == new


def test_two_characters_that_look_alike_stay_two() -> None:
    assert kanji.plain("斎藤") != kanji.plain("斉藤")
    assert kanji.plain("祐") != kanji.plain("祜")


@pytest.mark.parametrize("groups", [kanji.SAME, kanji.KIN])
def test_a_form_stands_in_one_group_and_leads_to_one_that_stays(groups: str) -> None:
    signs = [sign for group in groups.split() for sign in group]
    assert sorted(signs) == sorted(set(signs))
    assert all(kanji.plain(kanji.plain(sign)) == kanji.plain(sign) for sign in signs)


@pytest.mark.parametrize(
    ("spellings", "key"),
    [
        (("Ohno", "Ōno", "Oono", "OHNO", "オオノ", "おおの", "Ono"), "ono"),
        (("Sato", "Satoh", "Satō", "Satou", "サトウ"), "sato"),
        (("Chuo", "Tyuo", "Chūō", "チュウオウ"), "chuo"),
        (("Fuji", "Huzi", "Hudi", "フジ"), "fuji"),
        (("Shimbashi", "Shinbashi", "Sinbasi", "シンバシ"), "shinbashi"),
        (("Junichi", "Jun'ichi", "Zyuniti", "ジュンイチ"), "junichi"),
        (("Etchu", "Ecchu", "Ettyu", "エッチュウ"), "etchu"),
        (("Yuki", "Yuuki", "Yūki", "ユウキ"), "yuki"),
    ],
)  # fmt: skip
def test_every_spelling_of_a_reading_has_one_key(spellings: tuple[str, ...], key: str) -> None:
    assert {romaji.key(spelling) for spelling in spellings} == {key}


@given(KANA)
def test_what_is_spelt_is_read_back_by_its_key(spoken: str) -> None:
    read = romaji.from_roman(romaji.to_roman(spoken))
    assert romaji.key(read) == romaji.key(spoken) or "ン" in spoken
    assert kana.is_kana(read) or not spoken


@given(st.text(max_size=40))
def test_no_text_breaks_the_letters(text: str) -> None:
    assert romaji.letters(text).isascii()
    romaji.key(text)
    romaji.from_roman(text)
