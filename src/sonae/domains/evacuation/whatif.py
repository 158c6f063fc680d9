"""What-ifs of places (受入見込みの試算): close these, open those, take more people; then perhaps adopt it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Max

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import capacity
from sonae.domains.evacuation.capacity import Changes, Settled
from sonae.domains.evacuation.models import PlanRun, WhatIf
from sonae.domains.shelters import interface as shelters
from sonae.platform import audit, outbox
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import take_turn, writing

ASKED = "capacity.what_if"
_ENDED = ("discarded", "adopted")
_NOTE = "受入見込みの試算 第{number}号を採用"


@dataclass(frozen=True)
class Step:
    """One thing that adopting a what-if does: the facility's new ``state`` and, if told, capacity."""

    facility: shelters.Facility
    before: str
    state: str
    capacity: int | None


def ask(actor: Actor, changes: Changes) -> WhatIf:
    """Ask for a what-if of the plan in force; the worker computes it. Publishes ``capacity.what_if``.

    SonaeError when nothing is changed, nothing is warned of, or a place cannot be opened.
    """
    require(actor, Audience.OPERATOR)
    _check(changes)
    run = PlanRun.objects.filter(current=True).first()
    if run is None or not run.hazards:
        raise SonaeError(
            "conflict",
            "いまは避難計画がないので、試算できません。",
            "レベル3相当以上の警報が届くと計画ができ、試算できるようになります。",
        )
    with writing():
        take_turn("what_if")
        last = WhatIf.objects.aggregate(n=Max("number"))["n"] or 0
        made = WhatIf.objects.create(
            number=last + 1, made_by=actor.name or actor.id, made_at=clock.now(),
            changes=_json(changes),
        )  # fmt: skip
        outbox.publish(ASKED, {"what_if": made.pk}, order_key="what_if", priority=8)
    return made


def _check(changes: Changes) -> None:
    """Refuse what makes no sense, with words that say what to do."""
    if not (changes.close or changes.open or changes.capacity):
        raise SonaeError(
            "unreadable",
            "変えるところがありません。",
            "閉める避難先、開く避難先、または受入人数を1つ以上選んでください。",
        )
    if changes.close & changes.open:
        raise SonaeError("unreadable", "同じ避難先を、開くことと閉めることの両方に選んでいます。")
    known = {row.pk: row for row in shelters.facilities()}
    for pk in changes.close | changes.open | changes.capacity.keys():
        if pk not in known:
            raise SonaeError("not_found", "この施設は登録されていません。")
    for pk in sorted(changes.open):
        if known[pk].usable == "no":
            raise SonaeError(
                "conflict",
                f"{known[pk].name}は使用できない施設として登録されているため、開けません。",
            )
    if any(not 0 <= people <= 100_000 for people in changes.capacity.values()):
        raise SonaeError("unreadable", "受入人数は0以上の整数で入力してください。")


def _json(changes: Changes) -> dict[str, Any]:
    """Return the changes as stored."""
    return {
        "close": sorted(changes.close),
        "open": sorted(changes.open),
        "capacity": {str(pk): people for pk, people in sorted(changes.capacity.items())},
    }


def changes_of(stored: Mapping[str, Any]) -> Changes:
    """Return stored changes."""
    return Changes(
        frozenset(stored["close"]),
        frozenset(stored["open"]),
        {int(pk): people for pk, people in stored["capacity"].items()},
    )


def work_out(what_if_pk: int, settled: Settled) -> WhatIf | None:
    """Compute a what-if that waits; one that was discarded meanwhile is left alone."""
    found = WhatIf.objects.filter(pk=what_if_pk, status__in=("waiting", "running")).first()
    if found is None:
        return None
    _note(what_if_pk, 1, "準備しています")
    now = capacity.compute(settled, Changes(), _half(what_if_pk, 0))
    then = capacity.compute(settled, changes_of(found.changes), _half(what_if_pk, 50))
    with writing():
        rows = WhatIf.objects.filter(pk=what_if_pk, status="running")
        if now is None or then is None:
            rows.update(status="failed", error="警報が解除され、避難計画がなくなりました。")
        else:
            rows.update(
                status="done", percent=100, step="", result={"now": now.summary, "then": then.summary},
                seconds=now.seconds + then.seconds,
            )  # fmt: skip
    return WhatIf.objects.get(pk=what_if_pk)


def _half(what_if_pk: int, begin: int) -> capacity.Tell:
    """Return who hears of one half of the work: the same moment as it is, and as it would be."""
    return lambda done, step: _note(what_if_pk, begin + done // 2, step)


def _note(what_if_pk: int, percent: int, step: str) -> None:
    """Write how far it is, for the page that waits."""
    with writing():
        WhatIf.objects.filter(pk=what_if_pk, status__in=("waiting", "running")).update(
            status="running", percent=percent, step=step
        )


def what_ifs() -> list[WhatIf]:
    """Return the what-ifs that were not discarded, newest first."""
    return list(WhatIf.objects.exclude(status="discarded").order_by("-number")[:20])


def what_if(pk: int) -> WhatIf:
    """Return one what-if; SonaeError when there is none."""
    found = WhatIf.objects.filter(pk=pk).first()
    if found is None:
        raise SonaeError("not_found", "この試算はありません。")
    return found


def discard(actor: Actor, pk: int) -> None:
    """Discard a what-if, also while it is being computed; nothing else changes."""
    require(actor, Audience.OPERATOR)
    found = what_if(pk)
    if found.status in _ENDED:
        raise SonaeError("conflict", "この試算は、もう採用したか取り消しています。")
    with writing():
        WhatIf.objects.filter(pk=pk).exclude(status__in=_ENDED).update(status="discarded")
        audit.record(actor.id, "what_if.discard", f"what_if:{found.number}")


def steps(found: WhatIf) -> list[Step]:
    """Return what adopting would report now, facility by facility; what is so already is left out."""
    changes, known = changes_of(found.changes), {row.facility.pk: row for row in shelters.places()}
    made = []
    for pk in sorted(changes.close | changes.open | changes.capacity.keys()):
        row = known.get(pk)
        if row is None:
            continue
        state = "closed" if pk in changes.close else "open" if pk in changes.open else row.state
        people = changes.capacity.get(pk)
        if state != row.state or (people is not None and people != row.capacity):
            made.append(Step(row.facility, row.state, state, people))
    return made


def adopt(actor: Actor, pk: int) -> list[Step]:
    """Report the what-if's states and capacities as this actor's own, and return what was reported.

    All or nothing, by `shelters.set_state`; the plan then follows as after any report.
    """
    require(actor, Audience.OPERATOR)
    with writing():
        take_turn("what_if")
        found = what_if(pk)
        if found.status != "done":
            raise SonaeError("conflict", "計算が終わっていない試算、終わった試算は採用できません。")
        made = steps(found)
        note = _NOTE.format(number=found.number)
        for step in made:
            shelters.set_state(actor, step.facility.pk, step.state, note, capacity=step.capacity)
        WhatIf.objects.filter(pk=pk).update(status="adopted")
        audit.record(actor.id, "what_if.adopt", f"what_if:{found.number}", reports=len(made))
    return made
