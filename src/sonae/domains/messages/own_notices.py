"""Notices that people write themselves (お知らせ): 断水, 煮沸, 通行止め … No warning stands behind them.

The same road as every notice: draft, another person's approval, all channels, end or cancellation.
A correction is a draft of its own about the same topic, which takes the place of what it corrects.
"""

from __future__ import annotations

import re
from typing import Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.messages.channels import LANGUAGES, SENT, cut, limit
from sonae.domains.messages.models import Message, Wording
from sonae.domains.messages.notices import checked, spread
from sonae.domains.messages.pattern_wording import Texts
from sonae.domains.messages.services import write_texts
from sonae.domains.messages.wording import Text, drill_words
from sonae.domains.municipalities.interface import municipality
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.scope import is_exercise

_BLANK: Final = re.compile("〔[^〕]*〕")


def draft_own(actor: Actor, texts: Texts) -> Message:
    """Draft a notice with the words of a person, language → text for every channel."""
    require(actor, Audience.OPERATOR)
    said = _complete(texts)
    with writing():
        message = _new(actor, said)
        message.topic = f"notice:{message.pk}"
        message.save(update_fields=["topic"])
        audit.record(actor.id, "notice.draft", f"message:{message.pk}", name=said["ja"].subject)
    return message


def correct_own(actor: Actor, message_pk: int) -> Message:
    """Draft the correction of a notice that was sent; its words are those of before, to be changed."""
    require(actor, Audience.OPERATOR)
    with writing():
        first = Message.objects.select_for_update().filter(pk=message_pk, kind="notice").first()
        if first is None or not is_own(first):
            raise SonaeError("not_found", "このお知らせは、ここでは訂正できません。")
        ended = Message.objects.filter(
            topic=first.topic, kind__in=("lifting", "cancellation"), status="approved"
        )
        if first.status != "approved" or ended.exists() or replaced_by(first) is not None:
            raise SonaeError("conflict", "送信中のお知らせだけを訂正できます。")
        rows = Wording.objects.filter(message=first, channel="web")
        said = {one.language: Text(_marked(one), _without_drill(one)) for one in rows}
        message = _new(actor, said, first)
        audit.record(actor.id, "notice.correct", f"message:{message.pk}")
    return message


_CORRECTED: Final = {"ja": "【訂正】", "ja-x-easy": "【なおしました】", "en": "Corrected: "}


def _marked(one: Wording) -> str:
    mark, subject = _CORRECTED[one.language], one.subject
    drill, _line = drill_words(one.language)
    subject = subject.removeprefix(drill)
    within = limit("mail", "subject")
    return subject if subject.startswith(mark) else cut(f"{mark}{subject}", within)


def _without_drill(one: Wording) -> str:
    _mark, line = drill_words(one.language)
    return one.body.removeprefix(f"{line}\n\n").removesuffix(f"\n\n{line}")


def _complete(texts: Texts) -> dict[str, Text]:
    """The texts in every language, with nothing left to fill in."""
    said = {language: texts.get(language, Text("", "")) for language in LANGUAGES}
    for text in said.values():
        checked(text)
        left = _BLANK.search(text.subject + text.body)
        if left:
            raise SonaeError("unprocessable", f"{left[0]} の部分を書きかえてください。")
    return {
        language: Text(text.subject.strip(), text.body.strip()) for language, text in said.items()
    }


def _new(actor: Actor, said: Texts, first: Message | None = None) -> Message:
    subjects = {language: text.subject for language, text in said.items()}
    message = Message.objects.create(
        kind="notice",
        about={
            "own": subjects,
            "announced": subjects["ja"],
            "phenomenon": "other",
            "severity": "information",
            "level": None,
            "areas": [],
            "headline": "",
            "office": municipality().name,
            "issued_at": clock.now().isoformat(),
        },
        topic=first.topic if first else "",
        refers_to=first,
        audience={"everyone": True},
        channels=list(SENT),
        drafted_by=actor.id,
        drafted_at=clock.now(),
    )
    write_texts(message, spread({x: _drilled(text, x) for x, text in said.items()}))
    return message


def _drilled(text: Text, language: str) -> Text:
    """Return a text that says, in an exercise, before and after that it is one."""
    if not is_exercise():
        return text
    mark, line = drill_words(language)
    return Text(f"{mark}{text.subject}", f"{line}\n\n{text.body}\n\n{line}")


def is_own(message: Message) -> bool:
    """Whether a person wrote the notice, with no warning behind it."""
    return bool(message.about.get("own"))


def replaced_by(message: Message) -> Message | None:
    """The correction that took the place of a notice, or None."""
    return Message.objects.filter(refers_to=message, kind="notice", status="approved").first()
