"""The one field of the desk: QR, card, name, kana, birth date; shielded people; every look recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.residents import interface as residents
from sonae.domains.residents import qr
from sonae.platform.access import Actor, Role
from tests.fixtures import CLERK, OPERATOR, City, actor

pytestmark = pytest.mark.django_db


def found(text: str, who: Actor = CLERK) -> tuple[str, list[str]]:
    result = residents.search(who, text)
    return result.how, [one.name for one in result.people]


@pytest.mark.parametrize(
    ("text", "how", "names"),
    [
        ("ソナエ", "kana", ["備 一郎", "備 太郎", "備 花子"]),
        ("そなえ たろ", "kana", ["備 太郎"]),
        ("ｿﾅｴ ﾀﾛｳ", "kana", ["備 太郎"]),
        ("渡邉", "name", ["渡邉 実", "渡邉 結衣"]),
        ("渡邉　実", "name", ["渡邉 実"]),
        ("C0011", "card", ["備 太郎"]),
        ("R0013", "resident_id", ["備 一郎"]),
        ("昭和25年4月1日", "birth_date", ["備 太郎"]),
        ("S25.4.1", "birth_date", ["備 太郎"]),
        ("1950-04-01", "birth_date", ["備 太郎"]),
        ("1950/4/1", "birth_date", ["備 太郎"]),
        ("いない", "kana", []),
        ("", "", []),
    ],
)
def test_whatever_is_typed_finds_the_person(
    city: City, text: str, how: str, names: list[str]
) -> None:
    assert found(text) == (how, names)


def test_a_shielded_person_is_in_no_list_and_greeted_only_with_the_own_card(city: City) -> None:
    for text in ("サトウ", "佐藤", "1999-09-09", "R0053"):
        assert found(text)[1] == []
    how, names = found("C0053")
    assert (how, names) == ("card", ["佐藤 守"])
    [person] = residents.search(CLERK, "C0053").people
    assert (person.address, person.birth_date) == ("", "")
    kiyoshi = city.residents["山﨑 清"]
    assert "佐藤 守" not in [one.name for one in residents.household_of(CLERK, kiyoshi.pk)]
    assert all("佐藤" not in row["name"] for row in residents.operator_rows())


def test_qr_of_a_person_and_of_a_household(city: City) -> None:
    ends = clock.now() + timedelta(days=30)
    person = qr.make(qr.PERSON, "R0011", ends)
    assert found(person) == ("qr", ["備 太郎"])
    home = qr.make(qr.HOUSEHOLD, "H0000001", ends)
    assert found(home)[1] == ["備 太郎", "備 花子", "備 一郎"]
    assert "<svg" in qr.svg(person)


def test_a_forged_or_expired_qr_is_refused_with_a_reason(city: City) -> None:
    good = qr.make(qr.PERSON, "R0011", clock.now() + timedelta(days=30))
    broken = good[:60] + ("A" if good[60] != "A" else "B") + good[61:]
    for bad, code in ((broken, "qr_invalid"), (good[:-8] + "########", "qr_invalid")):
        with pytest.raises(SonaeError) as error:
            residents.search(CLERK, bad)
        assert error.value.code == code
    old = qr.make(qr.PERSON, "R0011", clock.now() - timedelta(seconds=1))
    with pytest.raises(SonaeError) as error:
        residents.search(CLERK, old)
    assert error.value.code == "qr_expired"


def test_a_token_fits_a_small_code(city: City) -> None:
    text = qr.make(qr.PERSON, "R" * 14, clock.now() + timedelta(days=3650))
    assert len(text) <= 154, "version 6-M, alphanumeric"
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def test_every_look_is_recorded(city: City) -> None:
    residents.search(OPERATOR, "ソナエ")
    assert AccessEvent.objects.filter(recipient=OPERATOR.name, purpose="reception").count() == 3


def test_a_stranger_sees_nothing(city: City) -> None:
    assert found("ソナエ", Actor("anonymous", None))[1] == []
    assert found("ソナエ", actor(Role.RESIDENT, 9, city.residents["渡邉 実"].pk))[1] == []


def test_the_own_household(city: City) -> None:
    own = actor(Role.RESIDENT, 9, city.residents["備 一郎"].pk)
    assert [one.name for one in residents.own_household(own)] == ["備 太郎", "備 花子", "備 一郎"]
    assert residents.own_home(own) == city.residents["備 一郎"].household
    assert residents.own_household(CLERK) == []


def test_a_long_list_says_that_there_is_more(city: City) -> None:
    result = residents.search(CLERK, "ソナエ", limit=2)
    assert (len(result.people), result.more) == (2, True)
