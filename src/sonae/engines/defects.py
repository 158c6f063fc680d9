"""Defects of files that people send: one form for every importer, so that one report reads like the next."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Problem:
    """A kind of defect: its name and what to do. ``grave`` ones can lead people, or a person, astray."""

    name: str
    advice: str
    grave: bool = False


def _(text: str) -> str:
    """Mark a sentence for the catalogues; engines speak Japanese, screens translate."""
    return text


ACTIONS: Final = {
    "kept": _("そのまま"),
    "corrected": _("読み替えた"),
    "left_out": _("使わなかった"),
}
"""What was done with a value, in words."""


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect: ``row`` as a spreadsheet counts (0 = the whole file), ``column`` as headed, the value.

    ``problem`` is the code of what is wrong, ``action`` of `ACTIONS` what was done about it, ``detail``
    what it was read as.
    """

    row: int
    column: str
    value: str
    problem: str
    action: str = "kept"
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the defect as it is stored and written to a report."""
        return asdict(self)
