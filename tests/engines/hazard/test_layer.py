"""Layers: where a rank lies, what is unknown, and that nothing changes on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sonae.engines.evacuation.decision import decide
from sonae.engines.evacuation.rulebook import RULES
from sonae.engines.hazard.layer import NOT_SURVEYED, HazardLayer
from sonae.engines.hazard.lookup import IN, OUT, UNKNOWN, governing, zones
from tests.engines.evacuation.small import at, layer

RANKS = st.sampled_from([0, 1, 2, 3, 6, 254, 255])


def _at(one: HazardLayer, *places_m: tuple[float, float]) -> list[int]:
    where = np.array([at(x, y) for x, y in places_m])
    return one.ranks_at(where[:, 0], where[:, 1]).tolist()


def test_row_zero_is_north() -> None:
    one = layer([[1, 2], [3, 4]])
    assert _at(one, (50, 150), (150, 150), (50, 50), (150, 50)) == [1, 2, 3, 4]


def test_beyond_the_raster_is_not_surveyed() -> None:
    one = layer([[1]])
    assert _at(one, (-1, 50), (101, 50), (50, -1), (50, 101)) == [NOT_SURVEYED] * 4


@given(arrays(np.uint8, (5, 4), elements=RANKS), st.integers(0, 2**32 - 1))
def test_lookup_equals_a_loop_over_cells(ranks: np.ndarray, seed: int) -> None:  # type: ignore[type-arg]
    one = layer(ranks)
    places = np.random.default_rng(seed).uniform(-100, 600, (50, 2))
    for (x, y), got in zip(places, _at(one, *map(tuple, places)), strict=True):
        row, col = int(np.floor(5 - y / 100)), int(np.floor(x / 100))
        inside = 0 <= row < 5 and 0 <= col < 4
        assert got == (ranks[row, col] if inside else NOT_SURVEYED)


def test_saved_and_loaded_again_it_is_the_same(tmp_path: Path) -> None:
    one = layer([[0, 1], [255, 254]], hazard="landslide", kind="zone")
    one.save(tmp_path / "layer")
    again = HazardLayer.load(tmp_path / "layer")
    assert isinstance(again.ranks, np.memmap)
    for name, value in one.__dict__.items():
        assert (
            np.array_equal(value, getattr(again, name))
            if name == "ranks"
            else value == getattr(again, name)
        )


def _zone(*layers: HazardLayer, place: tuple[float, float] = (50, 50)) -> tuple[int, int]:
    lat, lon = at(*place)
    found = zones(layers, np.array([lat]), np.array([lon]))
    return int(found.zone[0]), int(found.rank[0])


def test_three_values() -> None:
    assert _zone(layer([[2]])) == (IN, 2)
    assert _zone(layer([[0]])) == (OUT, 0)
    assert _zone(layer([[255]])) == (UNKNOWN, 0)
    assert _zone(layer([[254]])) == (UNKNOWN, 0), "an unreadable cell says nothing"
    assert _zone() == (UNKNOWN, 0), "no layer at all is not safety"


@given(st.lists(RANKS, min_size=1, max_size=4), st.randoms())
def test_layers_join_in_any_order(ranks: list[int], random: Random) -> None:
    """Inside when any says so with the highest rank, outside only when one was surveyed."""
    layers = [layer([[rank]]) for rank in ranks]
    random.shuffle(layers)
    inside = [rank for rank in ranks if 0 < rank < 254]
    want = (IN, max(inside)) if inside else (OUT, 0) if 0 in ranks else (UNKNOWN, 0)
    assert _zone(*layers) == want


def test_depth_collapse_and_duration() -> None:
    lat, lon = at(50, 50)
    stack = [layer([[3]]), layer([[1]], kind="collapse"), layer([[4]], kind="duration")]
    found = zones(stack, np.array([lat]), np.array([lon]))
    assert found.depth_m[0] == 5.0
    assert found.collapse[0]
    assert found.duration[0] == 4
    assert found.layer[0] == 0
    alone = zones(stack[1:2], np.array([lat]), np.array([lon]))
    assert alone.zone[0] == IN, "a collapse zone is danger also where no depth is drawn"
    assert np.isnan(alone.depth_m[0])
    deepest = zones([layer([[6]])], np.array([lat]), np.array([lon]))
    assert np.isinf(deepest.depth_m[0])


_STEPS = st.lists(st.floats(0.1, 30.0), min_size=1, max_size=6)


@given(st.lists(st.tuples(_STEPS, RANKS), min_size=1, max_size=4))
def test_the_depth_is_the_deepest_of_any_layer_whatever_its_rank(
    drawn: list[tuple[list[float], int]],
) -> None:
    """A layer that draws water and states no depth for it leaves the depth unknown."""
    stack, said = [], []
    for steps, rank in drawn:
        depths = tuple((0.0, upper) for upper in sorted(steps))
        stack.append(replace(layer([[rank]]), depths=depths))
        if 0 < rank < 254:
            said.append(depths[rank - 1][1] if rank <= len(depths) else np.nan)
    lat, lon = at(50, 50)
    got = float(zones(stack, np.array([lat]), np.array([lon])).depth_m[0])
    if not said or any(np.isnan(depth) for depth in said):
        assert np.isnan(got)
    else:
        assert got == np.float32(max(said))


def test_a_higher_rank_of_a_finer_survey_is_not_deeper() -> None:
    surge = tuple((0.0, upper) for upper in (0.3, 1.0, 2.0, 3.0))
    finer = replace(layer([[4]], hazard="storm_surge"), depths=surge)
    coarse = layer([[3]], hazard="storm_surge")
    lat, lon = at(50, 50)
    found = zones([finer, coarse], np.array([lat]), np.array([lon]))
    assert (int(found.rank[0]), float(found.depth_m[0])) == (4, 5.0)
    folk = [
        np.array([value], kind) for value, kind in ((2, np.int16), (2, np.int16), (0, np.uint8))
    ]
    rule = decide([("storm_surge", found)], *folk).rule
    assert RULES[rule[0]].id == "depth_over_home", "the second floor is at 3 m, the water may be 5"


def test_the_largest_assumption_governs() -> None:
    small, large = layer([[0]], scale="L1"), layer([[2]], scale="L2")
    assert governing([small, large]) == [large]
    assert governing([small]) == [small]


def test_a_dry_spot_of_the_planned_flood_is_not_dry_in_the_largest() -> None:
    dry, wet = layer([[0]], scale="L1"), layer([[2]], scale="L1")
    unsurveyed, none = layer([[255]], scale="L2"), layer([[0]], scale="L2")
    assert _zone(dry, unsurveyed) == (UNKNOWN, 0)
    assert _zone(dry, none) == (OUT, 0)
    assert _zone(wet, unsurveyed) == (IN, 2), "a river with a planned scale only still counts"
    assert _zone(dry) == (OUT, 0), "the only survey there is"


def test_no_survey_of_collapse_or_duration_is_unknown() -> None:
    lat, lon = at(50, 50)
    places = (np.array([lat]), np.array([lon]))
    bare = zones([layer([[1]])], *places)
    assert (bool(bare.collapse_known[0]), int(bare.duration[0])) == (False, NOT_SURVEYED)
    some = [layer([[1]]), layer([[0]], kind="collapse"), layer([[2]], kind="duration"),
            layer([[255]], kind="duration")]  # fmt: skip
    full = zones(some, *places)
    assert (bool(full.collapse_known[0]), bool(full.collapse[0])) == (True, False)
    assert int(full.duration[0]) == 2
    only = zones([layer([[0]], kind="collapse")], *places)
    assert only.zone[0] == UNKNOWN, "a collapse survey does not say how far the water reaches"


def _by_hand(
    rows: list[tuple[str, str, list[int]]], place: int
) -> tuple[int, int, int, bool, bool, int]:
    """What the layers say about one place, decided place by place: zone, rank, layer, collapse, duration."""
    extents = [(k, s, r) for k, s, r in rows if k == "depth"]
    largest = any(s == "L2" for _, s, _ in extents)
    rank, which, surveyed, collapse, known, duration = 0, -1, False, False, False, 255
    for number, (kind, scale, ranks) in enumerate(rows):
        value = ranks[place]
        if kind == "collapse":
            collapse, known = collapse or 0 < value < 254, known or value < 254
        elif kind == "duration":
            if value < 254:
                duration = value if duration == 255 else max(duration, value)
        else:
            surveyed |= (scale == "L2" or not largest) and value < 254
            if rank < value < 254:
                rank, which = value, number
    zone = IN if rank or collapse else OUT if surveyed else UNKNOWN
    return zone, rank, which, collapse, known, duration


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["depth", "collapse", "duration"]), st.sampled_from(["L1", "L2", ""]),
            st.lists(st.sampled_from([0, 1, 2, 3, 6, 254, 255]), min_size=4, max_size=4),
        ),
        max_size=6,
    )
)  # fmt: skip
def test_many_places_at_once_are_answered_as_one_by_one(
    rows: list[tuple[str, str, list[int]]],
) -> None:
    layers = [layer([ranks], kind=kind, scale=scale) for kind, scale, ranks in rows]
    lat, lon = np.array([at(50 + 100 * place, 50) for place in range(4)]).T
    found = zones(layers, lat, lon)
    for place in range(4):
        zone, rank, which, collapse, known, duration = _by_hand(rows, place)
        assert (found.zone[place], found.rank[place], found.layer[place]) == (zone, rank, which)
        assert (found.collapse[place], found.collapse_known[place]) == (collapse, known)
        assert found.duration[place] == duration
        assert np.isnan(found.depth_m[place]) == (rank == 0)
