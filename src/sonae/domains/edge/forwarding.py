"""The side of the city: bring it what is held, oldest first, and keep its receipts for the terminals.

Nothing leaves this machine's disk for having been sent: a record is done when its receipt is stored.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.edge.models import EdgeNode, EdgeParcel
from sonae.domains.edge.node import (
    REFUSED,
    RENEW,
    WORLDS,
    City,
    forget,
    keep_list,
    meet,
    node,
    token_of,
)
from sonae.platform.db import writing

log = logging.getLogger(__name__)
BATCH: Final = 30
_OPENED_NEVER: Final = frozenset({"forged", "not_found"})


@dataclass(frozen=True)
class Round:
    """What one round did: records that the city answered, what is still to be brought, and what failed.

    ``problem``: the city was not reached. ``list_problem``: it was, and only its list of people is late.
    """

    brought: int
    waiting: int
    problem: str
    list_problem: str = ""


def forward(city: City) -> Round:
    """Bring all that waits to the city, renew what it tells, and note whether it was reached."""
    forget()  # first: of what is brought now, terminals are to fetch the receipts
    row, brought, problem, late = node(), 0, "", ""
    try:
        row = meet(city, row.address, token_of(row))
        for world in WORLDS:
            brought += _bring(city, world)
    except (OSError, SonaeError) as error:
        problem = _why(error)
        with writing():
            EdgeNode.objects.filter(pk=row.pk).update(problem=problem)
    else:
        late = _renew_lists(city, row)
    return Round(brought, _unsent().count(), problem, late)


def _why(error: OSError | SonaeError) -> str:
    if isinstance(error, SonaeError):
        return error.detail[:300]
    return f"市のサーバーにつながりません（{str(error) or type(error).__name__}）"[:300]


def _unsent() -> Any:
    return EdgeParcel.objects.filter(receipt__isnull=True, problem="")


def _bring(city: City, world: str) -> int:
    """Send what waits of a world in batches, oldest first, until nothing does; how many were acknowledged."""
    done = 0
    while batch := list(_unsent().filter(world=world).order_by("pk")[:BATCH]):
        try:
            settled = _settle(world, city.parcels(world, _letter(batch)))
        except SonaeError as error:
            if error.code not in REFUSED:
                raise
            settled = _one_by_one(city, world, batch, error)
        done += settled
        if not settled:
            raise OSError("市のサーバーの答えを読めません")
    return done


def _one_by_one(city: City, world: str, batch: list[EdgeParcel], error: SonaeError) -> int:
    """Send the records of a batch that was refused each alone; how many no longer wait.

    What is refused alone too is kept and shown. If that is all of several, it is not the records.
    """
    settled, refused = 0, {}
    for one in batch if len(batch) > 1 else []:
        try:
            settled += _settle(world, city.parcels(world, _letter([one])))
        except SonaeError as again:
            if again.code not in REFUSED:
                raise
            refused[one.pk] = again.code
    if len(batch) == 1:
        refused = {batch[0].pk: error.code}
    elif not settled:
        raise error
    with writing():
        for pk, code in refused.items():
            log.warning("the city does not take a record: %s", code)
            settled += EdgeParcel.objects.filter(pk=pk, receipt__isnull=True).update(problem=code)
    return settled


def _letter(batch: list[EdgeParcel]) -> dict[str, Any]:
    """Return the batch as it is sent."""
    parcels = [
        {
            "terminal": one.terminal,
            "id": str(one.key),
            "held_at": one.held_at.isoformat(),
            **one.sealed,
        }
        for one in batch
    ]
    return {
        "sent_at": clock.now().isoformat(),
        "device": {"waiting": _unsent().count()},
        "parcels": parcels,
    }


def _settle(world: str, told: Mapping[str, Any]) -> int:
    """Store the city's answers; how many records no longer wait."""
    answers = told.get("answers")
    settled = 0
    with writing():
        for one in answers if isinstance(answers, list) else []:
            try:
                row = EdgeParcel.objects.filter(
                    world=world, terminal=one["terminal"], key=UUID(one["id"]), receipt__isnull=True
                )
            except (KeyError, TypeError, ValueError):
                continue
            if isinstance(one.get("receipt"), dict):
                settled += row.update(receipt=one["receipt"], problem="")
            elif one.get("error") in _OPENED_NEVER:
                log.warning("the city cannot open a record of %s: %s", one["terminal"], one["error"])  # fmt: skip
                settled += row.update(problem=one["error"])
    return settled


def _renew_lists(city: City, row: EdgeNode) -> str:
    """Renew the lists of people; why one is late, if it is: records are brought all the same."""
    try:
        for world in WORLDS:
            _renew_list(city, row, world)
    except (OSError, SonaeError) as error:
        return f"名簿を新しくできません: {_why(error)}"
    return ""


def _renew_list(city: City, row: EdgeNode, world: str) -> None:
    """Fetch the list of people when there is none or half of its day is over; of an exercise only if held."""
    if world != WORLDS[0] and not EdgeParcel.objects.filter(world=world).exists():
        return
    kept = row.lists.get(world)
    soon = (clock.now() + RENEW).timestamp()
    if kept is None or kept[1] < soon:
        jws = city.people(world, row.shelter)
        keep_list(row, world, jws, _ends(jws))


def _ends(jws: str) -> int:
    """Return when a list ends; its signature is the terminals' to check."""
    try:
        body = jws.split(".")[1]
        return int(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["exp"])
    except (IndexError, KeyError, ValueError):
        raise SonaeError("unreadable", "市のサーバーから届いた名簿を読めません。") from None
