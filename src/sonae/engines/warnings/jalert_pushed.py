"""Jアラート: documents that a receiver pushes — the tar of the socket and the mail of a rule.

A stored document is the tar or mail exactly as received, below one line ``#JALERT-TAR <time>`` or
``#JALERT-MAIL <time>``: neither reliably says when it was sent.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from sonae.core import clock
from sonae.engines.warnings.jalert import moment, warning_of
from sonae.engines.warnings.jalert_mail import read_mail
from sonae.engines.warnings.jalert_tar import read_tar
from sonae.engines.warnings.model import Warning, WarningRefused

TAR: Final = "TAR"
MAIL: Final = "MAIL"
_HEAD: Final = re.compile(rb"#JALERT-(TAR|MAIL) (\S{1,40})\n", re.ASCII)


def document(form: str, at: datetime, body: bytes) -> bytes:
    """Return what was received (``TAR`` or ``MAIL``) as a document that can be read at any time."""
    return f"#JALERT-{form} {clock.aware(at).isoformat()}\n".encode("ascii") + body


def is_pushed(raw: bytes) -> bool:
    """Whether these bytes are such a document."""
    return _HEAD.match(raw) is not None


def read_pushed(raw: bytes, raw_sha256: str, name: str) -> Warning:
    """The warning of such a document; ``WarningRefused`` for what cannot be trusted or read."""
    form, at, body = _opened(raw)
    if form == MAIL:
        mail = read_mail(body)
        return warning_of(
            mail.code, at, " ".join(mail.text.split()), raw_sha256, name,
            status=mail.status, kind=mail.kind, deviations=mail.deviations,
        )  # fmt: skip
    message = read_tar(body)
    return warning_of(
        "JALT", at, " ".join(message.text.split()), raw_sha256, name,
        status="exercise" if message.training else None, deviations=message.deviations,
    )  # fmt: skip


def text_of(raw: bytes) -> str:
    """Return what such a document says, for people; its refusal in words when it cannot be read."""
    try:
        form, at, body = _opened(raw)
        if form == MAIL:
            return f"{at:%Y-%m-%d %H:%M}\n\n{read_mail(body).text}"
        message = read_tar(body)
        return f"{at:%Y-%m-%d %H:%M}（{'、'.join(message.names)}）\n\n{message.text}"
    except WarningRefused as refused:
        return "\n".join(filter(None, (str(refused.detail), str(refused.hint or ""))))


def _opened(raw: bytes) -> tuple[str, datetime, bytes]:
    head = _HEAD.match(raw)
    at = moment(head[2].decode("ascii")) if head else None
    if head is None or at is None:
        raise WarningRefused("incomplete", "Jアラートの形と時刻の行を読めません。")
    return head[1].decode("ascii"), at, raw[head.end() :]
