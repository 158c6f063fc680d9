"""The decision: total, traced, never more than asked, shield above all but oneself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import (
    ASKS,
    KINDS,
    PURPOSES,
    ROSTER,
    AccessEvent,
    Facts,
    Grant,
    Question,
    decide,
)
from sonae.domains.consent.rules import RECIPIENTS
from sonae.platform.access import Role
from tests.fixtures import ADMINISTRATOR, CLERK, OPERATOR, City, actor

NOW = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
WORDS = st.text(max_size=6)
KIND_SETS = st.frozensets(st.sampled_from(sorted(KINDS)))
GRANTS = st.builds(
    Grant, st.sampled_from(["svc", "other"]), st.sampled_from(sorted(PURPOSES)), KIND_SETS,
    st.sampled_from(["peacetime", "emergency", "both"]), st.just(NOW - timedelta(days=1)),
    st.sampled_from([None, NOW - timedelta(hours=1), NOW + timedelta(hours=1)]),
    st.sampled_from([None, NOW - timedelta(hours=1)]),
)  # fmt: skip
QUESTIONS = st.builds(
    Question, st.one_of(st.sampled_from(RECIPIENTS), WORDS), st.just("svc"),
    st.one_of(st.sampled_from(sorted(PURPOSES)), WORDS), KIND_SETS,
    st.sampled_from(["peacetime", "emergency"]), st.just(NOW),
)  # fmt: skip
FACTS = st.builds(
    Facts, st.booleans(), st.lists(GRANTS, max_size=3),
    st.sampled_from([None, NOW - timedelta(hours=1), NOW + timedelta(hours=1)]),
    KIND_SETS, st.sampled_from(["", "備え市避難行動要支援者条例 第5条"]), st.booleans(),
)  # fmt: skip


@given(QUESTIONS, FACTS)
def test_every_answer_is_traced_and_within_what_was_asked(question: Question, facts: Facts) -> None:
    made = decide(question, facts)
    assert made.outcome in {"permit", "deny", "ask"}
    assert made.trace
    assert made.rule
    assert made.fields <= question.kinds
    assert made.fields <= PURPOSES.get(question.purpose, frozenset())
    assert bool(made.fields) == (made.outcome == "permit")


@given(QUESTIONS, FACTS)
def test_the_shield_beats_all_but_oneself(question: Question, facts: Facts) -> None:
    made = decide(question, replace(facts, shielded=True))
    if question.recipient != "self":
        assert "address" not in made.fields
        assert "position" not in made.fields
        assert not made.fields or question.purpose in {"reception_presented", "notification"}


@given(KIND_SETS, FACTS)
def test_a_withdrawn_or_expired_consent_permits_nothing(
    kinds: frozenset[str], facts: Facts
) -> None:
    over = [
        Grant("svc", "personal_page", kinds, "both", NOW - timedelta(days=2), NOW),
    ]
    withdrawn = [Grant("svc", "personal_page", kinds, "both", NOW - timedelta(days=2), None, NOW)]
    for grants in (over, withdrawn):
        question = Question("service", "svc", "personal_page", KINDS, "peacetime", NOW)
        assert decide(question, Facts(False, grants)).outcome != "permit"


def test_emergency_sharing_ends_at_its_expiry() -> None:
    question = Question(
        "supporter", "fire", "rescue", frozenset({"name", "address"}), "emergency", NOW
    )
    assert (
        decide(question, Facts(emergency_until=NOW + timedelta(seconds=1), registrant=True)).outcome
        == "permit"
    )
    assert decide(question, Facts(emergency_until=NOW, registrant=True)).outcome == "ask"


def test_a_refusal_beats_a_consent() -> None:
    yes = Grant("svc", "personal_page", frozenset({"name"}), "both", NOW - timedelta(days=1))
    no = Grant("svc", "personal_page", frozenset(), "both", NOW - timedelta(days=1))
    question = Question("service", "svc", "personal_page", frozenset({"name"}), "peacetime", NOW)
    assert decide(question, Facts(grants=[yes])).outcome == "permit"
    assert decide(question, Facts(grants=[yes, no])).rule == "refusal"


def test_a_shelter_desk_receives_people_and_nothing_more() -> None:
    def ask(purpose: str) -> str:
        return decide(Question("shelter", "t", purpose, KINDS, "emergency", NOW), Facts()).outcome

    assert ask("reception") == "permit"
    assert ask("rescue") == "deny"


@pytest.mark.django_db
def test_each_disclosure_is_recorded_and_the_resident_can_read_it(city: City) -> None:
    taro, hana = city.residents["備 太郎"], city.residents["備 花子"]
    made = consent.disclose(
        OPERATOR, [taro.pk, hana.pk], purpose="rescue", kinds=["name"], shielded={hana.pk}
    )
    assert (made[taro.pk].outcome, made[hana.pk].outcome) == ("permit", "deny")
    assert AccessEvent.objects.count() == 2
    own = actor(Role.RESIDENT, 9, taro.pk)
    [seen] = consent.accesses(own, taro.pk)
    assert (seen.recipient, seen.fields, seen.rule) == (OPERATOR.name, ["name"], "duty_city")
    assert consent.accesses(ADMINISTRATOR, hana.pk)[0].decision == "deny"
    with pytest.raises(SonaeError):
        consent.accesses(own, hana.pk)
    consent.disclose(own, [taro.pk], purpose="personal_page", kinds=["name"], shielded=set())
    assert AccessEvent.objects.filter(subject=taro.pk).count() == 1, "one's own look is one's own"


@pytest.mark.django_db
def test_grant_and_withdraw(city: City) -> None:
    taro = city.residents["備 太郎"].pk
    row = consent.grant(CLERK, taro, "anonymous", "personal_page", ["name"])
    consent.withdraw(CLERK, row.pk)
    row.refresh_from_db()
    assert row.withdrawn_at is not None


def service(kinds: frozenset[str], phase: str = "peacetime", **more: Any) -> Question:
    return Question("service", "service:a", "service", kinds, phase, NOW, "told", **more)


def said(given: set[str], asked: set[str], **more: Any) -> Grant:
    values = {"notice": "told", **more}
    return Grant(
        "service:a", "service", frozenset(given), "both", NOW - timedelta(days=1),
        asked=frozenset(asked), **values,
    )  # fmt: skip


ASKABLE = PURPOSES["service"]


@pytest.mark.parametrize(
    ("asks", "grants", "fields", "left"),
    [
        ("each_new_kind", [], "", "name phone"),
        ("each_new_kind", [said({"name"}, {"name"})], "name", "phone"),
        ("each_new_kind", [said({"name"}, {"name", "phone"})], "name", ""),
        ("each_new_kind", [said(set(), {"name", "phone"})], "", ""),
        ("each_new_kind", [said({"name"}, {"name"}, notice="other")], "", "name phone"),
        ("first_only", [], "", "name phone"),
        ("first_only", [said({"name"}, {"name"})], "name", ""),
        ("every_time", [said({"name"}, {"name"})], "", "name phone"),
        ("every_time", [said({"name"}, {"name"}, occasion="now")], "name", "phone"),
        ("every_time", [said({"name"}, {"name"}, occasion="before")], "", "name phone"),
        ("each_new_kind", [said({"name"}, {"name"}), said(set(), set())], "", ""),
    ],
)  # fmt: skip
def test_a_service_is_answered_as_the_person_wants_to_be_asked(
    asks: str, grants: list[Grant], fields: str, left: str
) -> None:
    made = decide(
        service(frozenset({"name", "phone"}), occasion="now"), Facts(grants=grants, asks=asks)
    )
    assert made.fields == set(fields.split())
    assert made.open == set(left.split())
    assert made.outcome == ("permit" if fields else "ask" if left else "deny")


@given(
    KIND_SETS, st.lists(st.builds(said, st.sets(st.sampled_from(sorted(ASKABLE))), st.sets(
        st.sampled_from(sorted(ASKABLE))), withdrawn_at=st.sampled_from([None, NOW])), max_size=4),
    st.sampled_from(ASKS), st.booleans(), st.sampled_from([None, NOW, NOW + timedelta(hours=1)]),
    st.booleans(),
)  # fmt: skip
def test_what_a_service_gets_was_given_or_is_law(
    kinds: frozenset[str], grants: list[Grant], asks: str, shielded: bool,
    until: datetime | None, registrant: bool,
) -> None:  # fmt: skip
    facts = Facts(shielded, grants, until, frozenset(), "", registrant, asks=asks)
    made = decide(service(kinds), facts)
    given_now = frozenset().union(*(one.kinds for one in grants if one.withdrawn_at is None))
    law = ROSTER if until is not None and until > NOW and registrant else frozenset()
    assert made.fields <= kinds & ASKABLE & (given_now | law)
    assert made.open <= kinds & ASKABLE
    assert not made.open & made.fields
    assert not (shielded and (made.fields or made.open))
    if law and not shielded:
        assert kinds & law & ASKABLE <= made.fields
