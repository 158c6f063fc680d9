"""Mails that a J-Alert receiver sends by its rules (動作ルール): a small SMTP server of our own.

250 is answered when the mail is on disk, as it came; reading it is the engine's. Peers and senders are
allow-lists, the port takes mail for whatever name the receiver was told, and passes nothing on.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from sonae.core.errors import SonaeError
from sonae.core.marks import gettext_noop as _
from sonae.domains.warnings.interface import InputKind, Link, Option
from sonae.engines.warnings import jalert_pushed
from sonae.gateways.inputs import listening
from sonae.gateways.inputs.handover import Handover

MOST_BYTES: Final = 2 * 1024 * 1024
IDLE_SECONDS: Final = 120.0
LONGEST_LINE: Final = 1 << 16
"""Receivers write whole texts into one line; the standard's thousand bytes would refuse them."""
_REFUSED: Final = "550 5.7.1 not allowed"
_LATER: Final = "451 4.3.0 not stored, send again"


class _Taker:
    """What the server asks: who may send, and what becomes of a mail."""

    def __init__(self, handover: Handover, senders: Sequence[str], *, rehearsal: bool) -> None:
        self._handover, self._senders, self._rehearsal = handover, senders, rehearsal
        self.open: set[asyncio.Transport] = set()

    def hang_up(self) -> None:
        """Cut every connection: the line ends."""
        for transport in list(self.open):
            transport.abort()

    async def handle_MAIL(  # noqa: N802 - the library's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Admit senders of the allow-list (all, when it is empty)."""
        if self._senders and not _named(address, self._senders):
            self._handover.trouble(f"許していない差出人のメールを断りました: {address[:120]}")
            return _REFUSED
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Store the mail; only then is it accepted."""
        body = envelope.original_content or b""
        stamp = partial(jalert_pushed.document, jalert_pushed.MAIL)
        store = partial(self._handover.hand_in, body, rehearsal=self._rehearsal, stamp=stamp)
        try:
            await asyncio.to_thread(store)
        except (OSError, TimeoutError):
            return _LATER
        return "250 2.0.0 kept"


class _Server(SMTP):
    """One connection; a stranger hears nothing at all."""

    line_length_limit = LONGEST_LINE

    def __init__(self, handler: _Taker, handover: Handover, peers: Any) -> None:
        super().__init__(
            handler,
            hostname="sonae",
            ident="Sonae",
            data_size_limit=MOST_BYTES,
            timeout=IDLE_SECONDS,
            enable_SMTPUTF8=True,
        )
        self._taker, self._handover, self._peers = handler, handover, peers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Cut off whoever is not an allowed peer."""
        who = str((transport.get_extra_info("peername") or ("0.0.0.0",))[0])  # noqa: S104 - nobody
        if listening.allowed(self._peers, who):
            super().connection_made(transport)
            self._taker.open.add(cast("asyncio.Transport", transport))
            self._handover.heard()
            return
        self._handover.trouble(f"許していない相手からの接続を断りました: {who}")
        transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """End; a stranger never began."""
        if self.transport is not None:
            self._taker.open.discard(self.transport)
            super().connection_lost(error)


def _named(address: str, senders: Sequence[str]) -> bool:
    plain = address.lower()
    return any(plain.endswith(one) if one.startswith("@") else plain == one for one in senders)


def senders_of(text: str) -> tuple[str, ...]:
    """Return the senders of a setting, in lower case; ``unprocessable`` for what is no address."""
    found = tuple(part.lower() for part in re.split(r"[\s,、]+", text.strip()) if part)
    for one in found:
        if not re.fullmatch(r"[^@\s]*@[^@\s]+", one):
            raise SonaeError("unprocessable", f"メールアドレスでも @ドメイン でもありません: {one}")
    return found


def receive(link: Link) -> None:
    """Listen until told to stop."""
    handover, options = Handover(link), link.options
    peers = listening.networks(str(options["peers"]))
    senders = senders_of(str(options.get("senders", "")))
    taker = _Taker(handover, senders, rehearsal=bool(options.get("training")))
    address = (str(options.get("host", "")) or None, int(options["port"]))
    try:
        with _listening(address, partial(_Server, taker, handover, peers), taker.hang_up):
            handover.serve()
    finally:
        handover.close()


@contextmanager
def _listening(
    address: tuple[str | None, int], protocol: Any, hang_up: Callable[[], None]
) -> Iterator[None]:
    """Run the server in a loop and thread of its own; `SonaeError` when the port cannot be had."""
    loop = asyncio.new_event_loop()
    try:
        try:
            server = loop.run_until_complete(
                loop.create_server(protocol, *address, reuse_address=True)
            )
        except OSError as error:
            raise listening.taken(address[1], error) from error
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            for step in (server.close, hang_up, loop.stop):
                loop.call_soon_threadsafe(step)
            thread.join(5)
    finally:
        if not loop.is_running():
            _end(loop)


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Let what still runs come to its end, so that no connection hangs on."""
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0.05))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def check(options: Mapping[str, Any]) -> None:
    """Refuse settings that cannot work."""
    listening.check_address(options)
    senders_of(str(options.get("senders", "")))
    if len(listening.ports(str(options["port"]))) != 1:
        raise SonaeError("unprocessable", "ポートは1つだけ指定してください。")
    if options.get("training") not in (None, 0, 1):
        raise SonaeError("unprocessable", "訓練として扱うかどうかは、1 か 0 で指定してください。")


KIND: Final = InputKind(
    name="jalert-mail",
    label=_("Jアラート受信機のメール（動作ルール）"),
    receiver=receive,
    options={
        "port": Option(_("待ち受けるポート"), "2525"),
        "peers": listening.PEERS,
        "senders": Option(
            _("許す差出人"),
            help=_(
                "メールアドレス、または @ から始まるドメイン。コンマで区切る。"
                "空なら、許した相手からのすべてのメール"
            ),
        ),
        "training": Option(_("すべて訓練として扱う（1: はい、0: いいえ）"), 0),
        "host": listening.HOST,
    },
    silent_after=100 * 86_400,
    needs=_(
        "受信機の動作ルールで、メールの送り先を「名前@このサーバー」に、メールサーバーをこのサーバーと"
        "このポートにしてください。暗号化しないため、庁内のネットワークだけで使います。"
    ),
    check=check,
)
"""What staff choose when they add this line."""
