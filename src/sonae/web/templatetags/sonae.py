"""Tags of every page: links inside the world, files that may be absent, times, levels, states."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.template import Context
from django.urls import Resolver404, get_script_prefix, resolve
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core import danger_level
from sonae.core.clock import JST
from sonae.domains.consent import interface as consent
from sonae.domains.municipalities.interface import Town
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.interface import RuleFiring
from sonae.platform.access import Audience, actor_of, declared, permits
from sonae.web import states, words
from sonae.web.icons import ICONS

register = template.Library()

STAFF_PAGES = (
    ("/staff/", lazy("概況"), "desk", ""),
    ("/staff/warnings/", lazy("警報"), "warning", lazy("知る")),
    ("/staff/inputs/", lazy("受信経路"), "outbox", ""),
    ("/staff/orders/", lazy("避難情報"), "order", lazy("伝える")),
    ("/staff/messages/", lazy("伝達"), "message", ""),
    ("/staff/shelters/", lazy("避難所"), "shelter", lazy("避難する")),
    ("/staff/supplies/", lazy("物資と日報"), "outbox", ""),
    ("/staff/terminals/", lazy("受付端末"), "card", ""),
    ("/staff/capacity/", lazy("受入見込み"), "shelter", ""),
    ("/staff/cards/", lazy("避難カード"), "card", ""),
    ("/staff/safety/", lazy("安否"), "people", lazy("確かめる")),
    ("/staff/rosters/", lazy("名簿"), "order", ""),
    ("/staff/review/", lazy("照合"), "people", ""),
    ("/staff/visitors/", lazy("来訪者"), "people", ""),
    ("/staff/inquiries/", lazy("安否照会"), "question", ""),
    ("/staff/sharing/", lazy("名簿の提供"), "outbox", ""),
    ("/staff/map/", lazy("地図"), "map", lazy("もとになるもの")),
    ("/staff/roads/", lazy("道路と浸水"), "road", ""),
    ("/staff/hazards/", lazy("ハザード情報"), "layers", ""),
    ("/staff/register/", lazy("住民情報"), "people", ""),
    ("/staff/exercise/", lazy("訓練"), "play", lazy("備える")),
    ("/staff/stopwatch/", lazy("受付の時間"), "desk", ""),
    ("/staff/settings/", lazy("設定"), "layers", ""),
)
"""Address, name, icon, and of the first page of a group the name of that."""


@dataclass(frozen=True)
class Link:
    """One link of a menu: address, text, icon name, whether it is the page shown."""

    href: str
    name: str
    current: bool = False
    icon: str = ""
    html: str = ""
    group: str = ""


def in_world(path: str) -> str:
    """Return ``path`` (from the root) inside the world of the request (``/drill`` or none)."""
    return get_script_prefix().rstrip("/") + path


@register.simple_tag
def page_url(path: str) -> str:
    """Return a path of this site inside the world being shown."""
    return in_world(path)


@register.simple_tag
def html_lang() -> str:
    """Return the value of ``<html lang>``: やさしい日本語 is Japanese."""
    return (get_language() or settings.LANGUAGE_CODE).split("-")[0]


@lru_cache(maxsize=64)
def _found(path: str) -> bool:
    """Tell whether a static file is there, collected or in the source."""
    return staticfiles_storage.exists(path) or finders.find(path) is not None


@register.simple_tag
def asset(path: str) -> str:
    """Return the address of a static file that may be absent; then the empty text."""
    if not _found(path):
        return ""
    try:
        return str(staticfiles_storage.url(path))
    except ValueError:
        return ""


@register.simple_tag
def vendor(path: str) -> str:
    """Return the address of a file of the vendor folder, or nothing when it was not installed."""
    return asset(f"vendor/{path}")


@register.simple_tag
def vendor_plain(path: str) -> str:
    """Return the unhashed address of a module whose own imports name its neighbours, or nothing."""
    return f"{settings.STATIC_URL}vendor/{path}" if _found(f"vendor/{path}") else ""


@register.simple_tag
def static_plain(path: str) -> str:
    """Return the unhashed address of one of our modules whose own imports name its neighbours."""
    return f"{settings.STATIC_URL}{path}"


@register.simple_tag(takes_context=True)
def municipality_name(context: Context) -> str:
    """Return the municipality's name in the reader's language."""
    place = context.get("municipality")
    if place is None:
        return "Sonae"
    return str(place.name_en if get_language() == "en" and place.name_en else place.name)


@register.simple_tag(takes_context=True)
def language_links(context: Context) -> list[Link]:
    """Return the links that choose the language and come back to this page.

    A page that is the same for everybody names itself ``here``, because the address that one reader
    came by must not reach another.
    """
    request = context.get("request")
    shared = context.get("here")
    here = in_world(shared) if shared else request.get_full_path() if request else "/"
    chosen = get_language()
    return [
        Link(
            in_world(f"/language/{code}/?next={quote(here)}"),
            name,
            chosen == code,
            html=code.split("-")[0],
        )
        for code, name in settings.LANGUAGES
    ]


@register.simple_tag(takes_context=True)
def nav_link(context: Context, path: str, name: str) -> SafeString:
    """Return a menu item; the page being shown is marked."""
    request = context.get("request")
    shown = request.path_info if request else ""
    current = shown == path if path == "/" else shown.startswith(path)
    mark = mark_safe(' aria-current="page"') if current else ""
    return format_html('<li><a href="{}"{}>{}</a></li>', in_world(path), mark, name)


@lru_cache(maxsize=32)
def _audiences(path: str) -> frozenset[Audience] | None:
    """Return whom the page at a path is for, None where no page is installed."""
    try:
        return declared(resolve(path))
    except Resolver404:
        return None


@register.simple_tag(takes_context=True)
def staff_nav(context: Context) -> list[Link]:
    """Return the menu of the staff desk: the pages that are installed and let this reader in."""
    request = context.get("request")
    shown = request.path_info if request else ""
    role = actor_of(request).role if request else None
    found, group = list[Link](), ""
    for path, name, icon, begins in STAFF_PAGES:
        group = str(begins) or group
        audiences = _audiences(path)
        if audiences is not None and permits(audiences, role):
            here = shown.startswith(path) if path != "/staff/" else shown == path
            found.append(Link(in_world(path), str(name), here, icon, group=group))
            group = ""
    return found


@register.simple_tag(takes_context=True)
def world_switch(context: Context) -> Link | None:
    """Return the link to the same page in the other world, for people who are signed in."""
    request = context.get("request")
    if request is None or not getattr(request, "user", None) or not request.user.is_authenticated:
        return None
    path = request.path_info
    if context.get("exercise"):
        return Link(path, _("本番へ戻る"))
    return Link(f"/drill{path}", _("訓練へ"))


@register.simple_tag(takes_context=True)
def into_exercise(context: Context) -> bool:
    """Tell whether a log-in was asked for by a page of the exercise, to which it leads back."""
    request = context.get("request")
    asked = request.GET.get("next") or request.POST.get("next") or "" if request else ""
    return asked == "/drill" or asked.startswith("/drill/")


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return a decorative icon as inline SVG (hidden from screen readers)."""
    return ICONS.get(name, SafeString(""))


@register.simple_tag
def moment(at: datetime | None, style: str = "short") -> SafeString | str:
    """Return a time in JST as ``<time>``: ``short`` 11月20日 14:05, ``clock`` 14:05, ``long``."""
    if at is None:
        return _("不明")
    local = at.astimezone(JST)
    return format_html(
        '<time datetime="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        words.spoken(local, style),
    )


@register.simple_tag
def clock_text(text: str) -> str:
    """Return day and clock time of an ISO time in text (forecasts keep them so)."""
    try:
        return words.spoken(datetime.fromisoformat(text).astimezone(JST))
    except (TypeError, ValueError):
        return _("不明")


@register.simple_tag
def severity_word(severity: str) -> str:
    """Return how grave expected hours are (注意報級, 警報級 …)."""
    return str(words.GRADES.get(severity, severity))


@register.simple_tag
def level_badge(level: int | None, equivalent: bool = False) -> SafeString:
    """Return the badge of a 警戒レベル: number and name on the official colour.

    ``equivalent``: the level of a telegram (相当), which is not an evacuation order.
    """
    if level is None:
        return format_html('<span class="badge">{}</span>', _("レベル表示なし"))
    known = danger_level.danger_level(level)
    text = _("警戒レベル%(level)d相当") if equivalent else _("警戒レベル%(level)d")
    name = "" if equivalent else " " + _(known.name)
    return format_html(
        '<span class="badge level-{}">{}{}</span>', level, text % {"level": level}, name
    )


@register.simple_tag
def level_name(level: int) -> str:
    """Return a 警戒レベル in words: number and official name."""
    return (
        _("警戒レベル%(level)d") % {"level": level} + " " + _(danger_level.danger_level(level).name)
    )


@register.simple_tag
def duty_alarms() -> list[RuleFiring]:
    """Return the alarms that nobody has taken note of, for the top of every staff page."""
    return warnings.waiting_alarms()


@register.simple_tag(takes_context=True)
def sharing_banner(context: Context) -> dict[str, Any]:
    """Return the emergency sharings in force, and whether one waits, for those who work with them."""
    request = context.get("request")
    role = actor_of(request).role if request else None
    if not permits(frozenset({Audience.OPERATOR}), role):
        return {}
    return {"rows": consent.sharings_now(), "waiting": consent.sharings_waiting()}


@register.simple_tag
def deafness() -> warnings.Deafness | None:
    """Return since when no warning can be received; None while one can."""
    return warnings.deafness()


@register.simple_tag
def channel_name(code: str) -> str:
    """Return the name of a channel."""
    return words.channel(code)


@register.simple_tag
def language_name(code: str) -> str:
    """Return the name of a message's language (``ja-x-easy`` → やさしい日本語)."""
    return words.language(code)


@register.simple_tag
def town_name(town: Town) -> str:
    """Return a town's name in the reader's language."""
    return words.town(town)


@register.simple_tag(takes_context=True)
def may(context: Context, wanted: str) -> bool:
    """Tell whether the reader may do what an audience may (``operator`` …): show no other buttons."""
    request = context.get("request")
    if request is None or not hasattr(request, "user"):
        return False
    return permits(frozenset({Audience(wanted)}), actor_of(request).role)


@register.simple_tag
def born(birth_date: str) -> str:
    """Return a birth date of the register as a clerk asks for it: S35.1.29（1960-01-29）."""
    return words.born(birth_date)


@register.simple_tag
def hazard_name(code: str) -> str:
    """Return the name of a hazard."""
    return words.hazard(code)


@register.simple_tag
def order_badge(level: int, status: str) -> SafeString:
    """Return the badge of an order's 警戒レベル: hollow until it is issued, and again when it is over."""
    badge = level_badge(level)
    return (
        badge if status == "issued" else SafeString(badge.replace('"badge ', '"badge hollow ', 1))
    )


@register.simple_tag
def state_badge(kind: str, value: str) -> SafeString:
    """Return the badge of a state (``open``, ``full`` …) of a kind of thing (`states.STATES`)."""
    text, tone = states.state(kind, value)
    return format_html('<span class="badge {}">{}</span>', tone, text)


@register.simple_tag
def bar(percent: int, full_is_bad: bool = True) -> SafeString:
    """Return a small bar of a share; over 100 % it is full and the number tells the rest.

    A full shelter is trouble; a finished piece of work is not.
    """
    width = max(0, min(percent, 100))
    return format_html(
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect '
        'width="100" height="10" fill="#d3d9e2"/><rect width="{}" height="10" fill="{}"/></svg>'
        '<span class="small">{}%</span>',
        width,
        "#b3130c" if full_is_bad and percent >= 100 else "#0b4aa8",
        percent,
    )


@register.simple_tag
def typed_or(typed: dict[str, str], key: str) -> str:
    """Return what was typed into a field of a form whose fields are data."""
    return typed.get(key, "")


@register.filter
def at(values: Sequence[object], place: int) -> object:
    """Return the value at a place of a list, counted from 0."""
    return values[place]


@register.filter
def metres(value: float | None) -> str:
    """Return a walking distance for people: 850 m, 1.2 km; unknown stays unknown."""
    return words.distance(value)


@register.filter
def listed(names: Sequence[str]) -> str:
    """Return names in a row, as the reader's language writes it."""
    return words.listed(names)


@register.filter
def unlocalized(value: float) -> str:
    """Return a number for a program: a point, no grouping."""
    return repr(value)


@register.filter
def whole(value: float | None) -> str:
    """Return minutes rounded up to a whole number: arriving early is the safe error."""
    return _("不明") if value is None else str(math.ceil(value))


@register.filter
def minutes(value: float | None) -> str:
    """Return walking minutes, rounded up; unknown stays unknown."""
    return words.walking_minutes(value)
