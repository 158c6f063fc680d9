"""Who is looked at for a line: whoever shares a key with it, the rarest shared keys first.

Comparing everybody with everybody is impossible, and who is never compared is never found: the
share of true pairs among the candidates is the ceiling of everything that follows, so the benchmark
prints it. A key is one or several values together, or a name with one character left out, which
meets every name that differs by one character. A key that very many people share says nothing and
is left out; of the rest each is worth log2(people ÷ people with this key). The best
``limit`` residents of a line are its candidates; the households of very good ones are candidates of
everybody on the same card.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from sonae.engines.matching.backends import Backend

MOST_PEOPLE: Final = 500
"""A key of more residents than this is left out."""
LIMIT: Final = 40
"""Candidates of one line, before those that the card adds."""
_SURE_HITS: Final = 3
_LINES_AT_ONCE: Final = 25_000
_NEIGHBOUR_YEARS: Final = (-1, 0, 1)


@dataclass(frozen=True)
class Rule:
    """One kind of key: SQL of its parts on either side, and of the rows it is for."""

    tag: str
    parts: tuple[str, ...]
    roster: tuple[tuple[str, ...], ...] = ()
    least: int = 0
    """For names with a character left out: the shortest name it is used for."""


def _with_years(tag: str, *parts: str) -> Rule:
    """A key with the birth year; the line's may be one year off."""
    years = (f"cast(cast(birth_year as int) + {n} as string)" for n in _NEIGHBOUR_YEARS)
    return Rule(tag, (*parts, "birth_year"), tuple((*parts, year) for year in years))


RULES: Final = (
    Rule("whole", ("whole",), (("whole",), ("concat(given, surname)",))),
    Rule("whole_kana", ("whole_kana",)),
    Rule("whole_loose", ("whole_loose",), (("whole_loose",), ("concat(given_loose, surname_loose)",))),
    Rule("near_loose", ("whole_loose",), least=4),
    Rule("near_whole", ("whole",), least=3),
    Rule("birth", ("birth",)),
    Rule("era_day", ("era_year", "day")),
    Rule("phone", ("phone",)),
    Rule("lot", ("lot",)),
    _with_years("given_year", "given"),
    _with_years("given_loose_year", "given_said"),
    _with_years("surname_year", "surname"),
    _with_years("surname_loose_year", "surname_said"),
    _with_years("area_year", "area"),
    Rule("given_area", ("given", "area")),
    Rule("given_loose_area", ("given_said", "area")),
    Rule("surname_area", ("surname", "area")),
    Rule("surname_loose_area", ("surname_said", "area")),
    Rule("surname_day", ("surname_said", "day")),
    Rule("given_loose_day", ("given_said", "day")),
    Rule("given_day", ("given", "day")),
    Rule("surname_first", ("surname", "substr(given, 1, 1)")),
    Rule("surname_last", ("surname", "substr(given, length(given), 1)", "length(given)")),
    Rule("loose_first", ("surname_said", "substr(given_said, 1, 2)")),
)  # fmt: skip


def _select(rule: Rule, parts: tuple[str, ...], table: str, backend: Backend) -> str:
    """Return SQL of (row, key) of one rule on one side."""
    if rule.least:
        column = parts[0]
        shorter = f"SELECT row, {backend.shorter(column)} AS part FROM {table} WHERE length({column}) >= {rule.least}"
        return f"SELECT row, {backend.key(rule.tag, ('part',))} AS k FROM ({shorter}) AS s"
    known = " AND ".join(f"{part} IS NOT NULL" for part in parts)
    return f"SELECT row, {backend.key(rule.tag, parts)} AS k FROM {table} WHERE {known}"


def _union(selects: list[str]) -> str:
    return "\nUNION ALL\n".join(selects)


def find(backend: Backend, people: int, lines: int, limit: int = LIMIT) -> None:
    """Make the table ``candidates`` (line, resident, score) from ``register`` and ``roster``.

    The tables need what `columns` prepares, and ``household`` and ``card`` as whole numbers.
    """
    of_lines = [
        _select(rule, parts, "roster", backend)
        for rule in RULES
        for parts in rule.roster or (rule.parts,)
    ]
    backend.make("line_keys", f"SELECT DISTINCT row AS line, k FROM ({_union(of_lines)}) AS u")
    of_people = [_select(rule, rule.parts, "register", backend) for rule in RULES]
    backend.make(
        "hits",
        f"SELECT row AS resident, k FROM ({_union(of_people)}) AS u "
        "WHERE k IN (SELECT k FROM line_keys)",
    )
    backend.make(
        "weights",
        f"SELECT k, log2({people} / cast(count(*) AS double)) AS weight FROM hits "
        f"GROUP BY k HAVING count(*) <= {MOST_PEOPLE}",
    )
    parts = [f"ranked_{n}" for n in range(-(-lines // _LINES_AT_ONCE))]
    for n, part in enumerate(parts):
        backend.make(part, _best(n * _LINES_AT_ONCE, limit))
    backend.make("ranked", _union([f"SELECT * FROM {part}" for part in parts]))
    backend.drop("hits", "weights", "line_keys", *parts)
    backend.make("candidates", _with_households(people))
    backend.drop("ranked")


def _best(start: int, limit: int) -> str:
    """Return SQL of the best candidates of a share of the lines: all at once would need their product."""
    # Rounded, so that the order of adding cannot decide who is the fortieth.
    shared = (
        "SELECT line, resident, round(sum(weight), 4) AS score FROM line_keys "
        "JOIN weights USING (k) JOIN hits USING (k) "
        f"WHERE line >= {start} AND line < {start + _LINES_AT_ONCE} GROUP BY line, resident"
    )
    return (
        "SELECT line, resident, score, place FROM (SELECT line, resident, score, row_number() "
        f"OVER (PARTITION BY line ORDER BY score DESC, resident) AS place FROM ({shared}) AS s) AS r "
        f"WHERE place <= {limit}"
    )


def _with_households(people: int) -> str:
    """Return SQL of all candidates: those ranked, and the households of a card's good ones."""
    sure = math.log2(max(people, 2))
    return f"""
    SELECT line, resident FROM ranked
    UNION
    SELECT mate.row AS line, member.row AS resident
    FROM ranked
    JOIN roster AS written ON written.row = ranked.line
    JOIN roster AS mate ON mate.card = written.card
    JOIN register AS found ON found.row = ranked.resident
    JOIN register AS member ON member.household = found.household
    WHERE ranked.place <= {_SURE_HITS} AND ranked.score >= {sure}
    """
