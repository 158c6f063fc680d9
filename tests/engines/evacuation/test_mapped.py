"""The network's file: what was written is read, nothing else is, and readers are never disturbed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonae.core.errors import SonaeError
from sonae.engines.evacuation.network import FILE, Network
from tests.conftest import ROOT
from tests.engines.evacuation.small import network

COLUMNS = ("lat", "lon", "tail", "head", "length_m", "slope", "stairs", "shape_start", "shape_lat",
           "shape_lon", "slope_known", "width_m", "bridge", "tunnel")  # fmt: skip


@st.composite
def nets(draw: st.DrawFn) -> Network:
    """A network of up to eight nodes with everything a file can say about its edges."""
    nodes = draw(st.integers(1, 8))
    at = st.integers(0, nodes - 1)
    pairs = draw(st.lists(st.tuples(at, at), max_size=12))
    flags = st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs))
    points = [(float(x), float(x * x)) for x in range(nodes)]
    made = network(points, pairs, bends={0: [(5, 5)]} if pairs else None)
    return replace(
        made,
        slope=np.array(draw(flags), np.float32) / 16,
        slope_known=np.array(draw(flags), np.bool_),
        width_m=np.where(np.array(draw(flags), bool), 2.5, np.nan).astype(np.float32),
        bridge=np.array(draw(flags), np.bool_),
        tunnel=np.array(draw(flags), np.bool_),
        facts={"inputs": ["道.osm"], "defects": {"duplicate": draw(st.integers(0, 9))}},
    )


@settings(max_examples=60, deadline=None)
@given(net=nets())
def test_written_and_read_it_is_the_same_and_written_again_the_same_bytes(
    net: Network, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("net")
    net.save(folder)
    first = (folder / FILE).read_bytes()
    again = Network.load(folder, check=True)
    for name in COLUMNS:
        assert np.array_equal(getattr(again, name), getattr(net, name), equal_nan=True), name
    assert (again.source, again.date, again.facts) == (net.source, net.date, net.facts)
    assert again.components().tolist() == net.components().tolist()
    again.save(folder)
    assert (folder / FILE).read_bytes() == first


def small() -> Network:
    return network([(0, 0), (100, 0), (100, 80)], [(0, 1), (1, 2)], bends={0: [(50, 20)]})


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_file_cut_anywhere_or_altered_is_refused(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("net")
    small().save(folder)
    raw = bytearray((folder / FILE).read_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        (folder / FILE).write_bytes(raw[:place])
    else:
        raw[place] ^= data.draw(st.integers(1, 255))
        (folder / FILE).write_bytes(raw)
    try:
        read = Network.load(folder, check=True)
    except SonaeError as error:
        assert error.code == "unreadable"
        assert error.hint
    else:  # a letter of the source, or a blank of the header: nothing that is reckoned with
        assert read.length_m.tolist() == small().length_m.tolist()
        assert read.tail.tolist() == small().tail.tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tail": np.array([0, 7], np.int32)}, "ない点"),
        ({"length_m": np.array([1, np.nan], np.float32)}, "長さ"),
        ({"lat": np.array([37.0, np.inf, 37.0])}, "緯度経度"),
        ({"slope": np.zeros(3, np.float32)}, "列の長さ"),
        ({"shape_start": np.array([0, 1, 0], np.int32)}, "折れ点"),
    ],
)
def test_columns_that_contradict_each_other_are_refused(
    change: dict[str, np.ndarray],
    words: str,
    tmp_path: Path,  # type: ignore[type-arg]
) -> None:
    wrong = replace(small(), **change)  # type: ignore[arg-type]
    assert words in wrong.contradiction()
    wrong.__dict__["_labels"] = np.zeros(3, np.int32)
    wrong.save(tmp_path)
    with pytest.raises(SonaeError, match=words):
        Network.load(tmp_path, check=True)


def test_who_has_the_former_file_open_goes_on_reading_it(tmp_path: Path) -> None:
    small().save(tmp_path)
    held = Network.load(tmp_path)
    network([(0, 0)], []).save(tmp_path)
    assert held.length_m.tolist() == small().length_m.tolist()
    assert len(Network.load(tmp_path).tail) == 0
    assert [path.name for path in tmp_path.iterdir()] == [FILE], "nothing half-written stays"


def test_a_save_that_fails_leaves_the_former_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small().save(tmp_path)
    before = (tmp_path / FILE).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        network([(0, 0)], []).save(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_another_process_reads_the_same(tmp_path: Path) -> None:
    small().save(tmp_path)
    script = (
        "import sys; from pathlib import Path; "
        "from sonae.engines.evacuation.network import Network; "
        "print(Network.load(Path(sys.argv[1])).length_m.sum())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert float(done.stdout) == pytest.approx(float(small().length_m.sum()))


def test_what_is_no_network_at_all_is_said(tmp_path: Path) -> None:
    for name, body in (
        ("empty", b""),
        ("text", b"hello world, hello world"),
        ("zeros", bytes(500)),
    ):
        (tmp_path / name).write_bytes(body)
        with pytest.raises(SonaeError) as caught:
            Network.load(tmp_path / name)
        assert caught.value.code == "unreadable"
    with pytest.raises(SonaeError, match="unreadable"):
        Network.load(tmp_path / "absent")
