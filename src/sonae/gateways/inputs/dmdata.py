"""DMDATA-style delivery: a WebSocket that pushes telegrams, and a list that closes the gaps.

One run is one connection: a one-use ticket is asked for, the socket is opened at the next of the
configured endpoints, and only then the list is read, so that nothing falls between the two. What
the list names and the socket did not bring is fetched newest first, between the pushed telegrams:
after an outage the present counts before the past. A run that ends is begun again by the
supervisor, later each time, and closes the socket it remembers before it opens another.
"""

from __future__ import annotations

import json
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.marks import gettext_noop as _
from sonae.domains.warnings.interface import InputKind, Link, Option
from sonae.gateways.inputs.web import (
    MOST_BYTES,
    TIMEOUT_SECONDS,
    Answered,
    Half,
    Host,
    unpacked,
    unzipped,
)

PROTOCOL: Final = Subprotocol("dmdata.v2")
APP: Final = "Sonae"
FIRST_REACH: Final = timedelta(hours=24)
"""How far back a line that was never connected reads the list."""
OVERLAP: Final = timedelta(minutes=10)
"""The list is read this much further back than the last moment the socket was known to be alive."""
MOST_PAGES: Final = 500
"""50,000 telegrams of the list: more than a week of everything."""
MOST_SEEN: Final = 500
"""Telegrams remembered by their id: more than come within `OVERLAP`; older ones are not asked for."""
MOST_TRIES: Final = 3
KEEP_EVERY: Final = 5.0
AGAIN_SECONDS: Final = 10.0
"""Pause before the list is asked again when it fails; the socket goes on meanwhile."""
_READ_SECONDS: Final = 1.0
_BETWEEN_FETCHES: Final = 0.06
_ID_CHARS: Final = 24
_REFUSALS: Final = {
    401: "APIキーが正しくありません。",
    402: "有効な契約がありません。",
    403: "APIキーに必要な権限（socket.start・telegram.list・telegram.data など）がありません。",
    409: "同時に接続できる数に達しています。同じAPIキーをほかで使っていないか確かめてください。",
    429: "問い合わせが多すぎると断られました。間をおいてつなぎ直します。",
}
_ERRORS: Final = {
    4404: "チケットが無効でした。取り直します。",
    4409: _REFUSALS[409],
    4503: "相手のサーバーが再起動します。次の接続先につなぎ直します。",
    4807: "契約が解約されたため、切断されました。",
    4808: "配信事業者の管理画面などから切断されました。",
}


@dataclass
class _Memory:
    """What must outlive a run: how far everything was received, what, and which endpoint is next."""

    sure_until: str = ""
    seen: dict[str, None] = field(default_factory=dict)
    turn: int = 0
    socket: str = ""

    @classmethod
    def of(cls, progress: Mapping[str, Any]) -> _Memory:
        """What `Link.keep` stored."""
        return cls(
            str(progress.get("sure_until", "")),
            dict.fromkeys(progress.get("seen", ())),
            int(progress.get("turn", 0)),
            str(progress.get("socket", "")),
        )

    def as_progress(self) -> dict[str, Any]:
        """What to keep."""
        return {
            "sure_until": self.sure_until,
            "seen": list(self.seen),
            "turn": self.turn,
            "socket": self.socket,
        }

    def note(self, identifier: str) -> None:
        """Remember a telegram that is on disk."""
        self.seen[identifier[:_ID_CHARS]] = None
        while len(self.seen) > MOST_SEEN:
            self.seen.pop(next(iter(self.seen)))

    def knows(self, identifier: str) -> bool:
        """Whether a telegram is on disk already."""
        return identifier[:_ID_CHARS] in self.seen


@dataclass
class _Missing:
    """A telegram of the list that the socket did not bring."""

    item: Mapping[str, Any]
    tries: int = 0


def receive(link: Link) -> None:
    """Receive over one connection until told to stop or until it ends."""
    run = _Run(link)
    try:
        run.receive()
    finally:
        run.close()


class _Run:
    """One connection and what it takes: the two REST hosts, the socket, what is still missing."""

    def __init__(self, link: Link) -> None:
        key = b64encode(f"{link.secrets.get('key', '')}:".encode()).decode("ascii")
        headers = {"Authorization": f"Basic {key}"}
        self._link = link
        self._api = Host(str(link.options["url"]), headers=headers)
        self._data = Host(str(link.options["data"]), headers=headers)
        self._wanted = _words(link.options.get("classifications", ""))
        self._test = "including" if link.options.get("test") == "including" else "no"
        self._memory = _Memory.of(link.progress)
        self._missing: list[_Missing] = []
        self._listed: tuple[datetime, float] | None = None
        self._kept = time.monotonic()
        self._again_at = 0.0
        self._held = ExitStack()
        self._socket: ClientConnection | None = None

    def receive(self) -> None:
        """Open the socket, then take what comes, and in the pauses what the list names."""
        self._close_the_last()
        self._socket = self._open(self._ticket())
        self._link.heard()
        while not self._link.stopped():
            behind = self._listed is None or bool(self._missing)
            message = self._next(_BETWEEN_FETCHES if behind else _READ_SECONDS)
            if message is not None:
                self._take(message)
            elif behind and time.monotonic() >= self._again_at:
                self._catch_up()
            self._keep()

    def _catch_up(self) -> None:
        """Do one step of closing the gap; its failure must not stop what is pushed."""
        try:
            if self._listed is None:
                self._missing.extend(self._gap())
            elif self._missing:
                self._fetch(self._missing[0])
        except (OSError, SonaeError) as error:
            self._again_at = time.monotonic() + AGAIN_SECONDS
            self._link.trouble(f"切れていた間の電文をまだ取り直せません（{error}）")
        self._alive()

    def close(self) -> None:
        """Close the socket before anything else, then remember how far it went."""
        self._held.close()
        self._api.close()
        self._data.close()
        self._link.keep(self._memory.as_progress())

    def _close_the_last(self) -> None:
        """End the socket of an earlier run that the other side may still hold: one at a time."""
        if not self._memory.socket:
            return
        try:
            self._api.send("DELETE", f"v2/socket/{self._memory.socket}")
        except Answered as answer:
            # Whatever else is wrong, the next request tells it in words.
            if answer.status >= 500:
                raise
        self._memory.socket = ""

    def _ticket(self) -> str:
        """Ask for a one-use ticket; return the address to use it at."""
        wish = {
            "classifications": self._wanted,
            "test": self._test,
            "appName": APP,
            "formatMode": "raw",
        }
        told = self._json(
            "POST", "v2/socket", json.dumps(wish).encode(), {"Content-Type": "application/json"}
        )
        opened = told.get("websocket") or {}
        self._memory.socket = str(opened.get("id", ""))
        self._link.keep(self._memory.as_progress())
        return self._endpoint(str(opened.get("url", "")))

    def _open(self, address: str) -> ClientConnection:
        """Open the socket; the next run takes the next endpoint, however this one ends."""
        self._memory.turn += 1
        try:
            socket = self._held.enter_context(
                connect(
                    address, subprotocols=[PROTOCOL], open_timeout=TIMEOUT_SECONDS, proxy=None,
                    close_timeout=2, max_size=MOST_BYTES, user_agent_header=APP,
                )
            )  # fmt: skip
        except (InvalidHandshake, InvalidURI) as error:
            raise OSError(f"WebSocket: {error}") from error
        if socket.subprotocol != PROTOCOL:
            raise SonaeError("unprocessable", "WebSocket の相手が dmdata.v2 を話しません。")
        return socket

    def _endpoint(self, address: str) -> str:
        """Return the address of the ticket at the endpoint whose turn it is.

        Only configured endpoints are ever given a ticket, and never in the clear over a network.
        """
        parts = urlsplit(address)
        endpoints = _words(self._link.options.get("endpoints", "")) or [parts.netloc]
        host = endpoints[self._memory.turn % len(endpoints)]
        scheme = "ws" if self._api.base.startswith("http://") else "wss"
        return urlunsplit((scheme, host, parts.path, parts.query, ""))

    def _json(
        self,
        method: str,
        link: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Ask the REST side; a refusal is told in words."""
        try:
            told = json.loads(self._api.send(method, link, body, headers).body)
        except Answered as answer:
            if answer.status in _REFUSALS:
                raise SonaeError("refused", _REFUSALS[answer.status], _said(answer.said)) from None
            raise
        except ValueError:
            raise Half("JSON") from None
        if not isinstance(told, dict):
            raise SonaeError("unprocessable", "JSON の形が違う応答でした。")
        return told

    def _gap(self) -> list[_Missing]:
        """Name what the list has since the socket was last known to be alive, newest first."""
        query = {"limit": "100", "test": self._test, "formatMode": "raw"}
        found: list[_Missing] = []
        begun: tuple[datetime, float] | None = None
        for _page in range(MOST_PAGES):
            told = self._json("GET", f"v2/telegram?{urlencode(query)}")
            if begun is None:
                now = _moment(told.get("responseTime")) or clock.SystemClock().now()
                begun = (now, time.monotonic())
            items = [item for item in told.get("items", ()) if isinstance(item, dict)]
            found += [
                _Missing({name: item.get(name) for name in ("id", "url", "head")})
                for item in items
                if self._wants(item) and not self._memory.knows(str(item.get("id", "")))
            ]
            times = [at for item in items if (at := _moment(item.get("receivedTime")))]
            token = told.get("nextToken")
            if not token or (times and min(times) < self._since(begun[0])):
                break
            query["cursorToken"] = str(token)
        self._listed = begun
        return found

    def _since(self, now: datetime) -> datetime:
        """From when on something may be missing, by the other side's clock."""
        last = _moment(self._memory.sure_until)
        return last - OVERLAP if last else now - FIRST_REACH

    def _wants(self, item: Mapping[str, Any]) -> bool:
        """Whether the list's entry is of what this line receives: XML of the chosen classes."""
        return item.get("format") == "xml" and item.get("classification") in self._wanted

    def _next(self, wait: float) -> Mapping[str, Any] | None:
        """Return the next message, None when none came within ``wait`` seconds."""
        assert self._socket is not None
        try:
            text = self._socket.recv(timeout=wait)
        except TimeoutError:
            return None
        except ConnectionClosed as closed:
            raise OSError(f"接続が切れました（{closed}）") from closed
        try:
            message = json.loads(text)
        except ValueError:
            return {}
        return message if isinstance(message, dict) else {}

    def _take(self, message: Mapping[str, Any]) -> None:
        """Do what one message asks for; whatever it is, the other side is alive."""
        kind = message.get("type")
        if kind == "ping":
            self._send({"type": "pong", "pingId": message.get("pingId", "")})
        elif kind == "data":
            self._data_message(message)
        elif kind == "error" and message.get("close", True):
            raise OSError(_told(message))
        self._link.heard()
        self._alive()

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._socket is not None
        try:
            self._socket.send(json.dumps(message))
        except ConnectionClosed:
            # What was said before the close tells why, and may still wait to be read.
            while (last := self._next(0)) is not None:
                if last.get("type") != "ping":
                    self._take(last)

    def _alive(self) -> None:
        """All until now is here, by the other side's clock, once nothing is missing."""
        if self._listed is not None and not self._missing:
            at, then = self._listed
            self._memory.sure_until = (at + timedelta(seconds=time.monotonic() - then)).isoformat()

    def _data_message(self, message: Mapping[str, Any]) -> None:
        """Hand one pushed telegram in; one that cannot be unpacked is fetched instead."""
        identifier = str(message.get("id", ""))
        if message.get("format") != "xml" or self._memory.knows(identifier):
            return
        try:
            body = body_of(message)
        except Half:
            self._missing.insert(0, _Missing(message))
            return
        self._hand_in(body, message)

    def _fetch(self, missing: _Missing) -> None:
        """Fetch one telegram of the list; one that stays out of reach is shown to a person."""
        identifier = str(missing.item.get("id", ""))
        if self._memory.knows(identifier):
            self._missing.remove(missing)
            return
        try:
            body = self._data.get(str(missing.item.get("url") or f"v1/{identifier}")).body
            broken = not body.rstrip().endswith(b">")
        except Answered as answer:
            if answer.status != 404:
                raise
            body, broken = b"", True
        except Half:
            body, broken = b"", True
        missing.tries += 1
        self._missing.remove(missing)
        if broken and missing.tries < MOST_TRIES:
            self._missing.append(missing)
            return
        self._hand_in(body or json.dumps(dict(missing.item)).encode(), missing.item)

    def _hand_in(self, body: bytes, told: Mapping[str, Any]) -> None:
        """Store one telegram; the flag of the line makes it an exercise whatever it says itself."""
        head = told.get("head") or {}
        self._link.hand_in(body, rehearsal=bool(head.get("test")))
        self._memory.note(str(told.get("id", "")))

    def _keep(self) -> None:
        """Remember how far it went, not oftener than needed."""
        if time.monotonic() - self._kept >= KEEP_EVERY:
            self._kept = time.monotonic()
            self._link.keep(self._memory.as_progress())


def body_of(message: Mapping[str, Any]) -> bytes:
    """Return the telegram of a ``data`` message exactly as it was issued; `Half` when it is broken."""
    written = str(message.get("body", ""))
    try:
        body = b64decode(written) if message.get("encoding") == "base64" else written.encode()
    except ValueError as error:
        raise Half(f"base64: {error}") from error
    packed = message.get("compression")
    if packed == "gzip":
        return unpacked(body)
    return unzipped(body) if packed == "zip" else body


def _told(message: Mapping[str, Any]) -> str:
    """An error message of the socket in words that say what follows."""
    code = message.get("code")
    known = _ERRORS.get(code, "") if isinstance(code, int) else ""
    return f"{known}（{code} {message.get('error', '')}）"[:300]


def _said(body: bytes) -> str:
    """What the other side gave as its reason."""
    try:
        return str(json.loads(body)["error"]["message"])[:300]
    except (ValueError, KeyError, TypeError):
        return ""


def _moment(written: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _no_or_including(written: str) -> None:
    if written not in ("no", "including"):
        raise SonaeError("unprocessable", "訓練・試験の電文は no か including で指定してください。")


def _words(written: object) -> list[str]:
    return [word for part in str(written).split(",") if (word := part.strip())]


KIND: Final = InputKind(
    name="dmdata",
    label=_("DMDATA（電文の即時配信）"),
    receiver=receive,
    options={
        "key": Option(_("APIキー"), required=True, secret=True),
        "classifications": Option(
            _("受信する配信区分"),
            "telegram.earthquake,telegram.volcano,telegram.weather",
            help=_("契約した区分を「,」で並べます。緊急地震速報（警報）は eew.warning です。"),
        ),
        "test": Option(
            _("訓練・試験の電文"),
            "no",
            check=_no_or_including,
            help=_("including にすると受信し、訓練として扱います。no なら受信しません。"),
        ),
        "endpoints": Option(
            _("接続先（順に使います）"),
            "ws-tokyo.api.dmdata.jp,ws-osaka.api.dmdata.jp",
            help=_("切れたときは、次の接続先につなぎ直します。ふつうは変えません。"),
        ),
        "url": Option(_("APIのアドレス"), "https://api.dmdata.jp/", help=_("ふつうは変えません。")),
        "data": Option(
            _("電文本文のアドレス"), "https://data.api.dmdata.jp/", help=_("ふつうは変えません。")
        ),
    },
    silent_after=180,
    needs=_(
        "配信事業者との有料の契約と、APIキーが必要です。インターネットを使います。"
        "切れていた間の電文は一覧から取り直しますが、緊急地震速報だけは取り直せません。"
    ),
)
"""What staff choose when they add this line."""
