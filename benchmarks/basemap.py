"""The base map of 備え市 (full) and of 宇部 (real roads): CPU seconds, bytes, and their ratios.

Baselines, in the same run: GDAL's own PMTiles writer given the same edges as one layer at the same
zooms (no streets joined, no zones, no names), and reading all tiles of our file once. 宇部 is left out
where its roads are not on the machine. Roads of 宇部: © OpenStreetMap contributors (ODbL).
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyogrio.raw
import shapely
from pmtiles.reader import MmapSource, all_tiles

from sonae.demo.city import generate
from sonae.engines.basemap import build
from sonae.engines.basemap.build import Order
from sonae.engines.basemap.streets import edge_lines
from sonae.engines.basemap.tiles import FIRST_ZOOM, LAST_ZOOM
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.roads import read_roads
from sonae.engines.hazard.layer import HazardLayer

RUNS = 3
UBE = Path(__file__).resolve().parents[2] / "shared/data/geo/osm/ube/ube_roads.zip"


def _seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _gdal(net: Network, path: Path) -> None:
    """Write every edge by GDAL's own PMTiles writer."""
    path.unlink(missing_ok=True)
    lines = shapely.to_wkb(edge_lines(net))
    stairs = np.asarray(net.stairs).astype(np.int32)
    pyogrio.raw.write(
        path, geometry=lines, field_data=[stairs], fields=["stairs"], layer="roads",
        driver="PMTiles", geometry_type="LineString", crs="EPSG:4326",
        dataset_options={"MINZOOM": str(FIRST_ZOOM), "MAXZOOM": str(LAST_ZOOM)},
    )  # fmt: skip


def _read(path: Path) -> int:
    """Read every tile once."""
    with path.open("rb") as file:
        return sum(len(data) for _place, data in all_tiles(MmapSource(file)))


def measure(name: str, net: Network, layers: list[HazardLayer], folder: Path) -> None:
    """Print the figures of one city."""
    net.save(folder / "network")
    for number, layer in enumerate(layers):
        layer.save(folder / str(number))
    ours, bare = folder / "ours.pmtiles", folder / "gdal.pmtiles"

    def order(drawn: int) -> Order:
        held = tuple(str(folder / str(number)) for number in range(drawn))
        return Order(str(ours), name, str(folder / "network"), held)

    streets = statistics.median(_seconds(lambda: build.build(order(0))) for _ in range(RUNS))
    size = ours.stat().st_size
    whole = statistics.median(
        _seconds(lambda: build.build(order(len(layers)))) for _ in range(RUNS)
    )
    reading = statistics.median(_seconds(lambda: _read(ours)) for _ in range(RUNS))
    gdal = statistics.median(_seconds(lambda: _gdal(net, bare)) for _ in range(RUNS))
    print(
        f"{name}: {len(net.tail):,} edges; streets only {streets:.2f} s, {size / 1e6:.2f} MB; "
        f"GDAL's own writer {gdal:.2f} s, {bare.stat().st_size / 1e6:.2f} MB; "
        f"ratio {streets / gdal:.2f} in time, {size / bare.stat().st_size:.2f} in size"
    )
    print(
        f"{name}: with {len(layers)} hazard layers {whole:.2f} s, {ours.stat().st_size / 1e6:.2f} MB; "
        f"reading every tile once {reading * 1000:.1f} ms"
    )


def main() -> None:
    """Measure both cities."""
    city = generate("full", 1)
    with tempfile.TemporaryDirectory() as held:
        measure("備え市", city.network, list(city.layers), Path(held))
    if UBE.exists():
        with tempfile.TemporaryDirectory() as held:
            measure("宇部", read_roads(UBE), [], Path(held))
    else:
        print("宇部: its roads are not on this machine")


if __name__ == "__main__":
    main()
