"""Verbs: register a municipality and its towns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sonae.domains.municipalities.models import Municipality, Town
from sonae.domains.municipalities.selectors import forget_serving
from sonae.platform import worlds
from sonae.platform.db import bulk_insert, writing


def load_municipality(
    code: str, facts: Mapping[str, Any], towns: Mapping[str, Sequence[Any]]
) -> None:
    """Create or renew a municipality (``facts``: columns of `Municipality`) with its towns.

    ``towns``: columns of `Town` (code, name, kana, district, latitude, longitude). RuntimeError when
    towns are there already: they are referred to by the register.
    """
    with worlds.entered(code), writing():
        Municipality.objects.update_or_create(code=code, defaults=dict(facts))
        if Town.objects.exists():
            raise RuntimeError("the towns are loaded already")
        size = len(towns["code"])
        bulk_insert(Town, {"municipality": [code] * size, **towns})
    forget_serving()
