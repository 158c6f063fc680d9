"""Planning again for everybody after a closing, decisions included, and what of it is stored.

The demo city (117,209 people) with two warnings in force; then sites fill, roads close and water is
seen, one after the other, through the domain's own verbs. Promise: 0.5 s without reading people,
sites' ways or layers again; writing is measured apart. Baselines of the same run: the plan of a
process that remembers nothing, and scipy's bare searches for as many trees.

Usage: python benchmarks/replan.py [--size full|small]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy.sparse.csgraph import dijkstra

from spine import prepare, telegrams

PROMISED = 0.5
ROUNDS = 7
spent: dict[str, float] = defaultdict(float)


def wrapped(module: Any, name: str, label: str) -> None:
    """Count the seconds spent in a function of a module."""
    inner: Callable[..., Any] = getattr(module, name)

    def outer(*args: Any, **kwargs: Any) -> Any:
        begun = time.perf_counter()
        try:
            return inner(*args, **kwargs)
        finally:
            spent[label] += time.perf_counter() - begun

    setattr(module, name, outer)


@contextmanager
def counting() -> Iterator[list[str]]:
    """Collect the statements that are executed."""
    from django.db import connection

    seen: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield seen


def one_plan(reason: str) -> dict[str, Any]:
    """Plan again; seconds of the parts, the statements and the rows that were written."""
    from sonae.domains.evacuation import services
    from sonae.domains.residents.interface import Household, Resident

    spent.clear()
    tables = [Resident._meta.db_table, Household._meta.db_table]
    with counting() as statements:
        begun, cpu = time.perf_counter(), time.process_time()
        run = services.replan(reason)
        whole, busy = time.perf_counter() - begun, time.process_time() - cpu
    register = [sql for sql in statements if any(f'FROM "{table}"' in sql for table in tables)]
    assert not register, register
    storing = spent["store"]
    return {
        "plan": whole - storing, "engine": spent["engine"], "store": storing, "whole": whole, "cpu": busy,
        "queries": len(statements), "people": run.counts["inside"] + run.counts["unknown"],
        "partly": run.base_id is not None,
    }  # fmt: skip


def show(name: str, plans: list[dict[str, Any]]) -> float:
    """Print the medians of some plans; return that of planning without storing."""
    of = {key: statistics.median(one[key] for one in plans) for key in plans[0]}
    partly = sum(one["partly"] for one in plans)
    print(
        f"{name:22s} plan {of['plan']:.3f} s (engine {of['engine']:.3f} s), stored in {of['store']:.3f} s, "
        f"CPU {of['cpu']:.3f} s; {of['queries']:.0f} statements, {partly} of {len(plans)} stored in part"
    )
    return float(of["plan"])


def forget() -> None:
    """Let this process forget what it computed and stored."""
    from sonae.domains.evacuation import advising, networks

    networks._held.clear()
    advising._last.clear()
    assert networks.city() is not None  # opening the file is not planning


def bare(rng: np.random.Generator) -> tuple[int, float]:
    """Trees that the plan in force needed, and the seconds of as many bare searches of scipy."""
    from sonae.domains.evacuation import networks

    city = networks.city()
    assert city is not None
    grown = city.trees._grown.newest_first()
    begun = time.perf_counter()
    for one in grown:
        dijkstra(one.graph.matrix, indices=one.sites, min_only=True)
    return len(grown), time.perf_counter() - begun


def road_report(rng: np.random.Generator, kind: str) -> Any:
    """Return a report about a road somewhere in the city: closed for 10 m, or under water."""
    from sonae.core import clock
    from sonae.domains.evacuation import networks
    from sonae.domains.hazards import interface as hazards

    city = networks.city()
    assert city is not None
    net = city.network
    edge = int(rng.integers(len(net.tail)))
    a, b = int(net.tail[edge]), int(net.head[edge])
    ends = [[float(net.lon[n]), float(net.lat[n])] for n in (a, b)]
    shape: dict[str, Any] = {"type": "LineString", "coordinates": ends}
    if kind == "flooded":
        (x, y), d = ends[0], 0.0008
        ring = [[x - d, y - d], [x + d, y - d], [x + d, y + d], [x - d, y + d], [x - d, y - d]]
        shape = {"type": "Polygon", "coordinates": [ring]}
    extra = {"hazard": "flood", "depth_m": 0.8} if kind == "flooded" else {}
    return hazards.Report(
        kind=kind, shape=shape, source="benchmark", observed_at=clock.now(), **extra
    )


def change(what: str, rng: np.random.Generator, sites: list[int]) -> None:
    """Make one thing worse, or a road that closed or was under water better, without planning yet."""
    from sonae.domains.hazards import interface as hazards
    from sonae.domains.shelters import interface as shelters
    from sonae.platform.access import SYSTEM

    if what == "site":
        shelters.set_state(SYSTEM, sites.pop(), "full")
    elif what == "opened":
        hazards.withdraw(SYSTEM, int(rng.choice([row.pk for row in hazards.in_force()])))
    else:
        hazards.report_obstacles(SYSTEM, [road_report(rng, what)])


def measure() -> None:
    """Change one thing after the other, plan after each, print medians."""
    from sonae import django_setup

    django_setup()
    from sonae.demo.frame import CODE
    from sonae.domains.evacuation import advising, services
    from sonae.domains.evacuation.models import Advice
    from sonae.domains.residents.interface import population
    from sonae.domains.shelters import interface as shelters
    from sonae.domains.warnings import interface as warnings
    from sonae.platform import outbox, worlds

    rng = np.random.default_rng(1)
    wrapped(services, "compute", "engine")
    wrapped(advising, "store", "store")
    with worlds.entered(CODE):
        for _name, raw in telegrams(0)[:2]:
            warnings.accept(raw, via="benchmark")
        outbox.drain()
        used = Advice.objects.exclude(facility=None).values_list("facility_id", flat=True)
        sites = list(dict.fromkeys(used.order_by("?")))
        print(f"{len(population().pk):,} people, {len(shelters.facilities())} facilities")
        cold = []
        for _ in range(3):
            forget()
            cold.append(one_plan("manual"))
        first = show("nothing remembered", cold)
        trees, searches = bare(rng)
        worst = 0.0
        for what, name in (
            ("site", "a site is full"),
            ("closed", "a road is closed"),
            ("flooded", "water is seen"),
            ("opened", "a road opens again"),
        ):
            plans = []
            for _ in range(ROUNDS):
                change(what, rng, sites)
                plans.append(one_plan("city"))
            services.forget_superseded()
            worst = max(worst, show(name, plans))
        show("nothing changed", [one_plan("manual") for _ in range(3)])
        print(f"people told what to do: {cold[-1]['people']:,}")
    print(f"worst median of planning again: {worst:.3f} s (promise {PROMISED} s); {worst / first:.2f} x a process "
          f"that remembers nothing; {worst / searches:.2f} x the bare scipy searches of its {trees} trees")  # fmt: skip


def main() -> None:
    """Prepare in one child process, measure in another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=("full", "small"), default="full")
    parser.add_argument("--step", choices=("prepare", "measure"))
    given = parser.parse_args()
    if given.step == "prepare":
        prepare(given.size)
    elif given.step == "measure":
        measure()
    else:
        with tempfile.TemporaryDirectory(prefix="sonae-replan-") as home:
            for step in ("prepare", "measure"):
                command = [sys.executable, __file__, "--size", given.size, "--step", step]
                environment = {k: v for k, v in os.environ.items() if not k.startswith("SONAE_")}
                environment["SONAE_HOME"] = home
                subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main()
