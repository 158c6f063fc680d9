"""Telegrams read per CPU-second, against the bare lxml parse of the same bytes in the same run.

Data: JMA's official samples in the folder of real data (``../shared/data``); without it, telegrams
composed here. Medians of several rounds, and the best round; one process, one core.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from lxml import etree

from sonae.core.clock import JST
from sonae.engines.warnings import in_force, read
from sonae.engines.warnings.compose import CityKind, compose_weather

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "alerts" / "jma" / "samples"
WARNING_TYPES = ("VPWW", "VXKO", "VXWW", "VPBS", "VTSE41", "VXSE51", "VXSE53")
ROUNDS = 7


def telegrams() -> list[bytes]:
    """The samples, or 300 composed telegrams of 20 cities where the folder is missing."""
    if SAMPLES.exists():
        return [path.read_bytes() for path in sorted(SAMPLES.glob("*.xml"))]
    at = datetime(2026, 8, 30, tzinfo=JST)
    cities = [CityKind(f"99{n:03}00", f"{n}市", "43") for n in range(20)]
    return [
        compose_weather(
            "VPWW55", cities, office="備え地方気象台", prefecture=("990000", "備え県"),
            issued_at=at + timedelta(minutes=n),
        )
        for n in range(300)
    ]  # fmt: skip


def warning_telegrams() -> list[bytes]:
    """Only the types that warn, which are larger than the average."""
    if not SAMPLES.exists():
        return []
    paths = sorted(SAMPLES.glob("*.xml"))
    return [path.read_bytes() for path in paths if any(t in path.name for t in WARNING_TYPES)]


def per_second(work: Callable[[bytes], object], raws: list[bytes]) -> float:
    """Documents per CPU-second in one round."""
    began = time.process_time()
    for raw in raws:
        work(raw)
    return len(raws) / (time.process_time() - began)


def bare(raw: bytes) -> object:
    """What any reader must do at least."""
    return etree.fromstring(raw)


def compare(name: str, raws: list[bytes]) -> None:
    """Print both rates and their ratio."""
    if not raws:
        return
    size = sum(map(len, raws)) / len(raws) / 1000
    # Both in every round: what else runs on the machine slows both.
    rounds = [(per_second(read, raws), per_second(bare, raws)) for _ in range(ROUNDS)]
    ours, baseline = (statistics.median(rates) for rates in zip(*rounds, strict=True))
    best_ours, best_baseline = (max(rates) for rates in zip(*rounds, strict=True))
    print(f"{name}: {len(raws)} telegrams of {size:.0f} kB on average")
    print(f"  bare lxml parse   {baseline:8.0f} /CPU-s, best round {best_baseline:.0f}")
    print(f"  sonae read        {ours:8.0f} /CPU-s, best round {best_ours:.0f}")
    print(
        f"  of the bare parse {ours / baseline:8.2f}, best rounds {best_ours / best_baseline:.2f}"
    )


def state(raws: list[bytes]) -> None:
    """Print how long the state of all telegrams takes."""
    warnings = [read(raw) for raw in raws]
    at = max(warning.issued_at for warning in warnings)
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        lines = in_force(warnings, at=at)
        times.append(time.process_time() - began)
    print(
        f"state: {len(warnings)} telegrams → {len(lines)} lines in"
        f" {statistics.median(times) * 1000:.0f} ms CPU"
    )


def main() -> None:
    """Run all comparisons."""
    raws = telegrams()
    if not SAMPLES.exists():
        print("the folder of real data is missing: composed telegrams", file=sys.stderr)
    compare("all samples", raws)
    compare("types that warn", warning_telegrams())
    state(raws)


if __name__ == "__main__":
    main()
