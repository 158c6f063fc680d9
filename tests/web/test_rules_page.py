"""The page of the response rules, and a notice on its way from draft to end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from sonae.core import clock
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.identity.interface import Account
from sonae.domains.messages.interface import Message
from sonae.domains.warnings import interface as warnings
from sonae.engines.evacuation import profiles, rulebook
from sonae.engines.warnings.compose import CityKind, compose_cancel, compose_weather
from sonae.platform import outbox
from sonae.platform.access import Role
from sonae.web import kept
from tests.fixtures import City
from tests.web.test_orders_pages import signed_in

pytestmark = pytest.mark.django_db
RULE = {
    "name": "雷はお知らせ", "phenomena": ["thunder"], "least": "advisory", "trigger": "raised",
    "actions": ["draft_notice"], "enabled": "1",
}  # fmt: skip


def take(telegram: str, code: str, minute: int = 0) -> None:
    """Let a weather telegram arrive, and all that follows happen."""
    raw = compose_weather(
        telegram, [CityKind("9920100", "試験市", code)], office="試験地方気象台",
        prefecture=("990000", "試験県"), issued_at=clock.now() + timedelta(minutes=minute),
    )  # fmt: skip
    warnings.accept(raw, via="jma")
    outbox.drain()
    kept.forget()


def test_an_administrator_adds_moves_changes_and_removes_a_rule(city: City) -> None:
    admin, operator = signed_in(Role.ADMINISTRATOR), signed_in(Role.OPERATOR)
    page = operator.get("/staff/rules/").content.decode()
    assert "特別警報・レベル5相当" in page
    assert "既定に戻す" not in page
    assert "ルールはまだ一度も働いていません" in page
    assert operator.post("/staff/rules/new/", RULE).status_code == 403
    assert admin.post("/staff/rules/new/", RULE).status_code == 302
    assert warnings.placed_rules()[0].rule.name == "雷はお知らせ"
    admin.post("/staff/rules/own-1/down/")
    assert warnings.placed_rules()[1].rule.code == "own-1"
    admin.post("/staff/rules/own-1/", {**RULE, "actions": []})
    assert warnings.rule_named("own-1").rule.actions == ()
    assert "何もしない" in admin.get("/staff/rules/").content.decode()
    admin.post("/staff/rules/own-1/reset/")
    assert all(one.rule.code != "own-1" for one in warnings.placed_rules())
    assert admin.get("/staff/rules/nonsense/").status_code == 404
    assert admin.post("/staff/rules/water/explode/").status_code == 404


def test_automatic_sending_must_be_agreed_to_and_nothing_typed_is_lost(city: City) -> None:
    admin = signed_in(Role.ADMINISTRATOR)
    sends = {**RULE, "actions": ["send_notice"]}
    refused = admin.post("/staff/rules/new/", sends)
    assert refused.status_code == 422
    assert 'value="雷はお知らせ"' in refused.content.decode()
    assert admin.post("/staff/rules/new/", {**RULE, "phenomena": ["dragon"]}).status_code == 422
    assert admin.post("/staff/rules/new/", {**sends, "agreed": "1"}).status_code == 302


def test_an_alarm_stands_on_every_page_until_somebody_takes_note(city: City) -> None:
    take("VPWW55", "03")
    viewer, operator = signed_in(Role.VIEWER), signed_in(Role.OPERATOR)
    for path in ("/staff/", "/staff/shelters/", "/staff/rules/"):
        assert "確認していない呼び出しが1件あります" in viewer.get(path).content.decode(), path
    (alarm,) = warnings.waiting_alarms()
    assert viewer.post(f"/staff/rules/firings/{alarm.pk}/seen/").status_code == 403
    operator.post(f"/staff/rules/firings/{alarm.pk}/seen/")
    kept.forget()
    page = viewer.get("/staff/rules/").content.decode()
    assert "確認していない呼び出しが" not in page
    assert "洪水・大雨・土砂・高潮（レベル3相当から）" in page
    assert "VPWW55" in page
    led_to = [one for one in evacuation.orders() if one.telegram_id == alarm.telegram_id]
    assert led_to
    for order in led_to:
        assert f"/staff/orders/{order.pk}/" in page, "what the rule led to is one click away"


def test_a_rule_that_led_to_no_order_says_so(city: City) -> None:
    take("VPWW58", "35")
    assert warnings.firings()[0].actions[0] == "draft_order"
    page = signed_in(Role.VIEWER).get("/staff/rules/").content.decode()
    assert "避難情報の案はありません" in page
    notice = Message.objects.get(kind="notice")
    assert f"/staff/messages/{notice.pk}/" in page


def test_staff_choose_to_be_called_by_mail(city: City) -> None:
    operator = signed_in(Role.OPERATOR)
    assert "呼び出しを受け取る人がいません" in operator.get("/staff/rules/").content.decode()
    operator.post("/staff/rules/duty/", {"wanted": "1"})
    assert Account.objects.get(duty_mail=True).role == "operator"
    assert "私への呼び出しを止める" in operator.get("/staff/rules/").content.decode()
    operator.post("/staff/rules/duty/", {"wanted": "0"})
    assert not Account.objects.filter(duty_mail=True).exists()


def test_a_drafted_notice_goes_out_by_two_people_and_is_ended(city: City) -> None:
    take("VPWW58", "05")
    operator, approver = signed_in(Role.OPERATOR), signed_in(Role.APPROVER)
    pk = Message.objects.get(kind="notice").pk
    assert "人の決定を待つお知らせ" in operator.get("/staff/messages/").content.decode()
    page = operator.get(f"/staff/messages/{pk}/").content.decode()
    assert "暴風警報" in page
    assert "決裁して送る" not in page
    form = operator.get(f"/staff/messages/{pk}/edit/").content.decode()
    assert 'name="subject-en"' in form
    texts = {f"subject-{x}": "風に注意" for x in ("ja", "ja-x-easy", "en")}
    texts |= {f"body-{x}": "外に出ないでください。" for x in ("ja", "ja-x-easy", "en")}
    wrong = operator.post(f"/staff/messages/{pk}/edit/", {**texts, "body-en": ""})
    assert "すべての言語で入力してください" in wrong.content.decode()
    assert operator.post(f"/staff/messages/{pk}/edit/", texts).status_code == 302
    operator.post(f"/staff/messages/{pk}/notice/submit/")
    assert operator.post(f"/staff/messages/{pk}/notice/approve/").status_code == 302
    assert Message.objects.get(pk=pk).status == "submitted", "an operator approves nothing"
    approver.post(f"/staff/messages/{pk}/notice/approve/")
    outbox.drain()
    kept.forget()
    assert "風に注意" in approver.get("/").content.decode()
    raw = compose_cancel(
        "VPWW58", office="試験地方気象台", issued_at=clock.now() + timedelta(minutes=9)
    )
    warnings.accept(raw, via="jma")
    outbox.drain()
    kept.forget()
    assert "もとの警報は終わっています" in approver.get(f"/staff/messages/{pk}/").content.decode()
    preview = approver.post(f"/staff/messages/{pk}/notice/lifting/").content.decode()
    assert "暴風警報は終わりました" in preview and "使ったすべての手段へ送る" in preview
    assert not Message.objects.filter(kind="lifting").exists(), "one look before one click"
    approver.post(f"/staff/messages/{pk}/notice/lifting/", {"sure": "1"})
    outbox.drain()
    kept.forget()
    front = approver.get("/").content.decode()
    assert "終わりました" in front
    assert approver.post(f"/staff/messages/{pk}/notice/nonsense/").status_code == 404


def test_the_rules_of_decision_name_every_rule_and_source(city: City) -> None:
    viewer = signed_in(Role.VIEWER)
    quiet = viewer.get("/staff/decision-rules/").content.decode()
    assert "いまは、計画の対象になる警報がありません" in quiet
    for rule in rulebook.ALL:
        assert rule.condition in quiet, rule.id
        assert rule.source in quiet, rule.id
    for value in (*profiles.PROFILES, *profiles.VALUES):
        assert value.ja in quiet
        assert value.source in quiet
    take("VPWW55", "43")
    run = evacuation.current_run()
    assert run is not None
    assert "いま（人）" in viewer.get("/staff/decision-rules/").content.decode()
    held = run.counts["rules"]
    assert (
        sum(held.get(rule.id, 0) for rule in rulebook.RULES)
        == run.counts["inside"] + run.counts["unknown"]
    )
    assert Client().get("/staff/decision-rules/").status_code in (302, 403), "staff only"
