"""The extract of a terminal (地区名簿): the people of its district, fewest fields, signed, expiring.

With it a desk without a network finds people by card, QR or name. Nobody under 支援措置 is in it.
"""

from __future__ import annotations

import base64
import json
import math
from datetime import timedelta
from typing import Any, Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import Resident
from sonae.domains.safety.models import Terminal
from sonae.domains.safety.reading import known_residents
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import Facility
from sonae.platform import audit
from sonae.platform.access import Actor
from sonae.platform.db import writing
from sonae.platform.scope import current

VALID: Final = timedelta(hours=24)
NEAREST: Final = 3
"""A town belongs to the district of each of its three nearest shelters."""
_KINDS: Final = ("name", "kana", "birth_date", "household", "needs")
_AT_ONCE: Final = 2000
MOST_LOOKS: Final = 1000


def district(place: Facility) -> list[int]:
    """Return the towns (primary keys) that have this facility among their nearest shelters."""
    sites = [f for f in shelters.facilities() if f.pk == place.pk or shelters.shelter_of(f)]
    found = []
    for town in municipalities.towns():
        squeeze = math.cos(math.radians(town.latitude))
        apart = [
            math.hypot(f.latitude - town.latitude, (f.longitude - town.longitude) * squeeze)
            for f in sites
        ]
        near = sorted(zip(apart, (f.pk for f in sites), strict=True))[:NEAREST]
        if place.pk in {pk for _distance, pk in near}:
            found.append(town.pk)
    return found


def extract(terminal: Terminal) -> str:
    """Return the signed extract for a terminal as a compact JWS (EdDSA); every disclosure is recorded."""
    if terminal.locked_at is not None:
        raise SonaeError(
            "forbidden", "この端末は停止されています。", "災害対策本部に連絡してください。"
        )
    # The machine's time, in an exercise too: a device knows no other to tell when the list ends.
    now = clock.SystemClock().now()
    content = {
        "iss": f"urn:sonae:{current().municipality}",
        "world": current().world.value,
        "shelter": terminal.facility.public_id,
        "terminal": terminal.code,
        "iat": int(now.timestamp()),
        "exp": int((now + VALID).timestamp()),
        "lost": residents.lostcodes.void_codes(),
        "people": _people(terminal),
    }
    return signed(content)


def _people(terminal: Terminal) -> list[dict[str, object]]:
    """Return the people of the district as far as the decision on disclosure allows."""
    actor = Actor(f"terminal:{terminal.code}", None, terminal.name)
    rows = Resident.objects.filter(
        household__town__in=district(terminal.facility), shielded=False
    ).select_related("household", "assistanceregistrant")
    listed = list(rows.order_by("kana_key", "pk"))
    people: list[dict[str, object]] = []
    with writing():
        for start in range(0, len(listed), _AT_ONCE):
            part = listed[start : start + _AT_ONCE]
            made = consent.disclose(
                actor, [one.pk for one in part], purpose="reception", kinds=_KINDS, shielded=()
            )
            people += [_row(one, made[one.pk].fields) for one in part if made[one.pk].fields]
        audit.record(actor.id, "extract_given", terminal.facility.public_id, people=len(people))
    return people


def looked(terminal: Terminal, looks: object) -> int:
    """Record whose households a terminal has opened on its screen (resident ids); how many were taken.

    What cannot be read is passed over: a look is told about people who exist here. Sent again because
    the answer was lost, it is recorded again; a look too many harms nobody.
    """
    listed = looks[:MOST_LOOKS] if isinstance(looks, list) else []
    named = [one.get("people") for one in listed if isinstance(one, dict)]
    ids = [pid for people in named if isinstance(people, list) for pid in people]
    plain = {pid for pid in ids if isinstance(pid, str) and pid.isascii() and pid.isprintable()}
    known = known_residents(sorted(plain)) if plain else {}
    if known:
        pks = list(known.values())
        shielded = residents.shielded_pks() & set(pks)
        actor = Actor(f"terminal:{terminal.code}", None, terminal.name)
        consent.disclose(actor, pks, purpose="reception", kinds=_KINDS, shielded=shielded)
    return len(listed)


def _row(one: Resident, fields: frozenset[str]) -> dict[str, object]:
    """Return one person's line: what a desk needs to recognise the person, and no more."""
    registrant = getattr(one, "assistanceregistrant", None)
    row: dict[str, object] = {"resident_id": one.resident_id, "card": one.card_number}
    row |= {key: getattr(one, key) for key in ("name", "kana", "birth_date") if key in fields}
    if "household" in fields:
        row |= {"household": one.household.number, "household_card": one.household.card_code}
    if "needs" in fields and registrant is not None:
        row["needs"] = registrant.reason
    return row


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def signed(content: dict[str, Any]) -> str:
    """Return a compact JWS (RFC 7515, EdDSA of RFC 8037) over JSON content, by the city's QR key."""
    head = json.dumps({"alg": "EdDSA", "typ": "sonae-extract+jwt", "kid": key_id()})
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    text = f"{_encoded(head.encode())}.{_encoded(body.encode())}"
    return f"{text}.{_encoded(residents.qr.sign(text.encode('ascii')))}"


def key_id() -> str:
    """Return the name of the key: the beginning of its public half."""
    return _encoded(residents.qr.public_key())[:12]


def public_jwk() -> dict[str, str]:
    """Return the public key as a JWK, with which terminals verify extracts and QR tokens offline."""
    key = _encoded(residents.qr.public_key())
    return {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": key_id(), "x": key}
