"""Municipal tables (自治体標準オープンデータセット 指定緊急避難場所一覧 and look-alikes), CSV or XLSX."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, Final

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from sonae.core.errors import SonaeError
from sonae.engines import tables
from sonae.engines.shelters.astray import astray
from sonae.engines.shelters.listing import (
    HAZARDS,
    Capacity,
    Defect,
    Listed,
    capacity,
    closure,
    flag,
    plain,
    restricted_to,
)

_NAMES: Final = {
    "id": ("id", "共通id", "施設id", "no", "番号"),
    "name": ("名称", "施設名", "施設・場所名", "施設名称", "避難所名", "避難場所名", "name"),
    "lat": ("緯度", "lat", "latitude", "北緯"),
    "lon": ("経度", "lon", "lng", "longitude", "東経"),
    "address": ("所在地_連結表記", "所在地", "住所", "address"),
    "capacity": ("想定収容人数", "収容人数", "収容可能人数", "定員", "capacity"),
    "admits": ("受入対象者", "対象者"),
    "note": ("備考", "note"),
    "shelter_too": ("指定避難所との重複", "指定避難所との住所同一"),
    "mail": ("連絡先メールアドレス",),
    "extension": ("内線番号",),
    "postcode": ("郵便番号",),
}
_HAZARDS: Final = {
    "flood": ("洪水", "flood"),
    "landslide": ("崖崩れ、土石流及び地滑り", "土砂災害", "土砂", "landslide"),
    "storm_surge": ("高潮", "storm_surge"),
    "earthquake": ("地震", "earthquake"),
    "tsunami": ("津波", "tsunami"),
    "fire": ("大規模な火事", "大規模火災", "火災", "火事", "fire"),
    "inland_flood": ("内水氾濫", "内水", "inland_flood"),
    "volcano": ("火山現象", "火山", "volcano"),
}
_PLACEHOLDER: Final = re.compile(
    r"^(?:無題|サンプル|テスト|ドロップされたピン|マップピン|新しい場所|untitled|pin)", re.I
)
_JAPAN: Final = ((20.0, 46.0), (122.0, 154.0))
_BROKEN: Final = (
    InvalidFileException, zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError, EOFError,
    SyntaxError, IndexError, TypeError, AttributeError, NotImplementedError,
)  # fmt: skip
"""What the reader of workbooks raises for damaged ones: it checks nothing first."""
Row = dict[str, str]


def read_csv(text: str, name: str) -> tuple[list[Listed], list[Defect]]:
    """Read a table as CSV text; rows count from 2, below the heading."""
    reader = csv.reader(io.StringIO(text, newline=""))
    with tables.reading_csv(name):
        return _read(((reader.line_num, line) for line in reader), name)


def read_xlsx(raw: bytes, name: str) -> tuple[list[Listed], list[Defect]]:
    """Read the first sheet of a workbook. Raises SonaeError ``unreadable``."""
    try:
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        lines = [["" if cell is None else str(cell) for cell in row]
                 for row in book.worksheets[0].iter_rows(values_only=True)]  # fmt: skip
    except _BROKEN as error:
        raise SonaeError("unreadable", f"{name}をExcelの表として読めません。") from error
    return _read(enumerate(lines, start=1), name)


def _read(lines: Iterator[tuple[int, list[str]]], name: str) -> tuple[list[Listed], list[Defect]]:
    """Read numbered lines of which the first is the heading."""
    heading = next((line for _, line in lines if any(cell.strip() for cell in line)), None)
    if heading is None:
        raise SonaeError("empty_file", f"{name}は空です。前のデータを使い続けてください。")
    columns = _columns(heading)
    if "name" not in columns.values():
        hint = "名称・緯度・経度・災害種別_… の見出しが要ります。"
        raise SonaeError("missing_columns", f"{name}に施設の名称の列がありません。", hint)
    listed: list[Listed] = []
    defects: list[Defect] = []
    seen: dict[str, int] = {}
    for number, line in lines:
        cells = {key: line[at].strip() for at, key in columns.items() if at < len(line)}
        if any(cells.values()):
            listed.append(_one(cells, name, number, defects, set(columns.values())))
            _repeated(listed[-1], seen, defects)
    if not listed:
        raise SonaeError("empty_file", f"{name}に1件もありません。前のデータを使い続けてください。")
    return listed, defects + astray(listed, "lat")


def _columns(heading: list[str]) -> dict[int, str]:
    """Return position → what the column holds; of several columns of a kind the first counts."""
    known = {spelling: key for key, names in {**_NAMES, **_HAZARDS}.items() for spelling in names}
    found: dict[int, str] = {}
    for at, title in enumerate(heading):
        word = unicodedata.normalize("NFKC", title).strip().lower()
        word = word.removeprefix("\ufeff").removeprefix("災害種別_").removeprefix("災害種別")
        key = known.get(word.strip("_:・ "))
        if key is not None and key not in found.values():
            found[at] = key
    return found


def _one(cells: Row, name: str, number: int, defects: list[Defect], columns: set[str]) -> Listed:
    """Return one row's facility and add what is wrong with it."""

    def wrong(column: str, problem: str, action: str = "kept") -> None:
        defects.append(Defect(name, number, column, cells.get(column, ""), problem, action))

    shifted = _shifted(cells)
    for column in shifted:
        wrong(column, "shifted_columns", "left_out")
    lat, lon = _place(cells, wrong)
    title = cells.get("name", "")
    if not title:
        wrong("name", "no_name")
    elif _PLACEHOLDER.match(plain(title)):
        wrong("name", "placeholder")
    reason = closure(title, cells.get("note"))
    if reason:
        wrong("name", "closed_in_name", "corrected")
    told = capacity(cells.get("capacity", ""))
    if told.text and told.total is None:
        wrong("capacity", "not_a_number")
    flags = {hazard: flag(cells.get(hazard)) for hazard in HAZARDS}
    for hazard, answer in flags.items():
        if answer == "unknown" and cells.get(hazard):
            wrong(hazard, "not_a_flag")
    return Listed(
        input=name, row=number, id=cells.get("id", ""), name=title,
        kind=_kind(columns, cells),
        lat=lat, lon=lon, address=cells.get("address", ""), hazards=flags,
        capacity=Capacity(text=told.text) if shifted else told,
        restricted_to=restricted_to(cells.get("admits")),
        usable="no" if reason else "unknown", usable_reason=reason,
    )  # fmt: skip


def _kind(columns: set[str], cells: Row) -> str:
    """Return what the list says the place is; designated for hazards and as a shelter is both."""
    if not columns & set(HAZARDS):
        return "shelter"
    return "both" if flag(cells.get("shelter_too")) == "yes" else "emergency_site"


def _shifted(cells: Row) -> list[str]:
    """Return the columns whose values belong to others: an e-mail without @, a code as extension."""
    odd = []
    if cells.get("mail") and "@" not in cells["mail"]:
        odd.append("mail")
    if re.fullmatch(r"\d{5,6}", plain(cells.get("extension"))):
        odd.append("extension")
    code = plain(cells.get("postcode"))
    if code and not re.fullmatch(r"〒?\d{3}-?\d{4}", code):
        odd.append("postcode")
    return odd if len(odd) >= 2 else []


def _place(cells: Row, wrong: Any) -> tuple[float | None, float | None]:
    """Return latitude and longitude; swapped ones are put right, impossible ones become None."""
    try:
        lat, lon = float(plain(cells.get("lat"))), float(plain(cells.get("lon")))
    except ValueError:
        wrong("lat", "no_position" if not cells.get("lat") else "not_a_number")
        return None, None
    (south, north), (west, east) = _JAPAN
    if south <= lat <= north and west <= lon <= east:
        return lat, lon
    if south <= lon <= north and west <= lat <= east:
        wrong("lat", "swapped_position", "corrected")
        return lon, lat
    wrong("lat", "outside_municipality", "left_out")
    return None, None


def _repeated(one: Listed, seen: dict[str, int], defects: list[Defect]) -> None:
    """Note a row that repeats an id, or name and address, of an earlier one; both are kept."""
    for column, key in (("id", one.id), ("name", f"{plain(one.name)} {plain(one.address)}")):
        if not key.strip():
            continue
        first = seen.setdefault(f"{column}:{key}", one.row)
        if first != one.row:
            value = key if column == "id" else one.name
            defects.append(Defect(one.input, one.row, column, value, "duplicate", "kept"))
            return
