"""One cell → one value (項目の読み方): what is meant, and what is wrong with how it is written.

Each converter takes the cell without surrounding spaces and returns the value and the code of a defect
(`problems.PROBLEMS`), empty when there is none. Nothing is invented: what cannot be read is unknown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sonae.core import kana, wareki
from sonae.core.errors import SonaeError

_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
PRIVATE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]")
"""外字: a sign that only its own system knows how to draw; never part of a key (行政事務標準文字)."""
_DIGITS: Final = re.compile(r"[0-9]{1,15}")
_PHONE: Final = re.compile(r"\+?[0-9]{1,5}[0-9()-]{4,18}")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SEX: Final = {"1": "1", "男": "1", "男性": "1", "m": "1", "male": "1", "2": "2", "女": "2", "女性": "2",
               "f": "2", "female": "2", "": "", "0": "", "不明": "", "不詳": "", "9": "", "その他": ""}  # fmt: skip
_YES: Final = frozenset(
    {"1", "有", "あり", "○", "〇", "◯", "はい", "yes", "y", "true", "該当", "対象", "する", "同意"}
)
_NO: Final = frozenset(
    {"", "0", "無", "なし", "×", "✕", "いいえ", "no", "n", "false", "非該当", "対象外", "-", "ー"}
)
_STATES: Final = {"": "", "1": "", "現存": "", "現住": "", "住登者": "", "住民": "", "在住": "", "住登": "",
                  "転出": "moved_out", "転出者": "moved_out", "死亡": "died", "死亡者": "died", "消除": "removed",
                  "消除者": "removed", "職権消除": "removed", "国外転出": "moved_out", "除票": "removed"}  # fmt: skip
CHANGES: Final = {"1": "new", "追加": "new", "新規": "new", "転入": "new", "出生": "new", "new": "new", "add": "new",
            "2": "changed", "変更": "changed", "修正": "changed", "転居": "changed", "更新": "changed",
            "changed": "changed", "update": "changed", "3": "gone", "削除": "gone", "消除": "gone", "転出": "gone",
            "死亡": "gone", "gone": "gone", "delete": "gone", "": ""}  # fmt: skip
LEFT_REASONS: Final = {"転出": "moved_out", "死亡": "died"}


class Born(NamedTuple):
    """A date as stored: ``key`` ISO text as far as one can say, ``written`` where that says less.

    ``first`` and ``last``: the days it can mean, where ``written`` is kept and they are known.
    """

    key: str
    written: str = ""
    first: str = ""
    last: str = ""


NO_DATE: Final = Born("")
Converted = tuple[Any, str]


def cleaned(cell: str) -> str:
    """Return a cell without surrounding spaces and without signs that nobody can see."""
    return _CONTROL.sub("", cell).strip()


def _text(cell: str) -> Converted:
    return cell, ""


def _number(cell: str) -> Converted:
    """Digits as text; spreadsheets add ``.0`` and full width, never take leading zeros off here."""
    plain = unicodedata.normalize("NFKC", cell).replace("-", "").replace(" ", "").removesuffix(".0")
    if not plain or _DIGITS.fullmatch(plain):
        return plain, ""
    return (
        (cell[:15], "")
        if len(cell) <= 15 and cell.isascii() and cell.isalnum()
        else ("", "not_a_number")
    )


def _name(cell: str) -> Converted:
    """A name as written: selectors and 外字 stay, spaces become one."""
    written = " ".join(cell.split())
    return written, "gaiji" if PRIVATE.search(written) or "〓" in written else ""


def _kana(cell: str) -> Converted:
    """Full-width katakana; what is no kana at all stays as written."""
    spoken = kana.katakana(cell)
    return spoken, "" if not spoken or kana.is_kana(spoken.replace("・", "")) else "kana_unreadable"


@lru_cache(maxsize=100_000)
def born(cell: str) -> Converted:
    """A date in any form that registers use (住民記録システム標準仕様書 1.1.8); unknown parts survive."""
    if not cell:
        return NO_DATE, ""
    try:
        read = wareki.parse(cell)
    except SonaeError:
        return Born("", cell[:60]), "bad_date"
    if read.earliest is None or read.latest is None:
        return Born("", cell[:60]), ""
    first, last = read.earliest, read.latest
    if read.exact:
        plain = unicodedata.normalize("NFKC", cell).replace(" ", "")
        again = (
            {wareki.format_long(first), wareki.format_short(first)} if first.year >= 1873 else set()
        )
        era = plain[:1] in "明大昭平令MTSHRmtshr㍻㍼㍽㍾㋿"
        told = not era or plain in again or _same_era(plain, again)
        return (
            Born(first.isoformat())
            if told
            else Born(first.isoformat(), cell[:60], str(first), str(last))
        ), ""
    if read.precision in ("month", "year") and not (read.approximate or read.irregular):
        key = str(first)[: 7 if read.precision == "month" else 4]
        whole = str(first)[8:] == "01" and (first.month == 1 or read.precision == "month")
        iso = re.fullmatch(r"[0-9]{4}(-[0-9]{2})?", cell)
        return (Born(key) if iso and whole else Born(key, cell[:60], str(first), str(last))), ""
    middle = first + (last - first) / 2
    key = str(middle)[:7] if str(first)[:7] == str(last)[:7] else str(middle)[:4]
    return Born(key, cell[:60], str(first), str(last)), "irregular_date" if read.irregular else ""


def _same_era(plain: str, again: set[str]) -> bool:
    """Tell whether a written day has the era that we would write for it."""
    return any(plain[:1].upper() == one[:1] for one in again)


def _sex(cell: str) -> Converted:
    found = _SEX.get(unicodedata.normalize("NFKC", cell).lower())
    return ("", "not_a_sex") if found is None else (found, "")


def _flag(cell: str) -> Converted:
    """Yes, no, or (None) unreadable: a flag that may protect somebody is never guessed."""
    plain = unicodedata.normalize("NFKC", cell).lower()
    if plain in _YES or plain in _NO:
        return plain in _YES, ""
    return None, "not_a_flag"


def _shield(cell: str) -> Converted:
    """A sign that is no plain no shields: whoever is shielded by mistake can be found by asking."""
    said, problem = _flag(cell)
    return (True, "shield_unread") if problem else (said, "")


def _state(cell: str) -> Converted:
    found = _STATES.get(unicodedata.normalize("NFKC", cell))
    return ("", "bad_state") if found is None else (found, "")


def _change(cell: str) -> Converted:
    found = CHANGES.get(unicodedata.normalize("NFKC", cell).lower())
    return ("", "not_a_change") if found is None else (found, "")


def _phone(cell: str) -> Converted:
    plain = unicodedata.normalize("NFKC", cell)
    plain = re.sub(r"[‐‑‒–—―−ー]", "-", plain).replace(" ", "")
    return (plain or cell)[:20], "" if not plain or _PHONE.fullmatch(plain) else "not_a_phone"


def _email(cell: str) -> Converted:
    return (cell, "") if not cell or _EMAIL.fullmatch(cell) else ("", "not_an_address")


def _language(cell: str) -> Converted:
    return cell or "ja", ""


def _count(cell: str) -> Converted:
    plain = unicodedata.normalize("NFKC", cell).removesuffix("階").removesuffix(".0")
    if not plain:
        return None, ""
    return (
        (int(plain), "") if plain.isdecimal() and 0 < int(plain) < 200 else (None, "not_a_number")
    )


def _degrees(cell: str) -> Converted:
    if not cell:
        return None, ""
    try:
        value = float(unicodedata.normalize("NFKC", cell))
    except ValueError:
        return None, "bad_position"
    return (value, "") if -180 <= value <= 180 else (None, "bad_position")


CONVERTERS: Final[Mapping[str, Callable[[str], Converted]]] = {
    "text": _text, "number": _number, "name": _name, "kana": _kana, "date": born, "sex": _sex,
    "flag": _flag, "shield": _shield, "state": _state, "change": _change, "phone": _phone, "email": _email,
    "language": _language, "count": _count, "degrees": _degrees, "address": _text,
}  # fmt: skip


def check_digit_fits(number: str) -> bool:
    """Tell whether the last digit is modulus 11 of the others, weights 2–7 from the right.

    住民記録システム標準仕様書 1.1.13: remainder 0 → 0. Only numbers given by new systems have one.
    """
    if not number.isdecimal() or len(number) < 2:
        return True
    total = sum(int(d) * (2 + at % 6) for at, d in enumerate(reversed(number[:-1])))
    return int(number[-1]) == (11 - total % 11) % 11 % 10
