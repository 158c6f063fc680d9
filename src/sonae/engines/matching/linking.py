"""Roster → register: which line is which resident, how surely, and why.

Normalise (`columns`), read what the card leaves out (`cards`), find candidates (`blocking`),
compare (`levels`, on Splink), weigh (`model`), probabilities by line (`posterior`), the card's
other lines (`household`), bands. Nothing here decides anything about a person: band ``auto`` is a
proposal so sure that the city may let it become a link, which is an event that can be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import numpy.typing as npt

from sonae.core import clock
from sonae.engines.matching import backends, blocking, household, posterior, training, why
from sonae.engines.matching.backends import Backend
from sonae.engines.matching.characters import Characters
from sonae.engines.matching.columns import Prepared, prepare
from sonae.engines.matching.household import Cards, Settled
from sonae.engines.matching.levels import COMPARISONS
from sonae.engines.matching.model import Model, first
from sonae.engines.matching.pairs import Pairs, compare
from sonae.engines.matching.sides import Columns, column, size

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]
Band = Literal["auto", "review", "none"]
Progress = Callable[[float, str], None]
MOST_CANDIDATES: Final = 5
_ENOUGH_LINES: Final = 50
_WORTH_SHOWING: Final = 0.001


@dataclass(frozen=True, slots=True)
class Candidate:
    """A resident whom a line may be. ``weights``: bits by comparison, and ``card`` for what the
    card's other lines add; ``levels``: the degree of agreement by comparison.
    """

    resident_id: str
    probability: float
    why: list[str] = field(default_factory=list)
    levels: dict[str, str] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LineResult:
    """What is known of one line: ``resident_id`` is set only in band ``auto``; ``probability`` is
    that of the best candidate; ``group_used``: whether the card's other lines made a difference.
    """

    line_id: str
    resident_id: str | None
    probability: float
    band: Band
    candidates: list[Candidate]
    group_used: bool


@dataclass(frozen=True)
class Work:
    """Everything between the columns and the results; `learning` and the benchmarks read it too."""

    pairs: Pairs
    cards: Cards
    people: int
    lines: int
    model: Model


def _silent(share: float, words: str) -> None:
    """Tell nobody."""


def _put(backend: Backend, prepared: Prepared, cards: Cards) -> None:
    """Hand both sides to the backend, with household and card as numbers (null: none)."""
    import pyarrow as pa

    for name, table, key, values in (
        ("register", prepared.register, "household", cards.household),
        ("roster", prepared.roster, "card", cards.card),
    ):
        numbers = pa.array(values, mask=values < 0)
        backend.put(name, table.append_column(key, numbers))


def compared(
    register: Columns,
    roster: Columns,
    *,
    model: Model | None = None,
    progress: Progress | None = None,
    backend: str = "duckdb",
    as_of: date | None = None,
    characters: Characters | None = None,
) -> Work:
    """Find and compare the candidates of every line; learn the weights when no model is given."""
    tell = progress or _silent
    people = size(register, "resident_id")
    tell(0.0, "氏名・日付・住所をそろえています")
    prepared = prepare(register, roster, as_of or clock.today(), characters)
    homes = column(register, "household_id", people).to_pylist()
    cards = carded(prepared, household.numbered(homes, household.LARGEST_HOUSEHOLD))
    return worked(prepared, cards, model, tell, backend)


def carded(prepared: Prepared, homes: npt.NDArray[np.int64]) -> Cards:
    """Return who is written with whom, and what a card says once for all of its lines."""
    import pyarrow.compute as pc

    roster = prepared.roster
    card = household.numbered(roster["card_key"].to_pylist(), household.LARGEST_CARD)
    places = pc.coalesce(roster["lot"], roster["town"]).to_pylist()
    return Cards(
        card, homes,
        household.repeated(card, places, first=False),
        household.repeated(card, roster["phone"].to_pylist(), first=True),
        _far(prepared.register["city"], roster["city"]),
    )  # fmt: skip


def _far(own: pa.ChunkedArray, named: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Return the lines that name a city where nobody of the register lives."""
    import pyarrow.compute as pc

    known = pc.unique(own).drop_null()
    if not len(known):
        return np.zeros(len(named), bool)
    far = pc.and_(pc.is_valid(named), pc.invert(pc.is_in(named, known)))
    return np.asarray(far.to_numpy(zero_copy_only=False), bool)


def worked(
    prepared: Prepared, cards: Cards, model: Model | None, tell: Progress, backend: str
) -> Work:
    """Find and compare the candidates of two sides in one form (see `compared`)."""
    people, lines = len(prepared.register), len(prepared.roster)
    opened = backends.opened(backend)
    try:
        _put(opened, prepared, cards)
        tell(0.15, "偶然の一致の多さを数えています")
        start = model or training.chance(opened, people, lines, first())
        tell(0.3, "候補を探しています")
        blocking.find(opened, people, lines)
        tell(0.55, "候補と見比べています")
        pairs = compare(
            opened, people, lines, lambda share: tell(0.55 + 0.3 * share, "候補と見比べています")
        )
    finally:
        opened.close()
    if model is None and lines >= _ENOUGH_LINES:
        tell(0.87, "一致の重みを見積もっています")
        start = training.learn(pairs, cards, people, start, lines)
    return Work(pairs, cards, people, lines, start)


def match(
    register: Columns,
    roster: Columns,
    *,
    model: Model | None = None,
    progress: Progress | None = None,
    backend: str = "duckdb",
    as_of: date | None = None,
    characters: Characters | None = None,
) -> list[LineResult]:
    """Match every line of a roster with the register; one result per line, in the roster's order.

    ``as_of`` is the day on which the roster was written (ages count from it; default: today).
    ``characters``: the full table of 異体字, where the reference store has it (`characters.load`).
    ``progress`` is told a share from 0 to 1 and what is being done. SonaeError for a missing or
    uneven column and an unknown backend.
    """
    if not size(roster, "line_id"):
        return []
    if not size(register, "resident_id"):
        return [LineResult(str(one), None, 0.0, "none", [], False) for one in roster["line_id"]]
    tell = progress or _silent
    work = compared(
        register, roster, model=model, progress=progress, backend=backend, as_of=as_of,
        characters=characters,
    )  # fmt: skip
    tell(0.9, "確からしさを計算しています")
    found = results(work, register["resident_id"], roster["line_id"])
    tell(1.0, "照合が終わりました")
    return found


def probabilities(work: Work) -> tuple[Floats, Floats]:
    """Return the probability of every pair, and what the card's other lines added (bits)."""
    settled = _settled(work, work.pairs.weights(work.model))
    return settled.probability, settled.added


def _settled(work: Work, parts: Floats, rounds: int = household.ROUNDS) -> Settled:
    """Return probability and addition of the card of every pair from its weights by comparison."""
    model = work.model
    evidence = training.weighed(work.pairs, parts, work.cards, work.people, model)
    return household.settle(
        work.pairs,
        evidence,
        work.cards,
        model.together,
        work.people,
        kin=model.kinship(),
        rounds=rounds,
    )


def results(work: Work, resident_ids: Sequence[str], line_ids: Sequence[str]) -> list[LineResult]:
    """Return the result of every line from compared pairs."""
    parts = work.pairs.weights(work.model)
    settled, alone = _settled(work, parts), _settled(work, parts, rounds=0)
    probability, added = settled.probability, settled.added
    used = np.zeros(work.lines, bool)
    used[work.pairs.line[np.abs(probability - alone.probability) > 0.01]] = True
    chosen = posterior.top(work.pairs.line, probability, MOST_CANDIDATES)
    chosen = chosen[probability[chosen] >= _WORTH_SHOWING]
    shown: list[list[Candidate]] = [[] for _ in range(work.lines)]
    for at in chosen.tolist():
        codes = work.pairs.level[at].tolist()
        weights = {c.name: round(float(v), 2) for c, v in zip(COMPARISONS, parts[at], strict=True)}
        shown[int(work.pairs.line[at])].append(
            Candidate(
                resident_ids[int(work.pairs.resident[at])],
                round(float(probability[at]), 6),
                why.words(codes, float(added[at])),
                {c.name: why.level_name(n, codes[n]) for n, c in enumerate(COMPARISONS)},
                {**weights, "card": round(float(added[at]), 2)},
            )
        )
    bands = work.model.bands
    out = []
    for n, candidates in enumerate(shown):
        sure = candidates[0].probability if candidates else 0.0
        band: Band = "auto" if sure >= bands.auto else "review" if sure >= bands.review else "none"
        linked = candidates[0].resident_id if band == "auto" else None
        out.append(LineResult(str(line_ids[n]), linked, sure, band, candidates, bool(used[n])))
    return out
