"""What a volunteer types from the paper or from a photograph of it, late, one sheet after another."""

from __future__ import annotations

import random
from dataclasses import dataclass

from .hand import Form, Line
from .people import City, Person
from .signs import by_sound, misread

_DITTO = ("同上", "〃", "同じ", "同　上")
# How often a sign with a look-alike is taken for it at the worst hand and the worst typist.
_MISREAD = {
    "name": 0.06,
    "kana": 0.05,
    "birth_date": 0.035,
    "age": 0.03,
    "address": 0.035,
    "phone": 0.03,
}


@dataclass(frozen=True)
class Typist:
    """Who types: how well (0 to 1), from a photograph, whether signs like 〃 are written out."""

    skill: float
    photo: bool
    writes_out: bool


@dataclass(frozen=True)
class Typed:
    """A line of the file: cells, the group that the typist gave it, whose line it is."""

    cells: dict[str, str]
    group: str
    person: Person


def typist(rng: random.Random, hard: bool) -> Typist:
    """Return somebody at the keyboard."""
    skill = rng.betavariate(5, 3) if hard else rng.betavariate(8, 2)
    return Typist(skill, rng.random() < (0.6 if hard else 0.35), rng.random() < 0.45)


def type_sheet(
    rng: random.Random,
    city: City,
    who: Typist,
    paper: Form,
    lines: list[tuple[str, Line]],
    tired: float,
) -> list[Typed]:
    """Return one sheet as typed. ``lines`` with the group each is written in; ``tired``: 0 to 1."""
    slip = (1 - who.skill) * (0.6 + 0.8 * tired)
    out: list[Typed] = []
    above: dict[str, str] = {}
    for group, line in lines:
        if rng.random() < 0.012 * slip:
            continue  # a row jumped over: nobody will ever know of this one
        cells = _read(rng, city, who, slip, line)
        for key in ("address", "phone"):
            if cells[key] in _DITTO and who.writes_out:
                cells[key] = above.get(key, "")  # of the row above in the file, whoever that is
        if rng.random() < 0.02 * slip and above:
            key = rng.choice(("sex", "address", "birth_date", "kana"))
            cells[key] = above[key]  # filled down, or the last record copied and not changed
        if rng.random() < 0.02 * slip:
            cells = _shifted(rng, cells)
        if rng.random() < 0.02 * slip and out:
            group = out[-1].group
        typed = Typed(cells, group, line.person)
        out.append(typed)
        if rng.random() < 0.01 * slip:
            out.append(typed)
        above = cells
    return _slid(rng, out, paper) if rng.random() < 0.05 * slip else out


def _read(rng: random.Random, city: City, who: Typist, slip: float, line: Line) -> dict[str, str]:
    """Return the cells as the typist reads and types them."""
    hand = slip * (1.5 if who.photo else 1.0)
    cells = dict(line.cells)
    for key, share in _MISREAD.items():
        cells[key] = misread(rng, cells[key], share * hand, 0.004 * hand if key == "name" else 0.0)
    cells["name"] = _converted(rng, city, slip, cells, line.person)
    cells["birth_date"] = _era(rng, slip, cells["birth_date"])
    if rng.random() < 0.05 * slip and len(cells["name"]) > 3:
        at = rng.randrange(2, len(cells["name"]))
        cells["name"] = f"{cells['name'][:at]}\n{cells['name'][at:]}"
    if rng.random() < 0.03 * slip and cells["age"]:
        cells["age"] = ""
    if rng.random() < 0.15:
        cells["age"] = cells["age"].translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    return cells


def _converted(
    rng: random.Random, city: City, slip: float, cells: dict[str, str], person: Person
) -> str:
    """Return the name as the conversion program left it: said the same, written otherwise."""
    name = cells["name"]
    if rng.random() < 0.3 * slip and cells["kana"] and not cells["kana"].isascii():
        # The signs are too bad to read: the reading beside them is typed.
        return cells["kana"]
    for forms, said, own in (
        (city.surnames, person.surname_kana, person.surname),
        (city.givens, person.given_kana, person.given),
    ):
        if own in name and rng.random() < 0.25 * slip:
            others = {k: n for k, n in forms.get(said, {}).items() if k != own}
            if others and rng.random() < 0.6:
                name = name.replace(own, rng.choices(list(others), list(others.values()))[0], 1)
            else:
                name = name.replace(own, by_sound(rng, own), 1)
    return name


def _era(rng: random.Random, slip: float, text: str) -> str:
    """Return a date whose era was circled by a doubtful line, or left for the typist to guess."""
    if text and rng.random() < 0.02 * slip:
        for old, new in (("昭和", "平成"), ("平成", "昭和"), ("S", "H"), ("H", "S"), ("大正", "昭和"), ("T", "S")):  # fmt: skip
            if text.startswith(old):
                return text.replace(old, new, 1)
    if text[:1].isdigit() and not text.startswith(("19", "20")) and rng.random() < 0.5:
        return "S" + text
    return text


def _shifted(rng: random.Random, cells: dict[str, str]) -> dict[str, str]:
    """Return a row of which one part went into the next cell."""
    first, second = rng.choice(
        (("name", "kana"), ("birth_date", "age"), ("sex", "birth_date"), ("address", "phone"))
    )
    return {**cells, first: "", second: cells[first]} if rng.random() < 0.7 else {
        **cells, first: cells[second], second: cells[first],
    }  # fmt: skip


def _slid(rng: random.Random, sheet: list[Typed], paper: Form) -> list[Typed]:
    """Return a sheet of which one column stands one row too low from some row on."""
    column = "age" if paper.born == "age" else "birth_date"
    start = rng.randrange(len(sheet)) if sheet else 0
    values = [one.cells[column] for one in sheet]
    out = []
    for n, one in enumerate(sheet):
        value = values[n] if n < start else values[n - 1] if n > start else ""
        out.append(Typed({**one.cells, column: value}, one.group, one.person))
    return out
