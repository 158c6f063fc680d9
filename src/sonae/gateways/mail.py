"""E-mail by SMTP (RFC 5321): one connection per chunk, one personal message per recipient."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from django.conf import settings

from sonae.core import clock
from sonae.domains.messages.interface import Handed, Parcel, Recipient
from sonae.platform.outbox import Permanent, Retry

TIMEOUT_SECONDS = 20
GROUP = 25
"""Deliveries stored together: at most this many would be sent again after a crash."""
RETRY_SECONDS = 30.0
_FOOT = {
    "ja": "無事を知らせる・助けを求める：",
    "ja-x-easy": "無事（ぶじ）です・助けて（たすけて）ほしい：",
    "en": "Tell us that you are safe, or that you need help:",
}


def configured() -> bool:
    """Tell whether the city has named its mail server (SONAE_SMTP)."""
    return bool(settings.SMTP)


def _connect() -> smtplib.SMTP:
    """Open the connection named by SONAE_SMTP (smtp:// with STARTTLS when offered, or smtps://)."""
    address = urlsplit(settings.SMTP)
    host, port = address.hostname or "localhost", address.port
    if address.scheme == "smtps":
        context = ssl.create_default_context()
        client: smtplib.SMTP = smtplib.SMTP_SSL(
            host, port or 465, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        client = smtplib.SMTP(host, port or 25, timeout=TIMEOUT_SECONDS)
        client.ehlo()
        if client.has_extn("starttls"):
            client.starttls(context=ssl.create_default_context())
            client.ehlo()
    if address.username:
        client.login(unquote(address.username), unquote(address.password or ""))
    return client


def _bodies(parcel: Parcel) -> dict[str, tuple[str, str]]:
    """Return language → (subject, body) of the parcel."""
    return {language: (text["subject"], text["body"]) for language, text in parcel.texts.items()}


def compose(parcel: Parcel, one: Recipient) -> bytes:
    """Return the personal message of a recipient, ready for SMTP."""
    language = one.language if one.language in parcel.texts else "ja"
    subject, body = _bodies(parcel)[language]
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = subject
    mail["From"] = settings.MAIL_FROM
    mail["To"] = one.address
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = (
        f"<{parcel.identifier.removeprefix('urn:uuid:')}.{one.delivery}@{_domain()}>"
    )
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = language.split("-")[0]
    mail.set_content(f"{body}\n\n{_FOOT[language]}\n{one.link}\n", charset="utf-8", cte="base64")
    return mail.as_bytes()


def _domain() -> str:
    """Return the domain of the sender's address."""
    return str(settings.MAIL_FROM).rpartition("@")[2].rstrip(">") or "localhost"


def send(parcel: Parcel) -> Iterator[Sequence[Handed]]:
    """Hand every recipient's message to the mail server; yield outcomes in groups of 25.

    A refused address (5xx) is a failed delivery; a busy or lost server is tried again later for
    those not yet handed over; a server that refuses the sender altogether is permanent.
    """
    try:
        client = _connect()
    except smtplib.SMTPAuthenticationError as error:
        raise Permanent(f"メールサーバーがログインを拒みました（{error.smtp_code}）") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Retry(RETRY_SECONDS, f"メールサーバーにつながりません（{error}）") from error
    try:
        yield from _groups(client, parcel)
    finally:
        _close(client)


def _groups(client: smtplib.SMTP, parcel: Parcel) -> Iterator[list[Handed]]:
    """Send one by one; what is known when the connection breaks is yielded before the retry."""
    done: list[Handed] = []
    for one in parcel.recipients:
        try:
            done.append(_one(client, parcel, one))
        except (OSError, smtplib.SMTPException) as error:
            if done:
                yield done
            raise Retry(RETRY_SECONDS, f"メールサーバーとの接続が切れました（{error}）") from error
        if len(done) >= GROUP:
            yield done
            done = []
    if done:
        yield done


def _one(client: smtplib.SMTP, parcel: Parcel, one: Recipient) -> Handed:
    """Send one message; a permanent refusal of the address is its outcome."""
    try:
        client.sendmail(settings.MAIL_FROM, [one.address], compose(parcel, one))
    except smtplib.SMTPRecipientsRefused as error:
        code, words = error.recipients[one.address]
        if code < 500:
            raise
        return Handed(one.delivery, "failed", f"{code} {words.decode(errors='replace')}")
    except (UnicodeEncodeError, ValueError):
        return Handed(one.delivery, "failed", "宛先の形式が正しくありません")
    return Handed(one.delivery, "handed_over")


def _close(client: smtplib.SMTP) -> None:
    """End the conversation politely if the other side is still there."""
    try:
        client.quit()
    except (OSError, smtplib.SMTPException):
        client.close()
