"""One person's history: what was heard, what cannot both be, deaths by two people, and who may know."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import PersonState, Visitor, VisitorFacts
from sonae.domains.safety.models import InquirySubject
from sonae.platform.access import SYSTEM
from tests.domains.safety.test_ledger import sighting, warn
from tests.domains.safety.test_links import everything
from tests.fixtures import APPROVER, CLERK, OPERATOR, VIEWER, City

pytestmark = pytest.mark.django_db


def key(city: City, name: str = "備 太郎") -> str:
    return f"r{city.residents[name].pk}"


def refused(code: str, attempt: Callable[[], object]) -> SonaeError:
    with pytest.raises(SonaeError, match=code) as found:
        attempt()
    return found.value


# --- what was heard ---------------------------------------------------------------------------------


def test_what_a_family_says_by_phone_is_kept_with_who_said_it(city: City) -> None:
    warn(4)
    taro = key(city)
    since = clock.now() - timedelta(minutes=2)
    safety.take_down(
        OPERATOR, taro, source="family", status="safe", direction="elsewhere",
        place="金沢市の長女の家", at=clock.now(), teller="長女 和子（折り返して確認）", note="薬あり",
    )  # fmt: skip
    found = safety.history(VIEWER, taro)
    assert (found.name, found.state and found.state.direction) == ("備 太郎", "elsewhere")
    assert found.state is not None and found.state.place == "金沢市の長女の家"
    assert found.steps[0].sighting.note == "長女 和子（折り返して確認）：薬あり"
    assert safety.unaccounted_count().unaccounted == 8
    assert AccessEvent.objects.filter(subject=int(taro[1:]), purpose="rescue").exists()
    safety.take_down(OPERATOR, taro, source="self", status="safe", at=since)
    form = uuid7()
    for status in ("accepted", "duplicate"):
        again = safety.take_down(
            OPERATOR, taro, source="school", status="safe", teller="担任", form=form
        )
        assert again.status == status, "a second press is the same statement"


def test_a_statement_that_says_too_little_is_turned_away(city: City) -> None:
    taro, later = key(city), clock.now() + timedelta(hours=1)

    def say(**facts: object) -> Callable[[], object]:
        told = {"source": "family", "status": "safe", "teller": "長女", **facts}
        return lambda: safety.take_down(OPERATOR, taro, **told)  # type: ignore[arg-type]

    for attempt in (
        say(teller=" "), say(source="reception"), say(status="deceased"), say(direction="in"),
        say(direction="hospital"), say(at=later),
    ):  # fmt: skip
        refused("unprocessable", attempt)
    refused("forbidden", lambda: safety.take_down(VIEWER, taro, source="self", status="safe"))
    for person in ("r999999", "v1", "x1", "r01", "r1 OR 1", ""):
        refused("not_found", lambda person=person: safety.history(OPERATOR, person))
    assert PersonState.objects.count() == 0


def test_a_move_to_another_city_is_one_history(city: City) -> None:
    taro = city.residents["備 太郎"].pk
    who = VisitorFacts("そなえ太郎", "", "1950-04-01", "試験市")
    safety.record([sighting(city, "備 太郎", "F1"), sighting(city, "備 太郎", "F2", minutes=60)])
    safety.record(
        [sighting(city, None, None, "elsewhere", visitor=who, minutes=600, place="隣市 体育館")]
    )
    visitor = Visitor.objects.get()
    safety.link(OPERATOR, visitor.pk, taro, source="review", reason="隣市の名簿")
    found = safety.history(VIEWER, f"v{visitor.pk}")
    assert (found.person, found.name) == (f"r{taro}", "備 太郎")
    places = [one.sighting.place or str(one.sighting.facility_id) for one in found.steps]
    assert places[0] == "隣市 体育館" and len(places) == 3
    assert found.steps[0].written_as == "そなえ太郎"
    assert [(one.name, link and link.reason) for one, link in found.aliases] == [
        ("そなえ太郎", "隣市の名簿")
    ]


# --- what cannot both be ------------------------------------------------------------------------------


def test_two_places_at_once_are_shown_with_both_sides_and_settled_undoably(city: City) -> None:
    one = sighting(city, "備 太郎", "F1", device="T001")
    two = sighting(city, "備 太郎", "F2", device="T002", minutes=3)
    safety.record([one, two])
    found = safety.history(VIEWER, key(city))
    assert found.dispute == "two_places"
    assert [side.pk for side in found.sides] == [two.id, one.id]
    before = everything()
    refused("unproc", lambda: safety.settle(OPERATOR, key(city), one.id, " "))
    refused("forbidden", lambda: safety.settle(VIEWER, key(city), one.id, "電話"))
    made = safety.settle(OPERATOR, key(city), one.id, "第一小学校に電話で確認")
    state = safety.state_of([city.residents["備 太郎"].pk])[city.residents["備 太郎"].pk]
    assert (state.conflict, state.facility) == (False, city.facilities["F1"])
    assert state.seen_at == max(one.occurred_at, two.occurred_at), "no new contact is claimed"
    refused("conflict", lambda: safety.settle(OPERATOR, key(city), one.id, "もう一度"))
    later = sighting(city, "備 太郎", "F1", device="T001", minutes=4)
    safety.record([later])
    assert safety.history(VIEWER, key(city)).dispute == "", "what was settled stays settled"
    for undone in (later.id, made.id):
        safety.undo(OPERATOR, undone)
    assert everything() == before
    assert safety.history(VIEWER, key(city)).dispute == "two_places"


def test_settling_where_somebody_is_leaves_the_call_for_help(city: City) -> None:
    one = sighting(city, "備 太郎", "F1", device="T001", status="safe")
    two = sighting(city, "備 太郎", "F2", device="T002", minutes=3, status="needs_help")
    safety.record([one, two])
    safety.settle(OPERATOR, key(city), one.id, "第一小学校に電話で確認")
    state = safety.state_of([city.residents["備 太郎"].pk])[city.residents["備 太郎"].pk]
    assert (state.facility, state.status) == (city.facilities["F1"], "needs_help")
    other = [
        sighting(city, "備 花子", "F1", device="T001", status="injured"),
        sighting(city, "備 花子", "F2", device="T002", minutes=3, status="injured"),
    ]
    far = sighting(city, "備 花子", None, "report", minutes=5)
    far.source = "family"
    safety.record([*other, far])
    safety.settle(OPERATOR, key(city, "備 花子"), other[0].id, "電話で確認")
    state = safety.state_of([city.residents["備 花子"].pk])[city.residents["備 花子"].pk]
    assert state.status == "injured", "who only heard of her does not end her call"


def test_a_call_for_help_is_not_silenced_by_somebody_far_away(city: City) -> None:
    taro = city.residents["備 太郎"].pk
    safety.report_self([taro], "needs_help", actor=CLERK)
    safety.take_down(OPERATOR, f"r{taro}", source="family", status="safe", teller="甥")
    found = safety.history(VIEWER, f"r{taro}")
    assert found.dispute == "two_words"
    assert [side.status for side in found.sides] == ["safe", "needs_help"]
    assert [row.resident_id for row in safety.conflicts()] == [taro]
    made = safety.settle(OPERATOR, f"r{taro}", found.sides[1].pk, "本人に電話")
    assert safety.state_of([taro])[taro].status == "needs_help"
    assert safety.conflicts() == []
    safety.undo(OPERATOR, made.id)
    assert len(safety.conflicts()) == 1
    safety.take_down(OPERATOR, f"r{taro}", source="patrol", status="safe", teller="消防団")
    assert safety.conflicts() == [], "who stood beside the person settles it"


# --- deaths ---------------------------------------------------------------------------------------------


def test_nobody_is_dead_by_the_word_of_one(city: City) -> None:
    warn(4)
    taro, before = key(city), everything()
    row = safety.propose_death(OPERATOR, taro, "police", clock.now(), "市立病院")
    assert everything() == before, "a proposal changes nothing"
    refused("conflict", lambda: safety.propose_death(OPERATOR, taro, "police", clock.now()))
    refused("forbidden", lambda: safety.decide_death(OPERATOR, row.pk, "agreed"))
    own = safety.propose_death(APPROVER, key(city, "備 花子"), "hospital", clock.now())
    refused("forbidden", lambda: safety.decide_death(APPROVER, own.pk, "agreed"))
    refused("forbidden", lambda: safety.decide_death(OPERATOR, own.pk, "withdrawn"))
    safety.decide_death(APPROVER, own.pk, "withdrawn")
    safety.decide_death(APPROVER, row.pk, "agreed", "検案書を確認")
    state = safety.state_of([int(taro[1:])])[int(taro[1:])]
    assert (state.status, state.direction) == ("deceased", "out")
    assert safety.unaccounted_count().unaccounted == 8
    assert safety.deaths_waiting(OPERATOR) == []
    refused("conflict", lambda: safety.decide_death(APPROVER, row.pk, "agreed"))
    refused("unprocessable", lambda: safety.decide_death(OPERATOR, row.pk, "undone"))
    safety.decide_death(OPERATOR, row.pk, "undone", "同姓同名の別人")
    assert everything() == before, "undone: exactly what was before"


def test_the_dead_are_looked_for_in_no_inquiry(city: City) -> None:
    """Whether the death is before the opening and confirmed before, or confirmed after it."""
    long_ago = clock.now() - timedelta(days=5)
    safety.decide_death(
        APPROVER, safety.propose_death(OPERATOR, key(city), "police", long_ago).pk, "agreed"
    )
    warn(4)
    left = safety.unaccounted_count().unaccounted
    assert accounted(city, "備 太郎")
    row = safety.propose_death(OPERATOR, key(city, "備 花子"), "police", long_ago)
    safety.decide_death(APPROVER, row.pk, "agreed")
    assert accounted(city, "備 花子")
    assert safety.unaccounted_count().unaccounted == left - 1
    safety.rebuild()
    assert accounted(city, "備 太郎") and accounted(city, "備 花子")
    safety.decide_death(OPERATOR, row.pk, "undone", "同姓同名の別人")
    assert not accounted(city, "備 花子")


def accounted(city: City, name: str) -> bool:
    return not InquirySubject.objects.filter(
        resident=city.residents[name].pk, accounted_at=None
    ).exists()


def test_no_other_way_writes_a_death_or_takes_one_back(city: City) -> None:
    taro = key(city)
    forged = sighting(city, "備 太郎", status="deceased")
    assert safety.record([forged])[0].error == "needs_two_people"
    assert PersonState.objects.count() == 0
    row = safety.propose_death(OPERATOR, taro, "certificate", clock.now())
    row = safety.decide_death(APPROVER, row.pk, "agreed")
    assert row.sighting is not None
    refused("conflict", lambda: safety.undo(OPERATOR, row.sighting))  # type: ignore[arg-type]
    void = sighting(city, "備 太郎", direction="void", supersedes=row.sighting)
    assert safety.record([void])[0].error == "needs_two_people"
    assert safety.history(OPERATOR, taro).state.status == "deceased"  # type: ignore[union-attr]


def test_who_is_seen_after_a_confirmed_death_is_for_a_person_to_look_at(city: City) -> None:
    taro = key(city)
    row = safety.propose_death(OPERATOR, taro, "other", clock.now())
    safety.decide_death(APPROVER, row.pk, "agreed")
    safety.record([sighting(city, "備 太郎", "F2", minutes=30)])
    found = safety.history(OPERATOR, taro)
    assert (found.dispute, found.state and found.state.status) == ("alive", "deceased")
    assert len(found.sides) == 2
    refused("conflict", lambda: safety.settle(OPERATOR, taro, found.sides[0].pk, "見た"))
    safety.decide_death(OPERATOR, row.pk, "undone", "本人が受付に来た")
    assert safety.history(OPERATOR, taro).dispute == ""


# --- who may know ---------------------------------------------------------------------------------------


def test_a_shielded_person_is_nobody_on_these_pages(city: City) -> None:
    shielded = city.residents["佐藤 守"].pk
    who = VisitorFacts("さとう", "", "1999-09-09", "")
    safety.record([sighting(city, visitor=who), sighting(city, "佐藤 守", "F1", minutes=9)])
    visitor = Visitor.objects.get().pk
    alone = safety.history(OPERATOR, f"v{visitor}")
    safety.link(SYSTEM, visitor, shielded, source="auto", reason="")
    told = {
        (error.code, error.detail, error.hint)
        for person in (f"r{shielded}", "r999999")
        for attempt in (
            lambda person=person: safety.history(OPERATOR, person),
            lambda person=person: safety.take_down(OPERATOR, person, source="self", status="safe"),
            lambda person=person: safety.propose_death(OPERATOR, person, "police", clock.now()),
        )
        for error in [refused("not_found", attempt)]
    }
    assert len(told) == 1
    linked = safety.history(OPERATOR, f"v{visitor}")
    assert (linked.person, linked.name, linked.state) == (alone.person, "さとう", alone.state)
    assert [one.sighting.pk for one in linked.steps] == [one.sighting.pk for one in alone.steps]
    assert linked.aliases == [] and linked.resident is None
