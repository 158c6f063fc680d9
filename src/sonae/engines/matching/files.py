"""REG.csv and ROSTER.csv as columns; a row that cannot be used is refused by number, never guessed."""

from __future__ import annotations

from collections.abc import Callable

from sonae.core.errors import SonaeError
from sonae.engines import tables

Refuse = Callable[[SonaeError, int, str], None]


def read(
    name: str, identifier: str, wanted: tuple[str, ...], refuse: Refuse
) -> dict[str, list[str]]:
    """Read a CSV as columns. ``refuse`` is told of each row left out, with its line and column.

    Left out: rows without an identifier, and those whose identifier an earlier row has. SonaeError
    ``empty_file``, ``missing_columns``, ``encoding`` or ``unreadable`` for a file that is no such table.
    """
    needed = (identifier, "name") if identifier == "line_id" else (identifier, "name", "birth_date")
    columns: dict[str, list[str]] = {column: [] for column in wanted}
    seen: set[str] = set()
    for line, row in tables.rows(name, needed):
        key = row.get(identifier, "")
        if not key or key in seen:
            refuse(_wrong(identifier, key), line, identifier)
            continue
        seen.add(key)
        for column, values in columns.items():
            values.append(row.get(column, ""))
    return columns


def _wrong(identifier: str, key: str) -> SonaeError:
    if not key:
        return SonaeError("missing_id", f"{identifier} が空の行です。読み飛ばしました。")
    return SonaeError("duplicate", f"{identifier} {key} は前の行にもあります。前の行を使いました。")
