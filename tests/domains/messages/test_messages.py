"""From an issued order to receipts, correction and cancellation, over the interfaces."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import signing

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import EvacuationOrder
from sonae.domains.messages import handover, services
from sonae.domains.messages import interface as messages
from sonae.domains.messages.interface import Delivery, Message, Transmission
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import interface as safety
from sonae.platform import outbox
from sonae.platform.models import OutboxEntry
from sonae.platform.scope import Scope, World, bound
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
    assert messages.residents_of(token) == [taro.pk]
    messages.acknowledge(token, "safe")
    assert safety.state_of([taro.pk])[taro.pk].status == "safe"
    with city.entered(World.EXERCISE), pytest.raises(SonaeError):
        messages.residents_of(token)
    with bound(Scope("012025", World.LIVE)):
        neighbours = messages.link_for(taro.pk).rpartition("/")[2]
        with pytest.raises(SonaeError, match="ほかの市町村"):
            messages.residents_of(token)
    with pytest.raises(SonaeError, match="ほかの市町村"):
        messages.acknowledge(neighbours, "safe")
    with pytest.raises(SonaeError, match="古い形"):
        messages.residents_of(signing.dumps(["live", taro.pk], salt=services._SALT, compress=True))
    for bad in (token[:-2], "x" + token, "", "a:b:c"):
        with pytest.raises(SonaeError):
            messages.residents_of(bad)
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
        [call] = safety.help_wanted(VIEWER)
        assert (call.name, call.where) == (taro.name, "2階にいます")


def test_who_was_not_reached_is_for_operators(city: City) -> None:
    with city.entered(World.EXERCISE):
        issue(city)
        [mail] = [one for one in messages.transmissions() if one.channel == "mail"]
        Delivery.objects.filter(transmission=mail).update(status="failed", error="550 no such user")
        assert len(messages.unreached(OPERATOR, mail.pk)) == 3
        with pytest.raises(SonaeError):
            messages.unreached(VIEWER, mail.pk)


def at(hours: float) -> clock.FrozenClock:
    """The clock this many hours from now."""
    return clock.FrozenClock(clock.now() + timedelta(hours=hours))


def due_now() -> None:
    """Let everything that waits in the outbox run, as when its time has come."""
    OutboxEntry.everywhere.filter(state="pending").update(due_at=0)
    outbox.drain()


def test_what_is_in_force_stays_public_until_it_is_lifted(city: City) -> None:
    order = issue(city)
    first = messages.public_items()[0]
    for hours in (21, 42, 63):
        with clock.using(at(hours)):
            due_now()
            [item] = messages.public_items()
            assert (item.kind, item.body) == ("renewal", first.body)
    assert {one.channel for one in messages.transmissions()} == {"web", "cap"}
    assert [one.kind for one in messages.messages()] == ["renewal"] * 3 + ["order"]
    with clock.using(at(64)):
        evacuation.lift(APPROVER, order.pk)
        outbox.drain()
        assert messages.public_items()[0].kind == "lifting"
    with clock.using(at(100)):
        due_now()
        assert messages.public_items() == []


def test_a_renewal_repeats_the_corrected_words_and_mails_nobody(city: City) -> None:
    issue(city)
    messages.correct(APPROVER, messages.messages()[0].pk, "対象の川は沢音川です")
    outbox.drain()
    with clock.using(at(21)):
        due_now()
        [item] = messages.public_items()
        assert item.kind == "renewal"
        assert "沢音川" in item.body
        assert messages.messages()[0].channels == ["web", "cap"]


def test_a_renewal_is_not_early_and_not_twice(city: City) -> None:
    order = issue(city)
    assert services.renew(order.pk) is None
    with clock.using(at(20.5)):
        assert services.renew(order.pk) is not None
        assert services.renew(order.pk) is None


def test_who_never_heard_of_an_order_is_not_told_that_it_ended(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = issue(city)
    monkeypatch.setattr("sonae.domains.messages.ports.available", lambda channel: True)
    evacuation.cancel(APPROVER, order.pk)
    outbox.drain()
    assert {one.channel for one in messages.transmissions()} == {"web", "cap"}


def test_an_ending_goes_to_those_whom_any_earlier_word_reached(city: City) -> None:
    with city.entered(World.EXERCISE):
        order = issue(city)
        [mail] = [one for one in messages.transmissions() if one.channel == "mail"]
        lost = Delivery.objects.filter(transmission=mail).order_by("pk").first()
        assert lost is not None
        Delivery.objects.filter(pk=lost.pk).update(status="failed")
        evacuation.lift(APPROVER, order.pk)
        outbox.drain()
        ended = messages.transmissions()[0].message
        told = Delivery.objects.filter(transmission__message=ended)
        assert told.count() == mail.recipients - 1
        assert lost.address not in {one.address for one in told}


def test_a_family_that_shares_a_mailbox_gets_one_mail_for_all(city: City) -> None:
    taro, hanako = city.residents["備 太郎"], city.residents["備 花子"]
    assert taro.household_id == hanako.household_id
    Resident.objects.filter(pk=hanako.pk).update(email=taro.email, channel="email")
    with city.entered(World.EXERCISE):
        issue(city)
        [one] = Delivery.objects.filter(address=taro.email)
        assert one.owners == [taro.pk, hanako.pk]
        token = messages.link_for(*one.owners).rpartition("/")[2]
        with pytest.raises(SonaeError):
            messages.acknowledge(token, "safe", who=[])
        messages.acknowledge(token, "safe", who=[hanako.pk, 999_999])
        assert set(safety.state_of([taro.pk, hanako.pk])) == {hanako.pk}
        messages.acknowledge(token, "needs_help")
        assert safety.state_of([taro.pk])[taro.pk].status == "needs_help"


def test_a_shielded_person_s_mail_is_that_person_s_alone(city: City) -> None:
    taro, hanako = city.residents["備 太郎"], city.residents["備 花子"]
    Resident.objects.filter(pk=hanako.pk).update(email=taro.email, channel="email", shielded=True)
    with city.entered(World.EXERCISE):
        issue(city)
        owners = [one.owners for one in Delivery.objects.filter(address=taro.email)]
        assert sorted(owners) == sorted([[taro.pk], [hanako.pk]])
