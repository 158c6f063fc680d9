"""Which municipality, which world, which language a request is about.

A path below ``/drill/`` is the same site in the exercise world: the prefix becomes the script name,
so every link stays in that world. Only people who are signed in reach it.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import set_script_prefix
from django.utils import translation

from sonae.core import clock
from sonae.domains.municipalities import interface as municipalities
from sonae.platform import worlds
from sonae.platform.problems import refused
from sonae.platform.scope import World
from sonae.web import health

DRILL_PREFIX = "/drill"

Next = Callable[[HttpRequest], HttpResponse]


class ScopeMiddleware:
    """Enters the municipality and the world of the request, with that world's clock."""

    def __init__(self, get_response: Next) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer inside the scope; without any municipality say how to make one."""
        if request.path_info in health.PATHS:
            return self.get_response(request)
        code = municipalities.serving_code()
        if code is None:
            return refused(request, "no_municipality", 503)
        world = World.LIVE
        if request.path_info.startswith(f"{DRILL_PREFIX}/"):
            world = World.EXERCISE
            request.path_info = request.path_info[len(DRILL_PREFIX) :]
            request.META["SCRIPT_NAME"] = DRILL_PREFIX
            set_script_prefix(f"{DRILL_PREFIX}/")
        else:
            set_script_prefix("/")
        with worlds.entered(code, world), clock.held():
            return self.get_response(request)


class LanguageMiddleware:
    """Language by cookie first, then by the browser; やさしい日本語 only when chosen."""

    def __init__(self, get_response: Next) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer in the reader's language."""
        language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if language not in dict(settings.LANGUAGES):
            accepts = request.headers.get("Accept-Language", "").lower()
            language = "en" if accepts.startswith("en") else settings.LANGUAGE_CODE
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language.split("-")[0])
        return response
