"""Rule mails of a J-Alert receiver over real SMTP: kept raw, accepted only when on disk, tests stay tests."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import DatabaseError

from sonae.core.errors import SonaeError
from sonae.domains.warnings import inputs as lines
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.models import Telegram, WarningInput
from sonae.gateways.simulators import jalert_mail as simulator
from sonae.gateways.simulators.jalert_mail import CHARSETS, NATIONAL_TEST, letter, send
from sonae.platform import worlds
from sonae.platform.scope import Scope, World
from tests.domains.warnings.conftest import CODE, city  # noqa: F401 - a fixture
from tests.fixtures import ADMINISTRATOR
from tests.gateways.lines import (
    committed,  # noqa: F401 - a fixture
    supervised,
    until,
)
from tests.ports import free_port

MISSILE = (
    "国民保護に関する情報。\nミサイル発射。ミサイル発射。\n建物の中、または地下に避難してください。"
)


def add(number: int, **more: str) -> WarningInput:
    options = {"port": str(number), "peers": "127.0.0.1", "host": "127.0.0.1", **more}
    return warnings.add_input(ADMINISTRATOR, "jalert-mail", "動作ルール", options)


@pytest.fixture
def port(city: Scope) -> Iterator[int]:  # noqa: F811
    """A running line that admits one domain and one address."""
    found = free_port()
    add(found, senders="@receiver.example, duty@city.example")
    with supervised():
        until(lambda: WarningInput.objects.get().state == "running")
        yield found


def kept(world: World = World.LIVE) -> list[Telegram]:
    with worlds.entered(CODE, world):
        return list(Telegram.objects.order_by("pk"))


@pytest.mark.parametrize("charset", CHARSETS)
def test_a_mail_in_any_letters_is_civil_protection(port: int, charset: str) -> None:
    body = letter("Jアラート", MISSILE, charset)
    assert send(("127.0.0.1", port), body).startswith("250 ")
    [one] = kept()
    assert bytes(one.raw).partition(b"\n")[2] == body, "kept as it came"
    assert (one.source, one.telegram_type, one.state) == ("jalert", "JALERT-JALT", "read")
    assert [line.phenomenon for line in warnings.in_force()] == ["civil_protection"]


def test_drills_and_tests_go_to_the_exercise_world(port: int) -> None:
    for subject, text in (
        ("Jアラート", NATIONAL_TEST),
        ("【訓練】Jアラート", MISSILE),
        ("Jアラート", f"これは訓練です。{MISSILE}"),
    ):
        send(("127.0.0.1", port), letter(subject, text))
    assert kept() == []
    assert len(kept(World.EXERCISE)) == 3


def test_what_cannot_be_read_is_kept_for_a_person(port: int) -> None:
    garbage = letter("x", "x").partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + b"\x82\xff\xfe\xfd" * 30
    send(("127.0.0.1", port), garbage)
    send(("127.0.0.1", port), letter("お知らせ", "受信機を再起動しました。"))
    assert [(one.state, one.error) for one in kept()] == [("refused", "garbled"), ("unknown", "")]
    assert len(warnings.alarms()) == 2
    assert [line.severity for line in warnings.in_force()] != ["emergency"]


def test_a_mail_sent_again_counts_once_and_a_line_may_be_long(port: int) -> None:
    body = letter("Jアラート", "ミサイル発射。" * 2000, "utf-8")
    for _again in range(3):
        send(("127.0.0.1", port), body)
    assert len(kept()) == 1


def test_bytes_that_no_database_takes_do_not_stop_the_line(port: int) -> None:
    send(("127.0.0.1", port), letter("Jアラート", "ミサイル\0発射。", "utf-8"))
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.recv(200)
        line.sendall(b"EHLO x\r\nMAIL FROM:<\xff\0@evil.example> SMTPUTF8\r\nQUIT\r\n")
        while line.recv(500):
            pass
    send(("127.0.0.1", port), letter("Jアラート", MISSILE))
    assert [one.state for one in kept()] == ["read", "read"]
    assert WarningInput.objects.get().restarts == 0


def test_strangers_and_unknown_senders_are_refused(port: int) -> None:
    body = letter("Jアラート", MISSILE)
    for sender in ("x@evil.example", "x@receiver.example.evil.example", ""):
        with pytest.raises(smtplib.SMTPResponseException) as refused:
            send(("127.0.0.1", port), body, sender)
        assert refused.value.smtp_code == 550
    assert kept() == []
    until(lambda: "差出人" in WarningInput.objects.get().error)
    assert send(("127.0.0.1", port), body, "Duty@City.example").startswith("250 ")


def test_a_peer_that_is_not_named_hears_nothing(city: Scope) -> None:  # noqa: F811
    found = free_port()
    add(found, peers="192.0.2.0/24")
    with supervised():
        until(lambda: WarningInput.objects.get().state == "running")
        with socket.create_connection(("127.0.0.1", found), timeout=20) as line:
            assert line.recv(10) == b""
        until(lambda: "127.0.0.1" in WarningInput.objects.get().error)


def test_a_line_for_training_makes_every_mail_an_exercise(city: Scope) -> None:  # noqa: F811
    found = free_port()
    add(found, training="1")
    with supervised():
        until(lambda: WarningInput.objects.get().state == "running")
        send(("127.0.0.1", found), letter("Jアラート", MISSILE))
    assert (len(kept()), len(kept(World.EXERCISE))) == (0, 1)


def test_nothing_is_accepted_that_could_not_be_stored(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def accept(raw: bytes, **options: Any) -> warnings.Accepted:
        raise DatabaseError("the disk is full")

    body = letter("Jアラート", MISSILE)
    with monkeypatch.context() as patched:
        patched.setattr(lines, "accept", accept)
        with pytest.raises((smtplib.SMTPException, OSError)):
            send(("127.0.0.1", port), body)
    until(lambda: WarningInput.objects.get().restarts == 1)
    until(lambda: WarningInput.objects.get().state == "running")
    assert send(("127.0.0.1", port), body).startswith("250 ")
    assert len(kept()) == 1


def test_a_line_that_breaks_in_the_middle_stores_nothing_and_goes_on(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.recv(200)
        line.sendall(
            b"HELO x\r\nMAIL FROM:<a@receiver.example>\r\nRCPT TO:<b@c.example>\r\nDATA\r\nSub"
        )
    assert send(("127.0.0.1", port), letter("Jアラート", MISSILE)).startswith("250 ")
    assert len(kept()) == 1, "the sender has no 250 and sends again"


@pytest.mark.parametrize(
    "more",
    [{"senders": "somebody"}, {"port": "1-2"}, {"training": "2"}, {"peers": "receiver.example"}],
)
def test_settings_that_cannot_work_are_refused(city: Scope, more: dict[str, str]) -> None:  # noqa: F811
    with pytest.raises(SonaeError, match="unprocessable"):
        add(free_port(), **more)


def test_a_port_that_is_taken_is_said(city: Scope) -> None:  # noqa: F811
    found = free_port()
    with socket.create_server(("127.0.0.1", found)), supervised():
        add(found)
        until(lambda: str(found) in WarningInput.objects.get().error)


def test_the_simulator_sends_files_and_shows_the_answers(port: int, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(MISSILE)
    mail = EmailMessage()
    mail["Subject"] = "【訓練】Jアラート"
    mail.set_content(MISSILE)
    (tmp_path / "b.eml").write_bytes(mail.as_bytes())
    files = [str(path) for path in sorted(tmp_path.iterdir())]
    to = ["--to", f"127.0.0.1:{port}", "--every", "0"]
    told = CliRunner().invoke(simulator.command, [*files, *to, "--national-test"])
    assert (told.exit_code, told.output.count("250 ")) == (0, 3), told.output
    assert (len(kept()), len(kept(World.EXERCISE))) == (1, 2)
    wrong = CliRunner().invoke(simulator.command, [*files, *to, "--sender", "x@evil.example"])
    assert (wrong.exit_code, wrong.output.count("550")) == (1, 2)
