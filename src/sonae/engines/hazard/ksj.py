"""国土数値情報 in its own GML (KsjAppSchema): features refer to surfaces, surfaces to curves.

Coordinates are latitude, longitude (JGD2000/2011). Files reach a gigabyte: they are read as a
stream. A DOCTYPE is refused. Names of elements become the columns of the Shapefile edition.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely
from lxml import etree
from numpy.typing import NDArray

from sonae.core.errors import SonaeError
from sonae.engines.geofiles import Features

_GML = "{http://www.opengis.net/gml/3.2}"
_ID = f"{_GML}id"
_HREF = "{http://www.w3.org/1999/xlink}href"
_SNIFFED = 65_536
COLUMNS = {
    "waterDepth": "A31_001",
    "coz": "A33_002",
    "cop": "A33_001",
    "classificationOfWaterDepth": "A49_003",
    "depthOfTsunamiInundation": "A40_003",
    "depthClassification": "A40_003",
}
"""Element → column of the Shapefile edition; an element already named like a column stays."""
_SURGE = "A49"


def refuse_doctype(path: Path) -> None:
    """Refuse a file whose beginning declares a DOCTYPE, whatever its encoding."""
    with path.open("rb") as file:
        head = file.read(_SNIFFED)
    if b"<!doctype" in head.replace(b"\x00", b"").lower():
        raise SonaeError(
            "doctype",
            f"{path.name}にDOCTYPEがあるため読みません。",
            "配布元から取り直してください。",
        )


def is_ksj(path: Path) -> bool:
    """Tell whether a file begins like a 国土数値情報 GML."""
    if path.suffix.lower() not in {".gml", ".xml"} or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(_SNIFFED)
    return b"schemas/ksj-app" in head and b"Dataset" in head


def read_ksj(path: Path) -> Features:
    """Read all features with a surface; what refers to nothing has no shape (None).

    Raises SonaeError ``doctype``, ``unreadable`` or ``empty_file``.
    """
    refuse_doctype(path)
    reader = _Reader()
    try:
        context = etree.iterparse(
            str(path),
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=True,
        )
        for event, element in context:
            reader.take(event, element)
        root: Any = context.root
        if root.getroottree().docinfo.internalDTD is not None:
            raise SonaeError("doctype", f"{path.name}にDOCTYPEがあるため読みません。")
    except (OSError, etree.XMLSyntaxError, ValueError) as error:
        raise SonaeError("unreadable", f"{path.name}をGMLとして読めません。") from error
    if not reader.rows:
        raise SonaeError("empty_file", f"{path.name}に図形がありません。")
    return reader.features()


class _Reader:
    """Curves, surfaces and features of one file; elements are forgotten as soon as they are read."""

    def __init__(self) -> None:
        self._depth = 0
        self._curves: dict[str, NDArray[np.float64]] = {}
        self._surfaces: dict[str, Any] = {}
        self.rows: list[tuple[str, dict[str, str]]] = []

    def take(self, event: str, element: Any) -> None:
        """Take one event of the parser; only the members of the dataset itself count."""
        if event == "start":
            self._depth += 1
            return
        self._depth -= 1
        if self._depth != 1:
            return
        if element.tag == f"{_GML}Curve":
            self._curves[element.get(_ID) or ""] = _points(element)
        elif element.tag == f"{_GML}Surface":
            self._surfaces[element.get(_ID) or ""] = self._surface(element)
        else:
            self._feature(element)
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]

    def _surface(self, element: Any) -> list[tuple[list[Any], list[list[Any]]]]:
        """Return the patches: each its outer ring's members and those of its holes."""
        return [
            (
                self._members(patch.find(f"{_GML}exterior")),
                [self._members(inner) for inner in patch.findall(f"{_GML}interior")],
            )
            for patch in element.iter(f"{_GML}PolygonPatch")
        ]

    def _members(self, boundary: Any) -> list[Any]:
        """Return a ring as references to curves, or its own points."""
        if boundary is None:
            return []
        refs = [
            member.get(_HREF).lstrip("#")
            for member in boundary.iter(f"{_GML}curveMember")
            if member.get(_HREF)
        ]
        return refs or [_points(boundary)]

    def _feature(self, element: Any) -> None:
        """Keep a feature's reference to its surface and its plain values."""
        surface, values = "", {}
        for child in element:
            if not isinstance(child.tag, str):
                continue
            name = etree.QName(child).localname
            if child.get(_HREF) and name in {"bounds", "location", "area", "range", "loc"}:
                surface = child.get(_HREF).lstrip("#")
            elif not len(child):
                values[name] = (child.text or "").strip()
        if surface:
            self.rows.append((surface, values))

    def features(self) -> Features:
        """Resolve all references; a feature whose rings are missing has no shape."""
        shapes = np.array([self._shape(surface) for surface, _ in self.rows] + [None], object)[:-1]
        names = dict.fromkeys(name for _, values in self.rows for name in values)
        columns: dict[str, NDArray[Any]] = {}
        for name in names:
            listed = [values.get(name) for _, values in self.rows]
            columns.setdefault(COLUMNS.get(name, name), np.array([*listed, None], object)[:-1])
        return Features(shapes, columns)

    def _shape(self, surface: str) -> Any:
        """Return the polygon of a surface, None when a curve it needs is missing."""
        polygons = []
        for outer, holes in self._surfaces.get(surface, []):
            shell = self._ring(outer)
            if shell is None:
                return None
            inner = [ring for ring in map(self._ring, holes) if ring is not None]
            polygons.append(shapely.Polygon(shell, inner))
        if not polygons:
            return None
        return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)

    def _ring(self, members: list[Any]) -> NDArray[np.float64] | None:
        """Return a ring's points (longitude, latitude) from its curves; None when too few."""
        parts = [self._curves.get(one) if isinstance(one, str) else one for one in members]
        if not parts or any(part is None for part in parts):
            return None
        ring = np.concatenate([part for part in parts if part is not None])
        return ring if len(ring) > 3 else None


def _points(element: Any) -> NDArray[np.float64]:
    """Return all positions below an element as (longitude, latitude)."""
    texts = [one.text or "" for one in element.iter(f"{_GML}posList", f"{_GML}pos")]
    values = np.array(" ".join(texts).split(), np.float64)
    if len(values) % 2:
        raise ValueError("an odd number of coordinates")
    return values.reshape(-1, 2)[:, ::-1]
