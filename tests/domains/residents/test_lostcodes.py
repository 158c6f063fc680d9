"""Lost cards: void from the report on, for the desk, for terminals, for what was seen offline; a new card counts."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from django.test import Client

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.identity import interface as identity
from sonae.domains.residents.interface import lostcodes, presented, qr
from sonae.domains.safety import interface as safety
from sonae.platform.access import Role
from sonae.platform.models import AuditEntry
from sonae.platform.scope import World
from tests.fixtures import CLERK, OPERATOR, City

pytestmark = pytest.mark.django_db


def card(ends: timedelta = qr.LONGEST, kind: str = qr.HOUSEHOLD, code: str = "H0000004") -> str:
    return qr.make(kind, code, clock.now() + ends)


def test_a_lost_card_is_void_and_its_successor_counts(city: City) -> None:
    old = card(qr.LONGEST - timedelta(seconds=2))
    assert presented(old)[0] == "qr"
    lostcodes.report_lost(OPERATOR, qr.HOUSEHOLD, "H0000004")
    with pytest.raises(SonaeError) as refused:
        presented(old)
    assert refused.value.code == "qr_lost"
    assert presented(card(qr.LONGEST + timedelta(seconds=2)))[0] == "qr"
    assert presented(card(code="H0000001"))[0] == "qr"
    assert presented(card(kind=qr.PERSON, code="R0041"))[0] == "qr"
    assert lostcodes.found_again(OPERATOR, qr.HOUSEHOLD, "H0000004")
    assert not lostcodes.found_again(OPERATOR, qr.HOUSEHOLD, "H0000004")
    assert presented(old)[0] == "qr"
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {"code_lost", "code_found"}


def test_what_was_seen_before_the_report_stands(city: City) -> None:
    """A desk without a network took the code in the morning; it was reported at noon; the desk sends at night."""
    old = card(timedelta(days=1), qr.PERSON, "R0041")
    lostcodes.report_lost(OPERATOR, qr.PERSON, "R0041")
    terminal, _token = safety.enrol_terminal("F2", "受付1")

    def answer(hours: float, *, offline: bool) -> str | None:
        at = clock.now() - timedelta(hours=hours)
        event = {
            "id": str(uuid7()), "direction": "in", "occurred_at": at.isoformat(), "offline": offline,
            "person": {"qr": old},
        }  # fmt: skip
        return safety.receive(terminal, [event])[0].error

    assert answer(3, offline=True) is None
    assert answer(3, offline=False) == "qr_lost"
    assert answer(-0.1, offline=True) == "qr_lost"


def test_a_code_that_expired_on_the_way_to_the_server_counts(city: City) -> None:
    gone = qr.make(qr.PERSON, "R0041", clock.now() - timedelta(hours=1))
    terminal, _token = safety.enrol_terminal("F2", "受付1")
    at = clock.now() - timedelta(hours=2)
    event = {
        "id": str(uuid7()), "direction": "in", "occurred_at": at.isoformat(), "person": {"qr": gone},
    }  # fmt: skip
    assert safety.receive(terminal, [event])[0].error == "qr_expired"
    again = {**event, "id": str(uuid7()), "offline": True}
    assert safety.receive(terminal, [again])[0].error is None


def test_terminals_take_the_reports_along(city: City) -> None:
    lostcodes.report_lost(OPERATOR, qr.PERSON, "R0041")
    terminal, _token = safety.enrol_terminal("F2", "受付1")
    body = safety.extract(terminal).split(".")[1]
    told = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    [[kind, identifier, until]] = told["lost"]
    assert (kind, identifier) == ("P", "R0041")
    assert until > told["exp"]


def test_who_may_report_and_never_in_an_exercise(city: City) -> None:
    with pytest.raises(SonaeError):
        lostcodes.report_lost(CLERK, qr.PERSON, "R0041")
    with city.entered(World.EXERCISE), pytest.raises(SonaeError):
        lostcodes.report_lost(OPERATOR, qr.PERSON, "R0041")
    for kind, identifier in (("X", "R0041"), (qr.PERSON, "")):
        with pytest.raises(SonaeError):
            lostcodes.report_lost(OPERATOR, kind, identifier)
    assert lostcodes.void_codes() == []


def test_the_window_makes_codes_void_and_valid_again(city: City) -> None:
    client = Client()
    client.force_login(
        identity.add_account("op@example.jp", "natsu-no-yuki-7", Role.OPERATOR, name="当直")
    )
    path = f"/staff/cards/window/{city.residents['高橋 葵'].pk}/"
    told = {"kind": "H", "code": "H0000004"}
    assert client.post(f"{path}lost/", told).status_code == 302
    shown = client.get(path).content.decode()
    assert "今までのQRコードを使えなくしました" in shown
    assert "見つかった" in shown
    with pytest.raises(SonaeError):
        presented(card(timedelta(days=1)))
    assert client.post(f"{path}lost/", {**told, "found": "1"}).status_code == 302
    assert presented(card(timedelta(days=1)))[0] == "qr"
    assert client.post(f"{path}lost/", {"kind": "P", "code": "R0011"}).status_code == 404
    assert lostcodes.void_codes() == []
