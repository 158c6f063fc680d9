"""What every page knows: the municipality, the world, the time shown."""

from typing import Any

from django.http import HttpRequest

from sonae.core import clock
from sonae.domains.municipalities import interface as municipalities
from sonae.platform.scope import is_exercise


def page(request: HttpRequest) -> dict[str, Any]:
    """Return the context shared by all pages."""
    return {
        "municipality": municipalities.municipality(),
        "exercise": is_exercise(),
        "now": clock.now(),
    }
