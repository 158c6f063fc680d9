"""安否: the list of residents not yet accounted for, ordered by danger × need; table, CSV, as of any time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.safety import interface as safety
from sonae.domains.shelters import interface as shelters
from sonae.platform import audit
from sonae.platform.access import Audience, actor_of, audience
from sonae.platform.db import writing
from sonae.web import kept, states, tablefile, words
from sonae.web.templatetags.sonae import in_world

PER_PAGE = 100
MOST_IN_FILE = 200_000
ZONES = ("inside", "unknown")


SILENT_HOURS = (6, 12, 24, 72)


class Filters:
    """What the reader asked for: whom, as of when, which page."""

    def __init__(self, request: HttpRequest) -> None:
        """Read the query; what makes no sense is left out, a moment that is none is refused."""
        get = request.GET.get
        danger = get("zone") or {"grave": "inside"}.get(get("danger", ""), get("danger", ""))
        self.zone = danger if danger in ZONES else ""
        self.town = _number(get("town", ""))
        self.shelter = _number(get("shelter", ""))
        self.need = get("need", "") if get("need", "") in safety.NEEDS else ""
        silent = _number(get("silent", ""))
        self.silent = silent if silent in SILENT_HOURS else None
        self.own = get("own", "") == "1"
        self.at = moment_of(get("at", ""))
        self.page = max(1, _number(get("page", "1")) or 1)

    @property
    def narrowed(self) -> dict[str, Any]:
        """What `safety.unaccounted` narrows its list to."""
        return {
            "town": self.town, "zone": self.zone, "own": self.own, "shelter": self.shelter,
            "need": self.need, "silent": timedelta(hours=self.silent) if self.silent else None,
        }  # fmt: skip

    def query(self, **changes: object) -> str:
        """Return the query of the same list with some things changed."""
        shown = {
            "zone": self.zone,
            "town": self.town,
            "shelter": self.shelter,
            "need": self.need,
            "silent": self.silent,
            "own": "1" if self.own else "",
            "at": self.at.strftime("%Y-%m-%dT%H:%M") if self.at else "",
            **changes,
        }
        return "?" + urlencode({key: value for key, value in shown.items() if value})


def _number(text: str) -> int | None:
    """Return a number of a query as a database takes it, None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def moment_of(text: str) -> datetime | None:
    """Return the moment of a ``datetime-local`` field, in JST; empty means now."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=JST)
    except ValueError:
        raise SonaeError(
            "unreadable", _("時刻を読み取れませんでした。"), _("例：2026-07-01T18:00")
        ) from None


@dataclass(frozen=True)
class Goal:
    """A destination that a household has stated: in words, and what the maps know of the place."""

    text: str
    zone: str


class Goals:
    """Stated destinations in words; a town is looked up in the maps once for the whole list."""

    def __init__(self) -> None:
        """Begin with nothing looked up."""
        self._zones: dict[tuple[int | None, bool], str] = {}

    def of(self, row: evacuation.HouseholdTimeline | None) -> Goal | None:
        """Return the stated destination of a line, None when there is none."""
        found = evacuation.timelines.destination_of(row) if row else None
        if found is None:
            return None
        key = (found.town.pk if found.town else None, found.outside)
        if key not in self._zones:
            zones = evacuation.timelines.zones_of(found)
            self._zones[key] = evacuation.timelines.worst_zone(zones.values())
        return Goal(words.destination(found), self._zones[key])


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show a page of the list; looking at it is recorded for every person on it."""
    filters, actor = Filters(request), actor_of(request)
    rows = safety.unaccounted(
        actor,
        at=filters.at,
        **filters.narrowed,
        limit=PER_PAGE,  # each person listed is on record as looked at: none beyond the page
        offset=PER_PAGE * (filters.page - 1),
    )
    listed = safety.unaccounted_listed(actor, at=filters.at, **filters.narrowed)
    goals = Goals()
    more = listed > PER_PAGE * filters.page
    context = {
        "filters": filters,
        "count": safety.unaccounted_shown(actor, filters.at),
        "officer": consent.is_shield_officer(actor),
        "officers": bool(consent.shield_officers()),
        "listed": listed,
        "rows": [(row, goals.of(row.destination)) for row in rows],
        "own_count": safety.unaccounted_listed(actor, at=filters.at, own=True),
        "first": PER_PAGE * (filters.page - 1),
        "towns": [(words.town_row(name), found) for name, found in municipalities.towns_in_order()],
        "by_town": safety.unaccounted_by_town(filters.at),
        "next": filters.query(page=filters.page + 1) if more else "",
        "previous": filters.query(page=filters.page - 1) if filters.page > 1 else "",
        "file": filters.query(),
        "sites": [one for one in shelters.places() if one.site],
        "needs": words.NEED_BANDS.items(),
        "silent_hours": SILENT_HOURS,
        "as_of": filters.at or clock.now(),
        # These are of now: they have no place on a page that says how it was.
        "help": safety.help_wanted(actor) if filters.at is None else [],
        "help_count": safety.help_count(),
        "inquiry": safety.current_inquiry(),
        "answers": [(key, states.state("call", key)[0]) for key in safety.ANSWERS],
        "conflicts": safety.conflicts(actor) if filters.at is None else [],
    }
    return render(request, "staff/safety.html", context)


@audience(Audience.OPERATOR)
def answer(request: HttpRequest, person: str) -> HttpResponse:
    """Record what is done about a call for help."""
    if request.method != "POST":
        raise SonaeError("unreadable", _("このアドレスは、ボタンから使います。"))
    status, note, seen = (request.POST.get(name, "") for name in ("status", "note", "seen"))
    try:
        safety.answer_call(actor_of(request), person, status, note, seen[:64])
    except SonaeError as error:
        flash.error(request, error.detail)
    else:
        flash.success(request, _("対応を記録しました。前の記録も残っています。"))
    return HttpResponseRedirect(in_world("/staff/safety/") + "#help")


@audience(Audience.OPERATOR)
def close(request: HttpRequest) -> HttpResponse:
    """End the open inquiry: first how many nobody has found, then the act."""
    inquiry = safety.current_inquiry()
    if inquiry is None or inquiry.closed_at is not None:
        raise SonaeError("not_found", _("いま行っている安否確認はありません。"))
    if request.method == "POST" and request.POST.get("sure") == "1":
        safety.close_inquiry(actor_of(request))
        kept.forget()
        flash.success(request, _("安否確認を終えました。名簿は記録に残っています。"))
        return HttpResponseRedirect(in_world("/staff/safety/"))
    context = {"inquiry": inquiry, "count": safety.unaccounted_shown(actor_of(request))}
    return render(request, "staff/safety_close.html", context)


COLUMNS = (
    "順位", "氏名", "フリガナ", "生年月日", "町字", "住所", "電話番号", "危険区域", "危険", "支援の必要",
    "支援を必要とする事由", "最終確認", "最後の場所", "自分で決めた行き先", "行き先の危険", "助けの要請",
)  # fmt: skip


@audience(Audience.OPERATOR)
def as_file(request: HttpRequest, kind: str) -> HttpResponse:
    """Return the list as CSV or XLSX for those who search; that it was taken is on record."""
    filters, actor = Filters(request), actor_of(request)
    rows = safety.unaccounted(actor, at=filters.at, **filters.narrowed, limit=MOST_IN_FILE)
    as_of = filters.at or clock.now()
    with writing():
        audit.record(actor.id, "safety.export", rows=len(rows), as_of=as_of.isoformat())
    goals, lines = Goals(), []
    if filters.at is None:
        # Those who call for help are accounted for, and yet the first whom a rescuer must know.
        calls = safety.help_wanted(actor, MOST_IN_FILE)
        lines = [_call_row(one) for one in calls if one.answer != "done"]
    lines += [
        _row(place, row, goals.of(row.destination)) for place, row in enumerate(rows, start=1)
    ]
    title = f"安否未確認者一覧 {words.spoken(as_of.astimezone(JST), 'long')} 現在"
    name = f"unaccounted-{as_of.astimezone(JST):%Y%m%d-%H%M}"
    return tablefile.as_file(kind, name, title, COLUMNS, lines)


def _row(place: int, row: safety.Unaccounted, goal: Goal | None) -> list[object]:
    """Return one line of the file."""
    seen = row.last_seen.astimezone(JST).isoformat(timespec="minutes") if row.last_seen else ""
    zone = states.state("zone", row.zone)[0]
    told = [goal.text, states.state("zone", goal.zone)[0]] if goal else ["", ""]
    return [
        place, row.name, row.kana, row.birth_date, row.town, row.address, row.phone, zone,
        row.danger, row.need, row.helper, seen, row.last_place, *told, "",
    ]  # fmt: skip


def _call_row(one: safety.Call) -> list[object]:
    """Return a call for help as a line of the same file, above the list."""
    seen = one.seen_at.astimezone(JST).isoformat(timespec="minutes")
    told = "・".join((_("助けを求めている"), str(states.state("call", one.answer)[0])))
    return [
        "", one.name, "", "", "", one.home, one.phone, "", one.danger, "", "", seen, one.where, "",
        "", told,
    ]  # fmt: skip


@audience(Audience.OPERATOR)
def brigade(request: HttpRequest) -> HttpResponse:
    """What the fire brigade may have now of those not accounted for, town by town, for a phone or paper.

    The roster of 避難行動要支援者 alone, by emergency sharing or ordinance; without either, nothing.
    """
    actor, filters = actor_of(request), Filters(request)
    asked = request.GET.get("body", "")
    body = asked if asked in consent.SUPPORTERS else consent.SUPPORTERS[0]
    rows = (
        safety.unaccounted(
            actor,
            town=filters.town,
            need=filters.need,
            supporter=body,
            limit=MOST_HANDED,
        )
        if request.GET.get("show") == "1"
        else None
    )
    sharing = consent.sharing_for(body)
    context = {
        "filters": filters,
        "bodies": words.SUPPORTERS.items(),
        "body": body,
        "asked": rows is not None,
        "towns": [(words.town_row(name), found) for name, found in municipalities.towns_in_order()],
        "groups": _by_town(rows or []),
        "number": len(rows or []),
        "sharing": sharing,
        "kinds": [words.data_kind(kind) for kind in sharing.kinds] if sharing else [],
        "as_of": clock.now(),
        "to": words.supporter(body),
    }
    return render(request, "staff/brigade.html", context)


MOST_HANDED = 2000


def _by_town(rows: list[safety.Unaccounted]) -> list[tuple[str, list[safety.Unaccounted]]]:
    """Return the lines by town, the town of the gravest line first."""
    found: dict[str, list[safety.Unaccounted]] = {}
    for row in rows:
        found.setdefault(row.town, []).append(row)
    return list(found.items())
