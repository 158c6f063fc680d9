"""Jアラート over TCP: the receiver connects to us and pushes frames (JMAソケット), one port per source.

Ports for training make everything an exercise. A check-point is acknowledged only when the document is
on disk; what breaks off in the middle is kept as it came and shown to a person.
"""

from __future__ import annotations

import socket
import socketserver
import time
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, cast

from sonae.core.errors import SonaeError
from sonae.core.marks import gettext_noop as _
from sonae.domains.warnings.interface import InputKind, Link, Option
from sonae.engines.warnings import jalert_pushed
from sonae.gateways.inputs import listening
from sonae.gateways.inputs.handover import Handover, LineClosed
from sonae.gateways.inputs.jma_frame import (
    HEAD_BYTES,
    HEALTH_ANSWER,
    Frame,
    contents,
    is_xml,
    length_of,
)

STALL_SECONDS: Final = 60.0
"""A frame that stops in the middle for this long will not be completed."""
_LOOK_SECONDS: Final = 0.5
_SENT_ANYWAY: Final = 65_536
TEST_FLAG: Final = "試験の印が付いた電文が届きました。訓練かどうかは、電文そのものに従います。"


class _Broken(Exception):
    """The line is out of step, or broke off: ``kept`` is what there was of a document."""

    def __init__(self, why: str, kept: bytes) -> None:
        super().__init__(why)
        self.kept = kept


class _Port(listening.Listener):
    """One port, and whether it is for training."""

    def __init__(
        self, address: tuple[str, int], handover: Handover, peers: Any, *, training: bool
    ) -> None:
        self.training = training
        super().__init__(address, _Connection, handover, peers)


class _Connection(socketserver.BaseRequestHandler):
    """One connection of a receiver: frames until it ends."""

    def handle(self) -> None:
        """Take frame after frame; end the connection when it is out of step."""
        self.port = cast("_Port", self.server)
        self.line = cast("socket.socket", self.request)
        self.line.settimeout(_LOOK_SECONDS)
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.port.handover.heard()
        try:
            while (frame := self._next()) is not None:
                self._take(frame)
        except _Broken as broken:
            where = f"ポート {self.port.server_address[1]}"
            self.port.handover.trouble(f"{where}: {broken}")
            if broken.kept:
                self.port.handover.hand_in(broken.kept, rehearsal=self.port.training)
        except (LineClosed, TimeoutError, OSError):
            return

    def _next(self) -> Frame | None:
        """Return the next frame; None when the receiver has closed in order, or we end."""
        head = self._read(HEAD_BYTES, idle=True)
        if not head:
            return None
        length = length_of(head) if len(head) == HEAD_BYTES else None
        if length is None:
            kept = head + self._at_hand() if len(head) == HEAD_BYTES else b""
            raise _Broken("電文の頭が読めないため、接続を切りました。", kept)
        body = self._read(length)
        if len(body) < length:
            if self.port.handover.closed:
                return None
            kept = body if head[8:10].upper() == b"JL" else contents(body)[0]
            raise _Broken(f"電文が途中で切れました（{len(body):,} / {length:,} バイト）。", kept)
        return Frame(head, body)

    def _take(self, frame: Frame) -> None:
        """Store what a frame carries, then answer."""
        handover, training = self.port.handover, self.port.training
        if frame.kind == "EN":
            handover.heard()
            if frame.is_health_check:
                self.line.sendall(HEALTH_ANSWER)
            return
        if frame.kind == "JL":
            stamp = partial(jalert_pushed.document, jalert_pushed.TAR)
            handover.hand_in(frame.body, rehearsal=training, stamp=stamp)
        else:
            document, test = contents(frame.body)
            # A telegram says itself whether it is one of 訓練; a misread bit must not hide a real one.
            says_itself = is_xml(document)
            handover.hand_in(document, rehearsal=training or (test and not says_itself))
            if test and says_itself and not training:
                handover.trouble(TEST_FLAG)
        if frame.wants_acknowledgement:
            self.line.sendall(frame.acknowledgement)

    def _read(self, size: int, *, idle: bool = False) -> bytes:
        """Return so many bytes; fewer when the line ends, stalls or breaks. ``idle``: it may wait long."""
        got, moved = bytearray(), time.monotonic()
        while len(got) < size and not self.port.handover.closed:
            try:
                piece = self.line.recv(min(size - len(got), 1 << 16))
            except TimeoutError:
                if (got or not idle) and time.monotonic() - moved > STALL_SECONDS:
                    break
                continue
            except OSError:
                break
            if not piece:
                break
            got += piece
            moved = time.monotonic()
        return bytes(got)

    def _at_hand(self) -> bytes:
        """Return what the sender has sent already, so that a person can see what it was."""
        try:
            return self.line.recv(_SENT_ANYWAY)
        except OSError:
            return b""


def receive(link: Link) -> None:
    """Listen on every port until told to stop."""
    handover = Handover(link)
    host, peers = str(link.options.get("host", "")), listening.networks(str(link.options["peers"]))
    found: list[_Port] = []
    try:
        for training in (False, True):
            found.extend(
                _Port((host, port), handover, peers, training=training)
                for port in _ports(link.options, training=training)
            )
        with listening.serving(found):
            handover.serve()
    finally:
        handover.close()
        for one in found:
            one.server_close()


def _ports(options: Mapping[str, Any], *, training: bool) -> tuple[int, ...]:
    return listening.ports(str(options.get("training_ports" if training else "ports", "")))


def check(options: Mapping[str, Any]) -> None:
    """Refuse settings without a port, or with one that is both real and training."""
    listening.check_address(options)
    found = (*_ports(options, training=False), *_ports(options, training=True))
    if not found:
        raise SonaeError("unprocessable", "通常か訓練のポートを1つは指定してください。")
    if len(set(found)) < len(found):
        raise SonaeError("unprocessable", "同じポートが2度指定されています。")


KIND: Final = InputKind(
    name="jma-socket",
    label=_("Jアラート受信機（JMAソケット）"),
    receiver=receive,
    options={
        "ports": Option(
            _("通常のポート"),
            help=_("コンマか範囲で（例: 36000,36010-36013）。受信機の設定に合わせる"),
        ),
        "training_ports": Option(
            _("訓練のポート"), help=_("ここに届くものは、すべて訓練として扱う")
        ),
        "peers": listening.PEERS,
        "host": listening.HOST,
    },
    silent_after=300,
    needs=_(
        "消防庁に登録したJアラート受信機が必要です。受信機のほうからこのサーバーへ接続します。"
        "受信機の設定で、送り先をこのサーバーのアドレスとポートにしてください。"
    ),
    check=check,
)
"""What staff choose when they add this line."""
