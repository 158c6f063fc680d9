"""Leaving for another shelter: neither here nor there until somebody is seen, and nothing lost of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import interface as safety
from sonae.domains.safety import rules, terminals, underway
from sonae.domains.safety.interface import PersonState, Sighting, VisitorFacts
from sonae.domains.safety.rules import Event, fold
from sonae.domains.sheltering import interface as sheltering
from sonae.domains.shelters import interface as shelters
from tests.domains.safety.test_fold import START, event
from tests.domains.safety.test_ledger import sighting
from tests.fixtures import CLERK, OPERATOR, VIEWER, City


@given(
    st.lists(st.sampled_from(["in1", "in2", "out1>2", "out1>3", "out2>1", "report"]), max_size=8),
    st.randoms(),
)
def test_on_the_way_is_the_last_word_of_whom_nobody_has_seen_since(
    words: list[str], random: Any
) -> None:
    """Recomputed by walking through the events one by one; the order of delivery changes nothing."""
    rows, here, bound = [], None, None
    for number, word in enumerate(words, 1):
        kind, _, to = word.partition(">")
        facility = int(kind[-1]) if kind[-1].isdigit() else None
        direction, target = kind.rstrip("123"), int(to) if to else None
        rows.append(event(number, direction, facility)._replace(bound_for=target))
        if direction == "in":
            here, bound = facility, None
        elif direction == "out" and here in (None, facility):
            here, bound = None, target
    given_rows: list[Event] = [*rows, *rows]
    random.shuffle(given_rows)
    state = fold(given_rows)
    assert (state.bound_for if state else None) == bound
    if state is not None and bound is not None:
        assert state.facility is None, "who is on the way is counted nowhere"


def test_an_undone_departure_is_as_if_it_had_not_been() -> None:
    came, left = event(1), event(2, "out")._replace(bound_for=2)
    taken_back = event(3, "void", supersedes=2)
    assert fold([came, left]) != fold([came])
    assert fold([taken_back, left, came]) == fold([came])
    assert fold([came, left]).seen_at > START  # type: ignore[union-attr]


def leave(city: City, name: str | None = None, to: str = "F1", **more: Any) -> safety.NewSighting:
    return sighting(city, name, direction="out", bound_for=city.facilities[to].pk, **more)


def words(rows: list[safety.Underway]) -> dict[str, tuple[str, str]]:
    return {one.who.name: (one.word, one.other) for one in rows}


@pytest.mark.django_db
def test_the_receiving_shelter_sees_who_is_coming_and_counts_nobody_before(city: City) -> None:
    start, target = city.facilities["F2"].pk, city.facilities["F1"].pk
    guest = VisitorFacts("旅 人子", "タビ ヒトコ", "2024-05-05")
    names = ("備 太郎", "備 花子", "佐藤 守")
    safety.record([*(sighting(city, name) for name in names), sighting(city, visitor=guest)])
    departures = [leave(city, name, minutes=1, offline=name == "備 太郎") for name in names]
    safety.record([*departures, leave(city, visitor=guest, minutes=1)])
    assert (safety.occupancy(start).people, safety.occupancy(target).people) == (0, 0)
    assert safety.coming_count(target) == 4, "everybody counts"
    expected = {name: ("coming", "高台中学校") for name in ("備 太郎", "備 花子", "旅 人子")}
    assert words(safety.coming(CLERK, target)) == expected, "佐藤 守 is under 支援措置: on no list"
    assert [one.who.name for one in safety.coming(CLERK, target) if one.offline] == ["備 太郎"]
    assert words(safety.sent(CLERK, start))["備 花子"] == ("coming", "第一小学校")
    assert safety.coming(CLERK, start) == [] == safety.sent(CLERK, target)
    with clock.using(FrozenClock(clock.now() + timedelta(hours=4))):
        assert words(safety.coming(CLERK, target))["備 花子"] == ("late", "高台中学校")
    with pytest.raises(SonaeError):
        safety.coming(VIEWER, target)
    safety.undo(OPERATOR, departures[1].id)
    assert "備 花子" not in words(safety.sent(CLERK, start)), "undone: still here"
    assert safety.occupancy(start).people == 1
    safety.record([sighting(city, "備 太郎", "F3", minutes=9)])
    assert words(safety.sent(CLERK, start))["備 太郎"] == ("elsewhere", "第一小学校")
    assert list(words(safety.coming(CLERK, target))) == ["旅 人子"]


@pytest.mark.django_db
def test_nobody_is_expected_for_ever_nor_the_dead(city: City, monkeypatch: Any) -> None:
    target = city.facilities["F1"].pk
    names = ("備 太郎", "備 花子", "備 一郎")
    safety.record([sighting(city, name) for name in names])
    safety.record([leave(city, name, minutes=1) for name in names])
    monkeypatch.setattr(underway, "parts", lambda listed: ([one] for one in sorted(set(listed))))
    PersonState.objects.filter(resident=city.residents["備 一郎"].pk).update(status="deceased")
    with clock.using(FrozenClock(clock.now() + timedelta(days=2, hours=23))):
        assert sorted(words(safety.coming(CLERK, target))) == ["備 太郎", "備 花子"]
        assert safety.coming_count(target) == 2
    with clock.using(FrozenClock(clock.now() + timedelta(days=3, minutes=2))):
        assert safety.coming(CLERK, target) == []
        assert safety.coming_count(target) == 0


@pytest.mark.django_db
def test_who_has_arrived_is_the_same_person_also_a_stranger_with_a_bare_name(city: City) -> None:
    target, bare = city.facilities["F1"].pk, VisitorFacts("山田")
    safety.record([sighting(city, visitor=bare), sighting(city, "備 一郎")])
    safety.record([leave(city, visitor=bare, minutes=1), leave(city, "備 一郎", minutes=1)])
    people = [one.who.person for one in safety.coming(CLERK, target)]
    with clock.using(FrozenClock(clock.now() + timedelta(minutes=20))):
        assert [one.status for one in safety.arrive(CLERK, target, people)] == ["accepted"] * 2
        with pytest.raises(SonaeError) as again:
            safety.arrive(CLERK, target, people)
    assert again.value.code == "conflict"
    assert safety.occupancy(target).people == 2
    assert safety.PersonState.objects.filter(direction__in=rules.PRESENT).count() == 2
    assert set(words(safety.sent(CLERK, city.facilities["F2"].pk)).values()) == {
        ("arrived", "第一小学校")
    }
    before = list(safety.PersonState.objects.order_by("person").values())
    safety.rebuild()
    after = list(safety.PersonState.objects.order_by("person").values())
    assert [one | {"id": 0} for one in after] == [one | {"id": 0} for one in before]


@pytest.mark.django_db
def test_a_terminal_says_where_to_and_hears_what_it_can_offer(city: City) -> None:
    terminals.forget_known()
    terminal, token = safety.enrol_terminal("F2", "受付1")
    head = {"authorization": f"Bearer {token}"}
    shelters.set_state(CLERK, city.facilities["F1"].pk, "open", ordered_by="mayor")
    shelters.set_state(CLERK, city.facilities["F4"].pk, "closed")
    sheltering.set_room(CLERK, terminal.facility_id, "体育館", "general", "3")
    sheltering.set_room(CLERK, terminal.facility_id, "倉庫", "other", "9", is_open=False)

    def send(**more: Any) -> UUID:
        made = uuid7()
        event = {
            "id": str(made), "occurred_at": clock.now().isoformat(), "person": {"resident_id": "R0011"},
            "clock": f"{int(clock.now().timestamp() * 1000) + send.count:013d}-0000-T001", **more,  # type: ignore[attr-defined]
        }  # fmt: skip
        send.count += 1  # type: ignore[attr-defined]
        body = {"terminal": terminal.code, "sent_at": clock.now().isoformat(), "events": [event]}
        answer = Client().post(
            "/api/v1/shelters/F2/scans",
            json.dumps(body),
            content_type="application/json",
            headers=head,
        )
        assert answer.json()["results"][0]["status"] == "accepted", answer.content
        return made

    send.count = 0  # type: ignore[attr-defined]
    send(direction="in", place="体育館")
    told = Client().get("/api/v1/shelters/F2/desk", headers=head).json()
    assert told["rooms"] == [{"name": "体育館", "free": 2}]
    assert [one["id"] for one in told["shelters"]] == ["F1"]
    assert told["shelters"][0]["free"] == 250 or told["shelters"][0]["free"] is None
    assert Client().get("/api/v1/shelters/F1/desk", headers=head).status_code == 403
    assert Client().get("/api/v1/shelters/F2/desk").status_code == 401
    for to, bound in (("F1", "F1"), ("F99", None), (["F1"], None), ("F2", None)):
        row = Sighting.objects.select_related("bound_for").get(pk=send(direction="out", to=to))
        assert (row.bound_for.public_id if row.bound_for else None) == bound, to
    assert Sighting.objects.get(pk=send(direction="in", to="F1")).bound_for is None
    exported = {one["direction"]: one["to"] for one in safety.exported() if one["to"]}
    assert exported == {"out": "F1"}
    assert Resident.objects.get(resident_id="R0011").pk
