"""From degrees to a small flat picture: local equirectangular, north up, in SVG user units."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

METRES_PER_DEGREE = 111_320.0
"""Length of one degree of latitude on the sphere, in metres; enough for a picture of a few km."""


@dataclass(frozen=True)
class Plane:
    """A picture of ``width`` × ``height`` units; ``metres`` is the ground length of one unit."""

    west: float
    north: float
    metres: float
    width: float
    height: float

    @classmethod
    def around(
        cls,
        points: Iterable[tuple[float, float]],
        width: float,
        height: float,
        margin: float = 0.08,
        least_metres: float = 300.0,
    ) -> Plane:
        """Return the plane that shows all (lon, lat) ``points``, at least ``least_metres`` across."""
        listed = list(points)
        lons, lats = [p[0] for p in listed], [p[1] for p in listed]
        lon, lat = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
        across = (max(lons) - min(lons)) * METRES_PER_DEGREE * math.cos(math.radians(lat))
        along = (max(lats) - min(lats)) * METRES_PER_DEGREE
        inner = 1 - 2 * margin
        unit = max(across / (width * inner), along / (height * inner), least_metres / width)
        west = lon - unit * width / 2 / (METRES_PER_DEGREE * math.cos(math.radians(lat)))
        return cls(west, lat + unit * height / 2 / METRES_PER_DEGREE, unit, width, height)

    def xy(self, lon: float, lat: float) -> tuple[float, float]:
        """Return the picture coordinates of a point in degrees."""
        middle = self.north - self.metres * self.height / 2 / METRES_PER_DEGREE
        east = METRES_PER_DEGREE * math.cos(math.radians(middle))
        x = (lon - self.west) * east / self.metres
        return x, (self.north - lat) * METRES_PER_DEGREE / self.metres

    def holds(self, lon: float, lat: float) -> bool:
        """Tell whether a point lies in the picture."""
        x, y = self.xy(lon, lat)
        return 0 <= x <= self.width and 0 <= y <= self.height

    def path(self, line: Sequence[tuple[float, float]]) -> str:
        """Return the SVG path data of a line of (lon, lat), to a tenth of a unit."""
        steps: list[str] = []
        for lon, lat in line:
            x, y = self.xy(lon, lat)
            step = f"{x:.1f} {y:.1f}"
            if not steps or steps[-1] != step:
                steps.append(step)
        return "M" + "L".join(steps) if steps else ""

    def scale(self, share: float = 0.3) -> tuple[float, str]:
        """Return a round scale bar: its length in units (at most ``share`` of the width), its text."""
        most = self.metres * self.width * share
        power = 10 ** math.floor(math.log10(most))
        metres = max(step * power for step in (1, 2, 5) if step * power <= most)
        text = f"{metres:.0f} m" if metres < 1000 else f"{metres / 1000:g} km"
        return metres / self.metres, text
