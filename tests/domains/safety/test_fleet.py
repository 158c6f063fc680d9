"""The fleet: what terminals tell of themselves, what is ordered, and that no order loses a record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import HybridClock, uuid7
from sonae.domains.safety import interface as safety
from sonae.domains.safety import terminals
from sonae.domains.safety.fleet import read_status, troubles
from sonae.domains.safety.models import Terminal
from sonae.platform.access import Role
from tests.fixtures import ADMINISTRATOR, CLERK, OPERATOR, City
from tests.web.test_staff_pages import signed_in

NOW = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)


def terminal(**facts: Any) -> Terminal:
    well = {"version": "1.10", "waiting": 0, "last_seen_at": NOW - timedelta(minutes=1)}
    return Terminal(municipality="992011", code="T001", **{**well, **facts})


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        ({}, ()),
        ({"last_seen_at": None}, ("never",)),
        ({"waiting": 3, "battery": 19}, ("unsent", "battery")),
        ({"waiting": None, "battery": None, "version": ""}, ()),
        ({"last_seen_at": NOW - timedelta(minutes=16)}, ("silent",)),
        ({"clock_ahead": -301}, ("clock",)),
        ({"clock_ahead": 300}, ()),
        ({"list_until": NOW}, ("list",)),
        ({"refused": 1, "version": "1.9"}, ("refused", "version")),
        ({"locked_at": NOW, "wipe_at": NOW}, ("wiping",)),
        ({"locked_at": NOW, "wipe_at": NOW, "wiped_at": NOW, "last_seen_at": NOW}, ("wiped",)),
        ({"wipe_at": NOW, "wiped_at": NOW, "last_seen_at": NOW, "waiting": 1}, ("wiped", "unsent")),
        (
            {"wipe_at": NOW, "wiped_at": NOW - timedelta(minutes=1), "last_seen_at": NOW},
            ("wiping",),
        ),
        ({"revoked_at": NOW, "waiting": 4}, ("revoked",)),
    ],
)
def test_what_is_to_be_looked_into(facts: dict[str, Any], wrong: tuple[str, ...]) -> None:
    assert troubles(terminal(**facts), "1.10", NOW) == wrong


WORDS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
KEYS = st.sampled_from(["version", "waiting", "refused", "battery", "list_until", "more"])


@given(st.dictionaries(KEYS, WORDS) | WORDS, WORDS)
def test_whatever_a_device_says_of_itself_is_stored_or_left_out(body: object, sent: object) -> None:
    for name, value in read_status(body, sent, NOW).items():
        Terminal._meta.get_field(name).clean(value, None)


def test_a_status_is_read() -> None:
    told = {
        "version": "0.1.0\x00",
        "waiting": 5,
        "refused": 0,
        "battery": 80,
        "list_until": 1782900000,
    }
    sent = (NOW + timedelta(hours=2)).isoformat()
    assert read_status(told, sent, NOW) == {
        "version": "0.1.0", "waiting": 5, "refused": 0, "battery": 80, "clock_ahead": 7200,
        "list_until": datetime.fromtimestamp(1782900000, UTC),
    }  # fmt: skip
    assert read_status({"waiting": -1, "battery": 101, "version": 3}, "2026-07-01T10:00", NOW) == {}


@pytest.fixture
def device(city: City) -> Iterator[tuple[Terminal, str]]:
    terminals.forget_known()
    yield safety.enrol_terminal("F2", "受付1")
    terminals.forget_known()


def batch(token: str, device: object, *people: str) -> dict[str, Any]:
    ticks = HybridClock("T001")
    events = [
        {
            "id": str(uuid7()), "direction": "in", "occurred_at": clock.now().isoformat(),
            "clock": ticks.tick(), "person": {"resident_id": one},
        }
        for one in people
    ]  # fmt: skip
    answer = Client().post(
        "/api/v1/shelters/F2/scans",
        json.dumps({"sent_at": clock.now().isoformat(), "device": device, "events": events}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200
    return dict(answer.json())


@pytest.mark.django_db
def test_a_heartbeat_tells_and_hears(city: City, device: tuple[Terminal, str]) -> None:
    one, token = device
    assert "commands" not in batch(token, {"version": "0.1.0", "waiting": 7, "battery": 55})
    row = Terminal.objects.get(pk=one.pk)
    assert (row.version, row.waiting, row.battery) == (
        "0.1.0",
        7,
        55,
    ) and row.clock_ahead is not None
    batch(token, {"waiting": 6})
    assert Terminal.objects.get(pk=one.pk).waiting == 7, "not a write for every batch"
    batch(token, {"waiting": 0})
    assert Terminal.objects.get(pk=one.pk).waiting == 0, "but at once when the box is empty"
    batch(token, "nonsense")
    [row_of] = safety.fleet(OPERATOR)
    assert row_of.troubles == ()


@pytest.mark.django_db
def test_a_locked_terminal_gets_no_list_and_its_records_are_taken_in(
    city: City, device: tuple[Terminal, str]
) -> None:
    one, token = device
    with pytest.raises(SonaeError):
        safety.command(CLERK, [one.code], "lock")
    with pytest.raises(SonaeError):
        safety.command(OPERATOR, [one.code], "wipe")
    with pytest.raises(SonaeError):
        safety.command(ADMINISTRATOR, ["T999"], "lock")
    assert safety.command(OPERATOR, [one.code], "lock") == 1
    told = batch(token, {"waiting": 1}, city.residents["備 太郎"].resident_id)
    assert told["commands"] == [{"verb": "lock"}]
    assert [one["status"] for one in told["results"]] == ["accepted"]
    extract = "/api/v1/shelters/F2/extract"
    bearer = {"Authorization": f"Bearer {token}"}
    assert Client().get(extract, headers=bearer).status_code == 403
    safety.command(OPERATOR, [one.code], "unlock")
    assert Client().get(extract, headers=bearer).status_code == 200
    safety.command(ADMINISTRATOR, [one.code], "wipe")
    assert batch(token, {})["commands"] == [{"verb": "wipe"}]
    assert batch(token, {})["commands"] == [{"verb": "wipe"}], "told until it is over"
    boss = signed_in(Role.ADMINISTRATOR)
    assert "消去を指示済み・未確認" in boss.get("/staff/terminals/").content.decode()
    batch(token, {"wiped": True, "waiting": 0})
    page = boss.get("/staff/terminals/").content.decode()
    assert "消去を確認 <" in page and "未確認" not in page
    batch(token, {"battery": None})
    assert "未確認" in boss.get("/staff/terminals/").content.decode(), "it talks on: nobody knows"
    assert safety.occupancy(city.facilities["F2"].pk).people == 1


@pytest.mark.django_db
def test_four_hundred_terminals_on_one_page(city: City, django_assert_max_num_queries: Any) -> None:
    """The page of 荒尾's size: every terminal on it, those to be looked at first, few questions asked."""
    place = city.facilities["F2"]
    Terminal.objects.bulk_create(
        [
            Terminal(
                code=f"T{n:03d}", name=f"受付{n}", facility=place, token_hash=f"{n:064d}",
                enrolled_at=clock.now(), last_seen_at=clock.SystemClock().now(), version="1.0",
                waiting=12 if n == 250 else 0,
            )
            for n in range(1, 401)
        ]
    )  # fmt: skip
    client = signed_in(Role.OPERATOR)
    client.get("/staff/")
    with django_assert_max_num_queries(25):
        page = client.get("/staff/terminals/").content.decode()
    assert page.count('name="code"') == 400
    assert page.index('value="T250"') < page.index('value="T001"'), "who holds records comes first"
    assert (
        client.get("/staff/terminals/", {"only": "unsent"}).content.decode().count('name="code"')
        == 1
    )
    assert signed_in(Role.VIEWER).get("/staff/terminals/").status_code == 403


@pytest.mark.django_db
def test_terminals_are_enrolled_ordered_and_ended_on_the_page(city: City) -> None:
    boss, client = signed_in(Role.ADMINISTRATOR), signed_in(Role.OPERATOR)
    form = {"verb": "enrol", "shelter": "F2", "name": "受付", "purpose": "gate", "count": "3"}
    page = boss.post("/staff/terminals/", form).content.decode()
    assert page.count("<svg") >= 3 and "#enrol=" not in page.split("<svg")[0]
    assert [one.name for one in safety.terminals()] == ["受付 1", "受付 2", "受付 3"]
    assert {one.purpose for one in safety.terminals()} == {"gate"}
    edge = boss.post("/staff/terminals/", {**form, "purpose": "edge", "count": "1"})
    assert "sonae reception edge --city" in edge.content.decode()
    assert "#enrol=" not in edge.content.decode()
    safety.terminals()[-1].delete()
    for wrong in (
        {"count": "51"},
        {"count": "x"},
        {"name": " "},
        {"purpose": "spy"},
        {"shelter": "F99"},
    ):
        answer = boss.post("/staff/terminals/", {**form, **wrong})
        assert answer.status_code == 422
    assert len(safety.terminals()) == 3
    assert client.post("/staff/terminals/", form).status_code == 403
    told = client.post("/staff/terminals/", {"verb": "lock", "code": ["T001", "T002"]}, follow=True)
    assert "2台に命令しました" in told.content.decode()
    told = client.post("/staff/terminals/", {"verb": "lock"}, follow=True)
    assert "選ばれていません" in told.content.decode()
    assert client.post("/staff/terminals/", {"verb": "wipe", "code": "T001"}).status_code == 403
    told = client.post("/staff/terminals/", {"verb": "revoke", "code": ["T003"]}, follow=True)
    assert "1台の使用を終えました" in told.content.decode()
    states = {one.terminal.code: one.troubles[0] for one in safety.fleet(OPERATOR)}
    assert states == {"T001": "locked", "T002": "locked", "T003": "revoked"}
