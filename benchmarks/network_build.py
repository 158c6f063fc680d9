"""A city's walking network: building it from files, opening it, and searching it.

Promises: it opens in milliseconds and processes share it. Baselines in the same run: bare osmium and
pyogrio reading the same files, the same columns as separate ``.npy`` files read whole, and the search
over all nodes. The files are written here from the demo city, its streets bent as real ones are.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import osmium
import pyogrio
import shapely

from sonae.demo.city import generate
from sonae.engines.evacuation.chains import Search
from sonae.engines.evacuation.graph import Graph
from sonae.engines.evacuation.network import FILE, Network
from sonae.engines.evacuation.roads import build

RUNS = 3
BENDS = 1
_OPEN = """
import sys, time
from pathlib import Path
import numpy as np
from sonae.engines.evacuation.network import Network
def private():
    rows = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(row.split()[1]) for row in rows if row.startswith("Private_Dirty"))
before, begun = private(), time.perf_counter()
if sys.argv[1] == "map":
    held = Network.load(Path(sys.argv[2]))
    columns = [held.lat, held.lon, held.tail, held.head, held.length_m, held.components()]
else:
    columns = [np.load(path) for path in sorted(Path(sys.argv[2]).glob("*.npy"))]
seconds = time.perf_counter() - begun
sum(float(column.sum()) for column in columns)
print(seconds * 1000, (private() - before) / 1024)
"""


def cpu(work: Callable[[], object]) -> float:
    """Median CPU seconds of a few runs."""
    found = []
    for _ in range(RUNS):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return statistics.median(found)


def write_files(folder: Path) -> tuple[Path, Path]:
    """Write the demo city's streets, with bends, as .osm.pbf and as GeoPackage."""
    net = generate("full", 1).network
    share = np.linspace(0, 1, BENDS + 2)[:, None]
    lon = net.lon[net.tail] * (1 - share) + net.lon[net.head] * share
    lat = net.lat[net.tail] * (1 - share) + net.lat[net.head] * share
    nodes = len(net.lat)
    inner = nodes + np.arange(BENDS * len(net.tail)).reshape(BENDS, -1)
    refs = np.vstack((net.tail, inner, net.head)) + 1
    pbf = folder / "city.osm.pbf"
    writer = osmium.SimpleWriter(str(pbf))
    for number, place in enumerate(zip(net.lon.tolist(), net.lat.tolist(), strict=True), 1):
        writer.add_node(osmium.osm.mutable.Node(id=number, location=place))
    places = zip(lon[1:-1].ravel().tolist(), lat[1:-1].ravel().tolist(), strict=True)
    for number, place in enumerate(places, nodes + 1):
        writer.add_node(osmium.osm.mutable.Node(id=number, location=place))
    for number, way in enumerate(refs.T.tolist(), 1):
        tags = {"highway": "residential"}
        writer.add_way(osmium.osm.mutable.Way(id=number, nodes=way, tags=tags))
    writer.close()
    lines = shapely.linestrings(np.stack((lon.T, lat.T), axis=-1))
    kinds = np.full(len(lines), "residential", object)
    gpkg = folder / "city.gpkg"
    pyogrio.raw.write(gpkg, shapely.to_wkb(lines), [kinds], ["highway"], driver="GPKG",
                      geometry_type="LineString", crs="EPSG:6668")  # fmt: skip
    return pbf, gpkg


def bare_osmium(path: Path) -> int:
    """Walk over the ways with the places of their nodes, and keep nothing."""
    objects = osmium.FileProcessor(str(path)).with_locations("sparse_mem_array")
    ways = objects.with_filter(osmium.filter.KeyFilter("highway"))
    return sum(len(way.nodes) for way in ways if way.is_way())


def opened(how: str, folder: Path) -> tuple[float, float]:
    """Median milliseconds to open, and megabytes of its own after use, of processes of their own."""
    runs = []
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", _OPEN, how, str(folder)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        runs.append([float(word) for word in done.stdout.split()])
    wall, private = np.median(np.array(runs), axis=0)
    return float(wall), float(private)


def searches(net: Network) -> None:
    """Print the search that leaps over bends against the one over all nodes."""
    rng = np.random.default_rng(1)
    sites = rng.choice(len(net.lat), 102, replace=False).astype(np.int32)
    danger = np.where(rng.random(len(net.tail)) < 0.13, net.length_m, 0).astype(np.float32)
    leaping, plain = Graph(net, danger), Graph(net, danger)
    assert isinstance(leaping._search, Search)
    plain.__dict__["_search"] = None
    homes = rng.integers(0, len(net.lat), 10_000).astype(np.int32)
    for name, work in (
        ("route tree", lambda graph: graph.tree(sites)),
        ("costs of 16 sites to 10,000 homes", lambda graph: graph.costs(sites[:16], homes)),
    ):
        ours, theirs = cpu(lambda: work(leaping)), cpu(lambda: work(plain))  # noqa: B023
        print(f"{name}: {ours * 1000:.0f} ms, {ours / theirs:.2f} × over all nodes "
              f"({theirs * 1000:.0f} ms)")  # fmt: skip


def main() -> None:
    """Print times per 100,000 nodes and their ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pbf, gpkg = write_files(folder)
        net = build([pbf]).network
        per = len(net.lat) / 100_000
        print(f"network: {len(net.lat):,} nodes, {len(net.tail):,} edges, "
              f"{len(net.chains.kept):,} junctions and ends")  # fmt: skip
        for label, path, bare in (
            (".osm.pbf", pbf, lambda: bare_osmium(pbf)),
            ("GeoPackage", gpkg, lambda: pyogrio.raw.read(gpkg)),
        ):
            ours, base = cpu(lambda: build([path])), cpu(bare)  # noqa: B023
            print(f"build from {label}: {ours / per:.2f} CPU-s per 100,000 nodes, "
                  f"{ours / base:.1f} × bare reading ({base / per:.2f} s)")  # fmt: skip
        net.save(folder / "net")
        (folder / "npy").mkdir()
        for column in ("lat", "lon", "tail", "head", "length_m"):
            np.save(folder / "npy" / f"{column}.npy", getattr(net, column))
        np.save(folder / "npy" / "component.npy", net.components())
        size = (folder / "net" / FILE).stat().st_size / 2**20
        wall, private = opened("map", folder / "net")
        load, loaded = opened("npy", folder / "npy")
        print(f"open: {wall:.2f} ms ({wall / per:.2f} per 100,000 nodes), {wall / load:.2f} × "
              f"loading six columns ({load:.2f} ms); file {size:.1f} MB")  # fmt: skip
        print(f"memory that a process does not share: {private:.1f} MB, loaded {loaded:.1f} MB")
        searches(net)


if __name__ == "__main__":
    main()
