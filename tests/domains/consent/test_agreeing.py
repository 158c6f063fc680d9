"""Whose consent stands, as one question to the domain that keeps consents."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import ConsentGrant, Facts, Grant, Question, decide
from sonae.platform import db
from tests.fixtures import City

KINDS = ("name", "kana", "town")
DAY = timedelta(days=1)
SAID = st.lists(
    st.tuples(
        st.integers(1, 3), st.sampled_from(["board", "public"]), st.booleans(),
        st.integers(-3, 2), st.one_of(st.none(), st.integers(-2, 2)), st.booleans(),
    ),
    max_size=6,
)  # fmt: skip


@pytest.mark.django_db
def test_it_says_of_everybody_what_the_decision_would_say(city: City) -> None:
    @given(SAID)
    def holds(rows: list[tuple[int, str, bool, int, int | None, bool]]) -> None:
        ConsentGrant.objects.all().delete()
        now, grants = clock.now(), dict[int, list[Grant]]()
        for subject, recipient, yes, begun, ends, withdrawn in rows:
            one = ConsentGrant.objects.create(
                subject=subject, recipient=recipient, purpose="posted_list",
                kinds=list(KINDS) if yes else [], phase="both", granted_at=now + begun * DAY,
                expires_at=None if ends is None else now + ends * DAY + DAY / 2,
                withdrawn_at=now if withdrawn else None,
            )  # fmt: skip
            grants.setdefault(subject, []).append(
                Grant(one.recipient, one.purpose, frozenset(one.kinds), one.phase,
                      one.granted_at, one.expires_at, one.withdrawn_at)
            )  # fmt: skip
        question = Question("public", "board", "posted_list", frozenset(KINDS), "emergency", now)
        expected = {
            subject
            for subject, held in grants.items()
            if decide(question, Facts(grants=held)).outcome == "permit"
        }
        assert consent.agreeing("board", "posted_list") == expected
        assert consent.agreeing("board", "posted_list", [1]) == expected & {1}

    holds()


@pytest.mark.django_db
def test_as_many_people_as_a_city_has_may_be_asked_about(city: City) -> None:
    many = range(1, 3 * len(next(iter(db.parts(range(20_000))))))
    ConsentGrant.objects.create(
        subject=max(many), recipient="board", purpose="posted_list", kinds=["name"], phase="both",
        granted_at=clock.now(),
    )  # fmt: skip
    assert consent.agreeing("board", "posted_list", many) == {max(many)}
