"""One head telegram's word about one area: what the state is folded from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sonae.engines.warnings.family import Family
from sonae.engines.warnings.model import SEVERITY_RANK, Ring, Warning, WarningArea, WarningItem

NOWHERE = WarningArea("", "（区域の記載なし）", "area")
AreaKey = tuple[str, str, tuple[Ring, ...]]


@dataclass(frozen=True, slots=True)
class Claim:
    """What ``warning`` says about ``area``; ``since`` and ``until`` bound it in time."""

    warning: Warning
    item: WarningItem
    area: WarningArea
    family: Family
    since: datetime
    until: datetime | None

    @property
    def key(self) -> tuple[AreaKey, str]:
        """Area and phenomenon: one line of the result."""
        return area_key(self.area), self.item.phenomenon

    @property
    def rank(self) -> tuple[int, int]:
        """Severity, then level."""
        return SEVERITY_RANK[self.item.severity], self.item.level or 0


def area_key(area: WarningArea) -> AreaKey:
    """What makes two areas the same: the code, else the name; a drawn area is its own drawing.

    A code of zeros only is a placeholder that repeats for different places.
    """
    if area.code.strip("0"):
        return area.code, "", area.polygon
    return "", area.name, area.polygon
