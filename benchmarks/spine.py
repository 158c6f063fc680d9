"""The spine: telegram accepted → everyone exposed has decision, site, way and time, orders drafted.

The demo city (117,209 people) is made in a folder of its own; then a fresh process accepts one
telegram after another and empties the outbox's inner lane after each, as ``sonae work`` does.
Promise: 5 s and 1.5 GB on 2 cores. The slow lane, a process of its own there, then gives everyone a
place with room, and who must go elsewhere than the nearest site is told; that is timed apart.
Baseline in the same run: the engine's pass over everyone alone, nothing stored.

Usage: python benchmarks/spine.py [--size full|small]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

PROMISED_SECONDS, PROMISED_MB = 5.0, 1536
ROUNDS = 5


def prepare(size: str) -> None:
    """Make the demo city in this process's SONAE_HOME."""
    from sonae import django_setup

    django_setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    from sonae.demo import load
    from sonae.demo.city import generate

    load.create(generate(size, 1))  # type: ignore[arg-type]


def telegrams(step: int) -> list[tuple[str, bytes]]:
    """Return one round: river at level 4, landslides at level 4 beside it, river at level 5, lifted."""
    from sonae.core import clock
    from sonae.demo.frame import CITY_AREA, RIVER_AREA
    from sonae.engines.warnings.compose import CityKind, compose_river, compose_weather

    begin = clock.now() + timedelta(minutes=step)

    def river(kind: str, seconds: int) -> bytes:
        return compose_river(
            river_code=RIVER_AREA, river_name="備え川", kind_code=kind, office="備え地方気象台",
            cities=[(CITY_AREA, "備え市")], prefecture=("990000", "そなえ県"),
            issued_at=begin + timedelta(seconds=seconds),
        )  # fmt: skip

    def slope(kind: str, seconds: int) -> bytes:
        return compose_weather(
            "VPWW56", [CityKind(CITY_AREA, "備え市", kind)], office="備え地方気象台",
            prefecture=("990000", "そなえ県"), issued_at=begin + timedelta(seconds=seconds),
        )  # fmt: skip

    return [
        ("river level 4", river("40", 0)),
        ("and landslides level 4", slope("49", 1)),
        ("river level 5", river("51", 2)),
        ("river lifted", river("10", 3)),
        ("landslides lifted", slope("", 4)),
    ]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return seconds and the result."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def engine_alone() -> float:
    """Return the seconds of the engine's pass for the warnings in force, without reading or storing."""
    from sonae.core import clock
    from sonae.domains.evacuation import networks, services
    from sonae.domains.residents.interface import population
    from sonae.domains.shelters import interface as shelters

    networks._held.clear()  # what a process remembers of earlier plans
    people, sites, warned = population(), shelters.site_table(), services.warned_now()
    return timed(lambda: services.compute(people, sites, warned, clock.now()))[0]


def accept(raw: bytes) -> None:
    """One telegram through the whole spine."""
    from sonae.domains.warnings import interface as warnings
    from sonae.platform import outbox

    warnings.accept(raw, via="benchmark")
    outbox.drain(lane=outbox.Lane.INNER)


def give_places() -> None:
    """What follows for the places, and all that is left in the outbox."""
    from sonae.platform import outbox

    outbox.drain(lane=outbox.Lane.SLOW)
    outbox.drain()


def check() -> str:
    """Hold that everyone exposed has advice and is asked after; return what there is now."""
    from sonae.domains.evacuation.interface import Advice, EvacuationOrder, current_run
    from sonae.domains.safety.interface import unaccounted_count

    run = current_run()
    assert run is not None
    rows = Advice.objects.filter(run=run.advice_run)
    exposed = run.counts.get("inside", 0) + run.counts.get("unknown", 0)
    assert rows.count() == exposed
    assert not rows.filter(facility=None, reason="").exists()
    drafts = EvacuationOrder.objects.filter(status="draft").count()
    return (
        f"{run.counts.get('inside', 0):,} inside + {run.counts.get('unknown', 0):,} not surveyed; "
        f"{unaccounted_count().unaccounted:,} unaccounted; {drafts} orders drafted; plan run {run.seconds:.2f} s"
    )


def measure() -> None:
    """Accept rounds of telegrams and print medians."""
    from sonae import django_setup

    django_setup()
    from sonae.demo.frame import CODE
    from sonae.platform import worlds

    with worlds.entered(CODE):
        times: dict[str, list[float]] = {}
        places: list[float] = []
        states: dict[str, str] = {}
        engine: list[float] = []
        for step in range(ROUNDS):
            for name, raw in telegrams(step):
                seconds, _ = timed(lambda raw=raw: accept(raw))  # type: ignore[misc]
                times.setdefault(name, []).append(seconds)
                states.setdefault(name, check())
                places.append(timed(give_places)[0])
                if name == "river level 5":
                    engine.append(engine_alone())
    cold = times["river level 4"][0]
    for name, all_times in times.items():
        print(
            f"{name:24s} {statistics.median(all_times):6.2f} s median of {ROUNDS}   {states[name]}"
        )
    worst = max(statistics.median(one) for one in times.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    alone = statistics.median(engine)
    print(
        f"places with room after it, and telling whom it concerns: {statistics.median(places):.2f} s"
    )
    print(f"first telegram of the process: {cold:.2f} s")
    print(f"worst median: {worst:.2f} s (promise {PROMISED_SECONDS:.0f} s); peak memory: {peak:.0f} MB "
          f"(promise {PROMISED_MB} MB)")  # fmt: skip
    print(f"engine alone, nothing stored: {alone:.2f} s; river level 5 is "
          f"{statistics.median(times['river level 5']) / alone:.1f} x that")  # fmt: skip


def main() -> None:
    """Prepare in one child process, measure in another, so that memory is that of a server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=("full", "small"), default="full")
    parser.add_argument("--step", choices=("prepare", "measure"))
    given = parser.parse_args()
    if given.step == "prepare":
        prepare(given.size)
    elif given.step == "measure":
        measure()
    else:
        with tempfile.TemporaryDirectory(prefix="sonae-spine-") as home:
            for step in ("prepare", "measure"):
                command = [sys.executable, __file__, "--size", given.size, "--step", step]
                environment = {k: v for k, v in os.environ.items() if not k.startswith("SONAE_")}
                environment["SONAE_HOME"] = home
                subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main()
