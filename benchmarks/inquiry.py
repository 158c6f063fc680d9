"""Opening the inquiry: seconds from a plan run to everyone in danger being under inquiry.

A city of 100,000 people, 40,000 of them with advice of a run. Measured are the first run (40,000 rows
inserted), the same again (nothing changes) and the list, the count and the curve of the staff desk.
Baseline in the same run: a bare INSERT … SELECT of as many rows of the same width. Medians of 3.

Usage: python benchmarks/inquiry.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]
ROUNDS, IN_DANGER, WANTED_SECONDS = 3, 40_000, 0.5


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that ``work`` takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def bare() -> None:
    """Insert as many rows as the inquiry has, without rules."""
    from django.db import connection

    from sonae.platform.db import writing

    with writing(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bare")
        cursor.execute("CREATE TABLE bare AS SELECT * FROM safety_inquirysubject WHERE 0")
        cursor.execute("CREATE UNIQUE INDEX bare_once ON bare (inquiry_id, resident_id)")
        cursor.execute(
            "INSERT INTO bare SELECT id, zone, 1, 1, NULL, NULL, 1, resident_id, 1"
            " FROM evacuation_advice"
        )


def measure() -> None:
    """Run the rounds and print."""
    from sonae.core import clock
    from sonae.domains.evacuation.interface import Advice, PlanRun
    from sonae.domains.residents.interface import Resident
    from sonae.domains.safety import interface as safety
    from sonae.platform.db import bulk_insert, writing
    from tests.fixtures import VIEWER

    people = list(Resident.objects.order_by("pk").values_list("pk", flat=True)[:IN_DANGER])
    with writing():
        run = PlanRun.objects.create(reason="benchmark", at=clock.now(), current=True)
        bulk_insert(Advice, {
            "run_id": [run.pk] * IN_DANGER, "resident_id": people, "zone": ["inside"] * IN_DANGER,
            "hazard": ["flood"] * IN_DANGER, "rank": [i % 6 for i in range(IN_DANGER)],
            "decision": ["leave"] * IN_DANGER, "rule": [""] * IN_DANGER,
            "departure": [""] * IN_DANGER, "reason": [""] * IN_DANGER,
        })  # fmt: skip
    figures: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        with writing():
            safety.InquirySubject.objects.all().delete()
            safety.Inquiry.objects.all().delete()
        for name, work in {
            "first run": lambda: safety.open_inquiry(run.pk),
            "the same again": lambda: safety.open_inquiry(run.pk),
            "bare INSERT ... SELECT": bare,
            "count": safety.unaccounted_count,
            "curve": safety.curve,
            "list of 100": lambda: safety.unaccounted(VIEWER, limit=100),
            "list, silent for a day": lambda: safety.unaccounted(
                VIEWER, limit=100, silent=timedelta(hours=24)
            ),
        }.items():
            figures.setdefault(name, []).append(timed(work))
        if safety.unaccounted_count().unaccounted != IN_DANGER:
            raise SystemExit("the inquiry did not take everyone in")
    base = statistics.median(figures["bare INSERT ... SELECT"])
    print(f"inquiry: {IN_DANGER:,} people in danger, load average {os.getloadavg()[0]:.1f}")
    for name, seconds in figures.items():
        middle = statistics.median(seconds)
        print(f"  {name:24} {middle:7.3f} s   {middle / base:5.2f} x the bare statement")
    print(f"  wanted: first run <= {WANTED_SECONDS} s")


def main() -> None:
    """Make the city of `check_in` in a folder of its own, then measure in a child process."""
    if "--measure" in sys.argv:
        import django

        django.setup()
        from sonae.platform import worlds
        from tests.fixtures import CODE

        with worlds.entered(CODE):
            measure()
        return
    with tempfile.TemporaryDirectory(prefix="sonae-bench-") as folder:
        environment = {
            **os.environ, "SONAE_HOME": folder, "DJANGO_SETTINGS_MODULE": "sonae.settings",
            "PYTHONPATH": os.pathsep.join([*sys.path[:2], sys.path[0] + "/src"]),
        }  # fmt: skip
        check_in = Path(__file__).with_name("check_in.py")
        subprocess.run(
            [sys.executable, check_in, "--prepare"], env=environment, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        subprocess.run([sys.executable, __file__, "--measure"], env=environment, check=True)


if __name__ == "__main__":
    main()
