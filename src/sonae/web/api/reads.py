"""What the API tells: shelters and head-counts, warnings in force, evacuation orders in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.exchange.interface import ExchangePartner, partners
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.safety import interface as safety
from sonae.domains.sheltering import interface as sheltering
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import Place
from sonae.domains.warnings import interface as warnings
from sonae.platform.scope import current, is_exercise

MOST_OFFERED = 20


class Occupancy(Schema):
    """People and households inside; null = nobody has reported a head-count."""

    people: int | None
    households: int | None
    as_of: datetime
    capacity: int | None = Field(description="null = unknown, never 0 for unknown")
    state: str = Field(description="open, preparing, full, closed or unknown")
    congestion: str = Field(description="empty, some, crowded, full or unknown")
    congestion_source: str = Field(
        description="seen = said by somebody there, count = head-count by capacity, empty = nobody"
    )
    congestion_at: datetime | None = Field(description="When that was so")


class Shelter(Schema):
    """One facility; ``hazards`` only for a 指定緊急避難場所."""

    id: str
    name: str
    address: str
    lat: float
    lon: float
    kind: str = Field(description="emergency_site, shelter, both or other")
    hazards: dict[str, str] | None
    restricted_to: list[str]
    state: str
    state_at: datetime | None
    people: int | None
    capacity: int | None
    congestion: str
    congestion_source: str
    congestion_at: datetime | None


class InForce(Schema):
    """One warning in force: area × kind. ``level`` is the level as stated, not an evacuation order."""

    area: dict[str, str]
    phenomenon: str
    kind: str
    level: int | None
    severity: str
    since: datetime
    until: datetime | None
    issued_at: datetime | None


class Order(Schema):
    """避難情報 in force: the mayor's decision."""

    number: int
    level: int
    name: str
    hazard: str
    status: str
    towns: list[str]
    whole_city: bool
    reason: str
    people: int
    issued_at: datetime | None


class TerminalInfo(Schema):
    """A reception terminal as it knows itself; ``keys``: JWKs to be pinned at enrolment."""

    terminal: str
    name: str
    shelter: dict[str, str]
    municipality: dict[str, str]
    world: str
    keys: list[dict[str, str]]
    time: datetime


def terminal(one: safety.Terminal) -> TerminalInfo:
    """Return who a terminal is and what it needs to work alone."""
    city = municipalities.municipality()
    return TerminalInfo(
        terminal=one.code,
        name=one.name,
        shelter={"id": one.facility.public_id, "name": one.facility.name},
        municipality={"code": city.code, "name": city.name},
        world=current().world.value,
        keys=[safety.public_jwk(), safety.sealing_jwk()],
        time=clock.SystemClock().now(),
    )


def edge(one: safety.Terminal) -> dict[str, Any]:
    """Return what an edge node needs to work alone: itself, and the terminals that it serves."""
    devices = safety.edge_devices(one)
    return {**terminal(one).model_dump(mode="json"), "devices": devices}


def shelter_list() -> list[Shelter]:
    """Return every facility with state and head-count."""
    return [
        _shelter(place) for place in shelters.places(safety.occupancies(), heard=safety.heard())
    ]


def _shelter(place: Place) -> Shelter:
    row, site = place.facility, place.site
    kinds = {(True, True): "both", (True, False): "emergency_site", (False, True): "shelter"}
    return Shelter(
        id=row.public_id,
        name=row.name,
        address=row.address,
        lat=row.latitude,
        lon=row.longitude,
        kind=kinds.get((site is not None, place.shelter is not None), "other"),
        hazards=site.hazards if site else None,
        restricted_to=place.restricted_to,
        state=place.state,
        state_at=place.report.at if place.report else None,
        people=place.people,
        capacity=place.capacity,
        **_crowding(place),
    )


def _crowding(place: Place) -> dict[str, Any]:
    """Return how crowded a place is, who says so, and as of when."""
    word, source, at = place.crowding
    return {"congestion": word, "congestion_source": source, "congestion_at": at}


def occupancy(shelter_id: str, at: str) -> Occupancy:
    """Return who is inside a facility, now or as of ``at`` (ISO time, Japanese without an offset)."""
    moment = _moment(at) if at else None
    found = next(
        (p for p in shelters.places({}, moment) if p.facility.public_id == shelter_id), None
    )
    if found is None:
        raise SonaeError("not_found", f"施設ID {shelter_id} は登録されていません。")
    pk, as_of = found.facility.pk, moment or clock.now()
    seen = safety.Sighting.objects.filter(facility=pk, refusal="", occurred_at__lte=as_of).exists()
    inside = safety.occupancy(pk, moment) if seen else None
    return Occupancy(
        people=inside.people if inside else None,
        households=inside.households if inside else None,
        as_of=inside.as_of if inside else as_of,
        capacity=found.capacity,
        state=found.state,
        **_crowding(_with_people(found, inside)),
    )


def _with_people(place: Place, inside: safety.Occupancy | None) -> Place:
    """Return the place with its head-count."""
    if inside is None:
        return place
    return replace(place, people=inside.people, counted_at=inside.as_of)


def _moment(text: str) -> datetime:
    """Return the moment of a query; a ``+`` that became a blank in the address is meant as one."""
    try:
        at = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        raise SonaeError(
            "bad_time", "at を読めません。", "2026-07-01T18:00:00+09:00 の形で。"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=JST)


def warnings_in_force() -> list[InForce]:
    """Return the warnings in force, gravest first."""
    return [
        InForce(
            area={"code": w.area_code, "name": w.area_name, "type": w.area_type},
            phenomenon=w.phenomenon,
            kind=w.kind,
            level=w.level,
            severity=w.severity,
            since=w.since,
            until=w.until,
            issued_at=w.telegram.sent_at,
        )
        for w in warnings.in_force()
    ]


def orders_in_force() -> list[Order]:
    """Return the evacuation orders in force, gravest first."""
    return [
        Order(
            number=row.number,
            level=row.level,
            name=str(evacuation.ORDER_NAMES[row.level]),
            hazard=row.hazard,
            status=row.status,
            towns=[town.name for town in row.towns.all()],
            whole_city=row.whole_city,
            reason=row.reason,
            people=row.people,
            issued_at=row.issued_at,
        )
        for row in evacuation.orders_in_force()
    ]


def accept_telegram(raw: bytes, old: str) -> dict[str, Any]:
    """Take a telegram as received; what cannot be read is kept too and answered with its error.

    One older than its kind reasonably lasts is recorded and not put in force, unless ``old`` is
    ``in-force`` or an exercise replays it.
    """
    if not raw:
        raise SonaeError("unreadable", "電文が空です。")
    found = None if old == "in-force" or is_exercise() else warnings.outdated(raw)
    made = warnings.accept(raw, via="api", rehearsal=is_exercise(), historical=found is not None)
    return {
        "telegram": made.telegram,
        "state": made.state,
        "world": made.world.value,
        "duplicate": made.duplicate,
        "concerns_us": made.concerns_us,
        "historical": found is not None,
        "error": made.error or None,
        "detail": (found.told if found else made.detail) or None,
    }


class RoomOffered(Schema):
    """A room in use; ``free`` null = nobody knows how many it takes."""

    name: str
    free: int | None


class ShelterOffered(Schema):
    """An open shelter to which somebody can be sent, with its distance in a straight line."""

    id: str
    name: str
    metres: int
    free: int | None
    congestion: str


class Offered(Schema):
    """What a desk can offer whoever stands before it, as of now; ``coming``: people on the way here."""

    as_of: datetime
    rooms: list[RoomOffered]
    shelters: list[ShelterOffered] = Field(description="Those reported open, the nearest first")
    coming: int


def offered(one: safety.Terminal) -> Offered:
    """Return rooms and other shelters for the desk of a terminal; nothing of any person."""
    place = one.facility_id
    rooms = [
        RoomOffered(name=r.room.name, free=r.free) for r in sheltering.rooms(place) if r.room.open
    ]
    return Offered(
        as_of=clock.now(),
        rooms=rooms,
        shelters=[
            ShelterOffered(
                id=way.place.facility.public_id, name=way.place.facility.name, metres=way.metres,
                free=way.free, congestion=way.place.congestion,
            )
            for way in safety.onward(place)[:MOST_OFFERED]
        ],
        coming=safety.coming_count(place),
    )  # fmt: skip


def exchanged(partner: ExchangePartner, after: str) -> dict[str, Any]:
    """Return a city's own people, with the law by which it reads and until when it may."""
    page = partners.people_of(partner, after=partners.place_of(partner, after) if after else 0)
    following = partners.place_named(partner, page.following) if page.following else None
    return {
        "as_of": clock.now().isoformat(),
        "legal_basis": partner.legal_basis,
        "ends_at": partner.ends_at.isoformat(),
        "people": page.people,
        "next": following,
    }


class Inquiry(Schema):
    """What another city asks about one person (災害対策基本法 第86条の15)."""

    name: str = Field(min_length=1, max_length=120)
    reason: str = Field(min_length=1, max_length=400)
    asker_name: str = Field(min_length=1, max_length=80, description="who asks in that city")
    asker_contact: str = Field(min_length=1, max_length=120)
    kana: str = ""
    birth_date: str = ""
    sex: str = ""
    address: str = ""
    note: str = ""


def asked(partner: ExchangePartner, inquiry: Inquiry) -> dict[str, str]:
    """Take an inquiry of another city in; it reads the answer by the id that it is given."""
    return {"id": partners.ask(partner, partners.Asked(**inquiry.dict())), "state": "waiting"}


def answered(partner: ExchangePartner, key: str) -> dict[str, Any]:
    """Return how far an inquiry is, and what is told; nothing, whatever the reason, is the empty object."""
    found = partners.answer(partner, key)
    withdrawn = found.request.state == "withdrawn"
    state = "withdrawn" if withdrawn else "answered" if found.answered else "waiting"
    return {"id": key, "state": state, "as_of": found.facts.get("as_of"), "told": {
        kind: value for kind, value in found.facts.items() if kind != "as_of"
    }}  # fmt: skip
