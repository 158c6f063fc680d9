"""The socket of a J-Alert receiver: nothing lost, nothing twice, nothing acknowledged that is not on disk."""

from __future__ import annotations

import gzip
import io
import socket
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import DatabaseError

from sonae.core.errors import SonaeError
from sonae.domains.warnings import inputs as lines
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.models import Telegram, WarningInput
from sonae.gateways.inputs import jma_frame, jma_socket
from sonae.gateways.simulators import jma_socket as simulator
from sonae.gateways.simulators.jma_socket import NATIONAL_TEST, Pusher, frame, message_tar, with_bch
from sonae.platform import worlds
from sonae.platform.scope import Scope, World
from tests.domains.warnings.conftest import CODE, city, rain  # noqa: F401 - a fixture
from tests.fixtures import ADMINISTRATOR
from tests.gateways.lines import (
    committed,  # noqa: F401 - a fixture
    supervised,
    until,
)
from tests.ports import free_port

MISSILE = "ミサイル発射。ミサイル発射。建物の中、または地下に避難してください。"
Ports = tuple[int, int]


@pytest.fixture
def ports(city: Scope) -> Iterator[Ports]:  # noqa: F811
    """A running line with one ordinary and one training port."""
    real, training = free_port(), free_port()
    add(real, training)
    with supervised():
        until(lambda: WarningInput.objects.get().state == "running")
        yield real, training


def add(real: int, training: int, peers: str = "127.0.0.1") -> WarningInput:
    options = {"ports": str(real), "training_ports": str(training), "peers": peers}
    return warnings.add_input(
        ADMINISTRATOR, "jma-socket", "Jアラート", {**options, "host": "127.0.0.1"}
    )


def pusher(port: int) -> Pusher:
    return Pusher(("127.0.0.1", port), timeout=20)


def refuses(port: int) -> bool:
    try:
        with pusher(port) as line:
            return not line.health()
    except OSError:
        return True


def kept(world: World = World.LIVE) -> list[Telegram]:
    with worlds.entered(CODE, world):
        return list(Telegram.objects.order_by("pk"))


def test_telegrams_of_every_type_arrive_and_are_acknowledged_when_on_disk(ports: Ports) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.xml", rain("10", minutes=2))
    zipped = with_bch(b"", "VPWW55", packed=False) + packed.getvalue()
    with pusher(ports[0]) as line:
        assert line.health()
        for number, (kind, body) in enumerate(
            [
                ("BI", with_bch(rain("10", minutes=0), "VPWW55")),
                ("FX", with_bch(rain("03", minutes=1), "VPWW55", packed=False)),
                ("BI", zipped),
                ("AN", with_bch(rain("43", minutes=3), "VPWW55", packed=False)),
                ("JL", message_tar(MISSILE)),
            ]
        ):
            answer = line.push(kind, body)
            assert answer.startswith(b"00000033ENACK0")
            assert len(kept()) == number + 1, "an acknowledged document is there"
    assert [one.state for one in kept()] == ["read"] * 5
    assert kept()[-1].source == "jalert"
    assert kept(World.EXERCISE) == []
    row = WarningInput.objects.get()
    assert (row.received, row.state, row.error) == (5, "running", "")


def test_a_frame_without_check_point_is_taken_and_not_answered(ports: Ports) -> None:
    with pusher(ports[0]) as line:
        assert line.push("BI", with_bch(rain("10"), "VPWW55"), check_point=False) == b""
        assert line.health(), "the next answer is that of the health check"
    until(lambda: len(kept()) == 1)


def test_a_training_port_a_flag_and_a_test_make_exercises(ports: Ports) -> None:
    with pusher(ports[1]) as line:
        line.push("BI", with_bch(rain("43"), "VPWW55"))
        line.push("JL", message_tar(MISSILE))
    with pusher(ports[0]) as line:
        line.push("JL", message_tar(MISSILE, training=True))
        line.push("JL", message_tar(NATIONAL_TEST))
        line.push("BI", with_bch(rain("43", minutes=6, status="exercise"), "VPWW55", test=True))
    assert kept() == []
    assert len(kept(World.EXERCISE)) == 5
    with pusher(ports[0]) as line:
        line.push("BI", with_bch(rain("43"), "VPWW55"))
    assert len(kept()) == 1, "what was rehearsed does not hide the real thing"


def test_a_header_s_bit_never_hides_what_says_that_it_is_real(ports: Ports) -> None:
    with pusher(ports[0]) as line:
        line.push("BI", with_bch(rain("43", minutes=5), "VPWW55", test=True))
        line.push("AN", with_bch(b"ABC123 =", "TEXT00", test=True))
    assert len(kept()) == 1
    assert len(kept(World.EXERCISE)) == 1
    until(lambda: "試験の印" in WarningInput.objects.get().error)


def test_pieces_as_small_as_bytes_make_whole_frames(ports: Ports) -> None:
    sent = frame("BI", with_bch(rain("10"), "VPWW55"), check_point=True)
    with socket.create_connection(("127.0.0.1", ports[0]), timeout=20) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(60):
            line.sendall(sent[at : at + 1])
        line.sendall(sent[60:] + simulator.HEALTH_CHECK)
        answer = b""
        while len(answer) < 56:
            answer += line.recv(100)
    assert answer == b"00000033ENACK" + sent[:30] + simulator.HEALTH_ANSWER
    assert len(kept()) == 1


def test_what_is_sent_again_counts_once(ports: Ports) -> None:
    telegram, message = with_bch(rain("43"), "VPWW55"), message_tar(MISSILE)
    for _again in range(3):
        with pusher(ports[0]) as line:
            assert line.push("BI", telegram)
            assert line.push("JL", message)
    assert [one.state for one in kept()] == ["read", "read"]
    row = WarningInput.objects.get()
    assert len(row.progress["first"]) == 1
    warnings.set_enabled(ADMINISTRATOR, row.name, False)
    until(lambda: refuses(ports[0]))
    warnings.set_enabled(ADMINISTRATOR, row.name, True)
    until(lambda: not refuses(ports[0]))
    with pusher(ports[0]) as line:
        line.push("JL", message)
    assert len(kept()) == 2, "also over a restart"


def test_a_line_that_breaks_in_the_middle_loses_nothing(ports: Ports) -> None:
    sent = frame("BI", with_bch(rain("43"), "VPWW55"), check_point=True)
    with socket.create_connection(("127.0.0.1", ports[0])) as line:
        line.sendall(sent[:-40])
    until(lambda: len(kept()) == 1)
    assert [one.state for one in kept()] == ["refused"]
    with pusher(ports[0]) as again:
        again.push("BI", with_bch(rain("43"), "VPWW55"))
    assert [one.state for one in kept()] == ["refused", "read"]
    assert 4 in [one.level for one in warnings.in_force()]
    until(lambda: "途中で切れました" in WarningInput.objects.get().error)
    assert len(warnings.alarms()) == 1, "a person looks at what broke off"


@pytest.mark.parametrize(
    "bad",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"0000001xBI" + b"x" * 20,
        b"99999999BI" + b"x" * 20,
        b"00000010ZZ" + b"x" * 20,
    ],
)
def test_a_line_out_of_step_is_cut_and_kept_for_a_person(ports: Ports, bad: bytes) -> None:
    with socket.create_connection(("127.0.0.1", ports[0]), timeout=20) as line:
        line.sendall(bad)
        line.shutdown(socket.SHUT_WR)
        assert line.recv(100) == b""
    until(lambda: len(kept()) == 1)
    assert bytes(kept()[0].raw) == bad
    until(lambda: "頭が読めない" in WarningInput.objects.get().error)
    with pusher(ports[0]) as line:
        assert line.health()


def test_a_wrong_length_is_seen_and_the_next_connection_is_sound(ports: Ports) -> None:
    body = with_bch(rain("43"), "VPWW55")
    short = f"{len(body) - 30:08d}bI".encode() + body
    with socket.create_connection(("127.0.0.1", ports[0]), timeout=20) as line:
        line.sendall(short)
        line.shutdown(socket.SHUT_WR)
        while line.recv(100):
            pass
    until(lambda: len(kept()) == 2)
    assert {one.state for one in kept()} == {"refused"}
    with pusher(ports[0]) as again:
        again.push("BI", body)
    assert 4 in [one.level for one in warnings.in_force()]


def test_nothing_is_acknowledged_that_could_not_be_stored(
    ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, failing = lines.accept, threading.Event()

    def accept(raw: bytes, **options: Any) -> warnings.Accepted:
        if not failing.is_set():
            failing.set()
            raise DatabaseError("the disk is full")
        return whole(raw, **options)

    monkeypatch.setattr(lines, "accept", accept)
    body = with_bch(rain("43"), "VPWW55")
    with pusher(ports[0]) as line, pytest.raises(ConnectionError):
        line.push("BI", body)
    assert kept() == []
    until(lambda: WarningInput.objects.get().restarts == 1)
    until(lambda: WarningInput.objects.get().state == "running")
    with pusher(ports[0]) as line:
        line.push("BI", body)
    assert len(kept()) == 1


def test_strangers_are_refused_and_it_is_said(city: Scope) -> None:  # noqa: F811
    real = free_port()
    add(real, free_port(), peers="192.0.2.0/24")
    with supervised():
        until(lambda: WarningInput.objects.get().state == "running")
        with socket.create_connection(("127.0.0.1", real), timeout=20) as line:
            line.settimeout(20)
            assert line.recv(10) == b""
        until(lambda: "127.0.0.1" in WarningInput.objects.get().error)
    assert warnings.inputs()[0].state == "waiting"


def test_a_port_that_is_taken_is_said_and_taken_over_when_free(city: Scope) -> None:  # noqa: F811
    real = free_port()
    other = socket.create_server(("127.0.0.1", real))
    add(real, free_port())
    with supervised():
        until(lambda: str(real) in WarningInput.objects.get().error)
        other.close()
        until(lambda: WarningInput.objects.get().state == "running")
        with pusher(real) as line:
            assert line.health()


@pytest.mark.parametrize(
    "options",
    [
        {"peers": "127.0.0.1"},
        {"ports": "36000"},
        {"ports": "36000", "peers": "receiver"},
        {"ports": "0", "peers": "127.0.0.1"},
        {"ports": "36000-46000", "peers": "127.0.0.1"},
        {"ports": "36000", "training_ports": "36000", "peers": "127.0.0.1"},
        {"ports": "36000", "peers": "127.0.0.1", "host": "here"},
    ],
)
def test_settings_that_cannot_work_are_refused(city: Scope, options: dict[str, str]) -> None:  # noqa: F811
    with pytest.raises(SonaeError, match="unprocessable"):
        warnings.add_input(ADMINISTRATOR, "jma-socket", "Jアラート", options)
    assert not WarningInput.objects.exists()


def test_a_bomb_in_a_zip_is_not_unpacked() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", b" " * (jma_frame.MOST_BYTES + 1))
    assert jma_frame.contents(packed.getvalue()) == (packed.getvalue(), False)
    assert jma_frame.contents(b"") == (b"", False)
    assert jma_frame.contents(b"\x15" + b"\0" * 30) == (b"\0" * 11, False)
    document = rain("10")
    assert jma_frame.contents(document) == (document, False)
    assert jma_frame.contents(b"\x0f" + b"?" * 25 + gzip.compress(document)) == (
        gzip.compress(document), False,
    )  # fmt: skip


def test_the_simulator_replays_files_and_shows_the_answers(ports: Ports, tmp_path: Path) -> None:
    (tmp_path / "1_VPWW55_a.xml").write_bytes(rain("10"))
    (tmp_path / "2.txt").write_text(MISSILE)
    (tmp_path / "3.tar").write_bytes(message_tar(MISSILE + "つづき", training=True))
    files = [str(path) for path in sorted(tmp_path.iterdir())]
    to = ["--to", f"127.0.0.1:{ports[0]}", "--every", "0"]
    told = CliRunner().invoke(simulator.command, [*files, *to, "--national-test"])
    assert told.exit_code == 0, told.output
    assert told.output.count("00000033ENACK") == 4
    assert len(kept()) == 2
    assert {one.status for one in kept(World.EXERCISE)} == {"exercise", "test"}
    nobody = CliRunner().invoke(simulator.command, [*files, "--to", f"127.0.0.1:{free_port()}"])
    assert nobody.exit_code == 1
    assert jma_socket.KIND.name == simulator.command.name
