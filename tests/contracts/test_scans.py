"""``POST /api/v1/shelters/{id}/scans`` over HTTP, as the contract has it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from sonae.core import clock
from sonae.core.ids import HybridClock, uuid7
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.residents.interface import qr
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import PersonState, Sighting, Visitor
from sonae.domains.safety.terminals import _known
from sonae.platform.scope import World
from tests.fixtures import OPERATOR, City

pytestmark = pytest.mark.django_db
DEVICE = HybridClock("T001")
PERSON_FACTS = {"name": "外 来", "kana": "ソト ライ", "birth_date": "1999-01-01", "address": "他市"}


@pytest.fixture
def token(city: City) -> str:
    _known.clear()
    return safety.enrol_terminal("F2", "受付1")[1]


def event(person: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "id": str(uuid7()), "direction": "in", "occurred_at": clock.now().isoformat(),
        "clock": DEVICE.tick(), "person": person, "offline": False, **more,
    }  # fmt: skip


def send(token: str, body: object, shelter: str = "F2", prefix: str = "") -> HttpResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Client().post(
        f"{prefix}/api/v1/shelters/{shelter}/scans", raw, content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    assert isinstance(answer, HttpResponse)
    return answer


def results(token: str, *events: object, shelter: str = "F2") -> list[dict[str, Any]]:
    answer = send(token, {"terminal": "T001", "events": list(events)}, shelter)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = json.loads(answer.content)["results"]
    return found


def states(found: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(one["status"], one["error"]) for one in found]


def test_every_way_to_name_a_person(city: City, token: str) -> None:
    one = qr.make(qr.PERSON, "R0011", clock.now() + timedelta(days=1))
    sent = [
        event({"qr": one}), event({"resident_id": "R0012"}), event({"card": "C0013"}),
        event(PERSON_FACTS), event({"kana": "ダレカ"}),
    ]  # fmt: skip
    found = results(token, *sent)
    assert [r["id"] for r in found] == [e["id"] for e in sent]
    assert states(found) == [("accepted", None)] * 5
    assert states(results(token, *sent)) == [("duplicate", None)] * 5
    inside = safety.occupancy(city.facilities["F2"].pk)
    assert (inside.people, inside.households) == (5, 1)
    assert Visitor.objects.count() == 2
    assert set(PersonState.objects.filter(visitor=None).values_list("resident__name", flat=True)) == {
        "備 太郎", "備 花子", "備 一郎",
    }  # fmt: skip


def test_the_party_is_checked_in_with_the_person(city: City, token: str) -> None:
    sent = event({"resident_id": "R0041"}, party=["R0041", "R0042", "R0043", "R9999"])
    [first] = results(token, sent)
    assert (first["status"], first["error"]) == ("accepted", None)
    assert {p["resident_id"]: p["status"] for p in first["party"]} == {
        "R0042": "accepted", "R0043": "accepted", "R9999": "refused",
    }  # fmt: skip
    [again] = results(token, sent)
    assert (again["status"], again["error"]) == ("duplicate", None)
    assert {p["resident_id"]: (p["status"], p["error"]) for p in again["party"]} == {
        "R0042": ("duplicate", None),
        "R0043": ("duplicate", None),
        "R9999": ("duplicate", "unknown_resident"),
    }
    assert safety.occupancy(city.facilities["F2"].pk).people == 3
    assert Sighting.objects.get(refusal="unknown_resident").note == "R9999"


def test_a_household_card_says_nothing_about_who_came(city: City, token: str) -> None:
    alone = event({"card": "H0000004"})
    named = event({"card": "H0000004"}, party=["R0042", "R0043"])
    signed = event({"qr": qr.make(qr.HOUSEHOLD, "H0000004", clock.now() + timedelta(days=1))})
    found = results(token, alone, named, signed)
    assert states(found) == [
        ("refused", "party_missing"), ("accepted", None), ("refused", "party_missing"),
    ]  # fmt: skip
    assert safety.occupancy(city.facilities["F2"].pk).people == 2


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"person": {"resident_id": "R9999"}}, "unknown_resident"),
        ({"person": {"qr": "SN1" + "A" * 130}}, "qr_invalid"),
        ({"person": {"qr": "SN1" + "あ" * 120}}, "qr_invalid"),
        ({"person": {"card": "SN1" + "あ" * 120}}, "unknown_card"),
        ({"person": {"card": "nobody"}}, "unknown_card"),
        ({"person": {}}, "bad_person"),
        ({"person": "R0011"}, "bad_person"),
        ({"id": "not-a-uuid"}, "bad_id"),
        ({"id": 7}, "bad_id"),
        ({"id": None}, "bad_id"),
        ({"direction": "up"}, "bad_direction"),
        ({"direction": ["in"]}, "bad_direction"),
        ({"status": "dead?"}, "bad_status"),
        ({"occurred_at": "yesterday"}, "bad_time"),
        ({"occurred_at": "9999-12-31T23:59:59-12:00"}, "bad_time"),
        ({"occurred_at": None}, "bad_time"),
        ({"clock": "12"}, "bad_clock"),
        ({"party": "R0012"}, "bad_party"),
        ({"supersedes": "x"}, "bad_supersedes"),
        ({"direction": "void"}, "bad_supersedes"),
    ],
)
def test_a_refused_event_is_answered_stored_and_harms_no_other(
    city: City, token: str, change: dict[str, Any], error: str
) -> None:
    good, bad = event({"resident_id": "R0011"}), {**event({"resident_id": "R0012"}), **change}
    first, second = results(token, bad, good)
    assert (first["id"], first["status"], first["error"]) == (bad["id"], "refused", error)
    assert second["status"] == "accepted"
    kept = Sighting.objects.get(refusal=error)
    assert kept.device == "T001"
    assert states(results(token, bad)) == [("duplicate", error)], "stored once, and still refused"
    assert states(results(token, good, bad, good)) == [
        ("duplicate", None), ("duplicate", error), ("duplicate", None),
    ]  # fmt: skip
    assert safety.occupancy(city.facilities["F2"].pk).people == 1


def test_an_event_that_no_one_foresaw_is_refused_alone(
    city: City, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_text: str) -> qr.Token:
        raise ZeroDivisionError

    monkeypatch.setattr(qr, "verify", broken)
    bad = event({"qr": "SN1" + "A" * 130})
    found = results(token, event({"resident_id": "R0011"}), bad, event({"resident_id": "R0012"}))
    assert [one["status"] for one in found] == ["accepted", "refused", "accepted"]
    assert found[1]["error"] == "unreadable"
    assert bad["id"] in Sighting.objects.get(refusal="unreadable").note


def test_an_event_nested_as_deep_as_can_be_read_is_answered(city: City, token: str) -> None:
    good = event({"resident_id": "R0011"})
    for depth in range(880, 1000):
        deep = '{"a":' * depth + "1" + "}" * depth
        body = f'{{"events":[{json.dumps(good)},{{"id":7,"note":{deep}}}]}}'
        assert send(token, body.encode()).status_code in (200, 400), depth
    assert Sighting.objects.filter(refusal="").count() == 1


def test_an_expired_code_is_refused(city: City, token: str) -> None:
    old = qr.make(qr.PERSON, "R0011", clock.now() - timedelta(days=1))
    assert states(results(token, event({"qr": old}))) == [("refused", "qr_expired")]


def test_odd_text_is_kept_and_breaks_nothing(city: City, token: str) -> None:
    odd = event({"name": "\ud800\x00𠮷野 \u202e家" * 40, "address": "あ" * 5000}, note="\x00" * 9)
    huge = event({"resident_id": "R0011"}, note="長" * 5000, needs=["wheelchair", 3, None])
    assert states(results(token, odd, huge)) == [("accepted", None)] * 2
    assert Sighting.objects.get(resident__resident_id="R0011").needs == ["wheelchair"]


def test_a_correction_supersedes_and_a_void_takes_back(city: City, token: str) -> None:
    wrong = event({"resident_id": "R0011"})
    right = event({"resident_id": "R0011"}, direction="in_car", supersedes=wrong["id"])
    late = event({"resident_id": "R0012"})
    results(token, right)
    results(token, wrong, late)
    assert safety.occupancy(city.facilities["F2"].pk).people == 1
    results(token, event({"resident_id": "R0012"}, direction="void", supersedes=late["id"]))
    assert safety.occupancy(city.facilities["F2"].pk).people == 0


@pytest.mark.parametrize("late", [False, True])
def test_a_party_is_taken_back_and_corrected_as_a_whole(city: City, token: str, late: bool) -> None:
    family = ["R0041", "R0042", "R0043"]
    wrong = event({"resident_id": "R0041"}, party=family)
    void = event({"resident_id": "R0041"}, direction="void", party=family, supersedes=wrong["id"])
    for one in (void, wrong) if late else (wrong, void):
        assert states(results(token, one)) == [("accepted", None)]
    assert safety.occupancy(city.facilities["F2"].pk).people == 0
    came = event({"card": "H0000004"}, party=family)
    turned = {"party": family[::-1], "supersedes": came["id"]}
    fixed = event({"card": "H0000004"}, direction="in_car", **turned)
    results(token, *((fixed, came) if late else (came, fixed)))
    assert safety.occupancy(city.facilities["F2"].pk).people == 0
    assert set(PersonState.objects.values_list("direction", flat=True)) == {"in_car"}
    came = event({"card": "H0000004"}, party=family, direction="shelter_at_home")
    turned = {"party": family[::-1], "supersedes": came["id"]}
    void = event({"card": "H0000004"}, direction="void", **turned)
    results(token, *((void, came) if late else (came, void)))
    assert set(PersonState.objects.values_list("direction", flat=True)) == {"in_car"}


def test_a_tablet_that_was_reset_accounts_for_people(city: City, token: str) -> None:
    """Its time of sending is as wrong as that of its events: the difference puts both right."""
    reset = timedelta(days=400)
    one = event({"resident_id": "R0011"})
    one["occurred_at"] = (clock.now() - reset - timedelta(minutes=5)).isoformat()
    sent = (clock.now() - reset).isoformat()
    answer = send(token, {"terminal": "T001", "sent_at": sent, "events": [one]})
    assert states(json.loads(answer.content)["results"]) == [("accepted", None)]
    kept = Sighting.objects.get()
    apart = clock.now() - kept.occurred_at
    assert timedelta(minutes=5) <= apart < timedelta(minutes=6)
    assert kept.stated_at == datetime.fromisoformat(one["occurred_at"])


def test_two_desks_at_once_are_both_kept_and_flagged(city: City, token: str) -> None:
    other = safety.enrol_terminal("F1", "受付2")[1]
    results(token, event({"resident_id": "R0011"}))
    results(other, event({"resident_id": "R0011"}), shelter="F1")
    assert [row.resident_id for row in safety.conflicts()] == [city.residents["備 太郎"].pk]
    assert Sighting.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "unreadable"),
        (b"{", 400, "unreadable"),
        (b"[" * 100_000, 400, "unreadable"),
        (json.dumps({"events": [{"note": "避難"}]}, ensure_ascii=False).encode("cp932"), 400, "unreadable"),
        (json.dumps({"events": []}).encode("utf-16"), 400, "unreadable"),
        (b"[]", 422, "unprocessable"),
        (b"{}", 422, "unprocessable"),
        (b'{"events": {}}', 422, "unprocessable"),
        (b'{"events": [1]}', 422, "unprocessable"),
        (json.dumps({"events": [{}] * 1001}).encode(), 413, "too_large"),
        (b'{"events": [], "x": "' + b"x" * 2_200_000 + b'"}', 413, "too_large"),
    ],
    ids=range(11),
)  # fmt: skip
def test_an_unreadable_batch_stores_nothing(
    city: City, token: str, body: bytes, status: int, code: str
) -> None:
    answer = send(token, body)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content)["code"] == code
    assert Sighting.objects.count() == 0


def test_bom_and_empty_batch_are_fine(city: City, token: str) -> None:
    body = json.dumps({"events": [event({"resident_id": "R0011"})]}).encode("utf-8-sig")
    assert json.loads(send(token, body).content)["results"][0]["status"] == "accepted"
    empty = json.loads(send(token, {"events": []}).content)
    assert empty["results"] == []
    assert abs(datetime.fromisoformat(empty["received_at"]) - clock.now()) < timedelta(minutes=5)


def test_only_the_terminal_of_this_shelter(city: City, token: str) -> None:
    batch = {"events": [event({"resident_id": "R0011"})]}
    assert send("nonsense", batch).status_code == 401
    assert send("", batch).status_code == 401
    assert Client().post("/api/v1/shelters/F2/scans").status_code == 401
    assert send(token, batch, "F1").status_code == 403
    safety.revoke_terminal("T001", actor=OPERATOR)
    refused = send(token, batch)
    assert (refused.status_code, refused["Content-Type"]) == (401, "application/problem+json")
    assert Sighting.objects.count() == 0


def test_the_exercise_stays_in_its_world(city: City, token: str) -> None:
    answer = send(token, {"events": [event({"resident_id": "R0011"})]}, prefix="/drill")
    assert json.loads(answer.content)["results"][0]["status"] == "accepted"
    assert Sighting.objects.count() == 0
    with city.entered(World.EXERCISE):
        assert Sighting.objects.count() == 1


def test_odd_looks_are_passed_over_and_good_ones_recorded(city: City, token: str) -> None:
    """What a screen showed comes with the next batch; nonsense beside it harms nothing."""
    good = {"at": clock.now().isoformat(), "people": ["R0041", "R9999", 7, "\x00", "あ", None]}
    for looks, taken in (([good, 7, {}, {"people": "R0011"}], 4), ("none", 0), (None, 0), ({}, 0)):
        told = json.loads(send(token, {"events": [], "looks": looks}).content)
        assert (told["results"], told["looks"]) == ([], taken)
    [seen] = AccessEvent.objects.all()
    assert (seen.subject, seen.purpose) == (city.residents["高橋 幸子"].pk, "reception")
