"""The pushed line against its simulator over real sockets: an outage loses nothing."""

from __future__ import annotations

import gzip
import io
import json
import time
import zipfile
from base64 import b64encode
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from sonae.core.errors import SonaeError
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.models import Telegram, WarningInput
from sonae.gateways.inputs.dmdata import PROTOCOL, body_of
from sonae.gateways.inputs.web import Half, Host
from sonae.gateways.simulators.dmdata import DmdataServer, PushedTelegram
from sonae.platform import worlds
from sonae.platform.scope import Scope, World
from tests.domains.warnings.conftest import CODE, city, rain  # noqa: F401 - a fixture
from tests.fixtures import ADMINISTRATOR
from tests.gateways.lines import (  # noqa: F401 - a fixture
    committed,
    count,
    in_force,
    supervised,
    until,
)


@pytest.fixture
def service() -> Iterator[DmdataServer]:
    """The service with two endpoints, pinging often."""
    made = DmdataServer(key="secret", ping_every=0.2)
    yield made
    made.close()


def add(service: DmdataServer, **more: str) -> WarningInput:
    options = {**service.options, "key": "secret", **more}
    return warnings.add_input(ADMINISTRATOR, "dmdata", "即時配信", options)


def row() -> WarningInput:
    return WarningInput.objects.get()


def opened(service: DmdataServer) -> bool:
    """Whether a socket is open and the list has been read."""
    return bool(service._open) and bool(row().progress.get("sure_until") or row().heard_at)


def levels() -> list[int | None]:
    return [level for _kind, level in in_force()]


def test_a_telegram_is_pushed_and_stored_exactly_as_issued(
    city: Scope,  # noqa: F811
    service: DmdataServer,
) -> None:
    add(service)
    raw = rain("43")
    with supervised():
        until(lambda: opened(service))
        begun = time.monotonic()
        service.publish("0_VPWW55_a.xml", raw)
        until(lambda: 4 in levels())
        assert time.monotonic() - begun < 2
        until(lambda: row().received == 1)
    assert bytes(Telegram.objects.get().raw) == raw
    assert (Telegram.objects.get().via, row().state) == ("即時配信", "running")
    assert "secret" not in f"{row().options}{row().sealed}{row().progress}"
    assert service.most_open == 1


def test_pings_alone_are_a_sign_of_life(city: Scope, service: DmdataServer) -> None:  # noqa: F811
    warnings.add_input(
        ADMINISTRATOR, "dmdata", "即時配信", {**service.options, "key": "secret"}, silent_after=7
    )
    with supervised():
        until(lambda: opened(service))
        first = row().heard_at
        until(lambda: row().heard_at != first)
        assert [one.state for one in warnings.inputs()] == ["ok"]
    assert (row().received, row().restarts) == (0, 0)


def test_an_outage_loses_nothing_and_endpoints_take_turns(
    city: Scope,  # noqa: F811
    service: DmdataServer,
) -> None:
    add(service)
    service.publish("0_VPWW55_a.xml", rain("10"))
    with supervised():
        until(lambda: count() == 1)  # from the list: it was issued before the line was opened
        service.publish("1_VPWW55_b.xml", rain("03", minutes=1))
        until(lambda: count() == 2)
        service.faults.errors = 3
        service.drop()
        for number in range(2, 122):  # more than one page of the list
            service.publish(
                f"{number}_VPWW55_x.xml", rain("03", minutes=number, headline=f"{number}")
            )
        until(lambda: count() == 122)
    assert service.most_open == 1
    assert set(service.used) == {0, 1}
    assert Telegram.objects.exclude(state="read").count() == 0
    fetched = [path for path in service.asked if path.startswith("GET /v1/")]
    assert len(fetched) == len(set(fetched)) == 121


def test_what_is_missed_between_two_runs_is_caught_up_and_nothing_is_fetched_twice(
    city: Scope,  # noqa: F811
    service: DmdataServer,
) -> None:
    add(service)
    service.publish("0_VPWW55_a.xml", rain("10"))
    with supervised():
        until(lambda: count() == 1)
        service.publish("1_VPWW55_b.xml", rain("03", minutes=1))
        until(lambda: count() == 2)
    assert row().progress["sure_until"]
    service.publish("2_VPWW55_c.xml", rain("43", minutes=2))
    with supervised():
        until(lambda: count() == 3)
        until(lambda: 4 in levels())
    assert len([path for path in service.asked if path.startswith("GET /v1/")]) == 2


@pytest.mark.parametrize("fault", ["list", "half", "garbled", "repeated", "clock"])
def test_whatever_the_line_does_the_state_is_that_of_clean_delivery(
    city: Scope,  # noqa: F811
    service: DmdataServer,
    fault: str,
) -> None:
    service.faults.lists = 1 if fault == "list" else 0
    service.faults.half = {"0_VPWW55_a.xml": 2} if fault == "half" else {}
    service.faults.garbled = 1 if fault == "garbled" else 0
    service.faults.repeated = fault == "repeated"
    service.faults.clock_off = -86_400.0 * 3 if fault == "clock" else 0.0
    add(service)
    service.publish("0_VPWW55_a.xml", rain("10"))
    with supervised():
        until(lambda: opened(service))
        service.publish("1_VPWW55_b.xml", rain("43", minutes=2))
        service.publish("2_VPWW55_c.xml", rain("03", minutes=1))
        until(lambda: count() == 3)
    assert Telegram.objects.exclude(state="read").count() == 0
    assert max(level or 0 for level in levels()) == 4
    if fault == "list":
        assert "HTTP 500" in row().error
        assert row().restarts == 0, "a failing list does not end the push"


def test_what_the_list_names_and_nobody_has_is_shown_to_a_person(
    city: Scope,  # noqa: F811
    service: DmdataServer,
) -> None:
    service.publish("0_VPWW55_a.xml", rain("10"))
    service.faults.half = {"0_VPWW55_a.xml": 99}
    add(service)
    with supervised():
        until(lambda: len(warnings.alarms()) == 1)
    assert "VPWW55" in bytes(Telegram.objects.get().raw).decode()


def test_exercises_come_only_when_asked_for_and_stay_exercises(
    city: Scope,  # noqa: F811
    service: DmdataServer,
) -> None:
    add(service)
    flagged, said = rain("33"), rain("33", status="exercise")
    with supervised():
        until(lambda: opened(service))
        service.publish("0_VPWW55_a.xml", flagged, test=True)
        service.publish("1_VPWW55_b.xml", said)
        service.publish("2_VPWW55_c.xml", rain("10", minutes=1))
        until(lambda: row().received == 1)
    warnings.remove_input(ADMINISTRATOR, "即時配信")
    add(service, test="including")
    with supervised():
        until(lambda: row().received == 3)
    assert levels()
    assert 5 not in levels()
    with worlds.entered(CODE, World.EXERCISE):
        assert {bytes(one.raw) for one in Telegram.objects.all()} == {flagged, said}
        assert 5 in levels()


@pytest.mark.parametrize(
    ("code", "words"), [(4503, "再起動"), (4808, "切断されました"), (1, "nonsense")]
)
def test_an_error_that_closes_is_told_and_the_line_comes_back(
    city: Scope,  # noqa: F811
    service: DmdataServer,
    code: int,
    words: str,
) -> None:
    add(service)
    with supervised():
        until(lambda: opened(service))
        service.error(9, "only a note", close=False)
        service.error(code, "nonsense")
        until(lambda: words in row().error)
        service.publish("0_VPWW55_a.xml", rain("43"))
        until(lambda: count() == 1)
        until(lambda: warnings.inputs()[0].state == "ok")


def test_a_wrong_key_is_said(city: Scope, service: DmdataServer) -> None:  # noqa: F811
    add(service, key="wrong")
    with supervised():
        until(lambda: "APIキーが正しくありません" in row().error)
    assert not service.tickets


def test_a_socket_left_open_by_an_earlier_run_is_closed_first(
    city: Scope,  # noqa: F811
    service: DmdataServer,
) -> None:
    made = add(service)
    api = Host(service.url, headers={"Authorization": f"Basic {b64encode(b'secret:').decode()}"})
    wish = b'{"classifications": ["telegram.weather"]}'
    told = json.loads(api.send("POST", "v2/socket", wish).body)["websocket"]
    made.progress = {"socket": str(told["id"])}
    made.save()
    with connect(told["url"], subprotocols=[PROTOCOL]) as left:
        assert '"start"' in str(left.recv(timeout=5))
        with supervised():
            until(lambda: len(service.used) == 2 and opened(service))
            with pytest.raises(ConnectionClosed):
                while True:
                    left.recv(timeout=5)
    # While the old one is closing a new one may be refused, and is asked for again.
    assert service.most_open == 1


def test_a_ticket_opens_one_socket_once_and_not_for_long() -> None:
    service = DmdataServer(ticket_seconds=0.3)
    try:
        host = f"ws://{service.endpoints.split(',')[0]}/v2/websocket"

        def refused(ticket: str) -> bool:
            with connect(f"{host}?ticket={ticket}", subprotocols=[PROTOCOL]) as socket:
                return '"error"' in str(socket.recv(timeout=5))

        assert refused("invented")
        for number, age in ((1, 0.0), (2, 0.4)):
            service.tickets[str(number)] = (number, time.monotonic() + 0.3 - age, {})
        assert not refused("1")
        until(lambda: not service._open)
        assert refused("1"), "used"
        assert refused("2"), "too old"
        assert service.refused == [4404] * 3
    finally:
        service.close()


def test_a_ticket_goes_nowhere_but_to_the_configured_endpoints(
    city: Scope,  # noqa: F811
    service: DmdataServer,
) -> None:
    add(service, endpoints=service.endpoints.split(",")[1])
    with supervised():
        until(lambda: opened(service))
    assert set(service.used) == {1}
    for wrong in ({"more": "unknown"}, {"test": "yes"}):
        with pytest.raises(SonaeError, match="unprocessable"):
            add(service, **wrong)


def test_bodies_are_unpacked_however_they_are_packed() -> None:
    raw = rain("43")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.xml", raw)
    for compression, body in (
        ("gzip", gzip.compress(raw)),
        ("zip", archive.getvalue()),
        (None, raw),
    ):
        told = {"encoding": "base64", "compression": compression}
        assert body_of({**told, "body": b64encode(body).decode()}) == raw
    assert body_of({"encoding": "utf-8", "compression": None, "body": raw.decode()}) == raw
    for compression, body in (("gzip", gzip.compress(raw)[:50]), ("zip", b"PK"), ("gzip", b"x")):
        with pytest.raises(Half):
            body_of({**told, "compression": compression, "body": b64encode(body).decode()})
    with pytest.raises(Half):
        body_of({**told, "body": "a"})


def test_the_simulator_knows_classes_and_tests() -> None:
    def of(name: str) -> str:
        return PushedTelegram(name, b"", 0.0, False).classification

    assert of("20_VXSE43_x.xml") == "eew.warning"
    assert of("a_VTSE41.xml") == "telegram.earthquake"
    assert of("15_VFVO52_1.xml") == "telegram.volcano"
    assert of("x.xml") == "telegram.weather"
