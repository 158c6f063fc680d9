"""Lアラート: the receiving side. The commons call our ``MQService.publish`` over HTTPS.

The answer with code 0 goes out when the document is on disk; wrong credentials and XML that is unsafe
are answered with a SOAP Fault and shown to staff. v1 形式（公開資料に基づく）.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final, cast

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.marks import gettext_noop as _
from sonae.domains.warnings.interface import InputKind, Link, Option
from sonae.engines.warnings.safexml import MAX_BYTES
from sonae.gateways.inputs import lalert_soap, listening
from sonae.gateways.inputs.handover import Handover, LineClosed

BODY_SECONDS: Final = 120.0
"""A request must be complete by then."""
IDLE_SECONDS: Final = 30.0
_PIECE: Final = 1 << 16
_LONGEST_LINE: Final = 1024


class _Unfit(Exception):
    """A request that is no request: the HTTP status, and why in words."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class _Server(listening.Listener):
    """The port of the commons, with or without TLS."""

    request_queue_size = 32

    def __init__(
        self,
        address: tuple[str, int],
        handover: Handover,
        peers: Any,
        gate: lalert_soap.Gate,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.gate, self._tls = gate, tls
        super().__init__(address, _Request, handover, peers)

    def get_request(self) -> tuple[Any, Any]:
        """Accept a caller; its handshake is done in its own thread."""
        line, address = super().get_request()
        if self._tls is not None:
            line = self._tls.wrap_socket(line, server_side=True, do_handshake_on_connect=False)
        return line, address


class _Request(BaseHTTPRequestHandler):
    """One connection, request after request."""

    protocol_version = "HTTP/1.1"
    server_version = "Sonae"
    sys_version = ""
    timeout = IDLE_SECONDS

    def do_POST(self) -> None:
        """Take one call of ``publish``."""
        server = cast("_Server", self.server)
        who = self.client_address[0]
        try:
            call = lalert_soap.opened(self._body())
            server.gate.admit(call, clock.SystemClock().now())
        except _Unfit as unfit:
            server.handover.trouble(f"{who}: {unfit}")
            self._say(unfit.status, lalert_soap.fault("Client", str(unfit)), close=True)
        except lalert_soap.Denied as denied:
            server.handover.trouble(f"{who}: {denied.detail}")
            text = "認証できません。"
            self._say(500, lalert_soap.fault("wsse:FailedAuthentication", text))
        except SonaeError as refused:
            server.handover.trouble(f"{who}: {refused.detail}")
            self._say(500, lalert_soap.fault("Client", f"{refused.code}: {refused.detail}"))
        else:
            self._store(server, call)

    def _store(self, server: _Server, call: lalert_soap.Call) -> None:
        server.handover.heard()
        try:
            taken = server.handover.hand_in(call.document)
        except (LineClosed, TimeoutError):
            text = "保存できませんでした。あとで送り直してください。"
            self._say(500, lalert_soap.fault("Server", text), close=True)
            return
        result = "duplicate" if taken.duplicate else "kept" if taken.refused else "accepted"
        self._say(200, lalert_soap.answer(0, result))

    def _body(self) -> bytes:
        """Return the whole body, within its limits of size and time."""
        until = time.monotonic() + BODY_SECONDS
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks(until)
        told = self.headers.get("Content-Length", "")
        if not told.isdecimal():
            raise _Unfit(411, "長さ（Content-Length）がありません。")
        return self._exactly(int(told), until)

    def _chunks(self, until: float) -> bytes:
        """Return a body sent in chunks, as many SOAP clients do."""
        got = bytearray()
        while True:
            line = self.rfile.readline(_LONGEST_LINE).split(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError:
                raise _Unfit(400, "本文の区切りが読めません。") from None
            if size < 0 or len(got) + size > MAX_BYTES:
                raise _Unfit(413, "本文が大きすぎます。")
            if size:
                got += self._exactly(size, until)
            while self.rfile.readline(_LONGEST_LINE).strip():
                if size or time.monotonic() > until:
                    raise _Unfit(400, "本文の区切りが読めません。")
            if not size:
                return bytes(got)

    def _exactly(self, size: int, until: float) -> bytes:
        if size > MAX_BYTES:
            raise _Unfit(413, "本文が大きすぎます。")
        got = bytearray()
        while len(got) < size:
            piece = self.rfile.read1(min(size - len(got), _PIECE))
            if not piece or time.monotonic() > until:
                raise _Unfit(400, "本文が途中で切れました。")
            got += piece
        return bytes(got)

    def _say(self, status: int, body: bytes, *, close: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what matters is shown to staff."""


def receive(link: Link) -> None:
    """Listen until told to stop."""
    handover, options = Handover(link), link.options
    window = timedelta(seconds=int(options.get("window", 300)))
    gate = lalert_soap.Gate(
        str(options["user"]),
        link.secrets["password"],
        window,
        used=handover.recall("used") or {},
        remember=partial(handover.keep, "used"),
    )
    address = (str(options.get("host", "")), int(options["port"]))
    peers = listening.networks(str(options["peers"]))
    server = _Server(address, handover, peers, gate, _tls(options))
    try:
        with listening.serving([server]):
            handover.serve()
    finally:
        handover.close()


def _tls(options: Mapping[str, Any]) -> ssl.SSLContext | None:
    """Return what TLS needs; None where no certificate is given (a proxy does it, or the city's own net)."""
    if not options.get("certificate"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(str(options["certificate"]), options.get("key") or None)
        if options.get("client_ca"):
            context.load_verify_locations(str(options["client_ca"]))
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise SonaeError("unprocessable", f"証明書を読めません: {error}") from error
    return context


def check(options: Mapping[str, Any]) -> None:
    """Refuse settings that cannot work, or that would send a password's digest in the open."""
    listening.check_address(options)
    if len(listening.ports(str(options["port"]))) != 1:
        raise SonaeError("unprocessable", "ポートは1つだけ指定してください。")
    files = [options.get(name) for name in ("certificate", "key", "client_ca")]
    for file in filter(None, files):
        if not Path(str(file)).is_file():
            raise SonaeError("unprocessable", f"ファイルがありません: {file}")
    near = all(one.is_private for one in listening.networks(str(options["peers"])))
    if not options.get("certificate") and not near:
        raise SonaeError(
            "unprocessable",
            "庁外の相手から受けるには、証明書（TLS）が必要です。",
            "証明書のファイルを指定するか、TLSを受け持つ中継サーバーの内側で待ってください。",
        )


KIND: Final = InputKind(
    name="lalert",
    label=_("Lアラート（受信側）"),
    receiver=receive,
    options={
        "port": Option(_("待ち受けるポート"), required=True),
        "peers": listening.PEERS,
        "user": Option(_("利用者名"), required=True),
        "password": Option(_("パスワード"), required=True, secret=True),
        "certificate": Option(
            _("証明書のファイル"),
            help=_("サーバー上の場所（PEM）。庁外から受けるときは必ず指定する"),
        ),
        "key": Option(_("秘密鍵のファイル"), help=_("証明書と同じファイルにあれば空にする")),
        "client_ca": Option(
            _("相手の証明書の認証局"),
            help=_("指定すると、その認証局の証明書を持つ相手だけを受ける"),
        ),
        "window": Option(_("時計のずれの許容（秒）"), 300),
        "host": listening.HOST,
    },
    silent_after=30 * 86_400,
    needs=_(
        "Lアラート（公共情報コモンズ）の利用申請が必要です。公開されている v1 の形式に基づいて作られています。"
        "運用を始める前に、Lアラートの試験環境で確かめてください。"
    ),
    check=check,
)
"""What staff choose when they add this line."""
