"""Records carried in by hand: opened only by their city, counted once however they come, hostile files refused."""

from __future__ import annotations

import base64
import json
import os
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.identity import interface as identity
from sonae.domains.safety import interface as safety
from sonae.domains.safety import terminals
from sonae.domains.safety.interface import Sighting
from sonae.platform.access import Role
from sonae.platform.scope import World
from tests.fixtures import CLERK, OPERATOR, VIEWER, City

pytestmark = pytest.mark.django_db


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def boxed(key: bytes, plain: bytes, bound: bytes) -> bytes:
    iv = os.urandom(12)
    return iv + AESGCM(key).encrypt(iv, plain, bound)


def letter(terminal: safety.Terminal, inside: object, world: str = "live", token: str = "") -> str:
    """What a device writes of one event: sealed by its token's key, then to the city's, made anew here."""
    jwk, bound = safety.sealing_jwk(), f"sonae outbox 2 {terminal.code} {world}".encode()
    x, y = (int.from_bytes(base64.urlsafe_b64decode(jwk[name] + "=")) for name in "xy")
    city = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    once = ec.generate_private_key(ec.SECP256R1())
    point = once.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    info = b"sonae outbox 2"
    own = HKDF(SHA256(), 32, None, info).derive((token or terminal.token_hash).encode())
    shared = HKDF(SHA256(), 32, point, info).derive(once.exchange(ec.ECDH(), city))
    inner = boxed(own, json.dumps(inside).encode(), bound)
    return encoded(point + boxed(shared, inner, bound))


def sealed(terminal: safety.Terminal, *events: object, world: str = "live", **more: Any) -> bytes:
    """The envelope of a device."""
    letters = [letter(terminal, one, world) for one in events]
    outer = {"sonae": "outbox", "v": 2, "terminal": terminal.code, "world": world}
    return json.dumps(
        outer | {"made_at": clock.now().isoformat(), "events": letters} | more
    ).encode()


def event(resident: str, hours: float = 1) -> dict[str, Any]:
    at = clock.now() - timedelta(hours=hours)
    return {
        "id": str(uuid7()), "direction": "in", "occurred_at": at.isoformat(), "offline": True,
        "person": {"resident_id": resident},
    }  # fmt: skip


@pytest.fixture
def terminal(city: City) -> safety.Terminal:
    return safety.enrol_terminal("F2", "受付1")[0]


def test_carried_twice_and_sent_besides_counts_once(terminal: safety.Terminal, city: City) -> None:
    """A week old, and the clock is not "corrected" by the week that the way took."""
    first, second, stranger = event("R0041", 24 * 7), event("R0042"), event("R9999")
    safety.receive(terminal, [second])
    made = safety.take_carried(CLERK, sealed(terminal, first, second, stranger))
    assert (made.count("accepted"), made.count("duplicate"), made.count("refused")) == (1, 1, 1)
    assert [one.error for one in made.refused] == ["unknown_resident"]
    again = safety.take_carried(CLERK, sealed(terminal, first, second, stranger))
    assert again.count("accepted") == 0
    assert safety.occupancy(city.facilities["F2"].pk).people == 2
    assert Sighting.objects.get(pk=first["id"]).stated_at is None


def test_a_terminal_that_was_stopped_had_recorded_before(terminal: safety.Terminal) -> None:
    safety.revoke_terminal(terminal.code, actor=OPERATOR)
    assert safety.take_carried(CLERK, sealed(terminal, event("R0041"))).count("accepted") == 1


def test_hostile_and_mistaken_files_are_refused_whole(
    terminal: safety.Terminal, city: City
) -> None:
    good = sealed(terminal, event("R0041"))
    outer = json.loads(good)
    other = safety.enrol_terminal("F1", "受付9")[0]
    bad: dict[bytes, str] = {
        b"": "unreadable", b"\xff\xfe": "unreadable", b"[]": "unreadable", b"{}": "unreadable",
        good[:-9]: "unreadable", b"[" * 100_000: "unreadable",
        json.dumps(outer | {"terminal": "T999"}).encode(): "not_found",
        json.dumps(outer | {"terminal": ["T001"]}).encode(): "not_found",
        json.dumps(outer | {"terminal": other.code}).encode(): "forged",
        json.dumps(outer | {"events": [outer["events"][0][:-6] + "AAAAAA"]}).encode(): "forged",
        json.dumps(outer | {"events": [7, None, "", "AAAA", "あ"]}).encode(): "forged",
        json.dumps(outer | {"events": [letter(terminal, event("R0041"), token="guess")]}).encode(): "forged",
        json.dumps(outer | {"world": "exercise"}).encode(): "conflict",
        json.dumps(outer | {"v": 1}).encode(): "unreadable",
        sealed(terminal, ["no", "object"]): "forged",
        sealed(terminal): "unreadable",
        json.dumps(outer | {"events": "none"}).encode(): "unreadable",
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
    good = sealed(terminal, event("R0041"), event("R9999"))
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


def test_one_letter_that_nobody_can_open_keeps_no_other_out(terminal: safety.Terminal) -> None:
    outer = json.loads(sealed(terminal, event("R0041"), event("R0042")))
    outer["events"].insert(1, outer["events"][0][:-4] + "AAAA")
    made = safety.take_carried(CLERK, json.dumps(outer).encode())
    assert (made.count("accepted"), [one.error for one in made.refused]) == (2, ["forged"])


def test_what_an_earlier_terminal_left_is_sent_by_the_one_enrolled_anew(
    terminal: safety.Terminal, city: City
) -> None:
    first, (_again, token) = event("R0041"), safety.enrol_terminal("F2", "あらため")
    terminals.forget_known()

    def post(body: bytes, bearer: str = token) -> Any:
        head = {"authorization": f"Bearer {bearer}"}
        return Client().post(
            "/api/v1/terminal/carried", body, content_type="application/json", headers=head
        )

    answer = post(sealed(terminal, first))
    assert [one["status"] for one in answer.json()["results"]] == ["accepted"]
    assert post(sealed(terminal, first)).json()["results"][0]["status"] == "duplicate"
    assert Sighting.objects.get(pk=first["id"]).device == terminal.code, (
        "who made it stays who made it"
    )
    assert post(sealed(terminal, first), "nobody").status_code == 401
    assert post(b"{}").status_code == 422
