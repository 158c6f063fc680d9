"""Patrol sheets (見回り票): who is to be asked after, home by home in walking order, and what came back.

On the paper stands what may be disclosed to whoever carries it; its QR codes carry opaque numbers.
What comes back is a sighting of source ``patrol`` like any other; the line only remembers which.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.consent import interface as consent
from sonae.domains.municipalities.interface import Town
from sonae.domains.residents.interface import Resident
from sonae.domains.safety.missing import unaccounted
from sonae.domains.safety.models import (
    InquirySubject,
    PatrolLine,
    PatrolSheet,
    PersonState,
    Sighting,
)
from sonae.domains.safety.people import JUST_NOW
from sonae.domains.safety.reading import superseded
from sonae.domains.safety.selectors import current_inquiry
from sonae.domains.safety.services import NewSighting, record, undo
from sonae.domains.safety.times import clock_of
from sonae.engines.evacuation.tours import tour
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import take_turn, writing

LETTERS: Final = "23456789BCDFGHJKLMNPQRSTVWXYZ"
"""29 of them, a prime: the check letter finds every wrong letter and every two exchanged."""
CODE_LENGTH: Final = 8
MOST_LINES: Final = 40
MOST_PEOPLE: Final = 2000


class _Outcome(NamedTuple):
    """What an answer at the door is in the ledger."""

    direction: str
    status: str
    place: str = ""


RESULTS: Final[Mapping[str, _Outcome]] = {
    "1": _Outcome("shelter_at_home", "safe"),
    "2": _Outcome("report", "injured"),
    "3": _Outcome("report", "needs_help"),
    "4": _Outcome("report", "unknown", "留守・応答なし"),
    "5": _Outcome("elsewhere", "unknown"),
}
"""1 at home and well, 2 injured, 3 needs help, 4 nobody answered, 5 neighbours say: gone elsewhere.

The last two account for nobody: nobody has seen the person.
"""
_KINDS: Final = ("name", "kana", "birth_date", "address", "phone", "needs")


@dataclass(frozen=True)
class LineView:
    """One line as its reader may see it; ``result`` a key of `RESULTS`, empty while nothing came back.

    ``place``: its number among the lines that are shown, so that no number is missing between them.
    """

    line: PatrolLine
    place: int
    name: str
    kana: str
    birth_date: str
    address: str
    phone: str
    helper: str
    result: str
    reported: Sighting | None


@dataclass(frozen=True)
class SheetView:
    """A sheet with how many lines came back; ``state``: out, part, back, ended."""

    sheet: PatrolSheet
    lines: int
    back: int

    @property
    def state(self) -> str:
        """How far it is."""
        if self.sheet.ended_at is not None:
            return "ended"
        return "out" if not self.back else "part" if self.back < self.lines else "back"


# --- numbers ----------------------------------------------------------------------------------------


def new_code() -> str:
    """Return an opaque number with its check letter."""
    body = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH - 1))
    return body + _check(body)


def _check(body: str) -> str:
    return LETTERS[sum(n * LETTERS.index(one) for n, one in enumerate(body, start=1)) % 29]


def read_code(text: str) -> str:
    """Return the number that was typed or scanned; `SonaeError` ``bad_code`` when it is misspelt."""
    typed = unicodedata.normalize("NFKC", text).upper()
    code = "".join(one for one in typed if one.isalnum())
    if len(code) != CODE_LENGTH or set(code) - set(LETTERS) or _check(code[:-1]) != code[-1]:
        raise SonaeError(
            "bad_code", "この行番号は正しくありません。", "票のQRの下にある8文字を入れてください。"
        )
    return code


# --- making -----------------------------------------------------------------------------------------


def make_sheets(
    actor: Actor, town_pk: int, *, carrier: str = "", walker: str = "", need: str = ""
) -> list[PatrolSheet]:
    """Make the sheets of a town: everyone not accounted for who stands on no open sheet, in order.

    Nobody under 支援措置, whoever makes them: paper goes from hand to hand. Their officer goes there.

    ``carrier``: the body that it is handed to (消防団 …): only whom the law allows now. Homes are
    kept whole; at most `MOST_LINES` people on a sheet, larger homes apart. `SonaeError`
    ``conflict`` when nobody is left to be asked after.
    """
    require(actor, Audience.OPERATOR)
    town = Town.objects.filter(pk=town_pk).first()
    if town is None:
        raise SonaeError("not_found", "この町は登録されていません。")
    rows = unaccounted(actor, town=town.pk, need=need, supporter=carrier, limit=MOST_PEOPLE)
    with writing():
        take_turn("safety")
        out = PatrolLine.objects.filter(sheet__ended_at=None).exclude(_came_back())
        held = {line.resident_id for line in out.filter(sheet__town=town).only("resident_id")}
        listed = [row.resident_pk for row in rows]
        held |= set(
            Resident.objects.filter(pk__in=listed, shielded=True).values_list("pk", flat=True)
        )
        people = [pk for pk in listed if pk not in held]
        if not people:
            raise SonaeError("conflict", "この町で、新しく見回りが必要な人はいません。")
        made = [_make(actor, town, carrier, walker, part) for part in _parts(_in_order(people))]
        audit.record(
            actor.id, "patrol.made", f"town:{town.pk}", sheets=len(made), people=len(people)
        )
    return made


def _in_order(people: Sequence[int]) -> list[list[int]]:
    """Return the people home by home, in walking order."""
    homes: dict[int, list[int]] = {}
    where: dict[int, tuple[float, float]] = {}
    rows = Resident.objects.filter(pk__in=people).select_related("household")
    for one in rows.order_by("household__address", "pk"):
        homes.setdefault(one.household_id, []).append(one.pk)
        where[one.household_id] = one.household.latitude, one.household.longitude
    keys = list(homes)
    order = tour([where[key][0] for key in keys], [where[key][1] for key in keys])
    return [homes[keys[place]] for place in order]


def _parts(homes: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the people of each sheet, homes kept whole as far as they fit."""
    parts: list[list[int]] = [[]]
    for home in homes:
        if parts[-1] and len(parts[-1]) + len(home) > MOST_LINES:
            parts.append([])
        parts[-1] += home
    return parts


def _make(
    actor: Actor, town: Town, carrier: str, walker: str, people: Sequence[int]
) -> PatrolSheet:
    last = PatrolSheet.objects.aggregate(last=Max("number"))["last"] or 0
    sheet = PatrolSheet.objects.create(
        town=town, number=last + 1, carrier=carrier[:60], walker=walker.strip()[:60],
        made_at=clock.now(), made_by=actor.id,
    )  # fmt: skip
    lines = [
        PatrolLine(sheet=sheet, place=place, code=new_code(), resident_id=pk)
        for place, pk in enumerate(people, start=1)
    ]
    PatrolLine.objects.bulk_create(lines, batch_size=100)
    return sheet


def end_sheet(actor: Actor, pk: int) -> PatrolSheet:
    """End a sheet that will not come back: its people can be put on a new one; nothing is lost."""
    require(actor, Audience.OPERATOR)
    with writing():
        take_turn("safety")
        sheet = _sheet(pk)
        if sheet.ended_at is None:
            sheet.ended_at, sheet.ended_by = clock.now(), actor.id
            sheet.save(update_fields=["ended_at", "ended_by"])
            audit.record(actor.id, "patrol.ended", f"sheet:{sheet.number}")
    return sheet


# --- reading ----------------------------------------------------------------------------------------


def _sheet(pk: int) -> PatrolSheet:
    row = PatrolSheet.objects.select_related("town").filter(pk=pk).first()
    if row is None:
        raise SonaeError("not_found", "この見回り票はありません。")
    return row


def _shown(rows: QuerySet[PatrolLine]) -> QuerySet[PatrolLine]:
    """Leave out who has come under 支援措置 since the sheet was made."""
    return rows.exclude(resident__in=Resident.objects.filter(shielded=True))


def _came_back() -> Q:
    """Return the condition that a line has an answer which nothing has taken back or replaced since."""
    later = Sighting.objects.filter(supersedes=OuterRef("sighting"), refusal="")
    return Q(sighting__isnull=False) & ~Q(Exists(later))


def in_hands() -> set[int]:
    """Return the residents who stand on an open sheet and of whom nothing has come back yet."""
    out = PatrolLine.objects.filter(sheet__ended_at=None).exclude(_came_back())
    return set(out.values_list("resident_id", flat=True))


def quiet(residents: Iterable[int], since: datetime, *, visited: bool = False) -> set[int]:
    """Return those of some residents of whom nothing has been heard since a moment.

    Not accounted for by the inquiry, and no word of how they are; nor, unless ``visited``, is
    anybody on the way to them.
    """
    inquiry = current_inquiry()
    told = PersonState.objects.filter(seen_at__gte=since)
    told = told.filter(~Q(status="unknown") | Q(facility__isnull=False))
    heard = set(told.values_list("resident_id", flat=True))
    if inquiry is not None:
        subjects = InquirySubject.objects.filter(inquiry=inquiry).exclude(accounted_at=None)
        heard |= set(subjects.values_list("resident_id", flat=True))
    return set(residents) - heard - (set() if visited else in_hands())


def _answers(lines: Iterable[PatrolLine]) -> dict[UUID, Sighting]:
    """Return the answers of lines that stand; one that was undone elsewhere is none."""
    ids = [one.sighting for one in lines if one.sighting]
    gone = set(superseded(ids))
    return {row.pk: row for row in Sighting.objects.filter(pk__in=ids) if row.pk not in gone}


def sheets(actor: Actor) -> list[SheetView]:
    """Return all sheets with how far they are: those that are out first, then the newest."""
    require(actor, Audience.STAFF)
    counts = (
        _shown(PatrolLine.objects.all())
        .order_by()
        .values_list("sheet")
        .annotate(all=Count("pk"), back=Count("pk", filter=_came_back()))
    )
    held = {pk: (every, back) for pk, every, back in counts}
    rows = PatrolSheet.objects.select_related("town").order_by("-number")
    found = [SheetView(row, *held.get(row.pk, (0, 0))) for row in rows]
    return sorted(found, key=lambda one: one.state in ("back", "ended"))


def sheet_of(actor: Actor, pk: int) -> tuple[SheetView, list[LineView]]:
    """Return a sheet with its lines in order, for the desk and for paper; the look is recorded."""
    require(actor, Audience.OPERATOR)
    sheet = _sheet(pk)
    lines = _views(actor, _shown(PatrolLine.objects.filter(sheet=sheet)), sheet.carrier)
    return SheetView(sheet, len(lines), sum(one.reported is not None for one in lines)), lines


def line_with(actor: Actor, text: str) -> LineView:
    """Return the line of a number as scanned or typed; `SonaeError` ``not_found`` for no such line."""
    require(actor, Audience.OPERATOR)
    code = read_code(text)
    found = _views(actor, _shown(PatrolLine.objects.filter(code=code)), "")
    if not found:
        raise SonaeError("not_found", "この番号の行はありません。")
    return found[0]


def _views(actor: Actor, rows: QuerySet[PatrolLine], carrier: str) -> list[LineView]:
    """Return lines as far as the reader may see them; who is denied is left out."""
    related = ("sheet", "resident__household__town", "resident__assistanceregistrant")
    listed = list(rows.select_related(*related).order_by("sheet", "place"))
    people = {one.resident_id: one.resident for one in listed}
    made = consent.disclose(
        actor,
        list(people),
        purpose="rescue",
        kinds=_KINDS,
        shielded={pk for pk, one in people.items() if one.shielded},
        supporter=carrier,
        registrants=[pk for pk, one in people.items() if hasattr(one, "assistanceregistrant")],
    )
    told = _answers(listed)
    shown = [one for one in listed if "name" in made[one.resident_id].fields]
    return [
        _view(
            one,
            place,
            made[one.resident_id].fields,
            told.get(one.sighting) if one.sighting else None,
        )
        for place, one in enumerate(shown, start=1)
    ]


def _view(line: PatrolLine, place: int, fields: frozenset[str], told: Sighting | None) -> LineView:
    one = line.resident
    registrant = getattr(one, "assistanceregistrant", None)
    home = f"{one.household.town.name}{one.household.address}"
    return LineView(
        line=line,
        place=place,
        name=one.name,
        kana=one.kana if "kana" in fields else "",
        birth_date=one.birth_date if "birth_date" in fields else "",
        address=home if "address" in fields else "",
        phone=one.phone if "phone" in fields else "",
        helper=registrant.reason if registrant and "needs" in fields else "",
        result=_result(told),
        reported=told,
    )


def _result(told: Sighting | None) -> str:
    if told is None:
        return ""
    said = told.direction, told.status
    return next((key for key, one in RESULTS.items() if (one.direction, one.status) == said), "")


# --- coming back ------------------------------------------------------------------------------------


def report_lines(
    actor: Actor,
    answers: Mapping[int, tuple[str, str]],
    *,
    at: datetime | None = None,
) -> int:
    """Record what came back: line (primary key) → (key of `RESULTS`, note); return how many were new.

    ``at``: when they went, so that what has been heard since wins over it. What a line said before is
    superseded, never overwritten; the same again changes nothing. All or nothing.
    """
    require(actor, Audience.OPERATOR)
    when = at or clock.now()
    if when > clock.now():
        raise SonaeError("unprocessable", "回った時刻が、いまより後になっています。")
    with writing():
        take_turn("safety")
        rows = PatrolLine.objects.filter(pk__in=list(answers))
        lines = {one.pk: one for one in rows.select_related("sheet")}
        if set(answers) - set(lines):
            raise SonaeError("not_found", "この行はありません。")
        before = _answers(lines.values())
        fresh = []
        for pk, (result, note) in answers.items():
            known = lines[pk].sighting
            told = before.get(known) if known else None
            if made := _sighting(actor, lines[pk], result, note, when, told, late=at is not None):
                lines[pk].sighting = made.id
                fresh.append(made)
        record(fresh)
        PatrolLine.objects.bulk_update(
            [one for one in lines.values() if one.sighting], ["sighting"]
        )
        if fresh:
            numbers = Counter(one.sheet.number for one in lines.values())
            audit.record(actor.id, "patrol.reported", f"sheet:{min(numbers)}", lines=len(fresh))
    return len(fresh)


def _sighting(
    actor: Actor,
    line: PatrolLine,
    result: str,
    note: str,
    when: datetime,
    told: Sighting | None,
    *,
    late: bool,
) -> NewSighting | None:
    """Return the sighting of one answer, None when the line says the same already."""
    if result not in RESULTS:
        raise SonaeError("unprocessable", "1から5の番号で入れてください。")
    outcome, said = RESULTS[result], note.strip()
    if told is not None and _result(told) == result and said in ("", told.note):
        return None
    where = said if result == "5" else outcome.place
    return NewSighting(
        id=uuid7(),
        direction=outcome.direction,
        occurred_at=when,
        clock=clock_of(when, "patrol") if late and clock.now() - when > JUST_NOW else "",
        source="patrol",
        resident_pk=line.resident_id,
        place=where[:200],
        status=outcome.status,
        device=f"sheet:{line.sheet.number}",
        actor=actor.id,
        note=said[:400],
        supersedes=told.pk if told is not None else None,
    )


def undo_line(actor: Actor, pk: int) -> None:
    """Take back what came back for a line; the sighting stays on record as taken back."""
    require(actor, Audience.OPERATOR)
    with writing():
        take_turn("safety")
        line = PatrolLine.objects.filter(pk=pk).first()
        if line is None or line.sighting is None or not _answers([line]):
            raise SonaeError("not_found", "この行は、まだ戻っていません。")
        undo(actor, line.sighting)
        line.sighting = None
        line.save(update_fields=["sighting"])
