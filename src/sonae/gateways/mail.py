"""E-mail by SMTP (RFC 5321): one connection per chunk, one personal message per recipient.

What the server says decides: a refused address (5xx) fails alone, a busy one (4xx) waits while the
others go on, a broken connection is opened anew as long as that helps. The Message-ID of a delivery
never changes, so that a mail program recognises the rare copy sent again after a crash.
"""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from django.conf import settings

from sonae.domains.messages.interface import Handed, Parcel, Recipient
from sonae.gateways.envelope import Unfit, prepared
from sonae.platform.outbox import Permanent, Retry

TIMEOUT_SECONDS = 20
GROUP = 25
"""Deliveries stored together: at most this many are sent again after a kill -9."""
GROUP_SECONDS = 1.0
"""With a slow server what is known is stored at least this often."""
RETRY_SECONDS = 30.0
MOST_BUSY = 10
"""So many busy answers in a row mean that the server itself is busy."""
_CLOSING = 421


def configured() -> bool:
    """Tell whether the city has named its mail server (SONAE_SMTP)."""
    return bool(settings.SMTP)


def _opened(address: SplitResult) -> smtplib.SMTP:
    """Open the connection: smtps:// encrypted from the start, smtp:// with STARTTLS when offered."""
    host, port = address.hostname or "localhost", address.port
    if address.scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_SECONDS, context=context)
    client = smtplib.SMTP(host, port or 25, timeout=TIMEOUT_SECONDS)
    client.ehlo()
    if client.has_extn("starttls"):
        client.starttls(context=ssl.create_default_context())
        client.ehlo()
    elif address.username and not _beside_us(host):
        raise Permanent("メールサーバーが暗号化（STARTTLS）に対応していないため、ログインしません")
    return client


def _beside_us(host: str) -> bool:
    """Tell whether a host is this machine: a password on the wire would stay inside it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _connect() -> smtplib.SMTP:
    """Open and log in as SONAE_SMTP says; `Retry` or `Permanent` when that does not work."""
    address = urlsplit(settings.SMTP)
    try:
        client = _opened(address)
        if address.username:
            client.login(unquote(address.username), unquote(address.password or ""))
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
        raise Permanent(f"メールサーバーにログインできません（{error}）") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Retry(RETRY_SECONDS, f"メールサーバーにつながりません（{error}）") from error
    return client


def send(parcel: Parcel) -> Iterator[Sequence[Handed]]:
    """Hand every recipient's message to the mail server; yield outcomes in small groups.

    `Retry` at the end when somebody could not be served yet, `Permanent` when the server refuses us.
    """
    round_ = _Round(parcel)
    while round_.left:
        before = len(round_.left)
        client = _connect()
        try:
            yield from round_.served(client)
        finally:
            _close(client)
        if round_.broken and len(round_.left) == before:
            raise Retry(RETRY_SECONDS, f"メールサーバーとの接続が切れました（{round_.broken}）")
    if round_.busy:
        words = f"{len(round_.busy)}件が待たされています（{round_.busy[-1]}）"
        raise Retry(RETRY_SECONDS, words)


class _Round:
    """One try for every recipient of a parcel, over as many connections as it takes."""

    def __init__(self, parcel: Parcel) -> None:
        """Prepare the texts once for all."""
        self.left = list(parcel.recipients)
        self._halt = parcel.halt
        self.busy: list[str] = []
        self.broken: Exception | None = None
        self._compose = prepared(parcel)
        self._busy_in_a_row = 0

    def served(self, client: smtplib.SMTP) -> Iterator[list[Handed]]:
        """Send until nobody is left or the connection breaks; yield what is known."""
        done: list[Handed] = []
        stored = time.monotonic()
        self.broken = None
        while self.left and self.broken is None:
            try:
                outcome = self._next(client)
            except Permanent:
                yield done  # What went out is a fact, whatever the server says now.
                raise
            if outcome is not None:
                done.append(outcome)
            if len(done) >= GROUP or (done and time.monotonic() - stored > GROUP_SECONDS):
                yield done
                done, stored = [], time.monotonic()
            if self._halt.is_set():
                self.left = []
        if done:
            yield done

    def _next(self, client: smtplib.SMTP) -> Handed | None:
        """Send to the next one; None when that is not settled (busy, or the connection broke)."""
        one = self.left[0]
        try:
            outcome = _one(client, self._compose(one), one)
        except _Busy as error:
            self._note_busy(error)
            outcome = None
        except (OSError, smtplib.SMTPException) as error:
            self.broken = error
            return None
        else:
            self._busy_in_a_row = 0
        self.left.pop(0)
        return outcome

    def _note_busy(self, error: _Busy) -> None:
        """Remember a busy answer; a server that is busy for everyone is left alone."""
        self.busy.append(str(error))
        self._busy_in_a_row += 1
        if self._busy_in_a_row >= MOST_BUSY:
            self.left = self.left[:1]


class _Busy(Exception):
    """The server cannot take this one now (4xx)."""


def _one(client: smtplib.SMTP, mail: bytes | Unfit, one: Recipient) -> Handed:
    """Send one message; a permanent refusal of the address or the mail is its outcome."""
    if isinstance(mail, Unfit):
        return Handed(one.delivery, "failed", mail.reason)
    try:
        client.sendmail(settings.MAIL_FROM, [one.address], mail)
    except smtplib.SMTPRecipientsRefused as error:
        return _refused(one, *error.recipients[one.address], error=error)
    except smtplib.SMTPDataError as error:
        return _refused(one, error.smtp_code, error.smtp_error, error=error)
    except smtplib.SMTPSenderRefused as error:
        if error.smtp_code >= 500:
            words = _words(error.smtp_error)
            raise Permanent(f"差出人が拒まれました（{error.smtp_code} {words}）") from error
        raise
    return Handed(one.delivery, "handed_over")


def _refused(
    one: Recipient, code: int, words: bytes | str, *, error: smtplib.SMTPException
) -> Handed:
    """Tell a refusal for good from one for now; 421 means that the server hangs up."""
    if code == _CLOSING:
        raise error
    if code < 500:
        raise _Busy(f"{code} {_words(words)}") from error
    return Handed(one.delivery, "failed", f"{code} {_words(words)}")


def _words(text: bytes | str) -> str:
    """Return what the server said, as text."""
    return text.decode(errors="replace") if isinstance(text, bytes) else text


def _close(client: smtplib.SMTP) -> None:
    """End the conversation politely if the other side is still there."""
    try:
        client.quit()
    except (OSError, smtplib.SMTPException):
        client.close()
