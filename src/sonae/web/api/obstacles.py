"""The API of what is now on the roads: GeoJSON in, GeoJSON out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.hazards import interface as hazards
from sonae.platform.access import Actor

NAME = "api.geojson"


def collection() -> dict[str, Any]:
    """Return what holds now as a FeatureCollection."""
    return {
        "type": "FeatureCollection",
        "features": [_feature(row) for row in hazards.in_force()],
    }


def _feature(row: hazards.Obstacle) -> dict[str, Any]:
    """Return one report; ``road_m`` 0 = it lies on no road, null = no network is loaded."""
    return {
        "type": "Feature",
        "id": row.pk,
        "geometry": row.shape,
        "properties": {
            "kind": row.kind,
            "hazard": row.hazard or None,
            "depth_m": row.depth_m,
            "note": row.note,
            "source": row.source,
            "observed_at": row.observed_at.isoformat(),
            "valid_until": row.valid_until.isoformat(),
            "road_m": evacuation.roads_hit(row.kind, row.shape),
        },
    }


def accept(actor: Actor, body: bytes, source: str) -> dict[str, Any]:
    """Store the sound features of a body; ``refused`` names the others by their place in the list.

    ``known``: how many of the obstacles were reported before.
    """
    with tempfile.TemporaryDirectory(prefix="sonae-upload-") as folder:
        path = Path(folder) / NAME
        path.write_bytes(body)
        good, wrong = hazards.read_reports(path, source)
    made = hazards.report_obstacles(actor, good)
    refused = [{"row": one.row, "error": one.problem, "detail": one.value} for one in wrong]
    return {
        "obstacles": [_feature(row) for row in made],
        "known": sum(row.known for row in made),
        "refused": refused,
    }


def withdrawn(actor: Actor, pk: int) -> dict[str, Any]:
    """Take a report back."""
    row = hazards.withdraw(actor, pk)
    return {"id": row.pk, "withdrawn_at": row.withdrawn_at}
