"""Two at once: plans and drafts of several processes, on PostgreSQL as on SQLite."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection

from sonae.core import clock
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation import services
from sonae.domains.evacuation.models import Advice, PlanRun
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox, worlds
from sonae.platform.db import writing
from tests.fixtures import CODE, OPERATOR, City, flood_telegram

pytestmark = pytest.mark.django_db(transaction=True)
WAIT = 20


def in_the_city(act: Callable[[], Any]) -> Any:
    """What another process would do, on a connection of its own."""
    try:
        with worlds.entered(CODE):
            return act()
    finally:
        connection.close()


def _warn(level: int, minute: int = 0) -> None:
    warnings.accept(flood_telegram(level, "actual", minute), via="test")
    outbox.drain()


def test_a_plan_begun_before_a_warning_never_takes_the_place_of_the_newer_one(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    _warn(3)
    computed, go = threading.Event(), threading.Event()
    compute = services.compute
    main = threading.get_ident()

    def slow(*args: Any) -> Any:
        made = compute(*args)
        if threading.get_ident() != main and not computed.is_set():
            computed.set()
            assert go.wait(WAIT)
        return made

    monkeypatch.setattr(services, "compute", slow)
    with ThreadPoolExecutor(1) as threads:
        old = threads.submit(in_the_city, lambda: services.replan("manual"))
        assert computed.wait(WAIT)
        _warn(4, minute=5)
        go.set()
        old.result()
    [run] = PlanRun.objects.filter(current=True)
    assert [item["level"] for item in run.hazards] == [4]
    assert Advice.objects.filter(run=run.advice_run).count() == 9


def test_plans_made_at_once_leave_one_in_force(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    _warn(4)
    together = threading.Barrier(3, timeout=WAIT)
    compute, met = services.compute, threading.local()

    def meeting(*args: Any) -> Any:
        made = compute(*args)
        if not getattr(met, "once", False):
            met.once = True
            together.wait()
        return made

    monkeypatch.setattr(services, "compute", meeting)
    with ThreadPoolExecutor(3) as threads:
        acts = [
            threads.submit(in_the_city, lambda: services.replan("manual")) for _number in range(3)
        ]
        runs = {act.result().pk for act in acts}
    assert len(runs) == 3
    assert PlanRun.objects.get(current=True).pk == max(runs)


def test_the_table_itself_holds_one_current_plan(city: City) -> None:
    _warn(4)
    with pytest.raises(IntegrityError), writing():
        PlanRun.objects.create(reason="test", at=clock.now(), current=True)
    assert evacuation.current_run() is not None


def test_drafts_at_once_get_numbers_of_their_own(city: City) -> None:
    """The first has taken its number and not committed; the second waits, and loses nothing."""
    towns = [city.towns["西町"].pk]
    numbered, go = threading.Event(), threading.Event()

    def draft() -> int:
        return evacuation.draft_order(OPERATOR, level=4, hazard="flood", towns=towns).number

    def slow() -> int:
        with writing():
            number = draft()
            numbered.set()
            assert go.wait(WAIT)
        return number

    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(in_the_city, slow)
        assert numbered.wait(WAIT)
        two = threads.submit(in_the_city, draft)
        go.wait(0.3)
        go.set()
        assert [one.result(), two.result()] == [1, 2]
    assert [order.number for order in evacuation.orders()] == [2, 1]
