"""What this machine is as an edge node, and how it stands: one row, made when it first meets the city."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from django.core.cache import cache
from django.db.models import Count, Max, Q

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.edge.models import EdgeNode, EdgeParcel
from sonae.platform.db import writing
from sonae.platform.sealing import seal, unseal

WORLDS: Final = ("live", "exercise")
KEPT: Final = {"live": timedelta(days=3), "exercise": timedelta(hours=12)}
"""How long what the city has acknowledged is still shown to the other terminals, by world."""
REFUSED: Final = frozenset({"too_large", "unreadable", "unprocessable"})
"""Answers of the city to a request that it cannot read; what alone is answered so is kept and shown."""
RENEW: Final = timedelta(hours=12)
"""A list of people that ends sooner is fetched anew."""
_LATE: Final = timedelta(minutes=10)
_SEEN_SECONDS: Final = 24 * 3600
_PURPOSE: Final = "edge node"
_TOLD: Final = (
    "code", "name", "shelter", "shelter_name", "city_name", "address", "token", "devices", "heard_at",
    "problem",
)  # fmt: skip
"""What the city tells, or is noted when it is heard; the rest another process of the node may be writing."""


class City(Protocol):
    """The city's server as the node reaches it: each call one request, `OSError` when there is no answer."""

    def info(self) -> dict[str, Any]:
        """Who this node is and whom it serves; `SonaeError` ``forbidden`` when it may not be one."""

    def people(self, world: str, shelter: str) -> str:
        """The signed list of the district's people (JWS)."""

    def parcels(self, world: str, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Hand parcels over; the city's answer of each."""


@dataclass(frozen=True)
class Tablet:
    """A terminal of the gym as the node knows it; ``seen_at`` None: not heard of today."""

    code: str
    name: str
    seen_at: datetime | None
    held: int
    unsent: int


@dataclass(frozen=True)
class Standing:
    """How the node stands: records held in all, not yet acknowledged by the city, not to be opened by it."""

    node: EdgeNode
    held: int
    unsent: int
    stuck: int
    tablets: tuple[Tablet, ...]

    @property
    def reached(self) -> bool:
        """Whether the city answered at the last try."""
        return not self.node.problem

    @property
    def list_late(self) -> bool:
        """Whether the list of people should have been renewed by now."""
        return list_late(self.node)


def node() -> EdgeNode:
    """Return this node; `SonaeError` ``not_set_up`` before it has met the city."""
    found = EdgeNode.objects.first()
    if found is None:
        raise SonaeError(
            "not_set_up",
            "この機械はまだ中継機として登録されていません。",
            "通信のある所で一度 `sonae reception edge --city https://… --token …` を実行してください。",
        )
    return found


def meet(city: City, address: str, token: str) -> EdgeNode:
    """Become the node of a token, or renew what is known; nothing changes when the city does not answer."""
    told = city.info()
    row = EdgeNode.objects.first() or EdgeNode(instance=secrets.token_hex(16))
    moved = bool(row.pk) and row.shelter != told["shelter"]["id"]
    left = row.code, row.shelter_name
    row.code, row.name = told["terminal"], told["name"]
    row.shelter, row.shelter_name = told["shelter"]["id"], told["shelter"]["name"]
    row.city_name, row.address = told["municipality"]["name"], address
    row.token = seal(_PURPOSE, token)
    known = {one["terminal"]: [one["name"], one["key"]] for one in told["devices"]}
    row.devices = seal(_PURPOSE, json.dumps(known, ensure_ascii=False))
    row.heard_at, row.problem = clock.now(), ""
    with writing():
        if moved:
            _leave_behind(*left)
            row.lists, row.instance = {}, secrets.token_hex(16)
        row.save(update_fields=_TOLD if row.pk and not moved else None)
    return row


def reached_at(address: str) -> EdgeNode:
    """Note where terminals reach this machine today; `SonaeError` before it has met the city.

    What is past is forgotten first: this evening's exercise starts with nobody of this morning's. A
    record that the city would not take is tried again.
    """
    row = node()
    row.own_address = address
    forget()
    with writing():
        row.save(update_fields=["own_address"])
        EdgeParcel.objects.filter(receipt__isnull=True, problem__in=REFUSED).update(problem="")
    return row


def forget() -> int:
    """Delete records that the city has acknowledged, `KEPT` after they came here; how many.

    Nothing is lost: a terminal that has not yet seen its receipt hears that the record is lacking and
    hands it over again, and the city answers that it has it.
    """
    now, due = clock.now(), Q()
    for world, kept in KEPT.items():
        due |= Q(world=world, held_at__lt=now - kept)
    rows = EdgeParcel.objects.filter(due, receipt__isnull=False)
    if not rows.exists():
        return 0
    with writing():
        return rows.delete()[0]


def _leave_behind(code: str, shelter: str) -> None:
    """Forget the people of the shelter that was served; refused while records of it are not with the city.

    Enrolled anew for the same shelter, it brings home what it held before: the seals are the terminals'.
    """
    if EdgeParcel.objects.filter(receipt__isnull=True).exists():
        raise SonaeError(
            "conflict",
            f"{shelter} の中継機 {code} として預かった記録が、まだ市に届いていません。",
            "届いてから登録し直すか、--home で別のフォルダを指定してください。",
        )
    EdgeParcel.objects.all().delete()


def token_of(row: EdgeNode) -> str:
    """Return the token with which the node speaks to the city."""
    return unseal(_PURPOSE, row.token)


def devices_of(row: EdgeNode) -> dict[str, tuple[str, str]]:
    """Return terminal → its name and the shared key (base64url)."""
    return {code: (name, key) for code, (name, key) in json.loads(unseal(_PURPOSE, row.devices)).items()}  # fmt: skip


def seen(code: str) -> None:
    """Note that a terminal was heard of."""
    cache.set(f"edge-seen-{code}", clock.now(), _SEEN_SECONDS)


def keep_list(row: EdgeNode, world: str, jws: str, ends: int) -> None:
    """Keep the city's list of a world, sealed, until it ends."""
    row.lists[world] = [seal(_PURPOSE, jws), ends]
    with writing():
        row.save(update_fields=["lists"])


def list_of(row: EdgeNode, world: str) -> str | None:
    """Return the list of a world while it holds; one that has ended is deleted."""
    kept = row.lists.get(world)
    if kept is None:
        return None
    if kept[1] > clock.unix_ms(clock.now()) / 1000:
        return unseal(_PURPOSE, kept[0])
    del row.lists[world]
    with writing():
        row.save(update_fields=["lists"])
    return None


def list_late(row: EdgeNode) -> bool:
    """Tell whether the city is reached and the list of people still could not be fetched in time."""
    kept = row.lists.get(WORLDS[0])
    soon = (clock.now() + RENEW - _LATE).timestamp()
    return not row.problem and (kept is None or kept[1] < soon)


def standing() -> Standing:
    """Return how the node and its terminals stand, for the page of the laptop."""
    row = node()
    # Looks at households travel too, but nobody counts them: a terminal's "unsent" does not.
    rows = (
        EdgeParcel.objects.exclude(clear="")
        .values("terminal")
        .annotate(
            held=Count("pk"),
            unsent=Count("pk", filter=Q(receipt__isnull=True)),
            last=Max("held_at"),
        )
    )
    by_code = {
        code: (held, left, last)
        for code, held, left, last in rows.values_list("terminal", "held", "unsent", "last")
    }
    names = devices_of(row)
    tablets = []
    for code in sorted({*names, *by_code}):
        held, left, last = by_code.get(code, (0, 0, None))
        name = names[code][0] if code in names else ""
        tablets.append(Tablet(code, name, cache.get(f"edge-seen-{code}") or last, held, left))
    return Standing(
        row,
        sum(one.held for one in tablets),
        sum(one.unsent for one in tablets),
        EdgeParcel.objects.exclude(problem="").filter(receipt__isnull=True).count(),
        tuple(tablets),
    )
