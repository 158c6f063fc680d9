"""Municipal tables (自治体標準オープンデータセット 指定緊急避難場所一覧 and look-alikes), CSV or XLSX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sonae.engines.shelters.align import Aligned, align, proven
from sonae.engines.shelters.astray import astray
from sonae.engines.shelters.capacities import Capacity, capacity, is_plain
from sonae.engines.shelters.columns import (
    ALIASES,
    HAZARD_ALIASES,
    STANDARD,
    meaning,
    meanings,
    without_moment,
)
from sonae.engines.shelters.columns import NATIONAL_FLAGS as FLAGS
from sonae.engines.shelters.listing import (
    HAZARDS,
    Defect,
    Listed,
    Reading,
    closed_in_part,
    closure,
    flag,
    plain,
    restricted_to,
)
from sonae.engines.shelters.sheets import Sheet, from_csv, from_xlsx
from sonae.engines.shelters.suspect import garbled, nameless, provisional, suspects

JAPAN: Final = ((20.0, 46.0), (122.0, 154.0))
_DEGREES: Final = re.compile(
    r"(\d{1,3})\s*[°度]\s*(\d{1,2})\s*['′’分]\s*(\d{1,2}(?:\.\d+)?)\s*(?:[\"″”秒]|'')?"
)
_STATED: Final = frozenset({"id", "name", "kana", "address", "capacity"})
"""Columns whose text stands in the facility itself; what others say beyond their reading is kept beside."""
_NO_HEADING: Final = "（見出しのない値）"


def read_csv(text: str, name: str) -> Reading:
    """Read a table as text; rows count as a spreadsheet does, the heading mostly being row 1."""
    return read_sheet(from_csv(text, name), name)


def read_xlsx(raw: bytes, name: str) -> Reading:
    """Read the first sheet of a workbook that holds facilities. Raises SonaeError ``unreadable``."""
    return read_sheet(from_xlsx(raw, name), name)


def read_sheet(sheet: Sheet, name: str) -> Reading:
    """Read a table: every row becomes a facility, every doubt a defect, and no value is lost."""
    table = _Table(sheet, name)
    keys = [meaning(heading) for heading in sheet.headings]
    aligned = align(keys, [cells for _, cells in sheet.rows])
    for (number, _), row in zip(sheet.rows, aligned, strict=True):
        table.add(number, row)
    listed, defects = table.listed, table.defects
    defects += suspects(listed, table.titles)
    defects += astray(listed, table.titles.get("lat", "lat"))
    defects.sort(key=lambda one: one.row)
    return Reading(listed, defects, tuple(sheet.headings), frozenset(table.titles))


class _Table:
    """One table while it is read."""

    def __init__(self, sheet: Sheet, name: str) -> None:
        self.name = name
        self.at = {key: at for at, key in meanings(sheet.headings).items()}
        self.keys = [meaning(heading) for heading in sheet.headings]
        self.labels = _labels(sheet.headings)
        self.titles = {key: self.labels[at] for key, at in self.at.items()}
        # The national list says "not designated" with an empty cell; of other lists nobody knows.
        self.national = "共通ID" in self.labels and "施設・場所名" in self.labels
        self.listed: list[Listed] = []
        self.defects: list[Defect] = []
        self._of_sheet(sheet)

    def wrong(
        self,
        row: int,
        column: str,
        value: str,
        problem: str,
        action: str = "kept",
        detail: str = "",
    ) -> None:
        """Note a defect."""
        self.defects.append(Defect(self.name, row, column, value, problem, action, detail))

    def _of_sheet(self, sheet: Sheet) -> None:
        """Note what is wrong with the table as a whole."""
        row = sheet.heading_row
        for at, heading in enumerate(sheet.headings):
            if without_moment(heading).strip(" _") != plain(heading).strip(" _"):
                self.wrong(row, self.labels[at], heading, "moment_in_heading")
            elif self.keys[at] is None and heading.strip() and heading.strip() not in STANDARD:
                self.wrong(row, self.labels[at], heading, "unknown_column")
        expected = ["lat", "lon", *(HAZARDS if set(HAZARDS) & set(self.at) else ())]
        for key in expected:
            if key not in self.at:
                column = FLAGS.get(key) or ALIASES[key][0]
                self.wrong(row, column, "", "missing_column")
        for title, count in sheet.others.items():
            self.wrong(0, title, f"{count}行", "other_sheet", "left_out")

    def add(self, number: int, row: Aligned) -> None:
        """Read one row."""
        cells = {key: row.cells[at].strip() for key, at in self.at.items()}
        title = self.titles["name"]
        if cells["name"] == title:
            return self.wrong(number, title, title, "repeated_heading", "left_out")
        self._order(number, row)
        self._names(number, cells)
        reason = self._closed(number, cells)
        lat, lon = self._place(number, cells)
        flags = self._flags(number, row, cells)
        self.listed.append(
            Listed(
                input=self.name, row=number, id=cells.get("id", ""), name=cells["name"],
                kind=_kind(set(self.at), cells), lat=lat, lon=lon, address=cells.get("address", ""),
                hazards=flags, capacity=self._capacity(number, row, cells),
                restricted_to=restricted_to(cells.get("admits")),
                usable="no" if reason else _usable(cells.get("usable")),
                usable_reason=cells.get("usable_reason") or reason, kana=cells.get("kana", ""), more=self._more(row, lat, lon, flags),
            )
        )  # fmt: skip
        return None

    def _order(self, number: int, row: Aligned) -> None:
        """Note cells that stood under the wrong heading."""
        for at in row.moved:
            if row.cells[at].strip():
                self.wrong(number, self.labels[at], row.cells[at], "shifted_columns", "corrected")
        for at in row.unsure:
            self.wrong(number, self.labels[at], row.cells[at], "shifted_columns", "left_out")
        if row.joined >= 0:
            text = row.cells[row.joined]
            self.wrong(number, self.labels[row.joined], text, "split_number", "corrected", text)
        problem = "shifted_columns" if row.broken or row.moved else "cell_without_heading"
        for value in row.over:
            self.wrong(number, _NO_HEADING, value, problem, "kept")

    def _names(self, number: int, cells: dict[str, str]) -> None:
        """Note names and ids that are none."""
        name, title = cells["name"], self.titles["name"]
        if not name:
            self.wrong(number, title, "", "no_name")
        elif nameless(name):
            self.wrong(number, title, name, "placeholder")
        for key in ("name", "address", "note"):
            if garbled(cells.get(key, "")):
                self.wrong(number, self.titles[key], cells[key], "garbled")
        if "id" in self.at and not cells["id"]:
            self.wrong(number, self.titles["id"], "", "no_id")
        elif provisional(cells.get("id", "")):
            self.wrong(number, self.titles["id"], cells["id"], "provisional_id")

    def _closed(self, number: int, cells: dict[str, str]) -> str:
        """Return why the facility cannot be used, noting where that was written."""
        for key in ("name", "note"):
            text = cells.get(key, "")
            if told := closed_in_part(text):
                self.wrong(number, self.titles[key], text, "closed_in_part", "kept", told)
            if told := closure(text):
                self.wrong(number, self.titles[key], text, "closed_in_name", "corrected", told)
                return told
        return ""

    def _place(self, number: int, cells: dict[str, str]) -> tuple[float | None, float | None]:
        """Return latitude and longitude; swapped ones are put right, impossible ones become None."""
        written = [cells.get("lat", ""), cells.get("lon", "")]
        titles = [self.titles.get("lat", "緯度"), self.titles.get("lon", "経度")]
        found = [_degrees(text) for text in written]
        for text, degrees, title in zip(written, found, titles, strict=True):
            if degrees is None:
                problem = "not_a_number" if text else "no_position"
                self.wrong(number, title, text, problem, "left_out" if text else "kept")
            elif not _is_decimal(text):
                self.wrong(number, title, text, "not_decimal", "corrected", f"{degrees:.6f}")
        lat, lon = found
        if lat is None or lon is None:
            return None, None
        (south, north), (west, east) = JAPAN
        if south <= lat <= north and west <= lon <= east:
            return lat, lon
        both = ",".join(written)
        if south <= lon <= north and west <= lat <= east:
            self.wrong(number, titles[0], both, "swapped_position", "corrected", f"{lon},{lat}")
            return lon, lat
        self.wrong(number, titles[0], both, "outside_municipality", "left_out")
        return None, None

    def _flags(self, number: int, row: Aligned, cells: dict[str, str]) -> dict[str, str]:
        """Return the designations; where a row's order is in doubt they are unknown."""
        last = max((self.at[hazard] for hazard in HAZARDS if hazard in self.at), default=-1)
        doubtful = row.broken and not proven(self.keys, row.cells, last)
        named = _named_hazards(cells.get("hazards", ""))
        flags = {}
        for hazard in HAZARDS:
            text = cells.get(hazard, "")
            flags[hazard] = answer = flag(text)
            if doubtful and text:
                flags[hazard] = "unknown"
                self.wrong(number, self.titles[hazard], text, "shifted_columns", "left_out")
            elif text and answer == "unknown":
                self.wrong(number, self.titles[hazard], text, "not_a_flag")
            elif answer == "partial" and len(plain(text)) > 1 and flag(text[1:]) == "unknown":
                self.wrong(
                    number, self.titles[hazard], text, "flag_with_condition", "kept", "partial"
                )
            elif (
                not text and self.national and hazard in self.at and hazard_at(row, self.at[hazard])
            ):
                flags[hazard] = "no"
            elif hazard in named and hazard not in self.at:
                flags[hazard] = "yes"
        return flags

    def _capacity(self, number: int, row: Aligned, cells: dict[str, str]) -> Capacity:
        """Return the people the place holds, from one column or from one for each side."""
        text = cells.get("capacity", "")
        if row.broken or (self.at.get("capacity", -1) in row.unsure):
            return Capacity(text=text)
        told = capacity(text)
        sides = [capacity(cells.get(side, "")).total for side in ("indoor", "outdoor")]
        if told.total is None and not text and None not in sides:
            told = Capacity(sum(side or 0 for side in sides), sides[0], sides[1], told.text)
        elif any(side is not None for side in sides) and (told.indoor, told.outdoor) == (
            None,
            None,
        ):
            told = Capacity(told.total, sides[0], sides[1], told.text)
        if text and told.total is None:
            self.wrong(number, self.titles["capacity"], text, "not_a_number")
        elif text and not is_plain(text):
            detail = _people(told)
            self.wrong(number, self.titles["capacity"], text, "not_a_number", "corrected", detail)
        if told.total == 0:
            self.wrong(number, self.titles.get("capacity", ""), text, "zero_capacity")
        return told

    def _more(
        self, row: Aligned, lat: float | None, lon: float | None, flags: dict[str, str]
    ) -> dict[str, str]:
        """Return everything the row says that the facility does not carry, by heading."""
        kept = {}
        for at, text in enumerate(cell.strip() for cell in row.cells):
            key = self.keys[at] if self.at.get(self.keys[at] or "") == at else None
            place = {"lat": lat, "lon": lon}.get(key or "")
            said = key in _STATED or (place is not None and str(place) == text)
            said = said or (key in HAZARD_ALIASES and flags[key] != "unknown" and len(text) == 1)
            if text and not said:
                kept[self.labels[at]] = text
        if row.over:
            kept[_NO_HEADING] = "｜".join(row.over)
        return kept


def hazard_at(row: Aligned, at: int) -> bool:
    """Tell whether it is sure that this cell is the hazard's own."""
    return at not in row.unsure and not row.broken


def _usable(text: str | None) -> str:
    """Return yes, no or unknown: to be usable in part is not known to be usable."""
    answer = flag(text)
    return answer if answer in {"yes", "no"} else "unknown"


def _labels(headings: Sequence[str]) -> list[str]:
    """Return headings as people see them, unlike for every column."""
    found: list[str] = []
    for at, heading in enumerate(headings):
        label = " ".join(heading.replace("\ufeff", "").split()) or f"列{at + 1}"
        twice = found.count(label)
        found.append(f"{label} ({at + 1})" if twice else label)
    return found


def _kind(columns: set[str], cells: dict[str, str]) -> str:
    """Return what the list says the place is; designated for hazards and as a shelter is both."""
    written = plain(cells.get("kind", ""))
    site, shelter = "緊急避難場所" in written, "指定避難所" in written or "福祉避難所" in written
    if site or shelter:
        return "both" if site and shelter else "emergency_site" if site else "shelter"
    if flag(cells.get("shelter_too")) == "yes" or flag(cells.get("site_too")) == "yes":
        return "both"
    return "emergency_site" if columns & {*HAZARDS, "hazards"} else "shelter"


def _named_hazards(text: str) -> set[str]:
    """Return the hazards that a list in one cell (洪水・地震) names; others stay unknown."""
    parts = re.split(r"[・,，;；/／|\s]+", text.replace("崖崩れ、土石流及び地滑り", "土砂災害"))
    parts = [one for part in parts for one in part.split("、")]
    return {key for part in parts if (key := meaning(part)) in HAZARD_ALIASES and key}


def _degrees(text: str) -> float | None:
    """Return degrees of a decimal number or of degrees, minutes and seconds; else None."""
    held = plain(text).removeprefix("北緯").removeprefix("東経").strip(" NEne°度")
    if parts := _DEGREES.match(plain(text).removeprefix("北緯").removeprefix("東経")):
        whole, minutes, seconds = (float(part) for part in parts.groups())
        return whole + minutes / 60 + seconds / 3600
    return float(held) if re.fullmatch(r"[+-]?\d+(?:\.\d+)?", held) else None


def _is_decimal(text: str) -> bool:
    """Tell whether a coordinate is written as a plain number in half-width characters."""
    return re.fullmatch(r"[+-]?[0-9]+(?:\.[0-9]+)?", text) is not None


def _people(told: Capacity) -> str:
    """Return a capacity in words, for the report."""
    parts = [f"合計{told.total}人"]
    parts += [f"屋内{told.indoor}人"] if told.indoor is not None else []
    parts += [f"屋外{told.outdoor}人"] if told.outdoor is not None else []
    return "・".join(parts)
