"""The picture of what is in force: which towns, drawn areas, and what no picture can show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from shapely import Polygon, contains_xy, make_valid

from sonae.domains.municipalities import interface as municipalities
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.interface import WarningInForce
from sonae.web.drawing import Outline, TownWarned, warning_map
from sonae.web.staff import citymap

_SIGNS = {
    "emergency": "特",
    "critical": "危",
    "warning": "警",
    "advisory": "注",
    "information": "i",
}
"""What stands on a town's mark where no level is stated, so that colour is never alone."""
_WHOLE = frozenset({"city", "area", "prefecture"})


@dataclass(frozen=True)
class Drawn:
    """The picture, the legend's signs that occur, and the lines that it cannot show."""

    picture: SafeString
    signs: tuple[str, ...]
    undrawn: tuple[WarningInForce, ...]


def draw(lines: Sequence[WarningInForce]) -> Drawn:
    """Draw the lines, gravest first: where several speak about a town, the gravest is its mark."""
    towns = municipalities.towns()
    marked: dict[int, WarningInForce] = {}
    outlines, undrawn = [], []
    for line in lines:
        rings = warnings.rings_of(line)
        if rings:
            outlines.append(Outline(line.kind, rings, line.level, line.severity))
        within = _within(line, rings, towns)
        if not within and not rings:
            undrawn.append(line)
        for pk in within:
            marked.setdefault(pk, line)
    found = [_town(town, marked.get(town.pk)) for town in towns]
    picture = warning_map(
        found,
        outlines,
        title=_("発表中の警報の区域"),
        description=_("%(n)s町に印があります。内訳は表にあります。") % {"n": len(marked)},
        grounds=citymap.grounds(),
    )
    signs = tuple(dict.fromkeys(one.sign for one in found if one.sign))
    return Drawn(picture, signs, tuple(undrawn))


def _within(
    line: WarningInForce,
    rings: Sequence[Sequence[tuple[float, float]]],
    towns: Sequence[municipalities.Town],
) -> list[int]:
    """Return the towns (primary keys) that a line is about, as far as its area tells."""
    if rings:
        shapes = [make_valid(Polygon(ring)) for ring in rings if len(ring) > 3]
        return [
            town.pk
            for town in towns
            if any(contains_xy(shape, town.longitude, town.latitude) for shape in shapes)
        ]
    if "/" in line.area_code:
        district = line.area_code.partition("/")[2]
        return [town.pk for town in towns if town.name.startswith(district)]
    return [town.pk for town in towns] if line.area_type in _WHOLE else []


def _town(town: municipalities.Town, line: WarningInForce | None) -> TownWarned:
    if line is None:
        return TownWarned(town.name, town.longitude, town.latitude)
    sign = str(line.level) if line.level and line.level >= 2 else _SIGNS.get(line.severity, "i")
    return TownWarned(town.name, town.longitude, town.latitude, sign, line.level, line.severity)
