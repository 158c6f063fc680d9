"""似た氏名の住民: people whose name is one sign off what was typed, kept in memory per register version.

Shielded people are in no index: neither what is found nor how long it takes can tell of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sonae.core import romaji
from sonae.core.kana import is_kana, sign_key
from sonae.domains.municipalities.interface import Municipality
from sonae.domains.residents.models import Resident
from sonae.domains.residents.rules import name_key
from sonae.engines.matching.nearby import Nearby
from sonae.platform.scope import current_municipality

MOST_CANDIDATES: Final = 500


@dataclass(frozen=True)
class _Register:
    """The names of one register version."""

    version: str
    kana: Nearby
    names: Nearby


_held: dict[str, _Register] = {}


def _register() -> _Register:
    """Return the names of the register in force, read again when it has changed."""
    code = current_municipality()
    version = Municipality.objects.values_list("register_version", flat=True).get(pk=code)
    held = _held.get(code)
    if held is None or held.version != version:
        rows = list(Resident.objects.filter(shielded=False).values_list("pk", "name", "kana"))
        held = _Register(
            version,
            Nearby(_halves(((pk, kana) for pk, _, kana in rows), sign_key)),
            Nearby(_halves(((pk, name) for pk, name, _ in rows), name_key)),
        )
        if version:  # nothing was ever loaded: there is no telling when that changes
            _held[code] = held
    return held


def _halves(
    rows: Iterable[tuple[int, str]], form: Callable[[str], str]
) -> Iterator[tuple[str, str, int]]:
    """Yield family name, given name and person; each different half is brought to its form once."""
    forms: dict[str, str] = {}
    for pk, name in rows:
        family, _, given = " ".join(name.split()).partition(" ")
        for half in (family, given):
            if half not in forms:
                forms[half] = form(half)
        yield forms[family], forms[given], pk


def similar(words: str) -> list[int]:
    """Return residents whose name is near the words of a name, the nearest first (`Nearby`).

    Kana and Latin letters are compared with the reading, all else with the written name.
    """
    by_ear = is_kana(words) or romaji.is_roman(words)
    form = sign_key if by_ear else name_key
    said = words if is_kana(words) or not by_ear else spoken(words)
    parts = tuple(form(part) for part in said.split())
    held = _register()
    found = (held.kana if by_ear else held.names).find("".join(parts), parts)
    return sorted(found, key=lambda pk: (found[pk], pk))[:MOST_CANDIDATES]


def spoken(words: str) -> str:
    """Return a name in Latin letters in kana, word by word."""
    return " ".join(romaji.from_roman(word) for word in words.replace(",", " ").split())
