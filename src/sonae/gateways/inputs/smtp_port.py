"""A small SMTP server that hands each mail over and accepts it when it is on disk.

Apart from the line that uses it, because only a running line needs the library.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from sonae.engines.warnings import jalert_pushed
from sonae.gateways.inputs import listening
from sonae.gateways.inputs.handover import Handover

MOST_BYTES: Final = 2 * 1024 * 1024
IDLE_SECONDS: Final = 120.0
LONGEST_LINE: Final = 1 << 16
"""Receivers write whole texts into one line; the standard's thousand bytes would refuse them."""
_REFUSED: Final = "550 5.7.1 not allowed"
_LATER: Final = "451 4.3.0 not stored, send again"


class Taker:
    """What the server asks: who may send, and what becomes of a mail."""

    def __init__(self, handover: Handover, senders: Sequence[str], *, rehearsal: bool) -> None:
        """``senders``: addresses, or domains with their @, in lower case; none admits all."""
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


class Server(SMTP):
    """One connection; a stranger hears nothing at all."""

    line_length_limit = LONGEST_LINE

    def __init__(self, handler: Taker, handover: Handover, peers: Any) -> None:
        """``peers``: the networks whose addresses are heard."""
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


@contextmanager
def accepting(
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
