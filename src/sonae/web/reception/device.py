"""The reception terminal as an installable application that works without a network (decision 0015).

The page, its service worker and its manifest hold nothing of any person: whoever opens them sees a form
that asks for the terminal's token. Everything personal comes by the API, to an enrolled device.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Final

from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from sonae import __version__
from sonae.core import kanji
from sonae.platform.access import Audience, audience
from sonae.platform.scope import current, is_exercise
from sonae.web.citizen.front import city_name
from sonae.web.reception import devicewords
from sonae.web.templatetags.sonae import asset, in_world

PATH: Final = "/reception/device/"
_STATIC: Final = Path(__file__).resolve().parents[1] / "static"
_WORKER: Final = _STATIC / "reception" / "worker.js"
_VENDOR: Final = (
    "vendor/idb/index.js",
    "vendor/qr/index.js",
    "vendor/qr/decode.js",
    "vendor/@noble/ed25519/index.js",
)
"""Modules name their neighbours, so these files and ours are addressed without a hash of the content."""


def _language(request: HttpRequest) -> str:
    """Return the language asked for in the address: one copy of the page is kept for each."""
    asked = request.GET.get("lang", "")
    return asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def _page(request: HttpRequest, language: str) -> str:
    """Return the page in a language."""
    with translation.override(language):
        links = [
            {"code": code, "html": code.split("-")[0], "name": name, "current": code == language}
            for code, name in settings.LANGUAGES
        ]
        told = {
            "languages": links,
            "settings": {
                "world": current().world.value,
                "root": in_world("").rstrip("/"),
                "version": __version__,
                "forms": [kanji.KIN, kanji.SAME],
                "words": devicewords.words(),
                "needs": devicewords.needs(),
                "guests": devicewords.guests(),
            },
        }
        return render_to_string("reception/device.html", told, request=request)


@audience(Audience.TERMINAL)
@csp_update({"connect-src": [SELF, "http:", "https:"]})
def page(request: HttpRequest) -> HttpResponse:
    """The application itself; the same for everybody, without a session.

    It may speak to an edge node (decision 0015), whose address in the gym nobody knows beforehand.
    """
    language = _language(request)
    return HttpResponse(
        _page(request, language),
        headers={"Cache-Control": "no-cache", "Content-Language": language.split("-")[0]},
    )


@audience(Audience.TERMINAL)
def manifest(request: HttpRequest) -> HttpResponse:
    """The web application manifest: a reception terminal on the home screen, apart from the city's page."""
    icons = [
        {"src": f"/icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png"}
        for size in (192, 512)
    ]
    name = _("避難所受付")
    body = {
        "id": in_world(PATH),
        "name": f"{_('【訓練】') if is_exercise() else ''}{name} {city_name()}",
        "short_name": name,
        "lang": "ja",
        "start_url": in_world(PATH),
        "scope": in_world(PATH),
        "display": "standalone",
        "background_color": "#f4f6f9",
        "theme_color": "#083676",
        "icons": icons,
    }
    text = json.dumps(body, ensure_ascii=False)
    return HttpResponse(text, content_type="application/manifest+json; charset=utf-8")


@audience(Audience.TERMINAL)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, with the names of all that it keeps before it: a change of any is a new version."""
    pages = {in_world(PATH) + ("" if code == settings.LANGUAGE_CODE else f"?lang={code}"): code
             for code, _name in settings.LANGUAGES}  # fmt: skip
    parts = [path for name in ("sonae.css", "reception.css", "icon.svg") if (path := asset(name))]
    modules = [f"{settings.STATIC_URL}{name}" for name in _modules()]
    text = "".join(_page(request, code) for code in pages.values())
    version = hashlib.sha256(f"{_content()}{parts}{text}".encode()).hexdigest()[:16]
    told = {
        "version": version,
        "world": current().world.value,
        "page": in_world(PATH),
        "files": [*pages, *parts, *modules],
    }
    return HttpResponse(
        f"const KEPT = {json.dumps(told)};\n{_WORKER.read_text('utf-8')}",
        content_type="text/javascript; charset=utf-8",
        headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": in_world(PATH)},
    )


def _modules() -> list[str]:
    """Return the addresses, below the static folder, of every module of the application."""
    own = (path for path in (_STATIC / "reception").glob("*.js") if path != _WORKER)
    return [*sorted(f"reception/{path.name}" for path in own), *_VENDOR]


@cache
def _content() -> str:
    """Return a hash of all modules as they are installed; they do not change while the server runs."""
    total = hashlib.sha256(_WORKER.read_bytes())
    for name in _modules():
        file = _STATIC / name
        total.update(file.read_bytes() if file.exists() else b"")
    return total.hexdigest()
