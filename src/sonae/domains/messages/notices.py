"""Notices (お知らせ) about warnings, and alarms to the officers on duty.

A notice is drafted or sent by a response rule. Drafts are edited, submitted and approved by two
people like an order; what a rule sends by itself is approved by the rule and says so. Its
cancellation is prepared with it; its end is announced by people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.messages.channels import SENT, cut, limit
from sonae.domains.messages.models import Message, Wording
from sonae.domains.messages.notice_wording import NoticeFacts, fitted, notice_texts
from sonae.domains.messages.rules import MESSAGE_TRANSITIONS
from sonae.domains.messages.services import (
    RENEW,
    again,
    own_limits,
    release,
    renew_later,
    time_to_renew,
    write_texts,
)
from sonae.domains.messages.wording import Text
from sonae.domains.municipalities.interface import municipality
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.interface import RuleFiring, WarningInForce
from sonae.engines.warnings.model import SEVERITY_RANK
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import take_turn, writing
from sonae.platform.scope import is_exercise

_OPEN = ("draft", "returned", "submitted")


def act_on(firing_pk: int) -> Message | None:
    """Draft, or send, the notice that a firing calls for; once, whatever is repeated.

    What is over by now is not said at all, and what was long ago is left to people: the worker may
    have been down. A waiting draft about the same phenomenon is written anew instead of adding one.
    """
    with writing():
        take_turn("notices")
        firing = warnings.firing(firing_pk)
        if firing is None:
            return None
        known = Message.objects.filter(firing=firing, kind="notice").first()
        if known is not None:
            return known
        if not warnings.holds(firing.phenomenon, warnings.announced(firing), firing.areas):
            return None
        author = f"rule:{firing.rule['code']}"
        if "send_notice" not in firing.actions or clock.now() - firing.at > warnings.RECENT:
            return _drafted(firing, author)
        message = _new(firing, author)
        _prepare_cancellation(message)
        release(message, author)
        audit.record(author, "notice.sent", f"message:{message.pk}", firing=firing.pk)
    return message


def _drafted(firing: RuleFiring, author: str) -> Message:
    """Return the draft for a firing: the untouched one about the same, widened, or a new one."""
    waiting = Message.objects.select_for_update().filter(
        kind="notice", status="draft", drafted_by__startswith="rule:",
        about__phenomenon=firing.phenomenon,
    ).first()  # fmt: skip
    if waiting is None:
        return _new(firing, author)
    if (waiting.firing_id or 0) >= firing.pk:
        return waiting
    known, new = waiting.about, about(firing)
    graver = SEVERITY_RANK[known["severity"]] > SEVERITY_RANK[new["severity"]]
    told = known if graver else new
    areas = list(dict.fromkeys([*told["areas"], *known["areas"], *new["areas"]]))
    waiting.about = {**told, "areas": areas}
    waiting.firing, waiting.drafted_by, waiting.drafted_at = firing, author, clock.now()
    waiting.save(update_fields=["about", "firing", "drafted_by", "drafted_at"])
    _word(waiting)
    return waiting


def about(firing: RuleFiring) -> dict[str, Any]:
    """Return what a notice keeps of a firing: plain facts of what was announced."""
    announced = firing.kind
    if firing.trigger == "expected":
        announced += "（さらに上がる見込み）"
    telegram = firing.telegram
    return {
        "announced": announced,
        "phenomenon": firing.phenomenon,
        "severity": warnings.announced(firing),
        "level": firing.level,
        "areas": firing.areas,
        "headline": telegram.headline,
        "office": telegram.office or telegram.via,
        "issued_at": (telegram.issued_at or firing.at).isoformat(),
    }


def _new(firing: RuleFiring, author: str) -> Message:
    message = Message.objects.create(
        kind="notice",
        firing=firing,
        about=about(firing),
        audience={"everyone": True},
        channels=list(SENT),
        drafted_by=author,
        drafted_at=clock.now(),
    )
    message.topic = f"notice:{message.pk}"
    message.save(update_fields=["topic"])
    _word(message)
    return message


def facts(message: Message) -> NoticeFacts:
    """Return what the texts of a notice need."""
    here, known = municipality(), dict(message.about)
    issued = datetime.fromisoformat(known.pop("issued_at"))
    return NoticeFacts(
        **known,
        kind=message.kind,
        issued_at=issued,
        city=here.name,
        city_en=here.name_en,
        at=clock.now(),
        exercise=is_exercise(),
        limits=own_limits(),
    )


def _word(message: Message) -> None:
    """Write every text of a notice anew."""
    write_texts(message, notice_texts(facts(message)))


def _follow_up(first: Message, kind: str, status: str, author: str) -> Message:
    """Make a later message about the same notice, worded."""
    message = Message.objects.create(
        kind=kind,
        status=status,
        topic=first.topic,
        about=first.about,
        firing=first.firing,
        refers_to=first,
        audience=first.audience,
        channels=first.channels,
        drafted_by=author,
        drafted_at=clock.now(),
    )
    _word(message)
    return message


def _prepare_cancellation(first: Message) -> None:
    _follow_up(first, "cancellation", "prepared", SYSTEM.id)


def _notice(message_pk: int) -> Message:
    """Return a notice for a change; other writers wait."""
    found = Message.objects.select_for_update().filter(pk=message_pk, kind="notice").first()
    if found is None:
        raise SonaeError("not_found", "このお知らせはありません。")
    return found


def _move(message: Message, to: str) -> None:
    if to not in MESSAGE_TRANSITIONS[message.status]:
        raise SonaeError("conflict", "ほかの人が先に進めました。画面を開き直してください。")
    message.status = to


def edit_notice(actor: Actor, message_pk: int, texts: dict[str, Text]) -> Message:
    """Change the words of a draft, language → text for every channel; who edits is its drafter.

    `SonaeError` ``unprocessable`` for an empty or too long text, ``conflict`` when it is under way.
    """
    require(actor, Audience.OPERATOR)
    for text in texts.values():
        checked(text)
    with writing():
        message = _notice(message_pk)
        if message.status not in ("draft", "returned"):
            raise SonaeError("conflict", "申請中または送信済みのお知らせは変更できません。")
        message.drafted_by = actor.id
        message.save(update_fields=["drafted_by"])
        if message.about.get("own"):
            subjects = {language: text.subject.strip() for language, text in texts.items()}
            message.about = {**message.about, "own": subjects, "announced": subjects["ja"]}
            message.save(update_fields=["about"])
        write_texts(message, spread(texts))
        audit.record(actor.id, "notice.edit", f"message:{message.pk}")
    return message


def spread(texts: Mapping[str, Text]) -> dict[tuple[str, str], Text]:
    """Return the words of people, language → text, as each channel can hold them."""
    here, own = municipality(), own_limits()
    return {
        (channel, language): made
        for language, text in texts.items()
        for channel, made in fitted(
            Text(text.subject.strip(), text.body.strip()),
            here.name_en if language == "en" else here.name, language, own,
        ).items()
    }  # fmt: skip


def checked(text: Text) -> None:
    """Refuse what says nothing or does not fit its channels."""
    if not text.subject.strip() or not text.body.strip():
        raise SonaeError("unprocessable", "件名と本文を、すべての言語で入力してください。")
    within = limit("mail", "subject")
    if within and (not within.fits(text.subject.strip()) or "\n" in text.subject.strip()):
        raise SonaeError("unprocessable", f"件名は1行、{within.most}文字までです。")


def submit_notice(actor: Actor, message_pk: int) -> Message:
    """Ask for approval of a notice."""
    require(actor, Audience.OPERATOR)
    with writing():
        message = _notice(message_pk)
        _move(message, "submitted")
        message.submitted_by = actor.id
        message.save(update_fields=["status", "submitted_by"])
        audit.record(actor.id, "notice.submit", f"message:{message.pk}")
    return message


def approve_notice(actor: Actor, message_pk: int) -> Message:
    """Send a submitted notice; refused for whoever drafted or submitted it.

    `SonaeError` ``conflict`` for the correction of a notice that has ended or was corrected since.
    """
    require(actor, Audience.APPROVER)
    with writing():
        take_turn("notices")
        message = _notice(message_pk)
        if actor.id in (message.drafted_by, message.submitted_by):
            raise SonaeError("forbidden", "起案または申請をした人は、決裁できません。")
        if message.status != "submitted":
            raise SonaeError("conflict", "決裁を依頼されたお知らせだけを送れます。")
        if message.refers_to_id is not None and not _corrects_what_stands(message):
            raise SonaeError("conflict", "もとのお知らせは、もう終わったか、別の訂正を送りました。")
        # A correction takes the place of what it corrects, and so does its cancellation.
        Message.objects.filter(topic=message.topic, status="prepared").update(status="dropped")
        _prepare_cancellation(message)
        release(message, actor.id)
        audit.record(actor.id, "notice.approve", f"message:{message.pk}")
    return message


def _corrects_what_stands(message: Message) -> bool:
    """Whether what a correction corrects has neither ended nor been corrected otherwise."""
    sent = Message.objects.filter(status="approved")
    ended = sent.filter(topic=message.topic, kind__in=("lifting", "cancellation"))
    other = sent.filter(refers_to=message.refers_to_id, kind="notice")
    return not ended.exists() and not other.exists()


def return_notice(actor: Actor, message_pk: int, reason: str) -> Message:
    """Send a submitted notice back with a reason (差し戻し)."""
    require(actor, Audience.APPROVER)
    if not reason.strip():
        raise SonaeError("unreadable", "理由を入力してください。起案者がそれを見て直します。")
    with writing():
        message = _notice(message_pk)
        _move(message, "returned")
        message.decision_reason = reason.strip()
        message.save(update_fields=["status", "decision_reason"])
        audit.record(actor.id, "notice.return", f"message:{message.pk}", reason=reason.strip())
    return message


def drop_notice(actor: Actor, message_pk: int) -> Message:
    """Take a notice off the desk that is not to be sent (取り下げ); it stays on record."""
    require(actor, Audience.OPERATOR)
    with writing():
        message = _notice(message_pk)
        _move(message, "dropped")
        message.save(update_fields=["status"])
        audit.record(actor.id, "notice.drop", f"message:{message.pk}")
    return message


def end_notice(actor: Actor, message_pk: int, kind: str) -> Message:
    """Announce that a notice's warning has ended (``lifting``), or that it was wrong (``cancellation``).

    Through every channel that the notice used, to everyone it reached. Once: `SonaeError`
    ``conflict`` after an end.
    """
    require(actor, Audience.APPROVER)
    if kind not in ("lifting", "cancellation"):
        raise SonaeError("unreadable", "「終わった」か「取り消す」のどちらかです。")
    with writing():
        take_turn("notices")
        first = _notice(message_pk)
        said = Message.objects.filter(topic=first.topic, kind__in=("lifting", "cancellation"))
        if first.status != "approved" or said.filter(status="approved").exists():
            raise SonaeError("conflict", "送信中のお知らせだけを終えられます。")
        if kind == "lifting" and not may_lift(first):
            raise SonaeError(
                "conflict",
                "もとの警報がまだ発表中です。終わったことは、警報が終わってから知らせます。",
            )
        waiting = said.filter(kind=kind, status="prepared").first()
        message = waiting or _follow_up(first, kind, "draft", actor.id)
        if waiting is not None:
            _word(waiting)
        release(message, actor.id)
        said.filter(status="prepared").update(status="dropped")
        audit.record(actor.id, f"notice.{kind}", f"message:{first.pk}")
    return message


def alarm(key: str, subject: str, body: str) -> Message:
    """Mail the officers on duty, once for a ``key``."""
    topic = f"alarm:{key}"[:80]
    mark = "【訓練】" if is_exercise() else ""
    with writing():
        known = Message.objects.filter(topic=topic).first()
        if known is not None:
            return known
        message = Message.objects.create(
            kind="alarm",
            topic=topic,
            audience={"duty": True},
            channels=["mail"],
            drafted_by=SYSTEM.id,
            drafted_at=clock.now(),
        )
        line = cut(" ".join(f"{mark}当番へ：{subject}".split()), limit("mail", "subject"))
        Wording.objects.create(
            message=message, channel="mail", language="ja", subject=line, body=body.strip()
        )
        release(message, SYSTEM.id)
    return message


def is_over(message: Message, lines: Sequence[WarningInForce] | None = None) -> bool:
    """Whether the warning that a notice tells of is in force no more, at least as grave, in its areas.

    ``lines``: what is in force, where the caller has it already.
    """
    told = message.about
    if told.get("own"):
        return False
    return not warnings.holds(told["phenomenon"], told["severity"], told["areas"], lines)


def may_lift(message: Message) -> bool:
    """Whether its end may be announced: its warning is over, or people wrote it and decide."""
    return bool(message.about.get("own")) or is_over(message)


def over() -> list[Message]:
    """Return the notices whose warning is over, and whose end nobody announced, newest first."""
    sent = standing()
    lines = warnings.in_force() if sent else []
    return [one for one in sent if is_over(one, lines)]


def ending_texts(message: Message, kind: str) -> dict[str, Text]:
    """Return what an ending would say on the city's page, by language, before it is said."""
    texts = notice_texts(replace(facts(message), kind=kind))
    return {language: text for (channel, language), text in texts.items() if channel == "web"}


def standing() -> list[Message]:
    """Return the notices that were sent and whose end nobody announced, newest first."""
    ended = Message.objects.filter(kind__in=("lifting", "cancellation"), status="approved")
    rows = Message.objects.filter(kind="notice", status="approved")
    corrected = rows.filter(refers_to__isnull=False).values("refers_to")
    rows = rows.exclude(topic__in=ended.values("topic")).exclude(pk__in=corrected)
    return list(rows.order_by("-pk"))


def call_for_ends() -> int:
    """Call the officers on duty, once each, for notices whose warning is over; return how many are."""
    found = over()
    for one in found:
        alarm(
            f"over:{one.pk}",
            f"お知らせの警報が終わりました（{one.about['announced']}）",
            "住民に送ったお知らせの、もとの警報が終わったか、軽くなりました。"
            "「伝達」の画面から、終わったことを住民に知らせてください。",
        )
    return len(found)


def renew_notice(message_pk: int) -> Message | None:
    """Publish a notice anew before it expires, while its warning is in force; nobody is mailed.

    ``message_pk``: the notice that its topic is named after, whatever corrected it since.
    """
    with writing():
        topic = f"notice:{message_pk}"
        first = next((one for one in standing() if one.topic == topic), None)
        if first is None or is_over(first):
            return None
        said = Message.objects.filter(topic=first.topic, status="approved")
        newest = said.order_by("-sent_at", "-pk").first() or first
        left = time_to_renew(newest)
        if left is not None:
            renew_later({"notice": message_pk}, left)
            return None
        message = again(newest)
        release(message, first.approved_by)
        audit.record(SYSTEM.id, RENEW, f"message:{message.pk}")
    return message


def notices_open() -> list[Message]:
    """Return the notices that wait for somebody, newest first."""
    return list(Message.objects.filter(kind="notice", status__in=_OPEN).order_by("-pk"))
