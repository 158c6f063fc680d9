"""Where the tables are compared: DuckDB inside this process, or a Spark cluster, by the same SQL.

The few words that the two dialects spell differently are methods here; everything else, and every
comparison of Splink, is common. The results on the same input are equal (tests/engines/matching).
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from sonae.core.errors import SonaeError

if TYPE_CHECKING:
    import pyarrow as pa
    from splink.internals.database_api import DatabaseAPI

NAMES: Final = ("duckdb", "spark")
_MEMORY: Final = "3GB"


class Backend(Protocol):
    """What matching asks of a database: tables in, SQL, tables out, and Splink's interface to it."""

    api: DatabaseAPI[Any]

    def put(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table a table of the database."""

    def make(self, name: str, sql: str) -> None:
        """Keep the result of a query as a table."""

    def drop(self, *names: str) -> None:
        """Forget tables."""

    def take(self, sql: str) -> pa.Table:
        """Return the result of a query."""

    def key(self, tag: str, parts: Sequence[str]) -> str:
        """Return SQL of one 64-bit key of several values."""

    def shorter(self, column: str) -> str:
        """Return SQL of a row per text that one missing character makes of a value, and itself."""

    def close(self) -> None:
        """Give back what was used."""


class DuckDB:
    """One in-memory database; never looks for extensions on the network."""

    def __init__(self, threads: int | None = None) -> None:
        import duckdb
        from splink import DuckDBAPI

        # What does not fit in memory is spilt here and not, as by default, beside whoever calls.
        self._spill = tempfile.TemporaryDirectory(prefix="sonae-match-")
        config: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": _MEMORY,
            "temp_directory": self._spill.name,
            "preserve_insertion_order": "false",
        }
        if threads:
            config["threads"] = str(threads)
        self._connection = duckdb.connect(":memory:", config=config)
        self._connection.execute("SET enable_progress_bar = false")
        self.api: DatabaseAPI[Any] = DuckDBAPI(self._connection)

    def put(self, name: str, table: pa.Table) -> None:
        """Copy an Arrow table in."""
        self._connection.register("arriving", table)
        self._connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM arriving")
        self._connection.unregister("arriving")

    def make(self, name: str, sql: str) -> None:
        """Keep the result of a query as a table."""
        self._connection.execute(f"CREATE OR REPLACE TABLE {name} AS {sql}")

    def drop(self, *names: str) -> None:
        """Forget tables."""
        for name in names:
            self._connection.execute(f"DROP TABLE IF EXISTS {name}")

    def take(self, sql: str) -> pa.Table:
        """Return the result of a query as an Arrow table."""
        return self._connection.sql(sql).to_arrow_table()

    def key(self, tag: str, parts: Sequence[str]) -> str:
        """Return SQL of one 64-bit key of several values."""
        return f"hash('{tag}', {', '.join(parts)})"

    def shorter(self, column: str) -> str:
        """Return SQL of a row per text that one missing character makes of a value, and itself."""
        return (
            f"unnest(list_distinct(list_transform(range(0, length({column}) + 1), lambda i: "
            f"substring({column}, 1, i - 1) || substring({column}, i + 1))))"
        )

    def close(self) -> None:
        """Close the database and remove what it spilt."""
        self._connection.close()
        self._spill.cleanup()


def opened(name: str) -> Backend:
    """Open a backend by name; SonaeError when it is unknown or what it needs is not installed."""
    # Splink explains itself at length on every call.
    logging.getLogger("splink").setLevel(logging.ERROR)
    if name == "duckdb":
        return DuckDB()
    if name == "spark":
        from sonae.engines.matching.spark import Spark

        return Spark()
    raise SonaeError("bad_backend", f"照合の仕組み {name} はありません。", " / ".join(NAMES))
