"""Who is written together lives together, mostly: what the others on a card say about a line.

Three rounds: how much the card's other lines support a household, what that is worth to its
members, probabilities again. A candidate of a supported household is no longer one of all residents
but one of a few; one outside it would be written beside people he or she does not live with; and
whoever another line of the card already is can hardly be this line as well.

A surname, an address and a family's phone say which household, not who of it. Nearly everybody who
is not in the register and yet bears them is of the family: the student who lives elsewhere, the
grandmother taken in. So "nobody of the register" grows with what speaks for the household alone
(`Evidence.home`), and one who is to be found needs a name or a birth date of his or her own. An
address that the card's other lines have too is written once for all of them, and counts once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sonae.engines.matching import posterior
from sonae.engines.matching.pairs import Pairs

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
ROUNDS: Final = 3
_TWICE: Final = 12.0
"""Bits against one person being two lines of the same card."""
_TYPICAL: Final = 3.0
LARGEST_CARD: Final = 12
LARGEST_HOUSEHOLD: Final = 15


@dataclass(frozen=True)
class Cards:
    """Card of every line and household of every resident; negative = alone or far too many.

    ``same_address``, ``same_phone``: the lines whose address (phone) an earlier line (any other line)
    of their card has too; ``far``: the lines that name a city of which the register has nobody. None:
    not looked at.
    """

    card: Ints
    household: Ints
    same_address: Flags | None = None
    same_phone: Flags | None = None
    far: Flags | None = None


@dataclass(frozen=True)
class Evidence:
    """Bits of every pair against chance: ``weight`` of all that agrees and the prior; ``home``, the
    part of it that says only which household; ``lent``, the part that the card says of all its lines.
    ``far``: by line, bits for a stranger where another city is named.
    """

    weight: Floats
    home: Floats
    lent: Floats
    far: Floats | None = None

    @classmethod
    def alone(cls, weight: Floats) -> Evidence:
        """Return evidence of which nothing is about the household."""
        nothing = np.zeros(len(weight))
        return cls(weight, nothing, nothing)


def numbered(values: list[str], largest: int) -> Ints:
    """Return a number per text; -1 for no text, for one that stands alone and for a crowd."""
    codes: dict[str, int] = {}
    found = np.array([codes.setdefault(v, len(codes)) if v else -1 for v in values], np.int64)
    sizes = np.bincount(found[found >= 0], minlength=len(codes) + 1)
    usable = (found >= 0) & (sizes[found] > 1) & (sizes[found] <= largest)
    return np.where(usable, found, -1)


def repeated(card: Ints, values: list[str | None], *, first: bool) -> Flags:
    """Return the lines whose value another line of their card has; ``first`` counts too, or not."""
    codes: dict[tuple[int, str], list[int]] = {}
    for n, (one, value) in enumerate(zip(card.tolist(), values, strict=True)):
        if one >= 0 and value:
            codes.setdefault((one, value), []).append(n)
    out = np.zeros(len(card), bool)
    for rows in codes.values():
        if len(rows) > 1:
            out[rows if first else rows[1:]] = True
    return out


def bonus(people: int, together: float) -> tuple[float, float]:
    """Return what support of a household is worth inside it and costs outside, in bits."""
    return max(0.0, math.log2(together * people / _TYPICAL) - 1.0), math.log2(1 - together)


def _support(pairs: Pairs, cards: Cards, probability: Floats) -> tuple[Floats, Floats]:
    """Return, per pair: support of its household by the card's other lines, and the best support."""
    card, household = cards.card[pairs.line], cards.household[pairs.resident]
    inside = (card >= 0) & (household >= 0)
    own, best = np.zeros(len(pairs)), np.zeros(len(pairs))
    rows = np.flatnonzero(inside)
    if not len(rows):
        return own, best
    width = int(cards.household.max()) + 1
    _keys, of_line = np.unique(pairs.line[rows] * width + household[rows], return_inverse=True)
    here = np.bincount(of_line, probability[rows])
    _cards, of_card = np.unique(card[rows] * width + household[rows], return_inverse=True)
    # Π(1 − P) over the card's lines; each line's own share is divided out again.
    first = np.zeros(len(here), np.int64)
    first[of_line] = of_card
    missing = np.log1p(-np.clip(here, 0, 1 - 1e-9))
    total = np.bincount(first, missing, len(_cards))
    own[rows] = 1 - np.exp(total[of_card] - missing[of_line])
    highest = np.zeros(len(cards.card))
    np.maximum.at(highest, pairs.line[rows], own[rows])
    best = np.where(card >= 0, highest[pairs.line], 0.0)
    return own, best


def _taken(pairs: Pairs, cards: Cards, probability: Floats) -> Floats:
    """Return, per pair, how probably another line of the same card is this resident."""
    card = cards.card[pairs.line]
    rows = np.flatnonzero(card >= 0)
    out = np.zeros(len(pairs))
    if len(rows):
        width = len(cards.household)
        _keys, code = np.unique(card[rows] * width + pairs.resident[rows], return_inverse=True)
        total = np.bincount(code, probability[rows])
        out[rows] = np.clip(total[code] - probability[rows], 0, 1)
    return out


def nobody(pairs: Pairs, home: Floats, kin: Floats | float, people: int, far: Floats) -> Floats:
    """Return, by line, the weight of "not in the register": a stranger, or of a family that is in it.

    ``kin``: how many of those not in the register are of such a family (by line); ``far``: bits that
    the address speaks for a stranger.
    """
    family = np.full(len(far), -np.inf)
    np.maximum.at(family, pairs.line, home + math.log2(_TYPICAL / max(people, 1)))
    return np.asarray(np.log2((1 - kin) * np.exp2(far) + kin * np.exp2(family)))


@dataclass(frozen=True)
class Settled:
    """``probability`` of every pair; ``added``: what the card added to its weight (bits). By line:
    ``stranger``, the part of "nobody" that is of no family of the register, and ``support``, how
    surely the card's other lines are of one household.
    """

    probability: Floats
    added: Floats
    stranger: Floats
    support: Floats


def settle(
    pairs: Pairs,
    evidence: Evidence,
    cards: Cards,
    together: float,
    people: int,
    known: Ints | None = None,
    *,
    kin: tuple[float, float] = (0.0, 0.0),
    rounds: int = ROUNDS,
) -> Settled:
    """Weigh every pair with what its card says; ``rounds`` 0: every line for itself.

    ``known``: the resident of a line where somebody has decided, -1 nobody, -2 not decided. ``kin``:
    how many of those not in the register are of a family that is, of lines alone and on a card of
    such a family.
    """
    lines = len(cards.card)
    far = evidence.far if evidence.far is not None else np.zeros(lines)

    def shared(weight: Floats, against: Floats) -> Floats:
        found = posterior.share(pairs.line, weight, lines, against)
        if known is None:
            return found
        decided = known[pairs.line]
        return np.where(decided == -2, found, decided == pairs.resident)

    added, support = np.zeros(len(pairs)), np.zeros(lines)
    kin_here: Floats | float = kin[0]
    against = nobody(pairs, evidence.home, kin_here, people, far)
    probability = shared(evidence.weight, against)
    inside, outside = bonus(people, together)
    for _round in range(rounds):
        own, best = _support(pairs, cards, probability)
        family = inside * own + outside * (best - own) - best * evidence.lent
        added = family - _TWICE * _taken(pairs, cards, probability)
        support = np.zeros(lines)
        np.maximum.at(support, pairs.line, best)
        kin_here = kin[0] + (kin[1] - kin[0]) * support
        against = nobody(pairs, evidence.home + family, kin_here, people, far)
        probability = shared(evidence.weight + added, against)
    stranger = (1 - kin_here) * np.exp2(far - against)
    return Settled(probability, added, np.asarray(stranger), support)
