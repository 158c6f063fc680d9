"""判断のきまり: how stay, upstairs and leave are decided, when to go, and with which walking speeds."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.domains.evacuation import interface as evacuation
from sonae.engines.evacuation.profiles import PROFILES, VALUES
from sonae.engines.evacuation.rulebook import DECISIONS, DEPARTURES, RULES, TIMES
from sonae.platform.access import Audience, audience
from sonae.web.staff.desk import DECISION_NAMES

DEPARTURE_NAMES = {
    "leave_now": lazy("いますぐ出発"),
    "leave_by": lazy("時刻までに出発"),
    "prepare": lazy("準備して待つ"),
    "too_late": lazy("外へ出ない（近くの頑丈な建物か上の階へ）"),
}


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show both tables of rules with their sources and how many people each decides for now."""
    run = evacuation.current_run()
    held: dict[str, int] = run.counts.get("rules", {}) if run else {}
    context = {
        "run": run if run and run.counts else None,
        "places": [_row(rule, DECISION_NAMES[DECISIONS[rule.decision]], held) for rule in RULES],
        "times": [_row(rule, DEPARTURE_NAMES[DEPARTURES[rule.departure]], held) for rule in TIMES],
        "profiles": [
            {"ja": _(one.ja), "speed": one.speed, "stairs": one.stairs, "source": one.source}
            for one in PROFILES
        ],
        "values": [
            {"ja": _(one.ja), "value": round(one.value, 2), "unit": one.unit and _(one.unit), "source": _(one.source)}
            for one in VALUES
        ],
    }  # fmt: skip
    return render(request, "staff/decision_rules.html", context)


def _row(rule: Any, outcome: Any, held: dict[str, int]) -> dict[str, Any]:
    """Return one rule in words."""
    return {
        "condition": _(rule.condition),
        "said": _(rule.ja),
        "outcome": outcome,
        "source": rule.source,
        "people": held.get(rule.id, 0),
    }
