"""Generators of rosters with errors, each from its own idea of how rosters come to be.

A generator is a module with ``write(register, lines, seed, hard) -> Written``. They are written
independently: whoever writes one has not looked at another, so that what one author did not foresee
the other may.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

Columns = Mapping[str, Sequence[str]]
FIELDS = ("line_id", "name", "kana", "sex", "birth_date", "age", "address", "phone", "group")


@dataclass(frozen=True)
class Written:
    """A roster as columns, and who each line really is: a resident id, or nothing for an outsider.

    Who is written twice has the same ``truth`` twice; an outsider has a name of his own in
    ``person``, so that second registrations of outsiders can be judged too.
    """

    columns: dict[str, list[str]]
    truth: list[str]
    person: list[str]


def names() -> list[str]:
    """Return the generators there are."""
    found = pkgutil.iter_modules(__path__)
    return sorted(one.name for one in found if one.name not in ("register",))


def write(name: str, register: Columns, lines: int, seed: int, hard: bool) -> Written:
    """Write a roster by the generator of a name."""
    module = importlib.import_module(f"{__name__}.{name}")
    return cast("Written", module.write(register, lines, seed, hard))
