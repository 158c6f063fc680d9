"""Lines → a walking network: every vertex a node, every piece an edge once, every defect named."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonae.core.errors import SonaeError
from sonae.engines.evacuation import walkable
from sonae.engines.evacuation.lines import PARTED, Lines, chosen, on_earth
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.slopes import slopes
from sonae.engines.evacuation.walkable import REASONS, USED, Judged
from sonae.engines.shelters.listing import Defect

MOST_OF_A_KIND = 1000
"""Defects of one kind that are listed; the rest are only counted."""


@dataclass(frozen=True, eq=False)
class Built:
    """A network with what was wrong with its files; ``network.facts`` has the counts."""

    network: Network
    defects: list[Defect]

    def with_features(self, odd: list[tuple[str, int, str]]) -> Built:
        """Return the same with features of the files (file, row, what it is) that were no lines."""
        more = [Defect(*one, "not_a_line", "left_out") for one in _listed(odd)]
        return Built(self.network, [*more, *self.defects])


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Straight pieces between two nodes: nodes, the line of each, and where in the points it begins."""

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    line: NDArray[np.int64]
    point: NDArray[np.int64]

    def where(self, keep: NDArray[Any]) -> _Pieces:
        """Return the pieces marked, or at these positions."""
        return _Pieces(self.tail[keep], self.head[keep], self.line[keep], self.point[keep])


def _listed(odd: list[tuple[str, int, str]]) -> list[tuple[str, int, str, str]]:
    """Return the first of them as file, row, column and value."""
    return [(file, row, "geometry", kind[:80]) for file, row, kind in odd[:MOST_OF_A_KIND]]


class _Log:
    """Defects of one build, in the order found; only the first `MOST_OF_A_KIND` of each kind."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.defects: list[Defect] = []
        self.counts: Counter[str] = Counter()

    def add(self, line: int, column: str, value: str, problem: str, action: str) -> None:
        """Note one defect of a line."""
        self.counts[problem] += 1
        if self.counts[problem] <= MOST_OF_A_KIND:
            row = int(self._lines.row[line])
            self.defects.append(Defect(self._lines.input, row, column, value[:80], problem, action))


def assemble(
    lines: Lines,
    *,
    source: str,
    date: str,
    ground: NDArray[np.float64] | None = None,
) -> Built:
    """Build the network from lines; ``ground``: metres above the sea of every point, nan = unknown.

    Raises SonaeError ``no_lines`` when nothing is left that people can walk on.
    """
    from pyproj import Geod

    log, judged = _Log(lines), walkable.judge(lines)
    for number, tag, value in judged.unreadable:
        if judged.reason[number] == USED:
            log.add(number, tag, value, "not_a_number", "kept")
    sound = _sound_points(lines, judged, log)
    nodes = _nodes(lines, sound)
    pieces, repeats = _cut(lines, judged, nodes, sound, log)
    if not len(pieces.tail):
        raise SonaeError("no_lines", f"{lines.input}に歩ける道がありません。")
    used, numbers = np.unique(np.concatenate((pieces.tail, pieces.head)), return_inverse=True)
    tail, head = np.split(numbers.ravel().astype(np.int32), 2)
    where = nodes.first[used]
    lat, lon = lines.lat[where], lines.lon[where]
    _, _, metres = Geod(ellps="GRS80").inv(lon[tail], lat[tail], lon[head], lat[head])
    slope = slopes(lines, judged, ground)[pieces.point]
    known = np.isfinite(slope)
    network = Network(
        lat=lat, lon=lon, tail=tail, head=head, length_m=np.asarray(metres, np.float32),
        slope=np.where(known, slope, 0).astype(np.float32), stairs=judged.stairs[pieces.line],
        shape_start=np.zeros(len(tail) + 1, np.int32), shape_lat=np.zeros(0), shape_lon=np.zeros(0),
        source=source, date=date, slope_known=known, width_m=judged.width_m[pieces.line],
        bridge=judged.bridge[pieces.line], tunnel=judged.tunnel[pieces.line],
        facts=_facts(lines, judged, log, repeats),
    )  # fmt: skip
    return Built(network, log.defects)


def _sound_points(lines: Lines, judged: Judged, log: _Log) -> NDArray[np.bool_]:
    """Return which points have a place; a line is cut where one has none, and that is noted."""
    sound = on_earth(lines.lat, lines.lon)
    owner = lines.owner
    for point in np.flatnonzero(~sound & (judged.reason[owner] == USED)).tolist():
        absent = lines.numbered and np.isnan(lines.lat[point])
        value = str(lines.key[point]) if absent else f"{lines.lat[point]}, {lines.lon[point]}"
        problem = "missing_node" if absent else "bad_position"
        log.add(int(owner[point]), "node" if absent else "geometry", value, problem, "left_out")
    return sound


@dataclass(frozen=True, eq=False)
class _Nodes:
    """Node numbers of every point: where a line arrives (``at``) and where it goes on (``onward``).

    They differ only where people cannot pass. ``first``: the first point of every node.
    """

    at: NDArray[np.int64]
    onward: NDArray[np.int64]
    first: NDArray[np.int64]


def _nodes(lines: Lines, sound: NDArray[np.bool_]) -> _Nodes:
    """Number the places; a point that joins nothing is two places, one on either side of it."""
    key = lines.key.copy()
    apart = np.flatnonzero((key == PARTED) | ~sound)
    lowest = int(key.min(initial=0))
    key[apart] = lowest - 1 - np.arange(len(apart))
    _, first, node = np.unique(key, return_index=True, return_inverse=True)
    at = node.ravel().astype(np.int64)
    onward = at.copy()
    onward[apart] = len(first) + np.arange(len(apart))
    return _Nodes(at, onward, np.concatenate((first, apart)).astype(np.int64))


def _cut(
    lines: Lines, judged: Judged, nodes: _Nodes, sound: NDArray[np.bool_], log: _Log
) -> tuple[_Pieces, dict[str, int]]:
    """Cut the lines into pieces; of equal pieces one stays. Also how often the file repeats itself."""
    owner = lines.owner
    at = np.flatnonzero(owner[1:] == owner[:-1])
    whole = sound[at] & sound[at + 1] & (judged.reason[owner[at]] == USED)
    at = at[whole]
    at = at[nodes.onward[at] != nodes.at[at + 1]]
    pieces = _Pieces(nodes.onward[at], nodes.at[at + 1], owner[at], at)
    again, back = _repeated(lines, judged, nodes.at, log)
    pieces = pieces.where(~again[pieces.line])
    _note_pointless(lines, judged, pieces, again, log)
    # Of two ways on one line, the one without steps says what is possible there.
    order = np.lexsort((pieces.point, judged.stairs[pieces.line]))
    keep = np.sort(order[_first_of_pairs(pieces.where(order))])
    both = int(len(pieces.tail) - len(keep))
    return pieces.where(keep), {"opposite_lines": back, "shared_pieces": both}


def _first_of_pairs(pieces: _Pieces) -> NDArray[np.intp]:
    """Return the positions of the first piece of each pair of nodes."""
    low, high = np.minimum(pieces.tail, pieces.head), np.maximum(pieces.tail, pieces.head)
    _, first = np.unique((low << 32) | high, return_index=True)
    return np.asarray(first, np.intp)


def _repeated(
    lines: Lines, judged: Judged, node: NDArray[np.int64], log: _Log
) -> tuple[NDArray[np.bool_], int]:
    """Return the lines that an earlier one already gave, and how many gave one the other way round.

    Road data for cars hold every street once for each direction; only the same direction twice is
    a defect.
    """
    seen: dict[bytes, int] = {}
    again, back = np.zeros(len(lines), bool), 0
    for number in np.flatnonzero(judged.reason == USED).tolist():
        path = node[lines.start[number] : lines.start[number + 1]]
        there = path.tobytes()
        if there in seen:
            again[number] = judged.stairs[number] or not judged.stairs[seen[there]]
            action = "left_out" if again[number] else "kept"
            log.add(number, "geometry", f"{int(lines.row[seen[there]])}", "duplicate", action)
            continue
        back += path[::-1].tobytes() in seen
        seen[there] = number
    return again, back


def _note_pointless(
    lines: Lines, judged: Judged, pieces: _Pieces, again: NDArray[np.bool_], log: _Log
) -> None:
    """Note lines that lead nowhere: a single point, or the same place again and again."""
    has = np.bincount(pieces.line, minlength=len(lines)) > 0
    for number in np.flatnonzero((judged.reason == USED) & ~has & ~again).tolist():
        points = int(lines.start[number + 1] - lines.start[number])
        problem = "zero_length" if points > 1 else "too_few_points"
        log.add(number, "geometry", f"{points}", problem, "left_out")


def _facts(lines: Lines, judged: Judged, log: _Log, repeats: dict[str, int]) -> dict[str, Any]:
    """Return the counts of a build for people: what was left out and why."""
    why = np.bincount(judged.reason, minlength=len(REASONS)).tolist()
    left_out = {REASONS[n]: count for n, count in enumerate(why) if n != USED and count}
    return {
        "inputs": lines.input.split("、"),
        "lines": len(lines),
        "left_out": left_out,
        "kinds_unknown": _kinds_unknown(lines, judged),
        "defects": dict(log.counts),
        **repeats,
    }


def _kinds_unknown(lines: Lines, judged: Judged) -> list[str]:
    """Return the values of ``highway`` that nobody told us about."""
    unknown = judged.reason == walkable.UNKNOWN_KIND
    return sorted({str(value) for value in lines.tag("highway")[unknown].tolist()})[:20]


def only_walkable(lines: Lines) -> Lines:
    """Return the lines that people may walk on."""
    return chosen(lines, walkable.judge(lines).reason == USED)
