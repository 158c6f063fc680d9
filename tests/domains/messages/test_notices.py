"""Notices that the response rules draft or send, and alarms to the officers on duty."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.identity.interface import Account, set_duty_mail
from sonae.domains.messages import interface as messages
from sonae.domains.messages import notices, services
from sonae.domains.messages.channels import LANGUAGES, SENT, limit
from sonae.domains.messages.interface import Delivery, Message, Text, Transmission
from sonae.domains.messages.notice_wording import NOTICE_KINDS, NoticeFacts, notice_texts
from sonae.domains.messages.wording import spoken_at
from sonae.domains.warnings import interface as warnings
from sonae.engines.warnings.compose import CityKind, compose_cancel, compose_weather
from sonae.engines.warnings.model import PHENOMENA, SEVERITIES, Forecast
from sonae.platform import outbox
from sonae.platform.access import Actor, Role
from sonae.platform.scope import World
from tests.fixtures import ADMINISTRATOR, APPROVER, CODE, OPERATOR, VIEWER, City

pytestmark = pytest.mark.django_db

AT = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
FACTS = st.builds(
    NoticeFacts, st.sampled_from(NOTICE_KINDS), st.sampled_from(["大津波警報", "国民保護情報", "あ" * 150]),
    st.sampled_from(sorted(PHENOMENA)), st.sampled_from(SEVERITIES[1:]),
    st.sampled_from([None, 2, 3, 4, 5]),
    st.lists(st.text("一二三四五六丁目町", min_size=1, max_size=12), max_size=40),
    st.text(st.characters(exclude_characters="{}"), max_size=60), st.just("試験地方気象台"),
    st.just(AT), st.just("備え市"), st.just("Sonae City"), st.just(AT), st.booleans(),
)  # fmt: skip


def telegram(
    code: str = "33", minute: int = 0, status: str = "actual", kind: str = "VPWW55"
) -> bytes:
    """A weather telegram for the tests' city."""
    return compose_weather(
        kind, [CityKind("9920100", "試験市", code)], office="試験地方気象台",
        prefecture=("990000", "試験県"), issued_at=clock.now() + timedelta(minutes=minute),
        status=status, headline="命に危険が迫っています。",
    )  # fmt: skip


def take(raw: bytes) -> None:
    """Take a telegram in over a trusted line and let everything that follows happen."""
    warnings.WarningInput.objects.get_or_create(
        name="jma", defaults={"kind": "jma-feed", "silent_after": 300}
    )
    warnings.accept(raw, via="jma")
    outbox.drain()


def notice() -> Message:
    """The only notice."""
    return Message.objects.get(kind="notice")


@given(FACTS)
def test_every_text_is_complete_and_within_its_limit(facts: NoticeFacts) -> None:
    made = notice_texts(facts)
    assert set(made) == {(c, x) for c in SENT for x in LANGUAGES}
    for (channel, language), text in made.items():
        assert text.subject.strip()
        assert text.body.strip()
        assert "{" not in text.subject + text.body
        assert "\n" not in text.subject
        for part, said in (("subject", text.subject), ("body", text.body)):
            within = limit(channel, part)
            assert within is None or within.fits(said)
        if facts.exercise:
            mark = {"ja": "訓練", "ja-x-easy": "訓練", "en": "DRILL"}[language]
            assert mark in text.subject
        told = facts.level and facts.level >= 2 and facts.kind == "notice" and language == "ja"
        if told and limit(channel, "body") is None:
            assert "相当" in text.body


@given(FACTS)
def test_where_and_what_to_do_follow_what_was_announced(facts: NoticeFacts) -> None:
    facts = replace(facts, kind="notice", own=None)
    marks = {
        "ja": ("区域：", "とるべき行動："),
        "ja-x-easy": ("場所（ばしょ）：", "すること："),
        "en": ("Area: ", "What to do: "),
    }
    for (channel, language), text in notice_texts(facts).items():
        if limit(channel, "body") is None:
            where, act = (text.body.index(f"\n\n{mark}") for mark in marks[language])
            assert 0 < where < act < where + 400


def test_the_gravest_is_sent_by_the_rule_with_its_cancellation_ready(city: City) -> None:
    take(telegram("33"))
    sent = notice()
    assert (sent.status, sent.approved_by) == ("approved", "rule:emergency")
    assert [one.kind for one in messages.prepared(sent.pk)] == ["cancellation"]
    item = next(one for one in messages.public_items() if one.kind == "notice")
    assert item.subject == "レベル５大雨特別警報"
    assert "警戒レベル5相当" in item.body
    assert item.level is None, "相当情報 is never the city's own level"
    orders = [one.status for one in evacuation.orders()]
    assert set(orders) == {"draft"}, "a rule never issues an order"


def test_repeated_and_renewed_telegrams_send_nothing_twice(city: City) -> None:
    take(telegram("33"))
    take(telegram("33", minute=2))
    assert notices.act_on(warnings.firings()[0].pk) == notice()
    assert Transmission.objects.filter(message=notice()).count() == 2


def test_a_draft_needs_two_people(city: City) -> None:
    take(telegram("05", kind="VPWW58"))
    draft = notice()
    assert draft.status == "draft"
    assert draft.firing is not None
    assert draft.firing.rule["code"] == "wind-and-snow"
    assert [one.pk for one in messages.notices_open()] == [draft.pk]
    with pytest.raises(SonaeError):
        messages.approve_notice(APPROVER, draft.pk)
    texts = {language: Text("暴風警報です", "外に出ないでください。") for language in LANGUAGES}
    messages.edit_notice(OPERATOR, draft.pk, texts)
    messages.submit_notice(OPERATOR, draft.pk)
    both = Actor(OPERATOR.id, Role.APPROVER, "一人二役", OPERATOR.account_id)
    with pytest.raises(SonaeError, match="起案または申請"):
        messages.approve_notice(both, draft.pk)
    messages.return_notice(APPROVER, draft.pk, "時刻を入れてください")
    messages.submit_notice(OPERATOR, draft.pk)
    messages.approve_notice(APPROVER, draft.pk)
    outbox.drain()
    [item] = [one for one in messages.public_items() if one.kind == "notice"]
    assert item.subject == "暴風警報です"
    with pytest.raises(SonaeError):
        messages.edit_notice(OPERATOR, draft.pk, texts)
    with pytest.raises(SonaeError):
        messages.drop_notice(OPERATOR, draft.pk)


def test_a_waiting_draft_is_written_anew_and_an_edited_one_is_left_alone(city: City) -> None:
    take(telegram("05", kind="VPWW58"))
    take(telegram("35", minute=1, kind="VPWW58"))
    kinds = {one.status: one for one in Message.objects.filter(kind="notice")}
    assert set(kinds) == {"draft", "approved"}
    take(telegram("05", minute=2, kind="VPWW58"))
    assert Message.objects.filter(kind="notice", status="draft").count() == 1


@pytest.mark.parametrize(
    ("subject", "body"), [("", "本文"), ("件名", " "), ("あ" * 79, "本文"), ("一\n二", "本文")]
)
def test_what_says_nothing_is_refused(city: City, subject: str, body: str) -> None:
    take(telegram("05", kind="VPWW58"))
    with pytest.raises(SonaeError):
        messages.edit_notice(OPERATOR, notice().pk, {"ja": Text(subject, body)})


def test_viewers_change_nothing(city: City) -> None:
    take(telegram("05", kind="VPWW58"))
    pk = notice().pk
    acts: list[Any] = [
        lambda: messages.submit_notice(VIEWER, pk), lambda: messages.drop_notice(VIEWER, pk),
        lambda: messages.approve_notice(OPERATOR, pk), lambda: messages.return_notice(OPERATOR, pk, "x"),
        lambda: messages.end_notice(OPERATOR, pk, "lifting"),
        lambda: messages.edit_notice(VIEWER, pk, {"ja": Text("あ", "い")}),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises(SonaeError):
            act()


@pytest.mark.parametrize(("kind", "words"), [("lifting", "終わりました"), ("cancellation", "誤り")])
def test_its_end_is_said_once_everywhere_it_went(city: City, kind: str, words: str) -> None:
    take(telegram("33"))
    first = notice()
    assert not messages.is_over(first)
    with pytest.raises(SonaeError, match="まだ発表中"):
        messages.end_notice(APPROVER, first.pk, "lifting")
    take(
        compose_cancel(
            "VPWW55", office="試験地方気象台", issued_at=clock.now() + timedelta(minutes=9)
        )
    )
    assert messages.is_over(first)
    messages.end_notice(APPROVER, first.pk, kind)
    outbox.drain()
    newest = messages.public_items()[0]
    assert newest.kind == kind
    assert words in newest.body
    assert messages.prepared(first.pk) == []
    with pytest.raises(SonaeError):
        messages.end_notice(APPROVER, first.pk, "lifting")


def test_alarms_go_to_whom_asked_and_only_once(city: City) -> None:
    with city.entered(World.EXERCISE):
        officer = Account.objects.create_user(
            "duty@example.jp", role="operator", municipality=CODE, name="当直"
        )
        set_duty_mail(Actor(f"account:{officer.pk}", Role.OPERATOR, "当直", officer.pk), True)
        take(telegram("03", status="exercise"))
        services_alarm = Message.objects.get(kind="alarm")
        notices.alarm(services_alarm.topic.removeprefix("alarm:"), "もう一度", "二度目")
        [delivery] = Delivery.objects.filter(transmission__message__kind="alarm")
        assert (delivery.address, delivery.status, delivery.resident) == (
            "duty@example.jp", "handed_over", None,
        )  # fmt: skip
        frozen = delivery.transmission.frozen["ja"]
        assert frozen["subject"].startswith("【訓練】当番へ：レベル３大雨警報")
        assert "ルール「洪水・大雨・土砂・高潮（レベル3相当から）」" in frozen["body"]
        assert all(one.kind != "alarm" for one in messages.messages())
        set_duty_mail(Actor(f"account:{officer.pk}", Role.OPERATOR, "当直", officer.pk), False)
        take(telegram("43", minute=3, status="exercise"))
        assert Delivery.objects.filter(transmission__message__kind="alarm").count() == 1


def test_residents_are_no_officers(city: City) -> None:
    someone = Account.objects.create_user("r@example.jp", role="resident", municipality=CODE)
    with pytest.raises(SonaeError):
        set_duty_mail(Actor(f"account:{someone.pk}", Role.RESIDENT, "住民", someone.pk), True)


def test_an_order_that_ended_before_it_was_said_is_never_said(city: City) -> None:
    made = evacuation.draft_order(
        OPERATOR, level=4, hazard="flood", towns=[city.towns["西町"].pk], reason="増水"
    )
    evacuation.submit(OPERATOR, made.pk)
    evacuation.approve(APPROVER, made.pk)
    evacuation.cancel(APPROVER, made.pk)
    # The worker begins with whatever it likes: neither order of the two says anything.
    assert services.send_end(made.pk, "cancelled") is None
    assert services.send_order(made.pk) is None
    outbox.drain()
    assert messages.public_items() == []


def test_a_cancellation_tells_its_own_time(city: City) -> None:
    made = evacuation.draft_order(
        OPERATOR, level=4, hazard="flood", towns=[city.towns["西町"].pk], reason="増水"
    )
    evacuation.submit(OPERATOR, made.pk)
    evacuation.approve(APPROVER, made.pk)
    outbox.drain()
    later = clock.now() + timedelta(hours=5)
    with clock.using(clock.FrozenClock(later)):
        evacuation.cancel(APPROVER, made.pk)
        services.send_end(made.pk, "cancelled")
        assert spoken_at(later, "ja") in messages.public_items()[0].body


def test_what_is_over_when_the_worker_comes_to_it_is_not_said(city: City) -> None:
    warnings.WarningInput.objects.create(name="jma", kind="jma-feed", silent_after=300)
    warnings.accept(telegram("33"), via="jma")
    warnings.accept(
        compose_cancel(
            "VPWW55", office="試験地方気象台", issued_at=clock.now() + timedelta(minutes=9)
        ),
        via="jma",
    )
    outbox.drain()
    assert not Message.objects.filter(kind="notice").exists()


def test_what_waited_too_long_is_left_to_people(city: City) -> None:
    warnings.WarningInput.objects.create(name="jma", kind="jma-feed", silent_after=300)
    warnings.accept(telegram("33"), via="jma")
    firing = warnings.firings()[0]
    with clock.using(clock.FrozenClock(clock.now() + timedelta(hours=9))):
        made = notices.act_on(firing.pk)
    assert made is not None
    assert made.status == "draft"


def test_a_draft_grows_by_areas_and_keeps_the_graver(city: City) -> None:
    take(telegram("05", kind="VPWW58"))
    draft = notice()
    draft.about = {**draft.about, "areas": ["備え市北部"], "severity": "emergency"}
    draft.save()
    take(
        compose_cancel(
            "VPWW58", office="試験地方気象台", issued_at=clock.now() + timedelta(minutes=1)
        )
    )
    take(telegram("05", minute=2, kind="VPWW58"))
    draft.refresh_from_db()
    assert draft.about["areas"] == ["備え市北部", "試験市"]
    assert draft.about["severity"] == "emergency"


def test_a_notice_is_renewed_while_its_warning_holds(city: City) -> None:
    take(telegram("33"))
    first = notice()
    later = clock.now() + timedelta(hours=20, minutes=1)
    with clock.using(clock.FrozenClock(later)):
        renewed = notices.renew_notice(first.pk)
        outbox.drain()
        assert renewed is not None
        assert renewed.kind == "renewal"
        assert [one.kind for one in messages.public_items()] == ["renewal"]
        assert Delivery.objects.filter(transmission__message=renewed).count() == 0
    with clock.using(clock.FrozenClock(later + timedelta(hours=1))):
        assert notices.renew_notice(first.pk) is None, "not yet time"
    take(
        compose_cancel(
            "VPWW55", office="試験地方気象台", issued_at=clock.now() + timedelta(minutes=9)
        )
    )
    with clock.using(clock.FrozenClock(later + timedelta(hours=21))):
        assert notices.renew_notice(first.pk) is None


def test_somebody_is_called_when_a_notice_should_end(city: City) -> None:
    take(telegram("33"))
    assert notices.call_for_ends() == 0
    take(telegram("10", minute=5))
    alarms = Message.objects.filter(kind="alarm", topic__startswith="alarm:over:")
    assert alarms.count() == 1
    assert notices.call_for_ends() == 1
    assert alarms.count() == 1


def test_what_is_only_expected_is_said_as_what_it_is_and_is_not_over_at_once(city: City) -> None:
    rule = replace(warnings.rule_named("expected").rule, actions=("draft_notice",))
    warnings.save_rule(ADMINISTRATOR, rule)
    at = clock.now()
    hours = (Forecast(4, at + timedelta(hours=1), at + timedelta(hours=4)),)
    kind = CityKind("9920100", "試験市", "10", forecast=hours)
    take(
        compose_weather(
            "VPWW55", [kind], office="試験地方気象台", prefecture=("990000", "試験県"), issued_at=at
        )
    )
    draft = notice()
    assert draft.about["severity"] == "advisory"
    assert not messages.is_over(draft)
    texts = {(one.channel, one.language): one.subject for one in messages.wordings(draft.pk)}
    assert texts["web", "en"] == "Advisory: heavy rain"
