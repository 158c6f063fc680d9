"""Pages that are the same for everybody: rendered once a second, kept ready, answered from memory.

When the whole city opens the page at once, an answer must cost nothing: no database, no session, no
template. The rendered bytes are at most `FRESH_SECONDS` old; an unchanged page is answered by 304.
"""

import gzip
import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from sonae.platform.scope import current

FRESH_SECONDS = 1.0
STALE_SECONDS = 10.0
"""While one thread renders anew, others may answer with a page at most this old."""


@dataclass(frozen=True)
class _Page:
    """One rendering: its bytes, the same compressed, and its tag."""

    plain: bytes
    packed: bytes
    etag: str


def _page(body: bytes) -> _Page:
    """Return a rendering ready to be sent; the same content always has the same tag."""
    tag = hashlib.sha256(body).hexdigest()[:20]
    return _Page(body, gzip.compress(body, 9, mtime=0), f'W/"{tag}"')


@dataclass
class _Kept:
    """The newest rendering of one page, municipality, world and language."""

    page: _Page = field(default_factory=lambda: _page(b""))
    made: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, body: bytes) -> None:
        """Put a new rendering in place at once; readers see the old one or the new one."""
        if body != self.page.plain:
            self.page = _page(body)
        self.made = time.monotonic()


Render = Callable[[HttpRequest], bytes]
_kept: dict[tuple[str, ...], _Kept] = {}


def forget() -> None:
    """Drop all kept pages of this process (tests, a changed city)."""
    _kept.clear()


def for_everyone(name: str) -> Callable[[Render], Callable[[HttpRequest], HttpResponse]]:
    """Make a view of a function that renders the same bytes for every reader of one language.

    The function must use nothing of the request but its world: what one reader sends must never
    reach another.
    """

    def decorate(render: Render) -> Callable[[HttpRequest], HttpResponse]:
        @wraps(render)
        def view(request: HttpRequest) -> HttpResponse:
            return _answer(request, _fresh(name, render, request))

        return view

    return decorate


def _fresh(name: str, render: Render, request: HttpRequest) -> _Page:
    """Return the kept page, rendered anew when it is too old; one thread renders, none waits long."""
    scope = current()
    key = (name, scope.municipality, scope.world.value, get_language() or "")
    kept = _kept.setdefault(key, _Kept())
    age = time.monotonic() - kept.made
    if age >= FRESH_SECONDS and kept.lock.acquire(blocking=age >= STALE_SECONDS):
        try:
            if time.monotonic() - kept.made >= FRESH_SECONDS:
                kept.keep(render(request))
        finally:
            kept.lock.release()
    return kept.page


def _answer(request: HttpRequest, page: _Page) -> HttpResponse:
    """Answer 304 to who has it already, else the page, compressed where the browser can."""
    if page.etag in request.META.get("HTTP_IF_NONE_MATCH", ""):
        response = HttpResponse(status=304)
    elif "gzip" in request.META.get("HTTP_ACCEPT_ENCODING", ""):
        response = HttpResponse(page.packed, headers={"Content-Encoding": "gzip"})
    else:
        response = HttpResponse(page.plain)
    response.headers["ETag"] = page.etag
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Accept-Encoding, Accept-Language, Cookie"
    return response
