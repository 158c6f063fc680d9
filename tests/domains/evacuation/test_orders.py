"""Orders: drafted by the plan, decided by people, never by the one who asked."""

from __future__ import annotations

import pytest

from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import ORDER_TRANSITIONS, EvacuationOrder
from sonae.domains.warnings import interface as warnings
from sonae.platform import audit, outbox
from sonae.platform.access import Role
from sonae.platform.models import AuditEntry
from sonae.platform.scope import World
from tests.fixtures import APPROVER, CLERK, CODE, OPERATOR, VIEWER, City, actor, flood_telegram

pytestmark = pytest.mark.django_db


def warn(level: int, minute: int = 0, status: str = "actual") -> None:
    warnings.accept(flood_telegram(level, status, minute), via="test")
    outbox.drain()


def draft(city: City, level: int = 4, **more: object) -> EvacuationOrder:
    towns = [city.towns["西町"].pk]
    return evacuation.draft_order(OPERATOR, level=level, hazard="flood", towns=towns, **more)  # type: ignore[arg-type]


def test_a_warning_drafts_and_never_issues(city: City) -> None:
    warn(4)
    [made] = evacuation.orders()
    assert (made.level, made.hazard, made.status) == (4, "flood", "draft")
    assert {town.name for town in made.towns.all()} == {"西町", "中町"}
    assert (made.people, made.households) == (6, 3)
    assert made.telegram is not None
    assert evacuation.orders_in_force() == []


def test_a_graver_warning_raises_the_waiting_draft_and_the_same_adds_nothing(city: City) -> None:
    warn(3)
    warn(3, minute=2)
    warn(4, minute=5)
    [made] = evacuation.orders()
    assert made.level == 4


def test_after_an_order_a_graver_warning_drafts_its_successor(city: City) -> None:
    warn(3)
    [first] = evacuation.orders()
    evacuation.submit(OPERATOR, first.pk)
    evacuation.approve(APPROVER, first.pk)
    warn(4, minute=5)
    second, _ = evacuation.orders()
    assert (second.level, second.replaces_id, second.status) == (4, first.pk, "draft")
    evacuation.submit(OPERATOR, second.pk)
    evacuation.approve(APPROVER, second.pk)
    first.refresh_from_db()
    assert first.status == "replaced"
    assert [one.level for one in evacuation.orders_in_force()] == [4]


def test_the_way_to_an_order(city: City) -> None:
    made = draft(city)
    evacuation.submit(OPERATOR, made.pk)
    with pytest.raises(SonaeError):
        evacuation.return_(APPROVER, made.pk, "  ")
    evacuation.return_(APPROVER, made.pk, "中町も含めること")
    evacuation.edit(
        OPERATOR, made.pk, level=4, hazard="flood", whole_city=False, reason="増水",
        towns=[city.towns["西町"].pk, city.towns["中町"].pk],
    )  # fmt: skip
    evacuation.submit(OPERATOR, made.pk)
    issued = evacuation.approve(APPROVER, made.pk)
    assert (issued.status, issued.people) == ("issued", 6)
    assert issued.issued_at is not None
    acts = list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))
    assert [act.removeprefix("order.") for act in acts if act.startswith("order.")] == [
        "draft", "submit", "return", "edit", "submit", "issue",
    ]  # fmt: skip
    assert audit.verify(CODE) is None
    assert evacuation.lift(APPROVER, made.pk).status == "lifted"


@pytest.mark.parametrize("who", ["drafter", "submitter"])
def test_nobody_approves_what_he_asked_for(city: City, who: str) -> None:
    both = actor(Role.APPROVER, OPERATOR.account_id or 0)
    made = draft(city)
    evacuation.submit(both if who == "submitter" else OPERATOR, made.pk)
    if who == "drafter":
        EvacuationOrder.objects.filter(pk=made.pk).update(submitted_by="account:99")
    with pytest.raises(SonaeError) as error:
        evacuation.approve(both, made.pk)
    assert error.value.code == "forbidden"
    assert evacuation.order(made.pk).status == "submitted"


@pytest.mark.parametrize("someone", [VIEWER, CLERK, OPERATOR])
def test_only_an_approver_approves_and_only_operators_draft(city: City, someone: object) -> None:
    made = draft(city)
    evacuation.submit(OPERATOR, made.pk)
    with pytest.raises(SonaeError):
        evacuation.approve(someone, made.pk)  # type: ignore[arg-type]
    with pytest.raises(SonaeError):
        evacuation.draft_order(VIEWER, level=4, hazard="flood", whole_city=True)


@pytest.mark.parametrize("status", sorted(ORDER_TRANSITIONS))
def test_every_step_that_is_not_in_the_table_is_refused(city: City, status: str) -> None:
    verbs = {
        "submitted": lambda pk: evacuation.submit(OPERATOR, pk),
        "returned": lambda pk: evacuation.return_(APPROVER, pk, "理由"),
        "rejected": lambda pk: evacuation.reject(APPROVER, pk, "理由"),
        "issued": lambda pk: evacuation.approve(APPROVER, pk),
        "lifted": lambda pk: evacuation.lift(APPROVER, pk),
        "cancelled": lambda pk: evacuation.cancel(APPROVER, pk),
    }
    for to, act in verbs.items():
        made = draft(city)
        EvacuationOrder.objects.filter(pk=made.pk).update(status=status, submitted_by="account:99")
        if to in ORDER_TRANSITIONS[status]:
            assert act(made.pk).status == to
        else:
            with pytest.raises(SonaeError):
                act(made.pk)
            assert evacuation.order(made.pk).status == status


def test_an_order_must_say_where_and_how_grave(city: City) -> None:
    with pytest.raises(SonaeError):
        evacuation.draft_order(OPERATOR, level=4, hazard="flood")
    with pytest.raises(SonaeError):
        evacuation.draft_order(OPERATOR, level=2, hazard="flood", whole_city=True)
    whole = evacuation.draft_order(OPERATOR, level=5, hazard="flood", whole_city=True)
    assert (whole.people, whole.households) == (12, 5)


def test_an_exercise_has_its_own_numbers(city: City) -> None:
    draft(city)
    with city.entered(World.EXERCISE):
        warn(4, status="exercise")
        [made] = evacuation.orders()
        assert made.number == 1
    assert len(evacuation.orders()) == 1


def issued(city: City, level: int, *names: str, replaces: int | None = None) -> EvacuationOrder:
    made = evacuation.draft_order(
        OPERATOR, level=level, hazard="flood", towns=[city.towns[name].pk for name in names],
        replaces=replaces,
    )  # fmt: skip
    evacuation.submit(OPERATOR, made.pk)
    return evacuation.approve(APPROVER, made.pk)


def test_no_town_loses_its_order_because_another_town_got_a_graver_one(city: City) -> None:
    """Level 3 for two towns, then level 4 for one of them: the other keeps level 3."""
    first = issued(city, 3, "西町", "中町")
    issued(city, 4, "西町", replaces=first.pk)
    assert [one.level for one in evacuation.orders_in_force()] == [4, 3]
    last = issued(city, 5, "西町", "中町", "東町", replaces=first.pk)
    assert [one.level for one in evacuation.orders_in_force()] == [5]
    assert {one.level for one in evacuation.replaced_by(last)} == {3, 4}


def test_an_order_ends_when_graver_ones_mean_all_its_towns(city: City) -> None:
    """Level 3 in a town under level 5 must not be told as going on; other hazards are not touched."""
    low = issued(city, 3, "西町", "中町")
    slide = evacuation.draft_order(
        OPERATOR, level=3, hazard="landslide", towns=[city.towns["西町"].pk]
    )
    evacuation.submit(OPERATOR, slide.pk)
    evacuation.approve(APPROVER, slide.pk)
    issued(city, 4, "西町")
    assert evacuation.order(low.pk).status == "issued", "中町 has nothing graver yet"
    issued(city, 5, "中町")
    assert evacuation.order(low.pk).status == "replaced"
    assert [(o.level, o.hazard) for o in evacuation.orders_in_force()] == [
        (5, "flood"), (4, "flood"), (3, "landslide"),
    ]  # fmt: skip
    issued(city, 3, "西町", "中町")
    assert len(evacuation.orders_in_force()) == 4, "a lighter one ends nothing"


def test_what_the_mayor_orders_is_what_people_are_told(city: City) -> None:
    """The weather says 4, the mayor 5: nobody is sent out of doors; and back when it is lifted."""
    warn(4)
    home = city.residents["渡邉 実"]

    def told() -> tuple[str, set[str]]:
        found = evacuation.personal_advice(home.pk)
        assert found is not None
        return found.advice.departure, {rule.id for rule in found.reasons}

    assert told()[0] == "leave_now" and "level_4" in told()[1]
    order = issued(city, 5, "西町")
    outbox.drain()
    assert told()[0] == "too_late" and "ordered_5" in told()[1]
    west, town = home.household, city.towns["西町"].pk
    here = evacuation.advise(
        west.latitude, west.longitude, evacuation.Walker(0, 0, 1, 1), town=town
    )
    assert here.departure == "too_late" and here.because is not None
    assert here.because.id == "ordered_5"
    evacuation.lift(APPROVER, order.pk)
    outbox.drain()
    assert told()[0] == "leave_now"


def test_a_draft_that_the_weather_has_outgrown_says_so(city: City) -> None:
    warn(5)
    [made] = evacuation.orders()
    assert (made.level, evacuation.outgrown(made)) == (5, None)
    warn(4, minute=5)
    assert evacuation.outgrown(evacuation.order(made.pk)) == 4
    warn(0, minute=9)
    assert evacuation.outgrown(evacuation.order(made.pk)) == 0
    own = evacuation.draft_order(OPERATOR, level=5, hazard="flood", towns=[city.towns["西町"].pk])
    assert evacuation.outgrown(own) is None, "the mayor's own judgement"


def test_danger_that_spreads_is_drafted_for_the_new_towns_only(city: City) -> None:
    issued(city, 4, "西町")
    warn(4)
    new, _ = evacuation.orders()
    assert {town.name for town in new.towns.all()} == {"中町"}
    warn(4, minute=5)
    assert len(evacuation.orders()) == 2


def test_what_people_refused_does_not_come_back_until_something_new_is_known(city: City) -> None:
    warn(4)
    [made] = evacuation.orders()
    evacuation.submit(OPERATOR, made.pk)
    evacuation.reject(APPROVER, made.pk, "川の水位は下がっている")
    evacuation_run = evacuation.replan("test")
    outbox.drain()
    assert evacuation.current_run() == evacuation_run
    assert len(evacuation.orders()) == 1, "planned anew from the same telegram"
    warn(4, minute=30)
    assert [one.status for one in evacuation.orders()] == ["draft", "rejected"]


def test_an_order_sent_back_is_not_drafted_a_second_time(city: City) -> None:
    warn(4)
    [made] = evacuation.orders()
    evacuation.submit(OPERATOR, made.pk)
    evacuation.return_(APPROVER, made.pk, "理由を詳しく")
    warn(4, minute=5)
    assert len(evacuation.orders()) == 1


def test_people_are_counted_when_approval_is_asked_for(city: City) -> None:
    made = draft(city)
    home = city.residents["備 太郎"].household
    city.residents["備 太郎"].__class__.objects.create(
        household=home, resident_id="R-NEW", name="備 新", kana="ソナエ シン"
    )
    assert evacuation.order(made.pk).people == 5
    assert evacuation.submit(OPERATOR, made.pk).people == 6
