"""What the desk writes: sightings of residents and visitors, each form at most once; the result shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID, uuid5

from django.contrib import messages as flash
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core import clock, wareki
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.core.kana import is_kana
from sonae.domains.residents.interface import Person
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import NewSighting, Sighting, VisitorFacts
from sonae.domains.sheltering import interface as sheltering
from sonae.domains.shelters.interface import Facility
from sonae.platform.access import Actor

DIRECTIONS: Final = {
    "in": (lazy("受付"), lazy("受付しました")),
    "out": (lazy("退所"), lazy("退所を記録しました")),
    "onward": (lazy("ほかの避難所へ"), lazy("ほかの避難所へ向かったことを記録しました")),
    "move": (lazy("移ってきた"), lazy("ほかの避難所からの移動を記録しました")),
    "shelter_at_home": (lazy("在宅避難"), lazy("在宅避難を記録しました")),
    "in_car": (lazy("車中泊"), lazy("車中泊を記録しました")),
}
"""What the desk's buttons record: short name and the sentence of the result.

``onward`` is an ``out`` that says where to.
"""
OTHER_WORDS: Final = {"report": lazy("安否の連絡"), "void": lazy("取消")}
NEEDS: Final = {
    "wheelchair": lazy("車いす"),
    "care": lazy("介護が必要"),
    "medicine": lazy("薬・医療"),
    "infant": lazy("乳児・妊婦"),
    "pet": lazy("ペット"),
}
_RESULT = "reception_result"


@dataclass(frozen=True)
class Line:
    """One line of the newest records; ``undoable`` while nothing supersedes it."""

    sighting: Sighting
    name: str
    word: str
    undoable: bool
    undone: bool


def _direction(request: HttpRequest) -> str:
    """Return what the pressed button records."""
    wanted = request.POST.get("direction", "in")
    if wanted not in DIRECTIONS:
        raise SonaeError("unreadable", _("どのボタンか分かりません。"))
    return wanted


def _base(request: HttpRequest, place: Facility, actor: Actor) -> NewSighting:
    """Return what all records of one form share; ``id`` names the form."""
    try:
        form = UUID(request.POST.get("form", ""))
    except ValueError:
        form = uuid7()
    injured, pressed = request.POST.get("status") == "injured", _direction(request)
    return NewSighting(
        id=form,
        direction="out" if pressed == "onward" else pressed,
        occurred_at=clock.now(),
        clock="",
        source="reception",
        facility_pk=place.pk,
        place=_room(request, place) if pressed in ("in", "move") else "",
        status="injured" if injured else "safe",
        device=f"desk:{actor.account_id}",
        actor=actor.id,
        needs=[need for need in request.POST.getlist("needs") if need in NEEDS],
        note=request.POST.get("note", "").strip()[:400],
        seconds=_seconds(request.POST.get("seconds", "")),
        bound_for=_bound_for(request, place) if pressed == "onward" else None,
    )


def _bound_for(request: HttpRequest, place: Facility) -> int:
    """Return the shelter to which somebody leaves, as picked."""
    typed = request.POST.get("bound_for", "")
    for one in safety.onward(place.pk):
        if str(one.place.facility.pk) == typed:
            return int(one.place.facility.pk)
    raise SonaeError(
        "conflict",
        _("行き先の避難所が選ばれていないか、もう開いていません。"),
        _(
            "行き先を選び直してください。行き先が決まっていなければ「印の人が退所」を押してください。"
        ),
    )


def _room(request: HttpRequest, place: Facility) -> str:
    """Return the name of the room that was picked; one that is not in use any more is told, not taken."""
    typed = request.POST.get("room", "")
    if not typed:
        return ""
    for one in sheltering.rooms(place.pk):
        if str(one.room.pk) == typed and one.room.open:
            return str(one.room.name)
    flash.error(request, _("選んだ部屋は使われていません。部屋なしで記録しました。"))
    return ""


def _seconds(typed: str) -> float | None:
    """Return how long the check-in took as the page told it; None without JavaScript."""
    try:
        return safety.timed(float(typed))
    except ValueError:
        return None


def record_people(
    request: HttpRequest, place: Facility, actor: Actor, people: Sequence[Person]
) -> None:
    """Record residents; the same form sent twice counts once."""
    base = _base(request, place, actor)
    if base.direction == "in":
        _tell_again(request, place, people)
    batch = [
        replace(
            base,
            id=uuid5(base.id, f"{_pressed(base)}:{person.pk}"),
            resident_pk=person.pk,
            seconds=base.seconds / len(people) if base.seconds is not None else None,
        )
        for person in people
    ]
    _keep(request, _pressed(base), [person.name for person in people], safety.record(batch))


def _pressed(base: NewSighting) -> str:
    """Return which button made a record (`DIRECTIONS`)."""
    return "onward" if base.bound_for else base.direction


def _tell_again(request: HttpRequest, place: Facility, people: Sequence[Person]) -> None:
    """Tell the clerk who has been checked in here before, and when; it counts once all the same."""
    states = safety.state_of([person.pk for person in people])
    here = [
        f"{person.name}（{state.seen_at.astimezone(JST):%H:%M}）"
        for person in people
        if (state := states.get(person.pk))
        and state.facility_id == place.pk
        and state.direction in ("in", "move")
    ]
    if here:
        flash.info(
            request,
            _("もう受け付けています：%(names)s。人数は増えません。") % {"names": "、".join(here)},
        )


def record_visitor(request: HttpRequest, place: Facility, actor: Actor) -> None:
    """Record someone who is not in the register; a name or its reading is needed."""
    name = request.POST.get("name", "").strip()
    if not name:
        raise SonaeError(
            "unreadable",
            _("氏名が空です。"),
            _("フリガナだけでも、呼び名だけでも受け付けられます。"),
        )
    facts = VisitorFacts(
        name="" if is_kana(name) else name[:120],
        kana=name[:160] if is_kana(name) else "",
        birth_date=_birth(request.POST.get("birth_date", "").strip()),
        address=request.POST.get("address", "").strip()[:200],
    )
    base = _base(request, place, actor)
    one = replace(
        base,
        id=uuid5(base.id, f"{_pressed(base)}:{facts.key}"),
        visitor=facts,
    )
    results = safety.record([one])
    if "posted" in request.POST and base.direction != "out" and not results[0].error:
        _agreed_to_post(actor, one.id)
    _keep(request, _pressed(base), [name], results)


def _agreed_to_post(actor: Actor, sighting: UUID) -> None:
    """Note that who has just come may stand on the list that hangs there."""
    pk = Sighting.objects.values_list("visitor", flat=True).get(pk=sighting)
    safety.agree_to_post(actor, [f"v{pk}"], [f"v{pk}"])


def _birth(typed: str) -> str:
    """Return a birth date as far as it is known, in ISO; SonaeError for what is no date."""
    if not typed:
        return ""
    read = wareki.parse(typed)
    if read.earliest is None:
        return ""
    return str(read.earliest)[: {"day": 10, "month": 7}.get(str(read.precision), 4)]


def _keep(
    request: HttpRequest, direction: str, names: Sequence[str], results: Sequence[safety.Result]
) -> None:
    """Keep the result for the next page: only what is on disk, and still stands, is called recorded."""
    again = _overtaken(
        [result.id for result in results if result.status == "duplicate" and not result.error]
    )
    if any(result.error for result in results):
        flash.error(request, _("受理できない記録がありました。もう一度確かめてください。"))
    named = list(zip(names, results, strict=True))
    if lost := [name for name, result in named if result.id in again]:
        told = _(
            "%(names)s：この画面の記録は、そのあと取り消されたか、変えられています。もう一度さがして、受付し直してください。"
        )
        flash.error(request, told % {"names": "、".join(lost)})
    standing = [name for name, r in named if not r.error and r.id not in again]
    if standing:
        request.session[_RESULT] = {
            "direction": direction,
            "names": standing,
            "again": all(result.status == "duplicate" for result in results),
        }


def _overtaken(ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these stored records no longer say where their person is (the Back button)."""
    rows = list(Sighting.objects.filter(pk__in=ids))
    keys = {
        row.pk: f"r{row.resident_id}" if row.resident_id else f"v{row.visitor_id}" for row in rows
    }
    states = {
        one.person: one for one in safety.PersonState.objects.filter(person__in=keys.values())
    }
    found = set()
    for row in rows:
        state = states.get(keys[row.pk])
        inside = row.direction in DIRECTIONS and row.direction != "out"
        if (
            state is None
            or state.direction != row.direction
            or (inside and state.facility_id != row.facility_id)
        ):
            found.add(row.pk)
    return found


def last_result(request: HttpRequest) -> dict[str, object] | None:
    """Return what was recorded last, once."""
    held = request.session.pop(_RESULT, None)
    if held is None:
        return None
    return {**held, "sentence": DIRECTIONS[held["direction"]][1], "count": len(held["names"])}


def recent(actor: Actor, facility_pk: int, limit: int) -> list[Line]:
    """Return the newest records of a facility that count or are undone, without the undoings."""
    seen = safety.recent(actor, facility_pk, limit * 2)
    rows = [one for one in seen if one.sighting.direction != "void"][:limit]
    gone = set(
        Sighting.objects.filter(supersedes__in=[one.sighting.pk for one in rows]).values_list(
            "supersedes", flat=True
        )
    )
    return [_line(one, one.sighting.pk in gone) for one in rows]


def _line(one: safety.Seen, undone: bool) -> Line:
    """Return one line of the list."""
    row, name = one.sighting, one.name
    if row.refusal:
        name = _("受理できない記録（%(why)s）") % {"why": row.refusal}
    known = DIRECTIONS.get(row.direction)
    word = str(known[0] if known else OTHER_WORDS.get(row.direction, row.direction))
    if row.bound_for is not None:
        word = _("%(name)sへ") % {"name": row.bound_for.name}
    return Line(row, name, word, not undone and not row.refusal, undone)
