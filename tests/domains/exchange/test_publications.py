"""氏名の公表: three people, the shield looked through, out as soon as found; nobody counted who is hidden."""

from __future__ import annotations

import pytest

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.exchange import interface as exchange
from sonae.domains.exchange.interface import PublishedName, publications, rules
from sonae.domains.municipalities.interface import Municipality
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import interface as safety
from sonae.domains.safety.models import Inquiry, InquirySubject
from sonae.platform.access import SYSTEM, Role
from tests.fixtures import APPROVER, CLERK, OPERATOR, VIEWER, City, actor

pytestmark = pytest.mark.django_db
SECOND = actor(Role.APPROVER, 15)


@pytest.fixture
def missing(city: City) -> City:
    """Everybody of the city is under inquiry and nobody has been heard of."""
    inquiry = Inquiry.objects.create(opened_at=clock.now(), reason="洪水")
    InquirySubject.objects.bulk_create(
        InquirySubject(
            inquiry=inquiry, resident=one, town=one.household.town, zone="inside", danger=50, need=0,
            added_at=clock.now(),
        )
        for one in city.residents.values()
    )  # fmt: skip
    return city


def names(pk: int) -> list[str]:
    return [one.name for one in publications.lines(OPERATOR, publications.publication_of(pk))]


def in_force(title: str = "7月の洪水") -> int:
    pk = publications.prepare(OPERATOR, title).pk
    publications.check(OPERATOR, pk)
    publications.approve(APPROVER, pk)
    publications.approve(SECOND, pk)
    return pk


def test_names_leave_only_after_the_check_and_two_approvals(missing: City) -> None:
    row = publications.prepare(APPROVER, "7月の洪水")
    for act in (publications.approve, publications.hand_over):
        with pytest.raises(SonaeError):
            act(SECOND, row.pk)
    publications.check(OPERATOR, row.pk)
    with pytest.raises(SonaeError, match="forbidden"):
        publications.approve(APPROVER, row.pk)
    publications.approve(SECOND, row.pk)
    with pytest.raises(SonaeError, match="forbidden"):
        publications.approve(SECOND, row.pk)
    with pytest.raises(SonaeError, match="conflict"):
        publications.hand_over(OPERATOR, row.pk)
    publications.approve(actor(Role.APPROVER, 16), row.pk)
    assert AccessEvent.objects.filter(looker="publication", decision="permit").count() == 11
    assert len(publications.hand_over(OPERATOR, row.pk).lines) == 11
    own = actor(Role.RESIDENT, 9, missing.residents["備 太郎"].pk)
    assert consent.accesses(own, own.resident_id or 0)[0].recipient == "氏名の公表（都道府県）"


def test_only_the_district_is_named(missing: City) -> None:
    [line] = [
        one for one in publications.hand_over(OPERATOR, in_force()).lines if one.name == "備 太郎"
    ]
    assert (line.town, line.kana, line.sex) == ("西町", "ソナエ タロウ", "1")
    assert line.age == clock.today().year - 1950 - (clock.today().timetuple()[1:3] < (4, 1))
    assert not hasattr(line, "address")
    assert (
        next(
            one
            for one in publications.hand_over(OPERATOR, in_force("2")).lines
            if one.name == "山﨑 ミツ"
        ).age
        is None
    )


def test_nobody_under_the_shield_is_named_or_counted(missing: City) -> None:
    pk = in_force()
    assert "佐藤 守" not in names(pk)
    assert PublishedName.objects.filter(publication=pk).count() == 11
    hidden = missing.residents["備 花子"]
    Resident.objects.filter(pk=hidden.pk).update(shielded=True)
    assert "備 花子" not in {one.name for one in publications.hand_over(OPERATOR, pk).lines}


def test_who_is_shielded_after_the_end_is_shown_no_more(missing: City) -> None:
    pk = in_force()
    publications.end(OPERATOR, pk)
    assert "備 花子" in names(pk)
    Resident.objects.filter(pk=missing.residents["備 花子"].pk).update(shielded=True)
    assert len(names(pk)) == 10
    assert "備 花子" not in names(pk)


def test_who_is_found_is_taken_out_at_once(missing: City) -> None:
    pk = in_force()
    taro = missing.residents["備 太郎"]
    safety.report_self([taro.pk], "safe", actor=SYSTEM)
    handed = publications.hand_over(OPERATOR, pk)
    assert "備 太郎" not in {one.name for one in handed.lines}
    [entry] = PublishedName.objects.filter(publication=pk).exclude(withdrawn_at=None)
    assert (handed.withdrawn, entry.withdrawn_why) == ([entry.pk], publications.FOUND)
    assert publications.withdrawn(OPERATOR, publications.publication_of(pk)) == 1


def test_nobody_is_found_by_an_empty_house_or_by_a_new_inquiry(missing: City) -> None:
    pk = in_force()
    taro, hanako = missing.residents["備 太郎"], missing.residents["備 花子"]
    safety.report_self([taro.pk], "unknown", actor=SYSTEM)
    assert "備 太郎" in names(pk), "nobody has seen him"
    Inquiry.objects.update(closed_at=clock.now())
    again = Inquiry.objects.create(opened_at=clock.now(), reason="土砂")
    InquirySubject.objects.create(
        inquiry=again, resident=hanako, town=hanako.household.town, zone="inside", danger=50, need=0,
        added_at=clock.now(),
    )  # fmt: skip
    assert names(pk) == ["備 花子"]
    assert publications.withdrawn(OPERATOR, publications.publication_of(pk)) == 0
    gone = PublishedName.objects.filter(publication=pk).exclude(withdrawn_at=None)
    assert set(gone.values_list("withdrawn_why", flat=True)) == {publications.NOT_ASKED_FOR}


def test_more_people_missing_take_no_name_out(
    missing: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publications, "MOST_NAMES", 11)
    pk = in_force()
    monkeypatch.setattr(publications, "MOST_NAMES", 3)
    assert len(publications.hand_over(OPERATOR, pk).lines) == 11
    with pytest.raises(SonaeError, match="too_large"):
        publications.prepare(OPERATOR, "x")


def test_who_has_refused_is_not_named(missing: City) -> None:
    taro = missing.residents["備 太郎"].pk
    consent.grant(CLERK, taro, "public", "name_publication", ())
    assert "備 太郎" not in names(publications.prepare(OPERATOR, "x").pk)


def test_a_name_is_taken_out_with_a_reason(missing: City) -> None:
    pk = in_force()
    entry = publications.lines(OPERATOR, publications.publication_of(pk))[0]
    publications.take_out(OPERATOR, pk, entry.pk, "家族の申し出")
    assert entry.name not in names(pk)
    with pytest.raises(SonaeError, match="not_found"):
        publications.take_out(OPERATOR, pk, entry.pk, "")


def test_where_the_prefecture_asks_for_kin_only_agreed_names_leave(missing: City) -> None:
    Municipality.objects.update(settings={"publication_policy": "kin_first"})
    row = publications.prepare(OPERATOR, "x")
    [first, *_] = publications.lines(OPERATOR, row)
    assert (first.kana, first.waits_for_kin) == ("", True)
    publications.note_kin(OPERATOR, row.pk, first.pk, "長男（電話で）")
    publications.check(OPERATOR, row.pk)
    publications.approve(APPROVER, row.pk)
    with pytest.raises(SonaeError, match="conflict"):
        publications.note_kin(OPERATOR, row.pk, first.pk, "x")
    publications.approve(SECOND, row.pk)
    assert [one.name for one in publications.hand_over(OPERATOR, row.pk).lines] == [first.name]


def test_the_dead_are_named_only_with_a_familys_consent(missing: City) -> None:
    row = publications.prepare(OPERATOR, "x")
    taro = missing.residents["備 太郎"]
    for said in ("長男", ""):
        with pytest.raises(SonaeError, match="conflict"):
            publications.add_deceased(OPERATOR, row.pk, taro.pk, said)
    made = safety.propose_death(OPERATOR, f"r{taro.pk}", "police", clock.now())
    assert publications.dead_to_add(OPERATOR, row) == [], "one person's word is none"
    safety.decide_death(APPROVER, made.pk, "agreed")
    [offered] = publications.dead_to_add(OPERATOR, row)
    assert (offered.pk, offered.name) == (taro.pk, "備 太郎")
    publications.check(OPERATOR, row.pk)
    publications.add_deceased(SECOND, row.pk, taro.pk, "長男（窓口で）")
    row.refresh_from_db()
    assert row.state == "draft" and publications.dead_to_add(OPERATOR, row) == []
    publications.check(OPERATOR, row.pk)
    with pytest.raises(SonaeError, match="forbidden"):
        publications.approve(SECOND, row.pk)
    [line] = [one for one in publications.lines(OPERATOR, row) if one.kind == "deceased"]
    assert (line.name, line.waits_for_kin) == ("備 太郎", False)
    with pytest.raises(SonaeError, match="conflict"):
        publications.add_deceased(OPERATOR, row.pk, missing.residents["佐藤 守"].pk, "母")
    publications.approve(APPROVER, row.pk)
    publications.approve(actor(Role.APPROVER, 16), row.pk)
    assert "備 太郎" in [one.name for one in publications.hand_over(OPERATOR, row.pk).lines]
    safety.decide_death(OPERATOR, made.pk, "undone", "同姓同名の別人")
    handed = publications.hand_over(OPERATOR, row.pk)
    assert "備 太郎" not in [one.name for one in handed.lines] and line.pk in handed.withdrawn


def test_sending_back_undoes_check_and_approval(missing: City) -> None:
    pk = publications.prepare(OPERATOR, "x").pk
    publications.check(OPERATOR, pk)
    publications.approve(APPROVER, pk)
    publications.send_back(OPERATOR, pk)
    row = publications.publication_of(pk)
    assert (row.state, row.checked_by, row.approved_by) == ("draft", "", "")
    publications.end(OPERATOR, pk)
    with pytest.raises(SonaeError, match="conflict"):
        publications.check(OPERATOR, pk)


def test_nobody_else_prepares_or_reads(missing: City) -> None:
    pk = in_force()
    row = publications.publication_of(pk)
    for act in (
        lambda who: publications.prepare(who, "x"), lambda who: publications.lines(who, row),
        lambda who: publications.hand_over(who, pk), publications.publications,
    ):  # fmt: skip
        for who in (VIEWER, CLERK):
            with pytest.raises(SonaeError, match="forbidden"):
                act(who)
    assert rules.publication_policy("nonsense").key == "national"
    assert exchange.NamePublication.objects.count() == 1
