"""After log-in everyone lands on the page of his or her role."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from sonae.platform.access import Audience, Role, actor_of, audience
from sonae.web.templatetags.sonae import in_world

PAGES = {Role.RESIDENT: "/me/", Role.RECEPTION: "/reception/"}


@audience(Audience.SIGNED_IN)
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the resident's page, the reception or the staff desk."""
    role = actor_of(request).role
    return HttpResponseRedirect(in_world(PAGES.get(role, "/staff/") if role else "/"))
