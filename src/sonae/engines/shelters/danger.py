"""Sites that lie inside the danger zone they are designated for: said to people, never repaired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sonae.engines.hazard.layer import OUTSIDE, UNREADABLE, Layer
from sonae.engines.hazard.lookup import EXTENTS
from sonae.engines.shelters.columns import NATIONAL_FLAGS
from sonae.engines.shelters.listing import HAZARDS, Defect, Listed

DESIGNATED = frozenset({"yes", "partial"})


@dataclass(frozen=True)
class Contradiction:
    """One site, the hazard it is designated for, and the layer that draws that hazard at its place.

    ``depth_m``: lower and upper bound in metres, None where the layer has no depths; the upper bound
    None = open. ``detail``: the zone in words where the layer has them.
    """

    site: Listed
    hazard: str
    designation: str
    layer: str
    kind: str
    scale: str
    source: str
    date: str
    rank: int
    depth_m: tuple[float, float | None] | None
    detail: str

    def to_defect(self) -> Defect:
        """Return the defect ``in_hazard_zone`` of the site's row."""
        words = "・".join(
            part for part in (self.said(), self.layer, self.source, self.date) if part
        )
        column = NATIONAL_FLAGS[self.hazard]
        return Defect(
            self.site.input, self.site.row, column, self.site.name, "in_hazard_zone", "kept", words
        )

    def said(self) -> str:
        """Return what the layer says at the place: 浸水0.5〜3m, or the kind of zone."""
        if self.depth_m is None:
            return self.detail or (
                "家屋倒壊等氾濫想定区域" if self.kind == "collapse" else "危険区域"
            )
        low, high = self.depth_m
        return f"浸水{low:g}m以上" if high is None else f"浸水{low:g}〜{high:g}m"


def contradictions(listed: Sequence[Listed], layers: Sequence[Layer]) -> list[Contradiction]:
    """Return every site that a layer of a hazard it is designated for draws inside, layer by layer.

    A building with enough storeys may be right for a flood all the same: a person must look.
    """
    found = []
    for layer in layers:
        sites = [
            one
            for one in listed
            if layer.hazard in HAZARDS
            and layer.kind in {*EXTENTS, "collapse"}
            and one.hazards.get(layer.hazard) in DESIGNATED
            and one.lat is not None
            and one.lon is not None
        ]
        where = np.array([(one.lat, one.lon) for one in sites], np.float64).reshape(-1, 2)
        ranks = layer.ranks_at(where[:, 0], where[:, 1])
        found += [
            _contradiction(one, layer, int(rank))
            for one, rank in zip(sites, ranks, strict=True)
            if OUTSIDE < rank < UNREADABLE
        ]
    order = {id(one): at for at, one in enumerate(listed)}
    return sorted(found, key=lambda one: (order[id(one.site)], one.hazard, one.layer))


def _contradiction(site: Listed, layer: Layer, rank: int) -> Contradiction:
    depths, details = layer.depths, layer.details
    return Contradiction(
        site, layer.hazard, site.hazards[layer.hazard], layer.name, layer.kind, layer.scale,
        layer.source, layer.date, rank,
        depths[rank - 1] if rank <= len(depths) else None,
        details[rank - 1] if rank <= len(details) else "",
    )  # fmt: skip
