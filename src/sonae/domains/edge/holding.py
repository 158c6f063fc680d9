"""The side of the terminals: take what they recorded, show each what the others did, hand out receipts.

A request and its answer are envelopes under a key that the terminal, this node and the city share, so that
they may cross a gym's Wi-Fi in the open. The answer is bound to its request: who replays one says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.edge.models import EdgeNode, EdgeParcel
from sonae.domains.edge.node import WORLDS, devices_of, list_late, list_of, node, seen
from sonae.platform import envelopes
from sonae.platform.db import writing
from sonae.platform.sealing import seal, unseal

MOST_PARCELS: Final = 500
MOST_TOLD: Final = 500
MOST_CHARACTERS: Final = 48 * 1024
"""Of one record, sealed or clear: some ten times the longest, and thirty are less than the city takes at once."""
_AT_REST: Final = "edge parcel"


def exchange(outer: Mapping[str, Any]) -> dict[str, str]:
    """Answer one request of a terminal; what the answer calls held is on disk.

    Inside the request: ``parcels`` (``id``, ``iv``, ``data`` for the city; ``event`` for the others, or
    null), ``ask`` (ids whose receipts are wanted), ``after`` (the last number of others' events),
    ``list`` (whether the list of people is wanted). Inside the answer: ``held``, ``receipts``, ``lacking``
    (asked for and not here), ``others`` with ``next``, ``instance``, ``list``, and ``city``: when it was last reached, whether now,
    and whether only its list of people is late.
    `SonaeError`: ``not_found`` (a terminal that this node does not know), ``forged``, ``unreadable``.
    """
    row = node()
    terminal, world = outer.get("terminal"), outer.get("world")
    known = devices_of(row)
    if not isinstance(terminal, str) or terminal not in known:
        raise SonaeError("not_found", "この中継機は、この端末を知りません。")
    if world not in WORLDS:
        raise SonaeError("unreadable", "本番か訓練かが書かれていません。")
    key = envelopes.decoded(known[terminal][1])
    asked = envelopes.opened(key, f"sonae edge 1 ask {terminal} {world}", dict(outer))
    if asked is None:
        raise SonaeError("forged", "この端末が封をしたものではありません。")
    seen(terminal)
    told = {
        "held": _hold(terminal, world, _listed(asked, "parcels")),
        **_known(terminal, world, _listed(asked, "ask")),
        "instance": row.instance,
        "list": list_of(row, world) if asked.get("list") is True else None,
        "city": {
            "heard_at": row.heard_at.isoformat(),
            "reached": not row.problem,
            "list_late": list_late(row),
        },
        **_others(row, terminal, world, asked.get("after")),
    }
    return envelopes.sealed(key, f"sonae edge 1 told {terminal} {world} {outer.get('iv')}", told)


def _listed(asked: Mapping[str, Any], name: str) -> list[Any]:
    found = asked.get(name)
    return found[:MOST_PARCELS] if isinstance(found, list) else []


def _hold(terminal: str, world: str, parcels: list[Any]) -> list[str]:
    """Store parcels; return the ids that are on disk, those that were there before included."""
    now, rows = clock.now(), {}
    for one in parcels:
        made = _parcel(one) if isinstance(one, dict) else None
        if made is not None:
            made.terminal, made.world, made.held_at = terminal, world, now
            rows[made.key] = made
    if rows:
        with writing():
            EdgeParcel.objects.bulk_create(rows.values(), ignore_conflicts=True)
    return [str(key) for key in rows]


def _parcel(one: dict[str, Any]) -> EdgeParcel | None:
    """Return one parcel to be stored; None for what no terminal of ours writes."""
    identifier, event = one.get("id"), one.get("event")
    sealed = {name: one.get(name) for name in ("iv", "data")}
    if not _is_uuid(identifier) or not all(isinstance(part, str) for part in sealed.values()):
        return None
    clear = json.dumps(event, ensure_ascii=False) if isinstance(event, dict) else ""
    if max(map(len, (clear, *map(str, sealed.values())))) > MOST_CHARACTERS:
        return None
    return EdgeParcel(
        key=UUID(identifier), sealed=sealed, clear=seal(_AT_REST, clear) if clear else ""
    )


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


def _known(terminal: str, world: str, asked: list[Any]) -> dict[str, Any]:
    """Return the city's sealed answers on these records, as far as they came, and which are not here.

    A disk that was put back from an older copy must not go on being counted as holding them.
    """
    ids = [one for one in asked if _is_uuid(one)]
    rows = EdgeParcel.objects.filter(world=world, terminal=terminal, key__in=ids)
    found = (
        {str(key): receipt for key, receipt in rows.values_list("key", "receipt")} if ids else {}
    )
    return {
        "receipts": {key: receipt for key, receipt in found.items() if receipt is not None},
        "lacking": [one for one in ids if one not in found],
    }


def _others(row: EdgeNode, terminal: str, world: str, after: object) -> dict[str, Any]:
    """Return what the other terminals recorded after a number, in the order in which it came here."""
    start = after if isinstance(after, int) and not isinstance(after, bool) and after > 0 else 0
    names = devices_of(row)
    rows = EdgeParcel.objects.filter(world=world, pk__gt=start).exclude(terminal=terminal)
    found = list(rows.exclude(clear="").order_by("pk")[:MOST_TOLD])
    told = [
        {
            "terminal": one.terminal,
            "name": names[one.terminal][0] if one.terminal in names else one.terminal,
            "event": json.loads(unseal(_AT_REST, one.clear)),
        }
        for one in found
    ]
    return {
        "others": told,
        "next": found[-1].pk if found else start,
        "more": len(found) == MOST_TOLD,
    }
