"""Positions that lie away from all others of a list: perhaps in another municipality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonae.engines.shelters.listing import Defect, Listed

ALONE_M: Final = 5000.0
"""No single site of four real municipalities is more than 3.8 km (metres) from the next of its list."""
APART_M: Final = 8000.0
"""Nor is a valley or cape with several sites of its own more than 7.6 km away from the others."""
_METRES_A_DEGREE: Final = 111_320.0


def astray(listed: Sequence[Listed], column: str) -> list[Defect]:
    """Return ``outside_municipality`` for rows that lie away from all the others; they are kept.

    A list does not say where its municipality ends, and what lies away may be an island. Named are
    a row alone within `ALONE_M`, and rows that no steps of `APART_M` from row to row join to more than
    half of the list. Where no half is that dense, nothing is said.
    """
    known = [one for one in listed if one.lat is not None and one.lon is not None]
    if len(known) < 3:
        return []
    where = np.array([(one.lat, one.lon) for one in known], np.float64) * _METRES_A_DEGREE
    where[:, 1] *= np.cos(np.radians(np.median(where[:, 0]) / _METRES_A_DEGREE))
    together = _sizes(where, APART_M)
    if together.max() * 2 <= len(known):
        return []
    away = (together < together.max()) | (_sizes(where, ALONE_M) == 1)
    return [_defect(known[at], column) for at in np.flatnonzero(away)]


def _sizes(where: NDArray[np.float64], step: float) -> NDArray[np.int64]:
    """Return for each place (metres) how many are joined with it by steps of at most ``step``."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    near = cKDTree(where).query_pairs(step, output_type="ndarray")
    linked = coo_array((np.ones(len(near)), near.T), shape=(len(where), len(where)))
    _, group = connected_components(linked, directed=False)
    return np.asarray(np.bincount(group)[group], np.int64)


def _defect(one: Listed, column: str) -> Defect:
    """Return the defect of one row, with its position as the value."""
    return Defect(
        one.input, one.row, column, f"{one.lat},{one.lon}", "outside_municipality", "kept"
    )
