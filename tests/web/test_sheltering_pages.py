"""Pages of running a shelter over HTTP: each form done once, shown again with what was typed, on paper too."""

from __future__ import annotations

import pytest
from django.test import Client

from sonae.domains.safety import interface as safety
from sonae.domains.sheltering import interface as sheltering
from sonae.platform.access import Role
from sonae.platform.models import AuditEntry
from sonae.web import kept
from sonae.web.sheltering.names import SECTIONS
from sonae.web.sheltering.printing import FORMS
from tests.domains.safety.test_ledger import sighting
from tests.domains.sheltering.test_sheltering import full_house, key
from tests.fixtures import CLERK, City
from tests.web.test_staff_pages import signed_in

pytestmark = pytest.mark.django_db


def test_every_page_empty_and_full(city: City) -> None:
    """First with nothing on record, then with everything; each says what is so and what to do."""
    clerk, pk = signed_in(Role.RECEPTION), city.facilities["F2"].pk
    root = f"/reception/shelter/{pk}/"
    for name in ("", *(f"{one}/" for one in SECTIONS)):
        assert clerk.get(root + name).status_code == 200, name
    full_house(city)
    meal = sheltering.begin(CLERK, pk, "夕食", "10", ["egg"])
    sheltering.hand_out(CLERK, pk, meal.pk, [key(city, "備 太郎")])
    sheltering.set_room(CLERK, pk, "教室1", "infectious", "1")
    sheltering.ask(CLERK, pk, "bedding", "毛布", "50", "枚", urgent=True)
    sheltering.note(CLERK, pk, key(city, "備 花子"), "38.1", ["chest"])
    sheltering.put_up(CLERK, pk, "給水", "9時から", public=True)
    sheltering.come(CLERK, pk, "press", "記者 一郎")
    sheltering.report(CLERK, pk, {})
    sheltering.write_handover(CLERK, pk, "雨漏り")
    wanted = {
        "": ("毛布", "車いす", "すぐに医療につなぐ人が1人", "受けていない引継ぎ"),
        "rooms/": ("教室1", "感染症の区画", "備 太郎"), "supplies/": ("あと 50枚", "至急"),
        "meals/": ("6人のうち1人", "残り9"), f"meals/{meal.pk}/": ("受け取り済み", "卵"),
        "health/": ("38.1", "すぐに医療へ", "胸の痛み"), "board/": ("給水", "公開"),
        "guests/": ("記者 一郎", "退館"), "report/": ("要支援者名簿の人", "PDF"),
        "handover/": ("雨漏り", "読みました"),
    }  # fmt: skip
    for name, words in wanted.items():
        page = clerk.get(root + name).content.decode()
        assert [word for word in words if word not in page] == [], name
        assert "佐藤 守" not in page, "nobody under 支援措置 is on any list"
    assert clerk.get("/reception/shelter/")["Location"] == "/reception/choose/"
    assert clerk.get("/reception/shelter/999999/").status_code == 404
    assert clerk.get(f"{root}nonsense/").status_code == 404
    assert signed_in(Role.VIEWER).get(root).status_code == 403


def test_forms_are_done_once_and_shown_again_when_wrong(city: City) -> None:
    pk = full_house(city)
    clerk, root = signed_in(Role.RECEPTION), f"/reception/shelter/{pk}/"

    def send(page: str, verb: str, **typed: object) -> str:
        return clerk.post(f"{root}{page}/", {"verb": verb, **typed}, follow=True).content.decode()  # type: ignore[arg-type]

    wrong = clerk.post(
        f"{root}supplies/",
        {"verb": "ask", "kind": "food", "item": "米", "quantity": "多め", "unit": "kg"},
    )
    assert wrong.status_code == 422
    page = wrong.content.decode()
    assert (
        "数量は1以上の整数" in page
        and 'value="多め"' in page
        and "まだ何も記録していません" in page
    )
    assert sheltering.supplies(pk) == []
    told = send("supplies", "ask", kind="food", item="米", quantity="20", unit="kg")
    assert "要請しました：米 20kg" in told
    row = sheltering.supplies(pk)[0].request
    assert "受け取りました" in send("supplies", "receive", request=row.pk, quantity="20")
    assert "取り消" not in str(sheltering.supplies(pk)[0].request.state)
    assert "体育館を記録しました" in send(
        "rooms", "set", name="体育館", use="general", capacity="90"
    )
    room = sheltering.rooms(pk)[0].room
    assert "1人の部屋" in send("rooms", "assign", room=room.pk, person=key(city, "備 太郎"))
    assert "夕食を始めました" in send("meals", "begin", name="夕食", portions="9", allergen="egg")
    taro, ichiro = key(city, "備 太郎"), key(city, "備 一郎")
    meal = sheltering.meals(pk)[0].meal.pk
    assert "だれも選ばれていません" in send(f"meals/{meal}", "give")
    assert "2人に渡しました" in send(f"meals/{meal}", "give", person=[taro, ichiro])
    assert "1人は、もう受け取っています" in send(f"meals/{meal}", "give", person=[taro])
    assert "1人に渡しました" in send(f"meals/{meal}", "seconds", person=[taro])
    assert "1食を取り消しました" in send(f"meals/{meal}", "back", back=taro)
    assert "見つかりません" in clerk.get(f"{root}meals/{meal}/", {"q": "いない人"}).content.decode()
    assert "夕食を終えました" in send(f"meals/{meal}", "end")
    assert "健康チェックを記録" in send("health", "note", person=taro, celsius="36.4")
    assert "体温を読めません" in send("health", "note", person=taro, celsius="364")
    assert "掲示しました：消灯" in send("board", "put_up", title="消灯", text="22時")
    assert "外しました：消灯" in send("board", "take_down", notice=sheltering.board(pk)[0].pk)
    assert "入館を記録しました" in send("guests", "come", kind="visitor", name="面会 者")
    assert "退館を記録しました" in send("guests", "leave", guest=sheltering.guests(pk)[0].pk)
    assert "報告しました" in send("report", "send", water="down", trouble="水がない")
    assert "引継ぎを書きました" in send("handover", "write", text="鍵は本部")
    other = signed_in(Role.OPERATOR, "次の 人")
    taken = {"verb": "take", "handover": sheltering.handovers(pk)[0].pk}
    assert (
        "から引き継ぎました" in other.post(f"{root}handover/", taken, follow=True).content.decode()
    )
    assert clerk.post(f"{root}rooms/", {"verb": "explode"}).status_code == 400
    assert clerk.get(f"{root}meals/999/").status_code == 404


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_on_paper(city: City, form: str) -> None:
    pk = full_house(city)
    clerk = signed_in(Role.RECEPTION)
    sheltering.ask(CLERK, pk, "bedding", "毛布", "50", "枚", urgent=True)
    sheltering.put_up(CLERK, pk, "消灯", "22時")
    row = sheltering.report(CLERK, pk, {"water": "down"})
    answer = clerk.get(f"/reception/shelter/{pk}/paper/{form}.pdf", {"report": row.pk})
    assert answer.status_code == 200 and answer.content.startswith(b"%PDF")
    assert AuditEntry.objects.filter(action="sheltering.printed").count() == 1
    assert clerk.get(f"/reception/shelter/{pk}/paper/nonsense.pdf").status_code == 404


def test_a_head_count_is_not_changed_by_running_a_shelter(city: City) -> None:
    pk = full_house(city)
    before = safety.occupancy(pk).people
    sheltering.set_room(CLERK, pk, "体育館", "general", "90")
    sheltering.assign(CLERK, pk, sheltering.rooms(pk)[0].room.pk, [key(city, "備 太郎")])
    assert safety.occupancy(pk).people == before


def test_headquarters_sees_every_request_and_every_report(city: City) -> None:
    pk = full_house(city)
    row = sheltering.ask(CLERK, pk, "bedding", "毛布", "50", "枚", urgent=True)
    sheltering.ask(CLERK, city.facilities["F1"].pk, "food", "=cmd", "3", "箱")
    sheltering.report(CLERK, pk, {"trouble": "古い報告"})
    sheltering.report(CLERK, pk, {"trouble": "トイレが足りない"})
    operator, viewer = signed_in(Role.OPERATOR), signed_in(Role.VIEWER)
    page = viewer.get("/staff/supplies/").content.decode()
    assert page.index("毛布") < page.index("=cmd"), "urgent ones first"
    assert "トイレが足りない" in page and "古い報告" not in page, "the last report of a day counts"
    assert "1回に必要な食事 6食" in page and "step/" not in page
    assert (
        viewer.post("/staff/supplies/step/", {"request": row.pk, "to": "sent"}).status_code == 403
    )
    told = operator.post("/staff/supplies/step/", {"request": row.pk, "to": "sent"}, follow=True)
    assert "毛布を記録しました" in told.content.decode()
    told = operator.post(
        "/staff/supplies/step/", {"request": row.pk, "to": "arranged"}, follow=True
    )
    assert "この操作ができません" in told.content.decode()
    assert operator.post("/staff/supplies/step/", {"request": "x"}).status_code == 404
    held = viewer.get("/staff/supplies/csv/").content.decode("utf-8-sig")
    assert "毛布" in held and "'=cmd" in held
    assert viewer.get("/staff/supplies/xlsx/").content[:2] == b"PK"
    assert (
        "まだありません" in viewer.get("/staff/supplies/", {"day": "2020-01-01"}).content.decode()
    )


def test_what_hangs_in_public_is_on_the_citys_page(city: City) -> None:
    pk = full_house(city)
    sheltering.put_up(CLERK, pk, "給水", "9時から <b>正門</b>", public=True)
    sheltering.put_up(CLERK, pk, "夜勤の順番", "内部のこと")
    kept.forget()
    page = Client().get("/shelters/").content.decode()
    assert "9時から &lt;b&gt;正門" in page and "夜勤の順番" not in page


def test_what_was_decided_without_a_connection_is_marked(city: City) -> None:
    """On the person's card, the shelter's people and the list of what cannot both be."""
    pk, taro = full_house(city), city.residents["備 太郎"].pk
    cut = [
        sighting(city, "備 太郎", "F1", minutes=1, device="T002", offline=True),
        sighting(city, "備 一郎", "F1", offline=True, device="T9"),
    ]
    safety.record(cut)
    clerk, boss, mark = signed_in(Role.RECEPTION), signed_in(Role.OPERATOR), "通信なしで記録"
    there = city.facilities["F1"].pk
    sheltering.set_room(CLERK, there, "教室1", "general", "9")
    assert mark in clerk.get(f"/reception/shelter/{there}/rooms/").content.decode()
    assert mark not in clerk.get(f"/reception/shelter/{pk}/").content.decode()
    assert clerk.get(f"/reception/shelter/{there}/").content.decode().count(mark) == 2, (
        "both are disputed"
    )
    for page in (f"people/r{taro}/", "people/", f"shelters/{there}/people/"):
        assert mark in boss.get(f"/staff/{page}").content.decode(), page
    assert mark not in boss.get(f"/staff/people/r{city.residents['備 花子'].pk}/").content.decode()
    safety.undo(CLERK, cut[0].id)
    assert safety.inside(CLERK, there, [f"r{taro}"]) == []
