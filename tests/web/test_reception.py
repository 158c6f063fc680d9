"""The reception desk over HTTP: choose, search, check in, leave, visitor, undo; nothing counted twice."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from sonae.core import clock
from sonae.core.ids import uuid7
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.identity import interface as identity
from sonae.domains.residents.interface import qr
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import Sighting, Visitor
from sonae.domains.sheltering import interface as sheltering
from sonae.domains.shelters import interface as shelters
from sonae.platform.access import Role
from sonae.platform.scope import World
from sonae.web.staff.shelters import net_arrivals
from tests.fixtures import CLERK, City
from tests.web.test_staff_pages import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(city: City) -> Client:
    """A clerk at the desk of 高台中学校."""
    client = Client()
    account = identity.add_account(
        "c@example.jp", "natsu-no-yuki-7", Role.RECEPTION, name="受付 係"
    )
    client.force_login(account)
    answer = client.post("/reception/choose/", {"facility": city.facilities["F2"].pk})
    assert answer["Location"] == "/reception/"
    return client


def shown(client: Client, query: str = "", **more: str) -> str:
    answer = client.get("/reception/", {"q": query, **more} if query else {})
    assert answer.status_code == 200
    return answer.content.decode()


def form_of(page: str) -> dict[str, str]:
    """The hidden fields of the household's form."""
    part = page[page.index("/reception/record/") :]
    return {
        name: re.search(f'name="{name}" value="([^"]*)"', part)[1]  # type: ignore[index]
        for name in ("form", "q", "home")
    }


def ticked(page: str) -> set[str]:
    return set(re.findall(r'name="person" value="(\d+)" checked', page))


def people(city: City) -> int:
    return safety.occupancy(city.facilities["F2"].pk).people


def test_without_a_facility_the_desk_asks_for_one(city: City) -> None:
    client = Client()
    client.force_login(identity.add_account("c@example.jp", "natsu-no-yuki-7", Role.RECEPTION))
    assert client.get("/reception/")["Location"] == "/reception/choose/"
    page = client.get("/reception/choose/", {"q": "高台"}).content.decode()
    assert "高台中学校" in page
    assert "第一小学校" not in page
    assert "見つかりません" in client.get("/reception/choose/", {"q": "ない"}).content.decode()
    assert client.post("/reception/choose/", {"facility": "999"}).status_code == 404
    assert client.post("/reception/record/", {}).status_code == 409


@pytest.mark.parametrize(
    "query", ["備 太郎", "ソナエ タロウ", "そなえ たろう", "C0011", "S25.4.1", "1950-04-01"]
)
def test_found_in_every_way_and_checked_in_with_the_family(
    city: City, clerk: Client, query: str
) -> None:
    page = shown(clerk, query)
    taro, hanako = city.residents["備 太郎"].pk, city.residents["備 花子"].pk
    assert "備 花子" in page
    assert ticked(page) == {str(taro)}
    clerk.post("/reception/record/", {**form_of(page), "person": [taro, hanako], "direction": "in"})
    result = shown(clerk)
    assert "受付しました（2人）" in result
    assert "備 太郎、備 花子" in result
    assert people(city) == 2
    assert "受付しました" not in shown(clerk), "the result is shown once"
    assert "ここにいます" in shown(clerk, query)


def test_scanned_codes(city: City, clerk: Client) -> None:
    until = clock.now() + timedelta(days=1)
    own = shown(clerk, qr.make(qr.PERSON, "R0011", until))
    assert ticked(own) == {str(city.residents["備 太郎"].pk)}
    home = shown(clerk, qr.make(qr.HOUSEHOLD, "H0000001", until))
    assert "備 一郎" in home
    assert ticked(home) == set(), "a household's card does not tell who came"
    assert "発行したものではありません" in shown(clerk, "SN1" + "A" * 130)
    assert "読み取れません" in shown(clerk, "SN1" + "あ" * 120)
    old = qr.make(qr.PERSON, "R0011", clock.now() - timedelta(days=1))
    assert "有効期限" in shown(clerk, old)


def test_a_room_is_picked_with_its_free_places(city: City, clerk: Client) -> None:
    house = city.facilities["F2"].pk
    assert 'name="room"' not in shown(clerk, "C0011"), "nothing to pick where no room is known"
    hall = sheltering.set_room(CLERK, house, "体育館", "general", "2")
    tent = sheltering.set_room(CLERK, house, "テント", "general")
    page = shown(clerk, "C0011")
    assert "体育館　空き2人" in page and "テント　定員不明" in page
    family = [city.residents[name].pk for name in ("備 太郎", "備 花子")]
    picked = {"person": family, "direction": "in", "room": hall.pk}
    clerk.post("/reception/record/", {**form_of(page), **picked})
    assert {row.place for row in Sighting.objects.all()} == {"体育館"}
    assert "体育館　満員" in shown(clerk, "C0041")
    sheltering.set_room(CLERK, house, "テント", "general", is_open=False)
    late = {"name": "旅 人子", "form": str(uuid7()), "direction": "in", "room": tent.pk}
    answer = clerk.post("/reception/visitor/", late, follow=True).content.decode()
    assert "選んだ部屋は使われていません" in answer and "旅 人子" in answer
    assert [view.people for view in sheltering.rooms(house)] == [2, 0]


def test_leaving_for_another_shelter_in_one_action_and_back(city: City, clerk: Client) -> None:
    here, there = city.facilities["F2"].pk, city.facilities["F1"].pk
    taro, hanako = city.residents["備 太郎"].pk, city.residents["備 花子"].pk
    page = shown(clerk, "C0011")
    assert "開設中と報告された避難所が、ほかにありません" in page
    shelters.set_state(CLERK, there, "open", ordered_by="mayor")
    page = shown(clerk, "C0011")
    assert "第一小学校　直線" in page
    form = {"person": [taro, hanako], "direction": "in"}
    clerk.post("/reception/record/", {**form_of(page), **form})
    leave = {**form, "direction": "onward", "form": str(uuid7()), "q": "C0011", "home": taro}
    told = clerk.post("/reception/record/", leave, follow=True).content.decode()
    assert "行き先の避難所が選ばれていない" in told and people(city) == 2
    clerk.post("/reception/record/", {**leave, "bound_for": there})
    page = shown(clerk)
    assert "ほかの避難所へ向かったことを記録しました（2人）" in page and "第一小学校へ" in page
    assert people(city) == 0
    assert "第一小学校へ移動中" in shown(clerk, "C0011")
    moves = clerk.get(f"/reception/shelter/{here}/moves/").content.decode()
    assert "備 花子" in moves and "移動中" in moves
    other = Client()
    other.force_login(identity.add_account("d@example.jp", "natsu-no-yuki-7", Role.RECEPTION))
    other.post("/reception/choose/", {"facility": there})
    assert "こちらへ向かっている人 2人" in other.get("/reception/").content.decode()
    moves = f"/reception/shelter/{there}/moves/"
    [one] = [o.who.person for o in safety.coming(CLERK, there) if o.who.name == "備 太郎"]
    done = other.post(moves, {"verb": "arrive", "person": one}, follow=True).content.decode()
    assert "1人が着いたことを記録しました" in done and "高台中学校から" in done
    late = other.post(moves, {"verb": "arrive", "person": one})
    assert late.status_code == 422, "arrived already"
    row = Sighting.objects.get(resident=hanako, direction="out")
    clerk.post("/reception/undo/", {"sighting": str(row.pk)})
    assert people(city) == 1 and safety.coming_count(there) == 0
    person = signed_in(Role.OPERATOR).get(f"/staff/people/r{taro}/").content.decode()
    assert "→ 第一小学校" in person


def test_rooms_written_down_before_the_opening_make_its_capacity(city: City, clerk: Client) -> None:
    """The page says that they are not in force yet, and they are as soon as the opening is reported."""
    house = city.facilities["F2"].pk
    sheltering.set_room(CLERK, house, "体育館", "general", "77")
    rooms = f"/reception/shelter/{house}/rooms/"
    assert "開設が報告されると、この避難所の定員になります" in clerk.get(rooms).content.decode()
    clerk.post("/reception/state/", {"state": "open"})
    assert "定員 77人" in shown(clerk)
    assert "計画と市民のページに使われます" in clerk.get(rooms).content.decode()
    clerk.post("/reception/state/", {"state": "closed"})
    assert "定員 77人" not in shown(clerk), "what was said for one opening ends with it"


def test_several_found_are_chosen_from(city: City, clerk: Client) -> None:
    page = shown(clerk, "1938")
    assert "山﨑 清" in page
    several = shown(clerk, "ソナエ")
    assert "来ているのはだれですか" in several, "one household needs no choice"
    listed = shown(clerk, "19")
    assert "名簿に見つかりません" in listed


def test_the_same_form_counts_once(city: City, clerk: Client) -> None:
    form = {
        **form_of(shown(clerk, "C0011")),
        "person": city.residents["備 太郎"].pk,
        "direction": "in",
    }
    clerk.post("/reception/record/", form)
    clerk.post("/reception/record/", form)
    assert "二重には数えません" in shown(clerk)
    assert Sighting.objects.count() == 1


def test_nobody_ticked_and_strangers_ticked_record_nothing(city: City, clerk: Client) -> None:
    form = form_of(shown(clerk, "C0011"))
    stranger = city.residents["高橋 翔"].pk
    for more in ({}, {"person": stranger}, {"person": "x"}):
        answer = clerk.post("/reception/record/", {**form, **more, "direction": "in"})
        assert "home=" in answer["Location"]
    assert "だれも選ばれていません" in shown(clerk)
    bad = clerk.post(
        "/reception/record/", {**form, "person": city.residents["備 太郎"].pk, "direction": "fly"}
    )
    assert bad.status_code == 400
    assert Sighting.objects.count() == 0


@pytest.mark.parametrize(
    ("direction", "inside"), [("out", 0), ("move", 1), ("shelter_at_home", 0), ("in_car", 0)]
)
def test_every_movement(city: City, clerk: Client, direction: str, inside: int) -> None:
    pk = city.residents["備 太郎"].pk
    clerk.post(
        "/reception/record/", {**form_of(shown(clerk, "C0011")), "person": pk, "direction": "in"}
    )
    form = form_of(shown(clerk, "C0011"))
    clerk.post(
        "/reception/record/",
        {**form, "person": pk, "direction": direction, "needs": ["wheelchair", "x"], "note": "杖"},
    )
    assert people(city) == inside
    assert safety.state_of([pk])[pk].direction == direction
    last = safety.recent(CLERK, limit=1)[0].sighting
    assert (last.needs, last.note, last.source) == (["wheelchair"], "杖", "reception")


def test_visitors(city: City, clerk: Client) -> None:
    clerk.post(
        "/reception/visitor/",
        {
            "name": "ソト ライ",
            "birth_date": "昭和60年1月5日",
            "address": "隣の市",
            "direction": "in",
        },
    )
    one = Visitor.objects.get()
    assert (one.name, one.kana, one.birth_date, one.address) == (
        "", "ソト ライ", "1985-01-05", "隣の市",
    )  # fmt: skip
    assert "ソト ライ" in shown(clerk)
    assert people(city) == 1
    clerk.post("/reception/visitor/", {"name": "名 無", "birth_date": "不明", "direction": "in"})
    assert people(city) == 2
    empty = clerk.post("/reception/visitor/", {"name": "", "direction": "in"})
    assert "氏名が空です" in empty.content.decode()
    clerk.post(
        "/reception/visitor/",
        {"name": "ソト ライ", "birth_date": "S60.1.5", "address": "隣の市", "direction": "out"},
    )
    assert people(city) == 1, "the same facts are the same visitor"


def test_undo_supersedes_and_stays_on_record(city: City, clerk: Client) -> None:
    pk = city.residents["備 太郎"].pk
    clerk.post(
        "/reception/record/", {**form_of(shown(clerk, "C0011")), "person": pk, "direction": "in"}
    )
    [stored] = Sighting.objects.all()
    assert "を取り消す" in shown(clerk)
    clerk.post("/reception/undo/", {"sighting": str(stored.pk)})
    assert people(city) == 0
    page = shown(clerk)
    assert "取り消し済み" in page
    assert "を取り消す" not in page
    assert Sighting.objects.count() == 2
    assert clerk.post("/reception/undo/", {"sighting": "x"}).status_code == 400
    clerk.post("/reception/choose/", {"facility": city.facilities["F1"].pk})
    assert clerk.post("/reception/undo/", {"sighting": str(stored.pk)}).status_code == 404


def test_nobody_under_protection_is_found_or_named(city: City, clerk: Client) -> None:
    assert "名簿に見つかりません" in shown(clerk, "佐藤 守")
    assert "佐藤 守" not in shown(clerk, "山﨑 清")
    own = shown(clerk, "C0053")
    assert "佐藤 守" in own, "who stands there with the own card is greeted"
    assert "番地" not in own
    pk = city.residents["佐藤 守"].pk
    clerk.post("/reception/record/", {**form_of(own), "person": pk, "direction": "in"})
    assert people(city) == 1
    shown(clerk)
    live = clerk.get("/reception/live/").content.decode()
    assert "支援措置対象" in live
    assert "佐藤" not in live


def test_every_look_is_recorded(city: City, clerk: Client) -> None:
    shown(clerk, "C0011")
    seen = AccessEvent.objects.filter(recipient="受付 係").values_list("subject", flat=True)
    assert city.residents["備 太郎"].pk in set(seen)


def test_live_part_and_state(city: City, clerk: Client) -> None:
    assert "開設は未確認" in clerk.get("/reception/live/").content.decode()
    clerk.post("/reception/state/", {"state": "open"})
    assert shelters.states()[city.facilities["F2"].pk].state == "open"
    assert "開設中" in clerk.get("/reception/live/").content.decode()
    clerk.post("/reception/state/", {"state": "on fire"})
    assert "開設状況の値が正しくありません" in shown(clerk)


def test_the_exercise_is_another_world(city: City, clerk: Client) -> None:
    page = clerk.get("/drill/reception/", {"q": "C0011"}).content.decode()
    assert "訓練" in page
    assert "/drill/reception/record/" in page
    form = {**form_of(page), "person": city.residents["備 太郎"].pk, "direction": "in"}
    assert clerk.post("/drill/reception/record/", form)["Location"] == "/drill/reception/"
    assert people(city) == 0
    with city.entered(World.EXERCISE):
        assert people(city) == 1


@pytest.mark.parametrize("role", [Role.RESIDENT, Role.VIEWER])
def test_only_for_the_desk(city: City, role: Role) -> None:
    client = Client()
    client.force_login(
        identity.add_account(
            "x@example.jp", "natsu-no-yuki-7", role, resident_pk=city.residents["備 太郎"].pk
        )
    )
    assert client.get("/reception/").status_code == 403
    assert Client().get("/reception/")["Location"].startswith("/accounts/login/")


def test_the_back_button_never_shows_a_record_that_is_not_there(city: City, clerk: Client) -> None:
    """退所 by mistake, back, 受付: the visitor is inside; a form whose record was undone says so."""
    form = {**form_of(shown(clerk, "C0011")), "name": "外 来"}
    clerk.post("/reception/visitor/", {**form, "direction": "out"})
    clerk.post("/reception/visitor/", {**form, "direction": "in"})
    assert people(city) == 1
    pk = city.residents["備 太郎"].pk
    form = {**form_of(shown(clerk, "C0011")), "person": pk, "direction": "in"}
    clerk.post("/reception/record/", form)
    [mine] = [s for s in safety.recent(CLERK) if s.sighting.resident_id == pk]
    safety.undo(CLERK, mine.sighting.pk)
    page = clerk.post("/reception/record/", form, follow=True).content.decode()
    assert "そのあと取り消されたか" in page
    assert people(city) == 1


def test_going_back_twice_and_recording_some_anew_says_who_stands(
    city: City, clerk: Client
) -> None:
    taro, hanako = city.residents["備 太郎"].pk, city.residents["備 花子"].pk
    form = form_of(shown(clerk, "C0011"))
    clerk.post("/reception/record/", {**form, "person": taro, "direction": "in"})
    clerk.post("/reception/record/", {**form, "person": taro, "direction": "out"})
    page = clerk.post(
        "/reception/record/", {**form, "person": [taro, hanako], "direction": "in"}, follow=True
    ).content.decode()
    assert "備 太郎：この画面の記録は" in page
    assert "受付しました" in page
    assert people(city) == 1, "only 花子 is inside, and only she is called recorded"


def test_what_is_no_date_is_said_and_nothing_typed_is_lost(city: City, clerk: Client) -> None:
    """A wrong birth date neither vanishes nor is taken for one; the form stays as it was."""
    typed = {"name": "見知らぬ 人", "birth_date": "abc", "address": "隣の市"}
    answer = clerk.post("/reception/visitor/", {**typed, "direction": "in"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "日付を読めません" in page and "受付しました" not in page
    assert all(f'value="{text}"' in page for text in typed.values())
    assert not Visitor.objects.exists()
    for born, kept in (("S25.4.1", "1950-04-01"), ("1950", "1950"), ("", ""), ("不明", "")):
        clerk.post("/reception/visitor/", {"name": f"人 {born}", "birth_date": born})
        assert Visitor.objects.get(name=f"人 {born}".strip()).birth_date == kept
    for wrong in ("S99.99.99", "1950-13-01", "昭和25年13月1日", "ソナエ S25.13.1"):
        page = shown(clerk, wrong)
        assert "日付を読めません" in page and "名簿に見つかりません" not in page
    assert "備 太郎" in shown(clerk, "S25.4.1")


def test_the_clerk_reads_the_birth_date_as_it_is_asked_for(city: City, clerk: Client) -> None:
    page = shown(clerk, "ソナエ タロウ")
    assert "S25.4.1（1950-04-01）" in page
    clerk.post("/reception/record/", {**form_of(page), "everyone": "1"})
    assert people(city) == 3
    assert "全員（3人）" in page


def test_the_desk_leads_into_the_exercise_and_back(city: City, clerk: Client) -> None:
    assert 'href="/drill/reception/"' in clerk.get("/reception/").content.decode()
    clerk.post("/drill/reception/choose/", {"facility": city.facilities["F2"].pk})
    assert 'href="/reception/"' in clerk.get("/drill/reception/").content.decode()


def test_closed_places_come_last_with_a_warning(city: City, clerk: Client) -> None:
    shelters.set_state(CLERK, city.facilities["F1"].pk, "closed")
    shelters.set_state(CLERK, city.facilities["F3"].pk, "open")
    page = clerk.get("/reception/choose/").content.decode()
    places = [page.index(f">{name}<") for name in ("福祉会館", "高台中学校", "第一小学校")]
    assert places == sorted(places)
    assert "閉鎖と報告されています" in page[places[1] :]


def test_who_is_checked_in_twice_is_one_person(city: City, clerk: Client) -> None:
    """The trend counts people, not scans, and the clerk is told since when the person is here."""
    for _scan in range(2):
        form = form_of(shown(clerk, "C0011"))
        taro = str(city.residents["備 太郎"].pk)
        clerk.post("/reception/record/", {**form, "person": [taro], "direction": "in"})
    page = shown(clerk)
    assert "もう受け付けています：備 太郎（" in page
    assert people(city) == 1
    place = city.facilities["F2"].pk
    assert net_arrivals(clock.now() - timedelta(hours=1)) == {place: 1}
    assert net_arrivals(clock.now() + timedelta(hours=1)) == {}
