"""What every verb of running a shelter begins with: who may, where, and what was typed."""

from __future__ import annotations

from sonae.core.errors import SonaeError
from sonae.domains.shelters.interface import Facility
from sonae.platform.access import Actor, Audience, require

MOST = 1_000_000
"""No shelter asks for more of one thing; a larger number is a slip of the hand."""


def facility_for(actor: Actor, pk: int) -> Facility:
    """Return the shelter that an actor may run; `SonaeError` ``forbidden`` or ``not_found``."""
    require(actor, Audience.RECEPTION)
    found = Facility.objects.filter(pk=pk).first()
    if found is None:
        raise SonaeError("not_found", "この施設は登録されていません。")
    return found


def said(text: str, longest: int, what: str) -> str:
    """Return typed text, trimmed; `SonaeError` when it is empty or too long to be kept whole."""
    found = text.replace("\x00", "").strip()
    if not found:
        raise SonaeError("unreadable", f"{what}が空です。", f"{what}を入れてください。")
    if len(found) > longest:
        raise SonaeError("unreadable", f"{what}は{longest}文字までです。", "短くしてください。")
    return found


def number(text: str, what: str, *, least: int = 1) -> int:
    """Return a typed whole number (full width too); `SonaeError` names what cannot be one."""
    typed = text.strip().replace(",", "").replace("，", "")
    if not typed.isdecimal() or len(typed) > 9 or not least <= int(typed) <= MOST:
        raise SonaeError("unreadable", f"{what}は{least}以上の整数で入れてください。", "例：120")
    return int(typed)


def one_of(value: str, allowed: tuple[str, ...], what: str) -> str:
    """Return a value of a list; `SonaeError` for any other."""
    if value not in allowed:
        raise SonaeError("unreadable", f"{what}を選んでください。")
    return value


def name_of(actor: Actor) -> str:
    """Return what people call the actor."""
    return actor.name or actor.id
