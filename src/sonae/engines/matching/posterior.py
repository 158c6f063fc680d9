"""How probable each candidate is: a line is one of its candidates, or nobody of the register.

Weights of evidence become probabilities by line: the candidates share one, together with "not in
the register", so that two people who fit equally well are a half each and never both certain.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def prior(people: int, resident: float) -> float:
    """Return the weight, in bits, of "this resident" against "nobody" before anything is compared."""
    return math.log2(resident / (1 - resident) / max(people, 1))


def share(line: Ints, weight: Floats, lines: int, nobody: Floats | None = None) -> Floats:
    """Return the probability of every pair; ``weight`` in bits, as ``nobody`` is by line (None: 0)."""
    against = np.zeros(lines) if nobody is None else nobody
    top = against.copy()
    np.maximum.at(top, line, weight)
    scaled = np.exp2(weight - top[line])
    total = np.exp2(against - top) + np.bincount(line, scaled, lines)
    return np.asarray(scaled / total[line])


def best(line: Ints, probability: Floats, lines: int) -> tuple[Ints, Floats]:
    """Return the position of each line's most probable pair (-1: none) and its probability."""
    at = np.full(lines, -1, np.int64)
    order = np.lexsort((-probability, line))
    first = np.flatnonzero(np.diff(line[order], prepend=-1))
    at[line[order][first]] = order[first]
    return at, np.where(at >= 0, probability[at] if len(probability) else 0.0, 0.0)


def top(line: Ints, probability: Floats, count: int) -> Ints:
    """Return the positions of every line's ``count`` most probable pairs, best first."""
    order = np.lexsort((-probability, line))
    starts = np.flatnonzero(np.diff(line[order], prepend=-1))
    place = np.arange(len(order)) - np.repeat(starts, np.diff([*starts, len(order)]))
    return np.asarray(order[place < count])
