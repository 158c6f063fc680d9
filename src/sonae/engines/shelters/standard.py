"""Lists of facilities out: the standard table (自治体標準オープンデータセット) and OpenStreetMap's tags.

What is written here `sonae shelters check` reads back without loss. The standard has 39 columns; what
it has none for follows behind them, as it allows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sonae.engines.shelters.columns import FLAG_PREFIX, NATIONAL_FLAGS, STANDARD
from sonae.engines.shelters.listing import Listed

ADMITS, USABLE, WHY_NOT = "受入対象者", "使用可否", "使用できない理由"
OWN: Final = (ADMITS, USABLE, WHY_NOT)
"""Columns behind the standard's own."""
_FLAGS: Final = {"yes": "1", "partial": "△", "no": "0", "unknown": ""}
_GROUPS: Final = {"elderly": "高齢者", "disabled": "障害者", "child": "児童", "other": "その他"}
_USABLE: Final = {"yes": "可", "no": "不可", "unknown": ""}
_ALIKE: Final = str.maketrans({"—": "―", "–": "－", "\u00a0": " ", "·": "・"})
"""Characters that look like one that Shift_JIS has."""
_LOST: Final = "〓"


@dataclass(frozen=True)
class Whose:
    """The municipality of a list: 6-digit code, prefecture, name."""

    code: str
    prefecture: str
    name: str


@dataclass(frozen=True)
class Written:
    """One facility to be written: what the list states of it, and what only the table has."""

    facility: Listed
    kana: str = ""
    town: str = ""


@dataclass(frozen=True)
class Unencodable:
    """A character that an encoding lacks: row (heading = 1), column, what stands there instead."""

    row: int
    column: str
    value: str
    character: str
    instead: str

    def to_json(self) -> dict[str, Any]:
        """Return the line of the report, in the words of ``shelters check``."""
        return {
            "row": self.row,
            "column": self.column,
            "value": self.value,
            "problem": "not_encodable",
            "character": f"U+{ord(self.character):04X} {self.character}",
            "action": "corrected" if self.instead != _LOST else "left_out",
            "detail": self.instead,
        }


def table(rows: Sequence[Written], whose: Whose, *, sites: bool) -> list[list[str]]:
    """Return heading and rows: emergency sites with their hazards, or shelters without them."""
    columns = [
        name
        for name in (*STANDARD, *OWN)
        if sites or not name.startswith((FLAG_PREFIX, "指定避難所"))
    ]
    cells = (_cells(row, whose) for row in rows)
    return [columns, *([found.get(name, "") for name in columns] for found in cells)]


def _cells(row: Written, whose: Whose) -> dict[str, str]:
    one = row.facility
    return {
        "全国地方公共団体コード": whose.code,
        "ID": one.id,
        "名称": one.name,
        "名称_カナ": row.kana,
        "所在地_全国地方公共団体コード": whose.code,
        "所在地_連結表記": one.address,
        "所在地_都道府県": whose.prefecture,
        "所在地_市区町村": whose.name,
        "所在地_町字": row.town,
        "緯度": "" if one.lat is None else repr(one.lat),
        "経度": "" if one.lon is None else repr(one.lon),
        "市区町村コード": whose.code,
        "地方公共団体名": whose.name,
        **{FLAG_PREFIX + NATIONAL_FLAGS[key]: _FLAGS[told] for key, told in one.hazards.items()},
        "指定避難所との重複": "1" if one.kind == "both" else "",
        "想定収容人数": one.capacity.text
        or ("" if one.capacity.total is None else str(one.capacity.total)),
        ADMITS: "、".join(_GROUPS[group] for group in one.restricted_to),
        USABLE: _USABLE[one.usable],
        WHY_NOT: one.usable_reason,
    }


def encoded(rows: Sequence[Sequence[str]], *, shift_jis: bool) -> tuple[bytes, list[Unencodable]]:
    """Return a table as a file, and every character that had to be replaced.

    UTF-8 with a byte order mark, as spreadsheets expect it, or Shift_JIS (Windows-31J): there a
    look-alike takes the place of what it lacks, else 〓.
    """
    out, lost = io.StringIO(newline=""), list[Unencodable]()
    writer = csv.writer(out, lineterminator="\r\n")
    for number, row in enumerate(rows, start=1):
        writer.writerow(
            [_fit(cell, number, name, lost) for name, cell in zip(rows[0], row, strict=True)]
            if shift_jis
            else row
        )
    return out.getvalue().encode("cp932" if shift_jis else "utf-8-sig"), lost


def _fit(cell: str, row: int, column: str, lost: list[Unencodable]) -> str:
    """Return a cell in characters that Shift_JIS has."""
    if _in_shift_jis(cell) == cell:
        return cell
    return "".join(_character(one, cell, row, column, lost) for one in cell)


def _in_shift_jis(text: str) -> str | None:
    """Return a text as it comes back from Shift_JIS: some characters quietly become others."""
    try:
        return text.encode("cp932").decode("cp932")
    except UnicodeEncodeError:
        return None


def _character(one: str, cell: str, row: int, column: str, lost: list[Unencodable]) -> str:
    kept = _in_shift_jis(one)
    if kept == one:
        return one
    alike = kept or one.translate(_ALIKE)
    instead = alike if alike != one else _LOST
    lost.append(Unencodable(row, column, cell, one, instead))
    return instead


def osm_tags(one: Listed) -> dict[str, str]:
    """Return a facility's tags for OpenStreetMap; what is unknown has no tag.

    指定緊急避難場所 is ``emergency=assembly_point`` with a tag per hazard, 指定避難所 the use of a
    building in an emergency (``emergency:social_facility=shelter``).
    """
    tags = {"name": one.name, "ref": one.id}
    if one.kind in {"emergency_site", "both"}:
        tags["emergency"] = "assembly_point"
        told = {"yes": "yes", "partial": "limited", "no": "no"}
        for hazard, answer in one.hazards.items():
            if answer in told:
                tags[f"assembly_point:{hazard}"] = told[answer]
    if one.kind in {"shelter", "both"}:
        tags |= {"emergency:amenity": "social_facility", "emergency:social_facility": "shelter"}
    if one.capacity.total is not None:
        tags["capacity:persons"] = str(one.capacity.total)
    if one.restricted_to:
        tags["emergency:social_facility:for"] = ";".join(one.restricted_to)
    if one.usable == "no":
        tags["operational_status"] = "closed"
    if one.address:
        tags["addr:full"] = one.address
    return {key: value for key, value in tags.items() if value}
