"""What a roster may say of a person (名簿の項目), and the headings under which lists say it.

The mapping from columns to items is data: guessed here by heading, corrected by a person, and
remembered for the next list with the same headings.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final


def _(text: str) -> str:
    """Mark a name for the catalogues; engines speak Japanese, screens translate."""
    return text


NAMES: Final[Mapping[str, str]] = {
    "name": _("氏名"), "family": _("姓"), "given": _("名"), "kana": _("フリガナ"),
    "kana_family": _("姓のフリガナ"), "kana_given": _("名のフリガナ"), "sex": _("性別"),
    "birth_date": _("生年月日"), "age": _("年齢"), "address": _("住所"), "city": _("住所の市区町村"),
    "town": _("住所の町字"), "phone": _("電話番号"), "group": _("世帯・カード番号"), "left": _("退所"),
    "status": _("安否"), "needs": _("配慮が必要なこと"), "note": _("備考"),
}  # fmt: skip
"""Item → what screens call it. Codes are stored in mappings: add, never rename."""

COLUMNS: Final = (
    "group", "name", "kana", "sex", "birth_date", "age", "address", "phone", "note",
)  # fmt: skip
"""Items of the sheet that is typed, in its order."""

MOST: Final[Mapping[str, int]] = {
    "name": 120, "kana": 160, "sex": 10, "birth_date": 40, "age": 10, "address": 200, "phone": 40,
    "group": 40, "left": 40, "status": 40, "needs": 200, "note": 300,
}  # fmt: skip
"""The longest text of every item of a line; beyond it a cell is cut, and said so."""

_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("氏名", "名前", "お名前", "避難者氏名", "避難者名", "氏名(漢字)", "漢字氏名", "対象者", "name",
             "full name", "本人氏名", "避難者", "なまえ", "世帯員氏名", "氏名漢字"),
    "family": ("姓", "氏", "苗字", "名字", "family name", "last name", "surname"),
    "given": ("名", "下の名前", "given name", "first name"),
    "kana": ("フリガナ", "ふりがな", "カナ", "かな", "氏名カナ", "氏名(カナ)", "カナ氏名", "よみ", "読み", "kana",
             "読み仮名", "よみがな", "氏名フリガナ", "振り仮名"),
    "kana_family": ("姓カナ", "セイ", "せい", "姓(カナ)", "氏カナ", "姓フリガナ"),
    "kana_given": ("名カナ", "メイ", "めい", "名(カナ)", "名フリガナ"),
    "sex": ("性別", "男女", "男女別", "男・女", "性", "sex", "gender"),
    "birth_date": ("生年月日", "誕生日", "生年", "birth date", "birthday", "date of birth", "dob", "生年月日(和暦)",
                   "生年月日(西暦)"),
    "age": ("年齢", "年令", "歳", "age", "満年齢"),
    "address": ("住所", "現住所", "自宅住所", "居住地", "address", "住所(番地まで)", "住所・自治会", "所在地", "home address"),
    "city": ("市区町村", "市町村", "住所 市区町村", "city"),
    "town": ("町字", "町名", "地区", "自治会", "町内会", "行政区", "住所 町字", "集落"),
    "phone": ("電話番号", "電話", "携帯電話", "携帯", "連絡先", "tel", "phone", "連絡先電話番号", "緊急連絡先"),
    "group": ("世帯", "世帯番号", "世帯no", "家族番号", "カード番号", "受付番号", "受付no", "グループ", "group", "世帯主",
              "代表者", "代表者名", "世帯代表者", "household", "票番号"),
    "left": ("退所", "退所日", "退所日時", "退所月日", "退去日", "退出", "退所年月日", "checkout"),
    "status": ("安否", "状態", "健康状態", "けが", "負傷", "体調", "status"),
    "needs": ("配慮事項", "要配慮", "要配慮事項", "支援の必要", "要支援", "持病", "アレルギー", "特別な配慮", "needs"),
    "note": ("備考", "メモ", "特記事項", "その他", "note", "notes", "remarks", "摘要"),
}  # fmt: skip
_PARENTHESES: Final = re.compile(r"[(\[【「].*?[)\]】」]")
SEARCHED: Final = 15
"""Lines above the heading that may hold a title, a date or a note."""


def plain(heading: str) -> str:
    """Return a heading without width, spaces, line breaks and marks (※ 必須)."""
    text = unicodedata.normalize("NFKC", heading).lower()
    text = re.sub(r"[※*＊]|必須|任意", "", text)
    return re.sub(r"[\s_]+", " ", text).strip(" :・")


_BY_HEADING: Final = {plain(one): item for item, names in _HEADINGS.items() for one in names}


def meaning(heading: str) -> str:
    """Return the item that a heading means, or nothing: first as written, then without brackets."""
    text = plain(heading)
    tight = text.replace(" ", "")
    for one in (text, tight, _PARENTHESES.sub("", tight).strip()):
        if one in _BY_HEADING:
            return _BY_HEADING[one]
    return ""


def guess(headings: Sequence[str]) -> list[str]:
    """Return the item of every column (empty: not taken); of two for one item the first counts."""
    found: list[str] = []
    for heading in headings:
        item = meaning(heading)
        found.append("" if item in found else item)
    if "name" not in found and "family" not in found and "given" in found:
        found[found.index("given")] = "name"
    return found


def heading_of(item: str, headings: Sequence[str], mapping: Sequence[str]) -> str:
    """Return the heading of the column of an item, or nothing where no column is it."""
    return headings[mapping.index(item)] if item in mapping else ""


def heading_at(lines: Sequence[Sequence[str]]) -> int | None:
    """Return which of the first lines is the heading: the one that names most items, and a person."""
    best, most = None, 0
    for at, cells in enumerate(lines[:SEARCHED]):
        items = {one for one in map(meaning, cells) if one}
        if items & {"name", "family", "given", "kana"} and len(items) > most:
            best, most = at, len(items)
    return best


def signature(headings: Sequence[str]) -> str:
    """Return what tells one layout of columns from another (SHA-256 of its headings, in hex)."""
    text = "\x1f".join(plain(one) for one in headings)
    return hashlib.sha256(text.encode()).hexdigest()


def checked(mapping: Sequence[str], columns: int) -> list[str]:
    """Return a mapping that a person gave, as long as the table, unknown and repeated items emptied."""
    found: list[str] = []
    for item in [*mapping, *[""] * columns][:columns]:
        found.append(item if item in NAMES and item not in found else "")
    return found


def names_a_person(mapping: Sequence[str]) -> bool:
    """Whether a mapping says who somebody is."""
    return bool({"name", "family", "given", "kana", "kana_family", "kana_given"} & set(mapping))
