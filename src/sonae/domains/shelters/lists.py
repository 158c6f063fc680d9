"""Verbs on uploaded lists: take one in, put it in force after a person agreed, settle differences."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.shelters import services
from sonae.domains.shelters.editions import (
    Preview,
    as_rows,
    listed_of,
    preview,
    row_of_place,
    rows_of,
    value_in,
    with_value,
)
from sonae.domains.shelters.models import Facility, FacilityList, ListSettlement
from sonae.domains.shelters.selectors import STAMP, Place, places
from sonae.domains.shelters.services import FacilityRow
from sonae.engines.shelters.changes import Change
from sonae.engines.shelters.columns import ALIASES
from sonae.engines.shelters.listing import HAZARDS, Defect, Listed, Reading
from sonae.engines.shelters.readers import read_bytes
from sonae.engines.shelters.reconcile import Difference, Match, reconcile_places
from sonae.engines.shelters.repeated import Repeat, unrepeated
from sonae.engines.shelters.same import joined
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import take_turn, writing
from sonae.platform.scope import is_exercise

PURPOSES = ("replace", "compare")
ORIGINS = ("national", "municipal")
CHOICES = ("national", "municipal", "both")
MOST_FILES, MOST_BYTES, MOST_ROWS = 6, 30 * 1024 * 1024, 10_000
_EVERYTHING = frozenset({*ALIASES, *HAZARDS})
FIRST = "はじめの一覧（ここへ送る前からあったもの）"
"""What stands for the files of the list that was in force before any was sent."""
People = Callable[[], Mapping[int, int]]
"""Facility (primary key) → people inside now; the safety domain knows, which lies above."""


@dataclass(frozen=True)
class Upload:
    """One file as it was sent."""

    name: str
    raw: bytes


def _usual_source(origin: str) -> str:
    """Return what residents read as the source of a list whose sender named none: never a file's name."""
    return "国の一覧" if origin == "national" else f"{municipalities.municipality().name}の一覧"


def take_in(
    actor: Actor,
    files: Sequence[Upload],
    *,
    purpose: str = "replace",
    origin: str = "municipal",
    source: str = "",
    source_date: str = "",
    elsewhere: bool = False,
) -> FacilityList:
    """Read uploaded files and keep what they say; nothing in force changes by a list to be agreed to.

    A file that cannot be read refuses the whole upload: it is kept as ``refused`` with the reason, the
    list in force stays. A list to compare with takes the place of the one before at once; one that is
    mostly of another municipality is refused (``outside_municipality``) unless ``elsewhere`` says that
    it is meant, as a whole prefecture's is.
    """
    _allowed(actor)
    if purpose not in PURPOSES or origin not in ORIGINS:
        raise SonaeError("unreadable", "一覧の使い方か、国・市の別が選ばれていません。")
    if not files:
        raise SonaeError(
            "empty_file", "ファイルが選ばれていません。", "一覧のファイルを選んでください。"
        )
    if len(files) > MOST_FILES or sum(len(one.raw) for one in files) > MOST_BYTES:
        raise SonaeError("too_large", f"一度に{MOST_FILES}ファイル、合計30MBまでです。")
    edition = FacilityList(
        purpose=purpose, origin=origin, files=[one.name[:200] for one in files],
        digest=hashlib.sha256(b"\0".join(one.raw for one in files)).hexdigest(),
        source=source.strip()[:120] or _usual_source(origin),
        source_date=source_date.strip()[:10], uploaded_at=clock.now(), uploaded_by=_name(actor),
    )  # fmt: skip
    _read_into(edition, files)
    if purpose == "compare" and not elsewhere:
        _refuse_elsewhere(edition)
    with writing():
        if purpose == "replace":
            _keep_first(edition.uploaded_at)
        if edition.state == "waiting":
            FacilityList.objects.filter(purpose=purpose, state="waiting").update(
                state="overtaken", decided_at=clock.now(), decided_by=_name(actor)
            )
        if edition.state == "waiting" and purpose == "compare":
            FacilityList.objects.filter(purpose="compare", state="in_force").update(
                state="replaced"
            )
            edition.state, edition.decided_at, edition.decided_by = (
                "in_force",
                clock.now(),
                _name(actor),
            )
        edition.save()
        audit.record(
            actor.id, "shelters.list_taken_in", f"list:{edition.pk}", files=edition.files,
            digest=edition.digest, purpose=purpose, origin=origin, state=edition.state,
            rows=len(edition.rows), defects=len(edition.defects),
        )  # fmt: skip
    return edition


def _refuse_elsewhere(edition: FacilityList) -> None:
    """Refuse a list to compare with that is another municipality's: it would ask about nothing."""
    at = [(row["lat"], row["lon"]) for row in edition.rows if row["lat"] is not None]
    found = municipalities.away([lat for lat, _ in at], [lon for _, lon in at])
    if found.most:
        raise SonaeError(
            "outside_municipality",
            f"{found.total:,}件のうち{found.far:,}件の施設が、市のどの町からも"
            f"{municipalities.FAR_M / 1000:g}kmより遠く（およそ{found.km:,.0f}km）にあります。",
            "別の市の一覧ではありませんか。県全体の一覧なら、その印を付けて、もう一度送ってください。",
        )


def _keep_first(at: datetime) -> None:
    """Keep the facilities that no uploaded list brought as an edition: it can be taken again.

    It is in force until the first list is, and says until then what is in force. ``at``: when that
    list was sent.
    """
    before = [one for one in places() if one.site or one.shelter]
    held = FacilityList.objects.filter(purpose="replace", state="in_force").first()
    if not before or (held is not None and not held.result.get("first")):
        return
    first = held or FacilityList(
        state="in_force", files=[FIRST], uploaded_at=at, uploaded_by=_name(SYSTEM),
        result={"first": True},
    )  # fmt: skip
    first.rows, first.fields = as_rows(before), sorted(_EVERYTHING)
    sources = sorted({one.facility.source for one in before} - {""})
    first.source = "、".join(sources)[:120]
    first.save()


def _read_into(edition: FacilityList, files: Sequence[Upload]) -> None:
    """Put what the files say into the edition, or why one of them cannot be read."""
    readings: dict[str, Reading] = {}
    for number, one in enumerate(files, start=1):
        name = one.name if one.name not in readings else f"{one.name} ({number})"
        try:
            readings[name] = read_bytes(one.raw, one.name)
        except SonaeError as error:
            edition.state = "refused"
            defect = Defect(one.name, 0, "", "", error.code, "left_out", str(error.detail))
            edition.defects = [defect.to_json()]
            edition.result = {
                "error": error.code,
                "detail": str(error.detail),
                "hint": str(error.hint),
            }
            return
    rows = [one for read in readings.values() for one in read.listed]
    if len(rows) > MOST_ROWS:
        raise SonaeError(
            "too_large", f"{len(rows):,}行あります。1つの市の施設の一覧ではありません。"
        )
    whole, repeats = unrepeated(rows)
    edition.rows = [one.to_json() for one in joined(whole)]
    edition.fields = sorted(frozenset[str]().union(*(read.fields for read in readings.values())))
    edition.headings = {name: list(read.headings) for name, read in readings.items()}
    defects = [one for read in readings.values() for one in read.defects]
    edition.defects = [one.to_json() for one in _with_repeats(defects, repeats)]


def _with_repeats(defects: Sequence[Defect], repeats: Sequence[Repeat]) -> list[Defect]:
    """Return the defects with what became of the rows that were put together."""
    columns = {(one.input, one.row): one.column for one in defects if one.problem == "duplicate"}
    told = [one.to_defect(columns.get((one.row.input, one.row.row), "")) for one in repeats]
    rows = {(one.row.input, one.row.row) for one in repeats}
    rest = [
        one for one in defects if one.problem != "duplicate" or (one.input, one.row) not in rows
    ]
    return [*told, *rest]


def _allowed(actor: Actor) -> None:
    """Refuse who may not change lists, and any change from within an exercise."""
    require(actor, Audience.OPERATOR)
    if is_exercise():
        raise SonaeError(
            "conflict",
            "訓練の中では、施設の一覧を変えられません。",
            "一覧は本番と訓練に共通です。本番の画面で行ってください。",
        )


def _name(actor: Actor) -> str:
    return (actor.name or actor.id)[:120]


def edition_named(pk: int) -> FacilityList:
    """Return one uploaded list; SonaeError ``not_found``."""
    found = FacilityList.objects.filter(pk=pk).first()
    if found is None:
        raise SonaeError("not_found", "この一覧はありません。")
    return found


def editions(limit: int = 30) -> list[FacilityList]:
    """Return uploaded lists, newest first, without their contents."""
    rows = FacilityList.objects.defer("rows", "defects", "headings").order_by("-uploaded_at", "-pk")
    return list(rows[:limit])


def newest() -> FacilityList | None:
    """Return the newest list sent to come into force, whatever became of it, without its contents."""
    rows = FacilityList.objects.filter(purpose="replace").defer("rows", "defects", "headings")
    return rows.order_by("-uploaded_at", "-pk").first()


def stamp() -> str:
    """Return what changes whenever the facilities in force do: a preview is true for one of them."""
    return str(municipalities.municipality().settings.get(STAMP, ""))


def preview_of(edition: FacilityList, people: Mapping[int, int]) -> Preview:
    """Return what an edition would change now, with what was settled before taken into account."""
    towns = municipalities.towns()
    found = preview(edition, places(people), towns)
    rows = {row.public_id: row for row in rows_of(found, edition, towns)}
    overruled = _overruled(rows, edition.origin)
    by_id = {place.facility.public_id: place for place in found.before}
    for key, settlement in overruled:
        found.settled.append((by_id[key], _as_change(settlement)))
    return found


def _as_change(settlement: ListSettlement) -> Change:
    """Return a settlement as the change of the list that it overrules."""
    sides = {"national": settlement.national, "municipal": settlement.municipal}
    other = next(side for side in sides if side != settlement.choice)
    return Change(settlement.field, sides[other], sides[settlement.choice])


def _overruled(rows: Mapping[str, FacilityRow], origin: str) -> list[tuple[str, ListSettlement]]:
    """Return the settlements that choose the other list's value over what these rows say now.

    A row that says something else than when it was settled opens the question again.
    """
    found = []
    for one in _settlements():
        row = rows.get(one.facility.public_id)
        said = one.national if origin == "national" else one.municipal
        if (
            row is not None
            and one.choice in ORIGINS
            and one.choice != origin
            and value_in(row, one.field) == said
        ):
            found.append((row.public_id, one))
    return found


def _settlements() -> list[ListSettlement]:
    """Return the newest settlement of every facility and field."""
    rows = ListSettlement.objects.select_related("facility").order_by("decided_at", "pk")
    return list({(row.facility_id, row.field): row for row in rows}.values())


def put_in_force(
    actor: Actor, pk: int, *, seen: str, agreed: Collection[str] = (), people: People = dict
) -> Preview:
    """Put a waiting list in force, in one transaction; the plans are renewed by ``city.changed``.

    ``seen``: the `stamp` of the preview that the person looked at; when the facilities changed since,
    nothing is done. ``agreed``: keys (`doubt_key`) of the doubts the person confirmed: all of them, or
    nothing is done. Facilities in use that the list lacks stay.
    """
    _allowed(actor)
    with writing():
        take_turn("facilities", every_world=True)
        edition = edition_named(pk)
        _keep_first(edition.uploaded_at)
        found = _checked(edition, seen, agreed, people)
        rows = {row.public_id: row for row in rows_of(found, edition, municipalities.towns())}
        for key, settlement in _overruled(rows, edition.origin):
            rows[key] = with_value(rows[key], settlement.field, _as_change(settlement).after)
        done = services.store(rows)
        FacilityList.objects.filter(purpose="replace", state="in_force").update(state="replaced")
        edition.state, edition.decided_at, edition.decided_by = (
            "in_force",
            clock.now(),
            _name(actor),
        )
        edition.result = {
            "added": done.added, "returned": len(found.returning), "updated": done.updated, "withdrawn": len(found.gone),
            "changed": len(found.changes.changed), "left_out": len(found.left_out),
            "retained": [one.place.facility.public_id for one in found.retained],
            "settled": len(found.settled), "agreed": sorted(agreed),
        }  # fmt: skip
        edition.save(update_fields=["state", "decided_at", "decided_by", "result"])
        audit.record(
            actor.id,
            "shelters.list_in_force",
            f"list:{pk}",
            digest=edition.digest,
            **edition.result,
        )
    return found


def _checked(edition: FacilityList, seen: str, agreed: Collection[str], people: People) -> Preview:
    """Return the preview, or refuse what must not come into force."""
    if edition.state != "waiting" or edition.purpose != "replace":
        raise SonaeError(
            "conflict",
            "この一覧は、もう決定されています。",
            "一覧の画面で、いまの状態を確かめてください。",
        )
    if seen != stamp():
        raise SonaeError(
            "conflict",
            "確かめている間に、施設の一覧が変わりました。",
            "もう一度、変わるところを見てから決めてください。",
        )
    found = preview_of(edition, people())
    if not found.after:
        raise SonaeError("empty_file", "使える施設が1件もありません。いまの一覧はそのままです。")
    open_doubts = [doubt_key(one.code, one.field) for one in found.doubts]
    if missing := [key for key in open_doubts if key not in agreed]:
        raise SonaeError(
            "conflict",
            f"確かめていない疑わしい変更が{len(missing)}件あります。いまの一覧はそのままです。",
            "それぞれを確かめて印を付けるか、一覧を出し直してもらってください。",
        )
    return found


def doubt_key(code: str, field: str) -> str:
    """Return the name of a doubt in a form."""
    return f"{code}.{field}" if field else code


def discard(actor: Actor, pk: int) -> None:
    """Put a waiting list aside; it stays on record."""
    _allowed(actor)
    with writing():
        edition = edition_named(pk)
        if edition.state != "waiting":
            raise SonaeError("conflict", "この一覧は、もう決定されています。")
        edition.state, edition.decided_at, edition.decided_by = (
            "discarded",
            clock.now(),
            _name(actor),
        )
        edition.save(update_fields=["state", "decided_at", "decided_by"])
        audit.record(actor.id, "shelters.list_discarded", f"list:{pk}", files=edition.files)


def take_again(actor: Actor, pk: int) -> FacilityList:
    """Offer an earlier list once more: it waits for agreement like a new one."""
    _allowed(actor)
    with writing():
        old = edition_named(pk)
        if old.state not in {"replaced", "overtaken", "discarded"} or not old.rows:
            raise SonaeError("conflict", "この一覧は、もう一度使えません。")
        FacilityList.objects.filter(purpose="replace", state="waiting").update(
            state="overtaken", decided_at=clock.now(), decided_by=_name(actor)
        )
        old.pk, old.state, old.purpose, old.result = None, "waiting", "replace", {"again": pk}
        old.uploaded_at, old.uploaded_by = clock.now(), _name(actor)
        old.decided_at, old.decided_by = None, ""
        old.save(force_insert=True)
        audit.record(actor.id, "shelters.list_taken_again", f"list:{old.pk}", of=pk)
    return old


@dataclass(frozen=True)
class Question:
    """One facility in force beside its row in the other list; ``settled``: field → what was chosen."""

    match: Match
    place: Place | None
    settled: Mapping[str, ListSettlement]

    @property
    def open(self) -> list[Difference]:
        """Differences that nobody settled yet."""
        return [one for one in self.match.differences if one.field not in self.settled]


def reference() -> FacilityList | None:
    """Return the list that the facilities in force are compared with, or None."""
    return FacilityList.objects.filter(purpose="compare", state="in_force").order_by("-pk").first()


def questions() -> list[Question]:
    """Return every facility with what the two lists say, open questions first; empty without a list."""
    other = reference()
    if other is None:
        return []
    held = {place.facility.pk: place for place in places() if place.site or place.shelter}
    own = [listed_of(place) for place in held.values()]
    theirs = [Listed.from_json(row) for row in other.rows]
    fields = frozenset(other.fields) & _EVERYTHING
    national = other.origin == "national"
    matches = (
        reconcile_places(theirs, own, fields) if national else reconcile_places(own, theirs, fields)
    )
    settled: dict[int, dict[str, ListSettlement]] = {}
    for one in _settlements():
        settled.setdefault(one.facility_id, {})[one.field] = one
    found = []
    for match in matches:
        ours = match.municipal if national else match.national
        place = held.get(ours.row) if ours else None
        chosen = settled.get(place.facility.pk, {}) if place else {}
        still = {d.field: chosen[d.field] for d in match.differences
                 if d.field in chosen and _still(chosen[d.field], d)}  # fmt: skip
        found.append(Question(match, place, still))
    return sorted(found, key=lambda one: not one.open)


def _still(settlement: ListSettlement, difference: Difference) -> bool:
    """Tell whether both lists say what they said when a person chose."""
    return bool(
        (settlement.national, settlement.municipal) == (difference.national, difference.municipal)
    )


def settle(
    actor: Actor, facility_pk: int, field: str, choice: str, note: str = ""
) -> ListSettlement:
    """Record a person's choice about one difference, and put the chosen value in force.

    ``both`` changes nothing: what the other list says is noted with the facility.
    """
    _allowed(actor)
    if choice not in CHOICES:
        raise SonaeError("unreadable", "国・市・両方のどれかを選んでください。")
    with writing():
        take_turn("facilities", every_world=True)
        asked = next(
            (one for one in questions() if one.place and one.place.facility.pk == facility_pk), None
        )
        difference = (
            next((d for d in asked.match.differences if d.field == field), None) if asked else None
        )
        if asked is None or asked.place is None or difference is None:
            raise SonaeError(
                "not_found", "この相違は、もうありません。", "照合の画面を開き直してください。"
            )
        if asked.match.status == "unsure":
            raise SonaeError(
                "conflict",
                "同じ施設かどうか、確かでありません。",
                "一覧の名称か位置を直して、もう一度照合してください。",
            )
        made = ListSettlement.objects.create(
            facility=asked.place.facility, field=field, national=difference.national,
            municipal=difference.municipal, choice=choice, note=note.strip()[:200],
            decided_at=clock.now(), decided_by=_name(actor),
        )  # fmt: skip
        if choice != "both":
            _take_over(asked.place, field, getattr(difference, choice))
        audit.record(
            actor.id, "shelters.difference_settled", f"facility:{asked.place.facility.public_id}",
            field=field, national=difference.national, municipal=difference.municipal, choice=choice,
            note=made.note,
        )  # fmt: skip
    return made


def _take_over(place: Place, field: str, value: Any) -> None:
    """Put one value in force where it is not yet, and announce it."""
    row = row_of_place(place)
    if value_in(row, field) == value:
        return
    if value is None or (field == "position" and None in value):
        raise SonaeError(
            "conflict",
            "選んだ一覧には、この項目の値がありません。",
            "もう一方を選ぶか、両方を記してください。",
        )
    services.store({row.public_id: with_value(row, field, value)}, whole=False)


def noted(facility: Facility) -> list[ListSettlement]:
    """Return what was settled about a facility, newest first."""
    rows = ListSettlement.objects.filter(facility=facility.pk)
    return list(rows.order_by("-decided_at", "-pk"))
