"""From channel to channel until somebody answers: who is told next, who is left alone, who is left over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.messages import interface as messages
from sonae.domains.messages import ladder
from sonae.domains.messages.channels import PERSONAL
from sonae.domains.messages.interface import ContactPoint, Delivery
from sonae.domains.messages.ladder import Reach, _column, _Tried
from sonae.domains.messages.rules import LADDER_MINUTES
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import interface as safety
from sonae.platform import outbox
from sonae.platform.models import OutboxEntry
from sonae.platform.scope import World
from tests.fixtures import APPROVER, OPERATOR, City

pytestmark = pytest.mark.django_db
TARO, HANAKO, ICHIRO, MINORU, YUI = "備 太郎", "備 花子", "備 一郎", "渡邉 実", "渡邉 結衣"


def contact(city: City, name: str, channel: str, address: str) -> ContactPoint:
    """A confirmed contact point."""
    now = clock.now()
    return ContactPoint.objects.create(
        resident=city.residents[name], channel=channel, address=address,
        added_at=now, confirmed_at=now,
    )  # fmt: skip


def issue(city: City) -> int:
    made = evacuation.draft_order(
        OPERATOR, level=4, hazard="flood", towns=[city.towns["西町"].pk], reason="増水"
    )
    evacuation.submit(OPERATOR, made.pk)
    evacuation.approve(APPROVER, made.pk)
    outbox.drain()
    return made.pk


def wait() -> None:
    """Let the time of the next step come."""
    OutboxEntry.everywhere.filter(state="pending", topic=ladder.STEP).update(due_at=0)
    outbox.drain()


def told(city: City, name: str) -> list[str]:
    """The channels that were handed something for a person, in order."""
    pk = city.residents[name].pk
    rows = Delivery.objects.order_by("pk")
    return [one.transmission.channel for one in rows if pk in one.owners]


def test_who_does_not_answer_is_told_by_the_next_channel_and_nobody_twice(city: City) -> None:
    Resident.objects.filter(pk=city.residents[TARO].pk).update(phone="090-1234-5678")
    contact(city, TARO, "push", "https://fcm.googleapis.com/a")
    contact(city, TARO, "push", "https://fcm.googleapis.com/b")
    contact(city, ICHIRO, "push", "https://fcm.googleapis.com/c")
    with city.entered(World.EXERCISE):
        issue(city)
        assert told(city, TARO) == ["push", "push"]
        assert told(city, MINORU) == ["mail"]
        messages.acknowledge(
            messages.link_for(city.residents[ICHIRO].pk).rpartition("/")[2], "safe"
        )
        wait()
        assert told(city, TARO) == ["push", "push", "mail"]
        assert told(city, ICHIRO) == ["push"], "he has answered"
        wait()
        assert told(city, TARO) == ["push", "push", "mail", "sms"]
        for _ in range(3):
            wait()
        assert told(city, TARO) == ["push", "push", "mail", "sms"]
        assert told(city, MINORU) == ["mail"]
        assert told(city, YUI) == []
        assert not OutboxEntry.objects.filter(state="pending", topic=ladder.STEP).exists()
        states = {(one.channel, one.status) for one in messages.transmissions()}
        assert {status for _channel, status in states} == {"handed_over"}


def test_the_wait_is_that_of_the_level(city: City) -> None:
    with city.entered(World.EXERCISE):
        issue(city)
        entry = OutboxEntry.objects.get(state="pending", topic=ladder.STEP)
        left = entry.due_at - entry.created_at.timestamp()
        assert left == pytest.approx(LADDER_MINUTES[4] * 60, abs=5)


def test_it_ends_with_the_order(city: City) -> None:
    contact(city, TARO, "push", "https://fcm.googleapis.com/a")
    with city.entered(World.EXERCISE):
        order = issue(city)
        evacuation.cancel(APPROVER, order)
        outbox.drain()
        assert ladder.step(order, 1) == {}
        wait()
        assert told(city, TARO) == ["push", "push"], "the order and its cancellation, nothing else"


def test_a_later_channel_says_the_corrected_words(city: City) -> None:
    contact(city, TARO, "push", "https://fcm.googleapis.com/a")
    with city.entered(World.EXERCISE):
        issue(city)
        messages.correct(APPROVER, messages.messages()[0].pk, "対象の川は沢音川です")
        outbox.drain()
        wait()
        newest = Delivery.objects.filter(resident=city.residents[TARO].pk).latest("pk")
        assert newest.transmission.channel == "mail"
        assert "沢音川" in newest.transmission.frozen["ja"]["body"]


def test_whom_somebody_is_on_the_way_to_is_not_told_again(city: City) -> None:
    for name in (TARO, ICHIRO):
        contact(city, name, "push", f"https://fcm.googleapis.com/{name}")
    with city.entered(World.EXERCISE):
        order = issue(city)
        [sheet] = safety.make_sheets(OPERATOR, city.towns["西町"].pk)
        wait()
        assert told(city, TARO) == ["push"]
        [west] = messages.reach(messages.messages()[0].pk)
        assert west.visited == west.meant == 5
        safety.end_sheet(OPERATOR, sheet.pk)
        assert ladder.step(order, 1) == {"mail": 2}


def test_whom_a_channel_refused_need_not_wait(city: City) -> None:
    contact(city, TARO, "push", "https://fcm.googleapis.com/a")
    with city.entered(World.EXERCISE):
        order = issue(city)
        Delivery.objects.filter(transmission__channel="push").update(status="failed")
        assert ladder.step(order, 0) == {"mail": 1}
        outbox.drain()
        assert told(city, TARO) == ["push", "mail"]
        assert ladder.step(order, 0) == {}


def test_a_family_at_one_mailbox_is_told_once_as_far_as_it_has_not_answered(city: City) -> None:
    taro, hanako = city.residents[TARO], city.residents[HANAKO]
    Resident.objects.filter(pk=hanako.pk).update(email=taro.email, channel="email")
    for name in (TARO, HANAKO):
        contact(city, name, "push", f"https://fcm.googleapis.com/{name}")
    with city.entered(World.EXERCISE):
        issue(city)
        wait()
        [mail] = Delivery.objects.filter(transmission__channel="mail", address=taro.email)
        assert mail.owners == [taro.pk, hanako.pk]


def test_who_wants_nothing_is_not_called_by_a_number_that_the_register_knows(city: City) -> None:
    Resident.objects.filter(pk=city.residents[YUI].pk).update(phone="090-1234-5678")
    with city.entered(World.EXERCISE):
        issue(city)
        wait()
        wait()
        assert told(city, YUI) == []


def test_everybody_stands_in_one_column_and_the_shielded_in_none(city: City) -> None:
    contact(city, TARO, "push", "https://fcm.googleapis.com/a")
    Resident.objects.filter(pk=city.residents[HANAKO].pk).update(shielded=True)
    with city.entered(World.EXERCISE):
        issue(city)
        Delivery.objects.filter(resident=city.residents[MINORU].pk).update(status="failed")
        messages.acknowledge(
            messages.link_for(city.residents[ICHIRO].pk).rpartition("/")[2], "safe"
        )
        [west] = messages.reach(messages.messages()[0].pk)
        assert west == Reach("西町", answered=1, told=1, refused=1, nowhere=1)
        assert west.meant == 4
    assert messages.reach(0) == []


def test_whose_family_answered_at_a_shared_mailbox_has_not_answered(city: City) -> None:
    taro, hanako = city.residents[TARO], city.residents[HANAKO]
    Resident.objects.filter(pk=hanako.pk).update(email=taro.email, channel="email")
    with city.entered(World.EXERCISE):
        issue(city)
        before = messages.reach(messages.messages()[0].pk)[0]
        Delivery.objects.filter(address=taro.email).update(status="acknowledged")
        safety.report_self([taro.pk], "safe", actor=OPERATOR)
        [west] = messages.reach(messages.messages()[0].pk)
        assert (west.answered, west.told) == (1, before.told - 1)


@given(
    st.booleans(), st.booleans(),
    st.none() | st.builds(_Tried, st.just(set()), st.booleans(), st.booleans(), st.booleans()),
)  # fmt: skip
def test_nobody_is_called_answered_without_a_word(
    silent: bool, visited: bool, tried: _Tried | None
) -> None:
    column = _column(tried, silent=silent, visited=visited)
    assert (column == "answered") == (not silent)
    assert column in {"answered", "visited", "told", "under_way", "refused", "nowhere"}
    if column == "refused":
        assert tried is not None
        assert tried.lost


@given(st.lists(st.sampled_from(PERSONAL), max_size=4, unique=True), st.booleans())
def test_a_channel_that_was_tried_is_never_tried_again(used: list[str], wants: bool) -> None:
    from sonae.domains.messages.recipients import Known, _first

    own = {channel: [(f"{channel}-address", 1)] for channel in PERSONAL}
    left = [channel for channel in PERSONAL if channel not in used]
    known = Known("a@example.jp", "090-1234-5678", "email" if wants else "none", bool(used))
    found = list(_first(own, left, known))
    assert [channel for channel, _address, _contact in found] == left[:1]
    bare = [channel for channel, _address, _contact in _first({}, left, known)]
    assert set(bare) <= ({"mail", "sms"} if wants else set()) & set(left)


def test_a_word_of_yesterday_is_no_answer_of_today(city: City) -> None:
    with clock.using(clock.FrozenClock(clock.now() - timedelta(days=1))):
        safety.report_self([city.residents[TARO].pk], "safe", actor=OPERATOR)
    pks = [city.residents[TARO].pk, city.residents[HANAKO].pk]
    since = clock.now() - timedelta(hours=1)
    assert safety.quiet(pks, since) == set(pks)
    safety.report_self([city.residents[TARO].pk], "safe", actor=OPERATOR)
    assert safety.quiet(pks, since) == {pks[1]}
