"""Who a visitor is, for whom: somebody under 支援措置 who was written down by hand stays nobody but that."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import PersonState, Visitor, VisitorFacts
from sonae.domains.safety.models import CallAnswer
from sonae.platform.access import SYSTEM, Role
from sonae.platform.models import AuditEntry
from sonae.web.staff import chronicle
from tests.domains.safety.test_ledger import sighting, warn
from tests.fixtures import APPROVER, OPERATOR, VIEWER, City, actor

pytestmark = pytest.mark.django_db
OFFICER = actor(Role.OPERATOR, 77)
WRITTEN = VisitorFacts("さとう まもる", "サトウ マモル", "1999-09-09", "東町")


@pytest.fixture
def written(city: City) -> Visitor:
    """Two writings of one name at two shelters, one of them in need, both of the shielded resident."""
    with municipalities.changing_settings() as held:
        held["shield_officers"] = [77]
    safety.record([sighting(city, "備 太郎", None, "report", status="needs_help", minutes=1)])
    safety.record([sighting(city, visitor=WRITTEN, status="needs_help", minutes=2)])
    other = VisitorFacts("佐藤", "サトウ", "1999", "")
    safety.record([sighting(city, visitor=other, facility="F1", device="T9", minutes=3)])
    return Visitor.objects.get(birth_date="1999-09-09")


def link_all(city: City) -> None:
    """The machine finds out who the writings are."""
    shielded = city.residents["佐藤 守"].pk
    for one in Visitor.objects.all():
        safety.link(SYSTEM, one.pk, shielded, source="auto", reason="氏名が同じ", probability=0.99)


def told(city: City) -> list[object]:
    """All that the ledger tells somebody who may not know."""
    people = [safety.history(OPERATOR, f"v{one.pk}") for one in Visitor.objects.order_by("pk")]
    return [
        [(one.person, one.name, one.state, one.dispute, len(one.steps)) for one in people],
        [one.aliases for one in people],
        [one.pk for one in safety.visitors_called(OPERATOR, "さ")],
        [(one.name, one.where, one.danger, one.answer) for one in safety.help_wanted(VIEWER)],
        safety.help_counts(), safety.help_by_town(), safety.help_times(),
        [one.person for one in safety.conflicts(VIEWER)], safety.occupancies(),
        [safety.occupancy(one.pk).households for one in city.facilities.values()],
        [safety.occupancy(one.pk, clock.now() + timedelta(hours=1)) for one in city.facilities.values()],
        safety.unaccounted_shown(VIEWER), safety.unaccounted_shown(), [p.unaccounted for p in safety.curve()],
        [line.text for line in chronicle.happenings()],
    ]  # fmt: skip


def test_a_silent_link_changes_nothing_that_others_read(city: City, written: Visitor) -> None:
    warn(4)
    now = clock.FrozenClock(clock.now() + timedelta(minutes=5))
    with clock.using(now):
        before = told(city)
        link_all(city)
        shielded = city.residents["佐藤 守"].pk
        assert Visitor.objects.filter(resident=shielded).count() == 2
        assert PersonState.objects.filter(resident=shielded).count() == 1, "one person, folded"
        assert told(city) == before
        assert AuditEntry.objects.filter(action="shield.person_linked").count() == 2, "on record"
        assert safety.unaccounted_shown(OFFICER).total == before[11].total + 1  # type: ignore[attr-defined]


def test_their_officer_sees_one_person(city: City, written: Visitor) -> None:
    link_all(city)
    found = safety.history(OFFICER, f"v{written.pk}")
    assert found.person == f"r{city.residents['佐藤 守'].pk}" and len(found.aliases) == 2
    assert safety.visitors_called(OFFICER, "さ") == []
    called = [one.name for one in safety.help_wanted(OFFICER)]
    assert called == ["備 太郎"], "the later word about this one person is that of F1"
    assert [one.resident_id for one in safety.conflicts(OFFICER)] == [
        one.resident_id for one in PersonState.objects.filter(conflict=True)
    ]


def test_a_call_of_somebody_hidden_is_answered_as_the_writing(city: City, written: Visitor) -> None:
    link_all(city)
    [call] = [one for one in safety.help_wanted(OPERATOR) if one.name == "さとう まもる"]
    assert call.person == f"v{written.pk}"
    safety.answer_call(OPERATOR, call.person, "done", "会えた", call.clock)
    assert CallAnswer.objects.get().person == call.person
    [after] = [one for one in safety.help_wanted(OPERATOR) if one.name == "さとう まもる"]
    assert (after.answer, len(after.history)) == ("done", 1)
    assert safety.help_count() == 1


def test_a_nameless_call_tells_neither_danger_nor_number_nor_town(city: City) -> None:
    """Who is shielded calls: the desk hears it, and no number beside it says whose home it is."""
    warn(4)
    shielded = city.residents["佐藤 守"]
    safety.record([sighting(city, "佐藤 守", None, "report", status="needs_help", minutes=1)])
    [call] = safety.help_wanted(OPERATOR)
    assert (call.name, call.where, call.home) == ("支援措置対象（詳細は担当者へ）", "", "")
    assert call.danger == 30, "unknown, as of whoever is on no list"
    assert call.person not in (f"r{shielded.pk}", f"x{shielded.pk}") and safety.help_by_town() == {}
    for wrong in (f"r{shielded.pk}", "r999999", "x0", "v1"):
        with pytest.raises(SonaeError, match="not_found"):
            safety.answer_call(OPERATOR, wrong, "done")
    safety.answer_call(OPERATOR, call.person, "progress", "担当者が向かう")
    assert [one.answer for one in safety.help_wanted(OPERATOR)] == ["progress"]


def test_nobody_takes_a_link_back_that_nobody_may_know(city: City, written: Visitor) -> None:
    link_all(city)
    link = safety.links_of([written.pk])[written.pk]
    lone = safety.record([sighting(city, visitor=VisitorFacts("旅人"), minutes=4)])
    stranger = Visitor.objects.get(name="旅人").pk
    assert lone[0].status == "accepted"
    answers = set()
    for one in (written.pk, stranger):
        with pytest.raises(SonaeError) as refused:
            safety.unlink(APPROVER, one, "別の人")
        answers.add((refused.value.code, refused.value.detail))
    assert len(answers) == 1
    with pytest.raises(SonaeError, match="not_found"):
        safety.undo_link(APPROVER, link.pk, "別の人")
    assert safety.links_of([written.pk])[written.pk] == link


def test_what_a_clerk_has_joined_stays_joined_when_the_machine_knows_more(
    city: City, written: Visitor
) -> None:
    first, second = Visitor.objects.order_by("pk")
    safety.link(OPERATOR, second.pk, other_pk=first.pk, source="review", reason="同じ筆跡")
    with clock.using(clock.FrozenClock(clock.now() + timedelta(minutes=5))):
        before = told(city)
        safety.link(SYSTEM, first.pk, city.residents["佐藤 守"].pk, source="auto", reason="同じ")
        assert Visitor.objects.filter(resident=None).count() == 0
        assert told(city) == before
    found = safety.history(OPERATOR, f"v{second.pk}")
    assert found.person == f"v{first.pk}" and [link.reason for _v, link in found.aliases if link]
