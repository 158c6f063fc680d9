"""Web Push against a service that decrypts as browsers do: RFC 8291's own example, and every answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.messages import interface as messages
from sonae.domains.messages.interface import ContactPoint, Delivery, Transmission
from sonae.gateways import fanout, push
from sonae.gateways.push import encrypted
from sonae.platform import outbox
from sonae.platform.access import Actor, Role
from sonae.platform.models import OutboxEntry
from sonae.platform.scope import World
from sonae.platform.sealing import seal
from tests.fixtures import APPROVER, OPERATOR, City, actor
from tests.gateways.push_service import CURVE, Browser, Service, raw, serving
from tests.gateways.test_mail import Box, box  # noqa: F401 - a fixture


def private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(raw(text)), CURVE)


RFC_8291 = {
    "plain": b"When I grow up, I want to be a watermelon",
    "sender": "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    "receiver": "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94",
    "public": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    "salt": "DGv6ra1nlYgDCS1FRnbzlw",
    "body": "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6T"
    "lzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
}
"""The example of RFC 8291, appendix A (section 5)."""


def test_the_example_of_the_standard_byte_for_byte() -> None:
    made = encrypted(
        RFC_8291["plain"], raw(RFC_8291["public"]), raw(RFC_8291["auth"]),
        own=private(RFC_8291["sender"]), salt=raw(RFC_8291["salt"]),
    )  # fmt: skip
    assert made == raw(RFC_8291["body"])
    browser = Browser("", private(RFC_8291["receiver"]), raw(RFC_8291["auth"]))
    assert browser.opened(made) == RFC_8291["plain"]


@given(st.binary(max_size=3993))
def test_whatever_is_sent_only_its_browser_can_open(plain: bytes) -> None:
    one, other = Browser(""), Browser("")
    body = encrypted(plain, raw(one.keys["p256dh"]), one.auth)
    assert len(body) <= 4096
    assert one.opened(body) == plain
    with pytest.raises(Exception):  # noqa: B017 - whatever the library raises
        other.opened(body)


def test_what_no_record_can_hold_is_refused_before_it_is_sent() -> None:
    one = Browser("")
    with pytest.raises(ValueError, match="too long"):
        encrypted(b"x" * 3994, raw(one.keys["p256dh"]), one.auth)


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/x", True),
        ("https://web.push.apple.com/x", True),
        ("https://db5p.notify.windows.com/w/?token=x", True),
        ("https://fcm.googleapis.com.evil.example/x", False),
        ("https://evil.example/fcm.googleapis.com", False),
        ("https://fcm.googleapis.com@evil.example/x", False),
        ("https://user@fcm.googleapis.com/x", False),
        ("https://fcm.googleapis.com:22/x", False),
        ("http://fcm.googleapis.com/x", False),
        ("https://10.0.0.1/x", False),
        ("https://127.0.0.1/x", False),
        ("http://127.0.0.1:631/x", False),
        ("https://localhost/x", False),
        ("https://[::1]:x/", False),
        ("file:///etc/passwd", False),
        ("https://evil.example\\.fcm.googleapis.com/x", False),
        ("https://evil.example\t.fcm.googleapis.com/x", False),
        ("https://fcm.googleapis.com/x\r\nHost: evil.example", False),
        ("https://ｆcm.googleapis.com/x", False),
        ("", False),
    ],
)
def test_no_browser_makes_the_server_call_anybody_else(
    settings: Any, address: str, known: bool
) -> None:
    settings.ALLOW_PRIVATE_TARGETS = False
    assert messages.known_service(address) is known


@pytest.fixture
def service(settings: Any) -> Iterator[Service]:
    made = Service()
    server = serving(made)
    settings.ISSUER = "http://127.0.0.1:8000"
    settings.MAIL_FROM = "bousai@sonae.example"
    yield made
    server.shutdown()
    server.server_close()
    assert made.problems == []


def resident(city: City, name: str) -> Actor:
    return actor(Role.RESIDENT, 50 + city.residents[name].pk, city.residents[name].pk)


def subscribed(city: City, service: Service, name: str, device: str = "") -> Browser:
    """A resident's browser, registered."""
    browser = service.browser(device or f"b{city.residents[name].pk}")
    messages.add_push(resident(city, name), browser.endpoint, **browser.keys)
    return browser


def issue(city: City, town: str = "西町") -> int:
    made = evacuation.draft_order(
        OPERATOR, level=4, hazard="flood", towns=[city.towns[town].pk], reason="増水"
    )
    evacuation.submit(OPERATOR, made.pk)
    evacuation.approve(APPROVER, made.pk)
    outbox.drain()
    return made.pk


def try_again() -> None:
    OutboxEntry.everywhere.filter(state="pending").update(due_at=0)
    outbox.drain()


def row() -> Transmission:
    return Transmission.objects.get(channel="push", message__kind="order")


pytestmark = pytest.mark.django_db


def test_a_phone_shows_the_order_and_its_tap_says_safe(city: City, service: Service) -> None:
    phone, tablet = subscribed(city, service, "備 花子"), subscribed(city, service, "備 花子", "t")
    stranger = subscribed(city, service, "斎藤 健")
    issue(city)
    [told] = phone.shown
    assert told["title"].startswith("警戒レベル4")
    assert "西町" in told["body"]
    assert len(tablet.shown) == 1
    assert stranger.shown == [], "another town's"
    assert row().status == "handed_over"
    hanako = city.residents["備 花子"].pk
    assert messages.residents_of(told["url"].rpartition("/")[2]) == [hanako]
    messages.acknowledge(told["url"].rpartition("/")[2], "safe")
    assert {one.status for one in Delivery.objects.filter(resident=hanako)} == {"acknowledged"}
    headers = service.requests[0][1]
    assert headers["urgency"] == "high"
    assert 0 < int(headers["ttl"]) <= 22.5 * 3600


def test_whoever_has_a_phone_registered_gets_no_mail_at_first(city: City, service: Service) -> None:
    subscribed(city, service, "備 太郎")
    with city.entered(World.EXERCISE):
        issue(city)
        by = {one.channel: one.recipients for one in messages.transmissions() if one.recipients}
        assert by == {"push": 1, "mail": 2}
        assert set(Delivery.objects.values_list("error", flat=True)) == {"exercise"}
    assert service.requests == [], "an exercise reaches no phone"


@pytest.mark.parametrize("status", [404, 410])
def test_a_dead_registration_is_removed_and_its_owner_and_staff_can_see_it(
    city: City, service: Service, status: int
) -> None:
    subscribed(city, service, "備 花子")
    minoru = subscribed(city, service, "渡邉 実")
    service.say(f"b{city.residents['備 花子'].pk}", status)
    order = issue(city)
    assert len(minoru.shown) == 1
    [dead] = [one for one in messages.contacts_of(resident(city, "備 花子")) if one.ended_at]
    assert dead.ended_why == "gone"
    [told] = messages.unreached(OPERATOR, row().pk)
    assert str(status) in told.error
    evacuation.lift(APPROVER, order)
    outbox.drain()
    asked = [path for path, _headers in service.requests]
    assert asked.count(f"/wp/b{city.residents['備 花子'].pk}") == 1, "nothing goes there again"
    assert [one["title"] for one in minoru.shown][1].startswith("避難指示")


def test_whose_phone_is_dead_gets_a_mail_at_once(
    city: City,
    service: Service,
    box: Box,  # noqa: F811
) -> None:
    subscribed(city, service, "備 太郎")
    service.say(f"b{city.residents['備 太郎'].pk}", 410)
    issue(city)
    assert "taro@example.jp" in {one["To"] for one in box.mails}
    assert len(box.mails) == len({one["To"] for one in box.mails}) == 3


def test_a_busy_service_is_asked_again_when_it_says_and_nobody_is_told_twice(
    city: City, service: Service
) -> None:
    hanako, minoru = subscribed(city, service, "備 花子"), subscribed(city, service, "渡邉 実")
    service.say(f"b{city.residents['備 花子'].pk}", 429, 503, Retry_After="90")
    issue(city)
    assert (len(hanako.shown), len(minoru.shown)) == (0, 1)
    assert row().status == "sending"
    waiting = OutboxEntry.objects.get(topic="transmission.push", state="pending")
    assert "混んでいます" in waiting.last_error
    try_again()
    try_again()
    assert (len(hanako.shown), len(minoru.shown)) == (1, 1)
    assert row().status == "handed_over"


def test_what_is_too_long_for_a_service_is_said_shorter(city: City, service: Service) -> None:
    phone = subscribed(city, service, "備 花子")
    service.most = 420
    issue(city)
    [told] = phone.shown
    assert told["title"].startswith("警戒レベル4")
    assert told["body"] == ""
    assert told["url"]


def test_a_refusal_is_that_phone_s_alone_and_says_what_was_said(
    city: City, service: Service
) -> None:
    subscribed(city, service, "備 花子")
    minoru = subscribed(city, service, "渡邉 実")
    service.say(f"b{city.residents['備 花子'].pk}", 403)
    issue(city)
    assert len(minoru.shown) == 1
    [one] = messages.unreached(OPERATOR, row().pk)
    assert "403" in one.error
    assert ContactPoint.objects.filter(ended_at=None).count() == 2, "it may be the clock"


def test_a_service_that_is_away_stops_nobody_else(city: City, service: Service) -> None:
    lost = Service()
    gone = lost.browser("x")
    messages.add_push(resident(city, "備 花子"), gone.endpoint, **gone.keys)
    minoru = subscribed(city, service, "渡邉 実")
    issue(city)
    assert len(minoru.shown) == 1
    assert "つながりません" in Transmission.objects.get(channel="push").error
    server = serving(lost)
    try_again()
    server.shutdown()
    assert len(gone.shown) == 1
    assert len(minoru.shown) == 1


def test_a_service_that_answers_busy_to_everybody_stops_nobody_else(
    city: City, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "AT_ONCE", 1)
    monkeypatch.setattr(fanout, "MOST_BUSY", 1)
    lost = Service()
    server = serving(lost)
    for name in ("a", "b"):
        lost.say(name, 503)
        gone = lost.browser(name)
        messages.add_push(resident(city, "備 花子"), gone.endpoint, **gone.keys)
    minoru = subscribed(city, service, "渡邉 実")
    issue(city)
    server.shutdown()
    server.server_close()
    assert len(lost.requests) == 1
    assert len(minoru.shown) == 1


def test_the_use_of_a_phone_is_on_its_owner_s_list_once_a_day(city: City, service: Service) -> None:
    subscribed(city, service, "備 花子")
    order = issue(city)
    evacuation.lift(APPROVER, order)
    outbox.drain()
    me = resident(city, "備 花子")
    seen = [one for one in consent.accesses(me, me.resident_id or 0) if one.fields == ["device"]]
    assert [(one.purpose, one.decision) for one in seen] == [("notification", "permit")]


def test_what_was_taken_back_after_the_approval_is_not_used(city: City, service: Service) -> None:
    phone = subscribed(city, service, "備 花子")
    service.say(f"b{city.residents['備 花子'].pk}", 503)
    issue(city)
    [contact] = messages.contacts_of(resident(city, "備 花子"))
    messages.end_contact(resident(city, "備 花子"), contact.pk)
    try_again()
    assert phone.shown == []
    assert [one.error for one in messages.unreached(OPERATOR, row().pk)] == [
        "登録が取り消されたため、送りませんでした"
    ]


def test_a_phone_belongs_to_whom_it_was_registered_last(city: City, service: Service) -> None:
    browser = subscribed(city, service, "備 花子", "family")
    messages.add_push(resident(city, "備 一郎"), browser.endpoint, **browser.keys)
    [old] = messages.contacts_of(resident(city, "備 花子"))
    assert old.ended_why == "replaced"
    issue(city)
    assert len(browser.shown) == 1


def test_a_browser_that_got_a_new_subscription_keeps_its_owner(
    city: City, service: Service
) -> None:
    old, new = subscribed(city, service, "備 花子"), service.browser("new")
    assert messages.renew_push(old.endpoint, new.endpoint, **new.keys)
    assert not messages.renew_push(old.endpoint, new.endpoint, **new.keys), "the old one is no more"
    issue(city)
    assert (len(old.shown), len(new.shown)) == (0, 1)
    [contact] = messages.contacts_of(resident(city, "備 花子"))
    messages.end_contact(resident(city, "備 花子"), contact.pk)
    assert not messages.renew_push(new.endpoint, old.endpoint, **old.keys), "its owner ended it"


def test_a_renewed_browser_hears_what_follows_what_it_heard_before(
    city: City, service: Service
) -> None:
    old, new = subscribed(city, service, "備 花子"), service.browser("new")
    order = issue(city)
    assert messages.renew_push(old.endpoint, new.endpoint, **new.keys)
    service.say(old.endpoint.rpartition("/")[2], 410, 410)
    evacuation.lift(APPROVER, order)
    outbox.drain()
    assert (len(old.shown), len(new.shown)) == (1, 1)
    [contact] = messages.contacts_of(resident(city, "備 花子"))
    assert contact.ended_at is None


def test_a_browser_renewed_while_its_service_was_busy_is_told_once(
    city: City, service: Service
) -> None:
    old, new = subscribed(city, service, "備 花子"), service.browser("new")
    service.say(old.endpoint.rpartition("/")[2], 503, 410)
    issue(city)
    assert messages.renew_push(old.endpoint, new.endpoint, **new.keys)
    try_again()
    assert (len(old.shown), len(new.shown)) == (0, 1)


def test_a_browser_that_changed_hands_is_renewed_for_whom_it_belongs_to(
    city: City, service: Service
) -> None:
    family, new = subscribed(city, service, "備 花子", "family"), service.browser("new")
    messages.add_push(resident(city, "備 一郎"), family.endpoint, **family.keys)
    assert messages.renew_push(family.endpoint, new.endpoint, **new.keys)
    issue(city)
    assert (len(family.shown), len(new.shown)) == (0, 1)
    [mine] = messages.contacts_of(resident(city, "備 一郎"))
    assert (mine.address, mine.ended_at) == (new.endpoint, None)
    [former] = messages.contacts_of(resident(city, "備 花子"))
    assert former.ended_why == "replaced"


def test_an_unreadable_key_of_ours_stops_the_channel_and_ends_no_phone(
    city: City, service: Service, settings: Any, tmp_path: Path
) -> None:
    phone = subscribed(city, service, "備 花子")
    home, settings.HOME = settings.HOME, tmp_path
    (tmp_path / "vapid.pem").write_text("nothing that can be read", "utf-8")
    issue(city)
    assert row().status == "failed"
    assert "vapid.pem" in row().error
    assert ContactPoint.objects.filter(ended_at=None).count() == 1
    settings.HOME = home
    messages.resend(OPERATOR, row().pk)
    outbox.drain()
    assert len(phone.shown) == 1


def test_what_this_server_cannot_open_fails_alone_and_ends_no_phone(
    city: City, service: Service
) -> None:
    subscribed(city, service, "備 花子")
    minoru = subscribed(city, service, "渡邉 実")
    hanako = ContactPoint.objects.filter(resident=city.residents["備 花子"])
    hanako.update(keys="sealed by another server")
    issue(city)
    assert len(minoru.shown) == 1
    [lost] = messages.unreached(OPERATOR, row().pk)
    assert "secret.key" in lost.error
    assert hanako.get().ended_at is None


def test_keys_that_no_browser_made_end_that_phone(city: City, service: Service) -> None:
    subscribed(city, service, "備 花子")
    bad = seal("push keys", json.dumps({"p256dh": "AAAA", "auth": "AAAA"}))
    ContactPoint.objects.update(keys=bad)
    issue(city)
    assert ContactPoint.objects.get().ended_why == "gone"


def test_what_no_record_can_hold_is_told_by_its_title(
    city: City, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A city may allow itself longer texts than a push can carry."""
    real = push._Round._payload
    monkeypatch.setattr(
        push._Round, "_payload",
        lambda self, one, *, full: real(self, one, full=full) + (b" " * 4000 if full else b""),
    )  # fmt: skip
    phone = subscribed(city, service, "備 花子")
    issue(city)
    assert [one["body"] for one in phone.shown] == [""]
    assert phone.shown[0]["title"].startswith("警戒レベル4")
    assert ContactPoint.objects.get().ended_at is None


def test_only_residents_register_and_only_what_browsers_send(city: City, service: Service) -> None:
    good = service.browser("g")
    for who in (OPERATOR, Actor("anonymous", None)):
        with pytest.raises(SonaeError):
            messages.add_push(who, good.endpoint, **good.keys)
    me = resident(city, "備 花子")
    bad = [
        ("https://evil.example/x", good.keys["p256dh"], good.keys["auth"]),
        (good.endpoint, "AAAA", good.keys["auth"]),
        (good.endpoint, good.keys["p256dh"][:-4] + "AAAA", good.keys["auth"]),
        (good.endpoint, good.keys["p256dh"], "short"),
        (good.endpoint, "é!", good.keys["auth"]),
        (good.endpoint + "x" * 1000, good.keys["p256dh"], good.keys["auth"]),
    ]
    for endpoint, p256dh, auth in bad:
        with pytest.raises(SonaeError, match="受け取れません"):
            messages.add_push(me, endpoint, p256dh, auth)
    with city.entered(World.EXERCISE), pytest.raises(SonaeError, match="訓練"):
        messages.add_push(me, good.endpoint, **good.keys)
    assert messages.contacts_of(me) == []


def test_keys_do_not_lie_open_in_the_database(city: City, service: Service) -> None:
    browser = subscribed(city, service, "備 花子")
    stored = ContactPoint.objects.get().keys
    assert browser.keys["auth"] not in stored
    assert messages.sealed_keys(stored) == browser.keys


def test_the_eleventh_phone_takes_the_place_of_the_first(city: City, service: Service) -> None:
    for number in range(11):
        subscribed(city, service, "備 花子", f"n{number}")
    held = messages.contacts_of(resident(city, "備 花子"))
    assert [one.ended_at is None for one in held] == [True] * 10 + [False]
    assert held[-1].address.endswith("/n0")


def test_the_channel_is_set_up_when_the_city_has_an_address(settings: Any) -> None:
    settings.ISSUER = ""
    assert not push.configured()
    settings.ISSUER = "https://bousai.example"
    assert push.configured()
