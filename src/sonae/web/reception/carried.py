"""Taking in what a terminal could not send: a file, or a row of QR codes held before a camera."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.safety import interface as safety
from sonae.platform.access import Actor, Audience, actor_of, audience

MOST_FILES = 50


@audience(Audience.RECEPTION)
def carried(request: HttpRequest) -> HttpResponse:
    """Take in files or the text of a row of codes; say of each what became of its records."""
    if request.method != "POST":
        return render(request, "reception/carried.html", {})
    sent: list[tuple[str, bytes]] = [
        (file.name or "", file.read()) for file in request.FILES.getlist("file")[:MOST_FILES]
    ]
    if text := request.POST.get("text", "").strip():
        sent.append((_("QRコードの列"), text.encode()))
    results = [_taken(actor_of(request), name, raw) for name, raw in sent]
    context = {"results": results, "nothing": not results}
    bad = not results or any(one["problem"] for one in results)
    return render(request, "reception/carried.html", context, status=422 if bad else 200)


def _taken(actor: Actor, name: str, raw: bytes) -> dict[str, object]:
    """Return what became of one file; one that cannot be read keeps no other from being taken in."""
    try:
        made = safety.take_carried(actor, raw)
    except SonaeError as error:
        return {"name": name, "problem": error, "made": None}
    counts = {status: made.count(status) for status in ("accepted", "duplicate", "refused")}
    return {"name": name, "problem": None, "made": made, **counts}
