"""CAP feeds of any issuer: an Atom or RSS index with links, alerts inside the feed, or one alert.

Polled like the weather service's feeds. A link may lead only to the feed's own host and to those
that are named; certificates pinned here decide which signatures are believed (domains.warnings).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urljoin

from lxml import etree

from sonae.core.errors import SonaeError
from sonae.core.marks import gettext_noop as _
from sonae.domains.warnings.interface import InputKind, Link, Option
from sonae.engines.warnings.reader import split
from sonae.engines.warnings.report import local
from sonae.engines.warnings.safexml import parse
from sonae.engines.warnings.signature import certificates
from sonae.gateways.inputs.polling import Entry, Memory, fetch_new, read_index
from sonae.gateways.inputs.web import Host, Page

CAP_TYPE: Final = "application/cap+xml"
_INDEXES: Final = frozenset({"feed", "rss", "RDF"})


def receive(link: Link) -> None:
    """Poll one address until told to stop."""
    url = str(link.options["url"])
    host = Host(urljoin(url, "./"), also=_words(link.options.get("hosts", "")))
    memory = Memory.of(link.progress)
    try:
        while not link.stopped():
            try:
                read_index(link, host, memory, url, lambda page: _take(link, host, memory, page))
            finally:
                link.keep(memory.as_progress())
            link.stopped(float(link.options.get("interval", 60)))
    finally:
        host.close()


def _take(link: Link, host: Host, memory: Memory, page: Page) -> bool:
    """Do with an answer what its form asks for; whether everything is received."""
    root = parse(page.body).root
    kind = local(root)
    if kind == "alert":
        return _hand_in(link, memory, [page.body], ())
    if next(root.iter("{*}alert"), None) is not None:
        return _hand_in(link, memory, split(page.body), (f"wrapped_in:{kind}",))
    if kind not in _INDEXES:
        raise SonaeError("not_a_feed", f"CAP でもフィードでもない応答でした（{kind[:40]}）。")
    return fetch_new(link, host, memory, entries_of(root))


def _hand_in(
    link: Link, memory: Memory, documents: Iterable[bytes], notes: tuple[str, ...]
) -> bool:
    """Hand in the alerts that are not here yet, by what they hold."""
    for document in documents:
        key = hashlib.sha256(document).hexdigest()
        if key not in memory.seen:
            link.hand_in(document, notes=notes)
            memory.seen[key] = None
    return True


def entries_of(root: etree._Element) -> list[Entry]:
    """Return what an Atom or RSS index names; an edition of another date is another document."""
    found: list[Entry] = []
    for item in root.iter("{*}entry", "{*}item"):
        link = next(iter(_links(item)), "")
        if link:
            updated = _first(item, "updated", "pubDate", "date", "published")
            key = "\x1f".join((_first(item, "id", "guid"), link, updated))
            found.append(Entry(hashlib.sha256(key.encode()).hexdigest()[:32], link))
    # The dates of RSS do not sort as text; indexes list the newest first.
    return [Entry(one.key, one.link, f"{number:06d}") for number, one in enumerate(reversed(found))]


def _links(item: etree._Element) -> Iterator[str]:
    """The item's links, one to a CAP message first."""
    links = [*item.iterchildren("{*}link"), *item.iterchildren("{*}enclosure")]
    for wanted in (True, False):
        for one in links:
            if (one.get("type") == CAP_TYPE) is wanted and one.get("rel") != "self":
                yield from _href(one)


def _href(element: Any) -> Iterator[str]:
    written = element.get("href") or element.get("url") or element.text or ""
    if written.strip():
        yield str(written).strip()


def _first(item: etree._Element, *names: str) -> str:
    for name in names:
        if written := (item.findtext(f"{{*}}{name}") or "").strip():
            return written
    return ""


def _words(written: object) -> list[str]:
    return [word for part in str(written).split(",") if (word := part.strip())]


KIND: Final = InputKind(
    name="cap-feed",
    label=_("CAP 1.2 のフィード（ほかの発信者）"),
    receiver=receive,
    options={
        "url": Option(
            _("フィードのアドレス"),
            required=True,
            help=_("Atom・RSS の一覧、警報をまとめたフィード、または警報1通のアドレス"),
        ),
        "hosts": Option(
            _("ほかに開いてよいサーバー"),
            help=_("警報が別のサーバーにあるとき、その名前を「,」で並べます。"),
        ),
        "certificates": Option(
            _("発信者の証明書（PEM）"),
            lines=True,
            check=certificates,
            help=_(
                "登録すると、この証明書で署名された警報だけを使います。"
                "署名のある警報は、登録がないと確かめられないので、使いません（届いたことは知らせます）。"
            ),
        ),
        "areas": Option(
            _("当市とみなす区域の名前やコード"),
            help=_(
                "警報の areaDesc か geocode を「,」で並べます。"
                "図形の警報は、市の町の位置と重なるかどうかで決まるので、書かなくてよいです。"
            ),
        ),
        "interval": Option(_("確認の間隔（秒）"), 60),
    },
    silent_after=300,
    needs=_(
        "発信者が公開しているアドレスが必要です。間隔をおいた確認なので、一刻を争う警報には間に合いません。"
        "署名を確かめるには、発信者の証明書を、フィードとは別の方法で受け取ってください。"
    ),
)
"""What staff choose when they add this line."""
