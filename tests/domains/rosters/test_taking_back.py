"""A roster taken back: everybody is where they were before, whoever was matched, asked about or shielded."""

from __future__ import annotations

from typing import Any

import pytest

from sonae.core.errors import SonaeError
from sonae.domains.rosters import interface as rosters
from sonae.domains.rosters.interface import MatchQuestion, RosterLine
from sonae.domains.safety import interface as safety
from sonae.domains.safety.models import InquirySubject, PersonState, Sighting, Visitor
from sonae.platform.access import SYSTEM
from sonae.platform.models import AuditEntry
from tests.domains.rosters.test_rosters import PAPER, ask_about, counted, lines, taken
from tests.domains.safety.test_ledger import sighting, warn
from tests.fixtures import CLERK, OPERATOR, VIEWER, City

pytestmark = pytest.mark.django_db


def everything(city: City) -> dict[str, Any]:
    """All that is worked out of the ledger: states, who is accounted for, heads, who is who."""
    return {
        "states": sorted(PersonState.objects.values_list("person", "facility", "status", "clock")),
        "subjects": sorted(InquirySubject.objects.values_list("resident", "accounted_at")),
        "heads": safety.occupancies(),
        "count": safety.unaccounted_count(),
        "open": MatchQuestion.objects.exclude(state="settled").count(),
        "linked": Visitor.objects.exclude(resident=None, same_as=None).count(),
    }


def test_all_is_as_before_and_the_same_roster_can_be_taken_over_again(city: City) -> None:
    warn(4)
    safety.report_self([city.residents["備 花子"].pk], "safe", actor=SYSTEM)
    before = everything(city)
    assert city.facilities["F1"].pk not in before["heads"]
    roster = taken(city)
    after = everything(city)
    assert after["linked"] >= 3 and after["heads"][city.facilities["F1"].pk] == 5
    assert after["count"].unaccounted < before["count"].unaccounted
    events = Sighting.objects.count()
    back = rosters.take_back(OPERATOR, roster.pk, "ちがう避難所の名簿だった")
    assert everything(city) == before
    assert Sighting.objects.count() == events + 5, "nothing is deleted"
    assert back.state == "waiting" and back.taken_back[0]["people"] == 5
    safety.rebuild()
    assert everything(city) == before, "the events alone say so"
    rosters.take_over(OPERATOR, roster.pk)
    run = rosters.run_of(roster.pk)
    assert run is not None
    rosters.work_out(run.pk)
    again = everything(city)
    assert {k: again[k] for k in ("heads", "count", "linked")} == {
        k: after[k] for k in ("heads", "count", "linked")
    }
    entry = AuditEntry.objects.get(action="roster_taken_back")
    assert entry.detail["reason"] == "ちがう避難所の名簿だった"


def test_what_others_have_said_since_stays_and_keeps_its_link(city: City) -> None:
    warn(4)
    roster = taken(city)
    line = lines(roster)["備 太郎"]
    visitor = Visitor.objects.get(pk=line.visitor_id)
    assert visitor.resident_id == city.residents["備 太郎"].pk
    safety.record([sighting(city, visitor=safety.VisitorFacts(person=visitor.key))])
    rosters.take_back(OPERATOR, roster.pk, "時刻が前の日だった")
    state = safety.state_of([city.residents["備 太郎"].pk])[city.residents["備 太郎"].pk]
    assert state.facility_id == city.facilities["F2"].pk
    assert safety.occupancies().get(city.facilities["F1"].pk) is None


def test_a_matching_that_was_under_way_links_and_asks_nobody(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    roster = counted(city, PAPER)
    run = rosters.run_of(roster.pk)
    assert run is not None
    from sonae.domains.rosters import runs

    found = runs.linking.match

    def slow(*given: Any, **more: Any) -> Any:
        answer = found(*given, **more)
        rosters.take_back(OPERATOR, roster.pk, "待てなかった")
        return answer

    monkeypatch.setattr(runs.linking, "match", slow)
    rosters.work_out(run.pk)
    assert not Visitor.objects.exclude(resident=None, same_as=None).exists()
    assert not MatchQuestion.objects.exclude(state="settled").exists()
    monkeypatch.undo()
    everybody = rosters.ask(OPERATOR)
    rosters.work_out(everybody.pk)
    assert not Visitor.objects.exclude(resident=None).exists(), "nor does a later one"


def test_it_needs_a_reason_an_operator_and_something_taken_over(city: City) -> None:
    roster = counted(city)
    for actor in (VIEWER, CLERK):
        with pytest.raises(SonaeError, match="forbidden"):
            rosters.take_back(actor, roster.pk, "理由")
    with pytest.raises(SonaeError, match="unprocessable"):
        rosters.take_back(OPERATOR, roster.pk, "  ")
    rosters.take_back(OPERATOR, roster.pk, "理由")
    with pytest.raises(SonaeError, match="conflict"):
        rosters.take_back(OPERATOR, roster.pk, "理由")
    assert not RosterLine.objects.exclude(visitor=None).exists()
    rosters.discard(OPERATOR, roster.pk)


def test_a_clerks_answer_about_a_line_that_is_gone_cannot_be_taken_back_to_the_desk(
    city: City,
) -> None:
    """Nobody would know any more who is asked about; the roster taken over again is asked anew."""
    roster = counted(city)
    stranger = lines(roster)["旅野 人美"]
    asked = ask_about(city, stranger, "高橋 葵")
    made = rosters.answer(OPERATOR, asked.pk, "none")
    assert rosters.undo(OPERATOR, made.pk).state == "open", "while the roster counts"
    made = rosters.answer(OPERATOR, asked.pk, "none")
    rosters.take_back(OPERATOR, roster.pk, "ちがう避難所の名簿だった")
    with pytest.raises(SonaeError, match="conflict") as told:
        rosters.undo(OPERATOR, made.pk)
    assert "もう一度取り込む" in str(told.value.hint)
    with pytest.raises(SonaeError, match="conflict"):
        rosters.ask_again(OPERATOR, asked.visitor_id)
    assert rosters.take_next(OPERATOR) is None
    assert rosters.progress(OPERATOR).mine == 1, "what the clerk said stays on record"
    rosters.take_over(OPERATOR, roster.pk)
    again = lines(roster)["旅野 人美"]
    assert again.visitor_id != asked.visitor_id, "taken over again it is a new line"
    assert ask_about(city, again, "高橋 葵").state == "open"
