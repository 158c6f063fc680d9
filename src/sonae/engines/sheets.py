"""Tables as files hold them, before anybody knows what they are about: text of any separator, workbooks.

Lines are numbered from 1 as a spreadsheet does; lines in which nothing stands are left out.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

from sonae.core.errors import SonaeError
from sonae.engines import tables

Line = tuple[int, list[str]]
BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError, EOFError,
    SyntaxError, IndexError, TypeError, AttributeError, NotImplementedError,
)  # fmt: skip
"""What the reader of workbooks raises for damaged ones: it checks nothing first."""
SEPARATORS: Final = ",\t;"
SNIFFED: Final = 15
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_MOST_BYTES: Final = 1024 * 1024 * 1024
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_MERGED: Final = re.compile(rb'<mergeCell ref="([A-Z]+[0-9]+:[A-Z]+[0-9]+)"')


@dataclass
class Lines:
    """The lines of one table, to be walked once.

    ``encoding``: as read. ``merged``: ranges of merged cells (``A3:A5``), of which only the first cell
    has the value. ``others``: further sheets of the workbook, which are not read.
    """

    rows: Iterator[Line]
    encoding: str = ""
    merged: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def lines_of(raw: bytes, name: str) -> Lines:
    """Open a table as it was sent. SonaeError ``empty_file``, ``unreadable`` or ``encoding``."""
    if not raw.strip(b"\x00\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise SonaeError("empty_file", f"{name}は空です。前のデータを使い続けてください。")
    if raw.startswith(_OLD_EXCEL):
        raise SonaeError(
            "unreadable",
            f"{name}は古いExcelの形（.xls）か、パスワードの付いた表です。",
            "パスワードを外し、xlsxかCSVで保存し直してください。",
        )
    if raw.startswith(b"PK\x03\x04"):
        return _workbook(raw, name)
    text, encoding = tables.decoded(raw, name)
    return Lines(_csv(text, name), encoding)


def _csv(text: str, name: str) -> Iterator[Line]:
    """Yield the lines of a table as text, the separator by what stands most often in the first."""
    text = text.removeprefix("\ufeff")
    first = text[:10_000].split("\n")[:SNIFFED]
    separator = max(SEPARATORS, key=lambda one: max(line.count(one) for line in first))
    # Not StringIO: it would hold the text a second time, with four bytes for every letter.
    reader = csv.reader(_lines(text), delimiter=separator)
    with tables.reading_csv(name):
        yield from _filled((reader.line_num, line) for line in reader)


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text with their ends, whatever ends them."""
    return (found[0] for found in _LINE.finditer(text))


def _filled(lines: Iterable[Line]) -> Iterator[Line]:
    return ((number, line) for number, line in lines if any(cell.strip() for cell in line))


def _workbook(raw: bytes, name: str) -> Lines:
    """Open the first sheet of a workbook in which something stands."""
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            if sum(one.file_size for one in packed.infolist()) > _MOST_BYTES:
                raise SonaeError("too_large", f"{name}は大きすぎます。CSVで保存してください。")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        for at, sheet in enumerate(book.worksheets):
            rows = _cells(sheet, name)
            if first := list(islice(rows, 1)):
                others = [str(one.title) for one in book.worksheets[at + 1 :]]
                return Lines(_from(first, rows), "xlsx", _merged(raw, sheet), others)
    except BROKEN as error:
        raise SonaeError("unreadable", f"{name}をExcelの表として読めません。") from error
    raise SonaeError("empty_file", f"{name}は空です。前のデータを使い続けてください。")


def _merged(raw: bytes, sheet: Any) -> list[str]:
    """Return the merged ranges of the sheet that is read, whichever part of the archive that is."""
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        # A sheet opened for reading alone keeps no list of them.
        return [one.decode() for one in _MERGED.findall(packed.read(sheet._worksheet_path))]


def _from(first: list[Line], rest: Iterator[Line]) -> Iterator[Line]:
    yield from first
    yield from rest


def _cells(sheet: Any, name: str) -> Iterator[Line]:
    """Yield the lines of one sheet as texts."""
    try:
        rows = enumerate(sheet.iter_rows(values_only=True), start=1)
        yield from _filled((number, [cell(one) for one in row]) for number, row in rows)
    except BROKEN as error:
        raise SonaeError("unreadable", f"{name}をExcelの表として読めません。") from error


def cell(value: Any) -> str:
    """Return a workbook's cell as text, as it would stand in a CSV of the same table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)
