"""An uploaded list beside the facilities in force: what it would change, pure and before anything is.

Lists speak of some things only: what a list has no column for keeps its value. A facility is told by id,
name, address and position, because reports, sightings and printed codes refer to it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sonae.domains.municipalities.interface import FAR_M, Town, metres_from_towns
from sonae.domains.shelters.models import FacilityList
from sonae.domains.shelters.selectors import Place
from sonae.domains.shelters.services import DESIGNATED, FacilityRow
from sonae.engines.shelters.changes import (
    Change,
    Changes,
    Doubt,
    compare,
    differing,
    reopens,
    spoken_of,
)
from sonae.engines.shelters.listing import HAZARDS, UNSTATED, Capacity, Listed, plain
from sonae.engines.shelters.same import pair
from sonae.engines.shelters.suspect import nameless

_LONGEST = {"name": 120, "address": 200, "kana": 200, "usable_reason": 200, "public_id": 24}
_IN_USE = frozenset({"open", "preparing", "full"})


@dataclass(frozen=True)
class Retained:
    """A facility that the list lacks but that is in use: it stays as it is. ``people`` None = unknown."""

    place: Place

    @property
    def people(self) -> int | None:
        """People inside now."""
        return self.place.people


@dataclass(frozen=True)
class Returning:
    """A facility that left the list earlier and is named again by row ``at`` of the usable ones.

    What the list does not speak of is as it was when it left; ``changes``: what is said otherwise now.
    """

    place: Place
    at: int
    changes: list[Change]


@dataclass
class Preview:
    """What an edition would do. ``after``: its usable rows; ``left_out``: row → why it cannot be used.

    ``changes`` has indices of ``before`` (places in force) and ``after``; its ``new`` holds the
    ``returning`` too. ``retained``: gone from the list, but in use. ``settled``: values of the list
    that an earlier settlement overrules. ``known``: every public id that a facility ever had.
    """

    before: list[Place]
    after: list[Listed]
    changes: Changes
    left_out: list[tuple[Listed, str]] = field(default_factory=list)
    retained: list[Retained] = field(default_factory=list)
    settled: list[tuple[Place, Change]] = field(default_factory=list)
    returning: list[Returning] = field(default_factory=list)
    known: frozenset[str] = frozenset()

    @property
    def fresh(self) -> list[int]:
        """Rows (indices of ``after``) of facilities that were never there."""
        back = {one.at for one in self.returning}
        return [at for at in self.changes.new if at not in back]

    @property
    def doubts(self) -> list[Doubt]:
        """What a person must be asked about."""
        return self.changes.doubts

    @property
    def gone(self) -> list[Place]:
        """Facilities that lose their designations."""
        kept = {one.place.facility.pk for one in self.retained}
        found = [self.before[at] for at in self.changes.gone]
        return [place for place in found if place.facility.pk not in kept]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.changes.new or self.changes.changed or self.gone)


def listed_of(place: Place) -> Listed:
    """Return a facility in force as a row of a list; its row number is the primary key.

    Its capacity is the list's own, never the one reported for the time it is open. A facility that
    left the list is as it was then.
    """
    row = row_of_place(place)
    told = row.hazards or {}
    return Listed(
        input="", row=place.facility.pk, id=row.public_id, name=row.name, kind=value_in(row, "kind"),
        lat=row.latitude, lon=row.longitude, address=row.address,
        hazards={hazard: told.get(hazard, "unknown") for hazard in HAZARDS},
        capacity=Capacity(value_in(row, "capacity")), restricted_to=tuple(row.restricted_to),
        usable=row.usable, usable_reason=row.usable_reason, kana=row.kana,
    )  # fmt: skip


def in_use(place: Place) -> bool:
    """Tell whether people are in a place, or it is open or opening."""
    return bool(place.people) or (place.report is not None and place.report.state in _IN_USE)


def preview(edition: FacilityList, places: Sequence[Place], towns: Sequence[Town] = ()) -> Preview:
    """Return what an edition would change; ``places``: all facilities with states and head-counts.

    ``towns``: the municipality's, to see what lies far from all of them.
    """
    before = [one for one in places if one.site or one.shelter]
    fields = frozenset(edition.fields)
    rows = [Listed.from_json(row) for row in edition.rows]
    known = [listed_of(one) for one in before]
    usable, left_out = _usable(rows, known, fields)
    changes = compare(known, usable, fields)
    retained = [Retained(before[at]) for at in changes.gone if in_use(before[at])]
    ids = frozenset(one.facility.public_id for one in places)
    found = Preview(before, usable, changes, left_out, retained, known=ids)
    found.returning = _returning(found, [p for p in places if not (p.site or p.shelter)], fields)
    changes.doubts = [
        *_half_doubts(found),
        *_in_use_doubts(found), *_far_doubts(found, towns), *_repeat_doubts(found, edition),
        *_reopening(found),
    ]  # fmt: skip
    return found


def _returning(found: Preview, gone: Sequence[Place], fields: frozenset[str]) -> list[Returning]:
    """Return the facilities that left earlier among the new rows; only those that are surely the same."""
    left, rows = [listed_of(one) for one in gone], [found.after[at] for at in found.changes.new]
    return [
        Returning(
            gone[one.one],
            found.changes.new[one.other],
            differing(left[one.one], rows[one.other], fields),
        )
        for one in pair(left, rows, ids=True)
        if one.sure
    ]


def _reopening(found: Preview) -> list[Doubt]:
    """Return the doubts of the comparison, with closed places that would return as if they were not."""
    names = tuple(
        one.place.facility.name for one in found.returning
        if any(told.field == "usable" and reopens(told) for told in one.changes)
    )  # fmt: skip
    doubts = [one for one in found.changes.doubts if one.code != "reopens"]
    before = [one for one in found.changes.doubts if one.code == "reopens"]
    names = (*(name for one in before for name in one.names), *names)
    total = len(found.before) + len(found.returning)
    return doubts + ([Doubt("reopens", "usable", len(names), total, names)] if names else [])


def _usable(
    rows: Sequence[Listed], known: Sequence[Listed], fields: frozenset[str]
) -> tuple[list[Listed], list[tuple[Listed, str]]]:
    """Tell the rows that can be facilities from those that cannot: no name, no place, said twice."""
    placed = {at for _, at in compare(known, rows, fields).kept}
    usable, left_out, seen = list[Listed](), list[tuple[Listed, str]](), set[tuple[Any, ...]]()
    for at, row in enumerate(rows):
        key = (row.id, row.name, row.address, row.lat, row.lon, row.kind)
        if not row.name.strip():
            left_out.append((row, "no_name"))
        elif nameless(row.name):
            left_out.append((row, "placeholder"))
        elif row.lat is None and at not in placed:
            left_out.append((row, "no_position"))
        elif key in seen:
            left_out.append((row, "duplicate"))
        else:
            usable.append(row)
        seen.add(key)
    return usable, left_out


def _in_use_doubts(found: Preview) -> list[Doubt]:
    """Return the places in use that the list closes: the list may be older than what people see."""
    names = [
        found.before[old].facility.name
        for (old, _), changes in found.changes.changed.items()
        if in_use(found.before[old])
        and any(one.field == "usable" and one.after[0] == "no" for one in changes)
    ]
    return (
        [Doubt("closes_in_use", "usable", len(names), len(found.before), tuple(names))]
        if names
        else []
    )


def _half_doubts(found: Preview) -> list[Doubt]:
    """Return the designation that no row of the list has: the other of two files was not sent, mostly.

    A file of shelters may mark which of them are emergency sites too, but never for which hazard; one of
    sites may mark the shelters among them, and lacks the places that are shelters only.
    """
    kinds = {one.kind for one in found.after}
    gone = {found.before[at].facility.pk for at in found.changes.gone}
    only = [one for one in found.before if one.site is None]
    hazards = any(said != "unknown" for one in found.after for said in one.hazards.values())
    lost = bool(only) and "shelter" not in kinds and all(one.facility.pk in gone for one in only)
    sides = (
        ("sites_missing", not hazards or kinds == {"shelter"}, [p for p in found.before if p.site]),
        ("shelters_missing", lost or kinds == {"emergency_site"}, [p for p in found.before if p.shelter]),
    )  # fmt: skip
    return [
        Doubt(code, "", len(held), len(found.before), tuple(one.facility.name for one in held))
        for code, missing, held in sides
        if held and missing
    ]


def _repeat_doubts(found: Preview, edition: FacilityList) -> list[Doubt]:
    """Return rows of one facility that contradict each other, and ids that several places share."""
    total, doubts = len(found.after), list[Doubt]()
    differ = [one["value"] for one in edition.defects if one["problem"] == "rows_differ"]
    if differ:
        doubts.append(Doubt("rows_differ", "", len(differ), total, tuple(differ)))
    counted = Counter(plain(one.id) for one in found.after)
    shared = tuple(one.name for one in found.after if one.id and counted[plain(one.id)] > 1)
    if shared:
        doubts.append(Doubt("same_id", "", len(shared), total, shared))
    return doubts


def _far_doubts(found: Preview, towns: Sequence[Town]) -> list[Doubt]:
    """Return the places, new or moved, that lie far from every town: another city's, or at sea."""
    moved = [new for (_, new), told in found.changes.changed.items()
             if any(one.field == "position" for one in told)]  # fmt: skip
    rows = [found.after[at] for at in [*found.changes.new, *moved]]
    at = [
        (one.name, one.lat, one.lon) for one in rows if one.lat is not None and one.lon is not None
    ]
    metres = metres_from_towns([lat for _, lat, _ in at], [lon for *_, lon in at], towns)
    names = [name for (name, _, _), far in zip(at, metres.tolist(), strict=True) if far > FAR_M]
    return (
        [Doubt("far_from_towns", "", len(names), len(found.after), tuple(names))] if names else []
    )


def rows_of(found: Preview, edition: FacilityList, towns: Sequence[Town]) -> list[FacilityRow]:
    """Return everything that is in force once the edition is: its places, and those retained."""
    fields = frozenset(edition.fields)
    taken = {place.facility.public_id for place in found.before} | found.known
    held = {row["row"]: row["held"] for row in edition.rows if "held" in row}
    same = [(found.before[old], new) for old, new in found.changes.kept]
    rows = []
    for place, new in [*same, *((one.place, one.at) for one in found.returning)]:
        row = _renewed(place, found.after[new], fields, edition, towns)
        rows.append(replace(row, **held.get(found.after[new].row, {})))
    for at in found.fresh:
        row = _fresh(found.after[at], edition, towns, taken)
        taken.add(row.public_id)
        rows.append(row)
    return rows + [row_of_place(one.place) for one in found.retained]


def row_of_place(place: Place) -> FacilityRow:
    """Return a facility in force as the row that would load it again unchanged.

    One that left the list is as it was when it left.
    """
    facility, site, shelter = place.facility, place.site, place.shelter
    left = {} if site or shelter else facility.left_with
    row = FacilityRow(
        public_id=facility.public_id, name=facility.name, latitude=facility.latitude,
        longitude=facility.longitude, kana=facility.kana, address=facility.address,
        town_code=facility.town.code if facility.town else "", node=facility.node,
        hazards=dict(site.hazards) if site else None, site_capacity=site.capacity if site else None,
        is_shelter=shelter is not None, shelter_capacity=shelter.capacity if shelter else None,
        restricted_to=tuple(place.restricted_to), usable=facility.usable,
        usable_reason=facility.usable_reason, pets=facility.pets, step_free=facility.step_free,
        wheelchair_toilet=facility.wheelchair_toilet, source=facility.source,
        source_date=facility.source_date,
    )  # fmt: skip
    known = {name: left[name] for name in DESIGNATED if name in left}
    groups = tuple(known.pop("restricted_to", row.restricted_to))
    return replace(row, **known, restricted_to=groups)


HELD = ("site_capacity", "shelter_capacity", "usable", "source", "source_date")
"""What of a facility a row of a list cannot say: two capacities, that it can be used, whose it is."""


def as_rows(places: Sequence[Place]) -> list[dict[str, Any]]:
    """Return facilities in force as an edition keeps them, to be put in force again just as they are."""
    found = []
    for place in places:
        row = row_of_place(place)
        held = {name: getattr(row, name) for name in HELD}
        found.append({**listed_of(place).to_json(), "held": held})
    return found


def _renewed(
    place: Place, one: Listed, fields: frozenset[str], edition: FacilityList, towns: Sequence[Town]
) -> FacilityRow:
    """Return a facility with what the list says of it; what it does not speak of stays."""
    old = row_of_place(place)
    kind = one.kind if spoken_of("kind", fields) else value_in(old, "kind")
    site, shelter = kind in {"emergency_site", "both"}, kind in {"shelter", "both"}
    before = old.hazards or {}
    hazards = {
        hazard: one.hazards[hazard] if spoken_of(hazard, fields) else before.get(hazard, "unknown")
        for hazard in HAZARDS
    }
    told = spoken_of("capacity", fields)
    lat, lon = (one.lat, one.lon) if one.lat is not None else (old.latitude, old.longitude)
    moved = (lat, lon) != (old.latitude, old.longitude)
    held = replace(
        old, name=one.name, latitude=lat or 0.0, longitude=lon or 0.0, node=None if moved else old.node,
        address=one.address or old.address,
        kana=one.kana or old.kana,
        town_code=town_of(one, towns) if moved else old.town_code,
        hazards=hazards if site else None, is_shelter=shelter,
        site_capacity=(one.capacity.total if told else old.site_capacity) if site else None,
        shelter_capacity=(one.capacity.total if told else old.shelter_capacity) if shelter else None,
        restricted_to=one.restricted_to if spoken_of("restricted_to", fields) else old.restricted_to,
        usable="no" if one.usable == "no" else "yes" if old.usable == "yes" else "unknown",
        usable_reason=one.usable_reason,
        source=edition.source, source_date=edition.source_date,
    )  # fmt: skip
    return _cut(held)


def _fresh(
    one: Listed, edition: FacilityList, towns: Sequence[Town], taken: set[str]
) -> FacilityRow:
    """Return a facility that was not there before, under an id that no other has."""
    site, shelter = one.kind in {"emergency_site", "both"}, one.kind in {"shelter", "both"}
    held = FacilityRow(
        public_id=_identifier(one, taken), name=one.name, latitude=one.lat or 0.0,
        longitude=one.lon or 0.0, kana=one.kana, address=one.address, town_code=town_of(one, towns),
        hazards=dict(one.hazards) if site else None, site_capacity=one.capacity.total if site else None,
        is_shelter=shelter, shelter_capacity=one.capacity.total if shelter else None,
        restricted_to=one.restricted_to, usable=one.usable, usable_reason=one.usable_reason,
        source=edition.source, source_date=edition.source_date,
    )  # fmt: skip
    return _cut(held)


def _identifier(one: Listed, taken: set[str]) -> str:
    """Return the list's own id, or one made of name and address where it has none or it is taken."""
    own = one.id.strip()
    if own and len(own) <= _LONGEST["public_id"] and own not in taken:
        return own
    salt = 0
    while True:
        text = f"{one.id}|{one.name}|{one.address}|{salt}"
        made = "L" + hashlib.sha256(text.encode()).hexdigest()[:12].upper()
        if made not in taken:
            return made
        salt += 1


def _cut(row: FacilityRow) -> FacilityRow:
    """Return the row with texts no longer than the database holds; the edition keeps them whole."""
    short = {name: getattr(row, name)[:most] for name, most in _LONGEST.items()}
    return replace(row, **short)


def town_of(one: Listed, towns: Sequence[Town]) -> str:
    """Return the code of the town that the address names (the longest name), else of the nearest."""
    named = [town for town in towns if town.name and town.name in one.address]
    if named:
        return max(named, key=lambda town: len(town.name)).code
    if one.lat is None or one.lon is None or not towns:
        return ""
    lat, lon = one.lat, one.lon
    return min(
        towns, key=lambda t: (t.latitude - lat) ** 2 + (0.82 * (t.longitude - lon)) ** 2
    ).code


def with_value(row: FacilityRow, name: str, value: Any) -> FacilityRow:
    """Return a row with one compared value (`reconcile.FIELDS`) put in place of its own."""
    if name in HAZARDS:
        return replace(row, hazards={**(row.hazards or UNSTATED), name: value})
    if name == "position":
        return replace(row, latitude=value[0], longitude=value[1], node=None)
    if name == "capacity":
        return replace(
            row, site_capacity=value if row.hazards is not None else None,
            shelter_capacity=value if row.is_shelter else None,
        )  # fmt: skip
    if name == "kind":
        site = value in {"emergency_site", "both"}
        hazards = (row.hazards or dict(UNSTATED)) if site else None
        room = row.site_capacity if row.site_capacity is not None else row.shelter_capacity
        shelter = value in {"shelter", "both"}
        return replace(
            row, hazards=hazards, is_shelter=shelter, site_capacity=room if site else None,
            shelter_capacity=room if shelter else None,
            restricted_to=row.restricted_to if shelter else (),
        )  # fmt: skip
    if name == "restricted_to":
        return replace(row, restricted_to=tuple(value), is_shelter=row.is_shelter or bool(value))
    if name == "usable":
        closed = value not in {"unknown", "yes", ""}
        return replace(
            row, usable="no" if closed else "unknown", usable_reason=value if closed else ""
        )
    return _cut(replace(row, **{name: value}))


def value_in(row: FacilityRow, name: str) -> Any:
    """Return what a row says of a compared value (`reconcile.FIELDS`), as a settlement holds it."""
    if name in HAZARDS:
        return (row.hazards or {}).get(name, "unknown" if row.hazards is not None else "no")
    values: Mapping[str, Any] = {
        "position": [row.latitude, row.longitude],
        "capacity": row.site_capacity if row.site_capacity is not None else row.shelter_capacity,
        "kind": "shelter" if row.hazards is None else "both" if row.is_shelter else "emergency_site",
        "restricted_to": list(row.restricted_to),
        "usable": (row.usable_reason or "no") if row.usable == "no" else row.usable,
        "name": row.name, "address": row.address,
    }  # fmt: skip
    return values[name]
