"""Verbs of the domain: loading the list of facilities, and saying which of them are open."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.shelters import rules
from sonae.domains.shelters.models import EmergencySite, Facility, FacilityStatus, Shelter
from sonae.domains.shelters.selectors import STAMP
from sonae.platform import audit, outbox
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import writing

MOST_PEOPLE = 100_000
"""No place takes more; a larger number is a slip of the hand."""


@dataclass(frozen=True)
class FacilityRow:
    """One facility as loaded from a list; unknown stays ``unknown`` or None, never 0 or "no".

    ``hazards`` None = not a 指定緊急避難場所; otherwise hazard → yes, partial, no, unknown (a missing
    hazard is unknown). ``is_shelter`` = designated as 指定避難所. Degrees in JGD2011/WGS 84.
    """

    public_id: str
    name: str
    latitude: float
    longitude: float
    kana: str = ""
    address: str = ""
    town_code: str = ""
    node: int | None = None
    hazards: Mapping[str, str] | None = None
    site_capacity: int | None = None
    is_shelter: bool = False
    shelter_capacity: int | None = None
    restricted_to: tuple[str, ...] = ()
    usable: str = "unknown"
    usable_reason: str = ""
    pets: str = "unknown"
    step_free: str = "unknown"
    wheelchair_toilet: str = "unknown"
    source: str = ""
    source_date: str = ""


@dataclass
class Loaded:
    """What a load did: facilities added, updated, and withdrawn (no longer designated)."""

    added: int = 0
    updated: int = 0
    withdrawn: int = 0
    rows: int = field(default=0)


_COPIED = (
    "name", "kana", "address", "latitude", "longitude", "node", "usable", "usable_reason",
    "pets", "step_free", "wheelchair_toilet", "source", "source_date",
)  # fmt: skip

DESIGNATED = ("hazards", "site_capacity", "is_shelter", "shelter_capacity", "restricted_to")
"""What of a `FacilityRow` its designations hold: gone with them, unless the facility remembers it."""


def row_of_check(record: Mapping[str, Any], source: str = "", source_date: str = "") -> FacilityRow:
    """Return the row of one line of ``sonae shelters check`` (contracts of the command line)."""
    capacity = (record.get("capacity") or {}).get("total")
    site = record["kind"] in {"emergency_site", "both"}
    shelter = record["kind"] in {"shelter", "both"}
    return FacilityRow(
        public_id=record["id"],
        name=record["name"],
        latitude=record["lat"],
        longitude=record["lon"],
        address=record.get("address") or "",
        hazards=dict(record.get("hazards") or {}) if site else None,
        site_capacity=capacity if site else None,
        is_shelter=shelter,
        shelter_capacity=capacity if shelter else None,
        restricted_to=tuple(record.get("restricted_to") or ()),
        usable=record.get("usable") or "unknown",
        usable_reason=record.get("usable_reason") or "",
        source=source,
        source_date=source_date,
    )


def load_facilities(rows: Iterable[FacilityRow], *, actor: Actor = SYSTEM) -> Loaded:
    """Replace the list of facilities by ``rows`` in one transaction; refuse an empty list.

    A facility keeps its row by ``public_id``, because reports and sightings refer to it. One that
    the new list lacks loses its designations and can no longer be a destination.
    """
    require(actor, Audience.ADMINISTRATOR)
    listed = {row.public_id: row for row in rows}
    if not listed:
        raise SonaeError(
            "empty_file",
            "施設が1件もありません。",
            "一覧のファイルを確かめてください。いまの一覧はそのままです。",
        )
    with writing():
        done = store(listed)
        audit.record(
            actor.id,
            "shelters.load",
            added=done.added,
            updated=done.updated,
            withdrawn=done.withdrawn,
        )
    return done


def store(listed: Mapping[str, FacilityRow], *, whole: bool = True) -> Loaded:
    """Write facilities by public id and announce it; call inside `writing`.

    ``whole``: these are all there are, others lose their designations; else only these change.
    """
    done = _store(listed, whole)
    _changed()
    municipalities.announce_change("facilities")
    return done


def _store(listed: Mapping[str, FacilityRow], whole: bool) -> Loaded:
    """Write facilities and designations; return what was done."""
    towns = {town.code: town.pk for town in municipalities.towns()}
    known = {facility.public_id: facility for facility in Facility.objects.all()}
    fresh = [Facility(public_id=key) for key in listed if key not in known]
    for facility in (*known.values(), *fresh):
        if row := listed.get(facility.public_id):
            _copy(row, facility, towns)
    Facility.objects.bulk_create(fresh, batch_size=500)
    kept = [facility for key, facility in known.items() if key in listed]
    Facility.objects.bulk_update(kept, [*_COPIED, "town", "left_with"], batch_size=200)
    known |= {facility.public_id: facility for facility in fresh}
    withdrawn = _designate(listed, known, whole)
    return Loaded(len(fresh), len(kept), withdrawn, len(listed))


def _copy(row: FacilityRow, facility: Facility, towns: Mapping[str, int]) -> None:
    """Put a row's values on its facility; where it has not moved it stays on the network."""
    before = (facility.latitude, facility.longitude, facility.node)
    for name in _COPIED:
        setattr(facility, name, getattr(row, name))
    if row.node is None and before[:2] == (row.latitude, row.longitude):
        facility.node = before[2]
    facility.town_id = towns.get(row.town_code)
    facility.left_with = {}


def _designate(
    listed: Mapping[str, FacilityRow], known: Mapping[str, Facility], whole: bool
) -> int:
    """Rewrite both designations from the list; return how many facilities lost theirs."""
    sites, shelters = EmergencySite.objects.all(), Shelter.objects.all()
    if not whole:
        sites = sites.filter(facility__public_id__in=listed)
        shelters = shelters.filter(facility__public_id__in=listed)
    leaving = _remember(known, listed, sites, shelters)
    sites.delete()
    shelters.delete()
    EmergencySite.objects.bulk_create(
        [
            EmergencySite(
                facility=known[key],
                hazards={hazard: row.hazards.get(hazard, "unknown") for hazard in rules.HAZARDS},
                capacity=row.site_capacity,
            )
            for key, row in listed.items()
            if row.hazards is not None
        ],
        batch_size=500,
    )
    halls = [
        Shelter(
            facility=known[key],
            capacity=row.shelter_capacity,
            restricted_to=list(row.restricted_to),
        )
        for key, row in listed.items()
        if row.is_shelter
    ]
    Shelter.objects.bulk_create(halls, batch_size=500)
    return leaving


def _remember(
    known: Mapping[str, Facility], listed: Mapping[str, FacilityRow],
    sites: Iterable[EmergencySite], shelters: Iterable[Shelter],
) -> int:  # fmt: skip
    """Keep with each facility that leaves what it was designated for; return how many leave."""
    own = {row.pk: row for key, row in known.items() if key not in listed}
    leaving: dict[int, dict[str, Any]] = {}
    for site in sites:
        told = {"hazards": site.hazards, "site_capacity": site.capacity}
        leaving.setdefault(site.facility_id, {}).update(told)
    for hall in shelters:
        told = {"shelter_capacity": hall.capacity, "restricted_to": hall.restricted_to}
        leaving.setdefault(hall.facility_id, {}).update(told, is_shelter=True)
    gone = [own[pk] for pk in leaving if pk in own]
    for facility in gone:
        facility.left_with = leaving[facility.pk]
    Facility.objects.bulk_update(gone, ["left_with"], batch_size=200)
    return len(gone)


def place_on_network(nodes: Mapping[int, int | None]) -> None:
    """Store the walking-network node of each facility (primary key → node, None = not reachable)."""
    found = list(Facility.objects.filter(pk__in=nodes))
    for facility in found:
        facility.node = nodes[facility.pk]
    with writing():
        Facility.objects.bulk_update(found, ["node"], batch_size=500)
        _changed()


def _changed() -> None:
    """Stamp the list anew, so that every process reads it again (`selectors.facilities`)."""
    with municipalities.changing_settings() as settings:
        settings[STAMP] = clock.machine_ns()


def set_state(
    actor: Actor,
    facility_pk: int,
    state: str,
    note: str = "",
    *,
    capacity: int | None = None,
    ordered_by: str = "",
    congestion: str = "",
) -> FacilityStatus:
    """Report a facility's state now; every report is kept and audited, the newest one counts.

    ``capacity``: people it takes now; None keeps what was reported since the place opened, else the
    list's number counts: what was said for one opening ends with it. ``ordered_by``: by whose word it
    was opened or closed (`rules.ORDERERS`); ``congestion``: how crowded the eye finds it
    (`rules.CONGESTION`); each empty = not said.
    Publishes ``shelter.changed {facility, state}``: plans made before may send people elsewhere now.
    """
    require(actor, Audience.RECEPTION)
    if state not in rules.STATES:
        raise SonaeError(
            "unreadable",
            "開設状況の値が正しくありません。",
            f"次のどれかです: {'、'.join(rules.STATES)}",
        )
    if ordered_by not in ("", *rules.ORDERERS) or congestion not in ("", *rules.CONGESTION):
        raise SonaeError("unreadable", "決めた人か混み具合の値が正しくありません。")
    facility = Facility.objects.filter(pk=facility_pk).first()
    if facility is None:
        raise SonaeError("not_found", "この施設は登録されていません。")
    if facility.usable == "no" and state in {"open", "preparing"}:
        raise SonaeError(
            "conflict",
            f"{facility.name}は使用できない施設として登録されています（{facility.usable_reason}）。",
            "使用できるようになった場合は、先に施設一覧を更新してください。",
        )
    if capacity is not None and not 0 <= capacity <= MOST_PEOPLE:
        raise SonaeError("unreadable", "受入人数は0以上の整数で入力してください。")
    made = FacilityStatus(
        facility=facility, state=state, at=clock.now(), reported_by=actor.name or actor.id,
        note=note.strip()[:200], capacity=capacity, ordered_by=ordered_by, congestion=congestion,
    )  # fmt: skip
    return _report(actor, made)


def _report(actor: Actor, report: FacilityStatus) -> FacilityStatus:
    """Write the report, its audit record and its announcement in one transaction."""
    facility, state = report.facility, report.state
    with writing():
        if report.capacity is None:
            last = FacilityStatus.objects.filter(facility=facility).order_by("-at", "-pk").first()
            if last is not None and "closed" not in {last.state, state}:
                report.capacity = last.capacity
        report.save()
        audit.record(
            actor.id,
            "shelter.state",
            f"facility:{facility.public_id}",
            name=facility.name,
            state=state,
            note=report.note,
            capacity=report.capacity,
            ordered_by=report.ordered_by,
            congestion=report.congestion,
        )
        outbox.publish("shelter.changed", {"facility": facility.pk, "state": state})
    return report
