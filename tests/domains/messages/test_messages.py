"""From an issued order to receipts, correction and cancellation, over the interfaces."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import EvacuationOrder
from sonae.domains.messages import handover, services
from sonae.domains.messages import interface as messages
from sonae.domains.messages.interface import Delivery, Message, Transmission
from sonae.domains.safety import interface as safety
from sonae.platform import outbox
from sonae.platform.scope import World
from tests.fixtures import APPROVER, OPERATOR, VIEWER, City

pytestmark = pytest.mark.django_db


def issue(city: City, level: int = 4) -> EvacuationOrder:
    made = evacuation.draft_order(
        OPERATOR, level=level, hazard="flood", towns=[city.towns["西町"].pk], reason="増水"
    )
    evacuation.submit(OPERATOR, made.pk)
    evacuation.approve(APPROVER, made.pk)
    outbox.drain()
    return made


def test_an_issued_order_becomes_public_with_its_followups_ready(city: City) -> None:
    order = issue(city)
    [message] = messages.messages()
    assert (message.kind, message.status, message.order) == ("order", "approved", order)
    assert {one.kind for one in messages.prepared(message.pk)} == {"correction", "cancellation"}
    assert {one.channel for one in messages.transmissions()} == {"web", "cap"}, (
        "no mail server is set up"
    )
    assert {one.status for one in messages.transmissions()} == {"handed_over"}
    [item] = messages.public_items()
    assert item.level == 4
    assert "避難指示" in item.subject
    assert "西町" in item.body


def test_nothing_goes_twice(city: City) -> None:
    order = issue(city)
    again = services.send_order(order.pk)
    assert again == Message.objects.get(kind="order")
    for one in Transmission.objects.all():
        handover.transmit(one.pk, 0)
    assert Transmission.objects.count() == 2


def test_a_cancellation_goes_where_the_message_went(city: City) -> None:
    order = issue(city)
    evacuation.cancel(APPROVER, order.pk)
    outbox.drain()
    kinds = [one.kind for one in messages.messages()]
    assert kinds == ["cancellation", "order"]
    newest = messages.public_items()[0]
    assert newest.kind == "cancellation"
    assert "誤り" in newest.body


def test_a_lifting_is_told(city: City) -> None:
    order = issue(city)
    evacuation.lift(APPROVER, order.pk)
    outbox.drain()
    assert "解除" in messages.public_items()[0].subject


def test_a_correction_in_one_call_by_an_approver(city: City) -> None:
    issue(city)
    first = messages.messages()[0]
    with pytest.raises(SonaeError):
        messages.correct(OPERATOR, first.pk, "理由")
    messages.correct(APPROVER, first.pk, "対象の川は沢音川です")
    outbox.drain()
    newest = messages.public_items()[0]
    assert newest.kind == "correction"
    assert "沢音川" in newest.body
    assert [one.kind for one in messages.prepared(first.pk)] == ["cancellation"]


@pytest.mark.parametrize("end", [evacuation.lift, evacuation.cancel])
def test_nobody_is_called_out_again_by_correcting_what_has_ended(
    city: City, end: Callable[..., EvacuationOrder]
) -> None:
    order = issue(city)
    first = messages.messages()[0]
    end(APPROVER, order.pk)
    outbox.drain()
    with pytest.raises(SonaeError):
        messages.correct(APPROVER, first.pk, "対象の川は沢音川です")
    outbox.drain()
    assert messages.public_items()[0].kind in ("lifting", "cancellation")


def test_in_an_exercise_mail_is_recorded_and_marked(city: City) -> None:
    with city.entered(World.EXERCISE):
        issue(city)
        [mail] = [one for one in messages.transmissions() if one.channel == "mail"]
        assert mail.recipients == 3
        assert messages.receipts(mail.pk)["handed_over"] == 3
        assert set(Delivery.objects.values_list("error", flat=True)) == {"exercise"}
        assert "訓練" in messages.public_items()[0].subject
        assert messages.receipts_by_town(mail.pk) == [("西町", 3, 3)]
    assert messages.public_items() == []


def test_the_link_reports_its_owner_only_in_its_own_world(city: City) -> None:
    taro = city.residents["備 太郎"]
    token = messages.link_for(taro.pk).rpartition("/")[2]
    assert messages.resident_of(token) == taro.pk
    messages.acknowledge(token, "safe")
    assert safety.state_of([taro.pk])[taro.pk].status == "safe"
    with city.entered(World.EXERCISE), pytest.raises(SonaeError):
        messages.resident_of(token)
    for bad in (token[:-2], "x" + token, "", "a:b:c"):
        with pytest.raises(SonaeError):
            messages.resident_of(bad)
    with pytest.raises(SonaeError):
        messages.acknowledge(token, "dead")


def test_an_acknowledgement_is_a_receipt(city: City) -> None:
    with city.entered(World.EXERCISE):
        issue(city)
        taro = city.residents["備 太郎"]
        messages.acknowledge(
            messages.link_for(taro.pk).rpartition("/")[2], "needs_help", "2階にいます"
        )
        [mail] = [one for one in messages.transmissions() if one.channel == "mail"]
        assert messages.receipts(mail.pk) == {
            "created": 0,
            "handed_over": 2,
            "failed": 0,
            "acknowledged": 1,
        }
        assert [one.resident for one in safety.help_wanted()] == [taro]


def test_who_was_not_reached_is_for_operators(city: City) -> None:
    with city.entered(World.EXERCISE):
        issue(city)
        [mail] = [one for one in messages.transmissions() if one.channel == "mail"]
        Delivery.objects.filter(transmission=mail).update(status="failed", error="550 no such user")
        assert len(messages.unreached(OPERATOR, mail.pk)) == 3
        with pytest.raises(SonaeError):
            messages.unreached(VIEWER, mail.pk)
