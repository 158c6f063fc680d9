"""What the maps say about one place, hazard by hazard, in three values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from sonae.domains.evacuation import interface as evacuation
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
    share: str = ""


def dangers_at(
    latitude: float, longitude: float, extra: list[str], *, located: bool = True
) -> list[Danger]:
    """Return what the layers say about a place, for every hazard that has a map or is warned of.

    ``located`` False: only the town of a house is known; then every answer about it is unknown.
    """
    return [
        Danger(
            str(found["hazard"]),
            str(found["zone"]) if located else "unknown",
            _detail(found) if located else "",
            f"{found['source']} {found['date']}".strip(),
        )
        for found in hazards.at_place(latitude, longitude, _asked(extra))
    ]


def dangers_over(ground: evacuation.Ground, extra: list[str]) -> list[Danger]:
    """Return what the layers say about a town, for the same hazards; how much of it lies inside."""
    found = evacuation.spread_over(ground, _asked(extra))
    return [
        Danger(one.hazard, one.zone, _worst(one), f"{one.source} {one.date}".strip(), _share(one))
        for one in found
    ]


def _asked(extra: list[str]) -> list[str]:
    """Return every hazard that has a map, or is warned of and could have one."""
    mapped = {row.hazard for row in hazards.maps()}
    return [code for code in words.HAZARDS if code in mapped or (code in extra and code in CHECKED)]


def _worst(one: hazards.Spread) -> str:
    """Return the gravest that a town holds, said to be that."""
    if one.zone not in ("inside", "divided"):
        return ""
    told = {"detail": one.detail, "depth_m": one.depth_m, "collapse": one.collapse}
    detail = _detail(told)
    return _("いちばん危険な所：%(detail)s") % {"detail": detail} if detail else ""


def _share(one: hazards.Spread) -> str:
    """Return in tenths how much of a divided town lies inside; nothing of any single house."""
    if one.zone != "divided":
        return ""
    tenths = round(one.share * 10)
    if tenths < 1:
        return _("町の1割より少ない所が、危険区域の中です。")
    if tenths > 9:
        return _("町のほとんどが、危険区域の中です。")
    return _("町のおよそ%(tenths)d割が、危険区域の中です。") % {"tenths": tenths}


def _detail(found: dict[str, Any]) -> str:
    """Return depth and kind of a zone in words."""
    parts = [str(found["detail"])] if found["detail"] else []
    if found["depth_m"]:
        parts.append(_("深さ %(depth)s mまで") % {"depth": f"{found['depth_m']:g}"})
    if found["collapse"]:
        parts.append(_("家が流されるおそれのある区域"))
    return "、".join(parts)
