"""PLATEAU CityGML (洪水・津波・高潮・内水の浸水想定区域, 土砂災害警戒区域) as polygon layers.

Coordinates are latitude, longitude, height (EPSG:6697, 6668). The envelope of the file is the
ground it covers: beyond it nothing is known.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from lxml import etree

from sonae.core.errors import SonaeError
from sonae.engines.hazard.codes import DEPTHS, LANDSLIDE, whole
from sonae.engines.hazard.defects import counted
from sonae.engines.hazard.ksj import refuse_doctype
from sonae.engines.hazard.layer import UNREADABLE
from sonae.engines.hazard.polygons import PolygonLayer

_DAY = re.compile(r"^[12]\d{3}-[01]\d-[0-3]\d$")
_GML = "{http://www.opengis.net/gml}"
_HAZARDS = (
    ("洪水浸水想定区域", "flood"),
    ("高潮浸水想定", "storm_surge"),
    ("内水浸水想定", "inland_flood"),
    ("津波浸水想定", "tsunami"),
    ("土砂災害警戒区域", "landslide"),
)
_RISKS = (
    ("RiverFlooding", "flood"),
    ("HighTide", "storm_surge"),
    ("InlandFlooding", "inland_flood"),
    ("Tsunami", "tsunami"),
)
_TOP_RANK = {"flood": len(DEPTHS), "landslide": len(LANDSLIDE)}
_SCALES = {"L1": "L1", "L2": "L2", "1": "L1", "2": "L2"}


def read_plateau(path: Path) -> list[PolygonLayer]:
    """Read one CityGML file: a layer per hazard and scale.

    Flood ranks are the standard six. Ranks of other waters follow code lists that need not come
    with the file: the place is inside, the depth stays unknown. Raises SonaeError ``unreadable``,
    ``doctype`` or ``unknown_layer``.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        refuse_doctype(path)
        tree = etree.parse(str(path), parser)
    except (OSError, etree.XMLSyntaxError) as error:
        raise SonaeError("unreadable", f"{path.name}をGMLとして読めません。") from error
    if getattr(tree.docinfo, "doctype", ""):
        raise SonaeError("doctype", f"{path.name}にDOCTYPEがあるため読みません。")
    try:
        return _layers(path, tree.getroot())
    except ValueError as error:
        raise SonaeError("unreadable", f"{path.name}の座標を読めません。") from error


def _layers(path: Path, root: Any) -> list[PolygonLayer]:
    """Collect the polygons of all objects by hazard and scale."""
    parts: dict[tuple[str, str], list[tuple[Any, int]]] = {}
    sources: dict[tuple[str, str], str] = {}
    dates: dict[tuple[str, str], str] = {}
    for member in root.iter("{*}cityObjectMember"):
        stated = _stated(member)
        if stated is None:
            continue
        key, rank = stated
        name = member.findtext(f".//{_GML}name") or ""
        sources.setdefault(key, name if whole(name) is None else "")
        dates[key] = max(dates.get(key, ""), _day(member))
        parts.setdefault(key, []).extend((shape, rank) for shape in _polygons(member))
    if not parts:
        raise SonaeError(
            "unknown_layer", f"{path.name}に浸水想定区域や土砂災害警戒区域がありません。"
        )
    ground = _envelope(root)
    return [
        _layer(path, key, found, sources[key], ground, dates.get(key, ""))
        for key, found in parts.items()
    ]


def _day(member: Any) -> str:
    """Return the day an object states for itself (告示日, else since when it holds), or nothing."""
    stated = [
        one.findtext("{*}value") for one in member.iter("{*}dateAttribute", "{*}stringAttribute")
        if one.get("name") == "告示日"
    ] or [one.text for one in member.iter("{*}validFrom")]  # fmt: skip
    days = [(text or "").strip()[:10] for text in stated]
    return max((day for day in days if _DAY.match(day)), default="")


def _stated(member: Any) -> tuple[tuple[str, str], int] | None:
    """Return (hazard, scale) and rank of one object: its own attributes, else the generic ones."""
    return _typed(member) or _generic(member)


def _typed(member: Any) -> tuple[tuple[str, str], int] | None:
    """Return what the attributes of the second and later editions say (uro, urf).

    Only the rank of river floods is a standard one; ``rankOrg`` is whoever made the map's own.
    """
    zone = next(member.iter("{*}SedimentDisasterProneArea"), None)
    if zone is not None:
        number = whole(zone.findtext("{*}areaType"))
        return ("landslide", ""), _within_top(number, "landslide")
    for water in member.iter("{*}WaterBody"):
        for part in water.iter("{*}floodingRiskAttribute"):
            for risk in part:
                name = str(etree.QName(risk).localname)
                hazard = next((code for word, code in _RISKS if word in name), None)
                if hazard is not None:
                    number = whole(risk.findtext("{*}rank") or risk.findtext("{*}rankOrg"))
                    own = hazard == "flood" and risk.findtext("{*}rank") is None
                    scale = _SCALES.get(risk.findtext("{*}scale") or "", "")
                    return (hazard, scale), UNREADABLE if own else _within_top(number, hazard)
    return None


def _within_top(number: int | None, hazard: str) -> int:
    """Return a rank as far as the hazard's scale is known to reach; else unreadable."""
    top = _TOP_RANK.get(hazard, UNREADABLE - 1)
    return number if number and 0 < number <= top else UNREADABLE


def _generic(member: Any) -> tuple[tuple[str, str], int] | None:
    """Return what the generic attributes of the first edition say."""
    for group in member.iter("{*}genericAttributeSet"):
        title = group.get("name") or ""
        hazard = next((name for words, name in _HAZARDS if words in title), None)
        if hazard is None:
            continue
        values = {
            attribute.get("name"): attribute.findtext("{*}value")
            for attribute in group
            if attribute.get("name")
        }
        scale = _SCALES.get(values.get("規模") or "", "L2" if "想定最大" in title else "")
        number = whole(values.get("区域区分" if hazard == "landslide" else "浸水ランク"))
        return (hazard, scale), _within_top(number, hazard)
    return None


def _polygons(member: Any) -> list[Any]:
    """Return the outlines of one object, longitude first, holes included."""
    found = []
    for polygon in member.iter(f"{_GML}Polygon"):
        outer = polygon.find(f"{_GML}exterior")
        if outer is None:
            continue
        holes = [_ring(inner) for inner in polygon.findall(f"{_GML}interior")]
        found.append(shapely.Polygon(_ring(outer), holes))
    return found


def _ring(boundary: Any) -> Any:
    """Return one ring as (longitude, latitude) pairs."""
    text = boundary.findtext(f".//{_GML}posList") or ""
    return np.array(text.split(), np.float64).reshape(-1, 3)[:, [1, 0]]


def _envelope(root: Any) -> Any:
    """Return the ground the file covers as a box, or None when it does not say."""
    low = root.findtext(f"{_GML}boundedBy/{_GML}Envelope/{_GML}lowerCorner")
    high = root.findtext(f"{_GML}boundedBy/{_GML}Envelope/{_GML}upperCorner")
    if not low or not high:
        return None
    (south, west), (north, east) = (map(float, text.split()[:2]) for text in (low, high))
    return shapely.box(west, south, east, north)


def _layer(
    path: Path,
    key: tuple[str, str],
    found: list[tuple[Any, int]],
    source: str,
    ground: Any,
    date: str,
) -> PolygonLayer:
    """Put one layer together."""
    hazard, scale = key
    shapes = np.array([shape for shape, _ in found], object)
    depths = DEPTHS if hazard == "flood" else ()
    return PolygonLayer(
        name=path.stem,
        hazard=hazard,
        kind="zone" if hazard == "landslide" else "depth",
        shapes=shapes,
        rank=np.array([rank for _, rank in found], np.uint8),
        surveyed=shapely.box(*shapely.total_bounds(shapes)) if ground is None else ground,
        source=source or path.name,
        date=date,
        scale=scale,
        depths=depths,
        details=LANDSLIDE if hazard == "landslide" else (),
        stated=ground is not None,
        defects=counted(
            "unreadable_value",
            "unknown",
            [row for row, (_, rank) in enumerate(found, start=1) if rank == UNREADABLE],
            path.name,
        ),
    )
