"""Rosters as paper forms make them: who comes, what the form asks, who writes, who types.

Nothing here draws an error for a line. Parties come to shelters; every shelter has a form of its own
(世帯カード, 名簿, 個人票, a notebook); somebody of some age and care writes on it, for oneself and for
others; sheets are full at some row; a volunteer of some skill types sheet after sheet, partly from
photographs. What a line looks like in the end follows from these, so errors come together: a bad
hand spoils the whole card, a form without dates the whole shelter, a tired typist the whole night.

``hard`` is the paper of the first days: notebooks and lists, little asked, others writing for you.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from rosters import FIELDS, Columns, Written

from . import hand, keys
from .people import City, Person, party

_PARTIES_PER_SHELTER = 90


def write(register: Columns, lines: int, seed: int, hard: bool) -> Written:
    """Return so many lines of rosters of people of this register and of others (see `Written`)."""
    rng = random.Random(f"forms {seed} {hard}")
    city = City(register)
    made: list[keys.Typed] = []
    elsewhere: list[list[Person]] = []
    number = 0
    while len(made) < lines:
        parties = [party(rng, city, hard) for _ in range(_PARTIES_PER_SHELTER)]
        parties += elsewhere
        # Who comes to a second shelter is written there by somebody else, on another form.
        elsewhere = [
            [one for one in some if rng.random() < 0.85] or some[:1]
            for some in parties
            if rng.random() < (0.06 if hard else 0.045)
        ]
        rng.shuffle(parties)
        made += _shelter(rng, city, number, parties, hard)
        number += 1
    return _columns(made[:lines])


def _shelter(
    rng: random.Random, city: City, number: int, parties: list[list[Person]], hard: bool
) -> Iterator[keys.Typed]:
    """Yield the lines of one shelter as they stand in the file."""
    paper = hand.form(rng, hard)
    written: list[tuple[str, hand.Line]] = []
    for n, some in enumerate(parties):
        for m, (group, line) in enumerate(_grouped(rng, city, paper, some, f"{number}-{n}", hard)):
            # A family that is cut by the end of a sheet goes on as another family.
            cut = paper.kind == "card" and m >= paper.rows
            written.append((f"{group}b" if cut and group else group, line))
    typing = keys.typist(rng, hard)
    rows = paper.rows * 4 if paper.kind == "card" else paper.rows
    sheets = [written[at : at + rows] for at in range(0, len(written), rows)]
    for n, sheet in enumerate(sheets):
        if rng.random() < 0.2:
            typing = keys.typist(rng, hard)
        yield from keys.type_sheet(rng, city, typing, paper, sheet, n / max(1, len(sheets)))


def _grouped(
    rng: random.Random, city: City, paper: hand.Form, some: list[Person], group: str, hard: bool
) -> Iterator[tuple[str, hand.Line]]:
    """Yield what a party writes, with what holds it together on this paper."""
    together = paper.kind == "card" or (paper.kind == "list" and paper.bracket)
    if paper.kind == "slip":
        for one in some:
            writer = hand.pen(rng, some[0] if one.age() < 15 else one, hard)
            yield from (("", line) for line in hand.sheet(rng, city, paper, writer, [one]))
        return
    writer = hand.pen(rng, some[0], hard)
    for line in hand.sheet(rng, city, paper, writer, some):
        yield (group if together else ""), line


def _columns(made: list[keys.Typed]) -> Written:
    columns: dict[str, list[str]] = {name: [] for name in FIELDS}
    for n, one in enumerate(made):
        values = {**one.cells, "line_id": f"F{n:06}", "group": one.group}
        for name in FIELDS:
            columns[name].append(values[name])
    return Written(columns, [m.person.key for m in made], [m.person.who for m in made])
