"""The walking network (歩行者ネットワーク) of a municipality, kept as memory-mapped columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

METRES_PER_DEGREE = 111_319.49
_COLUMNS = (
    "lat", "lon", "tail", "head", "length_m", "slope", "stairs",
    "shape_start", "shape_lat", "shape_lon",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Network:
    """``n`` nodes and ``m`` undirected edges, each edge once.

    ``lat``, ``lon``: degrees (n,). ``tail``, ``head``: node indices (m,). ``length_m``: metres.
    ``slope``: rise over run from tail to head. ``stairs``: steps on the edge. ``shape_start``:
    (m+1,) offsets into ``shape_lat``/``shape_lon``, the points between tail and head.
    """

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    length_m: NDArray[np.float32]
    slope: NDArray[np.float32]
    stairs: NDArray[np.bool_]
    shape_start: NDArray[np.int32]
    shape_lat: NDArray[np.float64]
    shape_lon: NDArray[np.float64]
    source: str
    date: str

    @classmethod
    def lonely(cls, lat: float, lon: float) -> Network:
        """Return a network of one node and no edge, for a municipality that has loaded none."""
        place, none, index = np.array([lat]), np.zeros(0), np.zeros(0, np.int32)
        metres, yes = np.zeros(0, np.float32), np.zeros(0, np.bool_)
        start = np.zeros(1, np.int32)
        return cls(
            place, np.array([lon]), index, index, metres, metres, yes, start, none, none, "", ""
        )

    def save(self, folder: Path) -> None:
        """Write one ``.npy`` per column and ``network.json`` into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _COLUMNS:
            np.save(folder / f"{name}.npy", getattr(self, name))
        facts = {"source": self.source, "date": self.date}
        (folder / "network.json").write_text(json.dumps(facts, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> Network:
        """Read a network written by `save`; columns are memory-mapped."""
        facts = json.loads((folder / "network.json").read_text("utf-8"))
        columns = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _COLUMNS}
        return cls(**columns, **facts)

    @cached_property
    def _labels(self) -> NDArray[np.int32]:
        """Component number of each node."""
        n = len(self.lat)
        ones = np.ones(len(self.tail), np.int8)
        graph = coo_array((ones, (self.tail, self.head)), shape=(n, n)).tocsr()
        return np.asarray(connected_components(graph, directed=False)[1], np.int32)

    def components(self) -> NDArray[np.int32]:
        """Return the component number of each node (n,)."""
        return self._labels

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Keys of the pairs of nodes in order, and the shortest edge of each."""
        low = np.minimum(self.tail, self.head).astype(np.int64)
        keys = low * len(self.lat) + np.maximum(self.tail, self.head)
        order = np.lexsort((self.length_m, keys))
        found, first = np.unique(keys[order], return_index=True)
        return found, order[first]

    def line(self, nodes: Sequence[int]) -> list[tuple[float, float]]:
        """Return the way along adjacent ``nodes`` as (longitude, latitude), bends included."""
        if not len(nodes):
            return []
        at = np.asarray(nodes, np.int64)
        keys, edges = self._pairs
        wanted = np.minimum(at[:-1], at[1:]) * len(self.lat) + np.maximum(at[:-1], at[1:])
        points = [(float(self.lon[at[0]]), float(self.lat[at[0]]))]
        for edge, start, end in zip(
            edges[np.searchsorted(keys, wanted)], at[:-1], at[1:], strict=True
        ):
            bends = slice(self.shape_start[edge], self.shape_start[edge + 1])
            inner = list(
                zip(self.shape_lon[bends].tolist(), self.shape_lat[bends].tolist(), strict=True)
            )
            points += inner if self.tail[edge] == start else inner[::-1]
            points.append((float(self.lon[end]), float(self.lat[end])))
        return points

    def _metres(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.float64]:
        """Project degrees to local metres around the network's mean latitude, shape (k, 2)."""
        scale = np.cos(np.radians(float(np.mean(self.lat))))
        return np.column_stack((lon * METRES_PER_DEGREE * scale, lat * METRES_PER_DEGREE))

    def _search(self, nodes: NDArray[np.int64]) -> tuple[NDArray[np.int64], cKDTree]:
        """Return nodes with the tree that finds the nearest of them."""
        return nodes, cKDTree(self._metres(self.lat[nodes], self.lon[nodes]))

    @cached_property
    def _main_search(self) -> tuple[NDArray[np.int64], cKDTree]:
        """The main component's search tree, made once: pages ask for one point at a time."""
        main = np.bincount(self._labels).argmax()
        return self._search(np.flatnonzero(self._labels == main))

    def snap(
        self, lat: NDArray[np.float64], lon: NDArray[np.float64], *, main_component: bool = True
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the nearest node of each point and the straight distance to it in metres."""
        nodes, tree = (
            self._main_search if main_component else self._search(np.arange(len(self.lat)))
        )
        metres, found = tree.query(self._metres(np.asarray(lat), np.asarray(lon)), workers=-1)
        return nodes[found].astype(np.int32), metres.astype(np.float32)
