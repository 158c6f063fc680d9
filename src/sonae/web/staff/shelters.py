"""避難所: what is open, how full, what nobody has confirmed; reporting a state."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages as flash
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.safety import interface as safety
from sonae.domains.sheltering import interface as sheltering
from sonae.domains.shelters import interface as shelters
from sonae.platform.access import Audience, actor_of, audience
from sonae.web import states, words
from sonae.web.staff import listwords
from sonae.web.templatetags.sonae import in_world

TREND_WINDOW = timedelta(hours=1)
VIEWS = ("active", "unknown", "closed", "all")


@dataclass(frozen=True)
class Row:
    """One facility on the desk; ``trend`` is the change of the head-count within an hour."""

    place: shelters.Place
    trend: int | None

    @property
    def percent(self) -> int | None:
        """Share of the capacity in use, in percent; None when either number is unknown."""
        if self.place.people is None or not self.place.capacity:
            return None
        return round(100 * self.place.people / self.place.capacity)

    @property
    def odd(self) -> bool:
        """Whether people are in a place that nobody reported as open or opening: someone must look."""
        return bool(self.place.people) and self.place.state in {"unknown", "closed"}

    @property
    def groups(self) -> str:
        """The only groups admitted, for reading."""
        return words.groups(self.place.restricted_to)

    @property
    def hazard_names(self) -> str:
        """The hazards designated for, for reading."""
        return "・".join(words.hazard(code) for code in self.place.hazards)


def rows() -> list[Row]:
    """Return all facilities with head-count and trend; people in a place not open come first."""
    moved = net_arrivals(clock.now() - TREND_WINDOW)
    found = [
        Row(place, None if place.people is None else moved.get(place.facility.pk, 0))
        for place in shelters.places(safety.occupancies(), heard=safety.heard())
        if place.site or place.shelter or place.people
    ]
    return sorted(found, key=lambda row: (not row.odd, -(row.place.people or 0)))


def net_arrivals(since: datetime) -> dict[int, int]:
    """Return facility → people there now less those who were there at ``since``: people, not scans."""
    seen = safety.Sighting.objects.filter(
        facility__isnull=False, refusal="", direction__in=("in", "move", "out")
    ).order_by("clock")
    fresh = seen.filter(occurred_at__gte=since)
    moved = {_person(*row) for row in fresh.values_list(*_WHO).distinct()}
    who = Q(resident__in=fresh.values("resident")) | Q(visitor__in=fresh.values("visitor"))
    taken_back = safety.Sighting.objects.exclude(supersedes=None).values("supersedes")
    earlier = seen.filter(who, occurred_at__lt=since).exclude(pk__in=taken_back)
    before = {
        _person(*row[:4]): None if row[5] == "out" else row[4]
        for row in earlier.values_list(*_WHO, "facility_id", "direction")
    }
    there = safety.PersonState.objects.filter(
        direction__in=("in", "move"), facility__isnull=False, seen_at__gte=since
    )
    now = {pk: at for pk, at in there.values_list("person", "facility_id") if pk in moved}
    found = Counter(now.values())
    found.subtract(at for pk, at in before.items() if at is not None and pk in moved)
    return dict(found)


_WHO = ("resident", "visitor", "visitor__resident", "visitor__same_as")


def _person(resident: int | None, visitor: int | None, linked: int | None, same: int | None) -> str:
    """Return whom a sighting is about, as `PersonState` names people: a linked visitor is the other."""
    known = resident or linked
    return f"r{known}" if known else f"v{same or visitor}"


def _shown(row: Row, view: str) -> bool:
    """Tell whether a row belongs to a view of the list."""
    state = row.place.state
    if view == "active":
        return state in {"open", "full", "preparing"} or bool(row.place.people)
    return view == "all" or state == view


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """List the facilities by state, with a search by name."""
    everything = rows()
    view, query = request.GET.get("view", "active"), request.GET.get("q", "").strip()
    view = view if view in VIEWS else "active"
    if query:
        chosen = [r for r in everything if query in r.place.facility.name + r.place.facility.kana]
    else:
        chosen = [row for row in everything if _shown(row, view)]
    context = {
        "rows": chosen,
        "view": view,
        "query": query,
        "tabs": [(key, label, sum(_shown(r, key) for r in everything)) for key, label in _tabs()],
        "newest": shelters.newest(),
        "people": sum(row.place.people or 0 for row in everything),
        "unknown_capacity": sum(
            row.place.capacity is None for row in everything if row.place.state == "open"
        ),
    }
    return render(request, "staff/shelters.html", context)


def _tabs() -> list[tuple[str, str]]:
    """Return the views of the list with their names."""
    return [
        ("active", _("開設中・準備中")),
        ("unknown", _("開設は未確認")),
        ("closed", _("閉鎖・使用不可")),
        ("all", _("すべて")),
    ]


@audience(Audience.STAFF)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one facility, its reports and the form to report a new state."""
    found = next((row for row in rows() if row.place.facility.pk == pk), None)
    if found is None:
        raise SonaeError("not_found", _("この施設は登録されていません。"))
    history = shelters.history(pk)
    context = {
        "row": found, "place": found.place, "states": shelters.STATES,
        "history": [(one, words.ORDERERS.get(one.ordered_by, "")) for one in history],
        "orderers": words.ORDERERS.items(), "crowds": [(code, states.state("congestion", code)[0]) for code in shelters.CONGESTION],
        "flooded": pk in evacuation.sites_under_water(),
        "noted": [listwords.noted(one) for one in shelters.noted(found.place.facility)],
    }  # fmt: skip
    return render(request, "staff/shelter.html", context)


@audience(Audience.OPERATOR)
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """Store a report of the state and return to the facility."""
    if request.method != "POST":
        raise SonaeError("unreadable", _("このアドレスは、ボタンから使います。"))
    post = request.POST.get
    state, told = post("state", ""), (post("ordered_by", ""), post("congestion", ""))
    try:
        shelters.set_state(
            actor_of(request), pk, state, post("note", ""), ordered_by=told[0], congestion=told[1],
            capacity=sheltering.opening_capacity(pk, state),
        )  # fmt: skip
    except SonaeError as error:
        if error.code == "not_found":
            raise
        flash.error(request, f"{error.detail} {error.hint}".strip())
    else:
        flash.success(
            request, _("記録しました：%(state)s") % {"state": states.state("facility", state)[0]}
        )
    return HttpResponseRedirect(in_world(f"/staff/shelters/{pk}/"))
