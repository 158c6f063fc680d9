"""Rendered pieces kept in memory for a moment: one thread renders, a thousand readers share.

A kept piece is the same for everybody who may see it. Its tag depends on its content only, so that
who has it already is answered without a body.
"""

import gzip
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from sonae.platform.scope import current

STALE_SECONDS = 10.0
"""While one thread renders anew, others may be answered with a piece at most this old."""

MOST_KEPT = 1000
"""So many pieces at most (some 15 MB); the longest unused ones go first."""


@dataclass(frozen=True)
class Page:
    """One rendering: its bytes, the same compressed, and its tag."""

    plain: bytes
    packed: bytes
    etag: str


@dataclass
class _Kept:
    """The newest rendering of one piece, and when it was made (monotonic seconds)."""

    page: Page | None = None
    made: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)


_kept: dict[tuple[str, ...], _Kept] = {}
_adding = threading.Lock()


def forget() -> None:
    """Drop everything kept by this process (tests, a city that was made anew)."""
    _kept.clear()


@contextmanager
def for_all(request: HttpRequest) -> Iterator[None]:
    """Render without what is pending for one reader: it waits for a page of that reader's own."""
    held = request.__dict__.pop("_messages", None)
    try:
        yield
    finally:
        if held is not None:
            request.__dict__["_messages"] = held


def page_of(body: bytes) -> Page:
    """Return a rendering ready to be sent; the same content always has the same tag."""
    tag = hashlib.sha256(body).hexdigest()[:20]
    return Page(body, gzip.compress(body, 9, mtime=0), f'W/"{tag}"')


def keep(name: str, seconds: float, render: Callable[[], bytes]) -> Page:
    """Return the piece ``name`` of this municipality, world and language, at most ``seconds`` old.

    ``render`` must not depend on who asks. When it is due, one caller renders and the others get
    the last one at once, unless that is older than `STALE_SECONDS`.
    """
    scope = current()
    key = (name, scope.municipality, scope.world.value, get_language() or "")
    kept = _kept.get(key) or _added(key)
    age = time.monotonic() - kept.made
    if age >= seconds and kept.lock.acquire(blocking=age >= STALE_SECONDS):
        try:
            if time.monotonic() - kept.made >= seconds:
                _renew(kept, render())
        finally:
            kept.lock.release()
    assert kept.page is not None
    return kept.page


def _added(key: tuple[str, ...]) -> _Kept:
    """Return a new place for a piece; when there are too many, the oldest renderings give way."""
    with _adding:
        if len(_kept) >= MOST_KEPT:
            oldest = sorted(_kept, key=lambda one: _kept[one].made)
            for one in oldest[: MOST_KEPT // 4]:
                del _kept[one]
        return _kept.setdefault(key, _Kept())


def _renew(kept: _Kept, body: bytes) -> None:
    """Put a new rendering in place at once; readers see the old one or the new one."""
    if kept.page is None or body != kept.page.plain:
        kept.page = page_of(body)
    kept.made = time.monotonic()


def answer(request: HttpRequest, page: Page, *, packed: bool) -> HttpResponse:
    """Answer 304 to who has it already, else the page; ``packed`` allows compression.

    Compress only what holds no secret: the size of a compressed secret can give it away.
    """
    if page.etag in request.META.get("HTTP_IF_NONE_MATCH", ""):
        response = HttpResponse(status=304)
    elif packed and "gzip" in request.META.get("HTTP_ACCEPT_ENCODING", ""):
        response = HttpResponse(page.packed, headers={"Content-Encoding": "gzip"})
    else:
        response = HttpResponse(page.plain)
    response.headers["ETag"] = page.etag
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Accept-Encoding, Accept-Language, Cookie"
    return response
