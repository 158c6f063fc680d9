"""The panels of the staff desk: each renders alone, is asked for every few seconds, fails alone."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe

from sonae.core.errors import SonaeError
from sonae.platform.access import Audience, audience
from sonae.web import kept
from sonae.web.templatetags.sonae import in_world

log = logging.getLogger(__name__)

FRESH_SECONDS = 1.0


@dataclass(frozen=True)
class Panel:
    """One panel: ``content`` gives what ``template`` shows, totals only, the same for all staff."""

    name: str
    title: str | Promise
    content: Callable[[], dict[str, Any]]

    @property
    def template(self) -> str:
        """The template of the panel's inside."""
        return f"staff/panels/{self.name}.html"


def _inside(panel: Panel) -> bytes:
    """Render a panel's inside; one that fails says so and leaves the others alone."""
    try:
        return render_to_string(panel.template, panel.content()).encode()
    except Exception:
        log.exception("panel %s cannot be shown", panel.name)
        return render_to_string("staff/panels/broken.html").encode()


def _page(panel: Panel) -> kept.Page:
    """Return the panel's inside, at most `FRESH_SECONDS` old."""
    return kept.keep(f"panel:{panel.name}", FRESH_SECONDS, lambda: _inside(panel))


def drawn(panel: Panel) -> SafeString:
    """Return the panel with its frame, which asks again by itself and names what it has."""
    page = _page(panel)
    context = {
        "panel": panel,
        "inside": mark_safe(page.plain.decode()),  # noqa: S308 - rendered by a template
        "tag": page.etag.replace('"', '\\"'),
        "href": in_world(f"/staff/panels/{panel.name}/"),
    }
    return SafeString(render_to_string("staff/panel.html", context))


def view_of(panels: Mapping[str, Panel]) -> Callable[..., HttpResponse]:
    """Return the view that answers for one panel: 304 while nothing changed."""

    @audience(Audience.STAFF)
    def panel(request: HttpRequest, name: str) -> HttpResponse:
        if name not in panels:
            raise SonaeError("not_found", "この欄はありません。")
        page = _page(panels[name])
        response = kept.answer(request, page, packed=False)
        if response.status_code == 200:
            response.content = drawn(panels[name]).encode()
        return response

    return panel
