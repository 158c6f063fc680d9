"""Reads of municipalities and towns, and how far places lie from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from numpy.typing import ArrayLike, NDArray

from sonae.core.errors import SonaeError
from sonae.domains.municipalities.models import Municipality, Town
from sonae.platform.scope import current_municipality

_serving: str | None = None


def serving_code() -> str | None:
    """Return the code this server serves: SONAE_MUNICIPALITY, else the only one there is."""
    global _serving
    if settings.MUNICIPALITY:
        return str(settings.MUNICIPALITY)
    if _serving is None:
        codes = list(Municipality.objects.values_list("code", flat=True)[:2])
        _serving = codes[0] if len(codes) == 1 else None
    return _serving


def forget_serving() -> None:
    """Look the served municipality up again (after creating or removing one)."""
    global _serving
    _serving = None


def municipality(*, lock: bool = False) -> Municipality:
    """Return the municipality in force; ``lock``: for a change, other writers wait."""
    rows = Municipality.objects.select_for_update() if lock else Municipality.objects
    found = rows.filter(code=current_municipality()).first()
    if found is None:
        raise SonaeError("not_found", "この団体コードの市区町村は登録されていません。")
    return found


def towns() -> list[Town]:
    """Return all towns of the municipality, by code."""
    return list(Town.objects.order_by("code"))


FAR_M = 5_000.0
"""Farther than this from every town's point a place is hardly the municipality's."""
_METRES_A_DEGREE = 111_320.0


def metres_from_towns(
    latitude: ArrayLike, longitude: ArrayLike, known: Sequence[Town] | None = None
) -> NDArray[np.float64]:
    """Return how far places (degrees) lie from the nearest town's point, in metres; 0 without towns.

    ``known``: the towns where the caller has read them. East is counted for the towns' latitude.
    """
    from scipy.spatial import cKDTree

    lat, lon = (np.atleast_1d(np.asarray(one, np.float64)) for one in (latitude, longitude))
    points = np.array(
        [(one.latitude, one.longitude) for one in (towns() if known is None else known)]
    )
    if not len(points):
        return np.zeros(len(lat))
    scale = _METRES_A_DEGREE * np.array([1.0, np.cos(np.radians(points[:, 0].mean()))])
    found, _ = cKDTree(points * scale).query(np.column_stack((lat, lon)) * scale)
    return np.asarray(found, np.float64)


@dataclass(frozen=True)
class Away:
    """How many of ``total`` places lie farther than `FAR_M` from every town; ``km``: half of these farther still."""

    far: int
    total: int
    km: float

    @property
    def most(self) -> bool:
        """Whether most lie elsewhere: the data of another municipality, surely."""
        return 2 * self.far > self.total


def away(latitude: ArrayLike, longitude: ArrayLike) -> Away:
    """Return how many places (degrees) lie far from the municipality."""
    metres = metres_from_towns(latitude, longitude)
    far = metres[metres > FAR_M]
    return Away(len(far), len(metres), float(np.median(far)) / 1000 if len(far) else 0.0)
