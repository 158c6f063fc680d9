"""Records carried in by hand: opened only by their city, counted once however they come, hostile files refused."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.identity import interface as identity
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import Sighting
from sonae.platform.access import Role
from sonae.platform.scope import World
from tests.fixtures import CLERK, OPERATOR, VIEWER, City

pytestmark = pytest.mark.django_db


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sealed(terminal: safety.Terminal, inside: object, world: str = "live", **more: Any) -> bytes:
    """What a device writes: the same envelope, made anew here."""
    key = HKDF(SHA256(), 32, None, b"sonae outbox 1").derive(terminal.token_hash.encode())
    iv, bound = b"0" * 12, f"sonae outbox 1 {terminal.code} {world}".encode()
    data = AESGCM(key).encrypt(iv, json.dumps(inside).encode(), bound)
    outer = {"sonae": "outbox", "v": 1, "terminal": terminal.code, "world": world}
    return json.dumps(outer | {"iv": encoded(iv), "data": encoded(data)} | more).encode()


def event(resident: str, hours: float = 1) -> dict[str, Any]:
    at = clock.now() - timedelta(hours=hours)
    return {
        "id": str(uuid7()), "direction": "in", "occurred_at": at.isoformat(), "offline": True,
        "person": {"resident_id": resident},
    }  # fmt: skip


@pytest.fixture
def terminal(city: City) -> safety.Terminal:
    return safety.enrol_terminal("F2", "受付1")[0]


def inside(*events: object, shelter: str = "F2") -> dict[str, Any]:
    return {"shelter": shelter, "made_at": clock.now().isoformat(), "events": list(events)}


def test_carried_twice_and_sent_besides_counts_once(terminal: safety.Terminal, city: City) -> None:
    """A week old, and the clock is not "corrected" by the week that the way took."""
    first, second, stranger = event("R0041", 24 * 7), event("R0042"), event("R9999")
    safety.receive(terminal, [second])
    made = safety.take_carried(CLERK, sealed(terminal, inside(first, second, stranger)))
    assert (made.count("accepted"), made.count("duplicate"), made.count("refused")) == (1, 1, 1)
    assert [one.error for one in made.refused] == ["unknown_resident"]
    again = safety.take_carried(CLERK, sealed(terminal, inside(first, second, stranger)))
    assert again.count("accepted") == 0
    assert safety.occupancy(city.facilities["F2"].pk).people == 2
    assert Sighting.objects.get(pk=first["id"]).stated_at is None


def test_a_terminal_that_was_stopped_had_recorded_before(terminal: safety.Terminal) -> None:
    safety.revoke_terminal(terminal.code, actor=OPERATOR)
    assert (
        safety.take_carried(CLERK, sealed(terminal, inside(event("R0041")))).count("accepted") == 1
    )


def test_hostile_and_mistaken_files_are_refused_whole(
    terminal: safety.Terminal, city: City
) -> None:
    good = sealed(terminal, inside(event("R0041")))
    outer = json.loads(good)
    other = safety.enrol_terminal("F1", "受付9")[0]
    bad: dict[bytes, str] = {
        b"": "unreadable", b"\xff\xfe": "unreadable", b"[]": "unreadable", b"{}": "unreadable",
        good[:-9]: "unreadable", b"[" * 100_000: "unreadable",
        json.dumps(outer | {"terminal": "T999"}).encode(): "not_found",
        json.dumps(outer | {"terminal": ["T001"]}).encode(): "not_found",
        json.dumps(outer | {"terminal": other.code}).encode(): "forged",
        json.dumps(outer | {"data": outer["data"][:-6] + "AAAAAA"}).encode(): "forged",
        json.dumps(outer | {"data": 7, "iv": None}).encode(): "forged",
        json.dumps(outer | {"world": "exercise"}).encode(): "conflict",
        sealed(terminal, inside(event("R0041"), shelter="F1")): "unreadable",
        sealed(terminal, ["no", "object"]): "unreadable",
        sealed(terminal, {"shelter": "F2", "events": "none"}): "unreadable",
    }  # fmt: skip
    for raw, code in bad.items():
        with pytest.raises(SonaeError) as refused:
            safety.take_carried(CLERK, raw)
        assert refused.value.code == code, raw[:80]
    assert Sighting.objects.count() == 0
    with pytest.raises(SonaeError):
        safety.take_carried(VIEWER, good)
    with city.entered(World.EXERCISE), pytest.raises(SonaeError):
        safety.take_carried(CLERK, good)


def test_the_page_says_of_each_file_what_became_of_it(terminal: safety.Terminal) -> None:
    client = Client()
    client.force_login(
        identity.add_account("desk@example.jp", "natsu-no-yuki-7", Role.RECEPTION, name="受付")
    )
    good = sealed(terminal, inside(event("R0041"), event("R9999")))
    files = [SimpleUploadedFile("a.json", good), SimpleUploadedFile("b.json", b"not ours")]
    answer = client.post("/reception/carried/", {"file": files})
    body = answer.content.decode()
    assert answer.status_code == 422
    assert "1件を取り込みました" in body
    assert "unknown_resident" in body
    assert "受付端末が書き出したファイルではありません。" in body
    answer = client.post("/reception/carried/", {"text": good.decode()})
    assert answer.status_code == 200
    assert "すでに届いていました" in answer.content.decode()
    assert client.post("/reception/carried/").status_code == 422
    assert Client().get("/reception/carried/").status_code in (302, 401)
