"""概況: the whole picture on one page, from the one number down to the health of the outbox."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core import clock
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.messages import interface as messages
from sonae.domains.safety import interface as safety
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.access import Audience, audience
from sonae.platform.models import OutboxEntry
from sonae.web import states, words
from sonae.web.citizen.front import grouped
from sonae.web.citizen.situation import named
from sonae.web.drawing import curve
from sonae.web.staff import chronicle, shelters
from sonae.web.staff.panels import Panel, drawn, view_of

MOST_SHELTERS = 8
MOST_ROWS_OF_CURVE = 24
LATE_MINUTES = 2
MOST_TRANSMISSIONS = 8
"""Kind of the messages that call the officers on duty: many, and none of them for residents."""
DECISION_NAMES = {
    "leave": lazy("立ち退き避難"),
    "leave_unknown": lazy("避難を検討"),
    "upstairs": lazy("上の階へ"),
    "stay": lazy("その場に"),
}


def unaccounted() -> dict[str, Any]:
    """The one number, of how many, and by danger and need."""
    count = safety.unaccounted_shown()
    inquiry = safety.current_inquiry()
    if inquiry is None or not count.total:
        return {"total": 0, "help": safety.help_count()}
    # Not before it was opened: then another inquiry was going on, about other people.
    before = safety.unaccounted_shown(at=max(clock.now() - timedelta(hours=1), inquiry.opened_at))
    return {
        "total": count.total,
        "help": safety.help_count(),
        "done": count.accounted,
        "left": count.unaccounted,
        "percent": f"{100 * count.accounted / count.total:.1f}",
        "fallen": max(0, before.unaccounted - count.unaccounted),
        "needs": [str(name) for name in words.NEED_BANDS.values()],
        "matrix": _matrix(safety.unaccounted_by_urgency()),
    }


def _matrix(counts: dict[tuple[str, str], int]) -> list[dict[str, Any]]:
    """Return the rows of the table danger × need, gravest first."""
    return [
        {
            "code": danger,
            "name": str(name),
            "counts": [counts.get((danger, need), 0) for need in words.NEED_BANDS],
            "total": sum(counts.get((danger, need), 0) for need in words.NEED_BANDS),
        }
        for danger, name in words.DANGER_BANDS.items()
    ]


def falling() -> dict[str, Any]:
    """The curve of the one number, with a table that says the same."""
    points = [(point.at, point.unaccounted) for point in safety.curve()]
    if not points:
        return {"points": []}
    count = safety.unaccounted_shown().unaccounted
    points.append((clock.now().replace(second=0, microsecond=0), count))
    step = max(1, len(points) // MOST_ROWS_OF_CURVE)
    title = _("安否未確認の人数の移り変わり")
    told = _("最大 %(most)s人、いま %(now)s人。") % {
        "most": f"{max(n for _at, n in points):,}",
        "now": f"{count:,}",
    }
    sample = [*points[::-step]]
    return {
        "points": points,
        "picture": curve(points, title=title, description=told),
        "sample": sample,
    }


def in_force() -> dict[str, Any]:
    """Warnings in force, alarms first."""
    return {
        "lines": grouped(warnings.in_force()),
        "alarms": warnings.alarms(),
        "received": warnings.last_received(),
        "hearing": warnings.hearing(),
        "deaf": [one for one in warnings.inputs() if one.alarming],
    }


def orders() -> dict[str, Any]:
    """Orders that are in force or on their way, gravest first."""
    ranked = sorted(
        evacuation.orders(open_only=True),
        key=lambda order: (order.status != "issued", -order.level),
    )
    return {"orders": [_order(order) for order in ranked]}


def _order(order: evacuation.EvacuationOrder) -> dict[str, Any]:
    """Return one order for its line."""
    towns = [town.name for town in order.towns.all()]
    return {
        "pk": order.pk,
        "number": order.number,
        "level": order.level,
        "status": order.status,
        "hazard_name": words.hazard(order.hazard),
        "where": _("市内全域") if order.whole_city else named(towns),
        "people": order.people,
        "outgrown": evacuation.outgrown(order),
        "at": order.issued_at or order.submitted_at or order.drafted_at,
    }


def open_shelters() -> dict[str, Any]:
    """Shelters: how many are open, full, unconfirmed; the fullest ones with their trend."""
    rows = shelters.rows()
    active = [row for row in rows if row.place.state in {"open", "full"} or row.place.people]
    return {
        "open": sum(row.place.state in {"open", "full"} for row in rows),
        "full": sum(row.place.congestion == "full" for row in rows),
        "unknown": sum(row.place.state == "unknown" for row in rows),
        "unknown_shelters": sum(
            row.place.state == "unknown" and row.place.shelter is not None for row in rows
        ),
        "unknown_sites": sum(
            row.place.state == "unknown" and row.place.shelter is None for row in rows
        ),
        "people": sum(row.place.people or 0 for row in rows),
        "odd": sum(row.odd for row in rows),
        "rows": sorted(active, key=lambda row: -(row.percent or 0))[:MOST_SHELTERS],
    }


def sent() -> dict[str, Any]:
    """The newest transmissions with what is known of their arrival."""
    return {
        "transmissions": _transmissions(messages.newest(MOST_TRANSMISSIONS)),
        "calls": messages.calls(),
        "open": messages.notices_open(),
    }


def _transmissions(sent: list[messages.Transmission]) -> list[dict[str, Any]]:
    """Return these transmissions with what is known of their arrival."""
    found = []
    for one in sent:
        counts = messages.receipts(one.pk)
        found.append(
            {
                "message": one.message_id,
                "what": _what(one.message),
                "channel": one.channel,
                "status": one.status,
                "recipients": one.recipients,
                "at": one.created_at,
                "handed": counts["handed_over"] + counts["acknowledged"],
                "acknowledged": counts["acknowledged"],
                "failed": counts["failed"],
            }
        )
    return found


def _what(message: messages.Message) -> str:
    """Return what a message says: the order it is about and its kind."""
    kind = states.state("message_kind", message.kind)[0]
    if message.order is None:
        return kind
    return f"{_('第%(n)s号') % {'n': message.order.number}} {kind}"


def plan() -> dict[str, Any]:
    """The plan that counts: how many should leave, go up, stay, and how many have nowhere to go."""
    run = evacuation.current_run()
    if run is None or not run.counts:
        return {"run": None, "last": run.at if run is not None else None}
    counts = run.counts
    reasons = counts.get("reasons", {})
    return {
        "run": run,
        "people": counts["inside"] + counts["unknown"],
        "inside": counts["inside"],
        "unsurveyed": counts["unknown"],
        "households": counts["households"],
        "own": evacuation.timelines.expected_at_own(),
        "decisions": [
            (str(name), counts["decisions"].get(code, 0)) for code, name in DECISION_NAMES.items()
        ],
        "none": sum(
            reasons.get(code, 0) for code in ("none_designated", "none_open", "not_connected")
        ),
        "hazards": "・".join(words.hazard(item["hazard"]) for item in run.hazards),
    }


def health() -> dict[str, Any]:
    """What the outbox still holds, and since when it should have gone."""
    due = OutboxEntry.objects.filter(state=OutboxEntry.PENDING).order_by("due_at")
    oldest = due.values_list("due_at", flat=True).first()
    late = 0 if oldest is None else int((clock.machine_ns() / 1e9 - oldest) // 60)
    return {"waiting": outbox.waiting(), "late": late if late >= LATE_MINUTES else 0}


def chronology() -> dict[str, Any]:
    """The newest lines of the chronology."""
    return {"lines": chronicle.happenings(25)}


LEFT = (
    Panel("unaccounted", lazy("安否が確認できていない人"), unaccounted),
    Panel("warnings", lazy("発表中の警報・注意報"), in_force),
    Panel("orders", lazy("避難情報"), orders),
    Panel("messages", lazy("伝達と受信確認"), sent),
    Panel("outbox", lazy("送信処理"), health),
)
RIGHT = (
    Panel("curve", lazy("未確認の人数の移り変わり"), falling),
    Panel("plan", lazy("避難の見込み"), plan),
    Panel("shelters", lazy("避難所"), open_shelters),
    Panel("chronicle", lazy("時系列"), chronology),
)
panel = view_of({one.name: one for one in (*LEFT, *RIGHT)})


@audience(Audience.STAFF)
def as_of(request: HttpRequest) -> HttpResponse:
    """Tell the time that the desk is true for, for the page to ask again."""
    return render(request, "staff/parts/as_of.html", {"renewed": True})


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show all panels in two columns; each renews itself."""
    columns = {"left": [drawn(one) for one in LEFT], "right": [drawn(one) for one in RIGHT]}
    return render(request, "staff/desk.html", columns)
