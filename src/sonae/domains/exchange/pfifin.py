"""PFIF in: a file is a draft with its defects, then taken over whole or not at all.

The newer entry of a record id wins, so that the same file twice changes nothing. A note that says
somebody was heard of becomes a sighting of a visitor; linking that visitor to a resident is the
review desk's (`safety.link`). Nobody is dead by a note.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO, Final
from uuid import NAMESPACE_URL, uuid5

from django.db.models import Exists, OuterRef, Q

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.exchange.models import PfifEdition, PfifRecord
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import NewSighting, VisitorFacts
from sonae.engines.pfif import reading
from sonae.engines.pfif.model import Defect, Record
from sonae.platform import audit, outbox
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import take_turn, writing
from sonae.platform.scope import current

MOST_BYTES: Final = 20 * 1024 * 1024
"""Of a file that a page takes; longer ones come in by the command line."""
MOST_DEFECTS: Final = 500
SOURCES: Final = ("family", "other_city")
EXPIRE: Final = "pfif.expire"
DEVICE: Final = "pfif"
"""By which the ledger knows what came from a note."""
HEARD: Final[Mapping[str, tuple[str, float]]] = {
    "is_note_author": ("safe", 0.8),
    "believed_alive": ("unknown", 0.5),
}
"""PFIF status of a note → status and confidence of the sighting; the others are no sighting."""
_AT_ONCE: Final = 1000
"""Records in memory at a time."""
Opened = Callable[[], BinaryIO]


@dataclass(frozen=True)
class Terms:
    """How a file is to be read: who vouches for it, whose records it may hold, pictures or not."""

    source: str = "family"
    domains: Sequence[str] = ()
    photos: bool = False


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Give records in parts; of one id in a part only the newest."""
    left = iter(records)
    while part := list(islice(left, _AT_ONCE)):
        newest: dict[tuple[str, str], Record] = {}
        for one in part:
            held = newest.setdefault((one.kind, one.id), one)
            if one.source_date > held.source_date:
                newest[(one.kind, one.id)] = one
        yield list(newest.values())


def _known(part: Sequence[Record]) -> dict[tuple[str, str], PfifRecord]:
    rows = PfifRecord.objects.filter(record_id__in=[one.id for one in part])
    return {(row.kind, row.record_id): row for row in rows}


def _is_newer(one: Record, held: PfifRecord | None) -> bool:
    return held is None or one.source_date > held.source_date


class _Report:
    """Counts and the first defects of a file."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.counts: Counter[str] = Counter()
        self.defects: list[dict[str, object]] = []

    def records(self, found: Iterable[Record | Defect]) -> Iterator[Record]:
        """Pass records on, keep defects."""
        for one in found:
            if isinstance(one, Record):
                self.counts[one.kind] += 1
                yield one
                continue
            self.counts["left_out"] += one.action == "left_out"
            self.counts["defects"] += 1
            if len(self.defects) < MOST_DEFECTS:
                self.defects.append(one.to_json())


def _read(opened: Opened, terms: Terms, report: _Report) -> Iterator[list[Record]]:
    found = reading.read(opened(), domains=terms.domains, photos=terms.photos)
    return _batches(report.records(found))


def survey(opened: Opened, terms: Terms) -> tuple[dict[str, int], list[dict[str, object]]]:
    """Read a file to its end and say what taking it over would do; nothing is changed.

    Counts: person, note, new, newer, same_or_older, expired, heard (notes that become sightings),
    dead (notes that say somebody died), left_out, defects. `SonaeError` for a file that cannot be read
    to its end.
    """
    report, now = _Report(), clock.now()
    for part in _read(opened, terms, report):
        known = _known(part)
        for one in part:
            held = known.get((one.kind, one.id))
            newer = _is_newer(one, held)
            name = "same_or_older" if not newer else "newer" if held else "new"
            report.counts[name] += 1
            report.counts["expired"] += one.kind == "person" and one.expired(now)
            status = one.fields.get("status", "")
            report.counts["heard"] += newer and status in HEARD
            report.counts["dead"] += newer and status == "believed_dead"
    return dict(report.counts), report.defects


def take_in(actor: Actor, name: str, content: bytes, terms: Terms) -> PfifEdition:
    """Take a file in as a draft with its report; `SonaeError` when it cannot be read to its end."""
    require(actor, Audience.OPERATOR)
    if len(content) > MOST_BYTES:
        raise SonaeError(
            "too_large", f"{MOST_BYTES // 1024 // 1024} MBまでのファイルを選んでください。",
            "大きなファイルは、サーバーで sonae people pfif import を使います。",
        )  # fmt: skip
    _check(terms)
    counts, defects = survey(lambda: io.BytesIO(content), terms)
    with writing():
        row = PfifEdition.objects.create(
            name=name[:200], digest=hashlib.sha256(content).hexdigest(), content=content,
            source=terms.source, domains=list(terms.domains), photos=terms.photos, counts=counts,
            defects=defects, uploaded_by=actor.id, uploaded_at=clock.now(),
        )  # fmt: skip
        audit.record(actor.id, "pfif_uploaded", f"pfif:{row.pk}", counts=counts)
    return row


def _check(terms: Terms) -> None:
    if terms.source not in SOURCES:
        raise SonaeError("unprocessable", "情報源を選んでください。")


def editions(actor: Actor, limit: int = 50) -> list[PfifEdition]:
    """Return the files that came in, the newest first, without their contents."""
    require(actor, Audience.OPERATOR)
    return list(PfifEdition.objects.defer("content").order_by("-pk")[:limit])


def edition_of(pk: int) -> PfifEdition:
    """Return one file; `SonaeError` ``not_found``."""
    row = PfifEdition.objects.filter(pk=pk).first()
    if row is None:
        raise SonaeError("not_found", "この取込はありません。")
    return row


def confirm(actor: Actor, pk: int) -> PfifEdition:
    """Take a draft over, whole."""
    require(actor, Audience.OPERATOR)
    with writing():
        row = PfifEdition.objects.select_for_update().filter(pk=pk, state="waiting").first()
        if row is None or row.content is None:
            raise SonaeError("conflict", "この取込は、もう決まっています。")
        content = bytes(row.content)
        terms = Terms(row.source, row.domains, row.photos)
        return _take_over(actor, row, lambda: io.BytesIO(content), terms)


def discard(actor: Actor, pk: int) -> None:
    """Drop a draft; its report stays, its contents do not."""
    require(actor, Audience.OPERATOR)
    with writing():
        changed = PfifEdition.objects.filter(pk=pk, state="waiting").update(
            state="discarded", content=None, decided_by=actor.id, decided_at=clock.now()
        )
        if not changed:
            raise SonaeError("conflict", "この取込は、もう決まっています。")
        audit.record(actor.id, "pfif_discarded", f"pfif:{pk}")


def import_file(actor: Actor, name: str, opened: Opened, terms: Terms) -> PfifEdition:
    """Take a file of any length over at once, in one transaction; memory does not grow with it."""
    require(actor, Audience.OPERATOR)
    _check(terms)
    with writing():
        row = PfifEdition.objects.create(
            name=name[:200], digest="", source=terms.source, domains=list(terms.domains),
            photos=terms.photos, uploaded_by=actor.id, uploaded_at=clock.now(),
        )  # fmt: skip
        return _take_over(actor, row, opened, terms)


def _take_over(actor: Actor, row: PfifEdition, opened: Opened, terms: Terms) -> PfifEdition:
    """Write everything newer, then the sightings of its notes, then what has expired."""
    take_turn("pfif")
    report = _Report()
    changed: Counter[str] = Counter()
    for part in _read(opened, terms, report):
        changed += _store(row, part)
    heard = _sightings(actor, row)
    row.counts = {**dict(report.counts), **dict(changed), "sightings": heard}
    row.defects, row.state, row.content = report.defects, "in_force", None
    row.decided_by, row.decided_at = actor.id, clock.now()
    row.save()
    expire(actor)
    audit.record(actor.id, "pfif_imported", f"pfif:{row.pk}", counts=row.counts)
    return row


_STORED = ("person_id", "source_date", "expires_at", "tombstone", "data", "edition")


def _store(edition: PfifEdition, part: Sequence[Record]) -> Counter[str]:
    """Write the records that are newer than what is held; return how many of which kind of change."""
    known, counts = _known(part), Counter[str]()
    rows = []
    for one in part:
        held = known.get((one.kind, one.id))
        if not _is_newer(one, held):
            counts["same_or_older"] += 1
            continue
        counts["newer" if held else "new"] += 1
        rows.append(_row(edition, one))
    PfifRecord.objects.bulk_create(
        rows, update_conflicts=True, update_fields=list(_STORED),
        unique_fields=["municipality", "world", "kind", "record_id"],
    )  # fmt: skip
    return counts


def _row(edition: PfifEdition, one: Record) -> PfifRecord:
    person = one.kind == "person"
    return PfifRecord(
        kind=one.kind, record_id=one.id, person_id=one.id if person else one.fields["person_record_id"],
        source_date=one.source_date, expires_at=one.expiry_date if person else None, data=one.fields,
        edition=edition,
    )  # fmt: skip


def visitor_key(person_id: str) -> str:
    """Return the key of the visitor whom a person's record means."""
    return f"pfif-{hashlib.sha256(person_id.encode()).hexdigest()[:40]}"


def _sightings(actor: Actor, edition: PfifEdition) -> int:
    """Record what the notes of this file say, and notes of earlier files about its people.

    A note that says otherwise takes its sighting back; one whose person is not known yet waits.
    """
    last, count = 0, 0
    person = PfifRecord.objects.filter(
        kind="person", record_id=OuterRef("person_id"), edition=edition, tombstone=False
    )
    waiting = Q(Exists(person), sighting=None, tombstone=False)
    notes = PfifRecord.objects.filter(Q(edition=edition) | waiting, kind="note").order_by("pk")
    notes = notes.select_related("edition").defer("edition__content")
    while part := list(notes.filter(pk__gt=last)[:_AT_ONCE]):
        last = part[-1].pk
        count += _record_notes(actor, part)
    return count


def _record_notes(actor: Actor, part: Sequence[PfifRecord]) -> int:
    people = {
        row.record_id: row.data
        for row in PfifRecord.objects.filter(
            kind="person", tombstone=False, record_id__in=[one.person_id for one in part]
        )
    }
    made: list[NewSighting] = []
    for note in part:
        status = note.data.get("status", "")
        person = people.get(note.person_id)
        if status in HEARD and person is not None:
            made.append(_sighting(actor, note, person))
            note.sighting = made[-1].id
        elif note.sighting is not None:
            made.append(_void(actor, note))
            note.sighting = None
    safety.record(made)
    PfifRecord.objects.bulk_update(part, ["sighting"])
    return sum(one.direction != "void" for one in made)


def _who(person_id: str, person: Mapping[str, Any]) -> VisitorFacts:
    """Return the visitor whom a person's record means, as far as the ledger keeps it."""
    places = ("home_state", "home_city", "home_neighborhood", "home_street")
    return VisitorFacts(
        name=person.get("full_name", "")[:120], kana=person.get("alternate_names", "")[:160],
        birth_date=person.get("date_of_birth", "")[:10],
        address="".join(person.get(name, "") for name in places)[:200],
        person=visitor_key(person_id),
    )  # fmt: skip


def _sighting(actor: Actor, note: PfifRecord, person: Mapping[str, Any]) -> NewSighting:
    """Return what a note says as a sighting; its id is made of the note, so that it counts once."""
    scope, at = current(), min(note.source_date, clock.now())
    status, confidence = HEARD[note.data["status"]]
    name = (
        f"{scope.municipality}/{scope.world.value}/{note.record_id}/{note.source_date.isoformat()}"
    )
    identifier = uuid5(NAMESPACE_URL, name)
    return NewSighting(
        id=identifier, direction="report", occurred_at=at, clock=_clock(at), source=note.edition.source,
        visitor=_who(note.person_id, person), place=note.data.get("last_known_location", ""),
        status=status, device=DEVICE, actor=actor.id, confidence=confidence,
        note=note.data.get("text", ""),
        supersedes=note.sighting if note.sighting != identifier else None,
    )  # fmt: skip


def _void(actor: Actor, note: PfifRecord) -> NewSighting:
    """Return the taking back of a note's sighting."""
    now = clock.now()
    return NewSighting(
        id=uuid5(NAMESPACE_URL, f"void/{note.sighting}"), direction="void", occurred_at=now,
        clock=_clock(now), source="city", visitor=VisitorFacts(person=visitor_key(note.person_id)),
        device=DEVICE, actor=actor.id, supersedes=note.sighting,
    )  # fmt: skip


def _clock(at: datetime) -> str:
    return f"{int(at.timestamp() * 1000):013d}-0000-pfif"


def expire(actor: Actor = SYSTEM) -> int:
    """Shrink persons whose time is over to tombstones, with their notes, sightings and names.

    The file asks for it (``expiry_date``). Returns how many people; the next end is waited for.
    """
    count = 0
    with writing():
        due = PfifRecord.objects.filter(
            kind="person", tombstone=False, expires_at__lte=clock.now()
        ).order_by("pk")
        while part := list(due[:_AT_ONCE]):
            _bury(actor, part)
            count += len(part)
        _wait_for_next()
    return count


def _bury(actor: Actor, part: Sequence[PfifRecord]) -> None:
    ids = [one.record_id for one in part]
    notes = list(PfifRecord.objects.filter(kind="note", person_id__in=ids))
    safety.record([_void(actor, one) for one in notes if one.sighting is not None])
    keys = [visitor_key(one) for one in ids]
    safety.forget_visitors(actor, keys, device=DEVICE)
    for one in notes:
        one.tombstone, one.sighting, one.data = True, None, {}
    for one in part:
        one.tombstone = True
        one.data = Record("person", one.data).tombstone().fields
    PfifRecord.objects.bulk_update(
        [*part, *notes], ["tombstone", "data", "sighting"], batch_size=500
    )


def _wait_for_next() -> None:
    """Have `expire` run at the next end of somebody's record."""
    coming = PfifRecord.objects.filter(kind="person", tombstone=False, expires_at__isnull=False)
    first = coming.order_by("expires_at").values_list("expires_at", flat=True).first()
    if first is not None:
        at = first.isoformat()
        left = max(0.0, (first - clock.now()).total_seconds())
        outbox.publish(EXPIRE, {"at": at}, dedupe_key=f"{EXPIRE} {at}", delay=left)


@dataclass(frozen=True)
class Sought:
    """Somebody whom people outside ask for or report on: the record and its newest note."""

    record: PfifRecord
    note: PfifRecord | None


def sought(actor: Actor, status: str = "", limit: int = 100) -> list[Sought]:
    """Return people of PFIF files with the newest note of each, the newest first.

    ``status``: only those whose newest note says so (``information_sought``, ``believed_dead`` …).
    """
    require(actor, Audience.OPERATOR)
    notes = PfifRecord.objects.filter(kind="note", tombstone=False).order_by("-source_date", "-pk")
    newest: dict[str, PfifRecord] = {}
    for note in notes[: limit * 20]:
        newest.setdefault(note.person_id, note)
    rows = PfifRecord.objects.filter(kind="person", tombstone=False).order_by("-source_date", "-pk")
    if status:
        wanted = [pk for pk, note in newest.items() if note.data.get("status") == status]
        rows = rows.filter(record_id__in=wanted)
    return [Sought(row, newest.get(row.record_id)) for row in rows[:limit]]
