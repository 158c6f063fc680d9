"""Places for everyone: nobody over capacity, nobody divided, nobody left beside a place, near the best."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sonae.engines.evacuation import transport
from sonae.engines.evacuation.assignment import NOWHERE, Demand, Seats, assign
from sonae.engines.evacuation.neighbours import WORTH_M, gather
from sonae.engines.evacuation.prices import Market, market_prices
from sonae.engines.evacuation.seating import Board
from tests.engines.evacuation.small import at, layer, network
from tests.engines.evacuation.test_route_cli import gsi, sonae


def demand(size: list[int], cost: list[list[float]], capacity: list[int]) -> Demand:
    """One row per household; inf = no way."""
    metres = np.array(cost, np.float64).reshape(len(size), len(capacity))
    return Demand(np.array(size, np.int64), np.arange(len(size)), metres, np.array(capacity))


def loads(one: Demand, site: NDArray[np.int64]) -> NDArray[np.float64]:
    on = np.flatnonzero(site >= 0)
    return np.bincount(site[on], weights=one.size[on], minlength=len(one.capacity))


def value(one: Demand, site: NDArray[np.int64]) -> tuple[int, float]:
    """People left over who have a way somewhere, and person-metres."""
    on = np.flatnonzero(site >= 0)
    return int(one.size[site < 0].sum()), float((one.size[on] * one.metres(on, site[on])).sum())


def best_of_all(one: Demand) -> tuple[int, float]:
    """Every assignment there is, by brute force."""
    found = []
    for sites in itertools.product(range(-1, len(one.capacity)), repeat=len(one.size)):
        tried = np.array(sites, np.int64)
        on = np.flatnonzero(tried >= 0)
        if (
            np.isfinite(one.metres(on, tried[on])).all()
            and (loads(one, tried) <= one.capacity).all()
        ):
            found.append(value(one, tried))
    return min(found)


@st.composite
def demands(draw: st.DrawFn, homes: int = 12, sites: int = 4) -> Demand:
    count, places = draw(st.integers(1, homes)), draw(st.integers(1, sites))
    metres = st.one_of(st.integers(1, 3000).map(float), st.just(float("inf")))
    row = st.lists(metres, min_size=places, max_size=places)
    cost = draw(st.lists(row, min_size=count, max_size=count))
    size = draw(st.lists(st.integers(1, 5), min_size=count, max_size=count))
    capacity = draw(st.lists(st.integers(0, 15), min_size=places, max_size=places))
    return demand(size, cost, capacity)


def crowd(seed: int, slack: float, homes: int = 900, sites: int = 14) -> Demand:
    """Homes and sites at random places; households share homes; places for ``slack`` of the people."""
    rng = np.random.default_rng(seed)
    home, site = rng.uniform(0, 5000, (homes, 2)), rng.uniform(0, 5000, (sites, 2))
    cost = np.hypot(*(home[:, None] - site[None]).transpose(2, 0, 1))
    row = np.sort(rng.integers(0, homes, homes * 2))
    size = rng.choice([1, 2, 3, 4, 6], len(row), p=[0.35, 0.3, 0.17, 0.13, 0.05])
    room = rng.lognormal(0, 0.7, sites)
    return Demand(size, row, cost, (room / room.sum() * size.sum() * slack).astype(np.int64))


def holds(one: Demand, seats: Seats) -> None:
    """What holds of every answer, however it was found."""
    assert seats.site.shape == one.size.shape, "one site per household: none is divided"
    assert (loads(one, seats.site) <= one.capacity).all()
    on = np.flatnonzero(seats.site >= 0)
    assert np.isfinite(one.metres(on, seats.site[on])).all()
    room = one.capacity - loads(one, seats.site)
    for household in np.flatnonzero(seats.site < 0).tolist():
        finite = np.isfinite(one.cost[one.row[household]])
        assert (room[finite] < one.size[household]).all(), "nobody left over beside an empty place"


@settings(max_examples=60)
@given(demands(homes=5, sites=3))
def test_few_households_get_the_best_assignment_of_all(one: Demand) -> None:
    seats = assign(one)
    holds(one, seats)
    unserved, metres = value(one, seats.site)
    assert (unserved, metres) == pytest.approx(best_of_all(one))
    assert not seats.larger_changes


@settings(max_examples=60)
@given(demands())
def test_by_prices_nobody_is_left_beside_a_place_and_no_plan_is_below_the_bound(
    one: Demand,
) -> None:
    """The way for large cities, on small ones, against the exact assignment."""
    seats, exact = assign(one, exact_arcs=0), assign(one, exact_arcs=1000)
    holds(one, seats)
    reach = np.isfinite(one.cost).any(axis=1)
    assert seats.least_unserved <= one.size[(exact.site < 0) & reach].sum()
    if (seats.site[reach] >= 0).all():
        assert value(one, seats.site)[1] >= seats.bound - 1e-3
        assert value(one, exact.site)[1] >= seats.bound - 1e-3


@settings(max_examples=60)
@given(demands(), st.data())
def test_more_capacity_never_serves_fewer_nor_makes_the_same_walk_farther(
    one: Demand, data: st.DataObject
) -> None:
    site = data.draw(st.integers(0, len(one.capacity) - 1))
    wider = one.capacity.copy()
    wider[site] += data.draw(st.integers(1, 6))
    before, after = (
        value(one, assign(one).site),
        value(one, assign(replace(one, capacity=wider)).site),
    )
    assert after[0] <= before[0]
    if after[0] == before[0]:
        assert after[1] <= before[1] + 1e-6


@pytest.mark.parametrize(("seed", "slack"), [(1, 2.0), (2, 1.15), (3, 1.05), (4, 1.01)])
def test_with_places_for_all_all_are_served_within_two_percent_of_the_optimum(
    seed: int, slack: float
) -> None:
    """The optimum of minimum-cost flow, all arcs in one linear program of another formulation."""
    from scipy.optimize import linprog
    from scipy.sparse import eye_array, kron

    one = crowd(seed, slack)
    seats = assign(one)
    holds(one, seats)
    assert (seats.site >= 0).all()
    heads = np.bincount(one.row, weights=one.size, minlength=len(one.cost))
    homes, sites = one.cost.shape
    flow = linprog(
        one.cost.ravel(),
        A_ub=kron(np.ones((1, homes)), eye_array(sites)).tocsr(),
        b_ub=one.capacity,
        A_eq=kron(eye_array(homes), np.ones((1, sites))).tocsr(),
        b_eq=heads,
        method="highs",
    )
    assert seats.bound == pytest.approx(flow.fun, rel=2e-4)
    assert seats.bound <= flow.fun * (1 + 1e-9)
    assert value(one, seats.site)[1] <= 1.02 * flow.fun


@pytest.mark.parametrize("slack", [0.9, 0.6])
def test_in_a_shortage_as_many_are_served_as_can_be(slack: float) -> None:
    one = crowd(5, slack)
    seats = assign(one)
    holds(one, seats)
    unserved = int(one.size[seats.site < 0].sum())
    assert seats.least_unserved == one.size.sum() - one.capacity.sum()
    assert unserved <= seats.least_unserved + len(one.capacity), (
        "the rest of a household here or there"
    )


def test_the_same_question_has_the_same_answer() -> None:
    one = crowd(6, 1.1)
    assert assign(one).site.tolist() == assign(one).site.tolist()


def test_a_household_finds_a_place_when_another_moves_over() -> None:
    """Two sites with one place left each; only if a single person moves do the two fit."""
    one = demand([2, 1, 1], [[10, 20], [10, 12], [10, 900]], [3, 1])
    for arcs in (0, 1000):
        assert assign(one, exact_arcs=arcs).site.tolist() == [0, 1, 0]


def test_the_prices_bound_every_plan_and_nearly_reach_the_best() -> None:
    one = crowd(7, 1.2)
    heads = np.bincount(one.row, weights=one.size, minlength=len(one.cost))
    market = Market(one.cost, heads.astype(float), one.capacity.astype(float), 60_000.0)
    found = transport.divide(market)
    assert found.proven
    price = market_prices(market, 6)
    assert 0.99 * found.reached <= market.bound(price) <= found.reached + 1e-6
    assert (price >= 0).all()


def test_too_few_candidates_are_noticed_and_others_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """With only two candidates a city with places for all would seem to have a shortage."""
    monkeypatch.setattr(transport, "FIRST_CANDIDATES", 2)
    one = crowd(8, 1.05)
    seats = assign(one)
    assert (seats.site >= 0).all()
    assert not seats.larger_changes
    assert value(one, seats.site)[1] <= 1.02 * seats.bound


def test_with_room_for_all_everybody_has_the_nearest() -> None:
    rng = np.random.default_rng(4)
    cost = rng.uniform(10, 5000, (50, 6))
    one = demand([2] * 50, cost.tolist(), [1000] * 6)
    for arcs in (0, 1000):
        assert assign(one, exact_arcs=arcs).site.tolist() == cost.argmin(axis=1).tolist()


def test_a_crowd_spreads_over_the_sites_with_room() -> None:
    """All want the first site; capacity is exactly enough over all."""
    rng = np.random.default_rng(5)
    cost = np.column_stack(
        (rng.uniform(10, 300, 300), rng.uniform(300, 900, 300), rng.uniform(900, 2000, 300))
    )
    one = demand([1] * 300, cost.tolist(), [100, 100, 100])
    site = assign(one).site
    assert (site >= 0).all()
    assert loads(one, site).tolist() == [100, 100, 100]


def test_nobody_and_nowhere() -> None:
    assert assign(demand([], [], [5])).site.tolist() == []
    assert assign(demand([3], [[float("inf")]], [5])).site.tolist() == [NOWHERE]
    for arcs in (0, 1000):
        too_large = assign(demand([3], [[10.0]], [2]), exact_arcs=arcs)
        assert too_large.site.tolist() == [NOWHERE], "a household is not divided"


def test_neighbours_are_kept_together_for_little_and_the_price_is_said() -> None:
    one = crowd(9, 1.1)
    seats = assign(one)
    board = Board(one)
    on = np.flatnonzero(seats.site >= 0)
    board.put_many(on, seats.site[on])
    before = board.site.copy()
    found = gather(board, one.row // 12)
    assert (loads(one, board.site) <= one.capacity).all()
    assert found.after > found.before
    moved = np.flatnonzero(board.site != before)
    extra = one.metres(moved, board.site[moved]) - one.metres(moved, before[moved])
    assert found.price == pytest.approx(float((one.size[moved] * extra).sum()))
    assert found.price <= 0.005 * value(one, before)[1] + 1e-6
    assert len(moved)
    assert WORTH_M <= 200


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
    assert summary["candidates"] == 2, "somebody goes to the second nearest, nobody farther"


def test_assign_respects_pets_wheels_and_neighbours(street: Path) -> None:
    (street / "capacities.csv").write_text(
        "id,capacity,pets,step_free\nA,9,no,no\nB,9,yes,yes\nC,9,,\n", "utf-8"
    )
    lines = ["household_id,lat,lon,size,needs,block"]
    lines += [
        f"{name},{at(60, 50)[0]},{at(60, 50)[1]},1,{needs},"
        for name, needs in [("plain", ""), ("pets", "pets"), ("wheels", "wheelchair")]
    ]
    args = ["assign", "--roads", str(street / "roads"), "--shelters", str(street / "sites.json"),
            "--for", "flood", "--capacities", str(street / "capacities.csv"), "-"]  # fmt: skip
    _, rows, _ = sonae(*args, given="\n".join(lines))
    assert [row["shelter_id"] for row in rows] == ["A", "B", "B"]
    (street / "capacities.csv").write_text("id,capacity,pets,step_free\nA,9,no,no\n", "utf-8")
    _, rows, _ = sonae(*args, given="\n".join(lines))
    assert [row["shelter_id"] for row in rows] == ["A", "A", "A"], (
        "better a place with steps than none"
    )


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
