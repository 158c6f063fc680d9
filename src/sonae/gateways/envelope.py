"""Mails for many: rendered once per language, personal parts spliced in as bytes.

Building an ``EmailMessage`` per resident costs far more than handing it over; here only the address,
the ids and the end of the base64 text (the personal link) differ.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from django.conf import settings

from sonae.core import clock
from sonae.domains.messages.interface import Parcel, Recipient

_FOOT = {
    "ja": "無事を知らせる・助けを求める：",
    "ja-x-easy": "無事（ぶじ）です・助けて（たすけて）ほしい：",
    "en": "Tell us that you are safe, or that you need help:",
}
_LEAVE = "\r\nList-Unsubscribe: <{link}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click"
"""One press of a mail program's own button, without a page (RFC 8058)."""
_LINE = 57
"""Bytes per line of base64 (76 characters, RFC 2045)."""
_ADDRESS = re.compile(r"[!-;=?A-~]+@[A-Za-z0-9.\-\[\]:]+")


@dataclass(frozen=True)
class Unfit:
    """A delivery that cannot be written at all, and why."""

    reason: str


@dataclass(frozen=True)
class _Form:
    """What all mails of one language share: headers, whole base64 lines, and the bytes after them."""

    head: bytes
    lines: bytes
    rest: bytes


def _domain() -> str:
    """Return the domain of the sender's address."""
    return parseaddr(settings.MAIL_FROM)[1].rpartition("@")[2] or "localhost"


def _form(language: str, subject: str, body: str, *, linked: bool) -> _Form:
    """Render the shared parts of one language; without links nothing is said of them."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = subject
    mail["From"] = settings.MAIL_FROM
    mail["Date"] = format_datetime(clock.now())
    mail["Auto-Submitted"] = "auto-generated"
    mail["Precedence"] = "bulk"
    mail["Content-Language"] = language.split("-")[0]
    mail["MIME-Version"] = "1.0"
    mail["Content-Type"] = 'text/plain; charset="utf-8"'
    mail["Content-Transfer-Encoding"] = "base64"
    head = mail.as_bytes().split(b"\r\n\r\n")[0]
    foot = f"\n{_FOOT[language]}\n" if linked else ""
    text = f"{body}\n{foot}".replace("\n", "\r\n").encode()
    whole = len(text) // _LINE * _LINE
    return _Form(head, _base64(text[:whole]), text[whole:])


def _base64(data: bytes) -> bytes:
    """Return base64 in lines of 76 characters with CRLF."""
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def prepared(parcel: Parcel) -> Callable[[Recipient], bytes | Unfit]:
    """Return what writes the personal mail of a recipient of this parcel, ready for SMTP."""
    linked = any(one.link for one in parcel.recipients)
    forms = {
        language: _form(language, text["subject"], text["body"], linked=linked)
        for language, text in parcel.texts.items()
    }
    identifier = parcel.identifier.removeprefix("urn:uuid:")
    domain = _domain()

    def write(one: Recipient) -> bytes | Unfit:
        if _ADDRESS.fullmatch(one.address) is None:
            return Unfit("宛先の形式が正しくありません")
        form = forms.get(one.language) or forms["ja"]
        own = f"To: {one.address}\r\nMessage-ID: <{identifier}.{one.delivery}@{domain}>"
        if one.leave:
            own += _LEAVE.format(link=one.leave)
        end = _base64(form.rest + one.link.encode() + b"\r\n")
        return b"\r\n".join((form.head, own.encode(), b"", form.lines + end))

    return write
