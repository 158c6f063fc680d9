"""Real SMTP on loopback: what arrives, what is refused, a counterpart that is down, slow or dies."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.messages import interface as messages
from sonae.domains.messages.interface import Delivery, Transmission
from sonae.gateways import mail
from sonae.platform import outbox
from sonae.platform.models import OutboxEntry
from sonae.platform.scope import World
from tests.fixtures import APPROVER, OPERATOR, VIEWER, City
from tests.ports import free_port

pytestmark = pytest.mark.django_db


@dataclass
class Box:
    """The counterpart: keeps what it took, refuses whom it is told to, and may break after a few."""

    refuse: set[str] = field(default_factory=set)
    busy: bool = False
    busy_for: set[str] = field(default_factory=set)
    spam: set[str] = field(default_factory=set)
    hang_up: set[str] = field(default_factory=set)
    unwelcome: bool = False
    unwelcome_after: int = 10_000
    break_after: int = 10_000
    mails: list[EmailMessage] = field(default_factory=list)
    connections: int = 0

    async def handle_EHLO(  # noqa: N802 - the library's names
        self, server: Any, session: Any, envelope: Any, name: str, replies: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = name
        return replies

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.busy or address in self.busy_for:
            return f"450 4.2.1 <{address}>: busy"
        if address in self.hang_up:
            return f"421 4.7.0 <{address}>: closing"
        if address in self.refuse:
            return f"550 5.1.1 <{address.upper()}>: no such user, ask postmaster@example.jp"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.unwelcome or len(self.mails) >= self.unwelcome_after:
            return "550 5.7.1 you may not send here"
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if len(self.mails) >= self.break_after:
            server.transport.close()
            return "421 closing"
        if self.spam & set(envelope.rcpt_tos):
            return "554 5.7.1 looks like spam"
        made = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(made, EmailMessage)
        self.mails.append(made)
        return "250 OK"


@pytest.fixture
def box(settings: Any) -> Iterator[Box]:
    made = Box()
    controller = Controller(made, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.SMTP = f"smtp://127.0.0.1:{controller.port}"
    settings.MAIL_FROM = "bousai@sonae.example"
    settings.ISSUER = "http://127.0.0.1:8000"
    yield made
    controller.stop()


def issue(city: City) -> None:
    made = evacuation.draft_order(
        OPERATOR,
        level=4,
        hazard="flood",
        towns=[city.towns["西町"].pk, city.towns["中町"].pk],
        reason="増水",
    )
    evacuation.submit(OPERATOR, made.pk)
    evacuation.approve(APPROVER, made.pk)
    outbox.drain()


def mail_row() -> Transmission:
    return Transmission.objects.get(channel="mail", message__kind="order")


def try_again() -> None:
    OutboxEntry.everywhere.filter(state="pending").update(due_at=0)
    outbox.drain()


def test_every_recipient_gets_one_personal_mail(city: City, box: Box) -> None:
    issue(city)
    assert sorted(one["To"] for one in box.mails) == [
        "ichiro@example.jp", "ken@example.jp", "minoru@example.jp", "taro@example.jp",
    ]  # fmt: skip
    first = box.mails[0]
    assert first["From"] == "bousai@sonae.example"
    assert "避難指示" in first["Subject"]
    body = first.get_content()
    assert "西町" in body
    token = body.split("/a/")[1].split()[0]
    owner = next(r for r in city.residents.values() if r.email == first["To"])
    assert messages.residents_of(token) == [owner.pk]
    assert len({one["Message-ID"] for one in box.mails}) == 4
    assert messages.receipts(mail_row().pk) == {
        "created": 0,
        "handed_over": 4,
        "failed": 0,
        "acknowledged": 0,
    }
    assert mail_row().status == "handed_over"
    assert box.connections == 1


def test_a_refused_address_fails_alone(city: City, box: Box) -> None:
    box.refuse = {"ken@example.jp"}
    issue(city)
    assert len(box.mails) == 3
    [lost] = messages.unreached(OPERATOR, mail_row().pk)
    assert (lost.town, lost.address, lost.error) == (
        "中町",
        "…@example.jp",
        "550 5.1.1 <…>: no such user, ask …",
    )
    assert (mail_row().status, mail_row().error) == (
        "handed_over", "1件の宛先が相手に断られました",
    )  # fmt: skip


def test_refused_for_everyone_is_a_failure_and_says_so(city: City, box: Box) -> None:
    box.refuse = {one.email for one in city.residents.values()}
    issue(city)
    assert (mail_row().status, mail_row().error) == ("failed", "4件の宛先が相手に断られました")
    with pytest.raises(SonaeError, match="送り直せる宛先がありません"):
        messages.resend(OPERATOR, mail_row().pk)
    assert mail_row().status == "failed"


def test_a_shielded_person_gets_the_mail_and_nobody_sees_where(city: City, box: Box) -> None:
    ken = city.residents["斎藤 健"]
    type(ken).objects.filter(pk=ken.pk).update(shielded=True)
    issue(city)
    assert "ken@example.jp" in {one["To"] for one in box.mails}
    assert messages.receipts_by_town(mail_row().pk) == [("", 1, 1), ("西町", 3, 3)]
    Delivery.objects.filter(resident=ken).update(status="failed", error="550 <ken@example.jp>?")
    [lost] = messages.unreached(OPERATOR, mail_row().pk)
    assert (lost.town, lost.address, lost.error) == ("", "", "550 <…>?")


def test_one_busy_mailbox_holds_up_nobody_else(city: City, box: Box) -> None:
    box.busy_for = {"ichiro@example.jp"}
    issue(city)
    assert len(box.mails) == 3
    assert "1件が待たされています" in mail_row().error
    assert mail_row().status == "sending"
    box.busy_for = set()
    try_again()
    assert [one["To"] for one in box.mails].count("ichiro@example.jp") == 1
    assert len(box.mails) == 4
    assert (mail_row().status, mail_row().error) == ("handed_over", "")


@pytest.mark.parametrize("how", ["refuse", "busy_for", "hang_up"])
def test_no_address_that_a_server_quotes_is_shown_or_kept(city: City, box: Box, how: str) -> None:
    setattr(box, how, {one.email for one in city.residents.values()})
    issue(city)
    kept = [mail_row().error, *Delivery.objects.values_list("error", flat=True)]
    kept += OutboxEntry.objects.values_list("last_error", flat=True)
    assert any(kept)
    assert [one for one in kept if "@" in one] == []


def test_one_mail_taken_for_spam_fails_alone(city: City, box: Box) -> None:
    box.spam = {"taro@example.jp"}
    issue(city)
    assert len(box.mails) == 3
    [lost] = messages.unreached(OPERATOR, mail_row().pk)
    assert lost.error == "554 5.7.1 looks like spam"


def test_a_server_that_refuses_us_stops_the_sending_until_somebody_acts(
    city: City, box: Box
) -> None:
    box.unwelcome = True
    issue(city)
    assert mail_row().status == "failed"
    assert "差出人が拒まれました" in mail_row().error
    try_again()
    assert box.mails == []
    box.unwelcome = False
    with pytest.raises(SonaeError):
        messages.resend(VIEWER, mail_row().pk)
    messages.resend(OPERATOR, mail_row().pk)
    outbox.drain()
    assert len(box.mails) == 4
    assert mail_row().status == "handed_over"
    with pytest.raises(SonaeError):
        messages.resend(OPERATOR, mail_row().pk)


def test_a_server_that_refuses_us_in_the_middle_makes_nobody_read_it_twice(
    city: City, box: Box
) -> None:
    box.unwelcome_after = 2
    issue(city)
    assert mail_row().status == "failed"
    assert messages.receipts(mail_row().pk)["handed_over"] == 2
    box.unwelcome_after = 10_000
    messages.resend(OPERATOR, mail_row().pk)
    outbox.drain()
    assert len(box.mails) == len({one["To"] for one in box.mails}) == 4


def test_nobody_reads_an_order_after_its_cancellation(city: City, box: Box, settings: Any) -> None:
    """The server is down when the order is issued and back when it is cancelled."""
    live, settings.SMTP = settings.SMTP, f"smtp://127.0.0.1:{free_port()}"
    issue(city)
    evacuation.cancel(APPROVER, evacuation.orders_in_force()[0].pk)
    settings.SMTP = live
    outbox.drain()
    assert len(box.mails) == 4
    try_again()
    assert len(box.mails) == 4
    assert all("取消" in one["Subject"] for one in box.mails)
    assert messages.receipts(mail_row().pk)["overtaken"] == 4


def test_an_alert_too_old_to_be_true_is_given_up_openly(
    city: City, box: Box, settings: Any
) -> None:
    live, settings.SMTP = settings.SMTP, f"smtp://127.0.0.1:{free_port()}"
    issue(city)
    Transmission.objects.update(created_at=clock.now() - timedelta(hours=23))
    settings.SMTP = live
    try_again()
    assert box.mails == []
    assert mail_row().status == "failed"
    assert len(messages.unreached(OPERATOR, mail_row().pk)) == 4
    with pytest.raises(SonaeError):
        messages.resend(OPERATOR, mail_row().pk)


def test_a_password_is_not_sent_in_the_clear(city: City, settings: Any) -> None:
    assert not mail._beside_us("mail.example.jp")
    assert mail._beside_us("127.0.0.1")
    assert mail._beside_us("localhost")
    assert not mail._beside_us("192.168.1.5")


def test_a_busy_server_is_tried_again_and_nobody_gets_it_twice(city: City, box: Box) -> None:
    box.busy = True
    issue(city)
    assert box.mails == []
    assert mail_row().status == "sending"
    box.busy = False
    try_again()
    assert len(box.mails) == 4
    try_again()
    assert len(box.mails) == 4


def test_a_server_that_dies_in_the_middle_goes_on_with_the_rest(city: City, box: Box) -> None:
    box.break_after = 2
    issue(city)
    assert len(box.mails) == 2
    assert messages.receipts(mail_row().pk)["handed_over"] == 2
    box.break_after = 100
    try_again()
    assert sorted(one["To"] for one in box.mails) == [
        "ichiro@example.jp", "ken@example.jp", "minoru@example.jp", "taro@example.jp",
    ]  # fmt: skip


def test_a_server_that_is_down_delays_only_mail(city: City, settings: Any) -> None:
    settings.SMTP = f"smtp://127.0.0.1:{free_port()}"
    issue(city)
    states = dict(Transmission.objects.values_list("channel", "status"))
    assert states == {"web": "handed_over", "cap": "handed_over", "mail": "sending"}
    waiting = OutboxEntry.objects.get(topic="transmission.mail", state="pending")
    assert "つながりません" in waiting.last_error


def test_a_correction_reaches_exactly_those_reached_before(city: City, box: Box) -> None:
    issue(city)
    first = messages.messages()[0]
    box.mails.clear()
    city.residents["備 太郎"].__class__.objects.filter(pk=city.residents["備 太郎"].pk).update(
        email=""
    )
    messages.correct(APPROVER, first.pk, "対象の川を訂正")
    outbox.drain()
    assert len(box.mails) == 4
    assert all("訂正" in one["Subject"] for one in box.mails)


def test_a_drill_never_opens_a_connection(city: City, box: Box) -> None:
    """With a live mail server set up: orders, corrections and liftings of an exercise reach nobody."""
    with city.entered(World.EXERCISE):
        issue(city)
        messages.correct(APPROVER, messages.messages()[0].pk, "訂正の訓練")
        outbox.drain()
        evacuation.lift(APPROVER, evacuation.orders_in_force()[0].pk)
        outbox.drain()
        assert Delivery.objects.filter(status="handed_over").count() == 12
    assert box.connections == 0
    assert box.mails == []


class Killed(BaseException):
    """What a kill -9 leaves behind: nothing after it runs, the lease stays taken."""


@pytest.mark.parametrize(("group", "twice"), [(1, 0), (25, 2)])
def test_killed_in_the_middle_and_started_again(
    city: City, box: Box, monkeypatch: pytest.MonkeyPatch, group: int, twice: int
) -> None:
    """Nobody is left out; only hand-overs not yet stored go again, recognisable by their ids."""
    monkeypatch.setattr(mail, "GROUP", group)
    real, calls = mail._one, []

    def dies_at_the_third(*given: Any) -> Any:
        calls.append(given)
        if len(calls) == 3:
            raise Killed
        return real(*given)

    monkeypatch.setattr(mail, "_one", dies_at_the_third)
    with pytest.raises(Killed):
        issue(city)
    OutboxEntry.everywhere.filter(state="pending").update(leased_until=0)
    outbox.drain()
    names = [one["Message-ID"] for one in box.mails]
    assert len(set(names)) == 4
    assert len(names) == 4 + twice
    assert messages.receipts(mail_row().pk)["handed_over"] == 4


def test_without_a_public_address_a_mail_names_no_link(city: City, box: Box, settings: Any) -> None:
    settings.ISSUER = ""
    issue(city)
    assert len(box.mails) == 4
    body = box.mails[0].get_content()
    assert "西町" in body
    assert "/a/" not in body
    assert "無事を知らせる" not in body
