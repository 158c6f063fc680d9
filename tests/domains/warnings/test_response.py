"""Response rules: what a warning does here, once, explained, and never more than the city decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.warnings import firing, jobs, response, supervisor
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.interface import Rule, RuleFiring, Telegram, WarningInForce
from sonae.domains.warnings.response import ACTIONS, DEFAULTS, deciding
from sonae.engines.warnings.model import PHENOMENA, SEVERITIES, SEVERITY_RANK
from sonae.platform.access import Actor, Role
from sonae.platform.db import writing
from sonae.platform.models import OutboxEntry
from sonae.platform.outbox import Retry
from sonae.platform.scope import Scope, World
from sonae.platform.worlds import entered
from tests.domains.warnings.conftest import CODE, OPERATOR, T0, VIEWER, cancel, rain, river

ADMINISTRATOR = Actor("account:6", Role.ADMINISTRATOR, "情報 次郎", account_id=6)


@pytest.fixture(autouse=True)
def line(request: pytest.FixtureRequest) -> None:
    """A line on which nobody else can speak, by the name that these tests receive on."""
    if "city" in request.fixturenames:
        request.getfixturevalue("city")
        warnings.WarningInput.objects.create(name="jma", kind="jma-feed", silent_after=300)


def fired() -> list[tuple[str, str, list[str]]]:
    """What fired, oldest first: rule, kind, actions."""
    rows = RuleFiring.objects.order_by("pk")
    return [(row.rule["code"], row.kind, row.actions) for row in rows]


@given(st.sampled_from(sorted(PHENOMENA)), st.sampled_from(SEVERITIES))
def test_by_default_only_the_gravest_are_sent_without_a_person(
    phenomenon: str, severity: str
) -> None:
    rule = deciding(DEFAULTS, phenomenon, severity)
    sends = rule is not None and "send_notice" in rule.actions
    allowed = (
        SEVERITY_RANK[severity] >= SEVERITY_RANK["emergency"]
        or (phenomenon == "tsunami" and SEVERITY_RANK[severity] >= SEVERITY_RANK["warning"])
        or (phenomenon == "civil_protection" and severity != "lifted")
    )
    assert sends == allowed


@given(
    st.lists(
        st.builds(
            Rule, st.uuids().map(str), st.just("名"),
            st.lists(st.sampled_from(sorted(PHENOMENA)), max_size=3).map(tuple),
            st.sampled_from(SEVERITIES),
            st.lists(st.sampled_from(ACTIONS), max_size=3).map(tuple),
            st.sampled_from(response.TRIGGERS), st.booleans(),
        ),
        max_size=8,
    ),
    st.sampled_from(sorted(PHENOMENA)), st.sampled_from(SEVERITIES),
    st.sampled_from(response.TRIGGERS),
)  # fmt: skip
def test_the_first_rule_that_fits_decides(
    rules: list[Rule], phenomenon: str, severity: str, trigger: str
) -> None:
    found = deciding(rules, phenomenon, severity, trigger)
    naive = None
    for rule in reversed(rules):
        if not rule.enabled or rule.trigger != trigger:
            continue
        if rule.phenomena and phenomenon not in rule.phenomena:
            continue
        if SEVERITIES.index(severity) >= SEVERITIES.index(rule.least):
            naive = rule
    assert found is naive


def test_what_begins_and_rises_fires_once_whatever_is_repeated(city: Scope) -> None:
    warnings.accept(rain("03"), via="jma")
    warnings.accept(rain("03"), via="jma")
    warnings.accept(rain("03", minutes=5, headline="続いています。"), via="jma")
    warnings.accept(rain("43", minutes=6), via="jma")
    warnings.accept(rain("03", minutes=8), via="jma")
    assert fired() == [
        ("water", "レベル３大雨警報", ["draft_order", "alarm"]),
        ("water", "レベル４大雨危険警報", ["draft_order", "alarm"]),
    ]
    first = warnings.firings()[-1]
    assert first.rule["name"] == "洪水・大雨・土砂・高潮（レベル3相当から）"
    assert first.telegram.telegram_type == "VPWW55"
    assert first.areas == ["備え市"]


def test_a_late_older_telegram_fires_nothing(city: Scope) -> None:
    warnings.accept(rain("43", minutes=6), via="jma")
    warnings.accept(rain("33", minutes=1), via="jma")
    assert [kind for _rule, kind, _actions in fired()] == ["レベル４大雨危険警報"]


def test_the_gravest_are_sent_and_a_neighbour_s_are_not_ours(city: Scope) -> None:
    warnings.accept(rain("33"), via="jma")
    assert fired() == [
        ("emergency", "レベル５大雨特別警報", ["draft_order", "send_notice", "alarm"])
    ]
    assert OutboxEntry.objects.filter(topic="rule.fired").exists()
    assert OutboxEntry.objects.filter(topic="duty.alarm").exists()


def sends() -> list[bool]:
    """Which firings sent something to the public, oldest first."""
    return ["send_notice" in actions for _rule, _kind, actions in fired()]


def test_what_ended_and_begins_anew_is_said_anew(city: Scope) -> None:
    warnings.accept(rain("33"), via="jma")
    warnings.accept(cancel("VPWW55", minutes=3), via="jma")
    warnings.accept(rain("33", minutes=4), via="jma")
    assert sends() == [True, True]


def test_another_line_that_tells_the_same_is_left_to_people(city: Scope) -> None:
    at = clock.now()
    lines = [_line("a", at), _line("b", at)]
    with writing():
        firing.fire([], lines[:1], at)
        firing.fire(lines[:1], lines, at)
    assert sends() == [True, False]
    assert "ほかの経路" in warnings.firings()[0].held_back
    assert "draft_notice" in warnings.firings()[0].actions


def _line(series: str, at: datetime, **more: Any) -> WarningInForce:
    """A saved tsunami warning of one area, as two lines may tell it under different codes."""
    telegram = Telegram.objects.create(
        sha256=series * 8, raw=b"", received_at=at, via=more.pop("via", "jma"), state="read",
        series=series, issued_at=at, sent_at=at, headline=more.pop("headline", ""),
    )  # fmt: skip
    columns = {
        "area_code": series, "area_name": "試験沿岸", "area_type": "tsunami_area",
        "phenomenon": "tsunami", "kind": "大津波警報", "severity": "emergency", "since": at, **more,
    }  # fmt: skip
    return WarningInForce.objects.create(telegram=telegram, **columns)


def test_a_second_event_of_the_same_kind_fires_and_a_twin_does_not(city: Scope) -> None:
    at = clock.now()
    event = {
        "area_code": "x", "phenomenon": "record_rain", "kind": "記録的短時間大雨情報",
        "severity": "information", "until": at + timedelta(hours=24),
    }  # fmt: skip
    first = _line("a", at, **event)
    twin = _line("b", at + timedelta(minutes=3), **{**event, "kind": "記録雨"})
    second = _line("c", at + timedelta(hours=2), **{**event, "kind": "記録雨2"})
    with writing():
        assert len(firing.fire([], [first], at)) == 1
        assert firing.fire([first], [twin], at) == []
        assert len(firing.fire([first], [second], at + timedelta(hours=2))) == 1


def test_a_second_missile_within_minutes_is_sent(city: Scope) -> None:
    at = clock.now()
    event = {
        "area_code": "（区域の記載なし）", "phenomenon": "civil_protection", "kind": "国民保護情報",
        "severity": "emergency", "until": at + timedelta(hours=24),
    }  # fmt: skip
    first = _line("a", at, headline="ミサイル発射。", **event)
    later = at + timedelta(minutes=4)
    second = _line(
        "b", later, headline="再度、ミサイル発射。", **{**event, "kind": "国民保護情報2"}
    )
    with writing():
        firing.fire([], [first], at)
        firing.fire([first], [second], later)
    assert sends() == [True, True]


def test_what_was_announced_long_ago_is_left_to_people(city: Scope) -> None:
    with clock.using(clock.FrozenClock(T0 + timedelta(hours=9))):
        warnings.accept(rain("33"), via="jma")
    assert sends() == [False]
    assert "1時間より長く" in warnings.firings()[0].held_back


def test_only_lines_on_which_nobody_else_can_speak_send(city: Scope) -> None:
    warnings.accept(rain("33"), via="sonae warnings accept")
    assert sends() == [False]
    assert "発信者を確かめられない" in warnings.firings()[0].held_back
    assert warnings.firings()[0].actions == ["draft_order", "draft_notice", "alarm"]


def test_a_trusted_line_sends_what_a_satellite_had_only_drafted(city: Scope) -> None:
    at = clock.now()
    heard = _line("a", at, area_code="x", via="衛星")
    sure = _line("b", at, area_code="x", kind="大津波警報（確）")
    with writing():
        firing.fire([], [heard], at)
        firing.fire([heard], [sure], at)
    assert sends() == [False, True]


def test_in_an_exercise_it_is_seen_what_would_be_sent(city: Scope) -> None:
    minutes = int((clock.SystemClock().now() - T0).total_seconds() // 60)
    warnings.accept(rain("33", status="exercise", minutes=minutes), via="訓練の線")
    with entered(CODE, World.EXERCISE):
        assert sends() == [True]


def test_an_announced_rise_is_its_own_trigger(city: Scope) -> None:
    warnings.accept(rain("10", expected=4), via="jma")
    assert fired() == [("expected", "レベル２大雨注意報", ["alarm"])]
    assert warnings.firings()[0].severity == "critical"


def test_what_is_lifted_or_falls_fires_nothing(city: Scope) -> None:
    warnings.accept(river("40"), via="jma")
    before = len(fired())
    warnings.accept(river("10", minutes=20), via="jma")
    assert len(fired()) == before


def test_an_administrator_changes_orders_and_resets_rules(city: Scope) -> None:
    rule = warnings.rule_named("water").rule
    changed = replace(rule, actions=("draft_notice",), name="水の警報")
    warnings.save_rule(ADMINISTRATOR, changed)
    assert warnings.rule_named("water").rule == changed
    warnings.accept(rain("03"), via="jma")
    assert fired() == [("water", "レベル３大雨警報", ["draft_notice"])]
    assert not warnings.warned_hazards()["flood"].draft_order
    own = warnings.save_rule(
        ADMINISTRATOR, Rule("", "雷はお知らせ", ("thunder",), "advisory", ("draft_notice",))
    )
    assert warnings.placed_rules()[0].rule.code == own.code == "own-1"
    warnings.move_rule(ADMINISTRATOR, own.code, up=False)
    assert warnings.placed_rules()[1].rule.code == own.code
    warnings.reset_rule(ADMINISTRATOR, own.code)
    warnings.reset_rule(ADMINISTRATOR, "water")
    assert [one.rule for one in warnings.placed_rules()] == list(DEFAULTS)
    warnings.move_rule(ADMINISTRATOR, "other-warning", up=True)
    moved = [one.rule.code for one in warnings.placed_rules()]
    assert moved.index("other-warning") < moved.index("wind-and-snow")
    warnings.reset_rule(ADMINISTRATOR, "wind-and-snow")
    assert [one.rule.code for one in warnings.placed_rules()] == moved, "its place is kept"
    assert warnings.warned_hazards()["flood"].draft_order


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": " "}, "名前"),
        ({"phenomena": ("dragon",)}, "dragon"),
        ({"least": "awful"}, "awful"),
        ({"actions": ("send_notice", "draft_notice")}, "どちらか"),
        ({"trigger": "expected", "actions": ("send_notice",)}, "見込み"),
        ({"trigger": "expected", "actions": ("draft_order",)}, "見込み"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(
    city: Scope, changes: dict[str, object], words: str
) -> None:
    rule = warnings.rule_named("water").rule
    with pytest.raises(SonaeError, match=words):
        warnings.save_rule(ADMINISTRATOR, replace(rule, **changes))  # type: ignore[arg-type]
    assert warnings.rule_named("water").row is None


def test_only_administrators_change_rules_and_operators_take_note(city: Scope) -> None:
    rule = warnings.rule_named("water").rule
    for change in (
        lambda: warnings.save_rule(OPERATOR, rule),
        lambda: warnings.move_rule(OPERATOR, "water", up=True),
        lambda: warnings.reset_rule(OPERATOR, "water"),
    ):
        with pytest.raises(SonaeError):
            change()
    warnings.accept(rain("03"), via="jma")
    (alarm,) = warnings.waiting_alarms()
    with pytest.raises(SonaeError):
        warnings.take_note(VIEWER, alarm.pk)
    warnings.take_note(OPERATOR, alarm.pk)
    assert warnings.waiting_alarms() == []


def test_an_exercise_fires_in_its_own_world(city: Scope) -> None:
    warnings.accept(rain("33", status="exercise"), via="jma")
    assert fired() == []
    with entered(CODE, World.EXERCISE):
        assert [rule for rule, _kind, _actions in fired()] == ["emergency"]


def test_what_cannot_be_read_calls_the_officer_on_duty(city: Scope) -> None:
    warnings.accept(b"\x00\x01 nonsense", via="jma")
    (entry,) = OutboxEntry.objects.filter(topic="duty.alarm")
    assert "読めなかった" in entry.payload["subject"]


def test_a_lapse_is_planned_for(city: Scope) -> None:
    warnings.accept(rain("03"), via="jma")
    OutboxEntry.objects.all().delete()
    line = warnings.WarningInForce.objects.first()
    assert line is not None
    # As if it had an end of its own that has come.
    warnings.Telegram.objects.update(ours=None)
    assert warnings.refresh()
    assert OutboxEntry.objects.filter(topic="warning.changed").exists()
    OutboxEntry.objects.all().delete()
    assert not warnings.refresh()
    assert not OutboxEntry.objects.filter(topic="warning.changed").exists()


def test_a_lapse_that_comes_early_is_looked_at_again(city: Scope) -> None:
    end = clock.now() + timedelta(minutes=10)
    with pytest.raises(Retry) as again:
        jobs.lapse({"at": end.isoformat()})
    assert 600 <= again.value.seconds <= 602
    with clock.using(clock.FrozenClock(end)):
        jobs.lapse({"at": end.isoformat()})


def test_our_own_failure_loses_no_document(city: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OverflowError("date value out of range")

    monkeypatch.setattr("sonae.domains.warnings.selectors.compute", broken)
    taken = warnings.accept(rain("33"), via="jma")
    assert taken.refused
    assert taken.error == "defect"
    assert bytes(warnings.Telegram.objects.get(pk=taken.telegram).raw) == rain("33")
    assert clock.now() > T0


def test_a_graver_call_takes_the_place_of_lighter_ones(city: Scope) -> None:
    warnings.accept(rain("03"), via="jma")
    warnings.accept(river("30"), via="jma")
    warnings.accept(rain("43", minutes=5), via="jma")
    waiting = [(one.phenomenon, one.severity) for one in warnings.waiting_alarms()]
    assert sorted(waiting) == [("flood", "warning"), ("heavy_rain", "critical")]
    (first,) = [one for one in warnings.firings() if one.kind == "レベル３大雨警報"]
    assert first.seen_by == "（より重い呼び出し）"


def test_a_silent_line_calls_once_until_it_is_heard_again(city: Scope) -> None:
    row = warnings.add_input(ADMINISTRATOR, "jma-feed", "気象庁", {"url": "https://example.jp/"})
    real = clock.SystemClock().now()

    def heard(ago: int) -> None:
        at = real - timedelta(seconds=ago)
        warnings.WarningInput.objects.filter(pk=row.pk).update(started_at=at, heard_at=at)
        supervisor._watch(warnings.WarningInput.objects.get(pk=row.pk))

    heard(1)
    assert OutboxEntry.objects.count() == 0
    heard(row.silent_after + 60)
    heard(row.silent_after + 61)
    heard(1)
    heard(row.silent_after + 62)
    calls = OutboxEntry.objects.filter(topic="duty.alarm")
    assert len(calls) == 2
    assert "警報を受信できません（気象庁）" in calls[0].payload["subject"]
