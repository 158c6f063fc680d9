"""Pairs of lines and candidates as arrays: how they agree, what that weighs, how probable it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sonae.engines.matching import levels
from sonae.engines.matching.backends import Backend
from sonae.engines.matching.model import Model

if TYPE_CHECKING:
    import pyarrow as pa

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_AT_ONCE = 600_000


@dataclass(frozen=True)
class Pairs:
    """One entry per pair, ordered by line, then resident (positions in the inputs).

    ``level``: (pairs, comparisons), 0 = nothing to compare; ``rarity``: -log2 of the frequency of
    what agreed, in bits.
    """

    line: Ints
    resident: Ints
    level: npt.NDArray[np.int8]
    rarity: npt.NDArray[np.float32]

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.line)

    def chosen(self, mask: npt.NDArray[np.bool_]) -> Pairs:
        """Return some of the pairs."""
        return Pairs(self.line[mask], self.resident[mask], self.level[mask], self.rarity[mask])

    def weights(self, model: Model) -> Floats:
        """Return the weight of evidence of every comparison of every pair, in bits."""
        out = np.zeros(self.level.shape)
        for n, one in enumerate(levels.COMPARISONS):
            rare = np.array([False, *(bool(level.tf) for level in one.levels)])
            m, u = np.log2(model.shares("m", n)), np.log2(model.shares("u", n))
            by_level = np.where(rare, m, m - u)
            code = self.level[:, n]
            out[:, n] = by_level[code] + np.where(rare[code], self.rarity[:, n], 0.0)
        return out


def _tables(backend: Backend, people: int) -> None:
    """Make what Splink reads: the rows that occur in pairs, and frequencies in the register."""
    columns = ", ".join(levels.COLUMNS)
    backend.make(
        "people",
        f"SELECT cast(row as bigint) AS row, {columns} FROM register "
        "WHERE row IN (SELECT resident FROM candidates) "
        f"UNION ALL SELECT cast(row + {people} as bigint) AS row, {columns} FROM roster",
    )
    for name in levels.FREQUENCIES:
        backend.make(
            f"tf_{name}",
            f"SELECT {name}, cast(count(*) as double) / (SELECT count({name}) FROM register) "
            f"AS tf_{name} FROM register WHERE {name} IS NOT NULL AND {name} IN "
            f"(SELECT {name} FROM roster) GROUP BY {name}",
        )


def compare(
    backend: Backend, people: int, lines: int, tell: Callable[[float], None] | None = None
) -> Pairs:
    """Compare every pair of the table ``candidates`` (line, resident) and return them as arrays."""
    from splink import Linker

    _tables(backend, people)
    linker = Linker(backend.api.register("people"), levels.settings(), log_level=None)
    tables = linker.table_management
    for name in levels.FREQUENCIES:
        tables.register_term_frequency_lookup(backend.api.register(f"tf_{name}"), name)
    count = int(backend.take("SELECT count(*) AS n FROM candidates")["n"][0].as_py())
    parts = max(1, -(-count // _AT_ONCE))
    step = -(-max(lines, 1) // parts)
    found = []
    for n in range(parts):
        backend.make(
            "pairs",
            f"SELECT '0' AS match_key, cast(resident as bigint) AS join_key_l, "
            f"cast(line + {people} as bigint) AS join_key_r FROM candidates "
            f"WHERE line >= {n * step} AND line < {(n + 1) * step}",
        )
        tables.register_blocked_pairs_for_predict(backend.api.register("pairs"))
        made = linker.inference.predict(warning_mode="never").physical_name
        found.append(_arrays(backend.take(_wanted(made, people))))
        backend.drop(made)
        if tell:
            tell((n + 1) / parts)
    return _together(found)


def _wanted(table: str, people: int) -> str:
    """Return SQL of level and rarity of every comparison."""
    names = [one.name for one in levels.COMPARISONS]
    parts = [f"cast(round(mw_{n}) as tinyint) AS level_{n}" for n in names]
    parts += [f"cast({levels.rarity(n)} as float) AS rarity_{n}" for n in names]
    return f"SELECT row_r - {people} AS line, row_l AS resident, {', '.join(parts)} FROM {table}"


def _arrays(table: pa.Table) -> Pairs:
    names = [one.name for one in levels.COMPARISONS]

    def stacked(kind: str, dtype: type[np.generic]) -> npt.NDArray[np.generic]:
        return np.column_stack([table[f"{kind}_{n}"].to_numpy().astype(dtype) for n in names])

    return Pairs(
        table["line"].to_numpy().astype(np.int64), table["resident"].to_numpy().astype(np.int64),
        stacked("level", np.int8), stacked("rarity", np.float32),  # type: ignore[arg-type]
    )  # fmt: skip


def _together(found: list[Pairs]) -> Pairs:
    """Join parts and order them."""
    line = np.concatenate([one.line for one in found])
    resident = np.concatenate([one.resident for one in found])
    order = np.lexsort((resident, line))
    return Pairs(
        line[order], resident[order],
        np.concatenate([one.level for one in found])[order],
        np.concatenate([one.rarity for one in found])[order],
    )  # fmt: skip
