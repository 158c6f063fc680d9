"""What is open: every report kept, the newest counts, a drill's report never reaches the public."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.core.clock import JST, FrozenClock
from sonae.core.errors import SonaeError
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters import rules
from sonae.domains.shelters.editions import listed_of
from sonae.domains.shelters.interface import Facility, FacilityStatus
from sonae.platform import audit, outbox, worlds
from sonae.platform.models import AuditEntry
from sonae.platform.scope import Scope, World

from .conftest import CLERK, CODE

T0 = datetime(2026, 7, 1, 10, 0, tzinfo=JST)


def key(public_id: str) -> int:
    """Primary key of a facility."""
    return int(Facility.objects.get(public_id=public_id).pk)


def state_of(public_id: str) -> str:
    """The state that counts now."""
    return {p.facility.public_id: p.state for p in shelters.places()}[public_id]


def test_never_reported_is_unknown_not_closed(place: Scope) -> None:
    """Listed is not open, and not reported is not closed; unusable is closed whatever is said."""
    assert state_of("F1") == "unknown"
    assert state_of("F4") == "closed"


def test_the_newest_report_counts_and_all_are_kept(place: Scope) -> None:
    """Opening, filling up: the history can be read, and asked for a moment."""
    for step, state in enumerate(("preparing", "open", "full")):
        with clock.using(FrozenClock(T0 + timedelta(hours=step))):
            shelters.set_state(CLERK, key("F1"), state, " 体育館のみ ")
    assert state_of("F1") == "full"
    assert [r.state for r in shelters.history(key("F1"))] == ["full", "open", "preparing"]
    before = shelters.states(at=T0 + timedelta(minutes=90))[key("F1")]
    assert (before.state, before.note, before.reported_by) == ("open", "体育館のみ", "当直 花子")
    assert key("F1") not in shelters.states(at=T0 - timedelta(seconds=1))


def test_a_capacity_for_one_opening_ends_with_it_and_is_no_value_of_the_list(place: Scope) -> None:
    def capacity(public_id: str) -> int | None:
        return {p.facility.public_id: p.capacity for p in shelters.places()}[public_id]

    for public_id, listed, stated in (("F5", 50, 50), ("F1", 200, 300)):
        for step, state in enumerate(("open", "full", "open", "closed", "open")):
            said = 77 if step == 0 else None
            shelters.set_state(CLERK, key(public_id), state, capacity=said)
            assert capacity(public_id) == (77 if step < 3 else listed)
            found = next(p for p in shelters.places() if p.facility.public_id == public_id)
            assert listed_of(found).capacity.total == stated


def test_a_report_is_audited_and_announced(place: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fact, audit and announcement are one transaction: all or nothing."""
    heard: list[dict[str, object]] = []
    monkeypatch.setitem(outbox._subscribers, "shelter.changed", {"test.listener": heard.append})
    shelters.set_state(CLERK, key("F2"), "open")
    entry = AuditEntry.objects.get(action="shelter.state")
    assert (entry.actor, entry.target, entry.detail["state"]) == (
        "account:7",
        "facility:F2",
        "open",
    )
    assert audit.verify(CODE) is None
    outbox.drain()
    assert heard == [{"facility": key("F2"), "state": "open"}]

    def broken(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(outbox, "publish", broken)
    with pytest.raises(OSError, match="disk full"):
        shelters.set_state(CLERK, key("F2"), "closed")
    assert state_of("F2") == "open"
    assert FacilityStatus.objects.count() == 1


@pytest.mark.parametrize(
    ("public_id", "state", "code"),
    [("F1", "opened", "unreadable"), ("F4", "open", "conflict"), (None, "open", "not_found")],
)
def test_refusals_say_why(place: Scope, public_id: str | None, state: str, code: str) -> None:
    """An unknown value, a place that cannot be used, a place that does not exist."""
    with pytest.raises(SonaeError) as refused:
        shelters.set_state(CLERK, key(public_id) if public_id else 10**9, state)
    assert refused.value.code == code
    assert FacilityStatus.objects.count() == 0


def test_a_drills_report_stays_in_the_drill(place: Scope) -> None:
    """A shelter opened in an exercise is not open."""
    with worlds.entered(CODE, World.EXERCISE):
        shelters.set_state(CLERK, key("F1"), "open")
        assert state_of("F1") == "open"
    assert state_of("F1") == "unknown"


def test_the_planners_columns(place: Scope) -> None:
    """Designation by hazard, admitting, groups, unknown capacity and node as -1, names in step."""
    shelters.set_state(CLERK, key("F5"), "full")
    table = shelters.site_table({key("F1"): 150})
    ids = list(table.public_ids)
    assert ids == ["F1", "F2", "F3", "F4", "F5"] and table.pk.tolist() == [key(i) for i in ids]
    assert table.designated("flood").tolist() == [False, True, False, True, False]
    assert table.designated("landslide").tolist() == [True, False, False, False, False]
    assert not table.designated("tsunami").any(), "unknown is never a designation"
    assert table.admitting.tolist() == [True, True, True, False, False]
    assert table.capacity.tolist() == [300, -1, -1, -1, 50]
    assert table.occupancy.tolist() == [150, -1, -1, -1, -1]
    assert table.node.tolist() == [5, 6, -1, -1, 9]
    assert table.groups.tolist() == [0, 0, 0b11, 0, 0]
    assert table.is_shelter.tolist() == [True, False, True, False, True]
    assert table.designation.dtype == np.int8 and table.designation.shape == (5, len(rules.HAZARDS))


def test_the_planners_columns_without_any_facility(place: Scope) -> None:
    """An empty city is a table of no rows, not an error."""
    FacilityStatus.objects.all().delete()
    Facility.objects.all().delete()
    assert shelters.site_table().designation.shape == (0, len(rules.HAZARDS))


@given(people=st.integers(0, 5000), capacity=st.integers(1, 3000))
def test_congestion_never_falls_as_people_come(people: int, capacity: int) -> None:
    """More people never make a place look emptier, and it is full exactly from its capacity on."""
    order = ["empty", "some", "crowded", "full"]
    now, more = (rules.congestion(n, capacity, "open") for n in (people, people + 1))
    assert order.index(now) <= order.index(more)
    assert (now == "full") == (people >= capacity)


@pytest.mark.parametrize(
    ("people", "capacity", "state", "shown"),
    [
        (None, 100, "open", "unknown"),
        (10, None, "open", "unknown"),
        (10, 0, "open", "unknown"),
        (10, 100, "unknown", "unknown"),
        (10, 100, "full", "full"),
        (None, None, "full", "full"),
        (49, 100, "open", "empty"),
        (50, 100, "open", "some"),
        (80, 100, "open", "crowded"),
        (100, 100, "open", "full"),
    ],
)
def test_congestion_is_three_valued(
    people: int | None, capacity: int | None, state: str, shown: str
) -> None:
    """Unknown head-count or capacity is never "empty"; the clerk's word "full" wins."""
    assert rules.congestion(people, capacity, state) == shown


def crowding_of(public_id: str, people: int | None = None) -> rules.Crowding:
    """How crowded a place is, with so many people counted an hour ago."""
    pk = key(public_id)
    heads = {} if people is None else {pk: people}
    found = shelters.places(heads, heard={pk: T0})
    return {p.facility.pk: p.crowding for p in found}[pk]


def test_how_crowded_is_told_with_who_says_so_and_when(place: Scope) -> None:
    """The eye wins over the arithmetic as long as it is fresh; a new opening begins without it."""
    at = [T0 + timedelta(hours=hour) for hour in range(9)]
    with clock.using(FrozenClock(at[0])):
        assert crowding_of("F1", 10) == ("unknown", "", None), "nobody said that it is open"
        shelters.set_state(CLERK, key("F1"), "open", ordered_by="mayor")
        assert crowding_of("F1") == ("unknown", "", None), "no head-count, no guess"
        assert crowding_of("F1", 170) == ("crowded", "count", T0)
    with clock.using(FrozenClock(at[1])):
        shelters.set_state(CLERK, key("F1"), "open", congestion="some")
        shelters.set_state(CLERK, key("F1"), "open", "毛布が不足")
        assert crowding_of("F1", 170) == ("some", "seen", at[1])
        told = shelters.states()[key("F1")]
        assert (told.ordered_by, told.since) == ("mayor", at[0]), "said once, known on"
    with clock.using(FrozenClock(at[4])):
        assert crowding_of("F1", 170).source == "seen"
    with clock.using(FrozenClock(at[4] + timedelta(seconds=1))):
        assert crowding_of("F1", 170) == ("crowded", "count", T0), "too long ago to say anything"
    with clock.using(FrozenClock(at[5])):
        shelters.set_state(CLERK, key("F1"), "full", congestion="full", ordered_by="manager")
        assert crowding_of("F1", 20) == ("full", "seen", at[5])
        shelters.set_state(CLERK, key("F1"), "closed", ordered_by="headquarters")
        shelters.set_state(CLERK, key("F1"), "open")
        assert crowding_of("F1", 20) == ("empty", "count", T0), (
            "what was seen ended with the closing"
        )
        assert shelters.states()[key("F1")].ordered_by == ""
    assert [one.ordered_by for one in shelters.history(key("F1"))] == [
        "", "headquarters", "manager", "", "", "mayor",
    ]  # fmt: skip


@pytest.mark.parametrize("words", [{"ordered_by": "me"}, {"congestion": "so so"}])
def test_words_nobody_knows_are_refused(place: Scope, words: dict[str, str]) -> None:
    with pytest.raises(SonaeError):
        shelters.set_state(CLERK, key("F1"), "open", **words)  # type: ignore[arg-type]
    assert state_of("F1") == "unknown"
