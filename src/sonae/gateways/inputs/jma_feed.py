"""気象庁防災情報XML by its public Atom feeds: polled, each telegram fetched once, gaps caught up.

Four feeds (regular, extra, eqvol, other), each short (about ten minutes) and long (days, ``_l``). A
poll asks with the validators of the last answer, so that an unchanged feed costs nothing; addresses
that pull the same files again and again have been blocked. One-minute polling is up to a minute
late: right for evacuation decisions, never for 緊急地震速報.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.marks import gettext_noop as _
from sonae.domains.warnings.interface import InputKind, Link, Option
from sonae.engines.warnings.safexml import parse
from sonae.gateways.inputs.polling import Entry, Memory, fetch_new, read_index
from sonae.gateways.inputs.web import Host, Page

ADDRESS: Final = "https://www.data.jma.go.jp/developer/xml/feed/"
FEEDS: Final = ("regular", "extra", "eqvol", "other")
SHORT_COVERS: Final = timedelta(minutes=8)
"""After a longer gap the short feeds may have dropped something: the long ones are read."""
_ATOM: Final = "{http://www.w3.org/2005/Atom}"


def needs_the_long_feeds(memory: Memory, now: datetime) -> bool:
    """Whether something may have left the short feeds since the last complete poll."""
    if not memory.polled_at:
        return True
    return now - datetime.fromisoformat(memory.polled_at) > SHORT_COVERS


def receive(link: Link) -> None:
    """Poll until told to stop; whatever fails is raised after the other feeds had their turn."""
    host = Host(str(link.options.get("url", ADDRESS)))
    memory = Memory.of(link.progress)
    try:
        while not link.stopped():
            _poll(link, host, memory)
            link.stopped(float(link.options.get("interval", 60)))
    finally:
        host.close()


def _poll(link: Link, host: Host, memory: Memory) -> None:
    """Ask every feed once; what was read is remembered even when the poll is cut short."""
    now = clock.SystemClock().now()
    long = "_l" if needs_the_long_feeds(memory, now) else ""
    failures: list[Exception] = []
    try:
        for feed in FEEDS:
            try:
                read_index(
                    link, host, memory, f"{feed}{long}.xml",
                    lambda page: fetch_new(link, host, memory, _entries(page)),
                )  # fmt: skip
            except (OSError, SonaeError) as error:
                failures.append(error)
        if not failures and not link.stopped():
            memory.polled_at = now.isoformat()
    finally:
        link.keep(memory.as_progress())
    if failures:
        raise failures[0]


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
