"""安否照会: taken in, who asks made sure, who is meant found; drafted, decided, given."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Final

from django.db.models import Max

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.exchange import people, rules
from sonae.domains.exchange.models import ExchangePartner, SafetyAnswer, SafetyRequest
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import take_turn, writing

MOST_ONLINE: Final = 200
"""Requests over the page within `_WHILE`: more than a city of any size can be asked in earnest."""
_WHILE: Final = timedelta(minutes=10)
PARTNER: Final = "partner:"
"""How the identifier of another city begins, where it is the one that has asked."""
_ANSWERED: Final = ("drafted", "decided", "given")
"""States in which the newest answer is about who is meant now."""
_ABOUT: Final = ("as_of", "heard_from")
"""What goes with facts and is none itself."""
_CHANGED: Final = "起案のあとで、答えられる内容が変わりました。起案し直してください。"


@dataclass(frozen=True)
class NewRequest:
    """What an inquirer has to state (施行規則 第8条の3第1項)."""

    channel: str
    asker: str
    asker_name: str
    reason: str
    name: str
    asker_body: str = ""
    asker_address: str = ""
    asker_contact: str = ""
    relation: str = ""
    kana: str = ""
    birth_date: str = ""
    sex: str = ""
    address: str = ""
    note: str = ""


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def receive(
    actor: Actor, new: NewRequest, partner: ExchangePartner | None = None
) -> tuple[SafetyRequest, str]:
    """Take an inquiry in; return it and the secret by which who asked reads the answer.

    ``partner``: another city that asks with its key, which is how it was made sure who asks.

    Anybody may ask online; the other ways are a clerk's. `SonaeError` ``unprocessable`` says what is
    missing, ``rate_limited`` when the page is being flooded.
    """
    if new.channel != "online":
        require(actor, Audience.OPERATOR)
    _check(new, partner)
    key = secrets.token_urlsafe(18)
    stated = {one.name: getattr(new, one.name).strip()[: _longest(one.name)] for one in fields(new)}
    with writing():
        take_turn("requests")
        if new.channel == "online":
            _not_flooded(actor)
        last = SafetyRequest.objects.aggregate(last=Max("number"))["last"] or 0
        row = SafetyRequest.objects.create(
            number=last + 1, key_hash=_hash(key), received_at=clock.now(), received_by=actor.id,
            **stated,
        )  # fmt: skip
        if partner is not None:
            row.identity, row.identity_by, row.identity_at = rules.BY_KEY, actor.id, clock.now()
            row.save(update_fields=["identity", "identity_by", "identity_at"])
        audit.record(
            actor.id, "request_received", f"request:{row.pk}", channel=new.channel, asker=new.asker
        )
    return row, key


def _longest(name: str) -> int:
    return int(getattr(SafetyRequest._meta.get_field(name), "max_length", 0) or 0)


def _check(new: NewRequest, partner: ExchangePartner | None) -> None:
    """Refuse what cannot be answered; say all that is missing at once."""
    if new.channel not in rules.CHANNELS or new.asker not in rules.ASKERS:
        raise SonaeError("unprocessable", "受付の方法か、照会者の区分が正しくありません。")
    allowed = ("municipality",) if partner else rules.ONLINE_ASKERS
    if new.channel == "online" and new.asker not in allowed:
        raise SonaeError("unprocessable", "市町村と警察・消防の照会は、文書か電話で受け付けます。")
    needed = {
        "照会する人の氏名": new.asker_name, "たずねる人の氏名": new.name, "照会の理由": new.reason,
        "連絡先": new.asker_contact,
    }  # fmt: skip
    if new.asker in ("kin_household", "kin"):
        needed["続柄"] = new.relation
    if new.asker in ("institution", "municipality", "police"):
        needed["団体の名前"] = new.asker_body
    if missing := [name for name, text in needed.items() if not text.strip()]:
        raise SonaeError("unprocessable", f"{'・'.join(missing)}を書いてください。")


def _not_flooded(actor: Actor) -> None:
    """Refuse when too much comes at once: from one city, or from everybody else together."""
    rows = SafetyRequest.objects.filter(channel="online", received_at__gt=clock.now() - _WHILE)
    city = actor.id.startswith(PARTNER)
    rows = (
        rows.filter(received_by=actor.id) if city else rows.exclude(received_by__startswith=PARTNER)
    )
    if rows.count() >= MOST_ONLINE:
        raise SonaeError(
            "rate_limited", "いま照会が集中しています。", "10分ほど待つか、窓口か電話でたずねてください。"
        )  # fmt: skip


def request_of(pk: int, *, lock: bool = False) -> SafetyRequest:
    """Return one inquiry; `SonaeError` ``not_found``."""
    rows = SafetyRequest.objects.select_related("resident__household__town", "visitor")
    if lock:
        rows = rows.select_for_update(of=("self",))
    row = rows.filter(pk=pk).first()
    if row is None:
        raise SonaeError("not_found", "この照会はありません。")
    return row


def requests(actor: Actor, states: Sequence[str] = (), limit: int = 200) -> list[SafetyRequest]:
    """Return inquiries, those that wait the longest first where they wait, else newest first."""
    require(actor, Audience.OPERATOR)
    rows = SafetyRequest.objects.all()
    if states:
        rows = rows.filter(state__in=states)
    waiting = set(states) <= {"received", "drafted", "decided"} and states
    return list(rows.order_by("number" if waiting else "-number")[:limit])


def answers_of(row: SafetyRequest) -> list[SafetyAnswer]:
    """Return all drafts and answers of an inquiry, the newest first."""
    return list(SafetyAnswer.objects.filter(request=row).order_by("-pk"))


def _move(row: SafetyRequest, state: str) -> None:
    rules.step(rules.STEPS, row.state, state)
    row.state = state
    row.save(update_fields=["state"])


def identify(actor: Actor, pk: int, identity: str) -> None:
    """Record how it was made sure who asks; the document's number is not asked for and not kept."""
    require(actor, Audience.OPERATOR)
    if identity not in rules.IDENTITIES:
        raise SonaeError("unprocessable", "本人確認の方法を選んでください。")
    with writing():
        row = request_of(pk, lock=True)
        row.identity, row.identity_by, row.identity_at = identity, actor.id, clock.now()
        row.save(update_fields=["identity", "identity_by", "identity_at"])
        audit.record(actor.id, "request_identified", f"request:{pk}", identity=identity)


def choose(actor: Actor, pk: int, key: str) -> None:
    """Say who is meant (empty ``key``: nobody was found); a draft made before is void."""
    require(actor, Audience.OPERATOR)
    with writing():
        row = request_of(pk, lock=True)
        if row.state not in ("received", "drafted"):
            rules.step(rules.STEPS, row.state, "received")
        row.resident, row.visitor = people.chosen(key) if key else (None, None)
        row.state = "received"
        row.save(update_fields=["resident", "visitor", "state"])
        audit.record(actor.id, "request_person", f"request:{pk}", found=bool(key))


def preview(actor: Actor, pk: int) -> tuple[dict[str, Any], str]:
    """Return what could be told now and by which rule; nothing is recorded as given."""
    require(actor, Audience.OPERATOR)
    row = request_of(pk)
    made = people.decided(row)
    return people.facts(row, made), _shown_rule(row, made.rule)


def _shown_rule(row: SafetyRequest, rule: str) -> str:
    """Return the rule as the desk may know it: a shield is nothing that a desk can see."""
    known = row.resident_id or row.visitor_id
    return rule if known and not rule.startswith("shield") else "no_ground"


def draft(actor: Actor, pk: int) -> SafetyAnswer:
    """Draft the answer from what is known and allowed now.

    `SonaeError` ``conflict`` where something would be told to somebody whose identity nobody has
    made sure of.
    """
    require(actor, Audience.OPERATOR)
    with writing():
        row = request_of(pk, lock=True)
        made = people.decided(row)
        told = people.facts(row, made)
        if told and not row.identity:
            raise SonaeError(
                "conflict", "照会する人の本人確認を、先に記録してください。",
                "書類を見るか、電話をかけ直して確かめます。番号は記録しません。",
            )  # fmt: skip
        if told.get("condition") == "deceased" and row.channel == "online":
            raise SonaeError(
                "conflict", "この照会には、窓口で職員が直接お答えします。", "連絡先に電話をかけてください。"
            )  # fmt: skip
        _move(row, "drafted")
        answer = SafetyAnswer.objects.create(
            request=row, facts=told, rule=_shown_rule(row, made.rule),
            ground=people.policy().source, drafted_by=actor.id, drafted_at=clock.now(),
        )  # fmt: skip
        audit.record(actor.id, "answer_drafted", f"request:{pk}", told=sorted(told))
    return answer


def _last(row: SafetyRequest) -> SafetyAnswer:
    found = SafetyAnswer.objects.filter(request=row).order_by("-pk").first()
    if found is None:
        raise SonaeError("conflict", "まだ起案がありません。")
    return found


def _still(row: SafetyRequest, answer: SafetyAnswer, actor: Actor, *, recorded: bool) -> None:
    """Refuse to go on when less may be told than was drafted, or something else is true."""
    made = people.decided(row)
    if people.facts(row, made) != answer.facts:
        raise SonaeError("conflict", _CHANGED)
    if recorded:
        people.decided(row, actor=actor, recorded=True)


def decide(actor: Actor, pk: int) -> SafetyAnswer:
    """Decide on the answer; never by the person who drafted it. The resident can read it from now on."""
    require(actor, Audience.APPROVER)
    with writing():
        row = request_of(pk, lock=True)
        answer = _last(row)
        if answer.drafted_by == actor.id:
            raise SonaeError("forbidden", "起案した本人は決裁できません。")
        _still(row, answer, actor, recorded=row.state == "drafted")
        _move(row, "decided")
        answer.decided_by, answer.decided_at = actor.id, clock.now()
        answer.save(update_fields=["decided_by", "decided_at"])
        audit.record(actor.id, "answer_decided", f"request:{pk}", told=sorted(answer.facts))
    return answer


def give_back(actor: Actor, pk: int, why: str) -> None:
    """Return a draft (or a decided answer not yet given) to the desk, with the reason."""
    require(actor, Audience.OPERATOR)
    with writing():
        row = request_of(pk, lock=True)
        answer = _last(row)
        _move(row, "received")
        answer.returned_why = why.strip()[:200] or "差し戻し"
        answer.save(update_fields=["returned_why"])
        audit.record(actor.id, "answer_returned", f"request:{pk}", why=answer.returned_why)


def give(actor: Actor, pk: int, how: str) -> SafetyAnswer:
    """Record that the answer was given: handed over, read out, posted, or put on the asker's page."""
    require(actor, Audience.OPERATOR)
    if how not in rules.CHANNELS:
        raise SonaeError("unprocessable", "回答の方法を選んでください。")
    with writing():
        row = request_of(pk, lock=True)
        answer = _last(row)
        _still(row, answer, actor, recorded=False)
        _move(row, "given")
        answer.given_by, answer.given_at, answer.how = actor.id, clock.now(), how
        answer.save(update_fields=["given_by", "given_at", "how"])
        audit.record(actor.id, "answer_given", f"request:{pk}", how=how, told=sorted(answer.facts))
    return answer


def withdraw_request(actor: Actor, pk: int) -> None:
    """End an inquiry that nobody asks any more; it stays in the record."""
    require(actor, Audience.OPERATOR)
    with writing():
        row = request_of(pk, lock=True)
        _move(row, "withdrawn")
        audit.record(actor.id, "request_withdrawn", f"request:{pk}")


def told_now(row: SafetyRequest, answer: SafetyAnswer | None) -> dict[str, Any]:
    """Return what the newest answer of an inquiry says, as far as it may still be told today.

    Decided anew each time: who has been shielded or has refused since is told of no more. A draft that
    was returned, or that was about somebody else than is meant now, says nothing. The same steps are
    taken whether there is a person or not.
    """
    made = people.decided(row)
    permitted = made.fields if made.outcome == "permit" else frozenset()
    held = answer.facts if answer is not None and row.state in _ANSWERED else {}
    # As told then; what is new since needs a new decision.
    left = {kind: held[kind] for kind in held if kind in permitted}
    return {**left, **{kind: held[kind] for kind in _ABOUT if kind in held}} if left else {}


@dataclass(frozen=True)
class Reading:
    """What who asked may read: the inquiry, whether it is answered, and what is told (may be empty)."""

    request: SafetyRequest
    answered: bool
    facts: dict[str, Any]
    how: str = ""


def read_online(key: str) -> Reading:
    """Return an inquiry and its answer for the holder of its secret; `SonaeError` ``not_found``.

    What may be told is decided anew at each reading: who has been shielded or has refused since is
    told no more. The same steps are taken whether there is a person or not.
    """
    found = SafetyRequest.objects.select_related("resident__household__town", "visitor")
    row = found.filter(key_hash=_hash(key)).first()
    if row is None:
        raise SonaeError(
            "not_found", "この受付はありません。", "受付のときに表示されたアドレスを確かめてください。"
        )  # fmt: skip
    answer = SafetyAnswer.objects.filter(request=row).order_by("-pk").first()
    told = told_now(row, answer)
    how = answer.how if row.state == "given" and answer is not None else ""
    return Reading(row, bool(how), told if how == "online" else {}, how)
