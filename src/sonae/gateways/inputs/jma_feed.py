"""気象庁防災情報XML by its public Atom feeds: polled, each telegram fetched once, gaps caught up.

Four feeds (regular, extra, eqvol, other), each short (about ten minutes) and long (days, ``_l``). A
poll asks with the validators of the last answer, so that an unchanged feed costs nothing; addresses
that pull the same files again and again have been blocked. One-minute polling is up to a minute
late: right for evacuation decisions, never for 緊急地震速報.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.marks import gettext_noop as _
from sonae.domains.warnings.interface import InputKind, Link, Option
from sonae.engines.warnings.safexml import parse
from sonae.gateways.inputs.web import Half, Host, Page

ADDRESS: Final = "https://www.data.jma.go.jp/developer/xml/feed/"
FEEDS: Final = ("regular", "extra", "eqvol", "other")
SHORT_COVERS: Final = timedelta(minutes=8)
"""After a longer gap the short feeds may have dropped something: the long ones are read."""
MOST_SEEN: Final = 20_000
"""Telegrams remembered by their id: more than the long feeds hold."""
MOST_TRIES: Final = 3
_ATOM: Final = "{http://www.w3.org/2005/Atom}"


@dataclass(frozen=True)
class Entry:
    """One telegram that a feed names."""

    id: str
    link: str
    updated: str


@dataclass
class _Memory:
    """What the receiver knows of earlier polls; kept over restarts."""

    seen: dict[str, None] = field(default_factory=dict)
    validators: dict[str, tuple[str, str]] = field(default_factory=dict)
    polled_at: str = ""
    tries: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, progress: Mapping[str, Any]) -> _Memory:
        """What `Link.keep` stored."""
        validators = {k: (v[0], v[1]) for k, v in progress.get("validators", {}).items()}
        return cls(
            dict.fromkeys(progress.get("seen", ())), validators, progress.get("polled_at", "")
        )

    def as_progress(self) -> dict[str, Any]:
        """What to keep: the newest ids only."""
        seen = list(self.seen)[-MOST_SEEN:]
        return {"seen": seen, "validators": self.validators, "polled_at": self.polled_at}

    def needs_the_long_feeds(self, now: datetime) -> bool:
        """Whether something may have left the short feeds since the last complete poll."""
        if not self.polled_at:
            return True
        return now - datetime.fromisoformat(self.polled_at) > SHORT_COVERS


def receive(link: Link) -> None:
    """Poll until told to stop; whatever fails is raised after the other feeds had their turn."""
    host = Host(str(link.options.get("url", ADDRESS)))
    memory = _Memory.of(link.progress)
    try:
        while not link.stopped():
            _poll(link, host, memory)
            link.stopped(float(link.options.get("interval", 60)))
    finally:
        host.close()


def _poll(link: Link, host: Host, memory: _Memory) -> None:
    """Ask every feed once; what was read is remembered even when the poll is cut short."""
    now = clock.SystemClock().now()
    long = "_l" if memory.needs_the_long_feeds(now) else ""
    failures: list[Exception] = []
    try:
        for feed in FEEDS:
            try:
                _read_feed(link, host, memory, f"{feed}{long}.xml")
            except (OSError, SonaeError) as error:
                failures.append(error)
        if not failures and not link.stopped():
            memory.polled_at = now.isoformat()
    finally:
        link.keep(memory.as_progress())
    if failures:
        raise failures[0]


def _read_feed(link: Link, host: Host, memory: _Memory, name: str) -> None:
    """Fetch what a feed names and nobody has yet; an unchanged feed is a sign of life."""
    if link.stopped():
        return
    etag, modified = memory.validators.get(name, ("", ""))
    page = host.get(name, etag, modified)
    link.heard()
    if page.status == 304:
        return
    complete = True
    for entry in sorted(_entries(page), key=lambda one: one.updated):
        if entry.id not in memory.seen:
            complete &= not link.stopped() and _fetch(link, host, memory, entry)
    if complete:
        memory.validators[name] = (page.etag, page.modified)


def _entries(page: Page) -> Iterable[Entry]:
    """Return what a feed names; `SonaeError` when it is no feed (a half one is none)."""
    root = parse(page.body).root
    if root.tag != f"{_ATOM}feed":
        raise SonaeError("not_a_feed", "フィード（Atom）ではない応答でした。")
    return list(_named(root.iter(f"{_ATOM}entry")))


def _named(entries: Iterable[Any]) -> Iterator[Entry]:
    for entry in entries:
        identifier = (entry.findtext(f"{_ATOM}id") or "").strip()
        found = entry.find(f"{_ATOM}link")
        link = found.get("href", "") if found is not None else ""
        if identifier and (link or identifier.startswith("http")):
            yield Entry(identifier, link or identifier, entry.findtext(f"{_ATOM}updated") or "")


def _fetch(link: Link, host: Host, memory: _Memory, entry: Entry) -> bool:
    """Hand one telegram in; False when it came in half and will be fetched again.

    One that stays broken is handed in as it is: kept, and shown to a person.
    """
    try:
        body = host.get(entry.link).body
        broken = not body.rstrip().endswith(b">")
    except Half:
        body, broken = b"", True
    except SonaeError as error:
        if error.code != "foreign_host":
            raise
        body, broken = entry.link.encode(), False
    tries = memory.tries.get(entry.id, 0) + 1
    if broken and tries < MOST_TRIES:
        memory.tries[entry.id] = tries
        return False
    link.hand_in(body)
    memory.tries.pop(entry.id, None)
    memory.seen[entry.id] = None
    return True


KIND: Final = InputKind(
    name="jma-feed",
    label=_("気象庁防災情報XML（公開フィード）"),
    receiver=receive,
    options={
        "url": Option(_("フィードのアドレス"), ADDRESS, help=_("ふつうは変えません。")),
        "interval": Option(
            _("確認の間隔（秒）"),
            60,
            help=_("短くしすぎると、気象庁に接続を止められることがあります。"),
        ),
    },
    silent_after=300,
    needs=_("契約はいりません。1分ごとの確認なので、緊急地震速報には間に合いません。"),
)
"""What staff choose when they add this line."""
