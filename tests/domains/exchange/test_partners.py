"""Other cities: their own people only, by law, until a day, and each of them on record."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.core.errors import SonaeError
from sonae.domains.exchange import partners as module
from sonae.domains.exchange import people
from sonae.domains.exchange.interface import ExchangeDisclosure, ExchangePartner, partners
from sonae.domains.residents.interface import Resident
from sonae.domains.rosters import interface as rosters
from sonae.domains.safety import interface as safety
from sonae.platform.access import SYSTEM
from tests.fixtures import ADMINISTRATOR, OPERATOR, VIEWER, City

pytestmark = pytest.mark.django_db
WAJIMA = "172049"


def until(days: float = 30) -> datetime:
    return clock.SystemClock().now() + timedelta(days=days)


def enrolled(
    kinds: tuple[str, ...] = partners.KINDS, days: float = 30
) -> tuple[ExchangePartner, str]:
    return partners.enrol(
        ADMINISTRATOR, WAJIMA, "輪島市", "石川県", partners.BASES[0], kinds, until(days)
    )


def visitor(name: str, address: str, born: str = "1980-01-01", status: str = "safe") -> str:
    who = safety.VisitorFacts(name, "", born, address)
    now = clock.now()
    safety.record(
        [
            safety.NewSighting(
                id=uuid4(), direction="in_car", occurred_at=now, clock="", source="reception",
                visitor=who, status=status, place="道の駅",
            )
        ]
    )  # fmt: skip
    return who.key


@pytest.mark.parametrize(
    ("address", "theirs"),
    [
        ("石川県輪島市河井町1-1", True), ("輪島市 河井町", True), ("石川県鳳至郡輪島市", True),
        ("石川県 輪島市", True), ("石川県七尾市輪島市通り", False), ("珠洲市", False), ("", False),
        ("石川県輪島郡", False),
    ],
)  # fmt: skip
def test_whose_address_is_whose(address: str, theirs: bool) -> None:
    row = ExchangePartner(municipality="992011", name="輪島市", prefecture="石川県")
    assert partners.lives_in(address, row) is theirs


@pytest.mark.parametrize(
    ("address", "name", "prefecture", "theirs"),
    [
        ("長野県北安曇郡池田町大字池田", "池田町", "岐阜県", False),
        ("岐阜県揖斐郡池田町六之井", "池田町", "岐阜県", True),
        ("揖斐郡池田町六之井", "池田町", "岐阜県", False), ("池田町六之井", "池田町", "岐阜県", False),
        ("広島県府中市府川町", "府中市", "東京都", False), ("府中市宮西町", "府中市", "東京都", False),
        ("東京都府中市宮西町", "府中市", "東京都", True),
        ("広島県安芸郡府中町", "府中町", "広島県", True), ("安芸郡府中町", "府中町", "広島県", False),
        ("北区王子", "北区", "東京都", False), ("石川県輪島市", "輪島市", "", False),
    ],
)  # fmt: skip
def test_a_name_that_several_places_bear_needs_its_prefecture(
    address: str, name: str, prefecture: str, theirs: bool
) -> None:
    row = ExchangePartner(municipality="992011", name=name, prefecture=prefecture)
    assert partners.lives_in(address, row) is theirs


def test_a_city_gets_its_own_people_and_each_is_on_record(city: City) -> None:
    visitor("輪島 太郎", "石川県輪島市河井町1", status="injured")
    visitor("七尾 次郎", "石川県七尾市")
    visitor("誰か", "")
    row, key = enrolled()
    assert partners.partner_by_token(key) == row
    [one] = partners.people_of(row).people
    assert (one["name"], one["injury"], one["whereabouts"]["place"]) == (
        "輪島 太郎",
        "yes",
        "道の駅",
    )
    assert set(one) == {"id", "as_of", *partners.KINDS}
    [told] = partners.disclosures(OPERATOR, row.pk)
    assert (told.visitor.name, sorted(told.fields)) == ("輪島 太郎", sorted(partners.KINDS))
    assert any("第90条の4" in line for line in told.trace)
    partners.people_of(row)
    assert partners.told_count(row.pk) == 1
    assert ExchangeDisclosure.objects.count() == 2, "each time"


def test_no_more_than_the_scope(city: City) -> None:
    visitor("輪島 太郎", "輪島市河井町")
    row, _key = enrolled(("condition",))
    [one] = partners.people_of(row).people
    assert set(one) == {"id", "as_of", "condition"}
    other, _key = enrolled(("condition",))
    assert partners.people_of(other).people[0]["id"] != one["id"], "ids cannot be put together"


def test_it_ends_by_itself_and_by_hand(city: City) -> None:
    row, key = enrolled(days=2)
    almost = clock.SystemClock().now() + timedelta(days=1, hours=23)
    assert partners.is_open(row)
    ExchangePartner.objects.filter(pk=row.pk).update(ends_at=clock.SystemClock().now())
    row.refresh_from_db()
    assert partners.partner_by_token(key) is None
    with pytest.raises(SonaeError, match="forbidden"):
        partners.people_of(row)
    second, key = enrolled()
    for who in (OPERATOR, VIEWER):
        with pytest.raises(SonaeError, match="forbidden"):
            partners.stop(who, second.pk)
    partners.stop(ADMINISTRATOR, second.pk)
    assert partners.partner_by_token(key) is None
    with pytest.raises(SonaeError, match="not_found"):
        partners.stop(ADMINISTRATOR, second.pk)
    with clock.using(FrozenClock(almost - timedelta(days=9))):
        assert partners.partner_by_token(key) is None, "no exercise clock opens it again"


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "17204"}, {"code": "992011"}, {"name": " "}, {"basis": ""}, {"kinds": ()},
        {"kinds": ("phone",)}, {"ends_at": until(-1)}, {"ends_at": until(400)},
    ],
)  # fmt: skip
def test_no_partner_without_law_scope_and_end(city: City, wrong: dict[str, object]) -> None:
    good = {
        "code": WAJIMA, "name": "輪島市", "prefecture": "石川県", "basis": "法", "kinds": ("name",),
        "ends_at": until(),
    }  # fmt: skip
    with pytest.raises(SonaeError, match="unprocessable"):
        partners.enrol(ADMINISTRATOR, **{**good, **wrong})  # type: ignore[arg-type]
    with pytest.raises(SonaeError, match="forbidden"):
        partners.enrol(OPERATOR, **good)  # type: ignore[arg-type]


def test_a_shielded_person_is_in_no_page_no_count_and_no_gap(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_AT_ONCE", 2)
    visitor("甲 一", "輪島市", "1981-01-01")
    visitor("佐藤 守", "輪島市", "1999-09-09")
    linked = visitor("仮名 子", "輪島市", "1982-01-01")
    visitor("乙 二", "輪島市", "1983-01-01")
    Resident.objects.filter(pk=city.residents["備 花子"].pk).update(shielded=True)
    pk = safety.Visitor.objects.get(key=linked).pk
    safety.link_many(
        SYSTEM,
        [safety.Match(pk, city.residents["備 花子"].pk, None, "x", None)],
        source="auto",
    )
    row, _key = enrolled()
    page = partners.people_of(row)
    assert [one["name"] for one in page.people] == ["甲 一", "乙 二"]
    assert page.following is None, "a page that seems cut would tell of somebody"


def test_what_a_clerk_has_written_since_reaches_the_city(city: City) -> None:
    """A name read better, an address learnt later, a city to be told: `VisitorEntry`."""
    keys = {name: visitor(name, home) for name, home in (
        ("輪鳥 太郎", "輪島市"), ("名無し", ""), ("七尾 次郎", "輪島市"), ("海野 波", "珠洲市"),
        ("佐膝 守", "輪島市"),
    )}  # fmt: skip
    pks = {name: safety.Visitor.objects.get(key=key).pk for name, key in keys.items()}
    said = {
        "輪鳥 太郎": {"name": "輪島 太郎", "birth_date": "1980-01-02", "address": "輪島市"},
        "名無し": {"name": "河井 花", "address": "石川県輪島市河井町"},
        "七尾 次郎": {"name": "七尾 次郎", "address": "輪島市", "home_city": "七尾市"},
        "海野 波": {"name": "海野 波", "address": "珠洲市", "home_city": "石川県輪島市"},
        "佐膝 守": {"name": "佐藤 守", "birth_date": "1999-09-09", "address": "輪島市"},
    }
    for name, facts in said.items():
        rosters.describe(OPERATOR, pks[name], facts)
    row, _key = enrolled()
    told = {one["name"]: one["birth_date"] for one in partners.people_of(row).people}
    assert set(told) == {"輪島 太郎", "河井 花", "海野 波"}, "the shielded name hides its bearer"
    assert told["輪島 太郎"] == "1980-01-02"
    assert [one.name for one in people.candidates(OPERATOR, "輪島 太郎")] == ["輪島 太郎"]
    for vague in ("大熊町", "府中市", "輪島市河井町"):
        with pytest.raises(SonaeError, match="都道府県から"):
            rosters.describe(OPERATOR, pks["名無し"], {"name": "河井 花", "home_city": vague})


def test_pages_follow_each_other(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_AT_ONCE", 2)
    for number in range(5):
        visitor(f"人 {number}", "輪島市", f"198{number}-01-01")
    row, _key = enrolled()
    found, after = [], 0
    while True:
        page = partners.people_of(row, after=after)
        found += [one["name"] for one in page.people]
        if page.following is None:
            break
        after = page.following
    assert found == [f"人 {number}" for number in range(5)]
