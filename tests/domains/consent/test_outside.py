"""Who asks from outside: the policy table, consent and refusal, and the shield over all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import (
    ANSWER,
    INQUIRERS,
    KINDS,
    AccessEvent,
    Facts,
    Grant,
    Outsider,
    Question,
    decide,
)
from sonae.domains.consent.rules import PURPOSES
from sonae.platform.access import Role
from tests.fixtures import OPERATOR, VIEWER, City, actor

NOW = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
ASKED = Question("kin", "kin", "safety_inquiry", ANSWER, "emergency", NOW)
REFUSAL = Grant("kin", "safety_inquiry", frozenset(), "both", NOW - timedelta(days=1))
WIDER = replace(REFUSAL, kinds=frozenset({"whereabouts"}))
LAW = frozenset({"injury", "condition"})
KIND_SETS = st.frozensets(st.sampled_from(sorted(KINDS)))
GROUPS = st.sampled_from(["kin", "acquaintance", "public", "other"])
GRANTS = st.lists(
    st.builds(
        Grant, GROUPS, st.sampled_from(["safety_inquiry", "exchange", "name_publication"]), KIND_SETS,
        st.sampled_from(["peacetime", "emergency", "both"]), st.just(NOW - timedelta(days=1)),
        st.sampled_from([None, NOW]), st.sampled_from([None, NOW]),
    ),
    max_size=4,
)  # fmt: skip
QUESTIONS = st.builds(
    Question, st.sampled_from((*INQUIRERS, "public")), GROUPS,
    st.sampled_from(sorted(PURPOSES)), KIND_SETS, st.sampled_from(["peacetime", "emergency"]),
    st.just(NOW),
)  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "rule", "fields"),
    [
        (Facts(answerable=LAW, ground="第8条の3"), "safety_inquiry", LAW),
        (Facts(), "no_ground", set()),
        (Facts(answerable=LAW, grants=[REFUSAL]), "refusal", set()),
        (Facts(answerable=LAW, grants=[WIDER]), "consent", {*LAW, "whereabouts"}),
        (Facts(answerable=LAW, grants=[WIDER, REFUSAL]), "refusal", set()),
        (Facts(grants=[WIDER]), "consent", {"whereabouts"}),
        (Facts(answerable=LAW, grants=[replace(REFUSAL, recipient="acquaintance")]), "safety_inquiry", LAW),
        (Facts(answerable=LAW, grants=[replace(REFUSAL, withdrawn_at=NOW)]), "safety_inquiry", LAW),
        (Facts(shielded=True, answerable=LAW, grants=[WIDER]), "shield", set()),
    ],
)  # fmt: skip
def test_the_order_for_an_inquirer(facts: Facts, rule: str, fields: set[str]) -> None:
    made = decide(ASKED, facts)
    assert (made.rule, made.fields) == (rule, frozenset(fields))
    assert made.outcome == ("permit" if fields else "deny")


@given(QUESTIONS, GRANTS, KIND_SETS, st.booleans())
def test_an_independent_reading_of_the_rules(
    question: Question, grants: list[Grant], answerable: frozenset[str], shielded: bool
) -> None:
    if question.recipient == "public" and question.purpose != "name_publication":
        return
    made = decide(question, Facts(shielded=shielded, grants=grants, answerable=answerable))
    purposes = {"public": {"name_publication"}, "municipality": {"safety_inquiry", "exchange"}}
    allowed = purposes.get(question.recipient, {"safety_inquiry"})
    about = [
        one for one in grants
        if (one.recipient, one.purpose) == (question.recipient_id, question.purpose)
        and one.phase in (question.phase, "both") and not one.withdrawn_at and not one.expires_at
    ]  # fmt: skip
    expected: frozenset[str] = frozenset()
    if not shielded and question.purpose in allowed and all(one.kinds for one in about):
        expected = answerable.union(*(one.kinds for one in about))
    assert made.fields == expected & question.kinds & PURPOSES[question.purpose]
    assert made.outcome == ("permit" if made.fields else "deny"), "never ask: that tells too"


@given(QUESTIONS, GRANTS, KIND_SETS)
def test_a_shielded_person_is_told_to_nobody_outside(
    question: Question, grants: list[Grant], answerable: frozenset[str]
) -> None:
    made = decide(question, Facts(shielded=True, grants=grants, answerable=answerable))
    assert (made.outcome, made.fields) == ("deny", frozenset())


@pytest.mark.django_db
def test_the_resident_reads_who_asked_and_not_through_whom(city: City) -> None:
    taro = city.residents["備 太郎"]
    aunt = Outsider("kin", "kin", "親族：備 梅", "request:1", LAW, "第8条の3")
    ask = {"purpose": "safety_inquiry", "kinds": ANSWER, "shielded": ()}
    made = consent.disclose(OPERATOR, [taro.pk], outsider=aunt, recorded=False, **ask)  # type: ignore[arg-type]
    assert made[taro.pk].fields == LAW
    assert not AccessEvent.objects.exists(), "finding out how it would be is no disclosure"
    consent.disclose(OPERATOR, [taro.pk], outsider=aunt, **ask)  # type: ignore[arg-type]
    [seen] = consent.accesses(actor(Role.RESIDENT, 9, taro.pk), taro.pk)
    assert (seen.recipient, seen.looker, seen.rule) == (
        "親族：備 梅",
        "request:1",
        "safety_inquiry",
    )
    for other in (VIEWER, actor(Role.RESIDENT, 9, taro.pk)):
        with pytest.raises(SonaeError, match="forbidden"):
            consent.disclose(other, [taro.pk], outsider=aunt, **ask)  # type: ignore[arg-type]
