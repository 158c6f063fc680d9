"""A roster read: every row a line with what it says and what is wrong with it, nothing lost.

Pure: bytes or typed cells in, lines and defects out. What a line leaves to the line above (〃, 同上)
is filled in beside the cells as written, never in their place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Final

from sonae.core import kana, wareki
from sonae.core.errors import SonaeError
from sonae.engines.defects import Defect
from sonae.engines.matching.cards import filled, in_place, is_ditto
from sonae.engines.matching.splitting import Known
from sonae.engines.rosters.condition import condition
from sonae.engines.rosters.items import (
    MOST,
    SEARCHED,
    checked,
    guess,
    heading_at,
    heading_of,
    meaning,
    names_a_person,
)
from sonae.engines.sheets import Line as Cells
from sonae.engines.sheets import lines_of

MOST_ROWS: Final = 200_000
"""A roster with more lines than the largest shelters of a prefecture hold is something else."""
_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_PRIVATE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd〓]")
_TOTAL: Final = re.compile(
    r"^(?:合計|小計|計|総計|男性計|女性計|人数|以上|以下余白|余白)[\s::]*\d*[人名]?$"
)
_SEX: Final = {"男": "1", "男性": "1", "m": "1", "male": "1", "1": "1", "♂": "1", "女": "2", "女性": "2",
               "f": "2", "female": "2", "2": "2", "♀": "2"}  # fmt: skip
_NO_SEX: Final = frozenset({"", "不明", "不詳", "その他", "回答しない", "無回答", "-", "0", "9"})
_AGE: Final = re.compile(r"^(?:満)?(\d{1,3})\s*(?:歳|才|さい)?(?:位|くらい|ぐらい|頃)?$")
_MONTHS: Final = re.compile(r"^(?:生後)?\d{1,2}\s*(?:か月|ヶ月|ケ月|カ月|ヵ月|日|週)$")
_RANGE: Final = re.compile(r"([A-Z]+)(\d+):([A-Z]+)(\d+)")
_WHO: Final = ("name", "kana")
_FILLED: Final = ("name", "kana", "address", "phone", "birth_date", "age", "sex")


@dataclass
class Line:
    """One person as written. ``cells``: every cell of the row; ``said``: item → text as written.

    ``facts``: name, kana, sex (1, 2), birth_date (ISO as far as known), age, address, phone with
    what the card leaves out filled in; ``group``: lines of one card or household share it.
    """

    row: int
    cells: list[str]
    said: dict[str, str]
    facts: dict[str, str] = field(default_factory=dict)
    group: str = ""


@dataclass
class Reading:
    """A roster: its headings, the item of each column, the lines that can be people, what is wrong."""

    headings: list[str]
    mapping: list[str]
    lines: list[Line]
    defects: list[Defect]
    encoding: str = ""


def read(
    raw: bytes,
    name: str,
    *,
    as_of: date,
    mapping: Sequence[str] | None = None,
    heading: bool = True,
) -> Reading:
    """Read a file. ``mapping``: item of every column, by default guessed by the headings.

    ``heading`` False: a person says that the first line is somebody already.

    SonaeError ``empty_file``, ``encoding``, ``unreadable``, ``missing_columns`` (no heading, or
    none that names a person) or ``too_large``; then nothing is read.
    """
    opened = lines_of(raw, name)
    rows = list(islice(opened.rows, MOST_ROWS + SEARCHED + 1))
    if not rows:
        raise SonaeError("empty_file", f"{name}は空です。前のデータを使い続けてください。")
    at = heading_at([cells for _, cells in rows])
    if at is None and mapping is None:
        raise SonaeError(
            "missing_columns", f"{name}に氏名の見出しが見つかりません。",
            "下の「列の対応を直す」で、どの列が氏名かを選んでください。",
        )  # fmt: skip
    first, unknown, at = rows[0][0] - 1, at is None, at or 0
    headings = [" ".join(cell.split()) for cell in rows[at][1]]
    if unknown:  # a title alone above the columns: as `first_line` shows it
        headings += [""] * (_width(rows) - len(headings))
    if not heading:
        headings, at, rows = numbered(_width(rows)), 0, [(first, []), *rows]
    body = rows[at + 1 :]
    if len(body) > MOST_ROWS:
        raise SonaeError("too_large", f"{name}は{MOST_ROWS:,}行より多く、名簿として読めません。")
    if not body:
        raise SonaeError("empty_file", f"{name}には見出しだけで、1人も書かれていません。")
    chosen = guess(headings) if mapping is None else checked(mapping, len(headings))
    found = Reading(headings, chosen, [], [], opened.encoding)
    for title in opened.others:
        found.defects.append(Defect(0, title, "", "other_sheet", "left_out"))
    for column, item in zip(headings, chosen, strict=True):
        if column and not item:
            found.defects.append(Defect(rows[at][0], column, column, "unknown_column", "kept"))
    _unmerge(opened.merged, body, found)
    _read_rows(found, body, as_of)
    return found


def read_typed(
    rows: Iterable[Mapping[str, str]], headings: Mapping[str, str], as_of: date
) -> Reading:
    """Read a sheet that was typed: item → text per row, blank rows left out; rows count from 1."""
    keys = list(headings)
    body = [
        (number, [str(row.get(key, "")) for key in keys])
        for number, row in enumerate(rows, start=1)
    ]
    found = Reading([headings[key] for key in keys], keys, [], [], "typed")
    _read_rows(found, [(n, cells) for n, cells in body if any(map(str.strip, cells))], as_of)
    return found


def first_line(raw: bytes, name: str) -> list[str]:
    """Return the cells of the first line in which anything stands, for a person to say what they are."""
    rows = list(islice(lines_of(raw, name).rows, SEARCHED))
    cells = rows[0][1] if rows else []
    return [" ".join(cell.split()) for cell in [*cells, *[""] * _width(rows)][: _width(rows)]]


def numbered(width: int) -> list[str]:
    """Return the headings of a table that has none."""
    return [f"{n}列目" for n in range(1, width + 1)]


def _width(rows: Sequence[Cells]) -> int:
    return max((len(cells) for _, cells in rows[:SEARCHED]), default=0)


def _unmerge(ranges: Sequence[str], body: Sequence[Cells], found: Reading) -> None:
    """Give every row of cells merged downward the value of the first: a household's number, mostly."""
    by_row = {number: cells for number, cells in body}
    for told in ranges:
        match = _RANGE.fullmatch(told)
        if match is None:
            continue
        column, first, last = _column(match[1]), int(match[2]), int(match[4])
        if column != _column(match[3]) or first not in by_row or column >= len(by_row[first]):
            continue
        value = by_row[first][column]
        for number in range(first + 1, min(last, first + 500) + 1):
            cells = by_row.get(number)
            if cells is not None and value.strip() and column < len(cells) and not cells[column]:
                cells[column] = value
                title = found.headings[column] if column < len(found.headings) else ""
                found.defects.append(Defect(number, title, value, "merged_cells", "corrected"))


def _column(letters: str) -> int:
    """Return the number of a spreadsheet's column from 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _read_rows(found: Reading, body: Iterable[Cells], as_of: date) -> None:
    """Read rows into lines; the facts are worked out when all lines are there."""
    if not names_a_person(found.mapping):
        raise SonaeError(
            "missing_columns", "どの列が氏名なのか分かりません。",
            "列の対応で、氏名かフリガナの列を選んでください。",
        )  # fmt: skip
    wrong = _Wrong(found)
    seen: dict[tuple[str, ...], int] = {}
    for number, cells in body:
        if _only_numbered(found.mapping, cells):
            continue
        said = _said(wrong, number, cells)
        if _no_person(wrong, number, cells, said):
            continue
        line = Line(number, list(cells), said)
        key = tuple(said.get(item, "") for item in ("name", "kana", "birth_date", "age", "address"))
        if key in seen and not is_ditto(said["name"]) and any(key[2:]):
            wrong.tell(number, "name", said["name"], "duplicate", "kept", f"{seen[key]}行目")
        seen.setdefault(key, number)
        found.lines.append(line)
    _fill(found, wrong)
    for line in found.lines:
        _read_facts(wrong, line, as_of)
    found.lines = [line for line in found.lines if line.facts]
    found.defects.sort(key=lambda one: one.row)


@dataclass
class _Wrong:
    """Notes defects under the heading of an item."""

    found: Reading

    def tell(
        self, row: int, item: str, value: str, problem: str, action: str, detail: str = ""
    ) -> None:
        """Note one."""
        column = heading_of(item, self.found.headings, self.found.mapping)
        self.found.defects.append(Defect(row, column, value[:200], problem, action, detail))

    def read_condition(self, line: Line) -> None:
        """Note a condition that is neither safe nor a call for help, as far as can be read."""
        told = line.said["status"]
        if not condition(told, heading_of("status", self.found.headings, self.found.mapping)):
            self.tell(line.row, "status", told, "bad_status", "kept")


def _said(wrong: _Wrong, number: int, cells: Sequence[str]) -> dict[str, str]:
    """Return item → text of a row, without what nobody can see and no longer than can be kept."""
    said: dict[str, str] = {}
    mapping = wrong.found.mapping
    for item, cell in zip(mapping, cells, strict=False):
        if item:
            text = " ".join(_CONTROL.sub("", cell).split())
            if _CONTROL.search(cell):
                wrong.tell(number, item, text, "control", "corrected")
            said[item] = text
    if any(cell.strip() for cell in cells[len(mapping) :]):
        over = "｜".join(cells[len(mapping) :])
        wrong.tell(number, "", over, "more_cells", "kept")
    _joined(said, "name", "family", "given")
    _joined(said, "kana", "kana_family", "kana_given")
    said["address"] = said.get("city", "") + said.get("town", "") + said.get("address", "")
    for item, most in MOST.items():
        if len(said.setdefault(item, "")) > most:
            wrong.tell(number, item, said[item], "too_long", "corrected")
            said[item] = said[item][:most]
    for item in _WHO:
        if _PRIVATE.search(said[item]):
            wrong.tell(number, item, said[item], "gaiji", "kept")
    return said


def _joined(said: dict[str, str], whole: str, first: str, second: str) -> None:
    """Put a name that stands in two columns together."""
    parts = [said.get(first, ""), said.get(second, "")]
    said[whole] = said.get(whole, "") or " ".join(one for one in parts if one)


def _only_numbered(mapping: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether nothing stands in a row but its printed number: a line of the form that stayed empty."""
    taken = [cell for item, cell in zip(mapping, cells, strict=False) if item and cell.strip()]
    rest = [one.strip() for one in cells if one.strip()]
    return not taken and len(rest) == 1 and rest[0].isdigit()


def _no_person(wrong: _Wrong, number: int, cells: Sequence[str], said: Mapping[str, str]) -> bool:
    """Tell (and note) whether a row is no person: a total, the heading again, or without a name."""
    first = next((cell.strip() for cell in cells if cell.strip()), "")
    if _TOTAL.match(unicodedata.normalize("NFKC", first)) and not said["kana"]:
        wrong.tell(number, "name", first, "total_row", "left_out")
        return True
    again = [one for one in map(str.strip, cells) if one and meaning(one)]
    if len(again) >= 2 and meaning(said["name"]) in {"name", "family", "given"}:
        wrong.tell(number, "name", said["name"], "heading_again", "left_out")
        return True
    if not said["name"] and not said["kana"]:
        wrong.tell(number, "name", "｜".join(cells)[:200], "no_name", "left_out")
        return True
    return False


def _fill(found: Reading, wrong: _Wrong) -> None:
    """Tell which lines are one card, and fill in what each leaves to the line above."""
    card, number = "", 0
    for line in found.lines:
        refers = any(_refers(line.said[item]) for item in ("name", "kana", "address"))
        if line.said["group"] and not is_ditto(line.said["group"]):
            card = line.said["group"]
        elif not (is_ditto(line.said["group"]) or (refers and card)):
            number += 1
            card = f"〃{number}"
        line.group = card
    placed = [_placed(wrong, line) for line in found.lines]
    columns = {item: [one[item] for one in placed] for item in _FILLED}
    columns["group"] = [line.group for line in found.lines]
    whole = filled(columns, len(found.lines), Known())
    for at, line in enumerate(found.lines):
        values = {item: whole[item][at].strip() for item in _FILLED}
        if is_ditto(values["name"]) or (not values["name"] and not values["kana"]):
            wrong.tell(line.row, "name", line.said["name"], "no_name_above", "left_out")
            continue
        line.facts = values


def _placed(wrong: _Wrong, line: Line) -> dict[str, str]:
    """Return what a line says, with what stands in the neighbouring cell put back and told."""
    said = {item: line.said[item].strip() for item in _FILLED}
    placed = in_place(said)
    for item in _FILLED:
        if placed[item] and placed[item] != said[item]:
            wrong.tell(line.row, item, said[item], "next_cell", "corrected", placed[item])
    return placed


def _refers(text: str) -> bool:
    return is_ditto(text) or text[:1] in {"〃", "仝"} or text.startswith("同上")


def _read_facts(wrong: _Wrong, line: Line, as_of: date) -> None:
    """Turn the texts of a line into what can be compared; what cannot be read stays as written."""
    facts = line.facts
    if not facts:
        return
    facts["kana"] = _kana(wrong, line, facts["kana"])
    wrong.read_condition(line)
    facts["sex"] = _sex(wrong, line, facts["sex"])
    facts["age"] = _age(wrong, line, facts["age"])
    facts["birth_date"] = _birth(wrong, line, facts["birth_date"], as_of)
    born, age = facts["birth_date"], facts["age"]
    if born and age and abs(as_of.year - int(born[:4]) - int(age)) > 2:
        wrong.tell(line.row, "age", line.said["age"], "birth_and_age", "kept", f"{born} / {age}")


def _kana(wrong: _Wrong, line: Line, text: str) -> str:
    """Return a reading in katakana; what has digits and no kana is none (a date, a telephone number).

    Unless it is all that names the person.
    """
    told = kana.katakana(text) if text else ""
    if any(one.isdecimal() for one in told) and not any("ァ" <= one <= "ヺ" for one in told):
        wrong.tell(line.row, "kana", text, "bad_kana", "kept")
        return "" if line.facts["name"] else told
    return told


def _sex(wrong: _Wrong, line: Line, text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).lower().strip("()[]○ ")
    if plain not in _SEX and plain not in _NO_SEX:
        wrong.tell(line.row, "sex", text, "bad_sex", "kept")
    return _SEX.get(plain, "")


def _age(wrong: _Wrong, line: Line, text: str) -> str:
    """Return an age in years as text; an infant's months are 0 years."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        return ""
    if _MONTHS.match(plain):
        return "0"
    match = _AGE.match(plain)
    if match is None or int(match[1]) > 125:
        wrong.tell(line.row, "age", text, "bad_age", "kept")
        return ""
    return str(int(match[1]))


def _birth(wrong: _Wrong, line: Line, text: str, as_of: date) -> str:
    """Return a birth date as ISO text as far as it is known (2001-02-03, 2001-02, 2001)."""
    if not text.strip():
        return ""
    try:
        read_as = wareki.parse(text)
    except SonaeError:
        wrong.tell(line.row, "birth_date", text, "bad_date", "kept")
        return ""
    if read_as.earliest is None or read_as.latest is None:
        return ""
    if read_as.earliest > as_of:
        wrong.tell(line.row, "birth_date", text, "future_date", "kept")
        return ""
    first, last = str(read_as.earliest), str(read_as.latest)
    for most in (10, 7, 4):
        if first[:most] == last[:most]:
            return first[:most]
    return ""
