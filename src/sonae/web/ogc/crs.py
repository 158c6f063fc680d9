"""Coordinate reference systems by reference (OGC API – Features, Part 2): in and out of degrees.

Inside everything is CRS84 (longitude, latitude). Others are written in their own official order of
axes: 4326 and 6668 are latitude first, the plane systems northing first.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from sonae.core.errors import SonaeError
from sonae.domains.municipalities import interface as municipalities

if TYPE_CHECKING:
    from pyproj import CRS, Transformer

CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG: Final = "http://www.opengis.net/def/crs/EPSG/0/"
_EVERYWHERE: Final = (4326, 6668, 3857)
_PLANES: Final = range(6669, 6688)
"""平面直角座標系 I–XIX (JGD2011)."""


def offered() -> list[str]:
    """Return the systems offered here: CRS84, 4326, JGD2011, web maps, and the plane system at hand."""
    city = municipalities.municipality()
    planes = _planes(round(city.longitude, 2), round(city.latitude, 2))
    return [CRS84, *(f"{_EPSG}{code}" for code in (*_EVERYWHERE, *planes))]


@lru_cache(maxsize=8)
def _planes(longitude: float, latitude: float) -> tuple[int, ...]:
    """Return the plane systems whose official area holds the place."""
    from pyproj import CRS

    found = []
    for code in _PLANES:
        area = CRS.from_epsg(code).area_of_use
        if area is None:
            continue
        if area.west <= longitude <= area.east and area.south <= latitude <= area.north:
            found.append(code)
    return tuple(found)


def known(uri: str, parameter: str) -> str:
    """Return the URI when it is offered; `SonaeError` ``bad_parameter`` otherwise."""
    if uri not in offered():
        raise SonaeError(
            "bad_parameter", f"{parameter} の座標系は使えません：{uri[:120]}", " ".join(offered())
        )
    return uri


@lru_cache(maxsize=32)
def _transformer(source: str, target: str) -> Transformer:
    from pyproj import Transformer

    return Transformer.from_crs(_crs(source), _crs(target))


def _crs(uri: str) -> CRS:
    from pyproj import CRS

    return CRS.from_user_input("OGC:CRS84" if uri == CRS84 else f"EPSG:{uri.rsplit('/', 1)[1]}")


def _moved(shape: Any, source: str, target: str) -> Any:
    """Return a shape in another system, with that system's order of axes."""
    change = _transformer(source, target)

    def move(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(change.transform(points[:, 0], points[:, 1]))

    return shapely.transform(shape, move)


def written(shape: Any, uri: str) -> Any:
    """Return a shape of degrees in the system asked for: 7 places of a degree, millimetres else."""
    placed = shape if uri == CRS84 else _moved(shape, CRS84, uri)
    places = 7 if uri == CRS84 or _crs(uri).is_geographic else 3
    return shapely.transform(placed, lambda points: np.round(points, places))


def area(box: tuple[float, float, float, float], uri: str) -> Any:
    """Return the ground of a box (in the order of axes of ``uri``) as a polygon in CRS84.

    The sides of a box of another system are bent in degrees: they are cut in pieces first. In
    degrees a box whose west lies east of its east reaches over the antimeridian.
    """
    if uri != CRS84 and not _crs(uri).is_geographic:
        shape = shapely.box(*box)
        cut = max(shape.length / 80, 1e-6)
        return _moved(shapely.segmentize(shape, cut), uri, CRS84)
    west, south, east, north = box if uri == CRS84 else (box[1], box[0], box[3], box[2])
    if west <= east:
        return shapely.box(west, south, east, north)
    return shapely.union(
        shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)
    )


def is_geographic(uri: str) -> bool:
    """Tell whether the system counts in degrees."""
    return uri == CRS84 or bool(_crs(uri).is_geographic)


def latitude_first(uri: str) -> bool:
    """Tell whether the system writes latitude before longitude."""
    return uri != CRS84 and is_geographic(uri)
