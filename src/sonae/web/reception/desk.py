"""The desk: one search box, who of the household is here, one button; live head-count, undo."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.core.typed import key_of
from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import Person, Search
from sonae.domains.safety import interface as safety
from sonae.domains.sheltering import interface as sheltering
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import Facility
from sonae.platform.access import Actor, Audience, actor_of, audience
from sonae.web.reception import recording
from sonae.web.reception.facility import chosen, required
from sonae.web.templatetags.sonae import in_world

MOST_FOUND = 30
RECENT = 12
PRESENT = ("in", "move")


@dataclass(frozen=True)
class Member:
    """One person of the household on the desk: what may be shown, where last seen, ticked or not."""

    person: Person
    state: safety.PersonState | None
    here: bool
    ticked: bool

    @property
    def coming(self) -> bool:
        """Whether the person has left another shelter for some shelter and was not seen since."""
        return self.state is not None and self.state.bound_for_id is not None

    @property
    def elsewhere(self) -> str:
        """The other facility where the person is checked in, or nothing."""
        if self.here or self.state is None or self.state.facility is None:
            return ""
        return self.state.facility.name if self.state.direction in PRESENT else ""


@audience(Audience.RECEPTION)
def desk(request: HttpRequest) -> HttpResponse:
    """Show the desk: the search box, what was found, the last result, who is inside."""
    place = chosen(request)
    if place is None:
        return HttpResponseRedirect(in_world("/reception/choose/"))
    query = request.GET.get("q", "").strip()
    context = {
        **_page(request, place),
        "query": query,
        "done": recording.last_result(request),
        **(_found(actor_of(request), place, query, request.GET.get("home", "")) if query else {}),
    }
    return render(request, "reception/desk.html", context)


def _page(request: HttpRequest, place: Facility) -> dict[str, object]:
    """Return what the desk always shows."""
    return {
        "place": place,
        "form": str(uuid7()),
        "needs": recording.NEEDS.items(),
        "rooms": [one for one in sheltering.rooms(place.pk) if one.room.open],
        **_live(actor_of(request), place),
    }


def _found(actor: Actor, place: Facility, query: str, home: str) -> dict[str, object]:
    """Return what the search box found: one household, several people to choose from, or why not."""
    try:
        found = residents.search(actor, query, limit=MOST_FOUND)
    except SonaeError as error:
        return {"refused": error, "searched": True}
    one = _meant(found, home)
    if one is None:
        return {"found": found, "searched": True}
    members = _members(actor, place, found, one, query)
    # Where one member's address must not be shown, the family's would tell it.
    told = all(member.person.address for member in members)
    address = members[0].person.address if told else ""
    several = len(members) if len(members) > 1 else 0
    return {
        "several": several,
        "members": members,
        "home": one.pk,
        "address": address,
        "searched": True,
        "onward": safety.onward(place.pk),
    }


def _meant(found: Search, home: str) -> Person | None:
    """Return whose household is meant: the one chosen from the list, or the only one found."""
    if home.isdecimal():
        return next((one for one in found.people if one.pk == key_of(home)), None)
    exact = found.people[: len(found.people) - found.similar]
    houses = {one.household for one in exact}
    return exact[0] if len(houses) == 1 and not found.more else None


def _members(actor: Actor, place: Facility, found: Search, one: Person, query: str) -> list[Member]:
    """Return the household, with a tick at whoever was found and is not here yet."""
    people = residents.household_of(actor, one.pk, shown=query) or [one]
    states = safety.state_of([person.pk for person in people])
    # A household's card finds everybody and so tells nothing about who stands here.
    of_home = found.how in ("qr", "card") and len(found.people) > 1
    return [
        _member(person, states.get(person.pk), place, person == one and not of_home)
        for person in people
    ]


def _member(
    person: Person, state: safety.PersonState | None, place: Facility, meant: bool
) -> Member:
    here = state is not None and state.facility_id == place.pk and state.direction in PRESENT
    return Member(person, state, here, meant and not here)


def _live(actor: Actor, place: Facility) -> dict[str, object]:
    """Return the head-count, the capacity and the newest records of the facility."""
    where = next((p for p in shelters.places() if p.facility.pk == place.pk), None)
    return {
        "inside": safety.occupancy(place.pk),
        "capacity": where.capacity if where else None,
        "state": where.state if where else "unknown",
        "coming": safety.coming_count(place.pk),
        "recent": recording.recent(actor, place.pk, RECENT),
    }


@audience(Audience.RECEPTION)
def live(request: HttpRequest) -> HttpResponse:
    """Return the live part alone (polled): head-count and newest records."""
    place = required(request)
    return render(
        request, "reception/parts/live.html", {"place": place, **_live(actor_of(request), place)}
    )


@audience(Audience.RECEPTION)
def record(request: HttpRequest) -> HttpResponse:
    """Record the ticked people of a household, then show the result and an empty search box."""
    place, actor, query = required(request), actor_of(request), request.POST.get("q", "")
    home = request.POST.get("home", "")
    allowed = residents.household_of(actor, key_of(home), shown=query) if home.isdecimal() else []
    ticked = set(request.POST.getlist("person"))
    people = [p for p in allowed if str(p.pk) in ticked or "everyone" in request.POST]
    if not people:
        flash.error(request, _("だれも選ばれていません。来ている人に印をつけてください。"))
        return HttpResponseRedirect(_back(query, home))
    try:
        recording.record_people(request, place, actor, people)
    except SonaeError as error:
        if error.code != "conflict":
            raise
        flash.error(request, f"{error.detail} {error.hint}".strip())
        return HttpResponseRedirect(_back(query, home))
    return HttpResponseRedirect(in_world("/reception/"))


def _back(query: str, home: str) -> str:
    """Return the desk's address with the household still open."""
    return in_world(f"/reception/?{urlencode({'q': query, 'home': home})}")


@audience(Audience.RECEPTION)
def visitor(request: HttpRequest) -> HttpResponse:
    """Check in someone who is not found in the register; what was typed stays when it is refused."""
    place, actor = required(request), actor_of(request)
    try:
        recording.record_visitor(request, place, actor)
    except SonaeError as error:
        flash.error(request, f"{error.detail} {error.hint}".strip())
        fields = ("name", "birth_date", "address", "posted")
        typed = {key: request.POST.get(key, "") for key in fields}
        context = {**_page(request, place), "query": "", "typed": typed}
        return render(request, "reception/desk.html", context, status=422)
    return HttpResponseRedirect(in_world("/reception/"))


@audience(Audience.RECEPTION)
def undo(request: HttpRequest) -> HttpResponse:
    """Take a record of this facility back by a superseding one."""
    place, typed = required(request), request.POST.get("sighting", "")
    try:
        wanted = UUID(typed)
    except ValueError:
        raise SonaeError("unreadable", _("どの記録か分かりません。")) from None
    if not safety.Sighting.objects.filter(pk=wanted, facility=place.pk).exists():
        raise SonaeError("not_found", _("この記録は、この避難所にはありません。"))
    safety.undo(actor_of(request), wanted)
    flash.success(request, _("記録を取り消しました。取り消したことも記録に残ります。"))
    return HttpResponseRedirect(in_world("/reception/"))
