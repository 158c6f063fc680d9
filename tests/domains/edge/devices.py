"""A terminal written again in Python, as the browser's module has it: seals for the city and for the node."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sonae.core import clock
from sonae.core.ids import HybridClock, uuid7
from sonae.domains.edge import interface as edge
from sonae.domains.safety import interface as safety
from sonae.gateways.city import _refusal
from sonae.gateways.inputs.web import Answered


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw(data: str) -> bytes:
    return base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))


def seal(key: bytes, bound: str, content: object) -> dict[str, Any]:
    iv = os.urandom(12)
    plain = json.dumps(content, ensure_ascii=False).encode()
    return {"iv": text(iv), "data": text(AESGCM(key).encrypt(iv, plain, bound.encode()))}


def unseal(key: bytes, bound: str, sealed: dict[str, Any]) -> Any:
    return json.loads(AESGCM(key).decrypt(raw(sealed["iv"]), raw(sealed["data"]), bound.encode()))


@dataclass
class Tablet:
    """One terminal: its token, its box, and what it believes of the city."""

    code: str
    token: str
    shelter: str
    node: str
    world: str = "live"
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    after: int = 0

    def __post_init__(self) -> None:
        self.hybrid = HybridClock(self.code)

    def key(self, purpose: str) -> bytes:
        """HKDF of the hash of the token, as RFC 5869 has it."""
        secret = hashlib.sha256(self.token.encode()).hexdigest().encode()
        return HKDF(SHA256(), 32, None, purpose.encode()).derive(secret)

    def check_in(self, resident: str, direction: str = "in", **more: Any) -> dict[str, Any]:
        """Record somebody on this terminal."""
        event = {
            "id": str(uuid7()), "direction": direction, "occurred_at": clock.now().isoformat(),
            "clock": str(self.hybrid.tick()), "person": {"resident_id": resident}, "offline": True,
            **more,
        }  # fmt: skip
        self.events[event["id"]] = event
        return event

    def parcel(self, event: dict[str, Any], inside: dict[str, Any] | None = None) -> dict[str, Any]:
        """One record, sealed for the city."""
        content = {"shelter": self.shelter, "at": clock.now().isoformat(), "event": event}
        bound = f"sonae parcel 1 {self.code} {self.world} {event['id']}"
        return {
            "id": event["id"], **seal(self.key("sonae parcel 1"), bound, content | (inside or {}))
        }  # fmt: skip

    def letter(self, events: list[dict[str, Any]], ask: list[str]) -> dict[str, Any]:
        """What is sent to the node."""
        inside = {
            "parcels": [{**self.parcel(one), "event": one} for one in events],
            "ask": ask, "after": self.after, "list": False,
        }  # fmt: skip
        bound = f"sonae edge 1 ask {self.code} {self.world}"
        outer = seal(self.key(f"sonae edge 1 {self.node}"), bound, inside)
        return {"sonae": "edge", "v": 1, "terminal": self.code, "world": self.world, **outer}

    def opened(self, letter: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """The node's answer to a letter."""
        bound = f"sonae edge 1 told {self.code} {self.world} {letter['iv']}"
        told: dict[str, Any] = unseal(self.key(f"sonae edge 1 {self.node}"), bound, answer)
        return told

    def visit(self) -> dict[str, Any]:
        """Hand everything over and take what the node has; the city's word counts only by its own seal."""
        letter = self.letter(list(self.events.values()), list(self.events))
        told = self.opened(letter, edge.exchange(letter))
        self.after = told["next"]
        for key, receipt in told["receipts"].items():
            said = unseal(
                self.key("sonae receipt 1"), f"sonae receipt 1 {self.code} {self.world} {key}", receipt
            )  # fmt: skip
            self.acknowledged[key] = said["result"]
        return told


class Wire:
    """The city as the node reaches it, over its real API; ``cut`` is the network."""

    def __init__(self, client: Any, token: str) -> None:
        self.client, self.cut = client, False
        self.head = {"HTTP_AUTHORIZATION": f"Bearer {token}"}

    def _json(self, answer: Any) -> dict[str, Any]:
        if answer.status_code != 200:
            error = Answered(answer.status_code, "", answer.content)
            raise _refusal(error) or error
        return dict(answer.json())

    def _up(self) -> None:
        if self.cut:
            raise OSError("cut")

    def info(self) -> dict[str, Any]:
        self._up()
        return self._json(self.client.get("/api/v1/edge", **self.head))

    def people(self, world: str, shelter: str) -> str:
        self._up()
        prefix = "/drill" if world == "exercise" else ""
        answer = self.client.get(f"{prefix}/api/v1/shelters/{shelter}/extract", **self.head)
        return str(answer.content.decode())

    def parcels(self, world: str, batch: Any) -> dict[str, Any]:
        self._up()
        prefix = "/drill" if world == "exercise" else ""
        return self._json(
            self.client.post(
                f"{prefix}/api/v1/edge/parcels",
                json.dumps(batch),
                content_type="application/json",
                **self.head,
            )
        )


def enrolled(shelter: str, name: str, node: str = "", purpose: str = "desk") -> Tablet:
    """Enrol a terminal at the city."""
    row, token = safety.enrol_terminal(shelter, name, purpose=purpose)
    return Tablet(row.code, token, shelter, node or row.code)
