"""How long telegrams are kept: nothing that changed anything, or that anything refers to, is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonae.core import clock
from sonae.domains.municipalities.interface import Municipality
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings import retention
from sonae.domains.warnings.models import RuleFiring, Telegram, WarningEnd, WarningInForce
from sonae.engines.warnings.compose import CityKind, compose_weather
from sonae.platform import outbox
from sonae.platform.models import AuditEntry
from tests.fixtures import City

pytestmark = pytest.mark.django_db
BEGIN = datetime(2026, 6, 1, tzinfo=clock.JST)
LATER = BEGIN + timedelta(days=60)


def state(kind: str, code: str, minutes: int, city: str = "9920100") -> bytes:
    name = "試験市" if city == "9920100" else "よその市"
    cities = [CityKind(city, name, code)]
    if kind == "VPWS50":
        cities.append(CityKind("0110000", "よその市", "10"))
    return compose_weather(
        kind, cities, office="気象庁" if kind == "VPWS50" else "試験地方気象台",
        prefecture=("990000", "試験県"), issued_at=BEGIN + timedelta(minutes=minutes),
    )  # fmt: skip


def arrive(raw: bytes, minutes: int) -> int:
    with clock.using(clock.FrozenClock(BEGIN + timedelta(minutes=minutes))):
        return warnings.accept(raw, via="jma").telegram


def known(at: datetime) -> set[Any]:
    return {
        (one.area_code, one.phenomenon, one.kind, one.level, one.severity, one.until)
        for one in warnings.in_force(at)
    }


def prune(*, dry_run: bool = False) -> warnings.Pruned:
    with clock.using(clock.FrozenClock(LATER)):
        return warnings.prune(dry_run=dry_run)


def test_a_state_told_every_ten_minutes_becomes_one_telegram_that_counts_them(city: City) -> None:
    first = arrive(state("VPWS50", "03", 0), 0)
    for minutes in range(10, 60, 10):
        arrive(state("VPWS50", "03", minutes), minutes)
    rose = arrive(state("VPWS50", "43", 60), 60)
    last = [arrive(state("VPWS50", "43", minutes), minutes) for minutes in (70, 80)][-1]
    assert prune(dry_run=True).repeated == 6
    assert Telegram.objects.count() == 9, "counting removes nothing"
    done = prune()
    assert (done.repeated, done.types) == (6, {"VPWS50": 6}) and done.raw_bytes > 0
    assert set(Telegram.objects.values_list("pk", flat=True)) == {first, rose, last}
    row = Telegram.objects.get(pk=first)
    assert (row.confirmed, row.confirmed_until) == (5, BEGIN + timedelta(minutes=50))
    [entry] = AuditEntry.objects.filter(action=retention.PRUNE)
    assert entry.detail["repeated"] == 6
    assert prune().repeated == 0, "the second time there is nothing left to remove"


def test_what_is_young_or_what_anything_refers_to_stays(city: City) -> None:
    for minutes in range(0, 50, 10):
        arrive(state("VPWS50", "33", minutes), minutes)
    pks = list(Telegram.objects.order_by("pk").values_list("pk", flat=True))
    with clock.using(clock.FrozenClock(BEGIN + timedelta(days=29))):
        assert warnings.prune().repeated == 0
    RuleFiring.objects.create(
        telegram_id=pks[2], at=BEGIN, rule={}, trigger="raised", phenomenon="heavy_rain",
        kind="x", severity="warning",
    )  # fmt: skip
    prune()
    assert set(Telegram.objects.values_list("pk", flat=True)) == {pks[0], pks[2], pks[4]}


def test_others_telegrams_go_and_ours_and_what_nobody_read_stay(city: City) -> None:
    ours = arrive(state("VPWW55", "03", 0), 0)
    unread = arrive(b"<broken", 1)
    foreign = compose_weather(
        "VPWW55", [CityKind("0110000", "よその市", "33")], office="よその気象台",
        prefecture=("010000", "よその県"), issued_at=BEGIN,
    )  # fmt: skip
    arrive(foreign, 2)
    Municipality.objects.update(settings={"retention": {"others_days": 0}})
    assert prune().others == 0, "the city keeps everything"
    Municipality.objects.update(settings={"retention": {"others_days": 61}})
    assert prune().others == 0
    Municipality.objects.update(settings={"retention": {"others_days": 59}})
    assert prune().others == 1
    assert set(Telegram.objects.values_list("pk", flat=True)) == {ours, unread}


def test_it_runs_by_itself_once_a_day(city: City) -> None:
    for minutes in (0, 10, 20, 30):
        arrive(state("VPWS50", "03", minutes), minutes)
    from sonae.platform.models import OutboxEntry

    assert OutboxEntry.everywhere.filter(topic=retention.PRUNE).count() == 1
    OutboxEntry.everywhere.update(due_at=0)
    with clock.using(clock.FrozenClock(LATER)):
        outbox.drain()
    assert Telegram.objects.count() == 2


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["VPWS50", "VPWS50", "VPWS50", "VPWW55"]),
        st.sampled_from(["00", "10", "03", "43"]),
        st.integers(0, 2),
    ),
    min_size=2,
    max_size=14,
)


@given(STEPS)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_was_in_force_at_any_moment_stays_the_same(
    city: City, steps: list[tuple[str, str, int]]
) -> None:
    """Whatever came in whatever order: every moment's picture before and after is one."""
    for model in (WarningEnd, WarningInForce, RuleFiring, Telegram):
        model.objects.all().delete()
    moments = []
    for number, (kind, code, late) in enumerate(steps):
        arrived = number * 40 + late * 45
        arrive(state(kind, code, number * 40), arrived)
        moments += [BEGIN + timedelta(minutes=arrived), BEGIN + timedelta(minutes=arrived + 5)]
    moments.append(BEGIN + timedelta(days=20))
    before = [known(at) for at in moments]
    referred = set(RuleFiring.objects.values_list("telegram", flat=True))
    referred |= set(WarningInForce.objects.values_list("telegram", flat=True))
    now = known(LATER)
    prune()
    assert [known(at) for at in moments] == before
    assert known(LATER) == now
    assert referred <= set(Telegram.objects.values_list("pk", flat=True))
