"""What every command prints: rows to standard output, refusals to standard error.

The contract of the command line: ``jsonl`` (the default when the output is not a terminal),
``table`` (on a terminal) or ``csv``; one refusal is one JSON line ``{"input","error","detail"}``
on standard error and never stops the rest; exit status 1 when anything was refused, else 0.
"""

from __future__ import annotations

import csv
import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TextIO

from sonae.core.errors import SonaeError

FORMATS: Final = ("jsonl", "table", "csv")
Row = Mapping[str, Any]
_CELL_WIDTH: Final = 48


class Rows:
    """Prints rows as they come; ``table`` waits for the last, to know how wide the columns are.

    ``with Rows("csv") as rows: rows.add({...}); rows.refuse(error, "a.xml")`` and then
    ``sys.exit(rows.status)``.
    """

    def __init__(
        self, fmt: str | None = None, out: TextIO | None = None, err: TextIO | None = None
    ) -> None:
        """``fmt`` one of ``FORMATS``; None chooses by whether ``out`` is a terminal."""
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self.format = fmt or ("table" if self._out.isatty() else "jsonl")
        if self.format not in FORMATS:
            raise SonaeError("bad_format", f"--format {fmt}", " / ".join(FORMATS))
        self._held: list[Row] = []
        self._columns: list[str] = []
        self.added = 0
        self.refused = 0

    def __enter__(self) -> Rows:
        """Begin."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Print what was held back, also when the work was interrupted."""
        self.close()

    @property
    def status(self) -> int:
        """The exit status: 1 when anything was refused."""
        return 1 if self.refused else 0

    def add(self, row: Row) -> None:
        """Print one result."""
        self.added += 1
        if self.format == "jsonl":
            self._out.write(_json(row) + "\n")
        elif self.format == "csv":
            self._write_csv(row)
        else:
            self._held.append(row)

    def extend(self, rows: Iterable[Row]) -> None:
        """Print several results."""
        for row in rows:
            self.add(row)

    def add_json(self, lines: Sequence[str]) -> None:
        """Print results that are JSON already, for millions of small ones; ``jsonl`` only."""
        self.added += len(lines)
        self._out.write("".join(f"{line}\n" for line in lines))

    def refuse(self, error: SonaeError, source: str = "", **more: Any) -> None:
        """Report one bad input; ``more`` adds fields such as ``row`` or ``column``."""
        self.refused += 1
        self._err.write(_json({**error.record(source), **more}) + "\n")

    def close(self) -> None:
        """Print a table that was held back and push everything out."""
        if self._held:
            _write_table(self._held, self._out)
            self._held = []
        self._out.flush()

    def _write_csv(self, row: Row) -> None:
        writer = csv.writer(self._out, lineterminator="\n")
        if not self._columns:
            self._columns = list(row)
            writer.writerow(self._columns)
        if extra := row.keys() - set(self._columns):
            raise ValueError(f"columns that the first row lacked would be lost: {sorted(extra)}")
        writer.writerow([_cell(row.get(column)) for column in self._columns])


def _json(row: Any) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=str)


def _cell(value: Any) -> str:
    """One value as text: nothing for None, JSON for what is itself a structure."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = _json(value) if isinstance(value, (dict, list, tuple)) else str(value)
    # The csv module leaves a lone carriage return unquoted, which breaks the row in two.
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _width(text: str) -> int:
    """Columns on a terminal: two for a full-width character."""
    return sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in text)


def _clip(text: str) -> str:
    text = " ".join(text.split())
    while _width(text) > _CELL_WIDTH:
        text = text[: -max(1, (_width(text) - _CELL_WIDTH) // 2) - 1] + "…"
    return text


def _write_table(rows: list[Row], out: TextIO) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    cells = [[_clip(_cell(row.get(column))) for column in columns] for row in rows]
    widths = [max(map(_width, column)) for column in zip(columns, *cells, strict=True)]
    for line in ([columns], [["-" * width for width in widths]], cells):
        for row in line:
            padded = (c + " " * (w - _width(c)) for c, w in zip(row, widths, strict=True))
            out.write("  ".join(padded).rstrip() + "\n")
