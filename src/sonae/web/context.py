"""What every page knows: the municipality, the world, the time shown."""

from typing import Any

from django.http import HttpRequest

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.municipalities import interface as municipalities
from sonae.platform.scope import is_exercise


def page(request: HttpRequest) -> dict[str, Any]:
    """Return the context shared by all pages; outside any municipality the places are empty."""
    try:
        return {
            "municipality": municipalities.municipality(),
            "exercise": is_exercise(),
            "now": clock.now(),
        }
    except SonaeError:
        return {"municipality": None, "exercise": False, "now": clock.now()}
