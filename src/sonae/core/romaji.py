"""ローマ字: kana into Latin letters and back, whichever of the usual spellings was used.

Hepburn (Chuo, Shimbashi), 訓令式 and 日本式 (Tyuo, Sinbasi, Hudi), and what passports and keyboards
add (OH for a long o, macrons, doubled vowels, jya). `key` makes all spellings of a reading equal.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from sonae.core import kana

_O_ROW: Final = "オコソトノホモヨロゴゾドボポョ"
_U_ROW: Final = "ウクスツヌフムユルグズブプュ"
_CONSONANTS: Final = {
    "": "アイウエオ", "k": "カキクケコ", "s": "サ_スセソ", "t": "タ__テト", "n": "ナニヌネノ",
    "h": "ハヒ_ヘホ", "m": "マミムメモ", "y": "ヤ_ユ_ヨ", "r": "ラリルレロ", "w": "ワ____",
    "g": "ガギグゲゴ", "z": "ザ_ズゼゾ", "d": "ダ__デド", "b": "バビブベボ", "p": "パピプペポ",
}  # fmt: skip
_CONTRACTED: Final = {
    "ky": "キ", "sh": "シ", "ch": "チ", "ny": "ニ", "hy": "ヒ", "my": "ミ", "ry": "リ", "gy": "ギ",
    "j": "ジ", "by": "ビ", "py": "ピ",
}  # fmt: skip
_OTHER_SPELLINGS: Final = (
    (re.compile(r"(?:sy|si)(?=[aiueo])"), "sh"), (re.compile(r"si"), "shi"),
    (re.compile(r"(?:ty|cy|ti)(?=[aiueo])"), "ch"), (re.compile(r"ti"), "chi"),
    (re.compile(r"(?:zy|jy|dy|zi|di)(?=[aueo])"), "j"), (re.compile(r"[zd]i"), "ji"),
    (re.compile(r"(?<!t)tu"), "tsu"), (re.compile(r"du|dzu"), "zu"),
    (re.compile(r"(?<![sct])hu"), "fu"), (re.compile(r"wo"), "o"), (re.compile(r"l"), "r"),
    (re.compile(r"m(?=[mbp])"), "n"), (re.compile(r"tch"), "cch"), (re.compile(r"c(?=ch)"), "t"),
)  # fmt: skip
"""訓令式 and keyboard spellings in Hepburn's letters; order matters."""
_LONG: Final = (
    (re.compile(r"oh(?![aiueoy])"), "o"), (re.compile(r"o[ou]+"), "o"), (re.compile(r"uu+"), "u"),
    (re.compile(r"(?<=[aei])h(?![aiueoy])"), ""), (re.compile(r"([aei])\1+"), r"\1"),
)  # fmt: skip
_NOT_LETTERS: Final = re.compile(r"[^a-z]")


def _hepburn() -> dict[str, str]:
    """Return syllables in Hepburn's spelling → katakana."""
    found = {
        consonant + vowel: sign
        for consonant, signs in _CONSONANTS.items()
        for vowel, sign in zip("aiueo", signs, strict=True)
        if sign != "_"
    }
    for consonant, sign in _CONTRACTED.items():
        found |= {consonant + v: sign + small for v, small in zip("auo", "ャュョ", strict=True)}
    return found | {"shi": "シ", "chi": "チ", "tsu": "ツ", "fu": "フ", "ji": "ジ"}


_SYLLABLES: Final = _hepburn()
_SPELLING: Final = {sign: text for text, sign in _SYLLABLES.items()} | {
    "ヂ": "ji", "ヅ": "zu", "ヲ": "o", "ヵ": "ka", "ヶ": "ke", "ヴ": "bu", "ヰ": "i", "ヱ": "e",
    "ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o", "ー": "",
    "シェ": "she", "チェ": "che", "ジェ": "je", "ティ": "ti", "ディ": "di", "ファ": "fa", "フィ": "fi",
    "フェ": "fe", "フォ": "fo", "ウィ": "wi", "ウェ": "we", "ヂャ": "ja", "ヂュ": "ju", "ヂョ": "jo",
}  # fmt: skip


def letters(text: str) -> str:
    """Return the plain small letters of a text: no accents, spaces, apostrophes or hyphens."""
    apart = unicodedata.normalize("NFKD", text).lower()
    return _NOT_LETTERS.sub("", "".join(sign for sign in apart if not unicodedata.combining(sign)))


def is_roman(text: str) -> bool:
    """Whether a text is written in Latin letters and nothing else that could be a name."""
    plain = "".join(
        sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign)
    )
    return plain.isascii() and any(map(str.isalpha, plain))


def key(text: str) -> str:
    """Return one spelling for all of a reading: Ohno, Ōno, Oono, オオノ and おおの → ``ono``.

    Kana are spelt first; what is neither kana nor letters is left out.
    """
    return _key(letters(to_roman(text) if kana.is_kana(text) else text))


def _key(plain: str) -> str:
    """Return the key of small letters."""
    for pattern, sign in _OTHER_SPELLINGS:
        plain = pattern.sub(sign, plain)
    for pattern, sign in _LONG:
        plain = pattern.sub(sign, plain)
    return plain


def from_roman(text: str) -> str:
    """Return the katakana of a name in Latin letters, or nothing when it is no Japanese spelling."""
    left = letters(text)
    for pattern, sign in _OTHER_SPELLINGS:
        left = pattern.sub(sign, left)
    left = _LONG[0][0].sub("o", left)
    out = []
    while left:
        size = next((n for n in (3, 2, 1) if left[:n] in _SYLLABLES), 0)
        if size:
            out.append(_SYLLABLES[left[:size]])
            left = left[size:]
        elif left[0] == "n":
            out.append("ン")
            left = left[1:]
        elif left[1:2] and (left[0] == left[1] or left.startswith("tch")):
            out.append("ッ")
            left = left[1:]
        else:
            return ""
    return "".join(out)


def to_roman(spoken: str) -> str:
    """Return Hepburn's spelling of a reading, long vowels unmarked as in passports: チュウオウ → Chuo."""
    text, out, place = short(kana.katakana(spoken)), "", 0
    while place < len(text):
        size = 2 if text[place : place + 2] in _SPELLING else 1
        sign = text[place : place + size]
        if sign == "ッ":
            following = to_roman(text[place + 1 : place + 3]).lower()
            out += "t" if following.startswith("ch") else following[:1]
        else:
            out += "n" if sign == "ン" else _SPELLING.get(sign, sign)
        place += size
    return out.capitalize()


def short(spoken: str) -> str:
    """Return a reading with its long o and u shortened: letters do not write them."""
    return re.sub(rf"(?<=[{_O_ROW}])[ウオ]|(?<=[{_U_ROW}])ウ", "", spoken)
