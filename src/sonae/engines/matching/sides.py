"""The two sides of matching as they come: columns of text by the names of the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from sonae.core.errors import SonaeError

if TYPE_CHECKING:
    import pyarrow as pa

Columns = Mapping[str, Sequence[str]]
"""Column name of the contract → one text per person; a column that is missing is empty."""

REGISTER: Final = (
    "resident_id", "household_id", "name", "kana", "sex", "birth_date", "address", "phone",
)  # fmt: skip
ROSTER: Final = (
    "line_id", "name", "kana", "sex", "birth_date", "age", "address", "phone", "group",
)  # fmt: skip


def column(columns: Columns, name: str, count: int) -> pa.Array:
    """Return a column as text, empty where it is missing."""
    import pyarrow as pa

    values = columns.get(name)
    return pa.array([""] * count if values is None else list(values), pa.string())


def size(columns: Columns, identifier: str) -> int:
    """Return the number of rows; SonaeError when the id column is missing or a column is shorter."""
    if identifier not in columns:
        raise SonaeError(
            "missing_column", f"列 {identifier} がありません。", "見出しを確かめてください。"
        )
    count = len(columns[identifier])
    for name, values in columns.items():
        if len(values) != count:
            raise SonaeError("uneven_columns", f"列 {name} の行数が {identifier} と違います。")
    return count
