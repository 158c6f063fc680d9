"""Reads of municipalities and towns."""

from django.conf import settings

from sonae.core.errors import SonaeError
from sonae.domains.municipalities.models import Municipality, Town
from sonae.platform.scope import current_municipality

_serving: str | None = None


def serving_code() -> str | None:
    """Return the code this server serves: SONAE_MUNICIPALITY, else the only one there is."""
    global _serving
    if settings.MUNICIPALITY:
        return str(settings.MUNICIPALITY)
    if _serving is None:
        codes = list(Municipality.objects.values_list("code", flat=True)[:2])
        _serving = codes[0] if len(codes) == 1 else None
    return _serving


def forget_serving() -> None:
    """Look the served municipality up again (after creating or removing one)."""
    global _serving
    _serving = None


def municipality(*, lock: bool = False) -> Municipality:
    """Return the municipality in force; ``lock``: for a change, other writers wait."""
    rows = Municipality.objects.select_for_update() if lock else Municipality.objects
    found = rows.filter(code=current_municipality()).first()
    if found is None:
        raise SonaeError("not_found", "この団体コードの市区町村は登録されていません。")
    return found


def towns() -> list[Town]:
    """Return all towns of the municipality, by code."""
    return list(Town.objects.order_by("code"))
