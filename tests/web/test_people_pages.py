"""One person's page over HTTP: found, heard, settled, undone, a death by two; nobody where nobody may know."""

from __future__ import annotations

import pytest
from django.test import Client

from sonae.core import clock
from sonae.core.ids import uuid7
from sonae.domains.rosters import interface as rosters
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import Sighting, Visitor, VisitorFacts
from sonae.platform.access import SYSTEM, Role
from tests.domains.safety.test_ledger import sighting
from tests.fixtures import APPROVER, OPERATOR, City
from tests.web.test_staff_pages import signed_in

pytestmark = pytest.mark.django_db


def path(city: City, name: str = "備 太郎") -> str:
    return f"/staff/people/r{city.residents[name].pk}/"


def sent(client: Client, address: str, **fields: object) -> str:
    return client.post(address, fields, follow=True).content.decode()


def test_people_are_found_and_what_they_said_is_kept(city: City) -> None:
    client = signed_in(Role.OPERATOR)
    safety.record([sighting(city, visitor=VisitorFacts("備 来訪", "ソナエ ライホウ"))])
    page = client.get("/staff/people/", {"q": "そなえ"}).content.decode()
    assert "備 太郎" in page and "備 来訪" in page
    assert "見つかりません" in client.get("/staff/people/", {"q": "ぬぬぬ"}).content.decode()
    address = path(city)
    assert "まだ何も記録されていません" in client.get(address).content.decode()
    short = client.post(f"{address}heard/", {"source": "family", "status": "safe", "form": uuid7()})
    assert short.status_code == 422 and "だれから聞いたか、名前と続柄" in short.content.decode()
    told = sent(
        client, f"{address}heard/", source="family", status="safe", direction="elsewhere",
        place="隣市の長女の家", teller="長女 和子", form=str(uuid7()),
    )  # fmt: skip
    assert "だれが言ったことかも残っています" in told and "隣市の長女の家" in told
    row = Sighting.objects.get(source="family")
    undone = sent(client, f"{address}undo/", sighting=str(row.pk))
    assert "取り消された・訂正された" in undone
    other = sighting(city, "備 花子")
    safety.record([other])
    assert client.post(f"{address}undo/", {"sighting": str(other.id)}).status_code == 404
    assert client.post(f"{address}heard/", {"form": "x"}).status_code == 422
    assert client.post(f"{address}nonsense/").status_code == 404


def found(client: Client, typed: str) -> str:
    page = client.get("/staff/people/", {"q": typed}).content.decode()
    return page.split('id="disputed"')[0]


def test_a_visitor_is_found_by_whatever_was_ever_written(city: City) -> None:
    """In any form of a kanji, by parts, by the reading, by a correction, by whom a line turned out to be."""
    facts = VisitorFacts("邉見 栄二", "ヘンミ エイジ", "1961-04-05", "遠い市")
    safety.record([sighting(city, visitor=facts)])
    one = Visitor.objects.get()
    client = signed_in(Role.OPERATOR)
    for typed in (
        "辺見",
        "邊見栄二",
        "へんみ",
        "ヘンミエイジ",
        "栄二",
        "えいじ",
        "辺見 S36.4.5",
        "1961",
    ):
        assert "邉見 栄二" in found(client, typed), typed
    for typed in ("辺見 1962", "栄三", "遠い市"):
        assert "邉見 栄二" not in found(client, typed), typed
    rosters.describe(OPERATOR, one.pk, {"name": "逸見 栄治", "birth_date": "1961-04-06"})
    for typed in ("逸見", "辺見", "へんみ", "栄治 1961"):
        assert "逸見 栄治" in found(client, typed), typed
    page = client.get(f"/staff/people/v{one.pk}/").content.decode()
    assert "逸見 栄治" in page and f'href="/staff/visitors/{one.pk}/"' in page
    assert rosters.visitors(OPERATOR, "辺見")[1] == rosters.visitors(OPERATOR, "いつの人")[1] + 1
    safety.record([sighting(city, visitor=VisitorFacts("えんどう豆", "", "1961"))])
    other = Visitor.objects.get(name="えんどう豆")
    safety.link(OPERATOR, other.pk, other_pk=one.pk, source="review", reason="本人が言った")
    assert "逸見 栄治" in found(client, "エンドウ"), "by the name of a line that was this person"
    wrong = client.get("/staff/visitors/", {"q": "辺見 1961-13-45"})
    assert wrong.status_code == 422 and 'role="alert"' in wrong.content.decode()


def test_a_dispute_is_settled_with_a_reason(city: City) -> None:
    one = sighting(city, "備 太郎", "F1", device="T001")
    safety.record([one, sighting(city, "備 太郎", "F2", device="T002", minutes=-2)])
    client = signed_in(Role.OPERATOR)
    assert "備 太郎" in client.get("/staff/people/").content.decode()
    assert "記録が食い違っている人が1人" in client.get("/staff/safety/").content.decode()
    page = client.get(path(city)).content.decode()
    assert "2か所で受付されています" in page and page.count('name="side"') == 2
    done = sent(client, f"{path(city)}settle/", side=str(one.id), reason="電話で確認")
    assert "食い違いを整理しました" in done and safety.conflicts() == []
    wrong = client.post(f"{path(city)}settle/", {"side": "x", "reason": "y"})
    assert wrong.status_code == 422


def test_a_link_is_shown_and_ended_where_the_person_is(city: City) -> None:
    safety.record([sighting(city, visitor=VisitorFacts("そなえ太郎", "", "1950-04-01", ""))])
    visitor = Visitor.objects.get()
    safety.link(
        OPERATOR, visitor.pk, city.residents["備 太郎"].pk, source="review", reason="同じ日"
    )
    client = signed_in(Role.OPERATOR)
    assert "そなえ太郎" in client.get(path(city)).content.decode()
    assert client.post(f"{path(city)}unlink/", {"visitor": "999"}).status_code == 404
    page = sent(client, f"{path(city)}unlink/", visitor=visitor.pk, reason="別人")
    assert "結び付きを解きました" in page and "この人として書かれた名前" not in page
    assert "別の人とした" in page, "in the history it stays"


def test_a_death_proposed_under_another_name_is_decided_on_the_one_page(city: City) -> None:
    """Proposed for a visitor who then turned out to be a resident: one person, one confirmation."""
    safety.record([sighting(city, visitor=VisitorFacts("そなえ太郎", "", "1950-04-01", ""))])
    visitor, taro = Visitor.objects.get().pk, city.residents["備 太郎"].pk
    row = safety.propose_death(OPERATOR, f"v{visitor}", "police", clock.now())
    own = safety.propose_death(OPERATOR, f"r{taro}", "police", clock.now())
    asked = safety.link(OPERATOR, visitor, taro, source="review", reason="検案書の氏名")
    safety.agree_link(APPROVER, asked.pk)
    approver = signed_in(Role.APPROVER)
    assert approver.get(path(city)).content.decode().count('value="agreed"') == 2
    for address in (path(city), f"/staff/people/v{visitor}/"):  # as two open tabs would post it
        approver.post(f"{address}decide/", {"death": row.pk, "step": "agreed"})
    assert safety.state_of([taro])[taro].status == "deceased"
    twice = approver.post(f"{path(city)}decide/", {"death": own.pk, "step": "agreed"})
    assert twice.status_code == 422 and "もう記録されています" in twice.content.decode()
    operator = signed_in(Role.OPERATOR)
    again = operator.post(f"{path(city)}death/", {"basis": "police"})
    assert again.status_code == 422
    sent(operator, f"{path(city)}decide/", death=row.pk, step="undone", note="別人")
    assert taro not in safety.state_of([taro]) or safety.state_of([taro])[taro].status != "deceased"


def test_a_death_takes_two_and_no_page_of_residents_tells_it(city: City) -> None:
    operator, approver = signed_in(Role.OPERATOR, "当直"), signed_in(Role.APPROVER, "決裁")
    taro = city.residents["備 太郎"]
    told = sent(operator, f"{path(city)}death/", basis="police", place="市立病院")
    assert "どこにも出ません" in told
    [row] = safety.deaths_waiting(OPERATOR)
    for step in ("agreed", "refused"):
        fields = {"death": row.pk, "step": step}
        assert operator.post(f"{path(city)}decide/", fields).status_code == 403
    assert "備 太郎" in approver.get("/staff/people/").content.decode()
    assert "確認待ち" in approver.get(path(city)).content.decode()
    assert "確認待ち" not in signed_in(Role.VIEWER).get(path(city)).content.decode()
    sent(approver, f"{path(city)}decide/", death=row.pk, step="agreed", note="検案書")
    assert safety.state_of([taro.pk])[taro.pk].status == "deceased"
    account = signed_in(Role.RESIDENT)
    user = account.session["_auth_user_id"]
    from sonae.domains.identity.interface import Account

    Account.objects.filter(pk=user).update(resident_pk=city.residents["備 花子"].pk)
    family = account.get("/me/").content.decode()
    assert "備 太郎" in family and "死亡" not in family and "市の担当者から連絡します" in family
    wrong = operator.post(f"{path(city)}decide/", {"death": row.pk, "step": "undone"})
    assert wrong.status_code == 422
    assert "記録しました" in sent(
        operator, f"{path(city)}decide/", death=row.pk, step="undone", note="別人"
    )
    assert taro.pk not in safety.state_of([taro.pk])


def test_viewers_look_and_others_do_not(city: City) -> None:
    viewer = signed_in(Role.VIEWER)
    assert viewer.get("/staff/people/").status_code == 200
    page = viewer.get(path(city)).content.decode()
    assert "聞いたことを記録する" not in page and "死亡の確認" not in page
    assert viewer.post(f"{path(city)}heard/").status_code == 403
    for role in (Role.RECEPTION, Role.RESIDENT):
        client = signed_in(role)
        assert client.get("/staff/people/").status_code == 403
        assert client.get(path(city)).status_code == 403


def test_a_shielded_person_answers_like_nobody_everywhere(city: City) -> None:
    shielded = city.residents["佐藤 守"].pk
    two = [
        sighting(city, "佐藤 守", "F1", device="T001"),
        sighting(city, "佐藤 守", "F2", device="T002", minutes=-1),
    ]
    safety.record([*two, sighting(city, visitor=VisitorFacts("さとう", "", "1999-09-09", ""))])
    safety.link(SYSTEM, Visitor.objects.get().pk, shielded, source="auto", reason="")
    client = signed_in(Role.OPERATOR)
    answers = set()
    for person in (f"r{shielded}", "r987654"):
        for verb in ("", "heard/", "settle/", "undo/", "unlink/", "death/", "decide/"):
            address = f"/staff/people/{person}/{verb}"
            fields = {"form": str(uuid7()), "source": "self", "status": "safe", "basis": "police",
                      "side": str(two[0].id), "sighting": str(two[0].id), "reason": "x"}  # fmt: skip
            answer = client.post(address, fields) if verb else client.get(address)
            body = answer.content.decode().replace(person, "").replace(address, "")
            if verb in ("", "heard/"):
                answers.add((verb, answer.status_code, len(body)))
            assert answer.status_code == 404, (person, verb)
            assert "佐藤" not in body
    assert len(answers) == 2, "word for word the same as nobody"
    for page in (
        "/staff/people/?q=さとう",
        "/staff/people/?q=佐藤",
        "/staff/people/",
        "/staff/safety/",
    ):
        assert "佐藤 守" not in client.get(page).content.decode()
    assert "食い違っている人が" not in client.get("/staff/safety/").content.decode()
