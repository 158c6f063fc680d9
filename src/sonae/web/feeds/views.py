"""The open feed: an Atom list of signed CAP messages, for broadcasters, navigation and neighbours."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseNotModified
from django.shortcuts import render
from lxml import etree

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.messages import interface as messages
from sonae.domains.messages.interface import Transmission
from sonae.domains.municipalities.interface import municipality
from sonae.platform.access import Audience, audience
from sonae.web.feeds import cap, signing
from sonae.web.links import absolute
from sonae.web.templatetags.sonae import in_world

ATOM = "http://www.w3.org/2005/Atom"
_CAP_TYPE = "application/cap+xml"


def _published() -> list[Transmission]:
    """Return what was published to the feed and has not expired, newest first."""
    return messages.published("cap", clock.now() - cap.EXPIRES)


def _answer(request: HttpRequest, body: bytes, kind: str, known_by: bytes) -> HttpResponse:
    """Answer with an ETag of ``known_by``; 304 when the caller has it already."""
    tag = f'"{hashlib.sha256(known_by).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag})
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}
    return HttpResponse(body, content_type=kind, headers=headers)


def _entry(feed: etree._Element, request: HttpRequest, row: Transmission) -> None:
    """Append one item."""
    entry = etree.SubElement(feed, f"{{{ATOM}}}entry")
    etree.SubElement(entry, f"{{{ATOM}}}id").text = row.identifier
    etree.SubElement(entry, f"{{{ATOM}}}title").text = row.frozen["ja"]["subject"]
    etree.SubElement(entry, f"{{{ATOM}}}updated").text = row.created_at.isoformat(
        timespec="seconds"
    )
    link = etree.SubElement(entry, f"{{{ATOM}}}link")
    link.set("href", absolute(request, f"/feeds/cap/{cap.identifier(row)}.xml"))
    link.set("type", _CAP_TYPE)


@audience(Audience.PUBLIC)
def overview(request: HttpRequest) -> HttpResponse:
    """List the feeds with their addresses, for people who were only told of ``/feeds/``."""
    context = {"atom": absolute(request, in_world("/feeds/cap.atom")), "count": len(_published())}
    return render(request, "feeds/page.html", context)


@audience(Audience.PUBLIC)
def atom(request: HttpRequest) -> HttpResponse:
    """List what the city published, newest first."""
    rows, here = _published(), municipality()
    feed = etree.fromstring(f'<feed xmlns="{ATOM}"/>')
    etree.SubElement(feed, f"{{{ATOM}}}id").text = absolute(request, "/feeds/cap.atom")
    etree.SubElement(feed, f"{{{ATOM}}}title").text = here.name
    newest = max((row.created_at for row in rows), default=None)
    updated = newest.isoformat(timespec="seconds") if newest else "1970-01-01T00:00:00+00:00"
    etree.SubElement(feed, f"{{{ATOM}}}updated").text = updated
    author = etree.SubElement(feed, f"{{{ATOM}}}author")
    etree.SubElement(author, f"{{{ATOM}}}name").text = here.name
    for row in rows:
        _entry(feed, request, row)
    body = etree.tostring(feed, xml_declaration=True, encoding="UTF-8")
    return _answer(request, body, "application/atom+xml; charset=utf-8", body)


@audience(Audience.PUBLIC)
def alert(request: HttpRequest, name: str) -> HttpResponse:
    """Return one signed CAP message."""
    row = messages.published_as("cap", f"urn:uuid:{name}")
    if row is None:
        raise SonaeError("not_found", "この番号の情報はありません。")
    plain = cap.build(row, municipality())
    # Each signature differs: what the message says is what it is known by.
    return _answer(request, signing.sign(plain), _CAP_TYPE, etree.tostring(plain))
