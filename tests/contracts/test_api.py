"""The rest of ``/api/v1/``: shelters, occupancy, extract, warnings, orders, OpenAPI, problems."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.test import Client

from sonae.core import clock
from sonae.core.ids import HybridClock, uuid7
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.identity import interface as identity
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import NewSighting
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.access import Role
from tests.fixtures import ADMINISTRATOR, APPROVER, OPERATOR, City, flood_telegram

pytestmark = pytest.mark.django_db


def get(path: str, token: str = "", client: Client | None = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = (client or Client()).get(f"/api/v1{path}", headers=headers)
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, json.loads(answer.content)


def arrive(city: City, name: str, facility: str, minutes: int) -> None:
    at = clock.now() + timedelta(minutes=minutes)
    one = NewSighting(
        id=uuid7(), direction="in", occurred_at=at, clock=f"{clock.unix_ms(at)}-0000-T",
        source="reception", resident_pk=city.residents[name].pk,
        facility_pk=city.facilities[facility].pk, device="T",
    )  # fmt: skip
    safety.record([one])


def signed_in(role: Role, **options: Any) -> Client:
    account = identity.add_account(f"{role.value}@example.jp", "natsu-no-yuki-7", role)
    client = Client(**options)
    client.force_login(account)
    return client


def test_shelters_say_what_is_known_and_what_is_not(city: City) -> None:
    shelters.set_state(OPERATOR, city.facilities["F2"].pk, "open")
    arrive(city, "備 太郎", "F2", 0)
    status, found = get("/shelters")
    assert status == 200
    by_id = {row["id"]: row for row in found}
    assert (by_id["F2"]["state"], by_id["F2"]["people"], by_id["F2"]["capacity"]) == (
        "open",
        1,
        200,
    )
    assert (by_id["F3"]["people"], by_id["F3"]["capacity"], by_id["F3"]["state"]) == (
        None, None, "unknown",
    )  # fmt: skip
    assert by_id["F3"]["kind"] == "shelter"
    assert by_id["F3"]["restricted_to"] == ["elderly", "disabled"]
    assert by_id["F4"]["kind"] == "emergency_site"


def test_occupancy_now_and_as_of_any_time(city: City) -> None:
    arrive(city, "備 太郎", "F2", -60)
    arrive(city, "備 花子", "F2", -30)
    arrive(city, "高橋 葵", "F2", -10)
    assert get("/shelters/F2/occupancy")[1]["people"] == 3
    assert get("/shelters/F2/occupancy")[1]["households"] == 2
    for minutes, people in ((-90, None), (-45, 1), (-20, 2), (0, 3)):
        at = clock.now() + timedelta(minutes=minutes)
        for written in (quote(at.isoformat()), at.isoformat(), at.isoformat()[:19]):
            status, found = get(f"/shelters/F2/occupancy?at={written}")
            assert (status, found["people"]) == (200, people)
    assert get("/shelters/F3/occupancy")[1]["people"] is None, "nobody reported: unknown, not 0"
    assert get("/shelters/F9/occupancy")[0] == 404
    assert get("/shelters/F2/occupancy?at=soon")[1]["code"] == "bad_time"


def parts(jws: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    def decoded(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    head, body, signature = jws.split(".")
    signed = f"{head}.{body}".encode()
    return json.loads(decoded(head)), json.loads(decoded(body)), signed, decoded(signature)


def test_the_extract_is_signed_minimal_expiring_and_recorded(city: City) -> None:
    token = safety.enrol_terminal("F2", "受付1")[1]
    answer = Client().get(
        "/api/v1/shelters/F2/extract", headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/jose", "no-store")
    head, body, signed, signature = parts(answer.content.decode())
    [jwk] = get("/keys")[1]["keys"]
    raw = base64.urlsafe_b64decode(jwk["x"] + "=")
    Ed25519PublicKey.from_public_bytes(raw).verify(signature, signed)
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, signed + b"x")
    assert (head["alg"], head["kid"]) == ("EdDSA", jwk["kid"])
    assert body["exp"] - body["iat"] == 24 * 3600
    people = {one["resident_id"]: one for one in body["people"]}
    assert "R0053" not in people, "支援措置 is in no list"
    assert len(people) == 11
    assert set(people["R0031"]) == {
        "resident_id", "card", "name", "kana", "birth_date", "household", "household_card",
    }  # fmt: skip
    assert people["R0011"]["needs"] == "要介護３"
    assert AccessEvent.objects.filter(purpose="reception", decision="permit").count() == 11


def test_only_the_own_terminal_gets_an_extract(city: City) -> None:
    token = safety.enrol_terminal("F2", "受付1")[1]
    assert get("/shelters/F1/extract", token)[0] == 403
    assert get("/shelters/F2/extract")[1]["code"] == "sign_in"
    assert get("/shelters/F2/extract", client=signed_in(Role.ADMINISTRATOR))[0] == 401


def test_warnings_in_and_out(city: City) -> None:
    operator, telegram = signed_in(Role.OPERATOR), flood_telegram(4)

    def hand_in(client: Client) -> tuple[int, Any]:
        answer = client.post("/api/v1/warnings", telegram, content_type="application/xml")
        return answer.status_code, json.loads(answer.content)

    assert hand_in(Client())[0] == 401
    assert hand_in(signed_in(Role.VIEWER))[0] == 403
    status, made = hand_in(operator)
    assert (status, made["state"], made["duplicate"], made["world"]) == (200, "read", False, "live")
    assert hand_in(operator)[1]["duplicate"] is True
    outbox.drain()
    status, found = get("/warnings")
    assert (status, found[0]["level"], found[0]["phenomenon"]) == (200, 4, "flood")
    bad = operator.post("/api/v1/warnings", b"<x", content_type="application/xml")
    assert json.loads(bad.content)["state"] == "refused"
    assert operator.post("/api/v1/warnings", b"", content_type="a/b").status_code == 400


def test_an_old_telegram_is_history_unless_the_caller_says_otherwise(city: City) -> None:
    """A file of last month, posted by a script, must not warn anybody today."""
    operator, old = signed_in(Role.OPERATOR), flood_telegram(4, minute=-60 * 24 * 40)

    def hand_in(path: str) -> dict[str, Any]:
        return dict(operator.post(path, old, content_type="application/xml").json())

    made = hand_in("/api/v1/warnings")
    assert made["historical"] and "古いため、発表中にはしていません" in made["detail"]
    assert get("/warnings")[1] == []
    assert operator.post("/api/v1/warnings?old=maybe", old, content_type="a/b").status_code == 422
    assert hand_in("/api/v1/warnings?old=in-force")["historical"] is False
    assert get("/warnings")[1][0]["level"] == 4
    rehearsed = hand_in("/drill/api/v1/warnings")
    assert (rehearsed["historical"], rehearsed["world"]) == (False, "exercise")


def test_a_telegram_needs_the_csrf_token(city: City) -> None:
    careful = signed_in(Role.OPERATOR, enforce_csrf_checks=True)
    refused = careful.post("/api/v1/warnings", flood_telegram(), content_type="application/xml")
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    assert warnings.history() == []


def test_orders_in_force(city: City) -> None:
    assert get("/orders") == (200, [])
    row = evacuation.draft_order(
        OPERATOR, level=4, hazard="flood", towns=[city.towns["西町"].pk], reason="増水"
    )
    evacuation.submit(OPERATOR, row.pk)
    assert get("/orders") == (200, []), "a draft is nobody's business"
    evacuation.approve(APPROVER, row.pk)
    [found] = get("/orders")[1]
    assert (found["level"], found["name"], found["towns"]) == (4, "避難指示", ["西町"])


@pytest.mark.parametrize("path", ["/shelters", "/shelters/F2/occupancy", "/warnings", "/orders"])
def test_an_exercise_is_not_public(city: City, path: str) -> None:
    token = safety.enrol_terminal("F2", "受付1")[1]
    drill = f"/drill/api/v1{path}"
    assert Client().get(drill).status_code == 401
    bearer = {"Authorization": f"Bearer {token}"}
    assert Client().get(drill, headers=bearer).status_code == 200
    assert signed_in(Role.VIEWER).get(drill).status_code == 200


def test_the_api_describes_itself(city: City) -> None:
    status, found = get("/openapi.json")
    assert status == 200
    assert set(found["paths"]) == {
        "/api/v1/shelters/{shelter_id}/scans", "/api/v1/shelters/{shelter_id}/extract",
        "/api/v1/shelters/{shelter_id}/occupancy", "/api/v1/shelters", "/api/v1/warnings",
        "/api/v1/orders", "/api/v1/keys", "/api/v1/obstacles", "/api/v1/obstacles/{obstacle}",
        "/api/v1/exchange/people", "/api/v1/exchange/requests",
        "/api/v1/exchange/requests/{key}", "/api/v1/terminal",
        "/api/v1/shelters/{shelter_id}/desk", "/api/v1/terminal/carried",
        "/api/v1/edge", "/api/v1/edge/parcels",
    }  # fmt: skip
    scans = found["paths"]["/api/v1/shelters/{shelter_id}/scans"]["post"]
    events = scans["requestBody"]["content"]["application/json"]["schema"]["properties"]["events"]
    assert set(events["items"]["required"]) == {"id", "direction", "occurred_at", "clock", "person"}
    assert scans["security"] == [{"TerminalToken": []}]


def test_what_is_not_there_is_a_problem(city: City) -> None:
    assert get("/nothing")[0] == 404
    assert Client().delete("/api/v1/shelters").status_code == 405


def test_export_has_one_line_for_every_stored_event(city: City) -> None:
    arrive(city, "備 太郎", "F2", 0)
    with_error = NewSighting(
        id=uuid7(), direction="in", occurred_at=clock.now(), clock=HybridClock("T").tick(),
        source="reception", refusal="unknown_resident", device="T",
    )  # fmt: skip
    safety.record([with_error])
    first, second = safety.exported()
    assert (first["resident_id"], first["shelter_id"], first["status"]) == (
        "R0011",
        "F2",
        "accepted",
    )
    assert (second["id"], second["status"], second["error"]) == (
        str(with_error.id), "refused", "unknown_resident",
    )  # fmt: skip
    assert safety.terminals() == []
    safety.enrol_terminal("F2", "受付1", actor=ADMINISTRATOR)
    assert [one.code for one in safety.terminals()] == ["T001"]
