"""氏名の公表: names of people whose safety is unknown, prepared for the prefecture, by three people.

One drafts, one looks through the newest list of 支援措置, two approve who did not draft. A name falls
out by itself as soon as its bearer is found, shielded, or has refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import Decision, Outsider
from sonae.domains.exchange import rules
from sonae.domains.exchange.models import NamePublication, PublishedName
from sonae.domains.exchange.rules import PublicationPolicy
from sonae.domains.municipalities.interface import municipality
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import interface as safety
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import writing

MOST_NAMES = 2000
FOUND = "安否が確認された"
NO_LONGER = "公表できなくなった"
NOT_ASKED_FOR = "安否確認の対象から外れた"
UNDONE = "死亡の確認が取り消された"


@dataclass(frozen=True)
class Line:
    """One name as it would be published: only what the rule in force names (住所は大字まで)."""

    pk: int
    kind: str
    name: str
    kana: str
    town: str
    age: int | None
    sex: str
    kin_consent: str
    waits_for_kin: bool


def policy_now() -> PublicationPolicy:
    """Return the rule of publication that the municipality has chosen."""
    return rules.publication_policy(municipality().settings.get("publication_policy"))


def publications(actor: Actor) -> list[NamePublication]:
    """Return all publications, the newest first."""
    require(actor, Audience.OPERATOR)
    return list(NamePublication.objects.order_by("-pk"))


def publication_of(pk: int, *, lock: bool = False) -> NamePublication:
    """Return one publication; `SonaeError` ``not_found``."""
    rows = NamePublication.objects.select_for_update() if lock else NamePublication.objects
    row = rows.filter(pk=pk).first()
    if row is None:
        raise SonaeError("not_found", "この公表の案はありません。")
    return row


def _decisions(
    actor: Actor, people: Sequence[Resident], policy: PublicationPolicy, *, recorded: bool
) -> Mapping[int, Decision]:
    """Decide for everyone on a list; the public is who gets it."""
    public = Outsider(
        "public", "public", "氏名の公表（都道府県）", "publication", policy.fields, policy.source
    )
    return consent.disclose(
        actor, [one.pk for one in people], purpose="name_publication", kinds=policy.fields,
        shielded={one.pk for one in people if one.shielded}, outsider=public, recorded=recorded,
    )  # fmt: skip


def _unaccounted() -> QuerySet[Resident]:
    """Return residents of the present inquiry of whom nothing has been heard, by reading."""
    inquiry = safety.current_inquiry()
    if inquiry is None:
        return Resident.objects.none()
    missing = safety.InquirySubject.objects.filter(inquiry=inquiry, accounted_at=None)
    rows = Resident.objects.filter(pk__in=missing.values("resident"))
    return rows.select_related("household__town").order_by("kana_key", "pk")


def prepare(actor: Actor, title: str) -> NamePublication:
    """Draft a publication of everyone not accounted for now whose name may be published."""
    require(actor, Audience.OPERATOR)
    if not title.strip():
        raise SonaeError("unprocessable", "件名を書いてください。")
    # The shielded are left out before anything is counted: no limit tells of them either.
    people = list(_unaccounted().filter(shielded=False)[: MOST_NAMES + 1])
    policy = policy_now()
    if len(people) > MOST_NAMES:
        raise SonaeError(
            "too_large", f"安否の分からない人が{MOST_NAMES:,}人を超えています。",
            "さがす範囲を決めて、安否確認を進めてから作ってください。",
        )  # fmt: skip
    made = _decisions(actor, people, policy, recorded=False)
    with writing():
        row = NamePublication.objects.create(
            title=title.strip()[:120],
            policy=policy.key,
            drafted_by=actor.id,
            drafted_at=clock.now(),
        )
        PublishedName.objects.bulk_create(
            PublishedName(publication=row, resident=one)
            for one in people
            if made[one.pk].outcome == "permit"
        )
        audit.record(actor.id, "names_drafted", f"names:{row.pk}", policy=policy.key)
    return row


def _entries(row: NamePublication) -> list[PublishedName]:
    names = PublishedName.objects.filter(publication=row, withdrawn_at=None)
    return list(
        names.select_related("resident__household__town").order_by("resident__kana_key", "pk")
    )


def refresh(row: NamePublication) -> int:
    """Take out everyone found, not asked for any more, or not to be named; return how many."""
    if row.state == "ended":
        return 0
    held = _entries(row)
    made = _decisions(
        SYSTEM, [one.resident for one in held], rules.publication_policy(row.policy), recorded=False
    )
    asked = [one.resident_id for one in held]
    found = _found(row, asked)
    missing = set(_unaccounted().filter(pk__in=asked).values_list("pk", flat=True))
    dead = set(_dead().filter(pk__in=asked).values_list("pk", flat=True))
    count = 0
    with writing():
        for one in held:
            stays = dead if one.kind == "deceased" else missing
            if why := _why_out(one, made[one.resident_id], found, stays):
                _take_out(one, SYSTEM, why)
                count += 1
    return count


def _found(row: NamePublication, asked: Sequence[int]) -> set[int]:
    """Return who has been accounted for: "nobody answered", or a new inquiry, finds nobody."""
    states = safety.state_of(asked)
    heard = {
        pk for pk, one in states.items() if one.status != "unknown" and one.seen_at > row.drafted_at
    }
    accounted = safety.InquirySubject.objects.filter(resident__in=asked).filter(
        Q(accounted_at__gt=row.drafted_at)
        | Q(inquiry=safety.current_inquiry(), accounted_at__isnull=False)
    )
    return heard | set(accounted.values_list("resident_id", flat=True))


def _why_out(
    one: PublishedName, made: Decision, found: Collection[int], stays: Collection[int]
) -> str:
    """Return why a name leaves the list, empty while it stays.

    ``stays``: who is still of the kind that stands on it, missing or dead.
    """
    if made.outcome != "permit":
        return NO_LONGER
    if one.kind == "deceased":
        return "" if one.resident_id in stays else UNDONE
    if one.resident_id in found:
        return FOUND
    return "" if one.resident_id in stays else NOT_ASKED_FOR


def _take_out(one: PublishedName, actor: Actor, why: str) -> None:
    one.withdrawn_at, one.withdrawn_by, one.withdrawn_why = clock.now(), actor.id, why[:200]
    one.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_why"])
    audit.record(actor.id, "name_withdrawn", f"names:{one.publication_id}", entry=one.pk)


def lines(actor: Actor, row: NamePublication) -> list[Line]:
    """Return the names that would be published now; the look at each is recorded.

    Of one that has ended, those that were in it to the end, without who may not be shown today.
    """
    require(actor, Audience.OPERATOR)
    refresh(row)
    held, policy = _entries(row), rules.publication_policy(row.policy)
    shielded = {one.resident_id for one in held if one.resident.shielded}
    made = consent.disclose(
        actor, [one.resident_id for one in held], purpose="name_publication", kinds=policy.fields,
        shielded=shielded,
    )  # fmt: skip
    # Nobody's list, whoever looks: not even that of who keeps the 支援措置.
    return [
        _line(one, policy)
        for one in held
        if made[one.resident_id].outcome == "permit" and one.resident_id not in shielded
    ]


def _line(one: PublishedName, policy: PublicationPolicy) -> Line:
    person, shown = one.resident, policy.fields
    return Line(
        one.pk, one.kind, person.name,
        person.kana if "kana" in shown else "",
        person.household.town.name if "town" in shown else "",
        _age(person.birth_date) if "age" in shown else None,
        person.sex if "sex" in shown else "",
        one.kin_consent, one.kind in policy.needs_kin and not one.kin_consent,
    )  # fmt: skip


def _age(born: str) -> int | None:
    """Return the age today, None where the birth date is not known to the day."""
    try:
        day = date.fromisoformat(born)
    except ValueError:
        return None
    today = clock.today()
    return today.year - day.year - ((today.month, today.day) < (day.month, day.day))


def _step(actor: Actor, row: NamePublication, state: str, **changes: object) -> None:
    rules.step(rules.PUBLICATION_STEPS, row.state, state)
    row.state = state
    for name, value in changes.items():
        setattr(row, name, value)
    row.save()
    audit.record(actor.id, f"names_{state}", f"names:{row.pk}")


def check(actor: Actor, pk: int) -> None:
    """State that the list was held against the newest list of 支援措置 (閲覧制限) of the register."""
    require(actor, Audience.OPERATOR)
    with writing():
        row = publication_of(pk, lock=True)
        _step(actor, row, "checked", checked_by=actor.id, checked_at=clock.now())


def hands_in(row: NamePublication) -> set[str]:
    """Return who may not approve any more: who drafted, added a name, or has approved already."""
    names = PublishedName.objects.filter(publication=row).exclude(added_by="")
    return {row.drafted_by, row.approved_by, *names.values_list("added_by", flat=True)} - {""}


def approve(actor: Actor, pk: int) -> NamePublication:
    """Approve, the first or the second of two; neither drafted it, and they are not one person."""
    require(actor, Audience.APPROVER)
    with writing():
        row = publication_of(pk, lock=True)
        if actor.id in hands_in(row):
            raise SonaeError(
                "forbidden", "起案した人、名前を加えた人、すでに決裁した人は、決裁できません。"
            )
        if row.state == "checked":
            _step(actor, row, "approved", approved_by=actor.id, approved_at=clock.now())
            return row
        _step(actor, row, "in_force", confirmed_by=actor.id, confirmed_at=clock.now())
        refresh(row)
        people = [one.resident for one in _entries(row)]
        _decisions(actor, people, rules.publication_policy(row.policy), recorded=True)
    return row


def send_back(actor: Actor, pk: int) -> None:
    """Return it to the draft: whatever was checked and approved counts no more."""
    require(actor, Audience.OPERATOR)
    with writing():
        row = publication_of(pk, lock=True)
        _step(actor, row, "draft", checked_by="", checked_at=None, approved_by="", approved_at=None)


def end(actor: Actor, pk: int) -> None:
    """End a publication (or drop a draft); one person is enough for less disclosure."""
    require(actor, Audience.OPERATOR)
    with writing():
        row = publication_of(pk, lock=True)
        _step(actor, row, "ended", ended_by=actor.id, ended_at=clock.now())


def take_out(actor: Actor, pk: int, entry: int, why: str) -> None:
    """Take one name out, with the reason; one person is enough."""
    require(actor, Audience.OPERATOR)
    with writing():
        one = PublishedName.objects.filter(publication=pk, pk=entry, withdrawn_at=None).first()
        if one is None:
            raise SonaeError("not_found", "この名前は一覧にありません。")
        _take_out(one, actor, why.strip() or "職員が取り下げた")


def note_kin(actor: Actor, pk: int, entry: int, consent_of: str) -> None:
    """Note that a family member agrees, who and how; only before anybody has approved."""
    require(actor, Audience.OPERATOR)
    with writing():
        row = publication_of(pk, lock=True)
        one = PublishedName.objects.filter(publication=row, pk=entry, withdrawn_at=None).first()
        if one is None or row.state not in ("draft", "checked"):
            raise SonaeError("conflict", "いまは書けません。差し戻してから書いてください。")
        one.kin_consent = consent_of.strip()[:200]
        one.save(update_fields=["kin_consent"])
        audit.record(actor.id, "kin_consent_noted", f"names:{pk}", entry=entry)


def dead_to_add(actor: Actor, row: NamePublication) -> list[Line]:
    """Return the dead who are not on a draft yet and may be named (``pk``: the resident's).

    Only as the ledger knows by two people's confirmation; each look is recorded.
    """
    require(actor, Audience.OPERATOR)
    if row.state not in ("draft", "checked"):
        return []
    on_it = PublishedName.objects.filter(publication=row, kind="deceased", withdrawn_at=None)
    people = list(_dead().exclude(pk__in=on_it.values("resident"))[:MOST_NAMES])
    policy = rules.publication_policy(row.policy)
    made = _decisions(SYSTEM, people, policy, recorded=False)
    named = [one for one in people if made[one.pk].outcome == "permit"]
    shown = consent.disclose(
        actor, [one.pk for one in named], purpose="name_publication", kinds=policy.fields,
        shielded=(),
    )  # fmt: skip
    return [
        _line(PublishedName(pk=one.pk, resident=one, kind="deceased"), policy)
        for one in named
        if shown[one.pk].outcome == "permit"
    ]


def _dead() -> QuerySet[Resident]:
    """Return the residents whose death is recorded, without anybody under 支援措置, by reading."""
    states = safety.PersonState.objects.filter(status=safety.DECEASED, resident__isnull=False)
    rows = Resident.objects.filter(pk__in=states.values("resident"), shielded=False)
    return rows.select_related("household__town").order_by("kana_key", "pk")


def add_deceased(actor: Actor, pk: int, resident_pk: int, consent_of: str) -> None:
    """Add a person who has died; only with a family member's consent, and only as the ledger knows.

    Whoever adds a name approves nothing here any more, and the list is held against 支援措置 anew.
    """
    require(actor, Audience.OPERATOR)
    with writing():
        row = publication_of(pk, lock=True)
        person = _dead().filter(pk=resident_pk).first()
        if person is None:
            raise SonaeError("conflict", "亡くなったことが、2人の確認で記録されている人だけです。")
        if not consent_of.strip() or row.state not in ("draft", "checked"):
            raise SonaeError("conflict", "家族の同意（だれが、どのように）を書いてください。")
        policy = rules.publication_policy(row.policy)
        made = _decisions(SYSTEM, [person], policy, recorded=False)
        if made[person.pk].outcome != "permit":
            raise SonaeError("conflict", "この人の氏名は、公表できません。")
        PublishedName.objects.update_or_create(
            publication=row, resident=person,
            defaults={"kind": "deceased", "kin_consent": consent_of.strip()[:200],
                      "added_by": actor.id,
                      "withdrawn_at": None, "withdrawn_by": "", "withdrawn_why": ""},
        )  # fmt: skip
        audit.record(actor.id, "name_added", f"names:{pk}")
        if row.state == "checked":
            _step(actor, row, "draft", checked_by="", checked_at=None)


@dataclass(frozen=True)
class Handover:
    """What the prefecture gets: the names to publish, and the entry numbers of those taken out since."""

    lines: list[Line]
    withdrawn: list[int]


def hand_over(actor: Actor, pk: int) -> Handover:
    """Return the names for the prefecture; `SonaeError` ``conflict`` before the second approval."""
    require(actor, Audience.OPERATOR)
    with writing():
        row = publication_of(pk, lock=True)
        if row.state != "in_force":
            raise SonaeError("conflict", "2人の決裁が終わるまで、県へ渡せません。")
        refresh(row)
        policy = rules.publication_policy(row.policy)
        ready = [
            one for one in (_line(one, policy) for one in _entries(row)) if not one.waits_for_kin
        ]
        gone: Collection[int] = PublishedName.objects.filter(
            publication=row, withdrawn_at__gt=row.confirmed_at
        ).values_list("pk", flat=True)
        row.handed_at = clock.now()
        row.save(update_fields=["handed_at"])
        audit.record(actor.id, "names_handed_over", f"names:{pk}", names=len(ready))
    return Handover(ready, sorted(gone))


def withdrawn(actor: Actor, row: NamePublication) -> int:
    """Return how many names were taken out because their bearers were found, since it was drafted."""
    require(actor, Audience.OPERATOR)
    return PublishedName.objects.filter(publication=row, withdrawn_why=FOUND).count()
