"""The walking network (歩行者ネットワーク) of a municipality: columns, kept in one memory-mapped file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sonae.core.errors import SonaeError
from sonae.engines.evacuation import mapped
from sonae.engines.evacuation.chains import Chains

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

METRES_PER_DEGREE = 111_319.49
FILE = "network.map"
_COLUMNS = (
    "lat", "lon", "tail", "head", "length_m", "slope", "stairs",
    "shape_start", "shape_lat", "shape_lon",
)  # fmt: skip
_MORE = ("slope_known", "width_m", "bridge", "tunnel")
_KINDS = {
    "tail": np.int32, "head": np.int32, "length_m": np.float32, "slope": np.float32,
    "stairs": np.bool_, "shape_start": np.int32, "slope_known": np.bool_, "width_m": np.float32,
    "bridge": np.bool_, "tunnel": np.bool_, "component": np.int32,
}  # fmt: skip
_DAMAGED = "道路網を作り直してください（sonae evacuation build）。"
_NONE: NDArray[Any] = np.zeros(0)


@dataclass(frozen=True, eq=False)
class Network:
    """``n`` nodes and ``m`` undirected edges, each edge once.

    ``lat``, ``lon``: degrees (n,). ``tail``, ``head``: node indices (m,). ``length_m``: metres.
    ``slope``: rise over run from tail to head, 0 where it is not known (``slope_known``).
    ``stairs``: steps on the edge, or said to be impassable for wheelchairs. ``width_m``: metres,
    nan where it is not known. ``bridge``, ``tunnel``: as the data say. ``shape_start``: (m+1,)
    offsets into ``shape_lat``/``shape_lon``, the points between tail and head. ``facts``: how the
    network came about (inputs, what was left out and why, defects), for people.
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
    slope_known: NDArray[np.bool_] = field(default_factory=lambda: _NONE)
    width_m: NDArray[np.float32] = field(default_factory=lambda: _NONE)
    bridge: NDArray[np.bool_] = field(default_factory=lambda: _NONE)
    tunnel: NDArray[np.bool_] = field(default_factory=lambda: _NONE)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Fill in what was not given: slopes are known where they are not 0, the rest is not."""
        edges = len(self.tail)
        unsaid: dict[str, Callable[[], NDArray[Any]]] = {
            "slope_known": lambda: np.asarray(self.slope) != 0,
            "width_m": lambda: np.full(edges, np.nan, np.float32),
            "bridge": lambda: np.zeros(edges, np.bool_),
            "tunnel": lambda: np.zeros(edges, np.bool_),
        }
        for name, made in unsaid.items():
            if getattr(self, name) is _NONE:
                object.__setattr__(self, name, made())

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
        """Write ``network.map`` into ``folder``, whole or not at all.

        Processes that have the former network open go on reading the former file.
        """
        columns = {name: getattr(self, name) for name in (*_COLUMNS, *_MORE)}
        columns["component"] = self.components()
        typed: dict[str, NDArray[Any]] = {
            name: np.ascontiguousarray(values, _KINDS.get(name, np.float64))
            for name, values in columns.items()
        }
        facts = {"source": self.source, "date": self.date, "facts": dict(self.facts)}
        folder.mkdir(parents=True, exist_ok=True)
        mapped.write(folder / FILE, facts, typed)

    @classmethod
    def load(cls, folder: Path, *, check: bool = False) -> Network:
        """Open a network written by `save`, a folder or the file itself; columns are memory-mapped.

        ``check`` reads everything and holds it against its checksum, for files that came from
        elsewhere. Raises SonaeError ``unreadable`` for what is no such file, or a damaged one.
        """
        path = folder / FILE if folder.is_dir() else folder
        facts, columns = mapped.read(path, check=check)
        component = columns.pop("component", None)
        try:
            network = cls(
                **columns, source=facts["source"], date=facts["date"], facts=facts["facts"]
            )
        except (KeyError, TypeError) as error:
            raise SonaeError(
                "unreadable", f"{path.name}は道路網のファイルではありません。", _DAMAGED
            ) from error
        if check and (wrong := network.contradiction()):
            raise SonaeError("unreadable", f"{path.name}は壊れています：{wrong}。", _DAMAGED)
        if component is not None:
            network.__dict__["_labels"] = component
        return network

    def contradiction(self) -> str:
        """Return what the columns contradict each other in, in words; empty when they agree."""
        nodes, edges = len(self.lat), len(self.tail)
        per_edge = (self.length_m, self.slope, self.stairs, self.slope_known, self.width_m)
        inner = len(self.shape_lat)
        tests = {
            "点がありません": nodes > 0,
            "列の長さが合いません": len(self.lon) == nodes
            and all(len(c) == edges for c in (self.head, *per_edge, self.bridge, self.tunnel))
            and len(self.shape_start) == edges + 1
            and len(self.shape_lon) == inner,
            "緯度経度が数ではありません": bool(
                np.isfinite(self.lat).all() and np.isfinite(self.lon).all()
            ),
            "辺が、ない点につながっています": not edges
            or (
                bool(min(self.tail.min(), self.head.min()) >= 0)
                and bool(max(self.tail.max(), self.head.max()) < nodes)
            ),
            "長さが正しくありません": bool(
                np.isfinite(self.length_m).all() and (self.length_m >= 0).all()
            ),
        }
        wrong = next((text for text, holds in tests.items() if not holds), "")
        if not wrong and not (
            self.shape_start[0] == 0
            and self.shape_start[-1] == inner
            and (np.diff(self.shape_start) >= 0).all()
        ):
            wrong = "折れ点の並びが正しくありません"
        return wrong

    @cached_property
    def _labels(self) -> NDArray[np.int32]:
        """Component number of each node, 0 the largest."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        n = len(self.lat)
        ones = np.ones(len(self.tail), np.int8)
        graph = coo_array((ones, (self.tail, self.head)), shape=(n, n)).tocsr()
        labels = np.asarray(connected_components(graph, directed=False)[1], np.int32)
        order = np.argsort(-np.bincount(labels), kind="stable")
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        return rank[labels]

    @cached_property
    def chains(self) -> Chains:
        """The runs of bends between junctions, for searches that leap over them."""
        return Chains(len(self.lat), self.tail, self.head)

    def components(self) -> NDArray[np.int32]:
        """Return the component number of each node (n,); 0 is the one with the most nodes."""
        return self._labels

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Keys of the pairs of nodes in order, and the shortest edge of each."""
        low = np.minimum(self.tail, self.head).astype(np.int64)
        keys = low * len(self.lat) + np.maximum(self.tail, self.head)
        order = np.lexsort((self.length_m, keys))
        found, first = np.unique(keys[order], return_index=True)
        return found, order[first]

    def line(
        self, nodes: Sequence[int], walked: Sequence[int] | None = None
    ) -> list[tuple[float, float]]:
        """Return the way along adjacent ``nodes`` as (longitude, latitude), bends included.

        ``walked``: the edges taken (see `graph.way_edges`), without them the shortest of each pair.
        """
        if not len(nodes):
            return []
        at = np.asarray(nodes, np.int64)
        points = [(float(self.lon[at[0]]), float(self.lat[at[0]]))]
        taken = self._shortest(at) if walked is None else walked
        for edge, start, end in zip(taken, at[:-1], at[1:], strict=True):
            bends = slice(self.shape_start[edge], self.shape_start[edge + 1])
            inner = list(
                zip(self.shape_lon[bends].tolist(), self.shape_lat[bends].tolist(), strict=True)
            )
            points += inner if self.tail[edge] == start else inner[::-1]
            points.append((float(self.lon[end]), float(self.lat[end])))
        return points

    def _shortest(self, at: NDArray[np.int64]) -> list[int]:
        """Return the shortest edge between each node and the next."""
        keys, edges = self._pairs
        wanted = np.minimum(at[:-1], at[1:]) * len(self.lat) + np.maximum(at[:-1], at[1:])
        return edges[np.searchsorted(keys, wanted)].tolist()  # type: ignore[no-any-return]

    def _metres(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.float64]:
        """Project degrees to local metres around the network's mean latitude, shape (k, 2)."""
        scale = np.cos(np.radians(float(np.mean(self.lat))))
        return np.column_stack((lon * METRES_PER_DEGREE * scale, lat * METRES_PER_DEGREE))

    def _search(self, nodes: NDArray[np.int64]) -> tuple[NDArray[np.int64], cKDTree]:
        """Return nodes with the tree that finds the nearest of them."""
        from scipy.spatial import cKDTree

        return nodes, cKDTree(self._metres(self.lat[nodes], self.lon[nodes]))

    @cached_property
    def _main_search(self) -> tuple[NDArray[np.int64], cKDTree]:
        """The main component's search tree, made once: pages ask for one point at a time."""
        return self._search(np.flatnonzero(self._labels == 0))

    def snap(
        self, lat: NDArray[np.float64], lon: NDArray[np.float64], *, main_component: bool = True
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the nearest node of each point and the straight distance to it in metres."""
        nodes, tree = (
            self._main_search if main_component else self._search(np.arange(len(self.lat)))
        )
        metres, found = tree.query(self._metres(np.asarray(lat), np.asarray(lon)), workers=-1)
        return nodes[found].astype(np.int32), metres.astype(np.float32)
