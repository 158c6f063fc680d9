"""Verbs: disclose (decide and record), grant, withdraw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent.held import grants_about
from sonae.domains.consent.models import AccessEvent, AskPreference, ConsentGrant
from sonae.domains.consent.rules import (
    ASKS,
    KINDS,
    NOTHING,
    PHASES,
    PURPOSES,
    Decision,
    Facts,
    Question,
    decide,
)
from sonae.domains.consent.sharing import sharing_for, sharings_now
from sonae.domains.identity.interface import citysettings
from sonae.domains.municipalities.interface import municipality
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, Role, require
from sonae.platform.db import bulk_insert, parts, writing
from sonae.platform.scope import current, current_municipality, is_exercise


@dataclass(frozen=True)
class Outsider:
    """Who gets the data when it is not the actor: an inquirer, another city, the public.

    ``kind`` of `rules.RECIPIENTS`; ``group`` is what residents consent to or refuse (``kin``,
    ``acquaintance``, ``public`` …). ``name`` and ``identifier`` are what the resident reads in the
    record of who looked. ``answerable`` and ``ground``: what the policy table in force allows.

    A service of the city OS: ``body`` of `rules.SUPPORTERS` for which it works (empty: none), ``notice``
    and ``occasion`` as of `rules.Question`.
    """

    kind: str
    group: str
    name: str
    identifier: str
    answerable: frozenset[str] = frozenset()
    ground: str = ""
    body: str = ""
    notice: str = ""
    occasion: str = ""


ASK_UNLESS_CHOSEN: Final = "each_new_kind"
"""How a resident who has chosen nothing is asked (`rules.ASKS`)."""
_CITY_ROLES = {Role.VIEWER, Role.OPERATOR, Role.APPROVER, Role.ADMINISTRATOR}


def recipient_kind(actor: Actor, subject: int, household: Collection[int] = ()) -> str:
    """Return which kind of recipient an actor is towards one resident."""
    if actor.resident_id is not None and actor.resident_id == subject:
        return "self"
    if actor.resident_id is not None and subject in household:
        return "household"
    if actor.role in _CITY_ROLES or actor.id == "system":
        return "city"
    if actor.role is Role.RECEPTION or actor.id.startswith("terminal:"):
        return "shelter"
    return "public"


def _unseen(
    made: Mapping[int, Decision], looker: str, purpose: str, once_in: timedelta
) -> dict[int, Decision]:
    """Return the decisions that the looker has not had, with as much, within this time."""
    known = _looked(looker, purpose, list(made), _really() - once_in)
    return {
        subject: one
        for subject, one in made.items()
        if not any(
            outcome == one.outcome and one.fields <= fields
            for outcome, fields in known.get(subject, ())
        )
    }


def disclose(
    actor: Actor,
    subjects: Sequence[int],
    *,
    purpose: str,
    kinds: Iterable[str],
    shielded: Collection[int],
    household: Collection[int] = (),
    phase: str = "emergency",
    supporter: str = "",
    registrants: Collection[int] = (),
    once_in: timedelta = timedelta(),
    outsider: Outsider | None = None,
    recorded: bool = True,
) -> dict[int, Decision]:
    """Decide for every subject (resident primary keys) and record each answer in one pass.

    ``shielded``: which of them are 支援措置対象者. ``household``: residents of the actor's own
    household. ``supporter``: the body (消防, 民生委員 …) that staff hand the data to, when it is not for
    the actor's own work; ``registrants``: which of them are on the roster of 避難行動要支援者.
    ``once_in``: a page that refreshes itself is one look within this time, not one every few seconds.
    ``outsider``: who gets the data when it goes out of the house. ``recorded=False``: only to find out
    how the decision would be; nothing of it may be shown or given.
    Return subject → decision; show only ``fields`` of those permitted.
    """
    if supporter or outsider:
        require(actor, Audience.OPERATOR)
    at, asked, grants = clock.now(), frozenset(kinds), grants_about(purpose, subjects)
    officer = bool(shielded) and not (supporter or outsider) and is_shield_officer(actor)
    body = outsider.body if outsider else supporter
    told = (outsider.notice, outsider.occasion) if outsider else ()
    sharing = sharing_for(body) if body else None
    ordinance = _ordinance() if supporter else ""
    asks = preferences(subjects) if outsider and outsider.kind == "service" else {}
    until, shared = (sharing.expires_at, frozenset(sharing.kinds)) if sharing else (None, NOTHING)
    answer = (outsider.answerable, outsider.ground) if outsider else (NOTHING, "")
    whom = ("supporter", supporter) if supporter else None
    whom = (outsider.kind, outsider.group) if outsider else whom
    made, alike = {}, dict[tuple[Any, ...], Decision]()
    for subject in subjects:
        kind, to = whom or (recipient_kind(actor, subject, household), actor.id)
        held, asking = grants.get(subject, ()), asks.get(subject, ASK_UNLESS_CHOSEN)
        same = (kind, subject in shielded, subject in registrants, asking)
        # Of people who have said nothing, the decision is the same for many.
        if not held and same in alike:
            made[subject] = alike[same]
            continue
        facts = Facts(
            subject in shielded, held, until, shared, ordinance, subject in registrants,
            *answer, officer, asking,
        )  # fmt: skip
        made[subject] = decide(Question(kind, to, purpose, asked, phase, at, *told), facts)
        if not held:
            alike[same] = made[subject]
    if recorded:
        looker = supporter or actor.id
        new = _unseen(made, looker, purpose, once_in) if once_in else made
        record(actor, purpose, new, supporter, outsider, sharing.pk if sharing else None)
    return made


def is_shield_officer(actor: Actor) -> bool:
    """Tell whether the city has named this account for the people under 支援措置.

    It is data of the municipality: `citysettings.OFFICERS`, changed by two people.
    """
    return actor.account_id is not None and actor.account_id in shield_officers()


def shield_officers() -> frozenset[int]:
    """Return the accounts (numbers) that the city has named for the people under 支援措置."""
    return frozenset(municipality().settings.get(citysettings.OFFICERS) or ())


def _really() -> datetime:
    """Return the time of a look: real, because the person whose data it was lives in no exercise."""
    return clock.SystemClock().now() if is_exercise() else clock.now()


def _looked(
    looker: str, purpose: str, subjects: Sequence[int], since: datetime
) -> Mapping[int, Sequence[tuple[str, frozenset[str]]]]:
    """Return subject → what was decided about this looker's looks since then, with their fields."""
    rows = AccessEvent.objects.filter(at__gte=since, looker=looker[:120], purpose=purpose)
    found: dict[int, list[tuple[str, frozenset[str]]]] = defaultdict(list)
    for part in parts(subjects):
        looks = rows.filter(subject__in=part).values_list("subject", "decision", "fields")
        for subject, outcome, fields in looks:
            found[subject].append((outcome, frozenset(fields)))
    return found


def _ordinance() -> str:
    """Return the article of the municipality's opt-out ordinance when one is in force, else nothing.

    It is data of the municipality: ``settings["supporter_ordinance"] = {"article", "from"}``.
    """
    found = municipality().settings.get("supporter_ordinance") or {}
    begun = str(found.get("from", "9999-12-31")) <= clock.today().isoformat()
    return str(found.get("article", "")) if begun else ""


def preferences(subjects: Sequence[int]) -> dict[int, str]:
    """Return how often residents want to be asked, of those who have said so."""
    found = {}
    for part in parts(subjects):
        rows = AskPreference.objects.filter(subject__in=part)
        found.update(dict(rows.values_list("subject", "choice")))
    return found


def phase_now() -> str:
    """Return the phase in force: ``emergency`` while any emergency sharing is, else ``peacetime``."""
    return "emergency" if sharings_now() else "peacetime"


def record(
    actor: Actor,
    purpose: str,
    made: Mapping[int, Decision],
    supporter: str = "",
    outsider: Outsider | None = None,
    sharing: int | None = None,
) -> None:
    """Write one `AccessEvent` per decision, whatever it was; one's own look is not recorded.

    ``sharing``: the emergency sharing in force, noted with what was permitted by it.
    """
    shown = {subject: one for subject, one in made.items() if one.rule != "self"}
    if not shown:
        return
    scope, count = current(), len(shown)
    who = outsider.name if outsider else supporter or actor.name or actor.id
    looker = outsider.identifier if outsider else supporter or actor.id
    with writing():
        bulk_insert(
            AccessEvent,
            {
                "municipality": [scope.municipality] * count,
                "world": [scope.world.value] * count,
                "subject": list(shown),
                "at": [_really()] * count,
                "recipient": [who[:120]] * count,
                "looker": [looker[:120]] * count,
                "purpose": [purpose] * count,
                "fields": [sorted(one.fields) for one in shown.values()],
                "decision": [one.outcome for one in shown.values()],
                "rule": [one.rule for one in shown.values()],
                "trace": [list(one.trace) for one in shown.values()],
                "sharing": [
                    sharing if one.rule == "emergency" and one.fields else None
                    for one in shown.values()
                ],
                "asked_by": [(actor.id if supporter or outsider else "")[:120]] * count,
            },
        )


def _may_decide(actor: Actor, subject: int) -> None:
    """Consent is given and withdrawn by the person, or at a window in the person's presence.

    Both worlds share it: an exercise changes nobody's.
    """
    if actor.resident_id != subject or actor.role is not Role.RESIDENT:
        require(actor, Audience.RECEPTION)
    if is_exercise():
        raise SonaeError(
            "conflict", "訓練の中では、同意を変えられません。", "本番の画面で行ってください。"
        )


def grant(
    actor: Actor,
    subject: int,
    recipient: str,
    purpose: str,
    kinds: Iterable[str],
    phase: str = "both",
    expires_at: datetime | None = None,
    *,
    asked: Iterable[str] = (),
    notice: str = "",
    occasion: str = "",
) -> ConsentGrant:
    """Record a consent of a resident (empty ``kinds`` and ``asked`` = a refusal of everything).

    ``asked``, ``notice``, ``occasion``: as of `ConsentGrant`.
    """
    _may_decide(actor, subject)
    wanted, put = sorted(kinds), sorted({*asked, *kinds} if asked else ())
    known = KINDS.issuperset(wanted) and KINDS.issuperset(put)
    if purpose not in PURPOSES or not known or phase not in PHASES:
        raise SonaeError("unreadable", "目的・情報の種類・時期のどれかが正しくありません。")
    with writing():
        made = ConsentGrant.objects.create(
            subject=subject,
            recipient=recipient,
            purpose=purpose,
            kinds=wanted,
            phase=phase,
            asked=put,
            notice=notice,
            occasion=occasion,
            granted_at=clock.now(),
            expires_at=expires_at,
        )
        audit.record(
            actor.id, "consent_granted" if wanted else "consent_refused", f"resident:{subject}",
            recipient=recipient, purpose=purpose, kinds=wanted, phase=phase, asked=put, notice=notice,
        )  # fmt: skip
    return made


def set_ask(actor: Actor, subject: int, choice: str) -> None:
    """Keep how often a resident wants to be asked (`rules.ASKS`)."""
    _may_decide(actor, subject)
    if choice not in ASKS:
        raise SonaeError("unprocessable", "たずね方を、一覧から選んでください。")
    with writing():
        AskPreference.objects.update_or_create(
            subject=subject,
            municipality=current_municipality(),
            defaults={"choice": choice, "chosen_at": clock.now()},
        )
        audit.record(actor.id, "ask_preference_set", f"resident:{subject}", choice=choice)


def withdraw(actor: Actor, grant_pk: int) -> None:
    """Withdraw a consent or a refusal; it stops counting at once."""
    with writing():
        row = ConsentGrant.objects.filter(pk=grant_pk).first()
        if row is None:
            raise SonaeError("not_found", "この同意は登録されていません。")
        _may_decide(actor, row.subject)
        if row.withdrawn_at is None:
            row.withdrawn_at = clock.now()
            row.save(update_fields=["withdrawn_at"])
            audit.record(actor.id, "consent_withdrawn", f"resident:{row.subject}", grant=row.pk)
