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

import pytest

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import EvacuationOrder
from sonae.domains.messages.interface import Delivery, Transmission
from sonae.domains.municipalities.interface import Municipality
from sonae.domains.safety.interface import Inquiry
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.models import Telegram
from sonae.engines.warnings import Warning, jalert, read, read_all, split
from sonae.platform import outbox
from sonae.platform.scope import World
from tests.conftest import real_data
from tests.fixtures import APPROVER, CODE, OPERATOR, City
from tests.gateways.test_mail import Box, box  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
REHEARSED = 40
"""So many real telegrams come over a training line as well."""


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
    """Let the city lie in every area that any of these names."""
    areas: defaultdict[str, set[str]] = defaultdict(set)
    for warning in warned:
        for item in warning.items:
            for area in item.areas:
                areas[area.type].add(area.code)
    Municipality.objects.filter(code=CODE).update(
        warning_areas={kind: sorted(codes) for kind, codes in areas.items()}
    )


def test_no_exercise_and_no_training_line_reaches_anybody(city: City, box: Box) -> None:  # noqa: F811
    drills, real = exercises()
    assert len(drills) >= 40, "the data has drills, tests and a satellite's log"
    lie_everywhere([one for raw in (*drills, *real) for one in read_all(raw)])
    for number, raw in enumerate(drills):
        packed = number % 5 == 0 and raw.lstrip().startswith(b"<")
        warnings.accept(gzip.compress(raw) if packed else raw, via="本番の線")
    for raw in real:
        warnings.accept(raw, via="訓練の線", rehearsal=True)
    outbox.drain()
    with city.entered(World.EXERCISE):
        assert Telegram.objects.count() >= len({bytes(raw) for raw in drills})
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
