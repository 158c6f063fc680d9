"""The seats that the assignment gave (割り当て済みの避難先): kept as columns, laid over every new plan."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonae.domains.evacuation import networks
from sonae.domains.evacuation.models import Assignment
from sonae.domains.residents.interface import Population
from sonae.domains.shelters import interface as shelters
from sonae.engines.evacuation.told import Told
from sonae.platform.scope import current_municipality, current_world

REASON = "capacity"
"""Why a plan is made that only lays new seats over the last one."""


@dataclass(frozen=True, eq=False)
class Seats:
    """One row per household and starting place: where it was told to go (primary keys), and how far.

    ``distance_m`` includes the metres to the network. ``crowded``: no place with room was left.
    ``network``: when the network was written that the nodes are of (`networks.stamp`), one number.
    """

    household: NDArray[np.int64]
    node: NDArray[np.int32]
    facility: NDArray[np.int64]
    distance_m: NDArray[np.float32]
    danger_m: NDArray[np.float32]
    crowded: NDArray[np.bool_]
    network: NDArray[np.float64]

    def packed(self) -> bytes:
        """Return the columns as one compressed blob."""
        out = io.BytesIO()
        np.savez_compressed(out, **self.__dict__)
        return out.getvalue()

    @classmethod
    def unpacked(cls, blob: bytes) -> Seats:
        """Read what `packed` wrote."""
        with np.load(io.BytesIO(blob)) as columns:
            return cls(**columns)

    def rows_of(self, household: NDArray[np.int64], node: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the row of each household and place, -1 = none."""
        if not len(self.household):
            return np.full(len(household), -1, np.int64)
        mine = _key(self.household, self.node)
        order = np.argsort(mine)
        wanted = _key(household, node)
        at = np.minimum(np.searchsorted(mine[order], wanted), len(mine) - 1)
        return np.where(mine[order][at] == wanted, order[at], -1)


def _key(household: NDArray[np.int64], node: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return one number per household and node (-1 allowed)."""
    return household.astype(np.int64) << 32 | (node.astype(np.int64) + 1)


def latest() -> Assignment | None:
    """Return the assignment that counts in the world in force, None before the first."""
    return Assignment.objects.order_by("-pk").first()


def held() -> Seats | None:
    """Return the seats that count, None without any or when the network is another one since.

    Also None where nobody needed a seat: everyone was somewhere already.
    """
    found = _newest()
    if found is None or not len(found.household):
        return None
    return found if float(found.network) == networks.stamp() else None


_unpacked: dict[tuple[str, str], tuple[tuple[int, str], Seats]] = {}
"""By scope: the assignment that was read last, named by its key and its run's token, and its seats."""


def _newest() -> Seats | None:
    """Return the newest seats; the same assignment is unpacked once."""
    rows = Assignment.objects.order_by("-pk")
    name = rows.values_list("pk", "run__token").first()
    if name is None:
        return None
    scope = (current_municipality(), current_world())
    kept = _unpacked.get(scope)
    if kept is None or kept[0] != name:
        blob = rows.filter(pk=name[0]).values_list("seats", flat=True).first()
        if blob is None:
            return None
        kept = (name, Seats.unpacked(bytes(blob)))
        _unpacked[scope] = kept
    return kept[1]


def told(people: Population, table: shelters.SiteTable) -> Told | None:
    """Return per resident what the assignment told, for the planner; None without seats.

    Who has moved elsewhere since (a shared position) is told anew.
    """
    found = held()
    if found is None:
        return None
    row = found.rows_of(people.household, people.node)
    row[people.moved] = -1
    index = site_index(table, found.facility)
    on, at = row >= 0, np.maximum(row, 0)
    return Told(
        np.where(on, index[at], -1).astype(np.int32),
        on & found.crowded[at],
    )


def site_index(table: shelters.SiteTable, facility: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the position of each facility (primary key) in the table, -1 = not in it."""
    places = {pk: at for at, pk in enumerate(table.pk.tolist())}
    return np.array([places.get(pk, -1) for pk in facility.tolist()], np.int64)
