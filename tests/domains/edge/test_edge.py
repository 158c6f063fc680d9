"""The edge node: holds what terminals record, shows each the others', and says "sent" only in the city's words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from django.core.cache import cache
from django.test import Client, override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.edge import forwarding, holding
from sonae.domains.edge import interface as edge
from sonae.domains.edge.interface import EdgeNode, EdgeParcel
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import PersonState, Sighting
from sonae.domains.safety.terminals import _known
from sonae.platform.scope import World
from sonae.web.api import scans
from tests.domains.edge.devices import Wire, enrolled, seal, text
from tests.fixtures import OPERATOR, City

pytestmark = pytest.mark.django_db
ADDRESS = "https://city.example"


class Gym:
    """F2 with an edge node and two tablets, and a tablet at F1 that knows nothing of it."""

    def __init__(self) -> None:
        _known.clear()
        cache.clear()
        self.node = enrolled("F2", "中継1", purpose="edge")
        self.one, self.two = (enrolled("F2", f"受付{n}", self.node.code) for n in (1, 2))
        self.far = enrolled("F1", "受付3", self.node.code)
        self.wire = Wire(Client(), self.node.token)
        edge.meet(self.wire, ADDRESS, self.node.token)

    def forward(self) -> edge.Round:
        return edge.forward(self.wire)


@pytest.fixture
def gym(city: City) -> Iterator[Gym]:
    made = Gym()
    yield made
    cache.clear()


def test_what_the_node_holds_is_not_sent_until_the_city_has_said_so(gym: Gym, city: City) -> None:
    gym.wire.cut = True
    ids = [gym.one.check_in(f"R00{n}1")["id"] for n in (1, 2, 3)]
    told = gym.one.visit()
    assert sorted(told["held"]) == sorted(ids)
    assert told["receipts"] == {}
    made = gym.forward()
    assert (made.brought, made.waiting) == (0, 3)
    assert "つながりません" in made.problem
    assert gym.one.visit()["city"]["reached"] is False
    assert Sighting.objects.count() == 0
    gym.wire.cut = False
    made = gym.forward()
    assert (made.brought, made.waiting, made.problem) == (3, 0, "")
    assert gym.one.visit()["city"]["reached"] is True
    assert {one["status"] for one in gym.one.acknowledged.values()} == {"accepted"}
    assert sorted(gym.one.acknowledged) == sorted(ids)
    assert {one.device for one in Sighting.objects.all()} == {gym.one.code}
    assert safety.occupancy(city.facilities["F2"].pk).people == 3


def test_each_terminal_sees_the_others_and_not_itself(gym: Gym) -> None:
    first = gym.one.check_in("R0011")
    gym.one.visit()
    told = gym.two.visit()
    assert [(one["name"], one["event"]) for one in told["others"]] == [("受付1", first)]
    assert gym.two.visit()["others"] == []
    gym.two.check_in("R0041")
    gym.two.visit()
    assert len(gym.one.visit()["others"]) == 1


def test_sent_twice_carried_and_direct_count_once(gym: Gym, city: City) -> None:
    """By the node, directly and again by the node: the ledger has each once, whoever was first."""
    event, other = gym.one.check_in("R0011"), gym.one.check_in("R0041")
    for _ in range(3):
        gym.one.visit()
    assert EdgeParcel.objects.count() == 2
    terminal = safety.terminal_by_token(gym.one.token)
    assert terminal is not None
    safety.receive(terminal, [event])
    gym.forward()
    gym.one.visit()
    assert gym.one.acknowledged[event["id"]]["status"] == "duplicate"
    assert gym.one.acknowledged[other["id"]]["status"] == "accepted"
    EdgeParcel.objects.update(receipt=None)  # the node's disk came back from an older copy
    assert gym.forward().brought == 2
    assert Sighting.objects.count() == 2


def test_moves_apart_from_each_other_are_both_kept_and_flagged(gym: Gym, city: City) -> None:
    gym.one.check_in("R0011")
    gym.one.visit()
    terminal = safety.terminal_by_token(gym.far.token)
    assert terminal is not None
    safety.receive(terminal, [gym.far.check_in("R0011")])
    gym.forward()
    assert Sighting.objects.filter(direction="in", refusal="").count() == 2
    assert PersonState.objects.get(resident=city.residents["備 太郎"].pk).conflict


def test_the_node_can_make_and_change_nothing_that_the_city_takes(gym: Gym) -> None:
    """It has what it shares with a terminal; with that it forges no record, and no receipt either."""
    good, victim = gym.one.check_in("R0011"), gym.one.check_in("R0041")
    shared = gym.one.key(f"sonae edge 1 {gym.node.code}")
    content = {"shelter": "F2", "at": clock.now().isoformat(), "event": victim}
    bound = f"sonae parcel 1 {gym.one.code} live {victim['id']}"
    genuine = gym.one.parcel(good)
    changed = {**genuine, "data": genuine["data"][:-4] + ("AAAA" if genuine["data"][-4:] != "AAAA" else "BBBB")}  # fmt: skip
    hostile = [
        {"terminal": gym.one.code, "id": victim["id"], **seal(shared, bound, content)},
        {"terminal": gym.one.code, **changed},
        {"terminal": gym.two.code, **genuine},
        {"terminal": gym.one.code, **genuine, "id": victim["id"]},
        {"terminal": "T999", **genuine},
        {"terminal": "\0", **genuine},
        {"terminal": gym.one.code, "id": "1"},
        {"terminal": gym.one.code, **gym.one.parcel(good, {"shelter": "F1"})},
        {"terminal": gym.one.code, **gym.one.parcel(good, {"event": {**good, "id": str(uuid7())}})},
        {"terminal": gym.one.code, **gym.one.parcel(good, {"event": None, "look": "x"})},
        {},
    ]
    answers = gym.wire.parcels("live", {"parcels": hostile})["answers"]
    assert {one.get("error") for one in answers} == {"forged", "not_found"}
    assert Sighting.objects.count() == 0
    own = {"terminal": gym.node.code, **gym.node.parcel(gym.node.check_in("R0041"))}
    assert gym.wire.parcels("live", {"parcels": [own]})["answers"][0]["error"] == "not_found"
    client, head = gym.wire.client, gym.wire.head
    straight = json.dumps({"events": [victim]})
    posted = client.post("/api/v1/shelters/F2/scans", straight, content_type="application/json", **head)  # fmt: skip
    assert posted.status_code == 403 and "中継機は" in posted.json()["detail"]
    assert client.get("/api/v1/terminal", **head).status_code == 403, "no browser enrols as a node"
    assert Sighting.objects.count() == 0
    drill = gym.wire.parcels("exercise", {"parcels": [{"terminal": gym.one.code, **genuine}]})
    assert drill["answers"][0]["error"] == "forged"
    kept = gym.wire.parcels("live", {"parcels": [{"terminal": gym.one.code, **genuine}]})
    assert "receipt" in kept["answers"][0]
    with pytest.raises(InvalidTag):
        gym.two.opened({"iv": "x"}, kept["answers"][0]["receipt"])
    assert Sighting.objects.count() == 1


def test_only_a_node_may_bring_and_only_what_is_a_list(gym: Gym, client: Client) -> None:
    head = {"HTTP_AUTHORIZATION": f"Bearer {gym.one.token}"}
    assert client.get("/api/v1/edge", **head).status_code == 403
    posted = client.post("/api/v1/edge/parcels", "{}", content_type="application/json", **head)
    assert posted.status_code == 422
    body = json.dumps({"parcels": []})
    assert client.post("/api/v1/edge/parcels", body, content_type="application/json", **head).status_code == 403  # fmt: skip
    assert client.get("/api/v1/edge").status_code == 401
    for parcels, code in (([{}] * 101, "too_large"), (["no object"], "unprocessable")):
        with pytest.raises(SonaeError) as refused:
            gym.wire.parcels("live", {"parcels": parcels})
        assert refused.value.code == code


def test_the_keys_of_a_stopped_terminal_are_not_given(gym: Gym) -> None:
    known = {one["terminal"] for one in gym.wire.info()["devices"]}
    assert known == {gym.one.code, gym.two.code}
    safety.revoke_terminal(gym.one.code, actor=OPERATOR)
    assert {one["terminal"] for one in gym.wire.info()["devices"]} == {gym.two.code}


def test_what_a_terminal_handed_over_before_it_was_stopped_counts(gym: Gym, city: City) -> None:
    """A broken tablet is taken out of use: its records stand. What comes after is kept, and counts for nothing."""
    before = gym.one.check_in("R0011")
    gym.one.visit()
    EdgeParcel.objects.update(held_at=clock.now() - timedelta(minutes=5))
    safety.revoke_terminal(gym.one.code, actor=OPERATOR)
    after = gym.one.check_in("R0041")
    gym.one.visit()  # the node has not heard of it yet
    EdgeParcel.objects.filter(key=after["id"]).update(held_at=clock.now() + timedelta(minutes=5))
    assert gym.forward().brought == 2
    assert Sighting.objects.get(pk=before["id"]).refusal == ""
    stopped = Sighting.objects.get(pk=after["id"])
    assert stopped.refusal == "terminal_stopped"
    assert "R0041" in stopped.note
    with pytest.raises(SonaeError, match="知りません"):
        gym.one.visit()


def test_a_terminal_clock_of_another_day_is_corrected_as_if_sent_directly(gym: Gym) -> None:
    wrong = clock.now() - timedelta(days=2)
    event = gym.one.check_in("R0011", occurred_at=wrong.isoformat())
    parcel = gym.one.parcel(event, {"at": wrong.isoformat()})
    held = {"terminal": gym.one.code, "held_at": clock.now().isoformat(), **parcel}
    gym.wire.parcels("live", {"sent_at": clock.now().isoformat(), "parcels": [held]})
    row = Sighting.objects.get()
    assert abs(row.occurred_at - clock.now()) < timedelta(minutes=2)
    assert row.stated_at is not None


@pytest.mark.parametrize("laptop", [-9, -7, 0, 7, 9, 30])
@pytest.mark.parametrize("hours", [1, 5, 10])
def test_a_laptop_whose_clock_was_put_right_moves_no_record(
    gym: Gym, laptop: int, hours: int
) -> None:
    """A tablet that kept the time is believed, whatever the node's clock said when it took the record."""
    at = clock.now() - timedelta(hours=hours)
    safety.Terminal.objects.filter(code=gym.one.code).update(
        last_seen_at=clock.now() - timedelta(hours=12), clock_ahead=20
    )
    event = gym.one.check_in("R0011", occurred_at=at.isoformat())
    held = {
        "terminal": gym.one.code, "held_at": (at + timedelta(hours=laptop)).isoformat(),
        **gym.one.parcel(event, {"at": at.isoformat()}),
    }  # fmt: skip
    gym.wire.parcels("live", {"sent_at": clock.now().isoformat(), "parcels": [held]})
    row = Sighting.objects.get()
    assert row.occurred_at == at
    assert row.stated_at is None


@pytest.mark.parametrize("off", [timedelta(days=-400), timedelta(days=-2), timedelta(hours=9)])
def test_a_terminal_that_cannot_be_right_is_corrected_though_it_was_heard_before(
    gym: Gym, off: timedelta
) -> None:
    at = clock.now() - timedelta(hours=1)
    safety.Terminal.objects.filter(code=gym.one.code).update(
        last_seen_at=clock.now() - timedelta(hours=12), clock_ahead=0
    )
    event = gym.one.check_in("R0011", occurred_at=(at + off).isoformat())
    held = {
        "terminal": gym.one.code, "held_at": at.isoformat(),
        **gym.one.parcel(event, {"at": (at + off).isoformat()}),
    }  # fmt: skip
    gym.wire.parcels("live", {"sent_at": clock.now().isoformat(), "parcels": [held]})
    row = Sighting.objects.get()
    assert abs(row.occurred_at - at) < timedelta(minutes=2)
    assert row.stated_at is not None


def test_a_stop_is_judged_by_a_time_that_can_be(gym: Gym) -> None:
    """Held in the future by a clock put right since: the tablet's own time; the node's word otherwise."""
    now = clock.now()
    for code, before in ((gym.one.code, 12), (gym.two.code, 12)):
        safety.Terminal.objects.filter(code=code).update(
            last_seen_at=now - timedelta(hours=before), clock_ahead=0,
            revoked_at=now - timedelta(hours=2),
        )  # fmt: skip
    cases = (  # made by the tablet's clock, held by the node's, refused
        (gym.one, 3, -6, ""),  # before the stop; the laptop was nine hours ahead
        (gym.one, 1, -6, "terminal_stopped"),
        (gym.two, 3, 3, ""),
        (gym.two, 11, 1, "terminal_stopped"),  # its clock put back after the stop
    )
    for tablet, made, taken, refusal in cases:
        at = now - timedelta(hours=made)
        event = tablet.check_in("R0011", occurred_at=at.isoformat())
        held = {
            "terminal": tablet.code, "held_at": (now - timedelta(hours=taken)).isoformat(),
            **tablet.parcel(event, {"at": at.isoformat()}),
        }  # fmt: skip
        gym.wire.parcels("live", {"sent_at": now.isoformat(), "parcels": [held]})
        assert Sighting.objects.get(pk=event["id"]).refusal == refusal, (made, taken)


def test_looks_are_on_the_record(gym: Gym, city: City) -> None:
    from sonae.domains.consent.interface import AccessEvent

    before, key = AccessEvent.objects.count(), str(uuid7())
    content = {"shelter": "F2", "at": clock.now().isoformat(), "look": {"people": ["R0011"]}}
    bound = f"sonae parcel 1 {gym.one.code} live {key}"
    parcel = {"terminal": gym.one.code, "id": key, **seal(gym.one.key("sonae parcel 1"), bound, content)}  # fmt: skip
    assert "receipt" in gym.wire.parcels("live", {"parcels": [parcel]})["answers"][0]
    assert AccessEvent.objects.count() == before + 1


def test_the_exercise_goes_into_its_own_world(gym: Gym, city: City) -> None:
    gym.one.world = "exercise"
    gym.one.check_in("R0011")
    gym.one.visit()
    assert gym.two.visit()["others"] == []
    assert gym.forward().brought == 1
    assert Sighting.objects.count() == 0
    with city.entered(World.EXERCISE):
        assert Sighting.objects.count() == 1


def test_the_list_goes_by_the_node_and_is_deleted_when_it_ends(gym: Gym) -> None:
    gym.forward()
    letter = gym.one.letter([], [])
    told = gym.one.opened(letter, edge.exchange(letter))
    assert told["list"] is None
    inside = {"parcels": [], "ask": [], "after": 0, "list": True}
    bound = f"sonae edge 1 ask {gym.one.code} live"
    outer = seal(gym.one.key(f"sonae edge 1 {gym.node.code}"), bound, inside)
    letter = {"terminal": gym.one.code, "world": "live", **outer}
    jws = gym.one.opened(letter, edge.exchange(letter))["list"]
    assert jws.count(".") == 2
    row = EdgeNode.objects.get()
    assert "ソナエ" not in json.dumps(row.lists)
    row.lists["live"][1] = int(clock.now().timestamp()) - 1
    row.save()
    assert gym.one.opened(letter, edge.exchange(letter))["list"] is None
    assert EdgeNode.objects.get().lists == {}


def test_nothing_readable_lies_on_the_node(gym: Gym) -> None:
    gym.one.check_in("R0011", note="薬を飲んでいる")
    gym.one.visit()
    row = EdgeParcel.objects.get()
    assert "R0011" not in f"{row.sealed}{row.clear}"
    node = EdgeNode.objects.get()
    assert gym.node.token not in node.token
    assert gym.one.code not in node.devices


def test_hostile_letters_store_nothing(gym: Gym) -> None:
    gym.one.check_in("R0011")
    good = gym.one.letter(list(gym.one.events.values()), [])
    bad = {
        "not_found": [{"terminal": code} for code in ("T999", None, gym.far.code, gym.node.code)],
        "forged": [{"terminal": gym.two.code}, {"world": "exercise"}, {"data": "AAAA"}, {"iv": ""}],
        "unreadable": [{"world": "other"}],
    }
    for code, letters in bad.items():
        for letter in letters:
            with pytest.raises(SonaeError) as refused:
                edge.exchange({**good, **letter})
            assert refused.value.code == code, letter
    assert EdgeParcel.objects.count() == 0
    bound = f"sonae edge 1 ask {gym.one.code} live"
    key = gym.one.key(f"sonae edge 1 {gym.node.code}")
    strange = (
        {"parcels": "x", "ask": 3, "after": "y"},
        {"parcels": [None, {}, {"id": "1"}], "ask": [None, "z"], "after": True},
        [],
    )
    for inside in strange:
        letter = {"terminal": gym.one.code, "world": "live", **seal(key, bound, inside)}
        assert gym.one.opened(letter, edge.exchange(letter))["held"] == []
    assert EdgeParcel.objects.count() == 0


def test_a_record_that_the_city_cannot_open_stops_no_other(gym: Gym) -> None:
    event = gym.one.check_in("R0011")
    gym.one.visit()
    EdgeParcel.objects.update(sealed={"iv": text(b"0" * 12), "data": text(b"0" * 40)})
    gym.two.check_in("R0041")
    gym.two.visit()
    made = gym.forward()
    assert (made.brought, made.waiting) == (2, 0)
    assert edge.standing().stuck == 1
    assert gym.one.visit()["receipts"] == {}
    assert event["id"] not in gym.one.acknowledged
    assert Sighting.objects.count() == 1


def test_a_disk_put_back_from_an_older_copy_is_not_said_to_hold(gym: Gym) -> None:
    """What the node no longer has it says it lacks, so that the terminal hands it over again."""
    kept, lost = gym.one.check_in("R0011"), gym.one.check_in("R0041")
    assert gym.one.visit()["lacking"] == []
    EdgeParcel.objects.filter(key=lost["id"]).delete()
    letter = gym.one.letter([], [kept["id"], lost["id"]])
    assert gym.one.opened(letter, edge.exchange(letter))["lacking"] == [lost["id"]]
    gym.one.visit()
    assert gym.forward().brought == 2


def test_an_answer_that_says_nothing_loses_nothing(gym: Gym, monkeypatch: Any) -> None:
    gym.one.check_in("R0011")
    gym.one.visit()
    for answer in ({}, {"answers": None}, {"answers": [{}, {"terminal": gym.one.code, "id": "x"}]}):
        monkeypatch.setattr(gym.wire, "parcels", lambda _w, _b, told=answer: told)
        made = gym.forward()
        assert (made.brought, made.waiting) == (0, 1)
        assert made.problem


def test_a_node_that_holds_records_becomes_no_other(gym: Gym, city: City) -> None:
    gym.one.check_in("R0011")
    gym.one.visit()
    other = enrolled("F1", "中継2", purpose="edge")
    with pytest.raises(SonaeError, match="まだ市に届いていません"):
        edge.meet(Wire(Client(), other.token), ADDRESS, other.token)
    gym.forward()
    before = EdgeNode.objects.get()
    assert before.lists
    moved = edge.meet(Wire(Client(), other.token), ADDRESS, other.token)
    assert (moved.shelter, moved.lists) == ("F1", {})
    assert moved.instance != before.instance, "a terminal sees that nothing is held for it"
    assert EdgeParcel.objects.count() == 0
    gym.far.node = other.code
    assert gym.far.visit()["others"] == [], (
        "who came to the shelter before is nobody's business here"
    )


def test_what_the_city_has_is_forgotten_in_time_and_what_it_has_not_never(gym: Gym) -> None:
    """The next exercise starts with nobody of the last; a receipt that was not fetched still comes."""
    gym.one.check_in("R0011")
    gym.one.visit()
    gym.forward()
    gym.two.world = "exercise"
    gym.two.check_in("R0041")
    gym.two.visit()
    gym.forward()
    gym.wire.cut = True
    gym.one.check_in("R0041")
    gym.one.visit()
    gym.two.world = "live"
    gym.two.events.clear()
    assert len(gym.two.visit()["others"]) == 2
    ages = {world: edge.KEPT[world] for world in ("exercise", "live")}
    for world, left in (("exercise", ["live", "live"]), ("live", ["live"])):
        EdgeParcel.objects.filter(world=world).update(held_at=clock.now() - ages[world])
        with clock.using(FrozenClock(clock.now() + timedelta(minutes=1))):
            gym.forward()
        assert list(EdgeParcel.objects.values_list("world", flat=True)) == left
    gym.two.after = 0
    assert len(gym.two.visit()["others"]) == 1
    letter = gym.one.letter([], list(gym.one.events))
    assert len(gym.one.opened(letter, edge.exchange(letter))["lacking"]) == 1
    gym.wire.cut = False
    gym.one.visit()
    gym.forward()
    gym.one.visit()
    assert {one["status"] for one in gym.one.acknowledged.values()} == {"accepted", "duplicate"}
    assert Sighting.objects.count() == 2


def test_starting_it_forgets_before_any_terminal_is_answered(gym: Gym) -> None:
    gym.one.check_in("R0011")
    gym.one.visit()
    gym.forward()
    EdgeParcel.objects.update(held_at=clock.now() - edge.KEPT["live"] - timedelta(minutes=1))
    edge.reached_at("http://192.168.1.5:8800")
    assert gym.two.visit()["others"] == []


def test_a_list_that_is_late_says_so_and_not_that_the_city_is_away(
    gym: Gym, monkeypatch: Any
) -> None:
    def fails(_world: str, _shelter: str) -> str:
        raise OSError("HTTP 500")

    monkeypatch.setattr(gym.wire, "people", fails)
    gym.one.check_in("R0011")
    gym.one.visit()
    made = gym.forward()
    assert (made.brought, made.problem) == (1, "")
    assert "名簿" in made.list_problem
    city = gym.one.visit()["city"]
    assert (city["reached"], city["list_late"]) == (True, True)
    assert edge.standing().list_late
    monkeypatch.undo()
    assert gym.forward().list_problem == ""
    assert gym.one.visit()["city"]["list_late"] is False


def test_one_record_too_large_holds_up_no_other(gym: Gym, monkeypatch: Any) -> None:
    """At the door, and what lies there from before: alone it is refused, kept, shown, and tried again."""
    huge = gym.one.check_in("R0011", note="あ" * 60_000)
    fine = gym.one.check_in("R0041")
    assert gym.one.visit()["held"] == [fine["id"]]
    monkeypatch.setattr(holding, "MOST_CHARACTERS", 10_000_000)
    gym.one.visit()
    monkeypatch.setattr(scans, "MOST_BYTES", 100_000)
    made = gym.forward()
    assert (made.brought, made.waiting, made.problem) == (2, 0, "")
    assert EdgeParcel.objects.get(key=huge["id"]).problem == "too_large"
    assert edge.standing().stuck == 1
    assert Sighting.objects.count() == 1
    monkeypatch.setattr(scans, "MOST_BYTES", 10_000_000)
    assert gym.forward().brought == 0
    edge.reached_at("http://192.168.1.5:8800")
    assert gym.forward().brought == 1


def test_a_city_that_refuses_everything_is_not_the_fault_of_the_records(
    gym: Gym, monkeypatch: Any
) -> None:
    for resident in ("R0011", "R0041"):
        gym.one.check_in(resident)
    gym.one.visit()
    monkeypatch.setattr(scans, "MOST_BYTES", 10)
    made = gym.forward()
    assert (made.brought, made.waiting) == (0, 2)
    assert made.problem
    assert edge.standing().stuck == 0
    monkeypatch.undo()
    assert gym.forward().brought == 2


def test_enrolled_anew_it_brings_home_what_it_held(gym: Gym, city: City) -> None:
    """The laptop's token was stopped by mistake: a new one for the same shelter loses nothing."""
    gym.one.check_in("R0011")
    gym.one.visit()
    safety.revoke_terminal(gym.node.code, actor=OPERATOR)
    made = gym.forward()
    assert (made.brought, made.waiting) == (0, 1)
    anew = enrolled("F2", "中継2", purpose="edge")
    wire = Wire(Client(), anew.token)
    edge.meet(wire, ADDRESS, anew.token)
    assert edge.forward(wire).brought == 1
    with pytest.raises(SonaeError):
        gym.one.visit()  # its key is that of the node before: the code is to be read once more
    gym.one.node = anew.code
    gym.one.visit()
    assert len(gym.one.acknowledged) == 1


def test_a_machine_that_is_no_node_says_what_to_do(city: City) -> None:
    with pytest.raises(SonaeError) as refused:
        edge.exchange({})
    assert "sonae reception edge" in refused.value.hint


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["visit", "direct", "forward", "cut"])), max_size=12))  # fmt: skip
def test_by_whatever_ways_records_come_the_ledger_is_the_same(
    gym: Gym, city: City, steps: list[tuple[str, str]]
) -> None:
    """Each record once, acknowledged only when it is there, and all of them in the end."""
    Sighting.objects.all().delete()
    EdgeParcel.objects.all().delete()
    tablets = {"A": gym.one, "B": gym.two, "C": gym.one}
    for tablet in tablets.values():
        tablet.events.clear()
        tablet.acknowledged.clear()
    for which, step in steps:
        tablet = tablets[which]
        if step == "visit":
            tablet.check_in("R0011" if which == "A" else "R0041", "in" if which != "C" else "out")
            tablet.visit()
        elif step == "direct":
            terminal = safety.terminal_by_token(tablet.token)
            assert terminal is not None
            safety.receive(terminal, list(tablet.events.values()))
        else:
            gym.wire.cut = step == "cut"
            gym.forward()
        stored = {str(pk) for pk in Sighting.objects.values_list("pk", flat=True)}
        for one in (gym.one, gym.two):
            assert set(one.acknowledged) <= stored
    gym.wire.cut = False
    gym.forward()
    for tablet in (gym.one, gym.two):
        tablet.visit()
        assert set(tablet.acknowledged) == set(tablet.events)
    assert Sighting.objects.count() == len(gym.one.events) + len(gym.two.events)
    assert forwarding._unsent().count() == 0


@override_settings(ROOT_URLCONF="sonae.web.edge.urls")
def test_the_site_of_the_node(gym: Gym, client: Client) -> None:
    """Open to any origin for what is sealed; its page only for who sits at the machine."""
    edge.reached_at("http://192.168.1.5:8800")
    gym.one.check_in("R0011")
    letter = gym.one.letter(list(gym.one.events.values()), [])
    posted = client.post("/edge/exchange", json.dumps(letter), content_type="text/plain")
    assert posted.status_code == 200
    assert posted["Access-Control-Allow-Origin"] == "*"
    assert len(gym.one.opened(letter, posted.json())["held"]) == 1
    for body, status in (
        (b"{", 400),
        (b"[]", 400),
        (b'{"sonae":"edge","v":2}', 400),
        (json.dumps({**letter, "terminal": "T9"}).encode(), 404),
        (json.dumps({**letter, "data": ""}).encode(), 403),
    ):
        assert client.post("/edge/exchange", body, content_type="text/plain").status_code == status
    assert client.get("/edge/exchange").status_code == 400
    page = client.get("/").content.decode()
    assert "市にまだ届いていない記録 1件" in page
    assert f"#edge={gym.node.code}@http://192.168.1.5:8800" in page
    assert "備" not in page.replace("備え", "")
    assert client.get("/", REMOTE_ADDR="192.168.1.9").status_code == 403
