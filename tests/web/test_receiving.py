"""お知らせの受け取り方: adding, proving, ending, exporting and erasing one's own contact points."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import EvacuationOrder
from sonae.domains.identity import interface as identity
from sonae.domains.messages import interface as messages
from sonae.domains.messages import proving
from sonae.domains.messages.interface import ContactPoint, Delivery, Message
from sonae.domains.residents.interface import Resident
from sonae.platform import outbox
from sonae.platform.access import Role
from sonae.platform.scope import World
from sonae.web.citizen.receiving import label_of
from tests.fixtures import APPROVER, OPERATOR, City
from tests.gateways.push_service import Service, serving
from tests.gateways.test_mail import Box, box  # noqa: F401 - a fixture
from tests.gateways.test_push import issue, resident, try_again

pytestmark = pytest.mark.django_db
HOME = "/me/notices/"
AGENT = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"


@pytest.fixture
def service(settings: Any) -> Iterator[Service]:
    settings.ISSUER = "http://127.0.0.1:8000"
    made = Service()
    server = serving(made)
    yield made
    server.shutdown()
    server.server_close()


def signed_in(city: City, name: str) -> Client:
    one = city.residents[name]
    account = identity.add_account(
        f"{one.resident_id}@example.jp", "natsu-no-yuki-7", Role.RESIDENT, name=name,
        resident_pk=one.pk,
    )  # fmt: skip
    client = Client(headers={"user-agent": AGENT})
    client.force_login(account)
    return client


def text(client: Client) -> str:
    return client.get(HOME).content.decode()


def test_a_browser_is_registered_shown_told_and_ended(city: City, service: Service) -> None:
    client, browser = signed_in(city, "備 花子"), service.browser("a")
    page = text(client)
    assert messages.public_push_key() in page
    assert "まだ、受け取り先がありません" in page
    sent = client.post(f"{HOME}push/", {"endpoint": browser.endpoint, **browser.keys})
    assert sent.status_code == 302
    assert "Android Chrome" in text(client)
    issue(city)
    assert len(browser.shown) == 1
    client.post(f"{HOME}end/", {"contact": str(ContactPoint.objects.get().pk)})
    assert "自分で取り消しました" in text(client)
    assert messages.contacts_of(resident(city, "備 花子"))[0].ended_at is not None


def code_in(box: Box) -> str:  # noqa: F811
    found = re.search(r"\b(\d{6})\b", str(box.mails[-1]["Subject"]))
    assert found
    return found[1]


def test_a_mailbox_counts_once_its_number_has_come_back(city: City, box: Box) -> None:  # noqa: F811
    client = signed_in(city, "備 花子")
    client.post(f"{HOME}mail/", {"address": "hanako@example.net"})
    outbox.drain()
    [mail] = box.mails
    assert mail["To"] == "hanako@example.net"
    assert "/a/" not in mail.get_content(), "a link to say that one is safe is for whom it is meant"
    assert "確認番号を待っています" in text(client)
    issue(city)
    assert "hanako@example.net" not in {one["To"] for one in box.mails[1:]}
    contact = ContactPoint.objects.get()
    wrong = client.post(f"{HOME}confirm/", {"contact": str(contact.pk), "code": "000000x"})
    assert wrong.status_code == 422
    assert "番号が違います" in wrong.content.decode()
    box.mails = [mail]
    full = code_in(box).translate({ord("0") + n: chr(ord("０") + n) for n in range(10)})
    client.post(f"{HOME}confirm/", {"contact": str(contact.pk), "code": f" {full} "})
    evacuation_lifted(city)
    issue(city)
    assert "hanako@example.net" in {one["To"] for one in box.mails}
    assert Message.objects.filter(kind="proof").count() == 1
    assert messages.message(Message.objects.get(kind="proof").pk) is None, "nobody else's affair"


def evacuation_lifted(city: City) -> None:
    evacuation.lift(APPROVER, EvacuationOrder.objects.latest("pk").pk)
    outbox.drain()


def test_a_number_cannot_be_guessed_nor_kept_for_later(
    city: City,
    box: Box,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    me = resident(city, "備 花子")
    made = messages.add_mail(me, "hanako@example.net", "ja")
    outbox.drain()
    right = code_in(box)
    for _ in range(proving.MOST_TRIES):
        with pytest.raises(SonaeError, match="違います"):
            messages.confirm_contact(me, made.pk, "123" if right != "000123" else "9")
    with pytest.raises(SonaeError, match="使えません"):
        messages.confirm_contact(me, made.pk, right)
    with pytest.raises(SonaeError):
        messages.confirm_contact(resident(city, "備 一郎"), made.pk, right)
    messages.add_mail(me, "hanako@example.net", "en")
    outbox.drain()
    assert "code" in str(box.mails[-1]["Subject"]).lower()
    monkeypatch.setattr(proving, "VALID", -proving.VALID)
    messages.add_mail(me, "hanako@example.net", "ja")
    outbox.drain()
    with pytest.raises(SonaeError, match="使えません"):
        messages.confirm_contact(me, made.pk, code_in(box))


def test_an_ended_mailbox_stays_off_until_its_number_has_come_back(
    city: City,
    box: Box,  # noqa: F811
) -> None:
    client, me = signed_in(city, "備 太郎"), resident(city, "備 太郎")
    messages.end_register_mail(me)
    client.post(f"{HOME}mail/", {"address": "taro@example.jp"})
    outbox.drain()
    assert [one["To"] for one in box.mails] == ["taro@example.jp"], "the number itself is sent"
    [contact] = messages.contacts_of(me)
    assert contact.ended_why == "owner"
    page = text(client)
    assert "確認番号を待っています" in page
    assert f'id="code-{contact.pk}"' in page
    code = code_in(box)
    issue(city)
    assert [one["To"] for one in box.mails].count("taro@example.jp") == 1
    client.post(f"{HOME}confirm/", {"contact": str(contact.pk), "code": code})
    assert f'id="code-{contact.pk}"' not in text(client)
    evacuation_lifted(city)
    issue(city)
    assert [one["To"] for one in box.mails].count("taro@example.jp") == 2


def test_the_last_number_asked_for_is_the_one_that_arrives(city: City, box: Box) -> None:  # noqa: F811
    me = resident(city, "備 花子")
    box.busy = True
    for _time in range(2):
        made = messages.add_mail(me, "hanako@example.net", "ja")
        outbox.drain()
    box.busy = False
    try_again()
    assert len(box.mails) == 1
    messages.confirm_contact(me, made.pk, code_in(box))


def test_a_number_is_not_tried_longer_than_it_holds(city: City, box: Box) -> None:  # noqa: F811
    box.busy = True
    messages.add_mail(resident(city, "備 花子"), "hanako@example.net", "ja")
    outbox.drain()
    box.busy = False
    with clock.using(FrozenClock(clock.now() + proving.VALID * 1.1)):
        try_again()
    assert box.mails == []
    assert messages.Transmission.objects.get(channel="mail").status == "failed"


def test_the_eleventh_mailbox_takes_the_place_of_the_first(city: City, box: Box) -> None:  # noqa: F811
    me = resident(city, "備 花子")
    for number in range(10):
        ContactPoint.objects.create(
            resident_id=me.resident_id, channel="mail", address=f"x{number}@example.net",
            added_at=clock.now(), confirmed_at=clock.now(),
        )  # fmt: skip
    made = messages.add_mail(me, "hanako@example.net", "ja")
    outbox.drain()
    messages.confirm_contact(me, made.pk, code_in(box))
    assert [one.address for one in messages.contacts_of(me) if one.ended_at] == ["x0@example.net"]


def test_nobody_fills_a_stranger_s_mailbox_through_us(city: City, box: Box) -> None:  # noqa: F811
    me = resident(city, "備 花子")
    for number in range(proving.MOST_A_DAY):
        messages.add_mail(me, f"x{number}@example.net", "ja")
    with pytest.raises(SonaeError, match="1日に5回"):
        messages.add_mail(me, "y@example.net", "ja")


@pytest.mark.parametrize(
    "address",
    ["", "x", "a@b", "a b@example.jp", "a@example.jp\nBcc: b@example.jp", "a@example.jp,b@example.jp",
     "<a@example.jp>", "a" * 70 + "@example.jp", "あ@example.jp", "a@exa_mple.jp"],
)  # fmt: skip
def test_what_is_no_address_is_refused(city: City, box: Box, address: str) -> None:  # noqa: F811
    with pytest.raises(SonaeError, match="形が正しくありません"):
        messages.add_mail(resident(city, "備 花子"), address, "ja")


def test_the_register_s_mailbox_is_ended_without_changing_the_register(
    city: City,
    box: Box,  # noqa: F811
) -> None:
    client, taro = signed_in(city, "備 太郎"), city.residents["備 太郎"]
    assert "taro@example.jp" in text(client)
    client.post(f"{HOME}end-mail/")
    issue(city)
    assert "taro@example.jp" not in {one["To"] for one in box.mails}
    taro.refresh_from_db()
    assert taro.email == "taro@example.jp"
    assert client.post(f"{HOME}end-mail/").status_code == 404


def test_who_ended_the_register_s_mailbox_hears_nothing_more_there_not_even_a_correction(
    city: City,
    box: Box,  # noqa: F811
) -> None:
    issue(city)
    assert "taro@example.jp" in {one["To"] for one in box.mails}
    messages.end_register_mail(resident(city, "備 太郎"))
    box.mails = []
    messages.correct(APPROVER, messages.messages()[0].pk, "対象の川は沢音川です")
    outbox.drain()
    evacuation_lifted(city)
    told = [one["To"] for one in box.mails]
    assert "taro@example.jp" not in told
    assert told.count("minoru@example.jp") == 2


def test_a_shared_mailbox_goes_on_as_long_as_one_of_the_household_wants_it(
    city: City,
    box: Box,  # noqa: F811
) -> None:
    taro, ichiro = city.residents["備 太郎"], city.residents["備 一郎"]
    Resident.objects.filter(pk=ichiro.pk).update(email=taro.email, channel="email")
    issue(city)
    [shared] = Delivery.objects.filter(address=taro.email)
    assert shared.owners == [taro.pk, ichiro.pk]
    for name, more in (("備 太郎", 1), ("備 一郎", 0)):
        messages.end_register_mail(resident(city, name))
        box.mails = []
        messages.correct(APPROVER, messages.messages()[0].pk, f"対象の川は沢音川です（{more}）")
        outbox.drain()
        assert [one["To"] for one in box.mails].count(taro.email) == more


def test_what_was_erased_is_not_told_again(city: City, box: Box) -> None:  # noqa: F811
    me = resident(city, "備 花子")
    made = messages.add_mail(me, "hanako@example.net", "ja")
    outbox.drain()
    messages.confirm_contact(me, made.pk, code_in(box))
    issue(city)
    messages.forget_contacts(me)
    box.mails = []
    evacuation_lifted(city)
    assert len(box.mails) == 3
    assert not Delivery.objects.filter(resident=me.resident_id, status="failed").exists()


def test_what_is_stored_can_be_taken_away_and_erased(city: City, service: Service) -> None:
    client, browser = signed_in(city, "備 花子"), service.browser("a")
    client.post(f"{HOME}push/", {"endpoint": browser.endpoint, **browser.keys})
    issue(city)
    told = json.loads(client.get(f"{HOME}export/").content)
    assert [one["channel"] for one in told["contact_points"]] == ["push"]
    assert [(one["channel"], one["kind"], one["status"]) for one in told["sent"]] == [
        ("push", "order", "handed_over")
    ]
    assert browser.keys["auth"] not in json.dumps(told)
    client.post(f"{HOME}forget/")
    assert not ContactPoint.objects.exists()
    assert not Delivery.objects.filter(address=browser.endpoint).exists()
    assert json.loads(client.get(f"{HOME}export/").content)["contact_points"] == []


def test_a_worker_moves_its_subscription_and_learns_nothing(city: City, service: Service) -> None:
    client, old, new = signed_in(city, "備 花子"), service.browser("a"), service.browser("b")
    client.post(f"{HOME}push/", {"endpoint": old.endpoint, **old.keys})
    stranger = Client(enforce_csrf_checks=True)
    asked = {"old": old.endpoint, "endpoint": new.endpoint, **new.keys}
    assert stranger.post("/push/renew/", asked).status_code == 204
    assert stranger.post("/push/renew/", {**asked, "old": "https://x"}).status_code == 204
    assert stranger.post("/push/renew/", {**asked, "p256dh": "x"}).status_code == 422
    assert stranger.get("/push/renew/").status_code == 405
    assert ContactPoint.objects.get().address == new.endpoint


def test_an_exercise_shows_and_changes_nothing(city: City, service: Service) -> None:
    client, browser = signed_in(city, "備 花子"), service.browser("a")
    page = client.get(f"/drill{HOME}").content.decode()
    assert "訓練の中では" in page
    assert "push-form" not in page
    posted = client.post(f"/drill{HOME}push/", {"endpoint": browser.endpoint, **browser.keys})
    assert posted.status_code == 422
    assert not ContactPoint.objects.exists()


def test_staff_and_strangers_have_no_such_page(city: City) -> None:
    assert Client().get(HOME).status_code in (302, 401)
    staff = Client()
    staff.force_login(identity.add_account("o@example.jp", "natsu-no-yuki-7", Role.OPERATOR))
    assert staff.get(HOME).status_code == 403


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        (AGENT, "Android Chrome"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "iPhone Safari"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Windows Edge"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X) Gecko/20100101 Firefox/140.0", "Mac Firefox"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_browser_is_called_what_its_owner_would_call_it(agent: str, label: str) -> None:
    assert label_of(agent) == label


def test_operators_see_who_carries_an_address_and_never_the_address(
    city: City, service: Service
) -> None:
    client, browser = signed_in(city, "備 花子"), service.browser("a")
    client.post(f"{HOME}push/", {"endpoint": browser.endpoint, **browser.keys})
    service.say("a", 410)
    issue(city)
    [failed] = Delivery.objects.filter(status="failed")
    [shown] = messages.unreached(OPERATOR, failed.transmission_id)
    assert shown.address == "127.0.0.1"
    assert browser.endpoint not in shown.error
    client.post(f"{HOME}forget/")
    [shown] = messages.unreached(OPERATOR, failed.transmission_id)
    assert "410" in shown.error


def test_one_press_in_the_mail_program_ends_the_mails_to_that_address(
    city: City,
    box: Box,  # noqa: F811
) -> None:
    taro, hanako = city.residents["備 太郎"], city.residents["備 花子"]
    Resident.objects.filter(pk=hanako.pk).update(email=taro.email, channel="email")
    issue(city)
    [mail] = [one for one in box.mails if one["To"] == "taro@example.jp"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = mail["List-Unsubscribe"].strip("<>").removeprefix("http://127.0.0.1:8000")
    robot = Client(enforce_csrf_checks=True)
    asked = robot.get(path)
    assert "taro@example.jp" not in asked.content.decode(), "a forwarded link tells of nobody"
    assert not ContactPoint.objects.exists(), "a scanner that follows links ends nothing"
    pressed = robot.post(path, {"List-Unsubscribe": "One-Click"})
    assert "もう送りません" in pressed.content.decode()
    robot.post(path)
    assert set(ContactPoint.objects.values_list("resident", "ended_why")) == {
        (taro.pk, "owner"), (hanako.pk, "owner"),
    }  # fmt: skip
    box.mails.clear()
    evacuation_lifted(city)
    issue(city)
    assert "taro@example.jp" not in {one["To"] for one in box.mails if "解除" not in one["Subject"]}
    for bad in ("x", path[3:-2], ""):
        assert robot.post(f"/u/{bad}").status_code == 404
    with city.entered(World.EXERCISE), pytest.raises(SonaeError):
        messages.leave(path[3:])
