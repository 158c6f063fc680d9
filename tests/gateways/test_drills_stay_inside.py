"""Every exercise of the data through every way in, with live channels on: nothing leaves, ever.

The city of the test is made to lie in every area that the data names, so that each exercise telegram
is about it, and the drafts that follow are approved as in a real drill.
"""

from __future__ import annotations

import gzip
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from lxml import etree

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import EvacuationOrder
from sonae.domains.messages.interface import Delivery, Transmission
from sonae.domains.municipalities.interface import Municipality
from sonae.domains.safety.interface import Inquiry
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.models import Telegram, WarningInput
from sonae.engines.warnings import Warning, jalert, read, read_all, split
from sonae.engines.warnings.safexml import parse
from sonae.gateways.simulators import jalert_mail, jma_socket, lalert
from sonae.platform import outbox
from sonae.platform.scope import World
from tests.conftest import real_data
from tests.fixtures import ADMINISTRATOR, APPROVER, CODE, OPERATOR, City
from tests.gateways.lines import committed, supervised, until  # noqa: F401
from tests.gateways.test_mail import Box, box  # noqa: F401 - a fixture
from tests.ports import free_port

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(400)]
REHEARSED = 20
"""So many real telegrams come over a training line as well."""
PUSHED: Final = 10
"""And so many over each that is pushed."""


def files() -> Iterator[Path]:
    """Every telegram and message of the data."""
    for folder in ("jma/samples", "jma/real", "cap/alert", "lalert", "qzss"):
        yield from sorted(p for p in real_data(f"alerts/{folder}").rglob("*") if p.is_file())


def exercises() -> tuple[list[bytes], list[bytes]]:
    """The documents that say that they are exercises or tests, and some that do not."""
    drills, real = [], []
    for file in files():
        try:
            documents = split(file.read_bytes())
        except SonaeError:
            continue
        for raw in documents:
            try:
                status = read(raw).status
            except SonaeError:
                continue
            (real if status == "actual" else drills).append(raw)
    for text in ("これは、Ｊアラートのテストです。", "【訓練】ミサイル発射。"):
        drills.append(jalert.document("JALT", clock.now(), text))
    random.Random(7).shuffle(real)
    return drills, real[:REHEARSED]


def lie_everywhere(warned: list[Warning]) -> None:
    """Let the city lie where each item of these says first: all of it is about the city."""
    areas: defaultdict[str, set[str]] = defaultdict(set)
    for warning in warned:
        for item in warning.items:
            for area in item.areas[:1]:
                areas[area.type].add(area.code)
    Municipality.objects.filter(code=CODE).update(
        warning_areas={kind: sorted(codes) for kind, codes in areas.items()}
    )


def rehearsed_inside(city: City, box: Box, least: int) -> None:  # noqa: F811
    """Approve what the drill drafted, let everything go out that would, and see that nothing did."""
    outbox.drain()
    with city.entered(World.EXERCISE):
        assert Telegram.objects.count() >= least
        assert warnings.in_force(), "the exercise has its picture"
        for order in evacuation.orders():
            if order.status == "draft":
                evacuation.submit(OPERATOR, order.pk)
                evacuation.approve(APPROVER, order.pk)
        drilled = EvacuationOrder.objects.filter(status="issued").count()
        outbox.drain()
        sent = Transmission.objects.filter(channel="mail").count()
    assert drilled, "orders were drafted and issued in the exercise"
    assert sent, "and mails recorded there"
    assert box.mails == []
    assert box.connections == 0
    for model in (Telegram, EvacuationOrder, Transmission, Inquiry):
        assert model.objects.count() == 0, model.__name__
    assert not Delivery.objects.filter(transmission__world="live").exists()
    assert warnings.in_force() == []


def test_no_exercise_and_no_training_line_reaches_anybody(city: City, box: Box) -> None:  # noqa: F811
    drills, real = exercises()
    assert len(drills) >= 40, "the data has drills, tests and a satellite's log"
    lie_everywhere([one for raw in (*drills, *real) for one in read_all(raw)])
    for number, raw in enumerate(drills):
        packed = number % 5 == 0 and raw.lstrip().startswith(b"<")
        warnings.accept(gzip.compress(raw) if packed else raw, via="本番の線")
    for raw in real:
        warnings.accept(raw, via="訓練の線", rehearsal=True)
    rehearsed_inside(city, box, len({bytes(raw) for raw in drills}))


def is_xml(raw: bytes) -> bool:
    """Whether a document can stand behind a BCH header or inside a SOAP message."""
    return raw.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<")


def push_over_socket(drills: list[bytes], real: list[bytes], ports: tuple[int, int]) -> None:
    """Drills on the ordinary port of a receiver; real telegrams and texts on its training port."""
    with jma_socket.Pusher(("127.0.0.1", ports[0])) as line:
        for raw in filter(is_xml, drills):
            line.push("BI", jma_socket.with_bch(raw, "VXXX00"))
        for text in (jma_socket.NATIONAL_TEST, "【訓練】ミサイル発射。"):
            line.push("JL", jma_socket.message_tar(text))
        for raw in real:
            headline = f"{read(raw).headline} ミサイル発射。"
            line.push("JL", jma_socket.message_tar(headline, training=True))
    with jma_socket.Pusher(("127.0.0.1", ports[1])) as line:
        for raw in real:
            line.push("FX", jma_socket.with_bch(raw, "VXXX00"))
        line.push("JL", jma_socket.message_tar("ミサイル発射。"))


def push_over_soap(drills: list[bytes], port: int) -> None:
    """Every drill that is XML as L-Alert would publish it."""
    publisher = lalert.Publisher(f"http://127.0.0.1:{port}/", "commons", "secret")
    for raw in filter(is_xml, drills):
        publisher.publish(etree.tostring(parse(raw, keep_space=True).root, encoding="UTF-8"))


def push_over_mail(drills: list[bytes], real: list[bytes], ports: tuple[int, int]) -> None:
    """Drills as rule mails that say so; real texts to the port whose mails are all for training."""
    for number, headline in enumerate(sorted({read(raw).headline for raw in drills})):
        text = f"{number}: {headline} 避難してください。"
        marked = number % 2 == 0
        body = jalert_mail.letter(
            "【訓練】Jアラート" if marked else "Jアラート",
            text if marked else f"これは訓練です。{text}",
            "utf-8",
        )
        jalert_mail.send(("127.0.0.1", ports[0]), body)
    for number, raw in enumerate(real):
        text = f"{number}: ミサイル発射。{read(raw).headline}"
        jalert_mail.send(("127.0.0.1", ports[1]), jalert_mail.letter("Jアラート", text, "utf-8"))


@pytest.mark.django_db(transaction=True)
def test_no_exercise_over_a_line_that_is_pushed_reaches_anybody(
    city: City,
    box: Box,  # noqa: F811
) -> None:
    drills, real = exercises()
    real = real[:PUSHED]
    lie_everywhere([one for raw in (*drills, *real) for one in read_all(raw)])
    ports = [free_port() for _line in range(5)]
    near = {"peers": "127.0.0.1", "host": "127.0.0.1"}
    for kind, name, options in (
        ("jma-socket", "受信機", {"ports": str(ports[0]), "training_ports": str(ports[1])}),
        ("lalert", "Lアラート", {"port": str(ports[2]), "user": "commons", "password": "secret"}),
        ("jalert-mail", "規則", {"port": str(ports[3])}),
        ("jalert-mail", "訓練の規則", {"port": str(ports[4]), "training": "1"}),
    ):
        warnings.add_input(ADMINISTRATOR, kind, name, {**near, **options})
    with supervised():
        until(lambda: WarningInput.objects.filter(state="running").count() == 4)
        push_over_socket(drills, real, (ports[0], ports[1]))
        push_over_soap(drills, ports[2])
        push_over_mail(drills, real, (ports[3], ports[4]))
    assert not WarningInput.objects.exclude(error="").exists()
    rehearsed_inside(city, box, 2 * sum(map(is_xml, drills)) + 3 * len(real))
