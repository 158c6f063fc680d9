"""The one field of the desk: QR, card, name, kana, birth date; shielded people; every look recorded."""

from __future__ import annotations

import base64
import struct
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.residents import interface as residents
from sonae.domains.residents import qr
from sonae.domains.residents.interface import Resident
from sonae.domains.residents.rules import given_key, name_key
from sonae.platform.access import Actor, Role
from sonae.platform.scope import Scope, World, bound
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
        ("たろう", "kana", ["備 太郎"]),
        ("ソナエ 昭和25年", "kana+birth_date", ["備 太郎"]),
        ("1950.4.1　備", "name+birth_date", ["備 太郎"]),
        ("1980 ソナエ", "kana+birth_date", ["備 一郎"]),
        ("備 1999", "name+birth_date", []),
        ("1940-05-05", "birth_date", ["山﨑 ミツ"]),
        ("昭和15年5月", "birth_date", ["山﨑 ミツ"]),
        ("昭和13年1月", "birth_date", ["山﨑 清"]),
        ("昭和13年5月", "birth_date", []),
        ("昭和15年頃", "birth_date", ["山﨑 清", "山﨑 ミツ"]),
        ("渡辺", "name", ["渡邉 実", "渡邉 結衣"]),
        ("渡邊実", "name", ["渡邉 実"]),
        ("斎藤", "name", ["斎藤 健"]),
        ("齋藤", "name", ["斎藤 健"]),
        ("斉藤", "name", []),
        ("山崎", "name", ["山﨑 ミツ", "山﨑 清"]),
        ("わたなへ", "kana", ["渡邉 実", "渡邉 結衣"]),
        ("ワタナベユイ", "kana", ["渡邉 結衣"]),
        ("r0013", "resident_id", ["備 一郎"]),
        ("H0000001", "card", ["備 太郎", "備 花子", "備 一郎"]),
        ("Ｈ０００００ ０１", "card", ["備 太郎", "備 花子", "備 一郎"]),
        ("ｃ００１１", "card", ["備 太郎"]),
        ("watanabe", "name", ["渡邉 実", "渡邉 結衣"]),
        ("Takahashi Sho", "name", ["高橋 翔"]),
        ("いない", "kana", []),
        ("ー", "kana", []),
        ("999999999999", "name", []),
        ("", "", []),
    ],
)
def test_whatever_is_typed_finds_the_person(
    city: City, text: str, how: str, names: list[str]
) -> None:
    assert found(text) == (how, names)


def test_a_shielded_household_is_opened_only_by_the_own_card_of_one_of_them(city: City) -> None:
    kiyoshi, mamoru = city.residents["山﨑 清"], city.residents["佐藤 守"]
    child = Resident.objects.create(
        resident_id="R0054", household=mamoru.household, name="佐藤 空", kana="サトウ ソラ",
        kana_key="サトオソラ", name_key="佐藤空", shielded=True, card_number="C0054",
    )  # fmt: skip

    def names(pk: int, shown: str = "") -> list[str]:
        return [one.name for one in residents.household_of(CLERK, pk, shown=shown)]

    plain = ["山﨑 清", "山﨑 ミツ"]
    assert names(kiyoshi.pk) == plain
    assert names(mamoru.pk) == [], "a number typed into an address opens nothing"
    assert names(kiyoshi.pk, "C0051") == plain, "the card of somebody who is not shielded"
    assert names(kiyoshi.pk, "H0000005") == plain, "the card of the household"
    assert names(city.residents["備 太郎"].pk, "C0053") == ["備 太郎", "備 花子", "備 一郎"]
    ends = clock.now() + timedelta(days=30)
    for own in ("C0053", "C0054", qr.make(qr.PERSON, "R0053", ends)):
        assert names(mamoru.pk, own) == [*plain, "佐藤 守", child.name]
    shown = residents.household_of(CLERK, mamoru.pk, shown="C0053")
    assert [one.address for one in shown if one.name.startswith("佐藤")] == ["", ""]
    assert all(one.address for one in shown if one.name.startswith("山﨑"))
    home = qr.make(qr.HOUSEHOLD, "H0000005", ends)
    assert found(home) == ("qr", plain), "whoever left the home may still hold its card"
    assert found("H0000005") == ("card", plain)


def test_a_shielded_person_is_in_no_list_and_greeted_only_with_the_own_card(city: City) -> None:
    for text in ("サトウ", "佐藤", "1999-09-09", "R0053"):
        assert "佐藤 守" not in found(text)[1]
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


def test_a_code_of_the_neighbouring_town_opens_nobody_here(city: City) -> None:
    """One server, one key, two towns that number their residents alike."""
    with bound(Scope("012025", World.LIVE)):
        codes = [
            qr.make(kind, identifier, clock.now() + timedelta(days=30))
            for kind, identifier in ((qr.PERSON, "R0011"), (qr.HOUSEHOLD, "H0000001"))
        ]
        assert [qr.verify(code).identifier for code in codes] == ["R0011", "H0000001"]
    for code in codes:
        with pytest.raises(SonaeError, match="ほかの市町村") as error:
            residents.search(CLERK, code)
        assert error.value.code == "qr_elsewhere"


def test_a_code_of_the_first_version_is_refused_with_a_reason(city: City) -> None:
    body = struct.pack(">BcI", 1, b"P", 2**32 - 1) + b"R0011"
    old = base64.b32encode(body + qr._key().sign(body)).decode().rstrip("=")
    with pytest.raises(SonaeError, match="古い版"):
        residents.search(CLERK, qr.PREFIX + old)


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


def test_a_terminal_of_a_shelter_may_search_for_reception(city: City) -> None:
    assert found("ソナエ タロウ", Actor("terminal:T01", None))[1] == ["備 太郎"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("渡邉 実", "渡辺實", True), ("髙橋", "高橋", True), ("山﨑", "山崎", True), ("齋藤", "斎藤", True),
        ("斉藤", "斎藤", False), ("葛\U000e0100城", "葛城", True), ("ｽﾐｽ ｼﾞｮﾝ", "スミスジョン", True),
        ("島田", "嶋田", True), ("福島", "福嶌", True), ("\u795e山", "\ufa19山", True),
    ],
)  # fmt: skip
def test_written_forms_of_one_name_meet(one: str, other: str, same: bool) -> None:
    assert (name_key(one) == name_key(other)) is same


def test_the_given_name_has_its_own_key() -> None:
    assert given_key("ソナエ　タロウ") == given_key("ヤマダ タロウ") != ""
    assert given_key("ソナエ") == ""


def test_the_key_of_the_qr_is_private_to_its_owner(city: City) -> None:
    qr.make(qr.PERSON, "R0011", clock.now() + timedelta(days=1))
    file = Path(settings.HOME) / "qr.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(qr.public_key()) == 32
    public = Ed25519PublicKey.from_public_bytes(qr.public_key())
    token = qr.make(qr.PERSON, "R0011", clock.now() + timedelta(days=1))
    raw = base64.b32decode(token[3:] + "=" * (-len(token[3:]) % 8))
    public.verify(raw[-64:], raw[:-64])  # what a terminal without a network does


@pytest.mark.parametrize("typed", ["2024年13月", "S99.99.99", "1950/13/1", "ソナエ S25.13.1"])
def test_what_looks_like_a_date_and_is_none_is_said(city: City, typed: str) -> None:
    """Not to be found is another answer than not to be a date."""
    with pytest.raises(SonaeError, match="日付を読めません"):
        residents.search(CLERK, typed)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ソナエ タロフ", "備 太郎"), ("ソナエタウロ", "備 太郎"), ("タロウ ソネエ", "備 太郎"), ("Sonae Taro", "備 太郎"),
        ("ソナイ タロウ 昭和25年", "備 太郎"), ("渡邉 結依", "渡邉 結衣"),
    ],
)  # fmt: skip
def test_a_mistake_still_finds_the_person_and_says_so(city: City, text: str, name: str) -> None:
    result = residents.search(CLERK, text)
    assert result.similar == len(result.people) > 0
    assert name in [one.name for one in result.people[:5]]
    seen = set(AccessEvent.objects.filter(looker=CLERK.id).values_list("subject", flat=True))
    assert {one.pk for one in result.people} <= seen, "a name shown is a look, and on the record"


@pytest.mark.parametrize(
    "text", ["ソナエ タロウ", "備 太郎", "S25.4.1", "C0011", "ソナ", "ソナエ タロフ 1999"]
)
def test_nobody_is_shown_beside_who_was_meant(city: City, text: str) -> None:
    assert residents.search(CLERK, text).similar == 0


def test_a_shielded_person_is_similar_to_nobody(city: City) -> None:
    hidden = Resident.objects.filter(shielded=True).first()
    assert hidden is not None
    for text in (f"{hidden.kana[:-1]}ヌ", f"{hidden.name[:-1]}〆", hidden.kana, hidden.name):
        assert hidden.pk not in [one.pk for one in residents.search(CLERK, text).people]


def test_a_new_register_version_brings_new_names(city: City) -> None:
    assert residents.search(CLERK, "ソナエ タロフ").similar
    one = Resident.objects.get(name="備 太郎")
    Resident.objects.filter(pk=one.pk).update(
        kana="アタラシ ナマエ", kana_key="アタラシナマエ", given_key="ナマエ"
    )
    municipalities.renew_register_version()
    assert "備 太郎" not in [who.name for who in residents.search(CLERK, "ソナエ タロフ").people]
    assert [who.name for who in residents.search(CLERK, "アタラシ ナヌエ").people] == ["備 太郎"]
