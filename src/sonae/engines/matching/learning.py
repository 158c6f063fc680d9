"""What clerks decided at the review desk, learnt: the weights again, with figures before and after.

Clerks see only the doubtful lines. Learnt from those alone, true pairs would seem to be full of
errors; so all lines take part as before, with the decided ones known for certain. A part of the
decisions is held out: it takes no part in learning, and the figures are measured on it alone.
Whether the new model comes into force is a person's decision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from sonae.core.errors import SonaeError
from sonae.engines.matching import linking, posterior, training
from sonae.engines.matching.linking import Progress, Work
from sonae.engines.matching.model import Model
from sonae.engines.matching.sides import Columns, column, size

Ints = npt.NDArray[np.int64]
FEWEST: Final = 40
"""Decisions below which nothing is learnt."""
_HELD_OUT: Final = 0.3
_UNDECIDED, _NOBODY = -2, -1


class Decision(NamedTuple):
    """What a clerk decided of a line: this resident, or nobody of the register (None)."""

    line_id: str
    resident_id: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """How a model does on decided lines: ``precision`` and ``recall`` of the best guess at p ≥ 0.5,
    the same of the automatic band, outsiders linked, the share of right people among the first
    five, and the mean surprise (bits) at what was decided; None where there is nothing to divide by.
    """

    lines: int
    precision: float | None
    recall: float | None
    auto_precision: float | None
    auto_recall: float | None
    outsiders_linked: int
    top_five: float | None
    surprise: float


def held_out(card: str) -> bool:
    """Whether a card belongs to the held-out part: the same today and tomorrow, whole cards."""
    first = hashlib.sha256(card.encode()).digest()[0]
    return first < 256 * _HELD_OUT


def _decided(decisions: Sequence[Decision], register: Columns, roster: Columns) -> Ints:
    """Return, by line, the resident decided (position), -1 nobody, -2 not decided."""
    people = {key: n for n, key in enumerate(register["resident_id"])}
    lines = {key: n for n, key in enumerate(roster["line_id"])}
    out = np.full(len(lines), _UNDECIDED, np.int64)
    for one in decisions:
        if one.line_id not in lines or (one.resident_id and one.resident_id not in people):
            raise SonaeError(
                "unknown_decision", f"判断 {one.line_id} → {one.resident_id} が名簿か住民にありません。",
                "判断した時の名簿と、今の住民の一覧を使ってください。",
            )  # fmt: skip
        out[lines[one.line_id]] = people[one.resident_id] if one.resident_id else _NOBODY
    return out


def learn(
    decisions: Sequence[Decision],
    register: Columns,
    roster: Columns,
    model: Model | None = None,
    *,
    progress: Progress | None = None,
    as_of: date | None = None,
) -> tuple[Model, Figures, Figures]:
    """Return the model learnt with the decisions, and the figures before and after on the held-out part.

    ``model`` is the one in force (None: what the roster itself teaches). SonaeError
    ``too_few_decisions``, ``unknown_decision``.
    """
    lines = size(roster, "line_id")
    decided = _decided(decisions, register, roster)
    if (count := int((decided != _UNDECIDED).sum())) < FEWEST:
        raise SonaeError(
            "too_few_decisions", f"判断がまだ{count}件です。学習には{FEWEST}件以上が要ります。"
        )
    work = linking.compared(register, roster, model=model, progress=progress, as_of=as_of)
    cards = column(roster, "group", lines).to_pylist()
    kept = np.array([held_out(g or key) for g, key in zip(cards, roster["line_id"], strict=True)])
    known = np.where(kept, _UNDECIDED, decided)
    learnt = training.learn(work.pairs, work.cards, work.people, work.model, lines, known)
    learnt = replace(
        learnt, learnt={"decisions": count, "held_out": int((kept & (decided != _UNDECIDED)).sum())}
    )
    judged = np.where(kept, decided, _UNDECIDED)
    return learnt, figures(work, judged), figures(replace(work, model=learnt), judged)


def figures(work: Work, decided: Ints) -> Figures:
    """Judge a model on the lines that were decided (-2: not to be judged, -1: nobody)."""
    pairs, lines = work.pairs, np.flatnonzero(decided != _UNDECIDED)
    probability = linking.probabilities(work)[0]
    right = pairs.resident == decided[pairs.line]
    best, sure = posterior.best(pairs.line, probability, work.lines)
    hit = np.zeros(work.lines, bool)
    hit[best >= 0] = right[best[best >= 0]]
    top = posterior.top(pairs.line, probability, linking.MOST_CANDIDATES)
    shown = np.zeros(work.lines, bool)
    shown[pairs.line[top[right[top]]]] = True
    residents = lines[decided[lines] >= 0]
    guessed, auto = lines[sure[lines] >= 0.5], lines[sure[lines] >= work.model.bands.auto]
    given = np.where(decided == _NOBODY, 1 - np.bincount(pairs.line, probability, work.lines), 0.0)
    np.add.at(given, pairs.line[right], probability[right])
    return Figures(
        len(lines), _share(hit[guessed]), _part(hit[guessed].sum(), residents),
        _share(hit[auto]), _part(hit[auto].sum(), residents),
        int((decided[guessed] == _NOBODY).sum()), _share(shown[residents]),
        float(-np.log2(np.clip(given[lines], 1e-6, 1)).mean()) if len(lines) else 0.0,
    )  # fmt: skip


def _share(values: npt.NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if len(values) else None


def _part(count: int, of: Ints) -> float | None:
    return float(count / len(of)) if len(of) else None
