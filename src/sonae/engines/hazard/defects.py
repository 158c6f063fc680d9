"""What is wrong with hazard data: one line per distinct fault, with what was done about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonae.engines.hazard.layer import UNREADABLE


@dataclass(frozen=True)
class Defect:
    """One fault: ``row`` the first feature concerned (from 1; None = the whole file), ``count`` how many.

    ``action``: ``unknown`` (the place answers "unknown"), ``left_out``, ``corrected`` or ``kept``.
    """

    problem: str
    action: str
    value: str = ""
    column: str = ""
    row: int | None = None
    count: int = 1
    input: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the line of a defect report."""
        return dict(self.__dict__)


def unreadable_values(
    values: Iterable[object], ranks: NDArray[np.uint8], column: str, file: str
) -> tuple[Defect, ...]:
    """Return one defect per distinct value that could not be read as a rank."""
    found: dict[str, list[int]] = {}
    listed = list(values)
    for row in np.flatnonzero(ranks == UNREADABLE).tolist():
        text = "" if listed[row] is None else str(listed[row])
        found.setdefault(text[:80], []).append(row + 1)
    return tuple(
        Defect("unreadable_value", "unknown", text, column, rows[0], len(rows), file)
        for text, rows in found.items()
    )


def counted(problem: str, action: str, rows: Sequence[int], file: str) -> tuple[Defect, ...]:
    """Return the defect of some features (rows from 1), or nothing."""
    return (
        (Defect(problem, action, row=int(rows[0]), count=len(rows), input=file),)
        if len(rows)
        else ()
    )
