"""What the maps say about one place, hazard by hazard, in three values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from sonae.domains.evacuation.interface import CHECKED
from sonae.domains.hazards import interface as hazards
from sonae.web import words


@dataclass(frozen=True)
class Danger:
    """What is known of one hazard at a place."""

    hazard: str
    zone: str
    detail: str
    source: str


def dangers_at(
    latitude: float, longitude: float, extra: list[str], *, located: bool = True
) -> list[Danger]:
    """Return what the layers say about a place, for every hazard that has a map or is warned of.

    ``located`` False: only the town of a house is known; then every answer about it is unknown.
    """
    mapped = {row.hazard for row in hazards.maps()}
    asked = [
        code for code in words.HAZARDS if code in mapped or (code in extra and code in CHECKED)
    ]
    return [
        Danger(
            str(found["hazard"]),
            str(found["zone"]) if located else "unknown",
            _detail(found) if located else "",
            f"{found['source']} {found['date']}".strip(),
        )
        for found in hazards.at_place(latitude, longitude, asked)
    ]


def _detail(found: dict[str, Any]) -> str:
    """Return depth and kind of a zone in words."""
    parts = [str(found["detail"])] if found["detail"] else []
    if found["depth_m"]:
        parts.append(_("深さ %(depth)s mまで") % {"depth": f"{found['depth_m']:g}"})
    if found["collapse"]:
        parts.append(_("家が流されるおそれのある区域"))
    return "、".join(parts)
