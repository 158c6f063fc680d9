"""The base map's file, read in pieces: HTTP Range from our own process, no tile server.

A version's content never changes, so what a browser has fetched once it keeps.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.platform.access import Audience, audience
from sonae.platform.problems import problem

KIND: Final = "application/vnd.pmtiles"
MOST_BYTES: Final = 8 * 1024 * 1024
"""A piece is held in memory: of a longer one only the beginning is answered (RFC 9110 §14.4)."""
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


@audience(Audience.PUBLIC)
def basemap(request: HttpRequest, version: str) -> HttpResponseBase:
    """Answer a piece of a version of the base map (206), or all of it."""
    if request.method not in {"GET", "HEAD"}:
        return problem(405, "refused", "GET か HEAD で読んでください。")
    path = _file(version)
    headers = {
        "ETag": f'"{version}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "public, max-age=31536000, immutable",
    }
    if headers["ETag"] in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers=headers)
    size = path.stat().st_size
    asked = _asked(request, headers["ETag"], size)
    if asked is None:
        return FileResponse(path.open("rb"), content_type=KIND, headers=headers)
    first, last = asked
    if first > last:
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    with path.open("rb") as file:
        file.seek(first)
        body = file.read(last - first + 1)
    headers["Content-Range"] = f"bytes {first}-{first + len(body) - 1}/{size}"
    return HttpResponse(body, status=206, content_type=KIND, headers=headers)


def _file(version: str) -> Path:
    """Return the file of the version in use or of the one before it."""
    found = evacuation.basemap()
    path = found.path.with_stem(version) if found is not None else None
    if path is None or not re.fullmatch(r"[0-9a-f]{16}", version) or not path.exists():
        raise SonaeError("not_found", "この背景地図はありません。ページを開き直してください。")
    return path


def _asked(request: HttpRequest, etag: str, size: int) -> tuple[int, int] | None:
    """Return the first and last byte asked for; None: everything; first > last: nothing there.

    Several ranges at once, and what is no range, count as not asked for (RFC 9110 §14.2).
    """
    match = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if match is None or request.headers.get("If-Range", etag) != etag:
        return None
    begin, end = match.groups()
    if not begin:
        return (max(size - int(end), 0), size - 1) if end and int(end) else None
    first, last = int(begin), min(int(end or size), size - 1)
    if end and int(end) < first:
        return None
    return (first, min(last, first + MOST_BYTES - 1)) if first < size else (size, size - 1)
