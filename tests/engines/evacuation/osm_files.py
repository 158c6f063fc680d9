"""Small OpenStreetMap files of one city in every format, written from the same nodes and ways."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import osmium

Place = tuple[float, float]


@dataclass
class City:
    """``nodes``: number → (lat, lon). ``ways``: number → (nodes, tags). ``gates``: node → tags."""

    nodes: dict[int, Place]
    ways: dict[int, tuple[list[int], dict[str, str]]]
    gates: dict[int, dict[str, str]] = field(default_factory=dict)

    def xml(self, path: Path) -> Path:
        """Write .osm."""

        def tags(given: dict[str, str]) -> str:
            return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in given.items())

        nodes = "".join(
            f'<node id="{n}" lat="{lat}" lon="{lon}">{tags(self.gates.get(n, {}))}</node>'
            for n, (lat, lon) in self.nodes.items()
        )
        ways = "".join(
            f'<way id="{n}">{"".join(f"""<nd ref="{r}"/>""" for r in refs)}{tags(given)}</way>'
            for n, (refs, given) in self.ways.items()
        )
        path.write_text(f'<?xml version="1.0"?><osm version="0.6">{nodes}{ways}</osm>', "utf-8")
        return path

    def pbf(self, path: Path) -> Path:
        """Write .osm.pbf."""
        writer = osmium.SimpleWriter(str(path), overwrite=True)
        for n, (lat, lon) in sorted(self.nodes.items()):
            gate = self.gates.get(n, {})
            writer.add_node(osmium.osm.mutable.Node(id=n, location=(lon, lat), tags=gate))
        for n, (refs, given) in sorted(self.ways.items()):
            writer.add_way(osmium.osm.mutable.Way(id=n, nodes=refs, tags=given))
        writer.close()
        return path

    def overpass(self, path: Path, *, geometry: bool = False) -> Path:
        """Write an answer of Overpass: ``out body`` with nodes, or ``out geom``."""
        elements: list[dict[str, Any]] = [] if geometry else [
            {"type": "node", "id": n, "lat": lat, "lon": lon, "tags": self.gates.get(n, {})}
            for n, (lat, lon) in self.nodes.items()
        ]  # fmt: skip
        for n, (refs, given) in self.ways.items():
            way: dict[str, Any] = {"type": "way", "id": n, "nodes": refs, "tags": given}
            if geometry:
                way["geometry"] = [
                    {"lat": self.nodes[r][0], "lon": self.nodes[r][1]} if r in self.nodes else None
                    for r in refs
                ]
            elements.append(way)
        path.write_text(json.dumps({"version": 0.6, "elements": elements}), "utf-8")
        return path


def town() -> City:
    """A street with a side street, stairs, a bridge over the street, a motorway, a private drive."""
    nodes = {n: (34.0 + 0.0001 * (n % 7), 131.0 + 0.0005 * n) for n in range(1, 13)}
    return City(nodes, {
        101: ([1, 2, 3, 4], {"highway": "residential", "width": "4.5 m"}),
        102: ([3, 5], {"highway": "steps", "incline": "up"}),
        103: ([5, 6, 7], {"highway": "footway", "bridge": "yes", "incline": "8%"}),
        104: ([8, 9], {"highway": "motorway"}),
        105: ([4, 10], {"highway": "service", "access": "private"}),
        106: ([4, 11], {"highway": "service", "access": "private", "foot": "yes"}),
        107: ([7, 1], {"highway": "path", "tunnel": "yes"}),
        108: ([1, 2], {"building": "yes"}),
        109: ([11, 12], {"highway": "strange"}),
    })  # fmt: skip
