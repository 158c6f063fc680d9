"""かな: one stored form, and keys that make different spellings of a name meet.

- ``katakana``: what is stored: full-width katakana.
- ``search_key``: the equivalences that 住民記録システム標準仕様書 2.1.2 requires at a search desk
  (清濁半濁, 拗促音, 長音, オ段+ウ, dashes and spaces).
- ``sign_key``: the same without those for long vowels, for finding a name with one sign wrong.
- ``loose_key``: coarser, for matching paper rosters: also ヂ=ジ=シ, ヅ=ズ=ス, and ウ or オ after an
  オ-row kana is dropped. Equal keys are evidence, never identity.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_HIRAGANA_TO_KATAKANA: Final = {
    code: code + 0x60 for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)
}
_KATAKANA_TO_HIRAGANA: Final = {there: here for here, there in _HIRAGANA_TO_KATAKANA.items()}
# Every dash that keyboards and OCR put for the long vowel mark; after NFKC.
_DASHES: Final = "-‐‑‒–—―−─━ー"
_DROPPED: Final = re.compile(rf"[\s{re.escape(_DASHES)}・･=.,'’゠]")
_SMALL: Final = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
_OLD: Final = str.maketrans("ヲヱヰ", "オエイ")
_O_ROW: Final = "オコソトノホモヨロヲゴゾドボポョォ"
_VOICED_MARKS: Final = dict.fromkeys((0x3099, 0x309A, 0x309B, 0x309C))
_YOTSUGANA: Final = str.maketrans("ヂヅ", "ジズ")
_V_ROW: Final = (("ヴァ", "バ"), ("ヴィ", "ビ"), ("ヴェ", "ベ"), ("ヴォ", "ボ"), ("ヴ", "ブ"))
_KANA: Final = re.compile(r"[ァ-ヺー]+")


def katakana(text: str) -> str:
    """Full-width katakana of hiragana and half-width katakana; other characters by NFKC.

    Spaces are single and plain, the dashes between kana become the long vowel mark.
    """
    folded = unicodedata.normalize("NFKC", text).translate(_HIRAGANA_TO_KATAKANA)
    folded = re.sub(rf"(?<=[ァ-ヺー])[{re.escape(_DASHES)}]", "ー", folded)
    return " ".join(folded.split())


def hiragana(text: str) -> str:
    """Hiragana of any kana (ヴ → ゔ, the long vowel mark stays); ヷ-ヺ have none and stay."""
    return katakana(text).translate(_KATAKANA_TO_HIRAGANA)


def is_kana(text: str) -> bool:
    """Whether the text is nothing but kana and spaces, and at least one kana."""
    return _KANA.fullmatch(katakana(text).replace(" ", "")) is not None


def _plain(text: str) -> str:
    """Katakana without spaces, dashes and separators."""
    return _DROPPED.sub("", katakana(text))


def _unvoiced(text: str) -> str:
    """ガ → カ, パ → ハ: drop 濁点 and 半濁点, combined or standing alone."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).translate(_VOICED_MARKS))


def sign_key(text: str) -> str:
    """Kana sign by sign, 清濁 and 拗促音 ignored: one slip of the hand changes one sign of it."""
    key = _plain(text)
    for written, plain in _V_ROW:
        key = key.replace(written, plain)
    return _unvoiced(key).translate(_SMALL).translate(_OLD)


def search_key(text: str) -> str:
    """The key of a search desk: equal for every pair that 標準仕様書 2.1.2 declares equal."""
    return re.sub(rf"(?<=[{_O_ROW}])ウ", "オ", sign_key(text).replace("ワ", "ハ"))


def loose_key(text: str) -> str:
    """The key of roster matching: measured recipe, coarser than ``search_key``."""
    key = _unvoiced(_plain(text).translate(_YOTSUGANA)).translate(_SMALL).translate(_OLD)
    return re.sub(rf"(?<=[{_O_ROW}])[ウオ]+", "", key)
