"""OpenStreetMap as it is handed on: binary extracts (.osm.pbf), XML (.osm) and Overpass JSON.

Ways meet where they share a node's number, not where they cross: a bridge has no node with the
road below. Gates that are locked or private cut the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from lxml import etree
from numpy.typing import NDArray

from sonae.core.errors import SonaeError
from sonae.engines import tables
from sonae.engines.evacuation.lines import PARTED, Lines
from sonae.engines.evacuation.walkable import ALLOWED, FORBIDDEN

TAGS = (
    "highway", "foot", "access", "motorroad", "indoor", "ford", "sac_scale", "width", "est_width",
    "incline", "bridge", "tunnel", "ramp:wheelchair", "wheelchair", "conveying",
)  # fmt: skip
_HINT = "ファイルをもう一度取得してください。"
MOST_UNPACKED = 2**30
"""Bytes: a region of several prefectures fits; what is larger would fill the memory of a server."""
_NOWHERE = 2**31 - 1
"""What the library writes for a node without a place."""
Way = tuple[int, list[int], dict[str, str]]
Node = tuple[int, float, float, Mapping[str, str]]


def read_osm(path: Path) -> Lines:
    """Read the ways with a ``highway``; SonaeError ``unreadable``, ``doctype`` or ``empty_file``."""
    if not path.exists():
        raise SonaeError(
            "unreadable", f"{path.name}がありません。", "ファイル名を確かめてください。"
        )
    if not path.stat().st_size:
        raise SonaeError("empty_file", f"{path.name}は空です。", _HINT)
    if path.name.lower().endswith(".pbf"):
        return _read_pbf(path)
    if path.name.lower().endswith(".json"):
        return _read_overpass(path)
    return _read_xml(path)


def is_overpass(path: Path) -> bool:
    """Tell whether a JSON file is an answer of Overpass, by its beginning."""
    with path.open("rb") as file:
        head = file.read(4096)
    return b'"elements"' in head and b'"FeatureCollection"' not in head


def _read_pbf(path: Path) -> Lines:
    """Read a binary extract in one pass; places of nodes are looked up by the library."""
    import osmium

    _check_size(path)
    ways: list[Way] = []
    x: list[int] = []
    y: list[int] = []
    shut: set[int] = set()
    try:
        objects: Any = (
            osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY)
            .with_locations("sparse_mem_array")
            .with_filter(osmium.filter.KeyFilter("highway", "barrier"))
        )
        for one in objects:
            if one.is_node():
                if _barred(dict(one.tags)):
                    shut.add(one.id)
            elif "highway" in one.tags:
                nodes = [(node.ref, node.x, node.y) for node in one.nodes]
                ways.append((one.id, [ref for ref, _, _ in nodes], _kept(one.tags)))
                x += [east for _, east, _ in nodes]
                y += [north for _, _, north in nodes]
    except (RuntimeError, ValueError) as error:
        raise SonaeError(
            "unreadable", f"{path.name}をOpenStreetMapのデータとして読めません：{error}", _HINT
        ) from error
    lon, lat = (np.where(np.array(v) == _NOWHERE, np.nan, np.array(v) / 1e7) for v in (x, y))
    return _lines(path.name, ways, lat, lon, shut)


def _check_size(path: Path) -> None:
    """Refuse an extract that unpacks to more than `MOST_UNPACKED`, from what its blocks say.

    The library holds their word to it: a block that unpacks to more is an error there.
    """
    total, left = 0, path.stat().st_size
    with path.open("rb") as file:
        while len(size := file.read(4)) == 4:
            length = int.from_bytes(size, "big")
            fields = _fields(file.read(length)) if length <= 64 * 1024 else {}
            left -= 4 + length + fields.get(3, 0)
            if 3 not in fields or left < 0:
                raise SonaeError(
                    "unreadable", f"{path.name}は壊れているか、途中で切れています。", _HINT
                )
            here = file.tell()
            total += _fields(file.read(16)).get(2, fields[3])
            file.seek(here + fields[3])
    if total > MOST_UNPACKED:
        raise SonaeError(
            "too_large", f"{path.name}は大きすぎます（展開すると {total // 2**20:,} MB）。",
            "市域だけを切り出したファイルを使ってください。",
        )  # fmt: skip


def _fields(message: bytes) -> dict[int, int]:
    """Return the whole numbers of a message in protocol buffers, up to what is cut off."""
    found: dict[int, int] = {}
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value, at = _varint(message, at)
        if tag & 7 == 0:
            found[tag >> 3] = value
        elif tag & 7 == 2:
            at += value
        else:
            break
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return one number and where it ends."""
    value = shift = 0
    while at < len(message):
        byte = message[at]
        value |= (byte & 127) << shift
        shift, at = shift + 7, at + 1
        if byte < 128:
            break
    return value, at


def _kept(tags: Iterable[Any]) -> dict[str, str]:
    """Return the tags that are read."""
    return {tag.k: tag.v for tag in tags if tag.k in TAGS}


def _read_xml(path: Path) -> Lines:
    """Read XML as it streams by; editors number new objects below zero, which is fine here."""
    ways: list[Way] = []
    nodes: list[Node] = []
    try:
        with path.open("rb") as file:
            for element in _elements(path.name, file):
                tags = {tag.get("k", ""): tag.get("v", "") for tag in element.iterfind("tag")}
                if element.get("action") == "delete" or element.get("visible") == "false":
                    continue
                if element.tag == "node":
                    nodes.append((
                        int(element.get("id", "0")), _degrees(element.get("lat")),
                        _degrees(element.get("lon")), tags,
                    ))  # fmt: skip
                elif "highway" in tags:
                    refs = [int(nd.get("ref", "0")) for nd in element.iterfind("nd")]
                    kept = {name: value for name, value in tags.items() if name in TAGS}
                    ways.append((int(element.get("id", "0")), refs, kept))
    except (OSError, etree.XMLSyntaxError, ValueError) as error:
        raise SonaeError(
            "unreadable", f"{path.name}をOpenStreetMapのXMLとして読めません。", _HINT
        ) from error
    return _joined(path.name, ways, nodes)


def _elements(name: str, file: Any) -> Iterator[etree._Element]:
    """Yield nodes and ways with their children, and forget them; a DOCTYPE is refused at the root."""
    steps = etree.iterparse(
        file, events=("start", "end"), tag=("osm", "node", "way", "relation"),
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    root: etree._Element | None = None
    for event, element in steps:
        if root is None:
            root = element
            if element.getroottree().docinfo.doctype:
                raise SonaeError("doctype", f"{name}にDOCTYPEがあるため読みません。")
            if element.tag != "osm":
                raise SonaeError("unreadable", f"{name}はOpenStreetMapのXMLではありません。", _HINT)
        elif event == "end" and element is not root:
            if element.tag != "relation":
                yield element
            element.clear()
            parent = element.getparent()
            while parent is not None and element.getprevious() is not None:
                del parent[0]


def _read_overpass(path: Path) -> Lines:
    """Read ``out body`` with nodes, or ``out geom`` where the ways carry their points."""
    name = path.name
    told = tables.json_value(tables.decode(tables.read_bytes(str(path)), name), name)
    elements = told.get("elements") if isinstance(told, dict) else None
    if not isinstance(elements, list):
        raise SonaeError("unreadable", f"{name}はOverpassの回答ではありません。", _HINT)
    if told.get("remark") and not elements:
        raise SonaeError("unreadable", f"{name}：Overpassが答えていません：{told['remark']}", _HINT)
    ways: list[Way] = []
    nodes: list[Node] = []
    try:
        for one in elements:
            tags = one.get("tags") or {}
            if one["type"] == "node":
                nodes.append((int(one["id"]), _degrees(one["lat"]), _degrees(one["lon"]), tags))
            elif one["type"] == "way" and "highway" in tags:
                refs = [int(ref) for ref in one.get("nodes") or ()]
                kept = {key: str(value) for key, value in tags.items() if key in TAGS}
                ways.append((int(one["id"]), refs, kept))
                nodes += _drawn(refs, one.get("geometry") or ())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SonaeError("unreadable", f"{name}の要素を読めません。", _HINT) from error
    return _joined(name, ways, nodes)


def _drawn(refs: list[int], geometry: Iterable[Any]) -> Iterator[Node]:
    """Yield the points that a way of ``out geom`` carries; null where Overpass cut it off."""
    for ref, point in zip(refs, geometry, strict=False):
        if point is not None:
            yield ref, _degrees(point["lat"]), _degrees(point["lon"]), {}


def _degrees(value: Any) -> float:
    """Return degrees, nan for what is no number: the point is left out, not the file."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _barred(tags: Mapping[str, str]) -> bool:
    """Tell whether people cannot pass this node: a locked or private gate, a wall."""
    barrier, foot = tags.get("barrier"), tags.get("foot")
    if barrier is None or foot in ALLOWED:
        return False
    if barrier in ("wall", "fence", "hedge", "debris") or tags.get("locked") == "yes":
        return True
    return foot in FORBIDDEN or tags.get("access") in FORBIDDEN


def _joined(name: str, ways: list[Way], nodes: Iterable[Node]) -> Lines:
    """Put ways and nodes together; a node that the file does not hold has no place (nan)."""
    places: dict[int, tuple[float, float]] = {}
    shut: set[int] = set()
    for number, lat, lon, tags in nodes:
        places[number] = (lat, lon)
        if _barred(tags):
            shut.add(number)
    nowhere = (np.nan, np.nan)
    where = [places.get(ref, nowhere) for _, refs, _ in ways for ref in refs]
    found = np.array(where, np.float64).reshape(-1, 2)
    return _lines(name, ways, found[:, 0], found[:, 1], shut)


def _lines(
    name: str,
    ways: list[Way],
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    shut: set[int],
) -> Lines:
    """Return the ways as lines; ``lat``, ``lon``: of all their nodes, way after way."""
    if not ways:
        raise SonaeError(
            "no_lines", f"{name}に道（highway）がありません。", "道を含む範囲を取得してください。"
        )
    refs = np.fromiter(chain.from_iterable(r for _, r, _ in ways), np.int64)
    negative = bool((refs < 0).any())
    # Numbers below zero are an editor's; keys must not be mistaken for "joins nothing".
    keys = np.unique(refs, return_inverse=True)[1].ravel().astype(np.int64) if negative else refs
    barred = np.isin(refs, np.array(sorted(shut), np.int64))
    return Lines(
        name, lat, lon, np.where(barred, PARTED, keys),
        np.concatenate(([0], np.cumsum([len(r) for _, r, _ in ways]))).astype(np.int64),
        np.array([number for number, _, _ in ways], np.int64),
        {tag: np.array([tags.get(tag) for _, _, tags in ways], object) for tag in TAGS},
        np.full(len(refs), np.nan), numbered=not negative,
    )  # fmt: skip
