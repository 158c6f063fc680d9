"""Choosing the language: a plain link that sets a cookie and comes back."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from sonae.core.errors import SonaeError
from sonae.platform.access import Audience, audience
from sonae.web.templatetags.sonae import in_world

_YEAR = 31_536_000


@audience(Audience.PUBLIC)
def choose(request: HttpRequest, code: str) -> HttpResponse:
    """Remember the reader's language for a year and return to ``next`` on this site."""
    if code not in dict(settings.LANGUAGES):
        raise SonaeError("not_found", "この言語のページはありません。")
    wanted = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    response = HttpResponseRedirect(wanted if safe else in_world("/"))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=_YEAR,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response
