"""What makes a row suspect: names that are none, garbled text, and values that differ from the rest's."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sonae.engines.shelters.listing import HAZARDS, Defect, Listed, level_dashes, plain

_BEGINS: Final = re.compile(
    r"(?:無題|サンプル|テスト|ダミー|ドロップされたピン|マップピン|新しい(?:場所|目印|ピン)|名称未設定|"
    r"untitled|dropped pin|placemark|new (?:place|pin|point)|sample|dummy)",
    re.I,
)
_IS: Final = re.compile(
    r"(?:ピン|目印|マーカー|ポイント|地点|pin|marker|point|test|未定|未設定|不明|名称|[○〇●◯×xX?？・…*ー-]+|"
    r"合計|小計|総計|計|以上|以下余白)\s*(?:[#(]?\d*\)?)",
    re.I,
)
_GARBLED: Final = re.compile(
    r"\ufffd|[\x00-\x08\x0b-\x1f\x7f-\x9f]|[縺繧譁]\S{0,2}[縺繧譁]|ã[\x80-\xbf€‚ƒ„…†‡]|[々-鿿]\?|\?[々-鿿]"
)
_PROVISIONAL: Final = re.compile(
    r"(?:仮|臨時|未登録|tmp|temp|prov|new)[-_ ]?\w*|\w+[-_](?:tmp|temp|new)", re.I
)
_DASH: Final = re.compile(r"(?<=\d)[-‐‑‒–—―−─ー－](?=\d)")
_FULL: Final = re.compile(r"[０-９Ａ-Ｚａ-ｚ]")
_HALF: Final = re.compile(r"[0-9A-Za-z]")
_SAME_POSITION: Final = 4
Values = Mapping[str, str]


def nameless(name: str) -> bool:
    """Tell whether a name is a map's default title, a dummy, or the foot of a table."""
    text = plain(name)
    return bool(_BEGINS.match(text) or _IS.fullmatch(text))


def garbled(text: str) -> bool:
    """Tell whether characters were lost when the text was saved in another encoding."""
    return bool(_GARBLED.search(text))


def provisional(identifier: str) -> bool:
    """Tell whether an id says that it is provisional: a site that opened before it was designated."""
    return bool(_PROVISIONAL.fullmatch(plain(identifier)))


def suspects(listed: Sequence[Listed], titles: Values) -> list[Defect]:
    """Return the rows that differ from the others of their list: repeated, elsewhere, written unlike."""
    return [
        *_repeated(listed, titles),
        *_elsewhere(listed, titles),
        *_one_position(listed, titles),
        *_blank_flags(listed, titles),
        *_unlike(listed, titles),
    ]


def _defect(one: Listed, column: str, value: str, problem: str, detail: str = "") -> Defect:
    return Defect(one.input, one.row, column, value, problem, "kept", detail)


def _repeated(listed: Sequence[Listed], titles: Values) -> list[Defect]:
    """Name rows that repeat an id, or name and address, of an earlier one; all are kept."""
    found, seen = [], dict[tuple[str, str], int]()
    for one in listed:
        name = _level(one.name)
        keys = (("id", _level(one.id)), ("name", name and f"{name} {_level(one.address)}"))
        for column, key in keys:
            first = seen.setdefault((column, key), one.row) if key else one.row
            if first != one.row:
                value = one.id if column == "id" else one.name
                detail = f"{first}行目と同じ"
                found.append(_defect(one, titles.get(column, column), value, "duplicate", detail))
                break
    return found


def _level(text: str) -> str:
    return level_dashes(plain(text)).casefold()


def _elsewhere(listed: Sequence[Listed], titles: Values) -> list[Defect]:
    """Name rows whose municipality, by code or name, is not that of most rows."""
    found = []
    for key in ("city_code", "prefecture", "city"):
        column = titles.get(key, "")
        held = [(one, plain(one.more.get(column, ""))) for one in listed]
        told = Counter(value for _, value in held if value)
        usual = told.most_common(1)
        if usual and usual[0][1] >= 3 and usual[0][1] * 2 > told.total():
            home = usual[0][0]
            found += [
                _defect(one, column, one.more[column], "outside_municipality", f"ほかは{home}")
                for one, value in held
                if value and not _same_city(value, home)
            ]
    return found


def _same_city(one: str, other: str) -> bool:
    """Tell whether two codes (with or without check digit or first zero) or names are one city's."""
    return bool(_codes(one) & _codes(other)) if one.isdigit() else one == other


def _codes(text: str) -> set[str]:
    """Return what a code's first five digits may be: spreadsheets drop the zero in front."""
    return {text[:5], text.zfill(6)[:5]} if len(text) == 5 else {text.zfill(6)[:5]}


def _one_position(listed: Sequence[Listed], titles: Values) -> list[Defect]:
    """Name rows with other addresses on one and the same point: the town hall's, mostly."""
    at: dict[tuple[float | None, float | None], list[Listed]] = defaultdict(list)
    for one in listed:
        at[one.lat, one.lon].append(one)
    return [
        _defect(one, titles.get("lat", "緯度"), f"{one.lat},{one.lon}", "same_position", f"{len(group)}件")
        for (lat, _), group in at.items()
        if lat is not None and len(group) >= _SAME_POSITION and len({o.address for o in group}) > 1
        for one in group
    ]  # fmt: skip


def _blank_flags(listed: Sequence[Listed], titles: Values) -> list[Defect]:
    """Name blank flags of a column that says no elsewhere: nobody knows what the blank means."""
    found = []
    for hazard in HAZARDS:
        column = titles.get(hazard)
        if column and any(one.hazards[hazard] == "no" for one in listed):
            found += [
                _defect(one, column, "", "blank_flag")
                for one in listed
                if one.hazards[hazard] == "unknown" and column not in one.more
            ]
    return found


def _unlike(listed: Sequence[Listed], titles: Values) -> list[Defect]:
    """Name cells written with other dashes, or another width, than most of their column."""
    columns: dict[str, Callable[[Listed], str]] = {
        "id": lambda one: one.id,
        "address": lambda one: one.address,
        "phone": lambda one: one.more.get(titles.get("phone", ""), ""),
        "name": lambda one: one.name,
    }
    found = []
    for key, read in columns.items():
        if key in titles:
            values = [(one, read(one)) for one in listed]
            dashes = Counter(dash for _, value in values for dash in _DASH.findall(value))
            widths = Counter(width for _, value in values if (width := _width(value)))
            for one, value in values:
                odd = len(dashes) > 1 and set(_DASH.findall(value)) - {dashes.most_common(1)[0][0]}
                other = len(widths) > 1 and _width(value) not in {"", widths.most_common(1)[0][0]}
                if odd or other:
                    read_as = level_dashes(plain(value))
                    found.append(_defect(one, titles[key], value, "character_variants", read_as))
    return found


def _width(text: str) -> str:
    """Return full, half or mixed by the digits and letters of a text; empty without any."""
    full, half = _FULL.search(text), _HALF.search(text)
    return "mixed" if full and half else "full" if full else "half" if half else ""
