"""Reads of facilities: the list, what is open, the planner's columns, the public list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from sonae.core import clock
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.shelters import rules
from sonae.domains.shelters.models import EmergencySite, Facility, FacilityStatus, Shelter


@dataclass(frozen=True)
class Reported:
    """What was last reported about a facility: state, when, by whom, with what remark, and how many
    people it takes (None = as listed).

    ``since`` and ``ordered_by``: when the place came into this state and by whose word (empty = not
    told); ``seen`` and ``seen_at``: the last word about the crowd since it opened.
    """

    state: str
    at: datetime
    reported_by: str
    note: str
    capacity: int | None = None
    since: datetime | None = None
    ordered_by: str = ""
    seen: str = ""
    seen_at: datetime | None = None


@dataclass(frozen=True)
class SiteTable:
    """Every facility as columns for the planner; all arrays have one entry per facility.

    ``designation`` [facilities × `rules.HAZARDS`] holds `rules.DESIGNATION` codes, all ``no`` for a
    place that is not a 指定緊急避難場所. ``groups`` are bits of `rules.GROUPS` (0 = everyone).
    ``admitting`` is False for closed, full or unusable places. Capacities are people (the emergency
    site's, else the shelter's), -1 = unknown; so is ``occupancy``. ``node`` is -1 when not connected.
    """

    pk: npt.NDArray[np.int64]
    node: npt.NDArray[np.int64]
    latitude: npt.NDArray[np.float64]
    longitude: npt.NDArray[np.float64]
    designation: npt.NDArray[np.int8]
    is_shelter: npt.NDArray[np.bool_]
    groups: npt.NDArray[np.int8]
    admitting: npt.NDArray[np.bool_]
    state: tuple[str, ...]
    capacity: npt.NDArray[np.int64]
    occupancy: npt.NDArray[np.int64]
    names: tuple[str, ...]
    public_ids: tuple[str, ...]

    def designated(self, hazard: str) -> npt.NDArray[np.bool_]:
        """Return which facilities are designated (fully or in part) for ``hazard``."""
        column = self.designation[:, rules.HAZARDS.index(hazard)]
        return np.asarray(
            (column == rules.DESIGNATION["yes"]) | (column == rules.DESIGNATION["partial"])
        )


@dataclass(frozen=True)
class Place:
    """One facility with everything a list shows. ``people`` None = head-count unknown.

    ``counted_at``: when a desk there was last heard of, the time of its head-count.
    """

    facility: Facility
    site: EmergencySite | None
    shelter: Shelter | None
    state: str
    report: Reported | None
    people: int | None
    counted_at: datetime | None = None

    @property
    def capacity(self) -> int | None:
        """People the place takes: as reported, as a shelter, else as an emergency site; None = unknown."""
        if self.report is not None and self.report.capacity is not None:
            return self.report.capacity
        if self.shelter is not None and self.shelter.capacity is not None:
            return self.shelter.capacity
        return self.site.capacity if self.site is not None else None

    @property
    def congestion(self) -> str:
        """How crowded the place is, in one word of `rules.CONGESTION`."""
        return self.crowding.word

    @property
    def crowding(self) -> rules.Crowding:
        """How crowded the place is, who says so, and as of when (`rules.crowding`)."""
        counted, report = rules.congestion(self.people, self.capacity, self.state), self.report
        if self.state == "full" and report is not None:
            return rules.Crowding("full", "seen", report.at)
        if self.state != "open" or report is None:
            return rules.Crowding("unknown")
        return rules.crowding(counted, self.counted_at, report.seen, report.seen_at, clock.now())

    @property
    def restricted_to(self) -> list[str]:
        """Groups admitted; empty = everyone."""
        return list(self.shelter.restricted_to) if self.shelter else []

    @property
    def hazards(self) -> list[str]:
        """Hazards the place is designated for, fully or in part."""
        found = self.site.hazards if self.site else {}
        return [hazard for hazard in rules.HAZARDS if found.get(hazard) in {"yes", "partial"}]

    def designated(self, hazard: str) -> str:
        """Return yes, partial, no or unknown for one hazard."""
        return str(self.site.hazards.get(hazard, "unknown")) if self.site else "no"


STAMP = "facilities_stamp"
"""Setting of the municipality that changes with every change of its list of facilities."""

_held: dict[str, tuple[object, list[Facility]]] = {}


def facilities() -> list[Facility]:
    """Return all facilities with their designations loaded, by public id; not to be changed.

    The list is read once per process and change: pages that the whole city opens need it at once.
    """
    city = municipalities.municipality()
    stamp = city.settings.get(STAMP)
    held = _held.get(city.code)
    if stamp is None or held is None or held[0] != stamp:
        rows = Facility.objects.select_related("emergencysite", "shelter", "town")
        held = _held[city.code] = (stamp, list(rows.order_by("public_id")))
    return list(held[1])


def facility(pk: int) -> Facility | None:
    """Return one facility with its designations, or None."""
    return Facility.objects.select_related("emergencysite", "shelter", "town").filter(pk=pk).first()


def site_of(place: Facility) -> EmergencySite | None:
    """Return the designation as 指定緊急避難場所, or None."""
    return getattr(place, "emergencysite", None)


def shelter_of(place: Facility) -> Shelter | None:
    """Return the designation as 指定避難所, or None."""
    return getattr(place, "shelter", None)


def states(at: datetime | None = None) -> dict[int, Reported]:
    """Return the newest report per facility (primary key), as of ``at`` (default: now)."""
    rows = FacilityStatus.objects.order_by("at", "pk")
    if at is not None:
        rows = rows.filter(at__lte=at)
    found: dict[int, Reported] = {}
    for row in rows.values_list(
        "facility_id", "state", "at", "reported_by", "note", "capacity", "ordered_by", "congestion"
    ):
        found[row[0]] = _after(found.get(row[0]), *row[1:])
    return found


def _after(
    before: Reported | None, state: str, at: datetime, who: str, note: str,
    capacity: int | None, ordered_by: str, seen: str,
) -> Reported:  # fmt: skip
    """Return what is known after one more report: what it does not say stands as it was said before."""
    made = Reported(state, at, who, note, capacity, at, ordered_by, seen, at if seen else None)
    if before is None:
        return made
    if before.state == state:
        made = replace(made, since=before.since, ordered_by=ordered_by or before.ordered_by)
    if not seen and "closed" not in {state, before.state}:
        made = replace(made, seen=before.seen, seen_at=before.seen_at)
    return made


def history(facility_pk: int, limit: int = 50) -> list[FacilityStatus]:
    """Return the reports about one facility, newest first."""
    return list(FacilityStatus.objects.filter(facility=facility_pk).order_by("-at", "-pk")[:limit])


def places(
    occupancy: Mapping[int, int] | None = None,
    at: datetime | None = None,
    heard: Mapping[int, datetime] | None = None,
) -> list[Place]:
    """Return every facility with designations, state and head-count (None = unknown), by id.

    ``occupancy`` (facility → people) and ``heard`` (facility → when its desk was last heard of) come
    from the safety domain, which lies above this one.
    """
    known, heads, times = states(at), occupancy or {}, heard or {}
    return [
        _place(row, known.get(row.pk), heads.get(row.pk), times.get(row.pk)) for row in facilities()
    ]


def _place(
    row: Facility, report: Reported | None, people: int | None, counted_at: datetime | None
) -> Place:
    """Put one facility together."""
    state = rules.effective_state(row.usable, report.state if report else None)
    return Place(row, site_of(row), shelter_of(row), state, report, people, counted_at)


def _numbers(values: Iterable[int | None]) -> npt.NDArray[np.int64]:
    """Return whole numbers with -1 for unknown."""
    return np.array([-1 if value is None else value for value in values], dtype=np.int64)


def site_table(occupancy: Mapping[int, int] | None = None) -> SiteTable:
    """Return the planner's columns for all facilities, in the order of their public ids."""
    rows = places(occupancy)
    codes = [
        [rules.DESIGNATION[row.designated(hazard)] for hazard in rules.HAZARDS] for row in rows
    ]
    return SiteTable(
        pk=np.array([row.facility.pk for row in rows], dtype=np.int64),
        node=_numbers(row.facility.node for row in rows),
        latitude=np.array([row.facility.latitude for row in rows], dtype=np.float64),
        longitude=np.array([row.facility.longitude for row in rows], dtype=np.float64),
        designation=np.array(codes, dtype=np.int8).reshape(len(rows), len(rules.HAZARDS)),
        is_shelter=np.array([row.shelter is not None for row in rows], dtype=np.bool_),
        groups=np.array([rules.group_bits(row.restricted_to) for row in rows], dtype=np.int8),
        admitting=np.array([row.state in rules.ADMITTING for row in rows], dtype=np.bool_),
        state=tuple(row.state for row in rows),
        capacity=_numbers(_site_capacity(row) for row in rows),
        occupancy=_numbers(row.people for row in rows),
        names=tuple(row.facility.name for row in rows),
        public_ids=tuple(row.facility.public_id for row in rows),
    )


def _site_capacity(row: Place) -> int | None:
    """Return the capacity for an evacuation: as reported, else the emergency site's own number first."""
    if row.report is not None and row.report.capacity is not None:
        return row.report.capacity
    if row.site is not None and row.site.capacity is not None:
        return row.site.capacity
    return row.capacity
