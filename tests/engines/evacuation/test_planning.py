"""The plan for everyone: right site, right reason, right way, recomputed person by person."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sonae.engines.evacuation.danger import RoadState, Samples, edge_ground
from sonae.engines.evacuation.graph import Graph
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.planning import REASONS, City, People, Plan, Sites, Warned, plan
from sonae.engines.evacuation.profiles import ADULT, WHEELCHAIR, Conditions
from sonae.engines.evacuation.rulebook import DECISIONS, DEPARTURES, RULES
from sonae.engines.evacuation.told import Told
from sonae.engines.hazard.layer import HazardLayer
from sonae.engines.hazard.lookup import IN, UNKNOWN
from tests.engines.evacuation.small import layer, network, people, sites

# One street, 600 m, nodes every 100 m; water in the west, dry in the east, unsurveyed at the end.
STREET = network([(50.0 + 100 * i, 50.0) for i in range(7)], [(i, i + 1) for i in range(6)])
WATER = layer([[3, 3, 2, 0, 0, 0, 255]])
DRY = np.zeros((1, 7), np.uint8)
MORE = [layer(DRY, kind="collapse"), layer(DRY, kind="duration")]
FLOOD4 = [Warned("flood", 4)]


def _run(net: Network = STREET, **kwargs: object) -> Plan:
    folk = kwargs.pop("folk", None) or people([(50, 50), (250, 50), (450, 50), (650, 50)], net)
    where = kwargs.pop("where", None) or sites([4, 0], [2, 2])
    return plan(
        folk,
        City(net),
        kwargs.pop("layers", [WATER, *MORE]),
        where,
        kwargs.pop("warned", FLOOD4),
        **kwargs,
    )  # type: ignore[arg-type]


def test_only_people_in_danger_or_on_unsurveyed_ground_get_advice() -> None:
    made = _run()
    assert made.person.tolist() == [0, 1, 3]
    assert made.zone.tolist() == [IN, IN, UNKNOWN]
    assert [DECISIONS[d] for d in made.decision] == ["leave", "upstairs", "leave_unknown"]


def test_a_nearer_site_through_less_water_not_the_nearest() -> None:
    """From 250 m the western site is 200 m through water, the eastern 200 m with 50 m of it."""
    made = _run()
    assert made.site[1] == 0
    assert made.distance_m[1] == 200
    assert made.danger_m[1] == 50


def test_a_site_that_is_not_designated_is_never_chosen() -> None:
    made = _run(where=sites([4, 0, 3], [0, 2, 1], landslide=[2, 2, 2]))
    assert set(made.site.tolist()) == {1}
    none = _run(where=sites([4], [0], landslide=[2]))
    assert none.site.tolist() == [-1, -1, -1]
    assert {REASONS[r] for r in none.reason} == {"none_designated"}
    assert np.isnan(none.distance_m).all()


def test_closed_is_not_the_same_as_not_designated_or_not_reachable() -> None:
    closed = _run(where=sites([4, 0], [2, 2], usable=[False, False]))
    assert {REASONS[r] for r in closed.reason} == {"none_open"}
    away = _run(where=sites([-1], [2]))
    assert {REASONS[r] for r in away.reason} == {"not_connected"}, "a site off every road"
    welfare = _run(where=sites([0], [2], admits=[2]))
    assert {REASONS[r] for r in welfare.reason} == {"none_designated"}, "not for these people"


def test_a_partial_designation_is_used_only_without_a_full_one_and_is_said() -> None:
    made = _run(where=sites([4, 0], [1, 0]))
    assert made.site.tolist() == [0, 0, 0]
    assert {REASONS[r] for r in made.reason} == {"partial"}


def test_closed_and_restricted_sites() -> None:
    closed = _run(where=sites([4, 0], [2, 2], usable=[False, True]))
    assert set(closed.site.tolist()) == {1}
    folk = people([(50, 50), (150, 50)], STREET, groups=[0, 2])
    welfare = _run(folk=folk, where=sites([0, 6], [2, 2], admits=[2, 0]))
    assert welfare.site.tolist() == [1, 0], "a welfare-only site takes its groups and nobody else"


def _seated(**kwargs: object) -> tuple[list[int], list[float], list[float]]:
    """Site, metres and metres in danger of two at 250 m, best off at site 0, with seats at site 1."""
    folk = people([(250, 50), (250, 50)], STREET, profile=[ADULT, WHEELCHAIR])
    seats = Told(np.ones(2, np.int32), np.zeros(2, np.bool_))
    made = _run(folk=folk, told=seats, **kwargs)
    return made.site.tolist(), made.distance_m.tolist(), made.danger_m.tolist()


def test_a_seat_is_kept_by_the_way_as_it_is_now() -> None:
    dry_way_back = {"where": sites([4, 6], [2, 2])}
    assert _seated(**dry_way_back) == ([1, 1], [400, 400], [50, 50])
    wet = RoadState(danger=np.array([4]))
    assert _seated(**dry_way_back, roads=wet) == ([1, 1], [400, 400], [150, 150])
    shut = RoadState(closed=np.array([4]))
    assert _seated(**dry_way_back, roads=shut) == ([0, 0], [200, 200], [50, 50])


def test_a_seat_is_given_up_where_the_plan_may_not_send_this_person() -> None:
    for where in (
        sites([4, 6], [2, 0]),
        sites([4, 6], [2, 1]),
        sites([4, 6], [2, 2], admits=[0, 2]),
        sites([4, 6], [2, 2], usable=[True, False]),
        sites([4, -1], [2, 2]),
    ):
        assert _seated(where=where)[0] == [0, 0]


def test_every_warned_hazard_of_the_person_must_be_covered() -> None:
    slope = layer([[1, 0, 0, 0, 0, 0, 0]], hazard="landslide", kind="zone", scale="")
    warned = [Warned("flood", 4), Warned("landslide", 4)]
    where = sites([1, 6], [2, 2], landslide=[0, 2])
    made = _run(layers=[WATER, slope], warned=warned, where=where)
    assert made.site[0] == 1, "in both hazards: the first site is not designated for landslides"


def test_who_must_leave_leaves_by_the_gravest_of_all_that_concerns_them() -> None:
    """The collapse zone decides where to go; the landslide, at 4, decides when."""
    slope = layer([[1, 0, 0, 0, 0, 0, 0]], hazard="landslide", kind="zone", scale="")
    washed = layer([[1, 1, 0, 0, 0, 0, 0]], kind="collapse")
    more = {"layers": [WATER, washed, slope], "where": sites([6], [2], landslide=[2])}
    folk = people([(50, 50), (150, 50)], STREET)

    def told(flood: int, landslide: int) -> list[str]:
        warned = [Warned("flood", flood), Warned("landslide", landslide)]
        made = _run(warned=warned, folk=folk, **more)
        assert {RULES[r].id for r in made.rule} == {"collapse"}
        return [DEPARTURES[code] for code in made.departure]

    assert told(3, 4) == ["leave_now", "prepare"]
    assert told(4, 5) == ["too_late", "leave_now"], "level 5 of any danger: moving may kill"
    assert told(5, 4) == ["too_late", "too_late"]


_FORECAST = st.tuples(
    st.none() | st.floats(0, 90), st.integers(4, 5), st.integers(3, 5)
)  # minutes, forecast level, level in force


@settings(max_examples=150, deadline=None)
@given(
    by_hazard=st.lists(_FORECAST, min_size=2, max_size=2),
    homes=st.lists(st.floats(10, 690), min_size=1, max_size=8),
    profile=st.integers(0, 3),
    seed=st.integers(0, 2**16),
)
def test_when_to_leave_equals_a_naive_reading_per_person(
    by_hazard: list[tuple[float | None, int, int]], homes: list[float], profile: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    flood = layer(rng.choice([0, 0, 1, 2, 3, 255], (1, 7)).tolist())
    washed = layer(rng.choice([0, 1], (1, 7)).tolist(), kind="collapse")
    slope = layer(rng.choice([0, 1, 2, 255], (1, 7)).tolist(), hazard="landslide", kind="zone")
    warned = []
    for name, (minutes, forecast, level) in zip(("flood", "landslide"), by_hazard, strict=True):
        rises = minutes is not None and forecast > level
        warned.append(Warned(name, level, ((forecast, minutes),) if rises else ()))
    folk = people([(x, 50.0) for x in homes], STREET, profile=[profile] * len(homes))
    where = sites([6, 2], [2, 1], landslide=[2, 2])
    made = _run(warned=warned, folk=folk, where=where, layers=[flood, washed, slope])
    for row, person in enumerate(made.person.tolist()):
        ranks = [int(x.ranks_at(folk.lat[[person]], folk.lon[[person]])[0]) for x in (flood, slope)]
        here = [ranks[0] != 0 or bool(washed.ranks_at(folk.lat, folk.lon)[person] == 1), ranks[1]]
        concerned = [item for item, inside in zip(warned, here, strict=True) if inside]
        leaves = DECISIONS[made.decision[row]].startswith("leave")
        wanted = _naive(concerned, float(made.minutes[row]), profile) if leaves else "no_need"
        assert DEPARTURES[made.departure[row]] == wanted


def _naive(concerned: list[Warned], minutes: float, profile: int) -> str:
    """What one person is told, one sentence of decision 0008 after the other."""
    walk = 15.0 if np.isnan(minutes) else minutes
    if any(item.level == 5 for item in concerned):
        return "too_late"
    rises = [rise for item in concerned for rise in item.rises]
    if any(level == 5 and begins < walk for level, begins in rises):
        return "too_late"
    if any(item.level == 4 for item in concerned) or profile != ADULT:
        return "leave_now"
    times = [begins for _level, begins in rises]
    if not times:
        return "prepare"
    return "leave_now" if min(times) - 15.0 - walk <= 0 else "leave_by"


def test_stairs_are_no_way_for_a_wheelchair() -> None:
    net = network(
        [(50, 50), (150, 50), (50, 150), (150, 150)], [(0, 1), (0, 2), (2, 3), (3, 1)], stairs=(0,)
    )
    folk = people([(50, 50), (50, 50)], net, profile=[ADULT, WHEELCHAIR])
    made = _run(net, folk=folk, where=sites([1], [2]), layers=[layer([[3, 3], [3, 3]])])
    assert made.distance_m.tolist() == [100, 300]
    assert made.minutes[1] > made.minutes[0] * 5
    cut = _run(network([(50, 50), (150, 50)], [(0, 1)], stairs=(0,)),
               folk=people([(50, 50)], net, profile=[WHEELCHAIR]), where=sites([1], [2]))  # fmt: skip
    assert REASONS[cut.reason[0]] == "not_connected"


def test_night_is_slower_and_a_closed_street_changes_the_way() -> None:
    day, night = _run(), _run(conditions=Conditions(night=True))
    assert np.allclose(night.minutes, day.minutes / 0.8)
    cut = RoadState(closed=np.array([3]))
    assert _run(roads=cut).site.tolist() == [1, 1, 0]


def test_water_seen_on_a_street_counts_as_danger_on_its_whole_length() -> None:
    """From 250 m the eastern way is 200 m with 50 m of water until its last street floods."""
    before = _run(where=sites([4], [2]))
    after = _run(where=sites([4], [2]), roads=RoadState(danger=np.array([3])))
    assert (before.distance_m == after.distance_m).all()
    assert (after.danger_m - before.danger_m).tolist() == [100, 100, 0]


def test_nothing_warned_means_nobody_exposed_and_no_layer_means_unknown() -> None:
    assert len(_run(warned=[]).person) == 0
    everyone = _run(layers=[])
    assert everyone.zone.tolist() == [UNKNOWN] * 4


def test_a_random_city_person_by_person() -> None:
    """Each person's answer equals a search made for that person alone."""
    rng = np.random.default_rng(5)
    side = 15
    points = [(50.0 + 100 * (i % side), 50.0 + 100 * (i // side)) for i in range(side * side)]
    edges = [(i, i + 1) for i in range(side * side) if (i + 1) % side and rng.random() < 0.9]
    edges += [(i, i + side) for i in range(side * (side - 1)) if rng.random() < 0.9]
    net = network(points, edges, stairs=tuple(range(0, len(edges), 11)))
    flood = layer(rng.choice([0, 0, 1, 2, 3, 255], (side, side)).tolist())
    slope = layer(
        rng.choice([0, 0, 0, 1, 2], (side, side)).tolist(),
        hazard="landslide",
        kind="zone",
        scale="",
    )
    count = 80
    folk = people(
        [tuple(p) for p in rng.uniform(0, 1500, (count, 2)).tolist()], net,
        floor=rng.integers(0, 4, count).tolist(), storeys=rng.integers(0, 6, count).tolist(),
        profile=rng.integers(0, 4, count).tolist(), groups=rng.integers(0, 4, count).tolist(),
    )  # fmt: skip
    where = sites(
        rng.choice(side * side, 12, replace=False).tolist(), rng.integers(0, 3, 12).tolist(),
        rng.integers(0, 3, 12).tolist(), rng.choice([0, 0, 1, 2], 12).tolist(),
        rng.choice([True, True, False], 12).tolist(),
    )  # fmt: skip
    made = plan(
        folk, City(net), [flood, slope], where, [Warned("flood", 3), Warned("landslide", 4)]
    )
    danger = edge_ground(net, Samples(net), [flood, slope]).with_danger(net)
    for row, person in enumerate(made.person.tolist()):
        wanted = _alone(net, danger, folk, where, [flood, slope], person)
        got = (int(made.site[row]), float(made.danger_m[row]))
        assert wanted is None if got[0] < 0 else wanted == (got[1], float(made.distance_m[row]))


def _alone(
    net: Network,
    danger: NDArray[np.float32],
    folk: People,
    where: Sites,
    layers: list[HazardLayer],
    person: int,
) -> tuple[float, float] | None:
    """The best (danger, distance) of one person over all sites he or she may use, or None."""
    ranks = [int(one.ranks_at(folk.lat[[person]], folk.lon[[person]])[0]) for one in layers]
    needed = [one.hazard for one, rank in zip(layers, ranks, strict=True) if rank != 0]
    for least in (2, 1):
        usable = [
            number for number, node in enumerate(where.node.tolist())
            if where.usable[number]
            and (where.admits[number] == 0 or where.admits[number] & folk.groups[person])
            and all(where.designation[hazard][number] >= least for hazard in needed)
        ]  # fmt: skip
        if usable:
            break
    blocked = net.stairs if folk.profile[person] == WHEELCHAIR else np.zeros(len(net.tail), bool)
    graph = Graph(net, danger, blocked)
    found = []
    for number in usable:
        tree = graph.tree(where.node[[number]])
        node = folk.node[person]
        if tree.site[node] >= 0:
            metres = float(tree.distance_m[node] + folk.node_m[person])
            found.append((float(tree.danger_m[node]), metres))
    return min(found, default=None)
