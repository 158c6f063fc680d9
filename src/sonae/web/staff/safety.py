"""安否: the list of residents not yet accounted for, ordered by danger × need; table, CSV, as of any time."""

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.safety import interface as safety
from sonae.platform import audit
from sonae.platform.access import Audience, actor_of, audience
from sonae.platform.db import writing
from sonae.web import kept, words
from sonae.web.templatetags.sonae import in_world

PER_PAGE = 100
MOST_IN_FILE = 200_000
ZONES = ("inside", "unknown")


class Filters:
    """What the reader asked for: zone, town (primary key), moment, page."""

    def __init__(self, request: HttpRequest) -> None:
        """Read the query; what makes no sense is left out, a moment that is none is refused."""
        get = request.GET.get
        danger = get("zone") or {"grave": "inside"}.get(get("danger", ""), get("danger", ""))
        self.zone = danger if danger in ZONES else ""
        self.town = int(get("town", "")) if get("town", "").isdecimal() else None
        self.own = get("own", "") == "1"
        self.at = moment_of(get("at", ""))
        self.page = max(1, int(get("page", "1"))) if get("page", "1").isdecimal() else 1

    def query(self, **changes: object) -> str:
        """Return the query of the same list with some things changed."""
        shown = {
            "zone": self.zone,
            "town": self.town,
            "own": "1" if self.own else "",
            "at": self.at.strftime("%Y-%m-%dT%H:%M") if self.at else "",
            **changes,
        }
        return "?" + urlencode({key: value for key, value in shown.items() if value})


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


def _count(filters: Filters) -> int:
    """Return how many people the list holds in all."""
    return safety.unaccounted_listed(
        at=filters.at, town=filters.town, zone=filters.zone, own=filters.own
    )


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
    filters = Filters(request)
    rows = safety.unaccounted(
        actor_of(request),
        at=filters.at,
        town=filters.town,
        zone=filters.zone,
        own=filters.own,
        limit=PER_PAGE,  # each person listed is on record as looked at: none beyond the page
        offset=PER_PAGE * (filters.page - 1),
    )
    listed = _count(filters)
    goals = Goals()
    more = listed > PER_PAGE * filters.page
    context = {
        "filters": filters,
        "count": safety.unaccounted_count(filters.at),
        "listed": listed,
        "rows": [(row, goals.of(row.destination)) for row in rows],
        "own_count": safety.unaccounted_listed(at=filters.at, own=True),
        "first": PER_PAGE * (filters.page - 1),
        "towns": [(words.town_row(name), found) for name, found in municipalities.towns_in_order()],
        "by_town": safety.unaccounted_by_town(filters.at),
        "next": filters.query(page=filters.page + 1) if more else "",
        "previous": filters.query(page=filters.page - 1) if filters.page > 1 else "",
        "csv": filters.query(),
        "as_of": filters.at or clock.now(),
        # These are of now: they have no place on a page that says how it was.
        "help": safety.help_wanted(actor_of(request)) if filters.at is None else [],
        "help_count": safety.help_count(),
        "inquiry": safety.current_inquiry(),
        "answers": [(key, words.state("call", key)[0]) for key in safety.ANSWERS],
        "conflicts": safety.conflicts() if filters.at is None else [],
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
    context = {"inquiry": inquiry, "count": safety.unaccounted_count()}
    return render(request, "staff/safety_close.html", context)


COLUMNS = (
    "順位", "氏名", "フリガナ", "生年月日", "町字", "住所", "電話番号", "危険区域", "危険", "支援の必要",
    "支援を必要とする事由", "最終確認", "最後の場所", "自分で決めた行き先", "行き先の危険", "助けの要請",
)  # fmt: skip


@audience(Audience.OPERATOR)
def as_csv(request: HttpRequest) -> HttpResponse:
    """Return the list as CSV for the fire brigade and carers: UTF-8 with BOM, as Excel opens it."""
    filters, actor = Filters(request), actor_of(request)
    rows = safety.unaccounted(
        actor,
        at=filters.at,
        town=filters.town,
        zone=filters.zone,
        own=filters.own,
        limit=MOST_IN_FILE,
    )
    as_of = filters.at or clock.now()
    with writing():
        audit.record(actor.id, "safety.export", rows=len(rows), as_of=as_of.isoformat())
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow([f"安否未確認者一覧 {words.spoken(as_of.astimezone(JST), 'long')} 現在"])
    table.writerow(COLUMNS)
    goals = Goals()
    if filters.at is None:
        # Those who call for help are accounted for, and yet the first whom a rescuer must know.
        calls = safety.help_wanted(actor, MOST_IN_FILE)
        table.writerows(_call_row(one) for one in calls if one.answer != "done")
    table.writerows(
        _csv_row(place, row, goals.of(row.destination)) for place, row in enumerate(rows, start=1)
    )
    name = f"unaccounted-{as_of.astimezone(JST):%Y%m%d-%H%M}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    body = "\ufeff" + out.getvalue()
    return HttpResponse(body, content_type="text/csv; charset=utf-8", headers=headers)


def _csv_row(place: int, row: safety.Unaccounted, goal: Goal | None) -> list[object]:
    """Return one line of the file; a leading sign cannot become a formula."""
    seen = row.last_seen.astimezone(JST).isoformat(timespec="minutes") if row.last_seen else ""
    zone = words.state("zone", row.zone)[0]
    texts = [row.name, row.kana, row.birth_date, row.town, row.address, row.phone, zone]
    told = [harmless(goal.text), words.state("zone", goal.zone)[0]] if goal else ["", ""]
    rest = [row.danger, row.need, harmless(row.helper), seen, harmless(row.last_place), *told]
    return [place, *(harmless(text) for text in texts), *rest, ""]


def _call_row(one: safety.Call) -> list[object]:
    """Return a call for help as a line of the same file, above the list."""
    seen = one.seen_at.astimezone(JST).isoformat(timespec="minutes")
    told = (_("助けを求めている"), str(words.state("call", one.answer)[0]))
    texts = [one.name, "", "", "", one.home, one.phone, ""]
    rest = [one.danger, "", "", seen, harmless(one.where), "", "", "・".join(told)]
    return ["", *(harmless(text) for text in texts), *rest]


def harmless(text: str) -> str:
    """Return a cell that a spreadsheet shows and never computes."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
