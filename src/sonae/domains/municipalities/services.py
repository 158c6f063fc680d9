"""Verbs: register a municipality and its towns, say that the city is no longer as it was."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sonae.domains.municipalities.models import Municipality, Town
from sonae.domains.municipalities.selectors import forget_serving, municipality
from sonae.platform import outbox, worlds
from sonae.platform.db import bulk_insert, writing
from sonae.platform.scope import World, current_municipality


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


@contextmanager
def changing_settings() -> Iterator[dict[str, Any]]:
    """Yield the municipality's settings to be changed in place, and store them.

    They are one JSON column: whoever read it unlocked would write back what others changed since.
    """
    with writing():
        row = municipality(lock=True)
        held = dict(row.settings)
        yield held
        row.settings = held
        row.save(update_fields=["settings"])


def renew_register_version() -> None:
    """Note that the register, or where its homes meet the network, is another from now on.

    Never a number that counts up: a change rolled back, or a backup restored, would give the same
    number to other people, and every process would plan with the addresses it remembers.
    """
    Municipality.objects.filter(pk=current_municipality()).update(
        register_version=secrets.token_hex(8)
    )


def announce_change(what: str) -> None:
    """Publish ``city.changed {what}`` in both worlds, because both plan on the same city.

    ``what``: register, facilities, hazards or network (obstacles belong to one world). Call inside `writing`, with the change itself.
    """
    for world in World:
        with worlds.entered(current_municipality(), world):
            outbox.publish("city.changed", {"what": what}, order_key="city")
