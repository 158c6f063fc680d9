"""The page behind the personal link of a message: one tap to say how one is, without log-in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from sonae.domains.messages import interface as messages
from sonae.platform.access import Audience, audience


@csrf_exempt  # the signed link is the only credential, and the page holds no session
@audience(Audience.PUBLIC)
def page(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET (mail programs follow links by themselves), record on POST."""
    messages.resident_of(token)
    status = request.POST.get("status", "") if request.method == "POST" else ""
    if status:
        messages.acknowledge(token, status, request.POST.get("note", "")[:200])
    return render(request, "citizen/acknowledge.html", {"status": status})
