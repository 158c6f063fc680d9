"""Who uses which service (サービスの利用), and what each may know: answered, changed, ended by the person.

Consents themselves are the consent domain's; here they are kept so that one row per phase is in force.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import Decision, Outsider
from sonae.domains.openid import rules
from sonae.domains.openid.models import Service, ServiceLogin, ServiceUse
from sonae.domains.openid.services import notice_of, recipient_of
from sonae.domains.residents.interface import AssistanceRegistrant, Resident
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor
from sonae.platform.db import writing
from sonae.platform.scope import is_exercise

PURPOSE: Final = "service"
PHASES: Final = ("peacetime", "emergency")
Given = Mapping[str, Collection[str]]
"""Phase → kinds of data."""


def outsider(row: Service, occasion: str = "") -> Outsider:
    """Return a service as the decision point knows it."""
    return Outsider(
        "service", recipient_of(row), row.name, recipient_of(row), body=row.body,
        notice=notice_of(row), occasion=occasion,
    )  # fmt: skip


def decided(
    row: Service, person: Resident, kinds: Collection[str], occasion: str, *, recorded: bool
) -> Decision:
    """Return what a service may know of a person now, and about what it may ask the person."""
    made = consent.disclose(
        SYSTEM, [person.pk], purpose=PURPOSE, kinds=frozenset(kinds) & frozenset(row.kinds),
        shielded={person.pk} if person.shielded else (),
        registrants={person.pk} if AssistanceRegistrant.objects.filter(resident=person) else (),
        phase=consent.phase_now(), outsider=outsider(row, occasion), recorded=recorded,
    )  # fmt: skip
    return made[person.pk]


def by_law(row: Service, person: Resident) -> frozenset[str]:
    """Return what an emergency sharing can give a service of a person, whatever the person wants."""
    named = row.body and AssistanceRegistrant.objects.filter(resident=person).exists()
    return consent.ROSTER & frozenset(row.kinds) if named and not person.shielded else frozenset()


def use_of(row: Service, subject: int) -> ServiceUse | None:
    """Return a person's use of a service, if it has begun and not ended."""
    return ServiceUse.objects.filter(service=row, subject=subject, ended_at=None).first()


def begin(actor: Actor, row: Service) -> ServiceUse:
    """Let a resident use a service from now on; it knows the person by one name of its sector."""
    subject = _own(actor)
    with writing():
        use = ServiceUse.objects.filter(service=row, subject=subject).first()
        if use is not None and use.ended_at is None:
            return use
        if use is None:
            same = ServiceUse.objects.filter(service__sector=row.sector, subject=subject).first()
            sub = same.sub if same else secrets.token_urlsafe(24)
            use = ServiceUse(service=row, subject=subject, sub=sub)
        use.started_at, use.ended_at = clock.now(), None
        use.save()
        audit.record(actor.id, "service_use_begun", f"resident:{subject}", service=row.client_id)
    return use


def end(actor: Actor, row: Service) -> None:
    """End a resident's use of a service: its consents are withdrawn, its sign-ins over, at once."""
    subject = _own(actor)
    if is_exercise():
        raise SonaeError(
            "conflict", "訓練の中では、サービスの利用をやめられません。", "本番の画面で行ってください。"
        )  # fmt: skip
    with writing():
        for grant in consent.grants_of(actor, subject):
            if grant.recipient == recipient_of(row) and grant.withdrawn_at is None:
                consent.withdraw(actor, grant.pk)
        now = clock.now()
        ServiceUse.objects.filter(service=row, subject=subject, ended_at=None).update(ended_at=now)
        logins = ServiceLogin.objects.filter(service=row, subject=subject, ended_at=None)
        logins.update(ended_at=now, ended_why="use_ended")
        audit.record(actor.id, "service_use_ended", f"resident:{subject}", service=row.client_id)


@dataclass(frozen=True)
class Standing:
    """What a person has said to a service about a phase: ``given`` of what was ``asked``."""

    given: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()


def standing(actor: Actor, row: Service) -> dict[str, Standing]:
    """Return phase → what a resident's answers in force are, without those for one sign-in alone."""
    found = dict.fromkeys(PHASES, Standing())
    for grant in consent.grants_of(actor, _own(actor)):
        told = grant.recipient == recipient_of(row) and grant.notice == notice_of(row)
        if told and grant.withdrawn_at is None and not grant.occasion and grant.phase in found:
            held = found[grant.phase]
            found[grant.phase] = Standing(
                held.given | frozenset(grant.kinds), held.asked | frozenset(grant.asked)
            )
    return found


def answer(
    actor: Actor, row: Service, asked: Collection[str], given: Given, occasion: str = ""
) -> None:
    """Keep what a person answered; what was said before about other kinds stays.

    ``occasion``: the answer is for this sign-in alone. `SonaeError` ``unprocessable`` for kinds that
    were not asked about or that the service may not ask for.
    """
    put, told = frozenset(asked), frozenset().union(*given.values()) if given else frozenset()
    if not told <= put or not put <= frozenset(row.kinds) or not set(given) <= set(PHASES):
        raise SonaeError("unprocessable", "たずねていない情報が選ばれています。")
    wanted = {phase: Standing(frozenset(given.get(phase, ())), put) for phase in PHASES}
    _keep(actor, row, wanted, occasion)


def change(actor: Actor, row: Service, phase: str, kind: str, wanted: bool) -> None:
    """Give or take back one kind of data for one phase; it counts at once."""
    if phase not in PHASES or kind not in row.kinds:
        raise SonaeError("unprocessable", "選んだ情報が正しくありません。")
    given = frozenset({kind} if wanted else ())
    _keep(actor, row, {phase: Standing(given, frozenset({kind}))}, "")


def _keep(actor: Actor, row: Service, wanted: Mapping[str, Standing], occasion: str) -> None:
    """Write answers: one row per phase in force, the earlier one withdrawn with all it said kept."""
    subject, notice, recipient = _own(actor), notice_of(row), recipient_of(row)
    expires = clock.now() + rules.SESSION_LIFE if occasion else None
    with writing():
        held = standing(actor, row)
        for phase, said in wanted.items():
            before = Standing() if occasion else held[phase]
            if not occasion:
                _withdraw(actor, subject, recipient, phase)
            asked = before.asked | said.asked
            if asked:
                consent.grant(
                    actor, subject, recipient, PURPOSE, (before.given - said.asked) | said.given,
                    phase, expires, asked=asked, notice=notice, occasion=occasion,
                )  # fmt: skip


def _withdraw(actor: Actor, subject: int, recipient: str, phase: str) -> None:
    for grant in consent.grants_of(actor, subject):
        same = grant.recipient == recipient and grant.phase == phase and not grant.occasion
        if same and grant.withdrawn_at is None:
            consent.withdraw(actor, grant.pk)


def used(actor: Actor) -> list[ServiceUse]:
    """Return the services that a resident uses now, the newest first."""
    rows = ServiceUse.objects.select_related("service").filter(
        subject=_own(actor), ended_at=None, service__stopped_at=None
    )
    return list(rows.order_by("-started_at", "-pk"))


def _own(actor: Actor) -> int:
    """Return the resident who acts; only people of the register use services."""
    if actor.resident_id is None:
        raise SonaeError(
            "no_resident", "このアカウントは住民の記録とつながっていません。",
            "市の窓口で、アカウントと住民の記録を結び付けてもらってください。",
        )  # fmt: skip
    return actor.resident_id
