"""Tables as files hold them: CSV in any encoding and with any separator, workbooks, heading and rows."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from sonae.core.errors import SonaeError
from sonae.engines import tables
from sonae.engines.sheets import BROKEN, SEPARATORS, cell
from sonae.engines.shelters.columns import HAZARD_ALIASES, meaning, meanings

Lines = Sequence[tuple[int, list[str]]]
_SEARCHED: Final = 15
"""Lines above the heading that may hold a title, a date or a note."""
_MOST_BYTES: Final = 400 * 1024 * 1024
MOST_ROWS: Final = 200_000
"""The whole country has 200,000 sites; a file with more is something else."""


@dataclass
class Sheet:
    """A table: ``headings`` and numbered rows below them, counted from 1 as a spreadsheet does.

    ``heading_row``: where the heading stands. ``above``: lines before it. ``others``: title → rows
    of the workbook's other sheets, which are not read.
    """

    headings: list[str]
    rows: list[tuple[int, list[str]]]
    heading_row: int = 1
    above: list[tuple[int, list[str]]] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)


def from_csv(text: str, name: str) -> Sheet:
    """Read a table as text. Raises SonaeError ``empty_file``, ``missing_columns`` or ``unreadable``."""
    text = text.removeprefix("\ufeff")
    first = text[:10_000].split("\n")[:_SEARCHED]
    separator = max(SEPARATORS, key=lambda one: max(line.count(one) for line in first))
    with tables.reading_csv(name):
        lines = list(enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator), 1))
    return _sheet(lines, name)


def from_xlsx(raw: bytes, name: str) -> Sheet:
    """Read the first sheet of a workbook that has a heading. Raises SonaeError like `from_csv`."""
    try:
        held = _workbook(raw)
    except BROKEN as error:
        raise SonaeError("unreadable", f"{name}をExcelの表として読めません。") from error
    chosen = next((title for title, lines in held.items() if _heading(lines) is not None), None)
    if chosen is None:
        return _sheet(next(iter(held.values()), []), name)
    sheet = _sheet(held.pop(chosen), name)
    sheet.others = {title: len(lines) for title, lines in held.items() if lines}
    return sheet


def _workbook(raw: bytes) -> dict[str, Lines]:
    """Return title → lines that are not blank, of all sheets."""
    import openpyxl

    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        if sum(one.file_size for one in packed.infolist()) > _MOST_BYTES:
            raise ValueError("the workbook unpacks to more than any table of facilities holds")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    found: dict[str, Lines] = {}
    for sheet in book.worksheets:
        lines = enumerate(sheet.iter_rows(values_only=True, max_row=MOST_ROWS + _SEARCHED), start=1)
        found[str(sheet.title)] = _filled(
            (number, [cell(one) for one in row]) for number, row in lines
        )
    return found


def _filled(lines: Iterable[tuple[int, list[str]]]) -> Lines:
    """Return the lines in which something stands."""
    return [(number, line) for number, line in lines if any(one.strip() for one in line)]


def _heading(lines: Lines) -> int | None:
    """Return where the heading stands: the first line that names the facility's name or position."""
    for at, (_, line) in enumerate(lines[:_SEARCHED]):
        found = set(meanings(line).values())
        if "name" in found and len(found) > 1:
            return at
    return None


def _sheet(lines: Lines, name: str) -> Sheet:
    """Tell heading and rows apart."""
    lines = _filled(lines)
    if not lines:
        raise SonaeError("empty_file", f"{name}は空です。前のデータを使い続けてください。")
    at = _heading(lines)
    if at is None:
        hint = "名称・緯度・経度・災害種別_… の見出しが要ります。"
        raise SonaeError("missing_columns", f"{name}に施設の名称の列がありません。", hint)
    if len(lines) > MOST_ROWS:
        raise SonaeError(
            "too_large", f"{name}は{MOST_ROWS:,}行より多く、避難所の一覧ではありません。"
        )
    headings, taken = _two_lines(lines, at)
    rows = [(number, line) for number, line in lines[at + taken :]]
    if not rows:
        raise SonaeError("empty_file", f"{name}に1件もありません。前のデータを使い続けてください。")
    return Sheet(headings, rows, lines[at][0], list(lines[:at]))


def _two_lines(lines: Lines, at: int) -> tuple[list[str], int]:
    """Return the heading and how many lines it takes: hazards often stand below a common title."""
    upper = lines[at][1]
    lower = lines[at + 1][1] if at + 1 < len(lines) else []
    hazards = [n for n, one in enumerate(lower) if meaning(one) in HAZARD_ALIASES]
    own = [n for n, one in enumerate(upper) if meaning(one) in HAZARD_ALIASES]
    place = next((n for n, key in meanings(upper).items() if key == "name"), 0)
    if len(hazards) < 2 or own or (place < len(lower) and lower[place].strip()):
        return upper, 1
    width = max(len(upper), len(lower))
    both = [
        (lower[n] if n < len(lower) and lower[n].strip() else upper[n] if n < len(upper) else "")
        for n in range(width)
    ]
    return both, 2
