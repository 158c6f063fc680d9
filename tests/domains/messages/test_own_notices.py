"""Notices that people write: drafted, approved by another, sent everywhere, corrected and ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.messages import interface as messages
from sonae.domains.messages import notices
from sonae.domains.messages.channels import LANGUAGES
from sonae.domains.messages.interface import Message, Text, Transmission
from sonae.domains.messages.wording import spoken_at
from sonae.platform import outbox
from sonae.platform.scope import World
from tests.fixtures import APPROVER, CLERK, OPERATOR, VIEWER, City

pytestmark = pytest.mark.django_db
WATER = {
    "ja": Text("断水のお知らせ（西町）", "西町で断水しています。給水所は西公民館です。"),
    "ja-x-easy": Text("水が 出ません（西町）", "西町で 水が 出ません。"),
    "en": Text("No water (Nishimachi)", "Water is cut off in Nishimachi."),
}


def sent(texts: dict[str, Text] = WATER) -> Message:
    made = messages.draft_own(OPERATOR, texts)
    messages.submit_notice(OPERATOR, made.pk)
    messages.approve_notice(APPROVER, made.pk)
    outbox.drain()
    return Message.objects.get(pk=made.pk)


def public() -> list[str]:
    return [item.subject for item in messages.public_items()]


def test_it_goes_the_way_of_every_notice(city: City) -> None:
    made = messages.draft_own(OPERATOR, WATER)
    assert made in messages.notices_open() and not Transmission.objects.exists()
    messages.submit_notice(OPERATOR, made.pk)
    with pytest.raises(SonaeError, match="決裁できません"):
        messages.approve_notice(OPERATOR_WHO_APPROVES, made.pk)
    messages.approve_notice(APPROVER, made.pk)
    outbox.drain()
    assert {one.channel for one in Transmission.objects.filter(message=made)} >= {"web", "cap"}
    assert public() == ["断水のお知らせ（西町）"]
    texts = {one.language: one.body for one in messages.wordings(made.pk) if one.channel == "web"}
    assert texts == {language: WATER[language].body for language in LANGUAGES}
    assert messages.over() == [] and notices.call_for_ends() == 0, "no warning is behind it"


OPERATOR_WHO_APPROVES = type(APPROVER)(OPERATOR.id, APPROVER.role)


def test_its_end_is_announced_by_people_in_words_that_fit(city: City) -> None:
    made = sent()
    end = messages.end_notice(APPROVER, made.pk, "lifting")
    outbox.drain()
    [text] = [
        one for one in messages.wordings(end.pk) if (one.channel, one.language) == ("web", "ja")
    ]
    assert text.subject == "終わりました：断水のお知らせ（西町）"
    assert f"は終わりました（{spoken_at(end.sent_at or clock.now(), 'ja')}）" in text.body
    assert "危険な場所" not in text.body, "nobody speaks of danger when the water is back"
    english = [
        one for one in messages.wordings(end.pk) if (one.channel, one.language) == ("web", "en")
    ]
    assert "No water (Nishimachi)" in english[0].body
    with pytest.raises(SonaeError, match="終えられます"):
        messages.end_notice(APPROVER, made.pk, "cancellation")


def test_a_correction_takes_the_place_of_what_it_corrects(city: City) -> None:
    first = sent()
    made = messages.correct_own(OPERATOR, first.pk)
    shown = {one.language: one for one in messages.wordings(made.pk) if one.channel == "web"}
    assert shown["ja"].subject == "【訂正】断水のお知らせ（西町）"
    assert shown["ja"].body == WATER["ja"].body
    messages.edit_notice(
        OPERATOR, made.pk, {**WATER, "ja": Text("【訂正】断水（東町）", "東町です。")}
    )
    messages.submit_notice(OPERATOR, made.pk)
    messages.approve_notice(APPROVER, made.pk)
    outbox.drain()
    assert made.topic == first.topic
    assert notices.standing() == [Message.objects.get(pk=made.pk)]
    assert messages.replaced_by(first) == made
    with pytest.raises(SonaeError, match="訂正できます"):
        messages.correct_own(OPERATOR, first.pk)
    prepared = Message.objects.filter(topic=first.topic, status="prepared")
    assert [one.about["announced"] for one in prepared] == ["【訂正】断水（東町）"]
    messages.end_notice(APPROVER, made.pk, "cancellation")
    assert notices.standing() == []


def test_it_is_published_anew_until_somebody_ends_it(city: City) -> None:
    made = sent()
    with clock.using(clock.FrozenClock(clock.now() + timedelta(days=2))):
        assert notices.renew_notice(made.pk) is not None
        messages.end_notice(APPROVER, made.pk, "lifting")
        assert notices.renew_notice(made.pk) is None


def corrected(first: Message) -> Message:
    """A correction of a notice that waits for its approval."""
    made = messages.correct_own(OPERATOR, first.pk)
    messages.submit_notice(OPERATOR, made.pk)
    return made


def test_a_correction_is_published_anew_like_what_it_corrects(city: City) -> None:
    first = sent()
    made = corrected(first)
    messages.approve_notice(APPROVER, made.pk)
    outbox.drain()
    with clock.using(clock.FrozenClock(clock.now() + timedelta(hours=20, minutes=1))):
        assert notices.renew_notice(first.pk) is not None, "the topic is named after the first"
        assert [(one.kind, one.subject) for one in messages.public_items()] == [
            ("renewal", "【訂正】断水のお知らせ（西町）")
        ]
        [renewed] = Message.objects.filter(kind="renewal")
        assert (renewed.topic, renewed.refers_to) == (first.topic, made)
        messages.end_notice(APPROVER, made.pk, "lifting")
        assert notices.renew_notice(first.pk) is None


@pytest.mark.parametrize("since", ["ended", "corrected"])
def test_a_correction_comes_too_late_for_what_stands_no_more(city: City, since: str) -> None:
    first = sent()
    late = corrected(first)
    if since == "ended":
        messages.end_notice(APPROVER, first.pk, "lifting")
    else:
        messages.approve_notice(APPROVER, corrected(first).pk)
    before = [one.pk for one in notices.standing()]
    with pytest.raises(SonaeError, match="別の訂正を送りました"):
        messages.approve_notice(APPROVER, late.pk)
    assert [one.pk for one in notices.standing()] == before
    messages.drop_notice(OPERATOR, returned(late).pk)
    assert messages.notices_open() == []


def returned(message: Message) -> Message:
    return messages.return_notice(APPROVER, message.pk, "もう終わった")


@pytest.mark.parametrize("kind", sorted(messages.PATTERNS))
def test_a_pattern_must_be_filled_in_before_it_can_be_drafted(city: City, kind: str) -> None:
    with pytest.raises(SonaeError) as caught:
        messages.draft_own(OPERATOR, messages.PATTERNS[kind])
    assert caught.value.code == "unprocessable"
    assert not Message.objects.exists()


def test_only_operators_write_and_what_no_person_wrote_is_not_corrected(city: City) -> None:
    for actor in (VIEWER, CLERK):
        with pytest.raises(SonaeError, match="forbidden"):
            messages.draft_own(actor, WATER)
    with pytest.raises(SonaeError, match="訂正できません"):
        messages.correct_own(OPERATOR, 999)


def test_an_exercise_says_so_and_reaches_nobody(city: City) -> None:
    with city.entered(World.EXERCISE):
        made = sent()
        texts = [one for one in messages.wordings(made.pk) if one.channel == "web"]
        assert all("訓練" in one.subject + one.body or "drill" in (one.subject + one.body).lower()
                   or "exercise" in (one.subject + one.body).lower() for one in texts)  # fmt: skip
        again = messages.correct_own(OPERATOR, made.pk)
        shown = {one.language: one for one in messages.wordings(again.pk) if one.channel == "web"}
        assert shown["ja"].body.count(WATER["ja"].body) == 1
    assert public() == []
