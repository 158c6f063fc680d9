"""The one decision on disclosure (開示の判断): a pure, total function with a trace.

Order: oneself → shield (支援措置) → own household → the city's own duties (災害対策基本法 第49条の11第1項,
第90条の4) → who asks from outside: inquiries (第86条の15), other cities, names published → active
emergency sharing (第49条の11第3項) → ordinance (第49条の11第2項ただし書) → refusal → valid consent.
What no rule permits is denied. Fields out are never more than fields asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

KINDS: Final = frozenset(
    {
        "name", "kana", "birth_date", "sex", "address", "phone", "email", "household", "needs",
        "position", "danger", "safety", "destination", "held", "injury", "condition", "whereabouts",
        "town", "age", "device",
    }
)  # fmt: skip
"""Kinds of personal data that can be asked for."""

INQUIRERS: Final = (
    "kin_household", "kin", "institution", "acquaintance", "municipality", "police",
)  # fmt: skip
"""Who asks from outside how somebody is: 同居の親族, 親族, 職場・学校・病院, 知人, 他の市町村, 警察・消防."""
RECIPIENTS: Final = (
    "self", "household", "city", "shelter", "supporter", "service", "public", *INQUIRERS,
)  # fmt: skip
ANSWER: Final = frozenset(
    {
        "held", "name", "kana", "birth_date", "sex", "address", "injury", "condition", "whereabouts",
        "phone",
    }
)  # fmt: skip
"""安否情報: what an answer to an inquiry can hold at most (安否情報省令 様式第1号 ①–⑪)."""
PURPOSES: Final[Mapping[str, frozenset[str]]] = {
    "rescue": KINDS,
    "reception": frozenset({"name", "kana", "birth_date", "sex", "address", "household", "needs"}),
    "reception_presented": frozenset({"name", "kana", "birth_date", "household", "needs"}),
    "notification": frozenset({"name", "phone", "email", "device", "danger"}),
    "personal_page": KINDS,
    "account": frozenset({"name", "email"}),
    "cards": frozenset({"name", "address", "household"}),
    "window": frozenset(
        {"name", "kana", "birth_date", "sex", "address", "household", "needs", "destination"}
    ),
    "safety_inquiry": ANSWER,
    "exchange": ANSWER - {"held"},
    "name_publication": frozenset({"name", "kana", "town", "age", "sex"}),
    "posted_list": frozenset({"name", "kana", "town"}),
    "service": frozenset(
        {"name", "kana", "birth_date", "sex", "address", "phone", "email", "needs"}
    ),
}
"""What each purpose may need at most; anything beyond is cut off whoever asks."""

PHASES: Final = ("peacetime", "emergency", "both")
ASKS: Final = ("first_only", "each_new_kind", "every_time")
"""How often a service may ask: once for all it ever asks for, at each new kind, at every sign-in."""
ROSTER: Final = frozenset({"name", "kana", "birth_date", "sex", "address", "phone", "needs"})
"""避難行動要支援者名簿の記載事項 (災害対策基本法 第49条の10第2項): the most a supporter can get."""
SUPPORTERS: Final = ("消防機関", "警察", "民生委員・児童委員", "社会福祉協議会", "自主防災組織")
"""避難支援等関係者 that the Act names (第49条の11第2項): to whom the roster may go."""
SHARING_BASIS: Final = "災害対策基本法 第49条の11第3項・第49条の15第3項"
"""By which the roster and the plans of those on it are handed out without consent, to save lives."""
LONGEST_SHARING: Final = timedelta(hours=72)
"""No emergency sharing is declared for longer; it can be declared again."""

_CITY_PURPOSES: Final = frozenset(
    {
        "rescue", "reception", "notification", "account", "cards", "window", "safety_inquiry",
        "exchange", "name_publication",
    }
)  # fmt: skip
_PRESENTED: Final = frozenset({"name", "kana", "household"})


@dataclass(frozen=True)
class Grant:
    """A consent as far as the decision needs it; ``kinds`` and ``asked`` empty = refusal of everything.

    ``asked``, ``notice``, ``occasion``: as of `ConsentGrant`.
    """

    recipient: str
    purpose: str
    kinds: frozenset[str]
    phase: str
    granted_at: datetime
    expires_at: datetime | None = None
    withdrawn_at: datetime | None = None
    asked: frozenset[str] = frozenset()
    notice: str = ""
    occasion: str = ""

    def holds(self, at: datetime) -> bool:
        """Tell whether it is in force at that moment."""
        if self.withdrawn_at is not None and self.withdrawn_at <= at:
            return False
        return self.granted_at <= at and (self.expires_at is None or at < self.expires_at)


@dataclass(frozen=True)
class Question:
    """Who asks for what: ``recipient`` of `RECIPIENTS`, ``phase`` peacetime or emergency.

    ``notice``: SHA-256 of what a service tells people of itself now; ``occasion``: the sign-in by which
    it asks.
    """

    recipient: str
    recipient_id: str
    purpose: str
    kinds: frozenset[str]
    phase: str
    at: datetime
    notice: str = ""
    occasion: str = ""


@dataclass(frozen=True)
class Facts:
    """What is known about the person asked for and about the law in force here.

    ``emergency_until`` and ``emergency_kinds``: the emergency sharing in force (None: there is none;
    empty kinds: all of the roster). ``ordinance``: the article by which supporters get the roster in
    ordinary times from those who have not refused; empty where there is none. ``registrant``: is the
    person on the roster (避難行動要支援者名簿)? ``officer``: is it the officer whom the city has named for
    those under 支援措置 who asks?

    ``answerable``: the kinds that law lets this recipient have for this purpose unless the person has
    refused, as the policy table in force has them, and ``ground`` where it stands. ``asks``: how often
    the person wants to be asked by services (`ASKS`).
    """

    shielded: bool = False
    grants: Sequence[Grant] = ()
    emergency_until: datetime | None = None
    emergency_kinds: frozenset[str] = frozenset()
    ordinance: str = ""
    registrant: bool = False
    answerable: frozenset[str] = frozenset()
    ground: str = ""
    officer: bool = False
    asks: str = "each_new_kind"


@dataclass(frozen=True)
class Decision:
    """``outcome`` permit, deny or ask; ``fields`` what may be shown; ``trace`` how it was decided.

    ``open``: kinds about which a service may ask the person now, however the rest was decided.
    """

    outcome: str
    fields: frozenset[str]
    rule: str
    trace: tuple[str, ...]
    obligations: tuple[str, ...] = field(default=("record",))
    open: frozenset[str] = frozenset()


NOTHING: Final = frozenset[str]()
"""No kinds of data."""
_RECORD: Final = ("record",)


def _permit(
    fields: frozenset[str], rule: str, trace: list[str], left: frozenset[str] = NOTHING
) -> Decision:
    """Permit what is left, or deny when nothing is."""
    if not fields:
        return _deny(rule, [*trace, "nothing asked for is allowed"])
    return Decision("permit", fields, rule, (*trace, f"{rule}: permit"), _RECORD, left)


def _deny(
    rule: str, trace: list[str], outcome: str = "deny", left: frozenset[str] = NOTHING
) -> Decision:
    """Deny (or ask the person first)."""
    return Decision(outcome, NOTHING, rule, (*trace, f"{rule}: {outcome}"), _RECORD, left)


def decide(question: Question, facts: Facts) -> Decision:
    """Decide one disclosure; total over all inputs, unknown words are denied."""
    trace = [f"{question.recipient} asks for {question.purpose} in {question.phase}"]
    if question.purpose not in PURPOSES or question.recipient not in RECIPIENTS:
        return _deny("unknown_words", trace)
    fields = question.kinds & PURPOSES[question.purpose]
    if question.recipient == "self":
        return _permit(fields, "self", trace)
    if facts.shielded:
        return _shielded(question, facts, fields, trace)
    if question.recipient == "household":
        return _permit(fields - {"phone", "email"}, "household", trace)
    if question.recipient in ("city", "shelter"):
        return _duty(question, fields, trace)
    if question.recipient in INQUIRERS or question.purpose == "name_publication":
        return _outside(question, facts, fields, trace)
    if question.recipient == "service":
        return _service(question, facts, fields, trace)
    return _others(question, facts, fields, trace)


def _shielded(
    question: Question, facts: Facts, fields: frozenset[str], trace: list[str]
) -> Decision:
    """支援措置: only who stands at the desk with the own card is greeted by name, without address.

    To save a life, the one officer whom the city has named for them knows where they are.
    """
    if question.recipient == "city" and question.purpose == "rescue" and facts.officer:
        return _permit(fields, "shield_officer", trace)
    if question.recipient in ("city", "shelter") and question.purpose == "reception_presented":
        return _permit(fields & _PRESENTED, "shield_presented", trace)
    if question.recipient == "city" and question.purpose == "notification":
        return _permit(fields & {"phone", "email", "device"}, "shield_notification", trace)
    return _deny("shield", trace)


def _duty(question: Question, fields: frozenset[str], trace: list[str]) -> Decision:
    """The city's own duties; a shelter's desk only receives people."""
    if question.recipient == "shelter":
        if question.purpose in ("reception", "reception_presented"):
            return _permit(fields, "duty_shelter", trace)
        return _deny("duty_shelter", trace)
    if question.purpose in _CITY_PURPOSES or question.purpose == "reception_presented":
        return _permit(fields, "duty_city", trace)
    return _deny("duty_city", trace)


def _outside(
    question: Question, facts: Facts, fields: frozenset[str], trace: list[str]
) -> Decision:
    """Who asks from outside: what the policy table gives, more by consent, nothing after a refusal.

    Never ``ask``: that the person could be asked would already tell that there is one.
    """
    if question.purpose not in _OUTSIDE.get(question.recipient, frozenset()):
        return _deny("no_ground", trace)
    held = [one for one in facts.grants if _concerns(one, question)]
    if any(not one.kinds for one in held):
        return _deny("refusal", trace)
    trace.append(f"policy: {facts.ground or 'none'}")
    by_law = fields & facts.answerable
    wider = fields & frozenset().union(*(one.kinds for one in held)) if held else frozenset()
    if wider - by_law:
        return _permit(by_law | wider, "consent", trace)
    return _permit(by_law, question.purpose if by_law else "no_ground", trace)


_OUTSIDE: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(INQUIRERS, frozenset({"safety_inquiry"})),
    "municipality": frozenset({"safety_inquiry", "exchange"}),
    "public": frozenset({"name_publication"}),
}


def _others(question: Question, facts: Facts, fields: frozenset[str], trace: list[str]) -> Decision:
    """Supporters, services and the public: the law for supporters, refusal, consent, else no."""
    held = [one for one in facts.grants if _concerns(one, question)]
    refused = any(not one.kinds for one in held)
    if question.recipient == "supporter" and question.purpose == "rescue":
        until = facts.emergency_until
        # What may be shared is the roster (第49条の11第3項): of nobody who does not stand on it.
        if until is not None and question.at < until and facts.registrant:
            shared = ROSTER & (facts.emergency_kinds or ROSTER)
            return _permit(fields & shared, "emergency", trace)
        trace.append("no emergency sharing is in force")
        if facts.ordinance and facts.registrant and not refused:
            return _permit(fields & ROSTER, "ordinance", [*trace, facts.ordinance])
    if refused:
        return _deny("refusal", trace)
    allowed = frozenset().union(*(one.kinds for one in held)) if held else frozenset()
    if allowed & fields:
        return _permit(fields & allowed, "consent", trace)
    return _deny("no_ground", trace, "deny" if question.recipient == "public" else "ask")


def _service(
    question: Question, facts: Facts, fields: frozenset[str], trace: list[str]
) -> Decision:
    """A service of the city OS: emergency sharing to its body, refusal, what the person has consented to.

    Whoever wants to be asked every time is bound by the answer of this very sign-in alone.
    """
    by_law = frozenset[str]()
    until = facts.emergency_until if question.purpose == "service" else None
    if until is not None and question.at < until and facts.registrant:
        by_law = fields & ROSTER & (facts.emergency_kinds or ROSTER)
    held = [one for one in facts.grants if _concerns(one, question)]
    if facts.asks == "every_time":
        held = [one for one in held if one.occasion]
    refused = any(not one.kinds and not one.asked for one in held)
    told = frozenset().union(*(one.kinds for one in held)) if held and not refused else frozenset()
    answered = frozenset().union(*(one.asked | one.kinds for one in held)) if held else frozenset()
    once = refused or (facts.asks == "first_only" and bool(held))
    left = frozenset[str]() if once else fields - answered
    if by_law:
        # A consent may give more than the law does, never less.
        trace.append(f"emergency sharing until {until}: {', '.join(sorted(by_law))}")
        return _permit(by_law | (fields & told), "emergency", trace, left - by_law)
    if refused:
        return _deny("refusal", trace)
    if told & fields:
        return _permit(fields & told, "consent", trace, left)
    return _deny("no_ground", trace, "ask" if left else "deny", left)


def _concerns(grant: Grant, question: Question) -> bool:
    """Tell whether a consent or refusal is in force and is about this recipient, purpose and phase."""
    return (
        grant.recipient == question.recipient_id
        and grant.purpose == question.purpose
        and grant.phase in (question.phase, "both")
        and grant.notice == question.notice
        and grant.occasion in ("", question.occasion)
        and grant.holds(question.at)
    )
