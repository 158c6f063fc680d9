"""Links of visitors to residents: set union with sightings, exact undo, circles, two people, the machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.identity.interface import citysettings
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.safety import interface as safety
from sonae.domains.safety import rules
from sonae.domains.safety.interface import (
    Match,
    NewLink,
    NewSighting,
    PersonLink,
    PersonState,
    Sighting,
    Visitor,
    VisitorFacts,
)
from sonae.domains.safety.models import InquirySubject
from sonae.platform.access import SYSTEM
from tests.domains.safety.test_ledger import sighting, warn
from tests.fixtures import APPROVER, CLERK, OPERATOR, VIEWER, City

PEOPLE = ("備 太郎", "渡邉 実", "高橋 幸子")


# --- the pure rules -------------------------------------------------------------------------------


@st.composite
def link_sets(draw: st.DrawFn) -> list[rules.Link]:
    """Up to 10 link events among four visitors and two residents, by devices whose clocks differ."""
    made = []
    for number in range(1, draw(st.integers(0, 10)) + 1):
        end = draw(st.sampled_from(["r1", "r2", "v1", "v2", "v3", "v4", ""]))
        old = draw(st.one_of(st.none(), st.integers(1, 10)))
        made.append(
            rules.Link(
                UUID(int=number), draw(st.integers(1, 4)),
                int(end[1]) if end[:1] == "r" else None, int(end[1]) if end[:1] == "v" else None,
                draw(st.booleans()), draw(st.booleans()), f"{draw(st.integers(0, 5)):013d}-0000-T",
                UUID(int=old) if old and old != number else None,
            )
        )  # fmt: skip
    return made


@given(link_sets(), st.randoms(use_true_random=False))
def test_who_is_who_does_not_depend_on_order_or_duplication(
    links: list[rules.Link], random: Random
) -> None:
    again = links + random.choices(links, k=len(links)) if links else []
    random.shuffle(again)
    assert rules.ends(again) == rules.ends(links)
    for visitor, (kind, end) in rules.ends(links).items():
        assert (kind, end) != ("v", visitor), "nobody is at the end of a circle"
        assert kind == "r" or end not in rules.ends(links), "a chain is followed to its end"


@given(link_sets())
def test_a_proposal_changes_nothing(links: list[rules.Link]) -> None:
    assert rules.ends(links) == rules.ends([one for one in links if not one.proposed])


# --- over the database ----------------------------------------------------------------------------


def stranger(city: City, name: str, **more: object) -> int:
    """Somebody at a desk whom the register does not know (yet); return the visitor."""
    who = VisitorFacts(name, "", "1990-01-01", "市外")
    safety.record([sighting(city, visitor=who, **more)])  # type: ignore[arg-type]
    return Visitor.objects.get(key=who.key).pk


def visitors_of(residents: list[int]) -> dict[int, list[int]]:
    """Resident → the visitors that are this person, chains followed; without any: absent."""
    found: dict[int, list[int]] = {}
    rows = Visitor.objects.filter(resident__in=residents).order_by("pk")
    for resident, visitor in rows.values_list("resident", "pk"):
        found.setdefault(resident, []).append(visitor)
    return found


def everything() -> tuple[list[object], ...]:
    """All that is folded: states, who is who, since when the inquiry knows of people."""
    states = PersonState.objects.order_by("person").values_list(
        "person", "facility", "place", "direction", "status", "seen_at", "clock", "conflict"
    )
    visitors = Visitor.objects.order_by("key").values_list("key", "resident", "same_as__key")
    subjects = InquirySubject.objects.order_by("resident").values_list("resident", "accounted_at")
    return list(states), list(visitors), list(subjects)


def head_count(city: City) -> dict[str, int]:
    return {name: safety.occupancy(row.pk).people for name, row in city.facilities.items()}


@pytest.mark.django_db
def test_the_number_falls_by_a_link_and_undo_gives_back_exactly_what_was(city: City) -> None:
    warn(4)
    taro = city.residents["備 太郎"]
    before = everything()
    visitor = stranger(city, "ソナエ太郎", minutes=10)
    written = everything()
    assert safety.unaccounted_count().unaccounted == 9
    made = safety.link(CLERK, visitor, taro.pk, source="reception", reason="保険証で確認")
    assert (made.by, made.reason, made.proposed) == (CLERK.id, "保険証で確認", False)
    assert safety.unaccounted_count().unaccounted == 8
    assert safety.state_of([taro.pk])[taro.pk].facility == city.facilities["F2"]
    assert not PersonState.objects.filter(visitor=visitor).exists(), "nobody is counted twice"
    at = clock.now() + timedelta(minutes=20)
    place = city.facilities["F2"].pk
    assert safety.occupancy(place).people == safety.occupancy(place, at).people == 1
    assert safety.occupancy(place, at).households == 1
    assert visitors_of([taro.pk]) == {taro.pk: [visitor]}
    assert safety.links_of([visitor])[visitor].pk == made.pk
    with pytest.raises(SonaeError, match="conflict"):
        safety.link(CLERK, visitor, taro.pk, source="reception", reason="もう一度")
    safety.unlink(CLERK, visitor, "別の人でした")
    assert everything() == written
    assert safety.unaccounted_count().unaccounted == 9
    assert safety.links_of([visitor]) == {}
    assert [one.reason for one in safety.link_history(visitor)] == ["別の人でした", "保険証で確認"]
    with pytest.raises(SonaeError, match="conflict"):
        safety.unlink(CLERK, visitor, "もう一度")
    assert before[2] == everything()[2]


@pytest.mark.django_db
def test_what_comes_after_the_link_is_folded_with_it(city: City) -> None:
    warn(4)
    taro = city.residents["備 太郎"].pk
    who = VisitorFacts("備 太郎", "", "1950-04-01", "")
    first = sighting(city, None, "F1", visitor=who)
    safety.record([first])
    visitor = Visitor.objects.get().pk
    safety.link(OPERATOR, visitor, taro, source="review", reason="")
    safety.record([sighting(city, None, "F2", visitor=who, minutes=5)])
    safety.record([sighting(city, "備 太郎", "F2", "report", minutes=9, status="injured")])
    state = safety.state_of([taro])[taro]
    assert (state.facility, state.status) == (city.facilities["F2"], "injured")
    assert head_count(city)["F2"] == 1 and head_count(city)["F1"] == 0
    safety.undo(CLERK, first.id)
    held = everything()
    safety.rebuild()
    assert everything() == held
    safety.unlink(OPERATOR, visitor, "")
    assert safety.state_of([taro])[taro].direction == "report"
    assert head_count(city)["F2"] == 1, "the stranger is still there"


@pytest.mark.django_db
def test_a_bare_name_still_leaves_after_it_was_linked(city: City) -> None:
    who = VisitorFacts(name="田中")
    safety.record([sighting(city, None, "F1", visitor=who)])
    visitor = Visitor.objects.get().pk
    safety.link(CLERK, visitor, city.residents["渡邉 実"].pk, source="reception", reason="")
    safety.record([sighting(city, None, "F1", "out", visitor=who, minutes=5)])
    assert Visitor.objects.count() == 1 and head_count(city)["F1"] == 0


@pytest.mark.django_db
def test_chains_are_followed_and_circles_refused(city: City) -> None:
    a, b, c = (stranger(city, name, minutes=n) for n, name in enumerate("甲乙丙"))
    assert head_count(city)["F2"] == 3
    safety.link(CLERK, a, other_pk=b, source="review", reason="同じ人")
    safety.link(CLERK, b, other_pk=c, source="review", reason="同じ人")
    assert head_count(city)["F2"] == 1
    for first, second in ((c, a), (c, b), (a, a), (c, c)):
        with pytest.raises(SonaeError, match="link_circle"):
            safety.link(CLERK, first, other_pk=second, source="review", reason="")
    with pytest.raises(SonaeError, match="link_circle"):
        safety.link_many(
            CLERK, [Match(b, other_pk=a), Match(a, other_pk=c), Match(c, other_pk=b)],
            source="review",
        )  # fmt: skip
    resident = city.residents["渡邉 実"].pk
    last = safety.link(CLERK, c, resident, source="review", reason="")
    assert visitors_of([resident]) == {resident: [a, b, c]}
    assert [row.person for row in PersonState.objects.all()] == [f"r{resident}"]
    safety.undo_link(CLERK, last.pk, "違った")
    safety.unlink(CLERK, b, "")
    assert head_count(city)["F2"] == 2
    held = everything()
    Visitor.objects.update(resident=None, same_as=None)
    safety.rebuild()
    assert everything() == held


@pytest.mark.django_db
def test_two_links_made_apart_never_make_a_circle(city: City) -> None:
    a, b = stranger(city, "甲"), stranger(city, "乙", minutes=1)
    now = clock.now()
    batch = [
        NewLink(uuid7(), one, "family", "T1", now, f"{n:013d}-0000-T{n}", other_pk=two)
        for n, (one, two) in enumerate(((a, b), (b, a)))
    ]
    assert safety.record_links(batch[::-1]) == ["accepted", "accepted"]
    held = everything()
    assert head_count(city)["F2"] == 1
    assert safety.record_links([*batch, batch[0]]) == ["duplicate"] * 3
    safety.rebuild()
    assert everything() == held


@pytest.mark.django_db
def test_undoing_goes_back_step_by_step(city: City) -> None:
    visitor = stranger(city, "甲")
    taro, minoru = city.residents["備 太郎"].pk, city.residents["渡邉 実"].pk
    first = safety.link(CLERK, visitor, taro, source="reception", reason="一人目")
    then = everything()
    second = safety.link(OPERATOR, visitor, minoru, source="review", reason="二人目")
    assert second.supersedes == first.pk
    with pytest.raises(SonaeError, match="conflict"):
        safety.undo_link(CLERK, first.pk, "")
    safety.undo_link(CLERK, second.pk, "やはり一人目")
    assert everything() == then
    end = safety.unlink(CLERK, visitor, "だれでもない")
    safety.undo_link(CLERK, end.pk, "やはり")
    assert everything() == then
    assert PersonLink.objects.count() == 5, "nothing is deleted"


@pytest.mark.django_db
def test_a_call_for_help_keeps_what_was_done_about_it(city: City) -> None:
    visitor = stranger(city, "甲", status="needs_help")
    resident = city.residents["渡邉 実"].pk
    safety.answer_call(OPERATOR, f"v{visitor}", "done", "救護所へ")
    assert safety.help_count() == 0
    safety.link(CLERK, visitor, resident, source="reception", reason="")
    [call] = safety.help_wanted(OPERATOR)
    assert (call.name, call.answer, call.history[0].note) == ("渡邉 実", "done", "救護所へ")
    safety.unlink(CLERK, visitor, "")
    assert safety.help_count() == 0


@pytest.mark.django_db
def test_who_may_link_and_whom(city: City) -> None:
    visitor = stranger(city, "甲")
    taro, shielded = city.residents["備 太郎"].pk, city.residents["佐藤 守"].pk
    tries: list[tuple[Callable[[], object], str]] = [
        (lambda: safety.link(VIEWER, visitor, taro, source="review", reason=""), "forbidden"),
        (lambda: safety.unlink(VIEWER, visitor, ""), "forbidden"),
        (lambda: safety.link(CLERK, visitor, source="review", reason=""), "unprocessable"),
        (lambda: safety.link(CLERK, visitor, taro, visitor, source="review", reason=""), "unproc"),
        (lambda: safety.link(CLERK, visitor, taro, source="magic", reason=""), "unprocessable"),
        (lambda: safety.link(CLERK, 10**9, taro, source="review", reason=""), "not_found"),
    ]
    for attempt, code in tries:
        with pytest.raises(SonaeError, match=code):
            attempt()
    told = set()
    for pk in (shielded, 10**9):
        with pytest.raises(SonaeError) as refused:
            safety.link(OPERATOR, visitor, pk, source="review", reason="")
        told.add((refused.value.code, refused.value.detail, refused.value.hint))
    assert len(told) == 1, "a shielded person is told from nobody by no word"
    assert PersonLink.objects.count() == 0
    safety.link(SYSTEM, visitor, shielded, source="auto", reason="", probability=0.9995)
    assert visitors_of([shielded]) == {shielded: [visitor]}


@pytest.mark.django_db
def test_a_second_person_agrees_where_the_city_asks_for_two(city: City) -> None:
    with municipalities.changing_settings() as held:
        held[citysettings.LINK_TWO] = True
    visitor, taro = stranger(city, "甲"), city.residents["備 太郎"].pk
    before = everything()
    asked = safety.link(CLERK, visitor, taro, source="review", reason="氏名と生年月日")
    assert asked.proposed and everything() == before
    assert [one.pk for one in safety.proposed_links()] == [asked.pk]
    with pytest.raises(SonaeError, match="forbidden"):
        safety.agree_link(CLERK, asked.pk)
    with pytest.raises(SonaeError, match="conflict"):
        safety.link(CLERK, visitor, taro, source="review", reason="一人で二度")
    made = safety.agree_link(OPERATOR, asked.pk)
    assert (made.by, made.supersedes, made.proposed) == (OPERATOR.id, asked.pk, False)
    assert visitors_of([taro]) == {taro: [visitor]}
    with pytest.raises(SonaeError, match="conflict"):
        safety.agree_link(APPROVER, asked.pk)
    safety.unlink(CLERK, visitor, "一人で解ける")
    assert everything() == before
    again = safety.link(CLERK, visitor, taro, source="review", reason="")
    safety.refuse_link(OPERATOR, again.pk, "住所が違う")
    assert again.pk not in {one.pk for one in safety.proposed_links()}
    other = stranger(city, "乙")
    assert not safety.link(SYSTEM, other, taro, source="auto", reason="").proposed
    safety.link(CLERK, other, taro + 1, source="review", reason="")
    agreed = safety.link(OPERATOR, other, taro + 1, source="review", reason="同じ意見")
    assert not agreed.proposed and safety.proposed_links() == []


@pytest.mark.django_db
def test_the_machine_does_not_decide_again_what_a_person_has_decided(city: City) -> None:
    one, two, three = (stranger(city, name) for name in "甲乙丙")
    taro, minoru = city.residents["備 太郎"].pk, city.residents["渡邉 実"].pk
    matches = [Match(one, taro, probability=0.9999), Match(two, minoru, probability=0.9999)]
    assert len(safety.link_many(SYSTEM, matches, source="auto")) == 2
    assert safety.link_many(SYSTEM, matches, source="auto") == [], "so already"
    safety.unlink(CLERK, one, "本人ではない")
    safety.link(CLERK, three, taro, source="review", reason="")
    wanted = [Match(one, taro), Match(two, taro), Match(three, minoru)]
    made = safety.link_many(SYSTEM, wanted, source="auto")
    assert [row.visitor_id for row in made] == [two], "only its own link may be bettered"
    with pytest.raises(SonaeError, match="not_found"):
        safety.link_many(SYSTEM, [Match(one, minoru), Match(10**9, taro)], source="review")
    assert safety.links_of([one]) == {}, "all or nothing"


# --- any order, any duplication ---------------------------------------------------------------------


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[object, ...]]:
    """What five devices, hours apart, noted of three residents and four strangers."""
    skew = [draw(st.integers(-240, 240)) for _ in range(5)]
    told: list[tuple[object, ...]] = []
    for number in range(draw(st.integers(3, 14))):
        device = draw(st.integers(0, 4))
        minute = number * 7 + skew[device]
        if draw(st.booleans()):
            who = draw(st.sampled_from([*PEOPLE, "v0", "v1", "v2", "v3"]))
            what = draw(st.sampled_from(["in", "out", "in", "shelter_at_home", "report"]))
            back = draw(st.one_of(st.none(), st.integers(0, 13)))
            place = draw(st.sampled_from(["F1", "F2", "F3"]))
            told.append(("seen", device, minute, who, what, place, back))
        else:
            end = draw(st.sampled_from([*PEOPLE, "v0", "v1", "v2", "v3", ""]))
            told.append(("link", device, minute, draw(st.integers(0, 3)), end))
    return told


def events_of(
    city: City, told: list[tuple[object, ...]], visitors: list[Visitor]
) -> list[NewSighting | NewLink]:
    """The story as events, with ids and clocks of the devices."""
    ids = [UUID(int=number + 1) for number in range(len(told))]
    start, made = clock.now(), []
    for number, (kind, device, minute, who, *rest) in enumerate(told):
        at = start + timedelta(minutes=float(str(minute)))
        tick = f"{clock.unix_ms(at):013d}-{number:04x}-D{device}"
        if kind == "link":
            end = str(rest[0])
            old = next((i for i in range(number) if told[i][0] == "link" and told[i][3] == who), -1)
            made.append(
                NewLink(
                    ids[number], visitors[int(str(who))].pk, "family", f"D{device}", at, tick,
                    resident_pk=city.residents[end].pk if end in PEOPLE else None,
                    other_pk=visitors[int(end[1])].pk if end[:1] == "v" else None,
                    undo=old >= 0 and number % 3 == 0,
                    supersedes=ids[old] if old >= 0 and number % 2 else None,
                )
            )  # fmt: skip
            continue
        name, what, place, back = str(who), str(rest[0]), str(rest[1]), rest[2]
        target = int(str(back)) if back is not None else number
        takes = target < number and told[target][0] == "seen"
        made.append(
            NewSighting(
                ids[number], "void" if takes and number % 2 else what, at, tick, "reception",
                resident_pk=city.residents[name].pk if name in PEOPLE else None,
                visitor=VisitorFacts(person=name) if name not in PEOPLE else None,
                facility_pk=city.facilities[place].pk, device=f"D{device}",
                supersedes=ids[target] if takes else None,
            )
        )  # fmt: skip
    return made


def deliver(events: list[NewSighting | NewLink]) -> None:
    """Hand events over in this order, each alone or with its neighbours of the same kind."""
    for one in events:
        if isinstance(one, NewLink):
            safety.record_links([one, one])
        else:
            safety.record([one, one])


@pytest.mark.django_db
def test_any_order_and_any_duplication_give_the_same_state_and_undo_what_was_before(
    city: City,
) -> None:
    """≥ 5 devices, clocks hours apart; sightings and links; rebuilt, undone, delivered anew."""
    warn(4)
    now = clock.now()
    visitors = [Visitor.objects.create(key=f"v{n}", first_seen_at=now) for n in range(4)]

    @settings(max_examples=15, phases=[Phase.explicit, Phase.generate])
    @given(stories(), st.integers(0, 10**6))
    def same(told: list[tuple[object, ...]], seed: int) -> None:
        forget()
        random, events = Random(seed), events_of(city, told, visitors)
        deliver(events)
        first = everything()
        safety.rebuild()
        assert everything() == first, "the fold over all is the fold step by step"
        for visitor in visitors:
            _undo_is_exact(visitor, city.residents[PEOPLE[0]].pk)
        assert everything() == first, "undo gives back exactly what was"
        forget()
        again = events + random.choices(events, k=len(events))
        random.shuffle(again)
        deliver(again)
        assert everything() == first, "another order, other duplicates"

    same()


def _undo_is_exact(visitor: Visitor, resident: int) -> None:
    linked = safety.links_of([visitor.pk]).get(visitor.pk)
    if linked is None or linked.resident_id != resident:
        made = safety.link(OPERATOR, visitor.pk, resident, source="review", reason="")
        safety.undo_link(OPERATOR, made.pk, "")


def forget() -> None:
    """Empty the ledger; the visitors and the inquiry stay."""
    PersonState.objects.all().delete()
    PersonLink.objects.all().delete()
    Sighting.objects.all().delete()
    Visitor.objects.update(resident=None, same_as=None)
    InquirySubject.objects.update(accounted_at=None)


def dead(city: City, person: str) -> None:
    """Two people confirm a death."""
    made = safety.propose_death(OPERATOR, person, "police", clock.now())
    safety.decide_death(APPROVER, made.pk, "agreed")


@pytest.mark.django_db
def test_who_somebody_dead_is_takes_two_people(city: City) -> None:
    """A link would write the resident down as dead: not one person's doing, nor the machine's."""
    warn(4)
    taro, minoru = city.residents["備 太郎"].pk, city.residents["渡邉 実"].pk
    visitor = stranger(city, "ソナエ太郎")
    made = safety.propose_death(OPERATOR, f"v{visitor}", "police", clock.now())
    assert safety.mourned([Match(visitor, taro)]) == {visitor}, "what is proposed may come true"
    safety.decide_death(APPROVER, made.pk, "agreed")
    assert safety.link_many(SYSTEM, [Match(visitor, taro)], source="auto") == []
    asked = safety.link(CLERK, visitor, taro, source="review", reason="検案書の氏名")
    assert asked.proposed and taro not in safety.state_of([taro])
    with pytest.raises(SonaeError, match="forbidden"):
        safety.agree_link(CLERK, asked.pk)
    safety.agree_link(OPERATOR, asked.pk)
    assert safety.state_of([taro])[taro].status == "deceased"
    # The same for whoever is said to be the dead visitor, or that resident.
    other = stranger(city, "ソナエ タロウ", minutes=5)
    assert safety.link(CLERK, other, other_pk=visitor, source="review", reason="").proposed
    assert safety.link(CLERK, other, taro, source="review", reason="").proposed
    assert not safety.link(CLERK, other, minoru, source="review", reason="").proposed


@pytest.mark.django_db
def test_an_undo_by_one_joins_nobody_dead_again(city: City) -> None:
    taro = city.residents["備 太郎"].pk
    visitor = stranger(city, "ソナエ太郎")
    safety.link(CLERK, visitor, taro, source="review", reason="")
    ended = safety.unlink(CLERK, visitor, "別の人")
    dead(city, f"v{visitor}")
    with pytest.raises(SonaeError, match="conflict"):
        safety.undo_link(CLERK, ended.pk, "やはり本人")
    assert taro not in safety.state_of([taro])


@pytest.mark.django_db
def test_taking_a_second_word_back_brings_the_first_back(city: City) -> None:
    """Whether the second agreed or refused: the proposal waits again, as it did before."""
    with municipalities.changing_settings() as held:
        held[citysettings.LINK_TWO] = True
    visitor, taro = stranger(city, "甲"), city.residents["備 太郎"].pk
    before = everything()
    asked = safety.link(CLERK, visitor, taro, source="review", reason="")
    for answer in (safety.agree_link, lambda who, pk: safety.refuse_link(who, pk, "違う")):
        made = answer(OPERATOR, asked.pk)  # type: ignore[operator]
        assert safety.proposed_links(visitor) == []
        safety.take_back(OPERATOR, made.pk, "押しまちがい")
        assert [one.pk for one in safety.proposed_links()] == [asked.pk]
        assert everything() == before
        with pytest.raises(SonaeError, match="conflict"):
            safety.take_back(OPERATOR, made.pk, "二度")
    with pytest.raises(SonaeError, match="forbidden"):
        safety.agree_link(CLERK, asked.pk)
    safety.agree_link(APPROVER, asked.pk)
    ended = safety.unlink(CLERK, visitor, "別の人")
    assert safety.proposed_links() == [], "what was ended is not asked about again"
    safety.take_back(CLERK, ended.pk, "やはり本人")
    assert visitors_of([taro]) == {taro: [visitor]} and safety.proposed_links() == []
    with pytest.raises(SonaeError, match="not_found"):
        safety.take_back(CLERK, UUID(int=7), "")
