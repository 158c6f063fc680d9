"""Telegram on a socket → suggested order on the staff desk, with the processes of real service.

The demo city (117,209 people) is made in a folder of its own; ``sonae inputs run`` and ``sonae work``
run as their own processes. The simulator of the pushed line (``dmdata``) issues a river telegram at
level 4; the clock stops when a draft order can be read through ``evacuation.interface``, as the staff
page reads it. Then the draft is taken off the desk, the warning is lifted, and the next round begins.
Promise: 1 s. Baseline in the same run, before the processes start: ``warnings.accept`` and ``replan``
in one process, without a line, an outbox or a draft.

Usage: python benchmarks/warning_to_draft.py [--size full|small] [--rounds 7]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from spine import prepare

PROMISED_SECONDS = 1.0
PATIENCE = 60.0


def river(kind: str, step: int) -> bytes:
    """The demo city's river at a level, each step a minute later."""
    from sonae.core import clock
    from sonae.demo.frame import CITY_AREA, RIVER_AREA
    from sonae.engines.warnings.compose import compose_river

    return compose_river(
        river_code=RIVER_AREA, river_name="備え川", kind_code=kind, office="備え地方気象台",
        cities=[(CITY_AREA, "備え市")], prefecture=("990000", "そなえ県"),
        issued_at=clock.now() + timedelta(minutes=step),
    )  # fmt: skip


def until(found: Callable[[], Any]) -> tuple[float, Any]:
    """Wait for something; return when (perf_counter) it was seen, and what it is."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if result := found():
            return time.perf_counter(), result
        time.sleep(0.02)
    raise TimeoutError("nothing came; do the processes run?")


def draft() -> Any:
    """The suggested order, as the staff page finds it."""
    from sonae.domains.evacuation import interface as evacuation

    return next((one for one in evacuation.orders(open_only=True) if one.status == "draft"), None)


def take_off(found: Any) -> None:
    """Take a draft off the desk."""
    from sonae.domains.evacuation import interface as evacuation
    from sonae.platform.access import SYSTEM

    evacuation.discard(SYSTEM, found.pk)


def calm() -> bool:
    """Whether the current plan knows of no warning, and the worker has nothing left to do."""
    from sonae.domains.evacuation import interface as evacuation
    from sonae.platform.models import OutboxEntry

    run = evacuation.current_run()
    due = OutboxEntry.everywhere.filter(state="pending", due_at__lte=time.time())
    return run is not None and not run.hazards and not due.exists()


def planned(since: int) -> bool:
    """Whether everyone has been planned for anew."""
    from sonae.domains.evacuation import interface as evacuation

    run = evacuation.current_run()
    return run is not None and run.pk > since


def baseline(rounds: int) -> list[float]:
    """Seconds of accepting a telegram and planning for everyone, all in this process."""
    from sonae.domains.evacuation import interface as evacuation
    from sonae.domains.warnings import interface as warnings
    from sonae.platform import outbox

    seconds = []
    for step in range(rounds + 1):
        raw = river("40", 2 * step)
        begun = time.perf_counter()
        taken = warnings.accept(raw, via="baseline")
        evacuation.replan("warning", taken.telegram)
        seconds.append(time.perf_counter() - begun)
        outbox.drain()
        take_off(draft())
        warnings.accept(river("10", 2 * step + 1), via="baseline")
        outbox.drain()
        assert calm()
    return seconds[1:]


def cpu_seconds(pids: list[int]) -> float:
    """CPU time that these processes have used (Linux): a busy machine does not change it."""
    ticks = 0
    for pid in pids:
        ticks += sum(
            map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13])
        )
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def in_service() -> Iterator[list[int]]:
    """The receiver and the worker as `sonae serve` starts them; their process ids."""
    verbs = (["inputs", "run"], ["work"])
    running = [
        subprocess.Popen([sys.executable, "-m", "sonae", *verb], stdout=subprocess.DEVNULL)
        for verb in verbs
    ]
    try:
        yield [one.pid for one in running]
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait(30)


def over_the_line(rounds: int, first_step: int) -> list[tuple[float, ...]]:
    """Seconds per round until the telegram is stored, everyone is planned for, the draft is
    readable; and what the plan run says of itself, and CPU.

    The first round is that of cold processes.
    """
    from sonae.domains.evacuation import interface as evacuation
    from sonae.domains.warnings import interface as warnings
    from sonae.gateways.simulators.dmdata import DmdataServer
    from sonae.platform.access import SYSTEM

    line = DmdataServer(key="k")
    warnings.add_input(SYSTEM, "dmdata", "即時配信", {**line.options, "key": "k"})
    times: list[tuple[float, ...]] = []
    try:
        with in_service() as pids:
            until(lambda: line.used and warnings.inputs()[0].state == "ok")
            time.sleep(3)
            for step in range(first_step, first_step + 2 * rounds + 2, 2):
                run = evacuation.current_run()
                raw, last = river("40", step), warnings.last_received()
                used, begun = cpu_seconds(pids), time.perf_counter()
                line.publish("x_VXKO50_x.xml", raw)
                stored, _ = until(lambda was=last: warnings.last_received() != was)  # type: ignore[misc]
                done, _ = until(lambda pk=run.pk if run else 0: planned(pk))  # type: ignore[misc]
                at, found = until(draft)
                used = cpu_seconds(pids) - used
                made = evacuation.current_run()
                assert made is not None
                times.append((stored - begun, done - begun, at - begun, made.seconds, used))
                take_off(found)
                line.publish("x_VXKO50_x.xml", river("10", step + 1))
                until(calm)
                time.sleep(1)
    finally:
        line.close()
    return times


def measure(rounds: int) -> None:
    """Print medians of both ways."""
    from sonae import django_setup

    django_setup()
    from sonae.demo.frame import CODE
    from sonae.domains.residents.interface import population
    from sonae.platform import worlds

    with worlds.entered(CODE):
        people = len(population().pk)
        bare = statistics.median(baseline(rounds))
        times = over_the_line(rounds, 2 * rounds + 4)
    cold, warm = times[0], times[1:]
    stored, done, median, own, used = (statistics.median(one) for one in zip(*warm, strict=True))
    print(f"{people:,} residents; telegram on a socket → suggested order readable")
    print(f"median {median:.2f} s, best {min(t[2] for t in warm):.2f} s, worst "
          f"{max(t[2] for t in warm):.2f} s of {len(warm)} rounds (promise {PROMISED_SECONDS:.0f} s); "
          f"first of the processes: {cold[2]:.2f} s")  # fmt: skip
    print(
        f"on the way: stored after {stored:.2f} s, everyone planned for after {done:.2f} s "
        f"(the plan run alone: {own:.2f} s); CPU of both {used:.2f} s"
    )
    print(f"baseline, accept + replan in one process: {bare:.2f} s; ratio {median / bare:.1f}")


def main() -> None:
    """Prepare in one child process, measure in another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=("full", "small"), default="full")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--step", choices=("prepare", "measure"))
    given = parser.parse_args()
    if given.step == "prepare":
        prepare(given.size)
    elif given.step == "measure":
        measure(given.rounds)
    else:
        with tempfile.TemporaryDirectory(prefix="sonae-draft-") as home:
            for step in ("prepare", "measure"):
                command = [sys.executable, __file__, "--size", given.size, "--step", step]
                environment = {k: v for k, v in os.environ.items() if not k.startswith("SONAE_")}
                environment["SONAE_HOME"] = home
                subprocess.run(
                    [*command, "--rounds", str(given.rounds)], env=environment, check=True
                )


if __name__ == "__main__":
    main()
