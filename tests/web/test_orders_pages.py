"""Orders and messages on the staff desk, over HTTP: draft, submit, approve, receipts, correct; the link."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from sonae.core import clock
from sonae.domains.consent import interface as consent
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.identity import interface as identity
from sonae.domains.messages import interface as messages
from sonae.domains.safety import interface as safety
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.access import Role
from sonae.platform.scope import World
from sonae.web import kept
from sonae.web.staff import desk
from tests.fixtures import ADMINISTRATOR, APPROVER, OPERATOR, City, flood_telegram

pytestmark = pytest.mark.django_db


def signed_in(role: Role) -> Client:
    account = identity.add_account(
        f"{role.value}@example.jp", "natsu-no-yuki-7", role, name=role.value
    )
    client = Client()
    client.force_login(account)
    return client


def draft(city: City, client: Client, **more: object) -> int:
    form = {
        "level": "4",
        "hazard": "flood",
        "towns": [city.towns["西町"].pk],
        "reason": "増水",
        **more,
    }
    answer = client.post("/staff/orders/new/", form)
    assert answer.status_code == 302, answer.content.decode()
    return int(answer["Location"].rstrip("/").rsplit("/", 1)[1])


def test_from_draft_to_receipts(city: City) -> None:
    operator, approver = signed_in(Role.OPERATOR), signed_in(Role.APPROVER)
    assert "西町" in operator.get("/staff/orders/new/").content.decode()
    pk = draft(city, operator)
    operator.post(f"/staff/orders/{pk}/submit/")
    assert evacuation.order(pk).status == "submitted"
    page = approver.get(f"/staff/orders/{pk}/").content.decode()
    assert page.count('stroke-width="4"') == 1, "the one town that is meant is ringed"
    assert "5" in page
    assert "避難してください" in page
    approver.post(f"/staff/orders/{pk}/approve/", {"people": "4"})
    assert evacuation.order(pk).status == "submitted", "the number of people must be typed"
    approver.post(f"/staff/orders/{pk}/approve/", {"people": " ５"})
    assert evacuation.order(pk).status == "issued", "full width, as a Japanese keyboard types it"
    outbox.drain()
    message = messages.messages()[0]
    assert "手段" in approver.get("/staff/messages/").content.decode()
    assert approver.get(f"/staff/messages/{message.pk}/").status_code == 200
    assert (
        operator.post(f"/staff/messages/{message.pk}/correct/", {"reason": "x"}).status_code == 403
    )
    typed = {"reason": "沢音川の増水"}
    preview = approver.post(f"/staff/messages/{message.pk}/correct/", typed).content.decode()
    assert "沢音川の増水" in preview and "The reason given in the previous message" in preview
    outbox.drain()
    assert messages.messages()[0].kind == "order", "nothing is said before it was looked at"
    approver.post(f"/staff/messages/{message.pk}/correct/", {**typed, "sure": "1"})
    outbox.drain()
    assert messages.messages()[0].kind == "correction"
    public = Client().get("/").content.decode()
    assert "避難指示" in public


def test_returned_with_a_reason_and_changed(city: City) -> None:
    operator, approver = signed_in(Role.OPERATOR), signed_in(Role.APPROVER)
    pk = draft(city, operator)
    operator.post(f"/staff/orders/{pk}/submit/")
    approver.post(f"/staff/orders/{pk}/return/", {"reason": "中町も"})
    page = operator.get(f"/staff/orders/{pk}/edit/").content.decode()
    assert "中町も" in page
    both = [city.towns["西町"].pk, city.towns["中町"].pk]
    operator.post(
        f"/staff/orders/{pk}/edit/", {"level": "4", "hazard": "flood", "towns": both, "reason": ""}
    )
    assert evacuation.order(pk).people == 6


def test_bad_forms_and_forbidden_steps_say_what_is_wrong(city: City) -> None:
    operator, viewer = signed_in(Role.OPERATOR), signed_in(Role.VIEWER)
    answer = operator.post("/staff/orders/new/", {"level": "4", "hazard": "flood"})
    assert "対象の町字" in answer.content.decode()
    pk = draft(city, operator)
    assert viewer.post(f"/staff/orders/{pk}/submit/").status_code == 403
    operator.post(f"/staff/orders/{pk}/approve/", {"people": "5"})
    assert evacuation.order(pk).status == "draft"
    assert operator.get("/staff/orders/999999/").status_code == 404
    assert operator.get("/staff/messages/999999/").status_code == 404


def test_the_link_of_a_message_reports_without_log_in(city: City) -> None:
    taro = city.residents["備 太郎"]
    path = "/a/" + messages.link_for(taro.pk).rpartition("/")[2]
    client = Client()
    assert "無事です" in client.get(path).content.decode()
    assert safety.state_of([taro.pk]) == {}, "a mail program that follows links reports nobody"
    client.post(path, {"status": "needs_help", "note": "2階にいます"})
    assert safety.state_of([taro.pk])[taro.pk].status == "needs_help"
    assert client.get(path[:-3]).status_code == 404


def test_ending_an_order_shows_first_what_will_be_said(city: City) -> None:
    operator, approver = signed_in(Role.OPERATOR), signed_in(Role.APPROVER)
    pk = draft(city, operator)
    operator.post(f"/staff/orders/{pk}/submit/")
    approver.post(f"/staff/orders/{pk}/approve/", {"people": "5"})
    outbox.drain()
    for verb, word in (("lift", "解除しました"), ("cancel", "誤りでした")):
        page = approver.get(f"/staff/orders/{pk}/{verb}/").content.decode()
        assert word in page
        assert "市のページ" in page or "公開" in page
        assert "決裁者だけ" in operator.get(f"/staff/orders/{pk}/{verb}/").content.decode()
    assert evacuation.order(pk).status == "issued", "looking ends nothing"
    operator.post(f"/staff/orders/{pk}/cancel/")
    assert evacuation.order(pk).status == "issued"
    approver.post(f"/staff/orders/{pk}/cancel/")
    assert evacuation.order(pk).status == "cancelled"
    assert approver.get(f"/staff/orders/{pk}/cancel/").status_code == 302


def test_a_channel_that_stopped_says_why_and_can_be_tried_again(city: City) -> None:
    operator, approver = signed_in(Role.OPERATOR), signed_in(Role.APPROVER)
    pk = draft(city, operator)
    operator.post(f"/staff/orders/{pk}/submit/")
    approver.post(f"/staff/orders/{pk}/approve/", {"people": "5"})
    outbox.drain()
    sent = messages.transmissions()[0]
    type(sent).objects.filter(pk=sent.pk).update(
        status="failed", error="差出人が拒まれました", finished_at=None
    )
    path = f"/staff/messages/{sent.message_id}/"
    page = operator.get(path).content.decode()
    assert "差出人が拒まれました" in page
    assert f"{path}resend/{sent.pk}/" in page
    operator.post(f"{path}resend/{sent.pk}/")
    outbox.drain()
    assert messages.transmissions(sent.message_id)[0].status == "handed_over"
    assert signed_in(Role.VIEWER).post(f"{path}resend/{sent.pk}/").status_code == 403


def test_the_link_of_a_family_asks_who_is_meant(city: City) -> None:
    taro, hanako = city.residents["備 太郎"], city.residents["備 花子"]
    path = "/a/" + messages.link_for(taro.pk, hanako.pk).rpartition("/")[2]
    client = Client()
    page = client.get(path).content.decode()
    assert "備 太郎" in page
    assert "備 花子" in page
    assert "だれのことか選ばれていません" in client.post(path, {"status": "safe"}).content.decode()
    assert safety.state_of([taro.pk, hanako.pk]) == {}
    client.post(path, {"status": "safe", "who": [hanako.pk]})
    assert set(safety.state_of([taro.pk, hanako.pk])) == {hanako.pk}
    assert consent.accesses(ADMINISTRATOR, hanako.pk, 5), "who looked is on record"


def test_a_draft_that_nobody_needs_is_taken_off_the_desk(city: City) -> None:
    operator, viewer = signed_in(Role.OPERATOR), signed_in(Role.VIEWER)
    pk = draft(city, operator)
    assert "取り下げる" in operator.get(f"/staff/orders/{pk}/").content.decode()
    assert viewer.post(f"/staff/orders/{pk}/discard/").status_code == 403
    operator.post(f"/staff/orders/{pk}/discard/")
    assert evacuation.order(pk).status == "discarded"
    listed = operator.get("/staff/orders/").content.decode()
    assert "取り下げ" in listed
    operator.post(f"/staff/orders/{pk}/submit/")
    assert evacuation.order(pk).status == "discarded", "it is over for good"


def test_the_page_says_which_ways_will_carry_an_order(city: City) -> None:
    """No mail server is set up: the mayor learns it before, not from a missing receipt."""
    order = evacuation.draft_order(
        OPERATOR, level=4, hazard="flood", towns=[city.towns["西町"].pk], reason="増水"
    )
    page = signed_in(Role.APPROVER).get(f"/staff/orders/{order.pk}/").content.decode()
    assert "送れない手段（未設定）：プッシュ通知、LINE、メール、SMS" in page.replace(
        "</strong>", ""
    )
    assert "緊急速報メール・Xの文は、職員が" in page


def test_a_stale_draft_does_not_look_alive(city: City) -> None:
    """The warning is over: overview and list say so, and a level not ordered is a hollow badge."""
    warnings.accept(flood_telegram(), via="test")
    outbox.drain()
    operator = signed_in(Role.OPERATOR)
    kept.forget()
    assert "もう出ていません" not in operator.get("/staff/panels/orders/").content.decode()
    warnings.accept(flood_telegram(0, minute=5), via="test")
    outbox.drain()
    for path in ("/staff/panels/orders/", "/staff/orders/"):
        kept.forget()
        page = operator.get(path).content.decode()
        assert "この案のもとになった警報は、もう出ていません" in page
        assert "badge hollow level-" in page


def test_the_button_of_an_older_page_says_that_it_is_done(city: City) -> None:
    operator = signed_in(Role.OPERATOR)
    pk = draft(city, operator)
    operator.post(f"/staff/orders/{pk}/submit/", follow=True)
    page = operator.post(f"/staff/orders/{pk}/submit/", follow=True).content.decode()
    assert "この操作は、もう済んでいます" in page
    assert "（submitted）" not in page and "この操作はできません" not in page
    page = operator.post(f"/staff/orders/{pk}/discard/", follow=True).content.decode()
    assert "いまの状態（決裁待ち）からはこの操作はできません" in page


def test_calls_of_officers_do_not_hide_what_residents_were_told(city: City) -> None:
    operator, approver = signed_in(Role.OPERATOR), signed_in(Role.APPROVER)
    pk = draft(city, operator)
    operator.post(f"/staff/orders/{pk}/submit/")
    approver.post(f"/staff/orders/{pk}/approve/", {"people": "5"})
    outbox.drain()
    told = messages.messages()[0]
    for number in range(10):
        # The number that proves an address is a matter of its owner.
        kind = "alarm" if number else "proof"
        call = type(told).objects.create(kind=kind, status="approved", drafted_at=clock.now())
        messages.Transmission.objects.create(
            message=call,
            channel="mail",
            status="sending",
            identifier=f"call{number}",
            created_at=clock.now(),
        )
    panel = desk.sent()
    assert {row["message"] for row in panel["transmissions"]} == {told.pk}
    assert panel["calls"].count == 9
    kept.forget()
    assert "当番の呼び出し 9件" in operator.get("/staff/panels/messages/").content.decode()


def test_the_message_s_page_says_who_was_reached_and_who_is_left_to_the_patrols(city: City) -> None:
    with city.entered(World.EXERCISE):
        order = evacuation.draft_order(
            OPERATOR, level=4, hazard="flood", towns=[city.towns["西町"].pk], reason="増水"
        )
        evacuation.submit(OPERATOR, order.pk)
        evacuation.approve(APPROVER, order.pk)
        outbox.drain()
        pk = messages.messages()[0].pk
    page = signed_in(Role.OPERATOR).get(f"/drill/staff/messages/{pk}/").content.decode()
    row = re.search(r'<th scope="row">西町</th>(.*?)</tr>', page.split('id="reach"')[1], re.S)
    assert row is not None
    assert re.findall(r'class="num">(\d+)<', row[1]) == ["5", "0", "0", "3", "0", "0", "2"]
    assert "この表に入っていません" in page
