"""安否照会: by the policy table, by two people, and the same words for unknown, shielded and refused."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.exchange import interface as exchange
from sonae.domains.exchange.interface import SafetyAnswer, SafetyRequest, inquiries, people, rules
from sonae.domains.exchange.requests import MOST_ONLINE, NewRequest
from sonae.domains.municipalities.interface import Municipality
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import interface as safety
from sonae.platform.access import SYSTEM, Actor, Role
from sonae.platform.models import AuditEntry
from sonae.platform.scope import World
from sonae.web import inquirywords
from tests.fixtures import ADMINISTRATOR, APPROVER, CLERK, OPERATOR, VIEWER, City, actor

pytestmark = pytest.mark.django_db
OTHER = actor(Role.APPROVER, 14)
NOBODY = Actor("anonymous", None)


def ask(name: str, asker: str = "kin_household", **more: str) -> SafetyRequest:
    facts = {
        "channel": "window", "asker_name": "備 梅", "relation": "おば", "asker_contact": "090-0000-0000",
        "reason": "連絡がつかない", "asker_body": "備え高校", **more,
    }  # fmt: skip
    return inquiries.receive(OPERATOR, NewRequest(asker=asker, name=name, **facts))[0]


def seen(city: City, name: str, status: str = "safe") -> None:
    one = city.residents[name]
    safety.report_self([one.pk], status, direction="shelter_at_home", actor=SYSTEM)


def answer(city: City, row: SafetyRequest, name: str = "", how: str = "window") -> SafetyAnswer:
    if name:
        inquiries.choose(OPERATOR, row.pk, f"r{city.residents[name].pk}")
    inquiries.identify(OPERATOR, row.pk, "licence")
    inquiries.draft(OPERATOR, row.pk)
    inquiries.decide(APPROVER, row.pk)
    return inquiries.give(OPERATOR, row.pk, how)


def fill(kinds: frozenset[str]) -> set[str]:
    return set(kinds - {"phone"})


@pytest.mark.parametrize("asker", sorted(rules.ASKERS))
@pytest.mark.parametrize("policy", [one.key for one in rules.answer_policies()])
def test_each_asker_is_told_what_the_table_in_force_says(
    city: City, asker: str, policy: str
) -> None:
    Municipality.objects.update(settings={"answer_policy": policy})
    seen(city, "備 太郎", "injured")
    made = answer(city, ask("備 太郎", asker), "備 太郎")
    table = rules.answer_policy(policy).table[asker]
    assert set(made.facts) - {"as_of"} == fill(table)
    assert made.facts["as_of"]
    assert made.ground == rules.answer_policy(policy).source


def test_the_default_table_is_the_one_that_tells_least() -> None:
    default, *others = rules.answer_policies()
    assert default.key == "rule_8_3"
    assert rules.answer_policy("nonsense") == default
    for asker in ("kin_household", "kin", "institution", "acquaintance"):
        for other in others:
            assert len(default.table[asker]) <= len(other.table[asker])
        assert default.table[asker] <= consent.ANSWER
    assert "whereabouts" not in default.table["kin"] | default.table["acquaintance"]


def test_an_answer_needs_two_people_and_a_known_asker(city: City) -> None:
    seen(city, "備 太郎")
    row = ask("備 太郎")
    inquiries.choose(OPERATOR, row.pk, f"r{city.residents['備 太郎'].pk}")
    with pytest.raises(SonaeError, match="本人確認"):
        inquiries.draft(OPERATOR, row.pk)
    inquiries.identify(OPERATOR, row.pk, "call_back")
    with pytest.raises(SonaeError, match="conflict"):
        inquiries.give(OPERATOR, row.pk, "window")
    inquiries.draft(APPROVER, row.pk)
    with pytest.raises(SonaeError, match="forbidden"):
        inquiries.decide(APPROVER, row.pk)
    for other in (OPERATOR, CLERK, VIEWER, ADMINISTRATOR):
        with pytest.raises(SonaeError, match="forbidden"):
            inquiries.decide(other, row.pk)
    assert not AccessEvent.objects.filter(looker=f"request:{row.pk}").exists()
    inquiries.decide(OTHER, row.pk)
    [event] = AccessEvent.objects.filter(looker=f"request:{row.pk}")
    assert event.recipient == "安否照会：備え高校（おば）"
    assert event.decision == "permit"
    inquiries.give(OPERATOR, row.pk, "phone")
    for verb in (inquiries.draft, inquiries.withdraw_request):
        with pytest.raises(SonaeError, match="conflict"):
            verb(OPERATOR, row.pk)
    acts = AuditEntry.objects.filter(target=f"request:{row.pk}").values_list("action", flat=True)
    assert list(acts) == [
        "request_received", "request_person", "request_identified", "answer_drafted",
        "answer_decided", "answer_given",
    ]  # fmt: skip


@pytest.mark.parametrize("who", [VIEWER, CLERK, NOBODY, actor(Role.RESIDENT, 9, 1)])
def test_nobody_else_works_on_inquiries(city: City, who: Actor) -> None:
    row = ask("備 太郎")
    for act in (
        lambda: inquiries.requests(who), lambda: inquiries.identify(who, row.pk, "licence"),
        lambda: inquiries.choose(who, row.pk, ""), lambda: inquiries.preview(who, row.pk),
        lambda: inquiries.draft(who, row.pk), lambda: inquiries.give(who, row.pk, "window"),
        lambda: people.candidates(who, "備"), lambda: inquiries.give_back(who, row.pk, ""),
    ):  # fmt: skip
        with pytest.raises(SonaeError, match="forbidden"):
            act()


def test_what_is_missing_is_said_all_at_once(city: City) -> None:
    with pytest.raises(SonaeError, match="照会の理由・連絡先・続柄"):
        inquiries.receive(OPERATOR, NewRequest("window", "kin", "備 梅", "", "備 太郎"))
    with pytest.raises(SonaeError, match="団体"):
        inquiries.receive(
            OPERATOR,
            NewRequest("letter", "police", "巡査", "捜索", "備 太郎", asker_contact="110"),
        )
    with pytest.raises(SonaeError, match="文書か電話"):
        inquiries.receive(NOBODY, NewRequest("online", "police", "巡査", "捜索", "備 太郎"))
    with pytest.raises(SonaeError, match="forbidden"):
        inquiries.receive(NOBODY, NewRequest("window", "kin", "梅", "x", "備 太郎"))


def online(name: str) -> tuple[SafetyRequest, str]:
    new = NewRequest(
        "online", "kin_household", "備 梅", "心配", name, relation="おば", asker_contact="090"
    )
    return inquiries.receive(NOBODY, new)


def test_unknown_shielded_and_refused_read_the_same(city: City) -> None:
    for name in ("備 太郎", "斎藤 健", "佐藤 守"):
        seen(city, name)
    exchange.choices.choose(
        actor(Role.RESIDENT, 9, city.residents["斎藤 健"].pk),
        city.residents["斎藤 健"].pk,
        {"kin": "no"},
    )
    readings = {}
    for name in ("誰 でもない", "佐藤 守", "斎藤 健", "備 太郎"):
        row, key = online(name)
        before = inquiries.read_online(key)
        assert (before.answered, before.facts) == (False, {})
        found = people.candidates(OPERATOR, name)
        assert bool(found) == (name in ("斎藤 健", "備 太郎"))
        answer(city, row, name if found else "", "online")
        readings[name] = inquiries.read_online(key)
    assert readings["備 太郎"].facts
    hidden = [readings[name] for name in ("誰 でもない", "佐藤 守", "斎藤 健")]
    assert {(one.answered, tuple(one.facts)) for one in hidden} == {(True, ())}


def test_who_is_shielded_after_the_answer_is_told_no_more(city: City) -> None:
    seen(city, "備 太郎")
    row, key = online("備 太郎")
    answer(city, row, "備 太郎", "online")
    assert inquiries.read_online(key).facts["injury"] == "no"
    Resident.objects.filter(pk=city.residents["備 太郎"].pk).update(shielded=True)
    assert inquiries.read_online(key).facts == {}


def test_nobody_answering_is_no_news_and_hearsay_is_called_so(city: City) -> None:
    taro = city.residents["備 太郎"]
    row = ask("備 太郎")
    inquiries.choose(OPERATOR, row.pk, f"r{taro.pk}")
    seen(city, "備 太郎")
    assert "heard_from" not in inquiries.preview(OPERATOR, row.pk)[0]
    said(taro.pk, "patrol", safety.RESULTS["4"].status, safety.RESULTS["4"].place)
    assert inquiries.preview(OPERATOR, row.pk)[0] == {}
    said(taro.pk, "family")
    facts = inquiries.preview(OPERATOR, row.pk)[0]
    assert (facts["condition"], facts["heard_from"]) == ("safe", "family")
    told = dict(inquirywords.told(facts))
    assert "無事（家族から聞いた）" in told.values()
    assert "確認" not in "".join(told.values())


def said(resident: int, source: str, status: str = "safe", place: str = "") -> None:
    """Somebody else says how a resident is."""
    new = safety.NewSighting(
        id=uuid4(), direction="report", occurred_at=clock.now(), clock="", source=source,
        resident_pk=resident, status=status, place=place,
    )  # fmt: skip
    safety.record([new])


def test_a_draft_is_void_when_less_may_be_told_or_something_new_is_known(city: City) -> None:
    seen(city, "備 太郎")
    row = ask("備 太郎")
    inquiries.choose(OPERATOR, row.pk, f"r{city.residents['備 太郎'].pk}")
    inquiries.identify(OPERATOR, row.pk, "passport")
    inquiries.draft(OPERATOR, row.pk)
    seen(city, "備 太郎", "injured")
    with pytest.raises(SonaeError, match="起案し直して"):
        inquiries.decide(APPROVER, row.pk)
    inquiries.draft(OPERATOR, row.pk)
    inquiries.decide(APPROVER, row.pk)
    Resident.objects.filter(pk=city.residents["備 太郎"].pk).update(shielded=True)
    with pytest.raises(SonaeError, match="起案し直して"):
        inquiries.give(OPERATOR, row.pk, "window")
    inquiries.give_back(OPERATOR, row.pk, "")
    assert inquiries.draft(OPERATOR, row.pk).rule == "no_ground", "the desk reads no shield"
    assert inquiries.preview(OPERATOR, row.pk) == ({}, "no_ground")


def test_a_shielded_person_is_no_candidate_by_any_way(city: City) -> None:
    hidden = city.residents["佐藤 守"]
    AccessEvent.objects.all().delete()
    for text in ("佐藤 守", "サトウ", "守", "1999-09-09", hidden.resident_id, hidden.card_number):
        assert all(one.key != f"r{hidden.pk}" for one in people.candidates(OPERATOR, text)), text
    for key in (f"r{hidden.pk}", "r999999", "v999999", "rx", "x1", "v"):
        with pytest.raises(SonaeError) as refused:
            inquiries.choose(OPERATOR, ask("佐藤 守").pk, key)
        assert refused.value.detail == "この人は一覧にありません。"


def visitor(name: str, birth_date: str = "", kana: str = "", address: str = "") -> safety.Visitor:
    who = safety.VisitorFacts(name, kana, birth_date, address, person=f"k-{name}{birth_date}")
    now = clock.now()
    safety.record(
        [safety.NewSighting(
            id=__import__("uuid").uuid4(), direction="in_car", occurred_at=now, clock="", source="city",
            visitor=who,
        )]
    )  # fmt: skip
    return safety.Visitor.objects.get(key=who.person)


def test_a_visitor_is_found_and_told_of(city: City) -> None:
    one = visitor("旅野 人", "1980-01-01")
    [found] = people.candidates(OPERATOR, "旅野")
    assert (found.key, found.known) == (f"v{one.pk}", True)
    row = ask("旅野 人")
    inquiries.choose(OPERATOR, row.pk, found.key)
    inquiries.identify(OPERATOR, row.pk, "licence")
    assert inquiries.draft(OPERATOR, row.pk).facts["whereabouts"]["direction"] == "in_car"


def test_a_visitor_who_may_be_a_shielded_resident_is_nobody(city: City) -> None:
    for name, born, kana in (("佐藤守", "1999-09-09", ""), ("佐藤 守", "", ""), ("サトウ マモル", "1999", ""),
                             ("さとう", "", "サトウ マモル")):  # fmt: skip
        hidden = visitor(name, born, kana)
        assert all(one.key != f"v{hidden.pk}" for one in people.candidates(OPERATOR, name)), name
    Resident.held.filter(pk=city.residents["佐藤 守"].pk).update(left_on="2026-07-01")
    assert not people.candidates(OPERATOR, "サトウ マモル"), "nor after moving away"
    same_name = visitor("佐藤 守", "1950-01-01")
    assert f"v{same_name.pk}" in {one.key for one in people.candidates(OPERATOR, "佐藤")}
    Resident.objects.filter(pk=city.residents["備 太郎"].pk).update(shielded=True)
    chosen = visitor("別名 太郎", "1950-04-01")
    row = ask("別名 太郎")
    inquiries.choose(OPERATOR, row.pk, f"v{chosen.pk}")
    inquiries.identify(OPERATOR, row.pk, "licence")
    assert inquiries.preview(OPERATOR, row.pk)[0]
    safety.link_many(
        SYSTEM,
        [safety.Match(chosen.pk, city.residents["備 太郎"].pk, None, "x", None)],
        source="auto",
    )
    assert inquiries.preview(OPERATOR, row.pk)[0] == {}


def test_the_page_cannot_be_flooded(city: City) -> None:
    first, _key = online("備 太郎")
    SafetyRequest.objects.bulk_create(
        SafetyRequest(
            number=number, channel="online", asker="kin", asker_name="x", reason="x", name="x",
            received_at=clock.now(), received_by="anonymous",
        )
        for number in range(2, MOST_ONLINE + 1)
    )  # fmt: skip
    with pytest.raises(SonaeError, match="rate_limited"):
        online("備 太郎")
    assert ask("備 太郎").number == MOST_ONLINE + 1, "the window stays open"
    SafetyRequest.objects.update(received_at=clock.now() - timedelta(hours=1))
    assert online("備 太郎")[0].number > first.number


def test_a_key_opens_one_inquiry_of_its_own_world(city: City) -> None:
    _row, key = online("備 太郎")
    for wrong in ("", "x", key[:-1], key + "x"):
        with pytest.raises(SonaeError, match="not_found"):
            inquiries.read_online(wrong)
    with city.entered(World.EXERCISE), pytest.raises(SonaeError, match="not_found"):
        inquiries.read_online(key)
    assert key not in str(SafetyRequest.objects.values())


def test_residents_decide_who_may_be_told(city: City) -> None:
    taro = city.residents["備 太郎"]
    own = actor(Role.RESIDENT, 9, taro.pk)
    assert exchange.choices.chosen(own, taro.pk) == {
        "kin": "law", "acquaintance": "law", "public": "no",
    }  # fmt: skip
    seen(city, "備 太郎")
    exchange.choices.choose(own, taro.pk, {"kin": "more", "acquaintance": "no", "public": "more"})
    assert exchange.choices.chosen(own, taro.pk) == {
        "kin": "more", "acquaintance": "no", "public": "more",
    }  # fmt: skip
    assert "whereabouts" in answer(city, ask("備 太郎", "kin"), "備 太郎").facts
    assert answer(city, ask("備 太郎", "acquaintance"), "備 太郎").facts == {}
    exchange.choices.choose(own, taro.pk, {"kin": "law", "acquaintance": "law"})
    assert "whereabouts" not in answer(city, ask("備 太郎", "kin"), "備 太郎").facts
    assert answer(city, ask("備 太郎", "acquaintance"), "備 太郎").facts["held"] is True
    for wrong in ({"kin": "x"}, {"x": "no"}, {"public": "law"}):
        with pytest.raises(SonaeError, match="unprocessable"):
            exchange.choices.choose(own, taro.pk, wrong)
    with pytest.raises(SonaeError, match="forbidden"):
        exchange.choices.choose(own, city.residents["備 花子"].pk, {"kin": "no"})
