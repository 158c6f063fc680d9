"""The page behind the personal link of a message: one tap to say how one is, without log-in."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from sonae.core.errors import SonaeError
from sonae.core.typed import key_of
from sonae.domains.consent import interface as consent
from sonae.domains.messages import interface as messages
from sonae.domains.residents.interface import Resident
from sonae.platform.access import Audience, audience


@csrf_exempt  # the signed link is the only credential, and the page holds no session
@audience(Audience.PUBLIC)
def page(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET (mail programs follow links by themselves), record on POST."""
    owners = messages.residents_of(token)
    status, error = "", ""
    if request.method == "POST":
        who = [key_of(pk) for pk in request.POST.getlist("who") if pk.isdecimal()]
        try:
            messages.acknowledge(
                token,
                request.POST.get("status", ""),
                request.POST.get("note", "")[:200],
                who if len(owners) > 1 else None,
            )
            status = request.POST["status"]
        except SonaeError as refused:
            error = refused.detail
    context = {"status": status, "error": error, "people": _people(owners)}
    answer = render(request, "citizen/acknowledge.html", context)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _people(owners: Sequence[int]) -> list[Resident]:
    """Return those who share the mailbox, by name: only when there is somebody to choose."""
    if len(owners) < 2:
        return []
    made = consent.disclose(
        messages.link_actor(owners),
        owners,
        purpose="personal_page",
        kinds=("name",),
        shielded=set(
            Resident.objects.filter(pk__in=owners, shielded=True).values_list("pk", flat=True)
        ),
        household=owners,
    )
    shown = [pk for pk, decision in made.items() if "name" in decision.fields]
    return list(Resident.objects.filter(pk__in=shown).order_by("pk"))
