"""The page of a town answers for the whole town: divided is said, one dry point is never "outside"."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
from django.test import Client

from sonae.core import clock
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import EvacuationOrder
from sonae.domains.identity import interface as identity
from sonae.domains.municipalities.interface import Town
from sonae.domains.residents.interface import Household
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.access import Role
from sonae.web import kept
from tests.engines.evacuation.small import at
from tests.fixtures import OPERATOR, City, flood_telegram

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    kept.forget()
    yield
    kept.forget()


def page(query: str, path: str = "/where/", **headers: str) -> str:
    """What a reader without an account sees, without markup."""
    kept.forget()
    body = Client().get(f"{path}?{query}", headers=headers).content.decode()
    text = re.sub(r"<[^>]+>", "", html.unescape(body[body.index("<main") :]))
    return re.sub(r"[ \t]*\n\s*", "\n", text)


def flooded(level: int = 4) -> None:
    """A flood warning, planned for."""
    warnings.accept(flood_telegram(level), via="test")
    outbox.drain()


def order(city: City, town: str, level: int, hazard: str = "flood") -> None:
    """An order of the mayor's in force for one town."""
    row = EvacuationOrder.objects.create(
        number=EvacuationOrder.objects.count() + 1, level=level, hazard=hazard, status="issued", drafted_by="x",
        drafted_at=clock.now(), issued_at=clock.now(),
    )  # fmt: skip
    row.towns.set([city.towns[town]])


def test_a_divided_town_is_never_answered_from_its_dry_middle(city: City) -> None:
    """中町: its own point is dry, its home is in the water."""
    flooded()
    text = page("town=002")
    assert "町の中で分かれています" in text
    assert "割が、危険区域の中です。" in text
    assert "この町は、場所によって危険が違います。" in text
    assert "へ避難してください" in text
    assert "危険区域の外" not in text
    assert "町全体についての答えです。" in text
    point = city.towns["中町"]
    assert "危険区域の外です" in page(f"at={point.latitude:.4f},{point.longitude:.4f}")


def test_unsurveyed_ground_in_a_town_is_not_called_outside(city: City) -> None:
    flooded()
    text = page("town=003")
    assert "この町には、危険かどうか調べられていない所があります。" in text
    assert "ここは危険かどうか" not in text
    assert "危険区域の外" not in text


def test_a_town_wholly_inside_is_told_plainly(city: City) -> None:
    flooded()
    text = page("town=001")
    assert "場所によって危険が違います" not in text
    assert "いますぐ中央公園へ避難してください" in text


def test_a_town_that_lies_outside_with_all_its_homes_is_green(city: City) -> None:
    """The only green there is: every home and street of the town is surveyed and dry."""
    everybody_at(550)
    flooded()
    text = page("town=003")
    assert "この町は、いま警戒している災害（洪水）の危険区域の外です。" in text
    assert "町全体についての答えです。" not in text


def everybody_at(east: int) -> None:
    """Put 東町 and its people onto one place; the others live far from it."""
    lat, lon = at(east, 50)
    Town.objects.filter(code="003").update(latitude=lat, longitude=lon)
    Household.objects.filter(town__code="003").update(latitude=lat, longitude=lon)
    Household.objects.exclude(town__code="003").update(longitude=at(250, 50)[1])


@pytest.mark.parametrize(
    ("level", "told"),
    [(3, "時間のかかる人から避難を始めてください"), (4, "いますぐ避難してください"), (5, "少しでも安全な所へ、いますぐ移って")],
)  # fmt: skip
def test_an_order_without_a_warning_never_says_outside_of_what_nobody_looked_up(
    city: City, level: int, told: str
) -> None:
    """The plan is about nothing; the order is about a flood that reaches the town, or about a fire."""
    order(city, "中町", level)
    order(city, "東町", level, hazard="fire")
    for query in ("town=002", "town=003"):
        text = page(query)
        assert told in text
        assert "地図では危険区域の外" not in text


def test_an_order_for_a_dry_town_says_that_the_maps_know_no_danger(city: City) -> None:
    everybody_at(550)
    order(city, "東町", 4)
    assert "地図では危険区域の外ですが" in page("town=003")


@pytest.mark.parametrize(
    ("typed", "house"),
    [("中町", False), ("中町2番2号", True), ("試験市中町1-2-3", True), ("なかまち", False), ("中町１丁目", False)],
)  # fmt: skip
def test_a_house_number_is_not_dropped_in_silence(city: City, typed: str, house: bool) -> None:
    assert ("何番地・何号かは分からない" in page(f"q={typed}")) == house


def test_what_a_town_is_told_holds_no_home(city: City) -> None:
    """Shares of ground in tenths; where the homes stand is in no page."""
    text = page("town=002")
    lat, lon = at(350, 50)
    assert f"{lat:.4f}" not in text and f"{lon:.4f}" not in text
    assert re.findall(r"およそ(\d+)割", text)


@pytest.mark.parametrize("storeys", ["1", "１"])
def test_nobody_plans_to_go_upstairs_in_a_house_of_one_storey(city: City, storeys: str) -> None:
    text = page(f"town=001&leaving=on_foot&goal=upstairs&storeys={storeys}&floor=1", "/plan/")
    assert "この家では選べません。" in text
    assert "全員が上の階へ移り" not in text


@pytest.mark.parametrize(
    ("floors", "told"),
    [("storeys=2&floor=5", "2階建ての建物に、5階はありません。"), ("storeys=-1&floor=1", "階は、1から60まで"),
     ("storeys=abc", "階は、1から60まで"), ("floor=99999", "階は、1から60まで")],
)  # fmt: skip
def test_floors_that_cannot_be_are_told_and_never_guessed(
    city: City, floors: str, told: str
) -> None:
    """On the plan they are refused, on the page of a place answered as unknown."""
    text = page(f"town=001&leaving=on_foot&goal=upstairs&{floors}", "/plan/")
    assert told in text
    assert "計画を見る" in text
    flooded()
    text = page(f"town=001&{floors}")
    assert told in text
    assert "階は分からないものとして答えています。" in text
    assert "住まいの階が分からず安全と言えない" in text


def test_a_town_in_which_staying_is_not_safe_for_all_is_refused_as_a_whole(city: City) -> None:
    text = page("town=002&leaving=on_foot&goal=home&storeys=2&floor=1", "/plan/")
    assert "町の全体で安全と分かるときだけ選べます。" in text
    spot = "at={:.4f},{:.4f}".format(*at(650, 50))
    text = page(f"{spot}&leaving=on_foot&goal=home&storeys=2&floor=1", "/plan/")
    assert "全員が家にとどまり" in text


def test_an_own_destination_and_the_page_of_its_town_agree(city: City) -> None:
    query = "town=001&leaving=car&goal=own&kind=relatives&place_town=中町"
    assert "町の中で分かれています" in page(query, "/plan/")
    assert "町の中で分かれています" in page("town=002")


def test_the_sentence_and_the_card_count_the_same_minutes(city: City) -> None:
    """Also in the dark, also for a wheelchair, which is slower than who walks slowly."""
    for hour in (12, 23):
        with clock.using(clock.FrozenClock(datetime_at(hour))):
            flooded()
            for who in ("", "&m=wheelchair"):
                text = page(f"town=001&hazard=flood{who}")
                said = re.findall(r"へ避難してください（歩いて(約\d+分)）", text)
                assert len(said) == 1, text[:400]
                assert re.findall(r"時間\s*(?:歩いて)?(約\d+分)", text) == said
                assert ("ゆっくり歩く人は" in text) == (not who)


def datetime_at(hour: int) -> object:
    """A summer day at an hour."""
    return clock.now().astimezone(clock.JST).replace(month=7, day=1, hour=hour, minute=0)


def test_who_is_sent_elsewhere_is_told_why(city: City) -> None:
    """The park is full: the school is named, and that the park was meant."""
    assert "いつもの避難先" not in page("town=001&hazard=flood")
    shelters.set_state(OPERATOR, city.facilities["F4"].pk, "full")
    flooded()
    told = "いつもの避難先「中央公園」は、いま満員です。"
    assert told in page("town=001&hazard=flood")
    account = identity.add_account(
        "t@example.jp", "natsu-no-yuki-7", Role.RESIDENT, name="t",
        resident_pk=city.residents["備 太郎"].pk,
    )  # fmt: skip
    own = Client()
    own.force_login(account)
    assert told in own.get("/me/").content.decode()


def test_an_own_destination_in_the_danger_is_not_named_before_the_site(city: City) -> None:
    from sonae.domains.evacuation.interface import timelines
    from sonae.engines.evacuation.timeline import Answers
    from tests.fixtures import actor

    taro = city.residents["備 太郎"]
    place = timelines.Destination("relatives", "姉の家", city.towns["西町"])
    timelines.state(actor(Role.RESIDENT, 7, taro.pk), Answers(goal="own"), place)
    flooded()
    account = identity.add_account(
        "t@example.jp", "natsu-no-yuki-7", Role.RESIDENT, name="t", resident_pk=taro.pk
    )
    own = Client()
    own.force_login(account)
    body = own.get("/me/").content.decode()
    section = body[body.index('id="goal"') :]
    section = section[: section.index("</section>")]
    assert section.index("中央公園") < section.index("姉の家")
    assert "へは行かないでください" in section
    assert "向かえなくなったときは" not in section


@pytest.mark.parametrize("length", [81, 4000])
def test_a_question_that_is_too_long_gets_a_page(city: City, length: int) -> None:
    text = page("q=" + "あ" * length)
    assert "長すぎて、さがせません。" in text
    assert "町の一覧からえらぶ" in text


def test_a_town_s_ground_is_read_once_for_each_register(city: City) -> None:
    """With a register that has a version, the homes are not read again for every rendering."""
    from sonae.domains.municipalities.interface import renew_register_version

    renew_register_version()
    town = city.towns["中町"]
    assert evacuation.ground_of(town) is evacuation.ground_of(town)
    before = evacuation.ground_of(town)
    Household.objects.filter(town=town).update(longitude=at(850, 50)[1])
    assert evacuation.ground_of(town) is before
    renew_register_version()
    assert evacuation.ground_of(town).lon.max() > before.lon.max(), "a new register is read"
