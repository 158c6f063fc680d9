"""What matching has learnt: how often each degree of agreement occurs, as one JSON with a version.

``m`` is the share of true pairs at a level, ``u`` of chance pairs. A `Model` says nothing about any
person; it can be kept, compared and handed on.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sonae.core.errors import SonaeError
from sonae.engines.matching.levels import COMPARISONS

Floats = npt.NDArray[np.float64]
VERSION: Final = 1


@dataclass(frozen=True)
class Bands:
    """From which probability a line is linked by itself, or shown to a clerk."""

    auto: float = 0.99
    review: float = 0.01


@dataclass(frozen=True)
class Model:
    """``m`` and ``u`` by comparison and level; ``resident``: share of lines that are residents;
    ``together``: how often people of one card are of one household; ``kin``: share of those who are
    not in the register but belong to a household that is; ``guest``: share of lines that are nobody
    of the register, of those written with a household of it; ``far``: how many of those who are not in
    the register name another city; ``learnt``: from what.
    """

    m: dict[str, dict[str, float]]
    u: dict[str, dict[str, float]]
    resident: float = 0.88
    together: float = 0.85
    kin: float = 0.1
    guest: float = 0.03
    far: float = 0.5
    bands: Bands = Bands()
    learnt: dict[str, Any] = field(default_factory=dict)
    version: int = VERSION

    def to_json(self) -> str:
        """Return the model as text."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Model:
        """Read a model; SonaeError ``bad_model`` when a level is missing or it is of another version."""
        try:
            raw = json.loads(text)
            model = cls(**{**raw, "bands": Bands(**raw["bands"])})
            known = all(set(part) == set(names()) for part in (model.m, model.u)) and all(
                set(part[one.name]) == {level.name for level in one.levels}
                for part in (model.m, model.u)
                for one in COMPARISONS
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise _bad() from error
        if model.version != VERSION or not known:
            raise _bad()
        return model

    def kinship(self) -> tuple[float, float]:
        """Return how many of those not in the register are of a family that is: alone, on its card."""
        odds = self.guest / (1 - self.guest) * self.resident / (1 - self.resident)
        return self.kin, min(0.9, max(self.kin, odds))

    def shares(self, which: str, comparison: int) -> Floats:
        """Return ``m`` or ``u`` of one comparison by level number; position 0 (missing) is 1."""
        one = COMPARISONS[comparison]
        values = getattr(self, which)[one.name]
        return np.array([1.0, *(values[level.name] for level in one.levels)])

    def having(self, which: str, shares: list[Floats]) -> Model:
        """Return the model with other shares, one array by level number per comparison."""
        named = {
            one.name: {
                level.name: round(float(share), 9)
                for level, share in zip(one.levels, values[1:], strict=True)
            }
            for one, values in zip(COMPARISONS, shares, strict=True)
        }
        return replace(self, m=named) if which == "m" else replace(self, u=named)


def names() -> list[str]:
    """Return the names of the comparisons, in order."""
    return [one.name for one in COMPARISONS]


def _bad() -> SonaeError:
    return SonaeError(
        "bad_model", "照合の重みのファイルを読めません。",
        "sonae people learn が書き出したファイルを指定してください。",
    )  # fmt: skip


def first() -> Model:
    """Return the model before anything is learnt."""
    return Model(
        m={one.name: {level.name: level.m for level in one.levels} for one in COMPARISONS},
        u={one.name: {level.name: level.u for level in one.levels} for one in COMPARISONS},
    )
