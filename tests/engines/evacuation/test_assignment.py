"""Places for everyone: nobody over capacity, nobody left beside an empty place, near the best."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonae.engines.evacuation.assignment import NOWHERE, Demand, assign
from tests.engines.evacuation.small import at, layer, network
from tests.engines.evacuation.test_route_cli import gsi, sonae


def demand(size: list[int], cost: list[list[float]], capacity: list[int]) -> Demand:
    """Every site a candidate of every household; inf = no way."""
    metres = np.array(cost, np.float64).reshape(len(size), len(capacity))
    order = np.argsort(metres, axis=1, kind="stable")
    sorted_metres = np.take_along_axis(metres, order, axis=1)
    site = np.where(np.isfinite(sorted_metres), order, -1).astype(np.int32)
    return Demand(np.array(size), site, sorted_metres, np.array(capacity))


def loads(one: Demand, choice: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    on = np.flatnonzero(choice >= 0)
    where = one.site[on, choice[on]]
    return np.bincount(where, weights=one.size[on], minlength=len(one.capacity))


@st.composite
def demands(draw: st.DrawFn, largest: int = 5) -> Demand:
    homes, sites = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    metres = st.one_of(st.integers(1, 3000).map(float), st.just(float("inf")))
    cost = draw(
        st.lists(st.lists(metres, min_size=sites, max_size=sites), min_size=homes, max_size=homes)
    )
    size = draw(st.lists(st.integers(1, largest), min_size=homes, max_size=homes))
    capacity = draw(st.lists(st.integers(0, 15), min_size=sites, max_size=sites))
    return demand(size, cost, capacity)


@settings(max_examples=150)
@given(demands())
def test_no_site_is_overloaded_and_no_fitting_place_stays_empty(one: Demand) -> None:
    choice = assign(one)
    room = one.capacity - loads(one, choice)
    assert (room >= 0).all()
    for household, column in enumerate(choice.tolist()):
        finite = np.isfinite(one.cost[household])
        if column == NOWHERE:
            open_to = room[one.site[household][finite]]
            assert (open_to < one.size[household]).all()
        else:
            assert finite[column]


@settings(max_examples=100)
@given(demands(largest=1))
def test_of_single_people_as_many_are_served_as_can_be(one: Demand) -> None:
    """Against a maximum flow computed by another library."""
    graph = nx.DiGraph()
    graph.add_nodes_from(("start", "end"))
    for home, (sites, cost) in enumerate(zip(one.site.tolist(), one.cost.tolist(), strict=True)):
        graph.add_edge("start", f"h{home}", capacity=1)
        for site, metres in zip(sites, cost, strict=True):
            if np.isfinite(metres):
                graph.add_edge(f"h{home}", f"s{site}", capacity=1)
    for site, room in enumerate(one.capacity.tolist()):
        graph.add_edge(f"s{site}", "end", capacity=room)
    assert int((assign(one) >= 0).sum()) == nx.maximum_flow_value(graph, "start", "end")


@settings(max_examples=60)
@given(demands(largest=1))
def test_single_people_walk_little_more_than_the_best_possible(one: Demand) -> None:
    """Brute force over all assignments of at most four people; 100 m a person is the promise."""
    small = Demand(one.size[:4], one.site[:4], one.cost[:4], one.capacity)
    choice = assign(small)
    served = int((choice >= 0).sum())
    best = np.inf
    for columns in itertools.product(range(-1, small.site.shape[1]), repeat=len(small.size)):
        tried = np.array(columns)
        on = np.flatnonzero(tried >= 0)
        real = np.isfinite(small.cost[on, tried[on]]).all()
        if real and len(on) == served and (loads(small, tried) <= small.capacity).all():
            best = min(best, float(small.cost[on, tried[on]].sum()))
    on = np.flatnonzero(choice >= 0)
    assert float(small.cost[on, choice[on]].sum()) <= best + 100.0 * len(small.size) + 1e-6


def test_with_room_for_all_everybody_has_the_nearest() -> None:
    rng = np.random.default_rng(4)
    one = demand([2] * 50, rng.uniform(10, 5000, (50, 6)).tolist(), [1000] * 6)
    assert assign(one).tolist() == [0] * 50


def test_a_crowd_spreads_over_the_sites_with_room() -> None:
    """All want the first site; capacity is exactly enough over all."""
    rng = np.random.default_rng(5)
    size = [1] * 300
    cost = np.column_stack(
        (rng.uniform(10, 300, 300), rng.uniform(300, 900, 300), rng.uniform(900, 2000, 300))
    )
    one = demand(size, cost.tolist(), [100, 100, 100])
    choice = assign(one)
    assert (choice >= 0).all()
    assert loads(one, choice).tolist() == [100, 100, 100]


def test_nobody_and_nowhere() -> None:
    assert assign(demand([], [], [5])).tolist() == []
    assert assign(demand([3], [[float("inf")]], [5])).tolist() == [NOWHERE]
    assert assign(demand([3], [[10.0]], [2])).tolist() == [NOWHERE], "a household is not split"


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """Four sites on 600 m: A and B known small, C unknown, D welfare hazard only (landslide)."""
    net = network(
        [(50.0 + 100 * i, 50.0) for i in range(7)] + [(5050.0, 50.0), (5150.0, 50.0)],
        [(i, i + 1) for i in range(6)] + [(7, 8)],
    )
    net.save(tmp_path / "roads")
    gsi(tmp_path / "sites.json", [
        ("A", 50, "洪水"), ("B", 350, "洪水"), ("C", 650, "洪水"),
        ("D", 250, "崖崩れ、土石流及び地滑り"),
    ])  # fmt: skip
    (tmp_path / "capacities.csv").write_text('id,capacity\nA,5\nB,"屋内3人／屋外4人"\n', "utf-8")
    layer([[0, 3, 3, 0, 0, 0, 0]]).save(tmp_path / "water")
    return tmp_path


def _assign(
    street: Path, people: list[tuple[str, float, object]], *more: str, hazard: str = "flood"
) -> tuple:  # type: ignore[type-arg]
    lines = ["household_id,lat,lon,size,needs"]
    lines += [f"{name},{at(east, 50)[0]},{at(east, 50)[1]},{size}," for name, east, size in people]
    args = ["assign", "--roads", str(street / "roads"), "--shelters", str(street / "sites.json"),
            "--for", hazard, "--capacities", str(street / "capacities.csv"),
            "--summary", str(street / "summary.json"), *more, "-"]  # fmt: skip
    status, rows, said = sonae(*args, given="\n".join(lines))
    return status, rows, said, json.loads((street / "summary.json").read_text("utf-8"))


def test_assign_counts_four_causes_and_splits_nobody(street: Path) -> None:
    people = [("h1", 60, 3), ("h2", 70, 3), ("h3", 340, 4), ("h4", 350, 4), ("far", 9000, 2)]
    status, rows, _, summary = _assign(street, people)
    assert status == 0
    by_id = {row["household_id"]: row for row in rows}
    known = {"A": 5, "B": 7}
    size = {name: int(str(people_)) for name, _, people_ in people}
    for site, room in known.items():
        assert sum(size[h] for h, row in by_id.items() if row["shelter_id"] == site) <= room
    assert {row["shelter_id"] for row in rows} == {"A", "B", None}
    assert by_id["far"]["reason"] == "no_route"
    left = [row for row in rows if row["shelter_id"] is None and row["household_id"] != "far"]
    assert {row["reason"] for row in left} == {"unknown_capacity"}, "site C might take them"
    assert summary["people"] == 16
    assert summary["served"] + sum(summary["unserved"].values()) == 16
    assert summary["unserved"]["no_route"] == 2
    metres = sum(size[r["household_id"]] * r["distance_m"] for r in rows if r["shelter_id"])
    assert summary["person_metres"] == pytest.approx(metres, abs=2)
    assert summary["larger_changes"] is False


def test_assign_says_full_when_every_capacity_is_known(street: Path) -> None:
    (street / "capacities.csv").write_text("id,capacity\nA,1\nB,1\nC,1\n", "utf-8")
    _, rows, _, summary = _assign(street, [("h1", 60, 2), ("h2", 70, 1)])
    assert [row["reason"] for row in rows] == ["known_capacity_full", None]
    assert summary["unserved"]["known_capacity_full"] == 2
    _, rows, _, _ = _assign(street, [("h1", 60, 2)], hazard="volcano")
    assert rows[0]["reason"] == "no_site"


def test_assign_keeps_out_of_the_water(street: Path) -> None:
    (street / "capacities.csv").write_text("id,capacity\nA,9\nB,9\nC,9\n", "utf-8")
    water = ("--hazard", str(street / "water"))
    _, dry, _, _ = _assign(street, [("h1", 150, 1)])
    _, wet, _, _ = _assign(street, [("h1", 150, 1)], *water)
    assert dry[0]["shelter_id"] == wet[0]["shelter_id"] == "A"
    assert wet[0]["hazard_m"] == pytest.approx(50, abs=0.2)


def test_assign_refuses_bad_rows(street: Path) -> None:
    people = [("h1", 60, 1), ("h1", 60, 1), ("h2", 60, "0"), ("h3", 60, "x"), ("h4", 60, "")]
    status, rows, said, summary = _assign(street, people)
    assert status == 1
    assert [row["household_id"] for row in rows] == ["h1"]
    assert [one["error"] for one in said] == ["duplicate", "bad_size", "bad_size", "bad_size"]
    assert summary["households"] == 1
