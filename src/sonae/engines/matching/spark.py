"""The same matching on a Spark cluster, for a prefecture or the nation; an extra that is installed apart.

Tables travel as Parquet files through one folder: the driver's own for a single machine, or one
that every node sees, named by the Spark setting ``spark.sonae.folder``. The session is whatever
``spark-submit`` or the environment sets up, else one on this machine.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sonae.core.errors import SonaeError

if TYPE_CHECKING:
    import pyarrow as pa
    from splink.internals.database_api import DatabaseAPI

_HOW = "pip install 'sonae[spark]' と Java 17 が要ります（docs/operations/matching.md）。"


class Spark:
    """One Spark session; tables are temporary views over Parquet files."""

    def __init__(self) -> None:
        try:
            from pyspark.sql import SparkSession
            from splink import SparkAPI
        except ImportError as error:
            raise SonaeError("spark_missing", "Sparkが入っていません。", _HOW) from error
        builder: Any = SparkSession.builder
        self._spark = (
            builder.appName("sonae people match")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.sql.session.timeZone", "Asia/Tokyo")
            .getOrCreate()
        )
        self._spark.sparkContext.setLogLevel("ERROR")
        shared = self._spark.conf.get("spark.sonae.folder", None)
        self._folder = Path(tempfile.mkdtemp(prefix="sonae-match-", dir=shared))
        self._numbers = count()
        self._spark.sparkContext.setCheckpointDir(str(self._folder / "checkpoints"))
        splink: Any = SparkAPI
        self.api: DatabaseAPI[Any] = splink(
            spark_session=self._spark,
            break_lineage_method="parquet",
            num_partitions_on_repartition=max(2, self._spark.sparkContext.defaultParallelism),
            register_udfs_automatically=False,
        )

    def _path(self) -> str:
        """Return a file name that was never used: a view may still be read while its successor is made."""
        return str(self._folder / f"t{next(self._numbers)}.parquet")

    def put(self, name: str, table: pa.Table) -> None:
        """Write an Arrow table as a file and read it as a view."""
        import pyarrow.parquet as pq

        path = self._path()
        pq.write_table(table, path)
        self._spark.read.parquet(path).createOrReplaceTempView(name)

    def make(self, name: str, sql: str) -> None:
        """Keep the result of a query as a file and a view of it."""
        path = self._path()
        self._spark.sql(sql).write.parquet(path)
        self._spark.read.parquet(path).createOrReplaceTempView(name)

    def drop(self, *names: str) -> None:
        """Forget views."""
        for name in names:
            self._spark.catalog.dropTempView(name)

    def take(self, sql: str) -> pa.Table:
        """Return the result of a query as an Arrow table."""
        import pyarrow.parquet as pq

        path = self._path()
        self._spark.sql(sql).write.parquet(path)
        return pq.read_table(path)

    def key(self, tag: str, parts: Sequence[str]) -> str:
        """Return SQL of one 64-bit key of several values."""
        return f"xxhash64('{tag}', {', '.join(parts)})"

    def shorter(self, column: str) -> str:
        """Return SQL of a row per text that one missing character makes of a value, and itself."""
        return (
            f"explode(array_distinct(transform(sequence(0, length({column})), i -> "
            f"concat(substring({column}, 1, i - 1), substring({column}, i + 1)))))"
        )

    def close(self) -> None:
        """Remove the files and end the session."""
        self._spark.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
