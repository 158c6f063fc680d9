"""Under which terms the city publishes its data: the city decides, nobody guesses."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from sonae.core.errors import SonaeError
from sonae.domains.municipalities import interface as municipalities
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import writing

_KEY = "open_data_licence"


@dataclass(frozen=True)
class Licence:
    """Name and address of the terms."""

    name: str
    url: str = ""


def licence() -> Licence | None:
    """Return the terms that the city decided, or None."""
    held = municipalities.municipality().settings.get(_KEY)
    return Licence(**held) if isinstance(held, dict) else None


def set_licence(name: str, url: str = "", *, actor: Actor = SYSTEM) -> None:
    """Decide the terms; `SonaeError` ``unreadable`` for an empty name or an address that is none."""
    require(actor, Audience.ADMINISTRATOR)
    if not name.strip() or (url and urlsplit(url).scheme not in {"https", "http"}):
        raise SonaeError(
            "unreadable", "利用条件の名前と、https:// で始まる住所を指定してください。"
        )
    with writing(), municipalities.changing_settings() as settings:
        settings[_KEY] = {"name": name.strip()[:120], "url": url.strip()[:300]}
        audit.record(actor.id, "open_data_licence", name=name)
