"""Tables as files that offices open: CSV as Excel reads it, and XLSX; text stays text, no letter is lost."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Final

from django.http import HttpResponse
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError

KINDS: Final = ("csv", "xlsx")
MOST_XLSX: Final = 20_000
"""A workbook is written cell by cell: beyond so many rows the CSV is the file to take."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_GAIJI: Final = re.compile(r"[\ue000-\uf8ff\U000f0000-\U0010ffff〓]")
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LIKE_FORMULAS: Final = frozenset("=+-@\t\r")


def harmless(text: str) -> str:
    """Return a cell that a spreadsheet shows and never computes."""
    return f"'{text}" if text[:1] in _LIKE_FORMULAS else text


def as_file(
    kind: str, name: str, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> HttpResponse:
    """Return a table as a file to keep: a title line, the headings, the rows.

    ``kind`` of `KINDS`, ``name`` without ending. Rows with letters that only the city's own font
    has (外字) are counted in the title line: elsewhere they show as blanks.
    """
    listed = [[_clean(cell) for cell in row] for row in rows]
    strange = sum(any(isinstance(c, str) and _GAIJI.search(c) for c in row) for row in listed)
    if strange:
        title += _("　外字・〓のある行：%(count)d") % {"count": strange}
    if kind == "xlsx" and len(listed) > MOST_XLSX:
        raise SonaeError(
            "too_large",
            _("行が多すぎて、Excelのファイルにできません。"),
            _("CSVで保存するか、町などで絞り込んでください。"),
        )
    body = _workbook(title, columns, listed) if kind == "xlsx" else _csv(title, columns, listed)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    held = _XLSX if kind == "xlsx" else "text/csv; charset=utf-8"
    return HttpResponse(body, content_type=held, headers=headers)


def _clean(cell: object) -> object:
    """Return a cell without what no file of this kind can hold."""
    if cell is None:
        return ""
    return _CONTROL.sub("", cell) if isinstance(cell, str) else cell


def _csv(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return UTF-8 with a byte order mark, as Excel opens it."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow([title])
    table.writerow(columns)
    table.writerows([harmless(c) if isinstance(c, str) else c for c in row] for row in rows)
    return ("\ufeff" + out.getvalue()).encode("utf-8")


def _workbook(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a workbook whose texts are texts: a cell of type string is never computed."""
    import openpyxl
    from openpyxl.cell import WriteOnlyCell

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(_("一覧"))
    sheet.freeze_panes = "A3"

    def cell(value: object) -> object:
        if not isinstance(value, str):
            return value
        made = WriteOnlyCell(sheet, value=value)
        made.data_type = "s"
        return made

    sheet.append([cell(title)])
    sheet.append([cell(name) for name in columns])
    for row in rows:
        sheet.append([cell(value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
