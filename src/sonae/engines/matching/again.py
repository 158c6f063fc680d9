"""Who is written twice (二重登録): lines of one roster, or of several, that are the same person.

Two lines that are both the same resident are the same person; that is the surer way, and needs the
register. Lines that are nobody of the register, or nobody sure, are compared with each other. Two
lines of one card are never the same person: nobody writes himself twice on one sheet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from sonae.core import clock
from sonae.engines.matching import columns, household, linking, posterior, training, why
from sonae.engines.matching.columns import Prepared
from sonae.engines.matching.levels import COMPARISONS
from sonae.engines.matching.linking import Progress, Work
from sonae.engines.matching.model import first
from sonae.engines.matching.sides import Columns, size

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_SHARE_TWICE: Final = 0.06
_SETTLED: Final = 0.5
_WORTH_ASKING: Final = 0.05


@dataclass(frozen=True, slots=True)
class Same:
    """Two lines that may be one person. ``resident_id``: when both are the same resident, who."""

    first_line: str
    second_line: str
    probability: float
    resident_id: str | None
    why: list[str]
    weights: dict[str, float]


def find(
    roster: Columns,
    register: Columns | None = None,
    *,
    work: Work | None = None,
    progress: Progress | None = None,
    backend: str = "duckdb",
    as_of: date | None = None,
) -> list[Same]:
    """Return the pairs of lines that may be one person, the surest first.

    Several rosters are given as one with distinct ``line_id`` and ``group``. ``work`` is what
    `linking.compared` made of the same register and roster, when it is at hand.
    """
    lines = size(roster, "line_id")
    if lines < 2:
        return []
    if register is not None and work is None and size(register, "resident_id"):
        work = linking.compared(register, roster, progress=progress, backend=backend, as_of=as_of)
    through = _through_register(work, lines) if work else {}
    settled = _settled(work, lines)
    found = [
        Same(*_ids(roster, pair), round(p, 6), (register or {"resident_id": []})["resident_id"][who],
             ["二つの行が同じ住民と思われる"], {})
        for pair, (p, who) in through.items() if p >= _WORTH_ASKING
    ]  # fmt: skip
    found += _direct(roster, settled, set(through), progress, backend, as_of or clock.today())
    return sorted(found, key=lambda one: (-one.probability, one.first_line, one.second_line))


def _ids(roster: Columns, pair: tuple[int, int]) -> tuple[str, str]:
    return str(roster["line_id"][pair[0]]), str(roster["line_id"][pair[1]])


def _settled(work: Work | None, lines: int) -> npt.NDArray[np.bool_]:
    """Return which lines are more probably somebody of the register than nobody."""
    if work is None:
        return np.zeros(lines, bool)
    probability = linking.probabilities(work)[0]
    return np.asarray(posterior.best(work.pairs.line, probability, lines)[1] >= _SETTLED)


def _through_register(work: Work, lines: int) -> dict[tuple[int, int], tuple[float, int]]:
    """Return pairs of lines → (probability that both are one resident, the likeliest resident)."""
    probability = linking.probabilities(work)[0]
    card = work.cards.card
    strong = np.flatnonzero(probability >= _WORTH_ASKING)
    by_resident: dict[int, list[int]] = {}
    for at in strong.tolist():
        by_resident.setdefault(int(work.pairs.resident[at]), []).append(at)
    out: dict[tuple[int, int], tuple[float, int]] = {}
    for resident, rows in by_resident.items():
        for n, a in enumerate(rows):
            for b in rows[n + 1 :]:
                one, two = int(work.pairs.line[a]), int(work.pairs.line[b])
                if card[one] >= 0 and card[one] == card[two]:
                    continue
                both = float(probability[a] * probability[b])
                before = out.get((one, two), (0.0, resident))
                likelier = resident if both > before[0] else before[1]
                out[one, two] = (before[0] + both, likelier)
    return out


def _twins(roster: Columns, backend: str, as_of: date, tell: Progress) -> Work:
    """Compare a roster with itself; a line and itself, and lines of one card, are left out."""
    table = columns.alone(roster, as_of)
    groups = table["card_key"].to_pylist()
    both = Prepared(table, table)
    cards = linking.carded(both, household.numbered(groups, household.LARGEST_HOUSEHOLD))
    start = replace(first(), resident=_SHARE_TWICE)
    work = linking.worked(both, cards, start, tell, backend)
    pairs = work.pairs
    card = cards.card
    mates = (card[pairs.line] >= 0) & (card[pairs.line] == card[pairs.resident])
    return replace(work, pairs=pairs.chosen((pairs.line != pairs.resident) & ~mates))


def _direct(
    roster: Columns,
    settled: npt.NDArray[np.bool_],
    known: set[tuple[int, int]],
    progress: Progress | None,
    backend: str,
    as_of: date,
) -> list[Same]:
    """Compare the lines themselves; two that are settled as residents are told by the register."""
    tell = progress or (lambda _share, _words: None)
    work = _twins(roster, backend, as_of, tell)
    pairs = work.pairs
    learnt = training.learn(pairs, work.cards, work.people, work.model, work.lines)
    work = replace(work, model=learnt)
    probability, added = linking.probabilities(work)
    parts = pairs.weights(learnt)
    out: dict[tuple[int, int], Same] = {}
    for at in np.flatnonzero(probability >= _WORTH_ASKING).tolist():
        one, two = sorted((int(pairs.line[at]), int(pairs.resident[at])))
        if (settled[one] and settled[two]) or (one, two) in known:
            continue
        share = round(float(probability[at]), 6)
        if (one, two) in out and out[one, two].probability >= share:
            continue
        weights = {c.name: round(float(v), 2) for c, v in zip(COMPARISONS, parts[at], strict=True)}
        words = why.words(pairs.level[at].tolist(), float(added[at]))
        out[one, two] = Same(*_ids(roster, (one, two)), share, None, words, weights)
    return list(out.values())
