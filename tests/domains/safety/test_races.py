"""Two people at once on PostgreSQL, each with a connection of its own: what a lock holds stays true.

The first has done its part and has not committed; the second is let go on only when it waits for the
first (or is through, which would be the fault). SQLite has one writer, so that there nothing can race.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.identity.interface import citysettings
from sonae.domains.municipalities.interface import changing_settings
from sonae.domains.rosters import interface as rosters
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import PersonLink, PersonState, Visitor, VisitorConsent
from sonae.domains.safety.models import DeathConfirmation
from sonae.platform import worlds
from sonae.platform.access import Role
from sonae.platform.db import writing
from tests.domains.rosters.test_rosters import ask_about, counted, lines
from tests.domains.safety.test_links import stranger
from tests.fixtures import APPROVER, CLERK, CODE, OPERATOR, City, actor

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer"),
    pytest.mark.django_db(transaction=True),
]
WAIT = 30.0
SECOND, THIRD = actor(Role.OPERATOR, 13), actor(Role.APPROVER, 14)
Act = Callable[[], Any]


def told(act: Act) -> Any:
    """What an act gives, or the code of the error by which it was refused."""
    try:
        return act()
    except SonaeError as error:
        return error.code


def in_the_city(act: Act) -> Any:
    try:
        with worlds.entered(CODE):
            return told(act)
    finally:
        connection.close()


def waits_or_is_through(second: Future[Any]) -> None:
    """Return when the second stands before a lock, or has not been held up at all."""
    until = time.monotonic() + WAIT
    while time.monotonic() < until and not second.done():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.005)


def at_once(first: Act, second: Act) -> tuple[Any, Any, bool]:
    """Both answers, and whether the second had to wait for the first's commit."""
    done, go = threading.Event(), threading.Event()

    def held() -> Any:
        with writing():
            answer = first()
            done.set()
            assert go.wait(WAIT)
        return answer

    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(in_the_city, held)
        assert done.wait(WAIT)
        two = threads.submit(in_the_city, second)
        waits_or_is_through(two)
        waited = not two.done()
        go.set()
        return one.result(WAIT), two.result(WAIT), waited


@pytest.fixture
def two_needed(city: City) -> Iterator[None]:
    """The city asks for two people per link."""
    with changing_settings() as held:
        held[citysettings.LINK_TWO] = True
    yield


def folded() -> list[Any]:
    columns = ("person", "status", "direction", "facility", "clock")
    rows = list(PersonState.objects.order_by("person").values_list(*columns))
    return [rows, list(Visitor.objects.order_by("pk").values_list("resident", "same_as"))]


def test_two_links_of_one_line_at_once_replace_each_other_and_leave_one(city: City) -> None:
    line = stranger(city, "そなえ")
    taro, hanako = (city.residents[name].pk for name in ("備 太郎", "備 花子"))

    def says(who: Any, resident: int) -> Act:
        return lambda: safety.link(who, line, resident, source="review", reason="同時")

    one, two, waited = at_once(says(OPERATOR, taro), says(SECOND, hanako))
    assert waited and two.supersedes == one.pk, "the second has seen the first"
    assert Visitor.objects.get(pk=line).resident_id == hanako
    same, again, waited = at_once(says(OPERATOR, taro), says(SECOND, taro))
    assert waited and again == "conflict" and same.supersedes == two.pk
    ended, undone, waited = at_once(
        lambda: safety.unlink(OPERATOR, line, "別人"),
        lambda: safety.undo_link(SECOND, same.pk, "違った"),
    )
    assert waited and undone == "conflict" and ended.supersedes == same.pk
    after = folded()
    safety.rebuild()
    assert folded() == after and Visitor.objects.get(pk=line).resident_id is None


def test_a_circle_is_not_closed_by_two_who_each_see_half_of_it(city: City) -> None:
    here, there = stranger(city, "甲"), stranger(city, "乙")
    _one, two, waited = at_once(
        lambda: safety.link(OPERATOR, here, other_pk=there, source="review", reason="同時"),
        lambda: safety.link(SECOND, there, other_pk=here, source="review", reason="同時"),
    )
    assert waited and two == "link_circle"


@pytest.mark.usefixtures("two_needed")
def test_one_proposal_gets_one_second_word(city: City) -> None:
    line, resident = stranger(city, "そなえ"), city.residents["備 太郎"].pk
    asked = safety.link(OPERATOR, line, resident, source="review", reason="同じ")
    agreed, refused, waited = at_once(
        lambda: safety.agree_link(SECOND, asked.pk),
        lambda: safety.refuse_link(CLERK, asked.pk, "違う"),
    )
    assert waited and refused == "conflict" and agreed.resident_id == resident
    other = stranger(city, "わたなべ")
    asked = safety.link(OPERATOR, other, city.residents["渡邉 実"].pk, source="review", reason="似")
    refused, agreed, waited = at_once(
        lambda: safety.refuse_link(CLERK, asked.pk, "違う"),
        lambda: safety.agree_link(SECOND, asked.pk),
    )
    assert waited and agreed == "conflict"
    assert Visitor.objects.get(pk=other).resident_id is None
    assert PersonLink.objects.filter(supersedes=asked.pk).count() == 1


def test_a_roster_is_taken_over_once_and_taken_back_whole(city: City) -> None:
    roster = counted(city)
    line = lines(roster)["旅野 人美"]
    question = ask_about(city, line, "高橋 葵")
    aoi = city.residents["高橋 葵"].pk
    # An answer holds the turn of the review desk, then the ledger's; taking back wants both of them.
    _made, back, waited = at_once(
        lambda: rosters.answer(OPERATOR, question.pk, "person", aoi),
        lambda: rosters.take_back(SECOND, roster.pk, "ちがう避難所"),
    )
    assert waited and back.state == "waiting"
    assert not Visitor.objects.exclude(resident=None).exists(), (
        "nobody is linked by a line that is gone"
    )
    assert not PersonState.objects.exists()
    took, twice, waited = at_once(
        lambda: rosters.take_over(OPERATOR, roster.pk),
        lambda: rosters.take_over(SECOND, roster.pk),
    )
    assert waited and took.state == "taken" and twice == "conflict"
    again = ask_about(city, lines(roster)["旅野 人美"], "高橋 葵")
    back, late, waited = at_once(
        lambda: rosters.take_back(OPERATOR, roster.pk, "ちがう避難所"),
        lambda: rosters.answer(SECOND, again.pk, "person", aoi),
    )
    assert waited and late == "conflict" and not Visitor.objects.exclude(resident=None).exists()
    after = folded()
    safety.rebuild()
    assert folded() == after


def test_a_sharing_is_approved_or_ended_but_not_both(city: City) -> None:
    def draft() -> int:
        return consent.declare_sharing(OPERATOR, "救助のため", ["name"], 6.0).pk

    pk = draft()
    _one, two, waited = at_once(
        lambda: consent.end_sharing(OPERATOR, pk), lambda: consent.approve_sharing(APPROVER, pk)
    )
    assert waited and two == "conflict" and consent.sharings_now() == []
    pk = draft()
    one, two, waited = at_once(
        lambda: consent.approve_sharing(APPROVER, pk), lambda: consent.approve_sharing(THIRD, pk)
    )
    assert waited and two == "conflict" and one.approved_by == APPROVER.id
    at_once(lambda: consent.end_sharing(OPERATOR, pk), lambda: consent.end_sharing(SECOND, pk))
    [ended] = [row for row in consent.sharings(OPERATOR) if row.pk == pk]
    assert ended.ended_by == OPERATOR.id and consent.sharing_for("警察") is None


def test_nobody_is_proposed_dead_twice_nor_agreed_to_and_refused(city: City) -> None:
    person = f"r{city.residents['備 太郎'].pk}"

    def propose(who: Any) -> Act:
        return lambda: safety.propose_death(who, person, "certificate", clock.now())

    one, two, waited = at_once(propose(OPERATOR), propose(SECOND))
    assert waited and two == "conflict" and DeathConfirmation.objects.count() == 1
    agreed, refused, waited = at_once(
        lambda: safety.decide_death(APPROVER, one.pk, "agreed"),
        lambda: safety.decide_death(THIRD, one.pk, "refused", "別人"),
    )
    assert waited and refused == "conflict" and agreed.state == "agreed"
    assert PersonState.objects.get(person=person).status == "deceased"
    # Whoever links a line to somebody while that one is being proposed dead has only proposed it.
    line, other = stranger(city, "わたなべ"), city.residents["渡邉 実"].pk
    _death, link, waited = at_once(
        lambda: safety.propose_death(OPERATOR, f"r{other}", "certificate", clock.now()),
        lambda: safety.link(SECOND, line, other, source="review", reason="同じ"),
    )
    assert waited and link.proposed and Visitor.objects.get(pk=line).resident_id is None


def test_one_yes_to_the_posted_list_is_written_once(city: City) -> None:
    key = f"v{stranger(city, '旅野')}"
    first, second, waited = at_once(
        lambda: safety.agree_to_post(CLERK, [key], [key]),
        lambda: safety.agree_to_post(OPERATOR, [key], [key]),
    )
    assert waited and (first, second) == (1, 0) and VisitorConsent.objects.count() == 1
