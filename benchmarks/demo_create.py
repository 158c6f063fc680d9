"""Making the demo city, generation and database, against writing the same number of bare rows.

Promise: the full city in at most 30 s, the small one in at most 3 s.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEOPLE = {"full": 117_209, "small": 5_000}
TARGET = {"full": 30.0, "small": 3.0}


def _sonae(home: str, *words: str) -> float:
    """Run a command of ours in a home of its own and return its seconds."""
    env = {**os.environ, "SONAE_HOME": home, "PYTHONPATH": str(ROOT / "src")}
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "sonae", *words], env=env, check=True, capture_output=True
    )
    return time.perf_counter() - begun


def _bare(rows: int, folder: str) -> float:
    """Insert that many rows of 13 columns into a plain SQLite file and return the seconds."""
    begun = time.perf_counter()
    with sqlite3.connect(Path(folder) / "bare.sqlite3") as base:
        names = ", ".join(f"c{n} TEXT" for n in range(13))
        base.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, {names})")
        marks = ", ".join("?" * 13)
        columns = ", ".join(f"c{n}" for n in range(13))
        base.executemany(
            f"INSERT INTO t ({columns}) VALUES ({marks})", (("x" * 12,) * 13 for _ in range(rows))
        )
    return time.perf_counter() - begun


def main() -> None:
    """Print seconds per size and the ratio to the bare insert."""
    with tempfile.TemporaryDirectory(prefix="sonae-bench-") as home:
        _sonae(home, "setup")
        for size in ("small", "full"):
            taken = _sonae(home, "demo", "create", "--size", size)
            bare = _bare(PEOPLE[size], tempfile.mkdtemp(dir=home))
            print(
                f"demo create --size {size}: {taken:.1f} s (promise {TARGET[size]:g} s);"
                f" bare insert of {PEOPLE[size]:,} rows {bare:.2f} s; ratio {taken / bare:.0f}"
            )


if __name__ == "__main__":
    main()
