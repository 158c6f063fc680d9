"""Supporters: emergency sharing by two people, ordinances with a right to refuse, consent of the person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import (
    KINDS,
    ROSTER,
    AccessEvent,
    Facts,
    Grant,
    Question,
    decide,
)
from sonae.domains.municipalities.interface import Municipality
from sonae.platform.access import Role
from sonae.platform.models import AuditEntry
from sonae.platform.scope import World
from tests.fixtures import ADMINISTRATOR, APPROVER, CLERK, CODE, OPERATOR, VIEWER, City, actor

NOW = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
ARTICLE = "備え市条例 第5条"
ASKED = Question("supporter", "消防", "rescue", KINDS, "emergency", NOW)
REFUSAL = Grant("消防", "rescue", frozenset(), "both", NOW - timedelta(days=1))
CONSENT = replace(REFUSAL, kinds=frozenset({"name", "position"}))
RUNNING = NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("facts", "rule", "fields"),
    [
        (Facts(emergency_until=RUNNING, registrant=True), "emergency", ROSTER),
        (Facts(emergency_until=RUNNING), "no_ground", set()),
        (Facts(emergency_until=RUNNING, registrant=True, emergency_kinds=frozenset({"name", "position"})),
         "emergency", {"name"}),
        (Facts(emergency_until=RUNNING, registrant=True, grants=[REFUSAL]), "emergency", ROSTER),
        (Facts(emergency_until=NOW, registrant=True), "no_ground", set()),
        (Facts(ordinance=ARTICLE, registrant=True), "ordinance", ROSTER),
        (Facts(ordinance=ARTICLE), "no_ground", set()),
        (Facts(ordinance=ARTICLE, registrant=True, grants=[REFUSAL]), "refusal", set()),
        (Facts(grants=[CONSENT]), "consent", {"name", "position"}),
        (Facts(grants=[CONSENT, REFUSAL]), "refusal", set()),
        (Facts(), "no_ground", set()),
        (Facts(shielded=True, emergency_until=RUNNING, ordinance=ARTICLE, registrant=True,
               grants=[CONSENT]), "shield", set()),
    ],
)  # fmt: skip
def test_the_law_for_supporters_in_its_order(facts: Facts, rule: str, fields: set[str]) -> None:
    made = decide(ASKED, facts)
    assert (made.rule, made.fields) == (rule, frozenset(fields))
    assert made.outcome == ("permit" if fields else "ask" if rule == "no_ground" else "deny")


@given(
    st.sampled_from(["service", "public", "supporter"]),
    st.sampled_from(["notification", "account"]),
)
def test_emergency_and_ordinance_serve_rescue_by_supporters_only(
    recipient: str, purpose: str
) -> None:
    facts = Facts(emergency_until=RUNNING, ordinance=ARTICLE, registrant=True)
    made = decide(replace(ASKED, recipient=recipient, purpose=purpose), facts)
    assert made.outcome != "permit"
    if recipient != "supporter":
        assert decide(replace(ASKED, recipient=recipient), facts).outcome != "permit"


@given(
    st.lists(
        st.builds(
            replace, st.just(CONSENT),
            granted_at=st.integers(-5, 5).map(lambda h: NOW + timedelta(hours=h)),
            withdrawn_at=st.none() | st.integers(-5, 5).map(lambda h: NOW + timedelta(hours=h)),
            expires_at=st.none() | st.integers(-5, 5).map(lambda h: NOW + timedelta(hours=h)),
        ),
        max_size=4,
    ),
)  # fmt: skip
def test_consent_counts_from_grant_to_withdrawal_or_expiry(grants: list[Grant]) -> None:
    """An independent reading: some grant has begun, is not withdrawn yet, has not run out yet."""
    expected = any(
        one.granted_at <= NOW
        and not (one.withdrawn_at and one.withdrawn_at <= NOW)
        and not (one.expires_at and one.expires_at <= NOW)
        for one in grants
    )
    assert (decide(ASKED, Facts(grants=grants)).outcome == "permit") is expected


def outcome(city: City, name: str = "備 太郎", registrants: bool = True) -> tuple[str, list[str]]:
    pk = city.residents[name].pk
    made = consent.disclose(
        OPERATOR, [pk], purpose="rescue", kinds=["name", "address", "position"],
        shielded={pk} if city.residents[name].shielded else set(),
        supporter="備え消防署", registrants={pk} if registrants else set(),
    )  # fmt: skip
    return made[pk].rule, sorted(made[pk].fields)


@pytest.mark.django_db
def test_sharing_needs_two_people_and_dies_by_itself(city: City) -> None:
    assert outcome(city)[0] == "no_ground"
    drafted = consent.declare_sharing(OPERATOR, "備川氾濫のおそれ", ["name", "address"], 6)
    assert outcome(city)[0] == "no_ground", "a draft shares nothing"
    for other in (OPERATOR, CLERK, VIEWER, ADMINISTRATOR):
        with pytest.raises(SonaeError, match="forbidden"):
            consent.approve_sharing(other, drafted.pk)
    consent.approve_sharing(APPROVER, drafted.pk)
    assert outcome(city) == ("emergency", ["address", "name"])
    assert outcome(city, "佐藤 守") == ("shield", [])
    with city.entered(World.EXERCISE):
        assert consent.sharings_now() == [], "an exercise shares nothing real, nor the other way"
    with pytest.raises(SonaeError, match="conflict"):
        consent.approve_sharing(APPROVER, drafted.pk)
    almost, over = (timedelta(hours=6, seconds=shift) for shift in (-30, 1))
    with clock.using(FrozenClock(clock.now() + almost)):
        assert outcome(city)[0] == "emergency"
    with clock.using(FrozenClock(clock.now() + over)):
        assert outcome(city)[0] == "no_ground"
    consent.end_sharing(OPERATOR, drafted.pk)
    assert outcome(city)[0] == "no_ground"
    acts = AuditEntry.objects.filter(action__startswith="sharing_").order_by("sequence")
    assert [(one.action, one.actor) for one in acts] == [
        ("sharing_declared", OPERATOR.id),
        ("sharing_approved", APPROVER.id),
        ("sharing_ended", OPERATOR.id),
    ]


@pytest.mark.django_db
def test_of_two_sharings_the_last_that_names_the_body_counts(city: City) -> None:
    def approved(kinds: list[str], hours: float, *bodies: str) -> int:
        row = consent.declare_sharing(OPERATOR, "洪水", kinds, hours, bodies)
        return consent.approve_sharing(APPROVER, row.pk).pk

    def counts(body: str) -> int | None:
        found = consent.sharing_for(body)
        return found.pk if found else None

    everybody = approved(["name", "address", "phone"], 72)
    assert counts("警察") == counts("消防機関") == everybody
    police = approved(["name"], 6, "警察")
    assert (counts("警察"), counts("消防機関")) == (police, everybody)
    consent.end_sharing(OPERATOR, police)
    assert counts("警察") == everybody
    consent.end_sharing(OPERATOR, everybody)
    fire = approved(["name"], 6, "消防機関")
    assert (counts("警察"), counts("消防機関")) == (None, fire)
    with pytest.raises(SonaeError, match="unreadable"):
        consent.declare_sharing(OPERATOR, "理由", ["name"], 1, ["報道機関"])


@pytest.mark.django_db
def test_everything_handed_out_under_a_sharing_is_listed_with_it_and_nothing_else(
    city: City,
) -> None:
    outcome(city)
    row = consent.declare_sharing(OPERATOR, "洪水", ["name", "address"], 6)
    consent.approve_sharing(APPROVER, row.pk)
    assert consent.handed_out(OPERATOR, row.pk) == []
    outcome(city)
    outcome(city, registrants=False)
    outcome(city, "佐藤 守")
    consent.disclose(
        OPERATOR, [city.residents["備 太郎"].pk], purpose="rescue", kinds=["name"], shielded=()
    )
    [handed] = consent.handed_out(OPERATOR, row.pk)
    assert (handed.body, handed.by, handed.kinds) == (
        "備え消防署", OPERATOR.id, ("address", "name"),
    )  # fmt: skip
    assert handed.people == (city.residents["備 太郎"].pk,)
    with pytest.raises(SonaeError, match="forbidden"):
        consent.handed_out(VIEWER, row.pk)


@pytest.mark.django_db
def test_an_exercise_of_a_real_city_hands_nothing_out(city: City) -> None:
    with city.entered(World.EXERCISE):
        row = consent.declare_sharing(OPERATOR, "訓練", ["name", "address"], 6)
        consent.approve_sharing(APPROVER, row.pk)
        assert outcome(city)[0] == "emergency", "people of a demo city are invented"
        Municipality.objects.filter(code=CODE).update(is_demo=False)
        assert outcome(city)[0] == "no_ground"
        assert consent.sharings_now() == [row], "practised all the same"


@pytest.mark.django_db
def test_who_drafts_never_approves(city: City) -> None:
    drafted = consent.declare_sharing(APPROVER, "理由", ["name"], 1)
    with pytest.raises(SonaeError, match="起案した本人"):
        consent.approve_sharing(APPROVER, drafted.pk)
    consent.approve_sharing(actor(Role.APPROVER, 44), drafted.pk)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("reason", "kinds", "hours"),
    [("", ["name"], 1), ("x", [], 1), ("x", ["position"], 1), ("x", ["name"], 0),
     ("x", ["name"], 73), ("x", ["name"], -1)],
)  # fmt: skip
def test_a_sharing_without_measure_is_refused(
    city: City, reason: str, kinds: list[str], hours: float
) -> None:
    with pytest.raises(SonaeError, match="unreadable"):
        consent.declare_sharing(OPERATOR, reason, kinds, hours)
    with pytest.raises(SonaeError, match="forbidden"):
        consent.declare_sharing(CLERK, "理由", ["name"], 1)


@pytest.mark.django_db
def test_an_old_draft_cannot_be_approved(city: City) -> None:
    drafted = consent.declare_sharing(OPERATOR, "理由", ["name"], 1)
    with (
        clock.using(FrozenClock(clock.now() + timedelta(hours=2))),
        pytest.raises(SonaeError, match="conflict"),
    ):
        consent.approve_sharing(APPROVER, drafted.pk)


@pytest.mark.django_db
def test_an_ordinance_is_data_of_the_city_with_a_first_day(city: City) -> None:
    city_row = Municipality.objects.filter(code=CODE)
    city_row.update(settings={"supporter_ordinance": {"article": ARTICLE, "from": "2020-04-01"}})
    assert outcome(city) == ("ordinance", ["address", "name"])
    assert ARTICLE in AccessEvent.objects.latest("pk").trace
    assert outcome(city, "斎藤 健", registrants=False)[0] == "no_ground"
    taro = actor(Role.RESIDENT, 9, city.residents["備 太郎"].pk)
    consent.grant(taro, city.residents["備 太郎"].pk, "備え消防署", "rescue", [])
    assert outcome(city)[0] == "refusal"
    city_row.update(settings={"supporter_ordinance": {"article": ARTICLE, "from": "2999-04-01"}})
    assert outcome(city, "山﨑 清")[0] == "no_ground"


@pytest.mark.django_db
def test_handing_on_is_recorded_under_the_name_of_who_gets_it(city: City) -> None:
    outcome(city)
    [seen] = consent.accesses(ADMINISTRATOR, city.residents["備 太郎"].pk)
    assert (seen.recipient, seen.decision) == ("備え消防署", "ask")
    with pytest.raises(SonaeError, match="forbidden"):
        consent.disclose(
            CLERK, [1], purpose="rescue", kinds=["name"], shielded=(), supporter="備え消防署"
        )


@pytest.mark.django_db
def test_only_the_person_or_a_window_decides(city: City) -> None:
    taro, hana = city.residents["備 太郎"].pk, city.residents["備 花子"].pk
    own = actor(Role.RESIDENT, 9, taro)
    row = consent.grant(own, taro, "svc", "personal_page", ["name"])
    with pytest.raises(SonaeError, match="forbidden"):
        consent.grant(own, hana, "svc", "personal_page", ["name"])
    with pytest.raises(SonaeError, match="forbidden"):
        consent.withdraw(actor(Role.RESIDENT, 8, hana), row.pk)
    with pytest.raises(SonaeError, match="forbidden"):
        consent.grants_of(actor(Role.RESIDENT, 8, hana), taro)
    for bad in ({"purpose": "gossip"}, {"kinds": ["soul"]}, {"phase": "always"}):
        wanted = {"recipient": "svc", "purpose": "rescue", "kinds": ["name"], **bad}
        with pytest.raises(SonaeError, match="unreadable"):
            consent.grant(own, taro, **wanted)  # type: ignore[arg-type]
    consent.withdraw(own, row.pk)
    consent.withdraw(own, row.pk)
    assert [one.withdrawn_at is not None for one in consent.grants_of(CLERK, taro)] == [True]
    with pytest.raises(SonaeError, match="not_found"):
        consent.withdraw(own, 10**9)


@pytest.mark.django_db
def test_a_list_is_decided_and_recorded_in_one_pass(
    city: City, django_assert_max_num_queries: object
) -> None:
    pks = [one.pk for one in city.residents.values()]
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        made = consent.disclose(
            OPERATOR, pks, purpose="rescue", kinds=["name"], shielded=set(pks[-1:])
        )
    assert AccessEvent.objects.count() == len(pks) == len(made)
