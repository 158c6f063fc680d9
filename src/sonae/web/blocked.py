"""What is reported on the roads now, for every map and list that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from django.utils.translation import gettext as _

from sonae.core.clock import JST
from sonae.domains.hazards import interface as hazards
from sonae.web import words
from sonae.web.drawing import Blocked

NEAR_DEGREES = 0.0055
"""About 500 m: a report so near to a way concerns whoever walks it."""


@dataclass(frozen=True)
class Shown:
    """One report for reading: the row, its name, and its drawing."""

    row: hazards.Obstacle
    name: str
    drawn: Blocked

    @property
    def detail(self) -> str:
        """What stands beside the badge of its kind: how deep, why."""
        depth = (
            ""
            if self.row.depth_m is None
            else _("約%(depth)sm") % {"depth": f"{self.row.depth_m:g}"}
        )
        return "　".join(part for part in (depth, self.row.note) if part)


def name_of(row: hazards.Obstacle) -> str:
    """Return a report in words: what, how deep, why."""
    what = str(words.OBSTACLES[row.kind])
    if row.depth_m is not None:
        what = _("%(what)s（約%(depth)sm）") % {"what": what, "depth": f"{row.depth_m:g}"}
    return f"{what}：{row.note}" if row.note else what


def blocked_of(kind: str, name: str, shape: Any) -> Blocked:
    """Return a geometry (longitude, latitude) as it is drawn."""
    parts = shapely.get_parts(shape).tolist()
    return Blocked(
        kind,
        name,
        points=[(p.x, p.y) for p in parts if p.geom_type == "Point"],
        lines=[[*p.coords] for p in parts if p.geom_type == "LineString"],
        areas=[[*p.exterior.coords] for p in parts if p.geom_type == "Polygon"],
    )


def shown(rows: Sequence[hazards.Obstacle] | None = None) -> list[Shown]:
    """Return reports for reading and drawing; those in force when none are given."""
    found = []
    for row in hazards.in_force() if rows is None else rows:
        name = name_of(row)
        found.append(Shown(row, name, blocked_of(row.kind, name, hazards.geometry_of(row))))
    return found


def feature_of(one: Shown) -> dict[str, Any]:
    """Return a report as a feature of a movable map: kind, name, source, times; ``told`` for reading."""
    return {
        "type": "Feature",
        "geometry": one.row.shape,
        "properties": {
            "kind": one.row.kind,
            "name": one.name,
            "source": one.row.source,
            "told": f"{one.row.source} {words.spoken(one.row.observed_at.astimezone(JST))}",
            "observed_at": one.row.observed_at.isoformat(),
            "valid_until": one.row.valid_until.isoformat(),
        },
    }


def beside(line: Sequence[tuple[float, float]], reports: Sequence[Shown]) -> list[Shown]:
    """Return the reports near a way (longitude, latitude)."""
    if len(line) < 2:
        return []
    way = shapely.LineString(line)
    return [one for one in reports if way.distance(hazards.geometry_of(one.row)) <= NEAR_DEGREES]
