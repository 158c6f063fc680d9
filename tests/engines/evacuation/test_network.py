"""The network: snapping, components, and the way to disk and back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from sonae.core.clock import JST
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.sun import is_night, sun_height
from tests.engines.evacuation.small import at, network


def test_saved_and_loaded_again_it_is_the_same(tmp_path: Path) -> None:
    net = network(
        [(0, 0), (100, 0), (100, 80)], [(0, 1), (1, 2)], stairs=(1,), bends={0: [(50, 20)]}
    )
    net.save(tmp_path / "n")
    again = Network.load(tmp_path / "n")
    assert not again.lat.flags.writeable
    assert not again.lat.flags.owndata
    for name, value in net.__dict__.items():
        same = np.array_equal(value, getattr(again, name), equal_nan=name == "width_m")
        assert same if name != "facts" else value == again.facts, name


def test_homes_snap_to_the_main_component_in_metres() -> None:
    net = network([(0, 0), (100, 0), (200, 0), (500, 0)], [(0, 1), (1, 2)])
    lat, lon = (np.array([v]) for v in at(490, 30))
    node, metres = net.snap(lat, lon)
    assert node.tolist() == [2]
    assert metres[0] == pytest.approx(np.hypot(290, 30), rel=1e-3)
    anywhere, near = net.snap(lat, lon, main_component=False)
    assert anywhere.tolist() == [3]
    assert near[0] == pytest.approx(np.hypot(10, 30), rel=1e-3)
    assert len(set(net.components().tolist())) == 2


def test_a_lonely_network_has_a_place_and_no_way() -> None:
    lonely = Network.lonely(37.5, 139.9)
    node, _ = lonely.snap(np.array([37.5]), np.array([139.9]))
    assert node.tolist() == [0]
    assert len(lonely.tail) == 0


@pytest.mark.parametrize(
    ("day", "rise", "sets"),
    [  # 国立天文台 暦計算室, 東京 35.6581N 139.7414E, 2026
        ((2026, 3, 20), (5, 45), (17, 53)),
        ((2026, 6, 21), (4, 25), (19, 0)),
        ((2026, 12, 22), (6, 47), (16, 32)),
    ],
)
def test_sunrise_and_sunset_of_tokyo(
    day: tuple[int, int, int], rise: tuple[int, int], sets: tuple[int, int]
) -> None:
    """Within four minutes of the published times."""

    def dark(hour: int, minute: int) -> bool:
        return is_night(datetime(*day, hour, minute, tzinfo=JST), 35.6581, 139.7414)

    for (hour, minute), before in ((rise, True), (sets, False)):
        total = hour * 60 + minute
        assert dark(*divmod(total - 4, 60)) is before
        assert dark(*divmod(total + 4, 60)) is not before
    assert sun_height(datetime(*day, 12, 0, tzinfo=JST), 35.6581, 139.7414) > 25
