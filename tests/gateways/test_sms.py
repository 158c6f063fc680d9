"""SMS over carriers that differ in everything: fields, numbers, how they say yes, later and no."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.test import Client

from sonae.core.errors import SonaeError
from sonae.domains.messages import interface as messages
from sonae.domains.messages.interface import (
    ContactPoint,
    Delivery,
    Handed,
    Recipient,
    Transmission,
)
from sonae.domains.residents.interface import Resident
from sonae.gateways import fanout, sms
from sonae.platform import outbox
from sonae.platform.models import OutboxEntry
from sonae.platform.scope import World
from sonae.web.commands import doctor
from tests.fixtures import OPERATOR, City
from tests.gateways.test_push import issue, resident, try_again
from tests.ports import free_port
from tests.web.test_receiving import signed_in

pytestmark = pytest.mark.django_db


@dataclass
class Office:
    """A carrier: keeps what it was asked, answers from a list, else that it has taken it."""

    port: int = field(default_factory=free_port)
    asked: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    answers: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)

    def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, Any, dict[str, str]]:
        form = headers["content-type"].endswith("urlencoded")
        self.asked.append((headers, dict(parse_qsl(body.decode())) if form else json.loads(body)))
        return (
            self.answers.pop(0) if self.answers else (200, {"messages": [{"status": "queued"}]}, {})
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/send"


class _Handler(BaseHTTPRequestHandler):
    office: Office
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        heard = {name.lower(): value for name, value in self.headers.items()}
        status, said, headers = self.office.answer(heard, body)
        raw = json.dumps(said).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(raw))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing on the terminal."""


@pytest.fixture
def office(settings: Any, tmp_path: Path) -> Iterator[Office]:
    made = Office()
    server = ThreadingHTTPServer(
        ("127.0.0.1", made.port), type("Handler", (_Handler,), {"office": made})
    )
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    settings.HOME = tmp_path
    settings.ISSUER = "http://127.0.0.1:8000"
    yield made
    server.shutdown()
    server.server_close()


def set_up(office: Office, text: str = "", **changed: str) -> None:
    """Write the city's channels.toml."""
    fields = {"to": "{to}", "text": "{text}", "ref": "{id}"}
    lines = [
        f"{name} = {json.dumps(value)}" for name, value in {"url": office.url, **changed}.items()
    ]
    body = "\n".join(["[sms]", *lines, "per_second = 500"])
    held = text or "[sms.fields]\n" + "\n".join(f'{k} = "{v}"' for k, v in fields.items())
    file = sms.Path(sms.settings.HOME) / sms.FILE
    file.write_text(f"{body}\n{held}\n", "utf-8")
    sms._held.cache_clear()


@pytest.fixture
def phones(city: City) -> list[Resident]:
    """Two people who are told by SMS and by nothing else."""
    found = []
    for place, name in enumerate(("備 花子", "渡邉 結衣")):
        person = city.residents[name]
        Resident.objects.filter(pk=person.pk).update(phone=f"090-1234-000{place}", channel="sms")
        found.append(person)
    return found


def row() -> Transmission:
    return Transmission.objects.get(channel="sms", message__kind="order")


def test_a_text_arrives_as_the_carrier_wants_it(
    city: City, office: Office, phones: list[Resident]
) -> None:
    set_up(office, '[sms.headers]\nAuthorization = "Bearer s"\n[sms.fields]\nto = ["{to}"]\n'
           '[sms.fields.content]\ntext = "{text}"\nkind = "text"\npriority = 1', number="e164")  # fmt: skip
    issue(city)
    assert sorted(one["to"][0] for _headers, one in office.asked) == [
        "+819012340000",
        "+819012340001",
    ]
    headers, told = office.asked[0]
    assert headers["authorization"] == "Bearer s"
    text = told["content"]["text"]
    assert told["content"]["priority"] == 1
    assert text.startswith("警戒レベル4 避難指示")
    link = text.rpartition("\n")[2]
    assert set(messages.residents_of(link.rpartition("/")[2])) <= {one.pk for one in phones}
    assert len(text.encode("utf-16-le")) // 2 <= 660
    assert row().status == "handed_over"


def test_a_form_and_a_national_number(city: City, office: Office, phones: list[Resident]) -> None:
    set_up(office, format="form")
    issue(city)
    assert sorted(one["to"] for _headers, one in office.asked) == ["09012340000", "09012340001"]


def test_braces_of_a_text_are_no_fields() -> None:
    told = {"{to}": "1", "{text}": "{to}{id}", "{id}": "3"}
    assert sms._filled({"a": "{text}", "b": ["{id}", {"c": "x{to}"}], "d": 4}, told) == {
        "a": "{to}{id}", "b": ["3", {"c": "x1"}], "d": 4,
    }  # fmt: skip


def test_busy_is_tried_again_with_the_same_reference_and_nobody_gets_two(
    city: City, office: Office, phones: list[Resident]
) -> None:
    set_up(office)
    office.answers = [(429, "slow down", {"Retry-After": "120"}), (503, "", {})]
    issue(city)
    assert row().status == "sending"
    waiting = OutboxEntry.objects.get(topic="transmission.sms", state="pending")
    assert "混んでいます" in waiting.last_error
    try_again()
    assert row().status == "handed_over"
    refs = [one["ref"] for _headers, one in office.asked]
    assert len(refs) == 4
    assert len(set(refs)) == 2
    assert [h["idempotency-key"] for h, _one in office.asked] == refs
    try_again()
    assert len(office.asked) == 4


def test_a_refused_number_is_its_own_and_shown_without_the_number(
    city: City, office: Office, phones: list[Resident]
) -> None:
    set_up(office)
    office.answers = [(422, {"error": "no such number 09012340000 / 09012340001"}, {})]
    issue(city)
    assert sorted(Delivery.objects.values_list("status", flat=True)) == ["failed", "handed_over"]
    [shown] = messages.unreached(OPERATOR, row().pk)
    failed = Delivery.objects.get(status="failed")
    assert failed.address not in shown.address + shown.error
    assert shown.address == f"…{failed.address[-2:]}"


@pytest.mark.parametrize("status", [401, 503])
def test_no_number_that_a_carrier_quotes_is_shown_or_kept(
    city: City, office: Office, phones: list[Resident], status: int
) -> None:
    set_up(office, number="e164")
    office.answers = [(status, {"error": "bad: +81901234000 +819012340001"}, {})] * 2
    issue(city)
    [last] = OutboxEntry.objects.filter(topic="transmission.sms").values_list(
        "last_error", flat=True
    )
    for said in (row().error, last):
        assert f"{status} " in said
        assert "0123" not in said


def test_a_wrong_key_stops_the_channel_until_somebody_acts(
    city: City, office: Office, phones: list[Resident]
) -> None:
    set_up(office)
    office.answers = [(401, {"error": "bad key"}, {}), (401, {"error": "bad key"}, {})]
    issue(city)
    assert row().status == "failed"
    assert "bad key" in row().error
    asked = len(office.asked)
    assert asked in (1, 2), "the second is asked beside the first, or not at all any more"
    try_again()
    assert len(office.asked) == asked
    office.answers = []
    messages.resend(OPERATOR, row().pk)
    outbox.drain()
    assert row().status == "handed_over"


@pytest.mark.parametrize(
    ("said", "status"),
    [("queued", "handed_over"), ("throttled", "created"), ("rejected", "failed"), (None, "failed")],
)
def test_an_outcome_in_the_body_counts_where_the_city_says_so(
    city: City, office: Office, phones: list[Resident], said: str | None, status: str
) -> None:
    set_up(office, '[sms.fields]\nto = "{to}"\ntext = "{text}"\n[sms.answer]\n'
           'path = "messages.0.status"\ngood = ["queued"]\nbusy = ["throttled"]')  # fmt: skip
    body = {"messages": [{"status": said}]} if said else "nothing that can be read"
    office.answers = [(200, body, {})] * 2
    issue(city)
    assert set(Delivery.objects.values_list("status", flat=True)) == {status}


def test_a_carrier_that_is_away_is_tried_again(
    city: City, office: Office, phones: list[Resident]
) -> None:
    set_up(office, url=f"http://127.0.0.1:{free_port()}/")
    issue(city)
    assert "つながりません" in row().error
    set_up(office)
    try_again()
    assert row().status == "handed_over"


def test_a_mistake_made_in_the_middle_of_it_stops_the_channel_and_says_so(
    city: City, office: Office, phones: list[Resident]
) -> None:
    set_up(office)
    office.answers = [(503, "", {})] * 2
    issue(city)
    set_up(office, per_sekond="5")
    try_again()
    assert row().status == "failed"
    assert "per_sekond" in row().error
    set_up(office)
    messages.resend(OPERATOR, row().pk)
    outbox.drain()
    assert row().status == "handed_over"


def test_an_exercise_sends_nothing(city: City, office: Office, phones: list[Resident]) -> None:
    set_up(office)
    with city.entered(World.EXERCISE):
        issue(city)
        assert set(Delivery.objects.values_list("error", flat=True)) == {"exercise"}
    assert office.asked == []


@pytest.mark.parametrize(
    "text",
    [
        "[sms", "[sms]\n", '[sms]\nurl = "http://sms.example/"\n[sms.fields]\na = "{to}{text}"',
        '[sms]\nurl = "https://x/"\n[sms.fields]\na = "{to}"', '[sms]\nurl = "ftp://x/"',
        '[sms]\nurl = "https://x/"\nformat = "xml"\n[sms.fields]\na = "{to}{text}"',
        '[sms]\nurl = "https://x/"\nnumber = "x"\n[sms.fields]\na = "{to}{text}"',
        '[sms]\nurl = "https://x/"\nper_second = 0\n[sms.fields]\na = "{to}{text}"',
        '[sms]\nurl = "https://x/"\nulr = "x"\n[sms.fields]\na = "{to}{text}"',
        '[sms]\nurl = "https://x/"\nformat = "form"\n[sms.fields]\na = ["{to}{text}"]',
        "sms = 3",
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_said_before_the_night_it_is_needed(
    city: City, office: Office, text: str
) -> None:
    file = sms.Path(sms.settings.HOME) / sms.FILE
    file.write_text(text, "utf-8")
    with pytest.raises(SonaeError, match=r"channels\.toml"):
        sms.read(text)
    assert not messages.available("sms")
    assert "channels.toml" in messages.faults()["sms"]
    assert doctor.channels().state == "failed"
    file.write_text("# nothing yet", "utf-8")
    assert messages.faults() == {}
    assert doctor.channels().state == "ok"
    assert not messages.available("sms")


def test_a_number_counts_once_the_code_has_come_back(
    city: City, office: Office, settings: Any
) -> None:
    set_up(office)
    client: Client = signed_in(city, "備 花子")
    assert "携帯電話の番号" in client.get("/me/notices/").content.decode()
    for bad in ("03-1234-5678", "110", "", "090123456789"):
        assert client.post("/me/notices/phone/", {"number": bad}).status_code == 422
    client.post("/me/notices/phone/", {"number": "＋８１ 90-1234-5678"})
    outbox.drain()
    [(_headers, told)] = office.asked
    assert told["to"] == "09012345678"
    assert "127.0.0.1" not in told["text"], "no link to say that one is safe: nobody is proved yet"
    contact = ContactPoint.objects.get()
    code = "".join(c for c in told["text"] if c.isdigit())[:6]
    messages.confirm_contact(resident(city, "備 花子"), contact.pk, code)
    issue(city)
    assert len(office.asked) == 2


def test_the_agreed_rate_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns are handed out a gap apart, whoever asks: counted on the clock that they wait by."""
    slept: list[float] = []
    monkeypatch.setattr(fanout.time, "monotonic", lambda: 100.0)
    monkeypatch.setattr(fanout.time, "sleep", slept.append)
    fan = fanout.Fan(4, per_second=20)
    turns: list[Callable[[], None]] = [fan.turn] * 5
    for turn in turns:
        turn()
    assert slept == pytest.approx([0, 0.05, 0.1, 0.15, 0.2])


def test_a_counterpart_that_is_away_stops_nobody_of_another() -> None:
    """After some busy answers it is left alone; everybody of the other one is told in the same round."""
    fan, asked = fanout.Fan(1, of=lambda one: one.address), []

    def tell(one: Recipient) -> Handed | None:
        asked.append(one)
        if one.address == "away":
            fan.later(one, 45.0, "away")
            return None
        return Handed(one.delivery, "handed_over")

    people = [Recipient(n, "away" if n < 200 else "here", "ja", "") for n in range(260)]
    known: list[int] = []
    with pytest.raises(outbox.Retry, match="away") as later:
        for group in fan.told(people, tell):
            known += [one.delivery for one in group]
    assert sorted(known) == list(range(200, 260))
    assert sum(one.address == "away" for one in asked) == fanout.MOST_BUSY
    assert later.value.seconds == 45.0


def test_what_something_newer_overtook_is_not_begun_and_what_is_under_way_is_told() -> None:
    """Nobody is asked after the halt, and every answer that was on its way is still known."""
    halt, asked = threading.Event(), []
    fan = fanout.Fan(4, halt=halt)

    def tell(one: Recipient) -> Handed:
        asked.append(one.delivery)
        if one.delivery >= 100:
            assert halt.wait(60)
        return Handed(one.delivery, "handed_over")

    known = []
    for group in fan.told([Recipient(n, "", "ja", "") for n in range(3000)], tell):
        known += [one.delivery for one in group]
        halt.set()
    assert sorted(known) == sorted(asked)
    assert len(asked) <= 104, "four were under way"
