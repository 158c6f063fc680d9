"""町字の名: how people write and say a town, whether one meant is another, and its order in a list.

People type 栄町1丁目, サカエマチ1, 栄町1-2-3, sakaemachi 1-chome, 榮町一丁目 for 栄町一丁目. A name is read as a stem
and the number of its 丁目; what follows the first number (番, 号, 番地) is no part of a town's name.
大字 and 字 belong to the official name and to nobody's speech: they count neither in search nor in order.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

from sonae.core import kana, kanji, romaji

_DIGITS: Final = "〇一二三四五六七八九"
_KANJI_CHOME: Final = re.compile(r"([〇一二三四五六七八九十]+)丁目")
_FIRST_NUMBER: Final = re.compile(r"(?P<stem>\D*)(?P<number>\d+)")
_OAZA: Final = re.compile(r"^(?:大字|字)(?=.)")
_OAZA_KANA: Final = re.compile(r"^(?:オオアザ|アザ)(?=.)")
_BETWEEN: Final = (
    (re.compile(r"(?<=[一-鿿々])[ヶケがガｹ](?=[一-鿿])"), "ケ"),
    (re.compile(r"(?<=[一-鿿々])[ノの之乃](?=[一-鿿])"), "ノ"),
)
"""Signs between two 漢字 that every writer writes differently: 鶴ヶ岡, 鶴が岡; 五ノ町, 五之町."""
_CHOME: Final = {
    1: ("イッ", "イチ"), 2: ("ニ",), 3: ("サン",), 4: ("ヨン", "シ"), 5: ("ゴ",), 6: ("ロク", "ロッ"),
    7: ("ナナ", "シチ"), 8: ("ハチ", "ハッ"), 9: ("キュウ", "ク"), 10: ("ジッ", "ジュッ", "ジュウ"),
}  # fmt: skip
"""How the number is read before チョウメ; higher ones are rare and sort by the whole reading."""


class Written(NamedTuple):
    """A name as it is compared: the stem without 大字, and the 丁目 when a number was written."""

    stem: str
    chome: int | None


def _number(kanji: str) -> int:
    """Return 1 to 99 of kanji numerals."""
    tens, ten, ones = kanji.rpartition("十")
    value = _DIGITS.find(ones) if ones else 0
    return value + (10 * (_DIGITS.find(tens) if tens else 1) if ten else 0)


def read(text: str) -> Written:
    """Read a name as written: ``栄町1-2-3`` → 栄町, 1; ``大字広塚`` → 広塚, None."""
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    plain = _KANJI_CHOME.sub(lambda found: f"{_number(found[1])}丁目", plain)
    found = _FIRST_NUMBER.match(plain)
    stem = found["stem"] if found else plain
    return Written(_OAZA.sub("", stem), int(found["number"]) if found else None)


def beyond(text: str) -> str:
    """Return what follows the town in an address: ``栄町一丁目2番3号`` → 2番3号, ``栄町1-2`` → -2.

    Of 広塚12番地 the number itself: it is counted in 番 or 番地, not in 丁目.
    """
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    plain = _KANJI_CHOME.sub(lambda found: f"{_number(found[1])}丁目", plain)
    found = _FIRST_NUMBER.match(plain)
    if found is None:
        return ""
    rest = plain[found.end() :]
    if rest.startswith(("番", "号")):
        return f"{found['number']}{rest}"
    rest = re.sub(r"^(?:丁目|ちょうめ|チョウメ|-?chome)", "", rest, flags=re.IGNORECASE)
    return rest if re.search(r"\d", rest) else ""


def reading(name: str, spoken: str) -> str:
    """Return the reading of the stem alone: without オオアザ, without イッチョウメ."""
    stem = _OAZA_KANA.sub("", spoken) if name.startswith(("大字", "字")) else spoken
    for number in _CHOME.get(read(name).chome or 0, ()):
        if stem.endswith(f"{number}チョウメ"):
            return stem.removesuffix(f"{number}チョウメ")
    return stem


def order(name: str, spoken: str) -> tuple[str, str, int]:
    """Return what a list sorts by: the reading, then the 丁目 as a number; no reading comes last."""
    stem, chome = read(name)
    return kana.search_key(reading(name, spoken)) or "ン", stem, chome or 0


def english(name: str, spoken: str) -> str:
    """Return a town's name in Latin letters: 栄町一丁目 → Sakaemachi 1-chome; nothing without a reading."""
    said, chome = reading(name, spoken), read(name).chome
    counted = chome and not said.endswith("チョウメ")
    return f"{romaji.to_roman(said)} {chome}-chome" if said and counted else romaji.to_roman(said)


def fits(query: str, name: str, spoken: str) -> int:
    """Tell how well a town fits what was typed: 3 the stem itself, 2 its beginning, 1 a part, 0 not.

    The number, where both have one, must agree; `read` says what counts as a number.
    """
    asked, town = read(_one_form(query)), read(_one_form(name))
    if asked.chome is not None and town.chome is not None and asked.chome != town.chome:
        return 0
    if asked.stem and (rank := _rank(asked.stem, town.stem)):
        return rank
    if not asked.stem:
        return int(asked.chome is not None and asked.chome == town.chome)
    # ヅ and ズ, キョウ and キョ are one to who spells by ear.
    if kana.is_kana(asked.stem):
        key = kana.loose_key(_OAZA_KANA.sub("", kana.katakana(asked.stem)))
        return max(_rank(key, kana.loose_key(said)) for said in _spoken(name, spoken))
    if asked.stem.isascii() and (roman := romaji.from_roman(asked.stem)):
        return _rank(
            kana.loose_key(romaji.short(roman)), kana.loose_key(romaji.short(reading(name, spoken)))
        )
    return 0


def _spoken(name: str, spoken: str) -> list[str]:
    """Return the readings by which a town is asked for: without and with its number.

    町 is まち here and ちょう there; who is new in the city takes it for the other.
    """
    said = [reading(name, spoken), spoken]
    if read(name).stem.endswith("町"):
        for end, other in (("マチ", "チョウ"), ("チョウ", "マチ")):
            if said[0].endswith(end):
                said.append(said[0].removesuffix(end) + other)
    return said


def _one_form(text: str) -> str:
    """Return a written name in the form in which old and new writings meet."""
    folded = kanji.plain(text)
    for pattern, sign in _BETWEEN:
        folded = pattern.sub(sign, folded)
    return folded


def _rank(part: str, whole: str) -> int:
    """Return 3 for the whole, 2 for its beginning, 1 for a part, 0 for none."""
    if not part or part not in whole:
        return 0
    return 3 if part == whole else 2 if whole.startswith(part) else 1
