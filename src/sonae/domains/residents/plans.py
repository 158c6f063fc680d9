"""避難行動要支援者名簿 (災害対策基本法 第49条の10) and 個別避難計画 (第49条の14): who needs help, and whose.

The register says who the person is; the roster why help is needed; the plan where to, by which way, with
whom. What may be handed to whom is decided by `consent.disclose` alone; every look is recorded there.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar

from django.db.models import QuerySet

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import ConsentGrant
from sonae.domains.municipalities.interface import announce_change, renew_register_version
from sonae.domains.residents import register
from sonae.domains.residents.models import (
    AssistanceRegistrant,
    EvacuationPlan,
    Resident,
    Supporter,
)
from sonae.engines.register.difference import Change
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import take_turn, writing
from sonae.platform.scope import is_exercise

REGISTRANT: Final = ("reason", "care_level", "wheelchair", "dwelling", "contact", "note")
PLAN: Final = ("destination", "route", "measures", "made_on")
SUPPORTER: Final = ("name", "address", "phone", "relation", "agreed")
_KINDS: Final = {"reason": "needs", "care_level": "needs", "wheelchair": "needs", "note": "needs",
                 "dwelling": "address", "address": "address", "contact": "phone", "phone": "phone"}  # fmt: skip
"""Item of an entry, or of a supporter → the kind that must be decided for to see it."""
BODIES: Final = consent.SUPPORTERS
"""To whom the roster may go."""
MOST_SUPPORTERS: Final = 6
PER_PAGE: Final = 50
_LOOK: Final = timedelta(minutes=10)
_Row = TypeVar("_Row", AssistanceRegistrant, Supporter)
_LENGTHS: Final = {"reason": 60, "care_level": 30, "dwelling": 200, "contact": 120, "note": 400,
                   "destination": 120, "route": 400, "measures": 400, "made_on": 10, "name": 120,
                   "address": 200, "phone": 60, "relation": 40}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One registrant as far as the asker may see: legal items, plan, supporters, consents by body.

    ``fields``: the kinds that were decided for; what belongs to others is blank here, not unknown.
    """

    pk: int
    number: str
    name: str
    kana: str
    birth_date: str
    birth_written: str
    sex: str
    address: str
    phone: str
    email: str
    registrant: AssistanceRegistrant
    plan: EvacuationPlan | None
    supporters: tuple[Supporter, ...]
    grants: tuple[ConsentGrant, ...]
    placed: bool
    fields: frozenset[str]

    @property
    def consents(self) -> dict[str, str]:
        """Return body → yes, no or unknown: has the person agreed that the roster goes there?"""
        found = dict.fromkeys(BODIES, "unknown")
        for one in self.grants:
            if one.purpose == "rescue" and one.withdrawn_at is None:
                found[one.recipient] = "yes" if one.kinds else "no"
        return found


def as_json(row: AssistanceRegistrant | None) -> dict[str, Any] | None:
    """Return the legal items of an entry as JSON data, None for nobody's."""
    return {name: getattr(row, name) for name in REGISTRANT} if row else None


def plan_json(row: EvacuationPlan | None) -> dict[str, Any] | None:
    """Return a plan with its supporters as JSON data."""
    if row is None:
        return None
    helpers = [
        {name: getattr(one, name) for name in SUPPORTER}
        for one in sorted(row.supporter_set.all(), key=lambda one: one.order)
    ]
    return {**{name: getattr(row, name) for name in PLAN}, "supporters": helpers}


def cut(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values without surrounding spaces and no longer than their columns."""
    return {name: value.strip()[: _LENGTHS[name]] if isinstance(value, str) else value
            for name, value in values.items()}  # fmt: skip


def write_registrant(resident_pk: int, after: Mapping[str, Any] | None) -> None:
    """Put a resident on the roster with these items, or take him or her off it (None)."""
    if after is None:
        AssistanceRegistrant.objects.filter(resident=resident_pk).delete()
        return
    AssistanceRegistrant.objects.update_or_create(resident_id=resident_pk, defaults=cut(after))


def write_plan(resident_pk: int, after: Mapping[str, Any] | None, by: str) -> None:
    """Write the plan of a registrant with its supporters, or remove it (None)."""
    registrant = AssistanceRegistrant.objects.get(resident=resident_pk)
    if after is None:
        EvacuationPlan.objects.filter(registrant=registrant).delete()
        return
    values = {name: after.get(name, "") for name in PLAN}
    plan, _made = EvacuationPlan.objects.update_or_create(
        registrant=registrant,
        defaults={**cut(values), "changed_at": clock.now(), "changed_by": by[:120]},
    )
    plan.supporter_set.all().delete()
    helpers = [one for one in after.get("supporters", ()) if str(one.get("name", "")).strip()]
    Supporter.objects.bulk_create(
        Supporter(plan=plan, order=order, **cut({name: one.get(name, "" if name != "agreed" else False)
                                                  for name in SUPPORTER}))
        for order, one in enumerate(helpers[:MOST_SUPPORTERS], 1)
    )  # fmt: skip


# --- reading -----------------------------------------------------------------------------------


def _visible() -> QuerySet[AssistanceRegistrant]:
    """Return the roster without people under 支援措置 and people who have left."""
    rows = AssistanceRegistrant.objects.filter(resident__shielded=False, resident__left_on="")
    return rows.select_related("resident__household__town").order_by(
        "resident__kana_key", "resident"
    )


def roster_size(town: int | None = None) -> dict[str, int]:
    """Return how many stand on the roster, and how many of them have a plan."""
    rows = _visible()
    rows = rows.filter(resident__household__town=town) if town else rows
    return {"people": rows.count(), "plans": rows.filter(evacuationplan__isnull=False).count()}


def roster(
    actor: Actor, *, town: int | None = None, page: int = 1, planned: bool | None = None
) -> tuple[list[Entry], bool]:
    """Return one page of the roster by reading of the name, and whether there is more."""
    require(actor, Audience.OPERATOR)
    rows = _visible()
    if town:
        rows = rows.filter(resident__household__town=town)
    if planned is not None:
        rows = rows.filter(evacuationplan__isnull=not planned)
    start = (max(page, 1) - 1) * PER_PAGE
    found = list(rows[start : start + PER_PAGE + 1])
    return entries(actor, found[:PER_PAGE]), len(found) > PER_PAGE


def entries(actor: Actor, rows: Sequence[AssistanceRegistrant], *, body: str = "") -> list[Entry]:
    """Disclose entries of the roster to the actor, or to the ``body`` that they are printed for.

    Who must not be shown (支援措置, no ground for this body) is left out, and of the others what was not
    decided for; every decision is recorded.
    """
    people = [one.resident for one in rows]
    made = consent.disclose(
        actor, [one.pk for one in people], purpose="rescue", kinds=consent.ROSTER,
        shielded={one.pk for one in people if one.shielded}, phase="peacetime", supporter=body,
        registrants={one.pk for one in people}, once_in=timedelta() if body else _LOOK,
    )  # fmt: skip
    plans = {
        one.registrant_id: one
        for one in EvacuationPlan.objects.filter(registrant__in=rows).prefetch_related(
            "supporter_set"
        )
    }
    grants: dict[int, list[ConsentGrant]] = {}
    for grant in ConsentGrant.objects.filter(subject__in=[one.pk for one in people]).order_by(
        "granted_at"
    ):
        grants.setdefault(grant.subject, []).append(grant)
    return [
        _entry(
            row, made[row.resident_id].fields, plans.get(row.pk), grants.get(row.resident_id, [])
        )
        for row in rows
        if "name" in made[row.resident_id].fields
    ]


def _entry(
    row: AssistanceRegistrant, fields: frozenset[str], plan: EvacuationPlan | None,
    grants: Sequence[ConsentGrant],
) -> Entry:  # fmt: skip
    """Return one entry with what the fields allow."""
    one, home = row.resident, row.resident.household

    def allowed(field: str, value: str) -> str:
        return value if field in fields else ""

    if "needs" not in fields:
        plan = None
    helpers = sorted(plan.supporter_set.all(), key=lambda s: s.order) if plan else ()
    return Entry(
        one.pk, one.number, one.name, allowed("kana", one.kana), allowed("birth_date", one.birth_date),
        allowed("birth_date", one.birth_written), allowed("sex", one.sex),
        allowed("address", f"{home.town.name}{home.address}"), allowed("phone", one.phone),
        allowed("phone", one.email), _blanked(row, fields), plan,
        tuple(_blanked(helper, fields) for helper in helpers), tuple(grants), home.located, fields,
    )  # fmt: skip


def _blanked(row: _Row, fields: frozenset[str]) -> _Row:
    """Return a copy, not to be saved, without the items whose kind is not among the fields."""
    made = copy.copy(row)
    for name, kind in _KINDS.items():
        if kind not in fields and hasattr(made, name):
            setattr(made, name, False if name == "wheelchair" else "")
    return made


def entry(actor: Actor, resident_pk: int) -> Entry:
    """Return one registrant; `SonaeError` ``not_found`` for anybody who must not be shown here."""
    require(actor, Audience.OPERATOR)
    rows = list(_visible().filter(resident=resident_pk))
    found = entries(actor, rows)
    if not found:
        raise SonaeError("not_found", "名簿にこの人の記載はありません。")
    return found[0]


# --- writing -----------------------------------------------------------------------------------


def stamp(resident_pk: int) -> str:
    """Return what tells one state of a person's entry and plan from another."""
    row = AssistanceRegistrant.objects.filter(resident=resident_pk).first()
    plan = EvacuationPlan.objects.filter(registrant__resident=resident_pk).first()
    told = json.dumps([as_json(row), plan_json(plan)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _refuse_overwriting(now: str, seen: str | None) -> None:
    if seen is not None and seen != now:
        raise SonaeError(
            "edit_conflict",
            "この記載は、開いている間に別の職員が変えました。",
            "下は、この画面の内容です。保存すると、別の職員の内容と置き換わります。",
        )


def save_entry(
    actor: Actor,
    resident_pk: int,
    registrant: Mapping[str, Any],
    plan: Mapping[str, Any] | None,
    *,
    seen: str | None = None,
) -> None:
    """Write the legal items and the plan of one person, with history; plans of everybody follow.

    ``seen``: the `stamp` of what the writer has looked at. `SonaeError` ``edit_conflict`` when it has
    changed since, ``unreadable`` without a reason (第49条の10第2項第6号), ``not_found`` as for an unknown
    person.
    """
    _may_write(actor)
    values = cut(
        {name: registrant.get(name, "" if name != "wheelchair" else False) for name in REGISTRANT}
    )
    if not values["reason"]:
        raise SonaeError(
            "unreadable",
            "避難支援等を必要とする事由を書いてください。",
            "法律で定められた記載事項です。",
        )
    with writing():
        take_turn("register", every_world=True)
        row = _person(resident_pk)
        _refuse_overwriting(stamp(row.pk), seen)
        old = AssistanceRegistrant.objects.filter(resident=row).first()
        changes = [Change(row.pk, "registrant", as_json(old), values)]
        before = EvacuationPlan.objects.filter(registrant__resident=row).first()
        was = plan_json(before)
        write_registrant(row.pk, values)
        if plan is not None:
            write_plan(row.pk, plan, _who(actor))
            now = plan_json(EvacuationPlan.objects.get(registrant__resident=row))
            changes.append(Change(row.pk, "plan", was, now))
        register.remember([c for c in changes if c.before != c.after], "resident", _who(actor))
        renew_register_version()
        announce_change("register")
        audit.record(actor.id, "roster.entry_saved", f"resident:{row.pk}")


def answer_consent(
    actor: Actor,
    resident_pk: int,
    body: str,
    answer: str,
    phase: str = "peacetime",
    *,
    seen: int | None = None,
) -> None:
    """Write a person's answer to a body (yes, no or withdraw) in place of the one before, or neither.

    ``seen``: the answer in force for that body (primary key, 0: none) that the writer has looked at;
    `SonaeError` ``edit_conflict`` when it is another by now.
    """
    require(actor, Audience.OPERATOR)
    if body not in BODIES or answer not in ("yes", "no", "withdraw"):
        raise SonaeError("unreadable", "提供先と、同意の有無を選んでください。")
    with writing():
        take_turn("register", every_world=True)
        row = _person(resident_pk)
        held = ConsentGrant.objects.filter(
            subject=row.pk, recipient=body, purpose="rescue", withdrawn_at=None
        )
        now = list(held.order_by("pk").values_list("pk", flat=True))
        if seen is not None and seen != max(now, default=0):
            raise SonaeError(
                "edit_conflict", "この同意は、開いている間に別の職員が変えました。",
                "いまの答えを確かめて、必要なら、もう一度記録してください。",
            )  # fmt: skip
        for pk in now:
            consent.withdraw(actor, pk)
        if answer != "withdraw":
            kinds = consent.ROSTER if answer == "yes" else ()
            consent.grant(actor, row.pk, body, "rescue", kinds, phase)


def take_off(actor: Actor, resident_pk: int, reason: str) -> None:
    """Take a person off the roster, with a reason; the entry and the plan stay in the history."""
    _may_write(actor)
    if not reason.strip():
        raise SonaeError("unreadable", "名簿から外す理由を書いてください。")
    with writing():
        row = _person(resident_pk)
        old = AssistanceRegistrant.objects.filter(resident=row).first()
        if old is None:
            raise SonaeError("not_found", "名簿にこの人の記載はありません。")
        plan = EvacuationPlan.objects.filter(registrant=old).first()
        changes = [Change(row.pk, "registrant", as_json(old), None)]
        if plan:
            changes.append(Change(row.pk, "plan", plan_json(plan), None))
        old.delete()
        register.remember(changes, "resident", _who(actor))
        renew_register_version()
        announce_change("register")
        audit.record(
            actor.id, "roster.taken_off", f"resident:{row.pk}", reason=reason.strip()[:200]
        )


def _may_write(actor: Actor) -> None:
    require(actor, Audience.OPERATOR)
    if is_exercise():
        raise SonaeError(
            "conflict", "訓練の中では、名簿を変えられません。", "本番の画面で行ってください。"
        )


def _person(resident_pk: int) -> Resident:
    """Return who is meant; a shielded person is as unknown as nobody."""
    found = Resident.objects.filter(pk=resident_pk, shielded=False).first()
    if found is None:
        raise SonaeError("not_found", "名簿にこの人の記載はありません。")
    return found


def _who(actor: Actor) -> str:
    return (actor.name or actor.id)[:120]


def people(actor: Actor, resident_pks: Sequence[int]) -> list[Entry]:
    """Return those of the residents who stand on the roster today, by reading; each look is recorded."""
    require(actor, Audience.OPERATOR)
    return entries(actor, list(_visible().filter(resident__in=list(resident_pks))))


def for_body(actor: Actor, town: int, body: str) -> list[Entry]:
    """Return the entries of a town that a body may have now, recorded as handed to it.

    By consent, by ordinance, or while an emergency sharing is in force (第49条の11第2項・第3項).
    """
    require(actor, Audience.OPERATOR)
    if body not in BODIES:
        raise SonaeError("unreadable", "提供先を選んでください。")
    rows = list(_visible().filter(resident__household__town=town))
    found = entries(actor, rows, body=body)
    audit.record(actor.id, "roster.handed_out", f"town:{town}", body=body, people=len(found))
    return found
