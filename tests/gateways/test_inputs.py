"""Inputs against simulators over real sockets: nothing lost, nothing twice, and silence is an alarm."""

from __future__ import annotations

import gzip
import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings import ports
from sonae.domains.warnings.models import Telegram, WarningInput
from sonae.gateways.inputs import jma_feed
from sonae.gateways.inputs.jalert_csv import read_list
from sonae.gateways.inputs.web import Host
from sonae.gateways.simulators.jalert_csv import ReceiverServer
from sonae.gateways.simulators.jma_feed import FeedServer
from sonae.gateways.simulators.qzss import Receiver
from sonae.platform import worlds
from sonae.platform.scope import Scope, World
from tests.conftest import real_data
from tests.domains.warnings.conftest import CODE, city, rain  # noqa: F401 - a fixture
from tests.engines.warnings import dcx
from tests.fixtures import ADMINISTRATOR, OPERATOR
from tests.gateways.lines import (  # noqa: F401 - a fixture
    WAIT,
    committed,
    count,
    in_force,
    supervised,
    until,
)

RAINS = [("0_VPWW55_a.xml", "10", 0), ("1_VPWW55_b.xml", "03", 5), ("2_VPWW55_c.xml", "43", 9)]


@pytest.fixture
def feed() -> Iterator[FeedServer]:
    """The weather service with three issues of one warning, the last at level 4."""
    made = FeedServer([])
    for name, code, minutes in RAINS:
        made.publish(name, rain(code, minutes=minutes))
    yield made
    made.close()


def add_feed(feed: FeedServer, **more: str) -> WarningInput:
    return warnings.add_input(
        ADMINISTRATOR, "jma-feed", "気象庁", {"url": feed.url, "interval": "1", **more}
    )


LEVEL_4 = [("レベル４大雨危険警報", 4), ("レベル４大雨危険警報", 4)]


def test_a_feed_is_read_once_and_then_costs_nothing(city: Scope, feed: FeedServer) -> None:  # noqa: F811
    add_feed(feed)
    with supervised():
        until(lambda: count() == 3)
        until(lambda: len([path for path in feed.asked if path.startswith("/feed/")]) > 8)
    files = [path for path in feed.asked if path.startswith("/data/")]
    assert sorted(files) == sorted(f"/data/{name}" for name, _code, _minutes in RAINS)
    assert (4 in [level for _kind, level in in_force()]) is True
    row = WarningInput.objects.get()
    assert (row.received, row.state, row.restarts) == (3, "running", 0)
    assert {one.via for one in Telegram.objects.all()} == {"気象庁"}


@pytest.mark.parametrize("fault", ["errors", "half", "reversed", "repeated", "clock", "restart"])
def test_whatever_the_line_does_the_state_is_that_of_clean_delivery(
    city: Scope,  # noqa: F811
    feed: FeedServer,
    fault: str,
) -> None:
    if fault == "errors":
        feed.faults.errors = 6
    feed.faults.half = {"2_VPWW55_c.xml": 2} if fault == "half" else {}
    feed.faults.reversed, feed.faults.repeated = fault == "reversed", fault == "repeated"
    feed.faults.clock_off = -86_400.0 if fault == "clock" else 0.0
    add_feed(feed)
    with supervised():
        until(lambda: count() >= (1 if fault == "restart" else 3))
    if fault == "restart":
        with supervised():
            until(lambda: count() == 3)
    assert count() == 3
    assert Telegram.objects.exclude(state="read").count() == 0
    assert 4 in [level for _kind, level in in_force()]
    assert len([p for p in feed.asked if p.startswith("/data/")]) <= (5 if fault == "half" else 3)


def test_a_file_that_stays_broken_is_kept_and_shown_to_a_person(
    city: Scope,  # noqa: F811
    feed: FeedServer,
) -> None:
    feed.faults.half = {"2_VPWW55_c.xml": 99}
    add_feed(feed)
    with supervised():
        until(lambda: len(warnings.alarms()) == 1)
    assert next(level for _kind, level in in_force()) == 3


def test_after_a_gap_the_long_feed_catches_up(city: Scope, feed: FeedServer) -> None:  # noqa: F811
    row = add_feed(feed)
    old = clock.SystemClock().now() - timedelta(hours=3)
    row.progress = {"polled_at": old.isoformat(), "seen": ["/data/0_VPWW55_a.xml"]}
    row.save()
    feed.telegrams = [replace(one, at=one.at - 3600) for one in feed.telegrams]
    with supervised():
        until(lambda: count() == 2)
        until(lambda: "/feed/extra.xml" in feed.asked)
    assert feed.asked[0] == "/feed/regular_l.xml"


def test_a_line_that_falls_silent_is_an_alarm_and_comes_back(
    city: Scope,  # noqa: F811
    feed: FeedServer,
) -> None:
    warnings.add_input(
        ADMINISTRATOR, "jma-feed", "気象庁", {"url": feed.url, "interval": "1"}, silent_after=5
    )
    with supervised():
        until(lambda: count() == 3)
    feed.faults.errors = 10**9
    long_ago = clock.SystemClock().now() - timedelta(seconds=6)
    WarningInput.objects.update(heard_at=long_ago, started_at=long_ago)
    with supervised():
        until(lambda: WarningInput.objects.get().state == "failed")
        until(lambda: warnings.inputs()[0].alarming)
    [health] = warnings.inputs()
    assert "HTTP 500" in health.row.error
    feed.faults.errors = 0
    with supervised():
        until(lambda: warnings.inputs()[0].state == "ok")


def test_a_receiver_that_hangs_is_replaced_and_counts_no_more(
    city: Scope,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs, go = itertools.count(1), threading.Event()
    late: list[BaseException] = []

    def receiver(link: ports.Link) -> None:
        if next(runs) == 1:
            go.wait(WAIT)  # deaf: does not ask whether it must stop
            try:
                link.hand_in(rain("43"))
            except BaseException as error:
                late.append(error)
                raise
            return
        link.hand_in(rain("03"))
        while not link.stopped(0.05):
            link.heard()

    kind = ports.InputKind("deaf", "試験", receiver, {}, 1)
    monkeypatch.setitem(ports._kinds, "deaf", kind)
    warnings.add_input(ADMINISTRATOR, "deaf", "試験", {})
    with supervised():
        until(lambda: count() == 1)
        go.set()
        until(lambda: bool(late))
    assert next(level for _kind, level in in_force()) == 3, "the old run's word does not count"


def test_a_receiver_that_fails_is_started_again(
    city: Scope,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = itertools.count(1)

    def receiver(link: ports.Link) -> None:
        if next(runs) < 4:
            raise ValueError("broken")
        link.hand_in(rain("03"))
        link.stopped(WAIT)

    monkeypatch.setitem(ports._kinds, "weak", ports.InputKind("weak", "試験", receiver, {}, 60))
    warnings.add_input(ADMINISTRATOR, "weak", "試験", {})
    with supervised():
        until(lambda: count() == 1)
    row = WarningInput.objects.get()
    assert (row.restarts, row.state) == (3, "running")
    assert "ValueError: broken" in row.error


def test_a_line_that_is_switched_off_stops_and_starts_again(
    city: Scope,  # noqa: F811
    feed: FeedServer,
) -> None:
    add_feed(feed)
    with supervised() as supervisor:
        until(lambda: count() == 3)
        warnings.set_enabled(ADMINISTRATOR, "気象庁", False)
        until(lambda: not supervisor._runs)
        feed.publish("3_VPWW55_d.xml", rain("33", minutes=11))
        assert warnings.inputs()[0].state == "off"
        warnings.set_enabled(ADMINISTRATOR, "気象庁", True)
        until(lambda: count() == 4)


def test_only_administrators_change_lines_and_secrets_are_sealed(
    city: Scope,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = {"key": ports.Option("鍵", required=True, secret=True), "n": ports.Option("数", 3)}
    kind = ports.InputKind("secret", "試験", lambda link: None, options, 60)
    monkeypatch.setitem(ports._kinds, "secret", kind)
    for bad in ({}, {"key": "x", "other": "y"}, {"key": "x", "n": "three"}):
        with pytest.raises(SonaeError):
            warnings.add_input(ADMINISTRATOR, "secret", "秘密", bad)
    with pytest.raises(SonaeError, match="forbidden"):
        warnings.add_input(OPERATOR, "secret", "秘密", {"key": "abc"})
    row = warnings.add_input(ADMINISTRATOR, "secret", "秘密", {"key": "abc"})
    assert row.options == {"n": 3}
    assert "abc" not in row.sealed
    with pytest.raises(SonaeError, match="conflict"):
        warnings.add_input(ADMINISTRATOR, "secret", "秘密", {"key": "abc"})
    warnings.remove_input(ADMINISTRATOR, "秘密")
    assert warnings.inputs() == []


def test_only_this_machine_is_asked_without_encryption_and_no_other_host_at_all() -> None:
    with pytest.raises(SonaeError):
        Host("http://example.jp/feed/")
    host = Host("https://example.jp/feed/")
    assert host.address("extra.xml") == "https://example.jp/feed/extra.xml"
    for bad in ("https://example.com/x", "http://example.jp/x", "//evil.example/x"):
        with pytest.raises(SonaeError, match="foreign_host"):
            host.address(bad)
    assert jma_feed.KIND.options["url"].default.startswith("https://")


def test_a_satellite_tells_the_same_many_times_and_it_counts_once(city: Scope) -> None:  # noqa: F811
    log = (real_data("alerts/qzss") / "qzqsm_220307.log").read_bytes().splitlines()
    null = dcx.sentence(a9=0, vn=0).encode()
    twins = [
        dcx.sentence(sat, a1=1, a3=dcx.JALERT, a4=36, a5=3, a7=61).encode() for sat in (55, 58)
    ]
    receiver = Receiver([null, *log, *twins], every=0.0, repeat=3)
    try:
        warnings.add_input(ADMINISTRATOR, "qzss", "衛星", {"address": receiver.address})
        with supervised():
            until(lambda: Telegram.everywhere.filter(municipality=CODE).count() > 40)
            seen = WarningInput.objects.get
            until(lambda: seen().heard_at is not None and len(seen().progress["known"]) > 40)
            time.sleep(0.5)
    finally:
        receiver.close()
    live = list(Telegram.objects.all())
    assert [one.telegram_type for one in live] == ["DCX-JAlert"], (
        "one of the two satellites' copies"
    )
    with worlds.entered(CODE, World.EXERCISE):
        kept = Telegram.objects.count()
    sentences = {line.split(b",")[2][2:56] for line in log if line.startswith(b"$QZQSM")}
    assert kept == len(sentences)


def test_a_j_alert_receiver_gives_telegrams_and_texts_once_each(city: Scope) -> None:  # noqa: F811
    receiver = ReceiverServer(user="sonae", password="秘密")
    receiver.announce("WRMA", "a.xml.gz", gzip.compress(rain("43")))
    receiver.announce("JALT", "b.txt", "ミサイル発射。建物の中に避難してください。".encode())
    receiver.announce("JALT", "c.txt", "これは、Ｊアラートのテストです。".encode())
    options = {"url": receiver.url, "user": "sonae", "password": "秘密", "interval": "1"}
    try:
        warnings.add_input(ADMINISTRATOR, "jalert-csv", "Jアラート", options)
        with supervised():
            until(lambda: Telegram.everywhere.filter(municipality=CODE).count() == 3)
            until(lambda: WarningInput.objects.get().received == 3)
            time.sleep(1.2)
    finally:
        receiver.close()
    assert {one.source for one in Telegram.objects.all()} == {"jma", "jalert"}
    phenomena = {line.phenomenon for line in warnings.in_force()}
    assert {"civil_protection", "heavy_rain"} <= phenomena
    with worlds.entered(CODE, World.EXERCISE):
        assert [one.status for one in Telegram.objects.all()] == ["test"]
    assert WarningInput.objects.get().received == 3


def test_a_wrong_password_is_said(city: Scope) -> None:  # noqa: F811
    receiver = ReceiverServer(user="sonae", password="right")
    try:
        options = {"url": receiver.url, "user": "sonae", "password": "wrong"}
        warnings.add_input(ADMINISTRATOR, "jalert-csv", "Jアラート", options)
        with supervised():
            until(lambda: "HTTP 401" in WarningInput.objects.get().error)
    finally:
        receiver.close()


def test_the_list_of_a_receiver_is_read_whatever_the_order_of_its_columns() -> None:
    body = (
        "時刻,種別,本文,データ\r\n"
        "2026/08/30 05:10:00,JALT,国民保護.txt,\r\n"
        "WRMA,,w.XML.GZ,2026-08-30 05:11:00\r\n"
        "\r\n,,,\r\n"
    ).encode("cp932")
    found = [(one.kind, one.text, one.data, one.at.minute) for one in read_list(body)]
    assert found == [("JALT", "国民保護.txt", "", 10), ("WRMA", "", "w.XML.GZ", 11)]
    with pytest.raises(SonaeError, match="encoding"):
        read_list(b"\x81")


def test_a_list_with_an_endless_cell_is_refused_in_words() -> None:
    with pytest.raises(SonaeError, match="unreadable"):
        read_list(b'"' + b"1" * 140_000)
