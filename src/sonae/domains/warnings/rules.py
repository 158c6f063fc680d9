"""Pure decisions of the domain: what concerns this municipality, and which hazards a warning means."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from shapely import MultiPoint, Polygon, dwithin, make_valid

from sonae.core.clock import JST
from sonae.engines.warnings.families import decided_by_city
from sonae.engines.warnings.model import (
    SEVERITY_RANK,
    Warning,
    WarningArea,
    WarningItem,
)

# Unsure which hazard drowns the place first, both are meant: 大雨 is inundation and small rivers.
HAZARDS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "heavy_rain": ("inland_flood", "flood"),
    "record_rain": ("inland_flood", "flood", "landslide"),
    "linear_rainband": ("inland_flood", "flood", "landslide"),
    "flood": ("flood",),
    "landslide": ("landslide",),
    "storm_surge": ("storm_surge",),
    "tsunami": ("tsunami",),
    "earthquake": ("earthquake",),
    "volcano": ("volcano",),
}
"""Phenomenon of a warning → hazards of designation and hazard layers."""

SUMMARY: Final = "VPWS50"
"""The state of the whole country, every ten minutes: news only where it changes something."""
HOURS: Final = "VPWP50"
"""What is expected by the hour, four times a day: nothing of it is in force, and it is no news."""

_LANDSLIDE_IN_OLD_RAIN: Final = "土砂災害"
_WIDER: Final = frozenset({"prefecture", "area"})

TOWN_REACH_M: Final = 2500.0
"""How far people live from the point of their town (町字), in metres, with room to spare.

A town is known by one point, and a warning drawn between the points must not be missed. Of all
streets of 宇部市 99.9 % lie within 1.6 km of a point and the farthest 2.2 km from it.
"""
_METRES_A_DEGREE: Final = 111_320.0


@dataclass(frozen=True)
class Place:
    """Where the municipality is, as far as telegrams name it.

    ``code`` 6-digit 全国地方公共団体コード; ``areas`` area type → codes, each a text or, where it was
    or will be changed, ``{"code", "from", "until"}`` (days in Japan, both inclusive, either may be
    left out); ``points`` (longitude, latitude) in degrees of its towns, for warnings that only draw a
    polygon; ``day`` the day whose codes count (None: all that ever did).
    """

    code: str
    areas: Mapping[str, Sequence[str | Mapping[str, str]]]
    points: tuple[tuple[float, float], ...]
    day: date | None = None

    def listed(self, kind: str) -> list[str]:
        """The codes of a type that count on the day."""
        return [found for each in self.areas.get(kind, ()) if (found := self._counting(each))]

    def _counting(self, each: str | Mapping[str, str]) -> str:
        if isinstance(each, str):
            return each
        day = self.day.isoformat() if self.day else ""
        begun = not day or each.get("from", "") <= day
        over = bool(day) and day > (each.get("until") or "9999-12-31")
        return each["code"] if begun and not over else ""

    def when(self, warning: Warning) -> Place:
        """The place as telegrams named it on the day of this one."""
        return replace(self, day=warning.issued_at.astimezone(JST).date())


def area_concerns(area: WarningArea, place: Place) -> bool:
    """Whether an area of a telegram lies over the municipality.

    Where ``warning_areas`` names nothing for a type, the prefecture's two digits decide: too many
    warnings are seen rather than too few.
    """
    if area.polygon:
        return _drawn_near(area, place.points)
    listed = place.listed(area.type)
    if area.code in listed or (area.name and area.name in listed):
        return True
    if area.type == "city" or "/" in area.code:
        # 二次細分区域 (7 digits) begin with the municipality's five, also where it is split; so do
        # the districts of an evacuation order (352021/東岐波).
        return area.code[:5] == place.code[:5]
    if area.type in ("prefecture", "area") and not listed:
        return _same_prefecture(area.code, place.code)
    if area.type == "tsunami_area":
        # Nobody has said yet which coast is ours (an inland city says: none).
        return area.type not in place.areas
    return area.type == "prefecture" and _two_digits(area.code) == place.code[:2]


def _two_digits(area_code: str) -> str:
    """The prefecture's number in codes of earthquakes (35) and of 緊急地震速報 (9350)."""
    early = len(area_code) == 4 and area_code.startswith("9")
    return area_code[1:3] if early else area_code


def _same_prefecture(area_code: str, municipality: str) -> bool:
    return len(area_code) in (2, 4, 6) and _two_digits(area_code)[:2] == municipality[:2]


def _drawn_near(area: WarningArea, points: Sequence[tuple[float, float]]) -> bool:
    """Whether one of the rings lies over a town, that is, comes as near as `TOWN_REACH_M`."""
    if not points:
        return False
    scale = math.cos(math.radians(sum(y for _, y in points) / len(points)))
    towns = MultiPoint([(x * scale, y) for x, y in points])
    rings = (Polygon([(x * scale, y) for x, y in ring]) for ring in area.polygon if len(ring) >= 4)
    return any(dwithin(make_valid(ring), towns, TOWN_REACH_M / _METRES_A_DEGREE) for ring in rings)


def concerns(warning: Warning, place: Place) -> bool:
    """Whether a telegram names the municipality, or stands for a warning without any place."""
    place = place.when(warning)
    areas = [area for item in warning.items for area in item.areas]
    if not areas:
        return any(item.in_force and _grave(item) for item in warning.items)
    return any(area_concerns(area, place) for area in says_of_cities(warning, areas))


def says_of_cities(warning: Warning, areas: Iterable[WarningArea]) -> list[WarningArea]:
    """The areas that count: of a telegram that names every city concerned, not the wider ones.

    島根県 at level 4 with 松江市 at level 2 is level 2 for 松江市.
    """
    if not decided_by_city(warning):
        return list(areas)
    return [area for area in areas if area.type not in _WIDER]


def _grave(item: WarningItem) -> bool:
    return SEVERITY_RANK[item.severity] > SEVERITY_RANK["information"]


def is_unknown(warning: Warning) -> bool:
    """Whether nobody has described this type: it is kept, and a person must look at it."""
    return all(item.phenomenon == "other" for item in warning.items) and _unlabelled(warning)


def _unlabelled(warning: Warning) -> bool:
    return warning.telegram == "" or any(
        note.startswith(("unknown_code", "unknown_tag")) for note in warning.deviations
    )


def gravest(warning: Warning) -> str:
    """The gravest severity of a telegram's items."""
    return max((item.severity for item in warning.items), key=SEVERITY_RANK.__getitem__)


def hazards_of(phenomenon: str, condition: str = "") -> tuple[str, ...]:
    """The hazards that a warning means; 大雨警報（土砂災害） of the old system means landslide too."""
    hazards = HAZARDS_OF.get(phenomenon, ())
    if phenomenon == "heavy_rain" and _LANDSLIDE_IN_OLD_RAIN in condition:
        return (*hazards, "landslide")
    return hazards


def ours(warning: Warning, place: Place) -> Warning:
    """The telegram with only what it says about the municipality: perhaps nothing.

    Items that name no place stay, because they may be about us.
    """
    place = place.when(warning)
    if not any(item.areas for item in warning.items):
        return warning
    unknown, items = is_unknown(warning), []
    for item in warning.items:
        areas = says_of_cities(warning, item.areas)
        kept = tuple(area for area in areas if area_concerns(area, place))
        if unknown and any(area.type == "city" for area in kept):
            # Nobody has described the type, but it names the city itself: not also all around it.
            kept = tuple(area for area in kept if area.type not in _WIDER)
        if kept or not item.areas:
            items.append(replace(item, areas=kept))
    return replace(warning, items=tuple(items))
