"""Ports that a line listens on: who may call, how many at once, and closing them again."""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sonae.core.errors import SonaeError
from sonae.core.marks import gettext_noop as _
from sonae.domains.warnings.interface import Option
from sonae.gateways.inputs.handover import Handover

log = logging.getLogger(__name__)

MOST_CONNECTIONS: Final = 64
MOST_PORTS: Final = 50
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

HOST: Final = Option(
    _("待ち受けるアドレス"), help=_("このサーバーのアドレス。空なら、すべてのアドレスで待つ")
)
PEERS: Final = Option(
    _("接続を許す相手"),
    required=True,
    help=_("相手のIPアドレス（192.0.2.10）か範囲（192.0.2.0/28）。コンマで区切る"),
)


def networks(text: str) -> tuple[Network, ...]:
    """Return the peers that a setting names; ``unprocessable`` for what is no address."""
    found = []
    for part in re.split(r"[\s,、]+", text.strip()):
        try:
            found.append(ipaddress.ip_network(part, strict=False))
        except ValueError:
            raise SonaeError("unprocessable", f"IPアドレスか範囲ではありません: {part}") from None
    return tuple(found)


def ports(text: str) -> tuple[int, ...]:
    """Return the ports of ``36000,36010-36013``; ``unprocessable`` for what is none."""
    found: list[int] = []
    for part in re.split(r"[\s,、]+", text.strip()) if text.strip() else ():
        match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 0 < first <= last < 65_536 or len(found) + last - first >= MOST_PORTS:
            raise SonaeError("unprocessable", f"ポート番号ではありません: {part}")
        found.extend(range(first, last + 1))
    return tuple(found)


def check_address(options: Mapping[str, Any]) -> None:
    """Refuse settings of `HOST` and `PEERS` that cannot work."""
    networks(str(options["peers"]))
    host = str(options.get("host", ""))
    if host:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise SonaeError("unprocessable", f"IPアドレスではありません: {host}") from None


def taken(port: int, error: OSError) -> SonaeError:
    """Return what staff read when a port cannot be had: ``conflict``."""
    return SonaeError(
        "conflict",
        f"ポート {port} で待ち受けられません（{error.strerror}）。",
        "ほかのプログラムや受信経路が使っていないか、アドレスがこのサーバーのものか確かめてください。",
    )


def allowed(peers: Sequence[Network], host: str) -> bool:
    """Whether an address belongs to a peer; an IPv4 address may come dressed as IPv6."""
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return any((mapped or address) in network for network in peers)


class Listener(socketserver.ThreadingTCPServer):
    """One port; refuses strangers and more than `MOST_CONNECTIONS` at once."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[socketserver.BaseRequestHandler],
        handover: Handover,
        peers: Sequence[Network],
    ) -> None:
        """Bind the port; `SonaeError` ``conflict`` when it is taken or not ours."""
        self.handover, self.peers = handover, peers
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        try:
            super().__init__(address, handler)
        except OSError as error:
            raise taken(address[1], error) from error

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether the caller may speak at all."""
        if not allowed(self.peers, str(client_address[0])):
            self.handover.trouble(f"許していない相手からの接続を断りました: {client_address[0]}")
            return False
        if not self._room.acquire(blocking=False):
            self.handover.trouble("同時の接続が多すぎるため、断りました。")
            return False
        return True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one caller and make room again."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over callers who go away; anything else is a defect, and is shown as such."""
        error = sys.exc_info()[1]
        if isinstance(error, ssl.SSLError):
            self.handover.trouble(
                f"{client_address[0]}: 暗号化した接続（TLS）ができません（{error.reason}）。"
            )
        elif not isinstance(error, OSError):
            log.error("a connection of an input failed", exc_info=error)
            self.handover.trouble(f"プログラムの誤りです（{type(error).__name__}: {error}）")


@contextmanager
def serving(servers: Sequence[socketserver.BaseServer]) -> Iterator[None]:
    """Serve each in a thread of its own, and close all of them at the end."""
    threads = [
        threading.Thread(target=one.serve_forever, args=(0.2,), daemon=True) for one in servers
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join(5)
