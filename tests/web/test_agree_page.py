"""Two people's word on who is who: the page of the second, the city's choice, the history read."""

from __future__ import annotations

import pytest

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.identity.interface import citysettings
from sonae.domains.rosters import interface as rosters
from sonae.domains.rosters.interface import MatchQuestion
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import Visitor, VisitorFacts
from sonae.platform.access import SYSTEM, Role
from tests.domains.rosters.test_rosters import ask_about, counted, lines
from tests.domains.safety.test_ledger import sighting
from tests.fixtures import ADMINISTRATOR, APPROVER, OPERATOR, VIEWER, City
from tests.web.test_staff_pages import signed_in

pytestmark = pytest.mark.django_db
HOME = "/staff/review/agree/"


def stranger(city: City, name: str = "そなえ太郎") -> int:
    safety.record([sighting(city, visitor=VisitorFacts(name, "", "1950-04-01", ""))])
    return Visitor.objects.latest("pk").pk


def two_decide() -> None:
    citysettings.propose(ADMINISTRATOR, citysettings.LINK_TWO, True, "訓練で取り違えた")


def test_the_page_says_how_many_decide(city: City) -> None:
    clerk = signed_in(Role.OPERATOR)
    assert "職員1人の答えで結び付きます" in clerk.get(HOME).content.decode()
    two_decide()
    assert "すべて2人で確かめます" in clerk.get(HOME).content.decode()
    assert "/staff/settings/" in signed_in(Role.ADMINISTRATOR).get(HOME).content.decode()
    assert signed_in(Role.VIEWER).get(HOME).status_code == 403
    with pytest.raises(SonaeError):
        rosters.proposals(VIEWER)


def test_the_second_person_agrees_or_turns_down_with_a_reason(city: City) -> None:
    two_decide()
    taro, visitor = city.residents["備 太郎"].pk, stranger(city)
    asked = safety.link(OPERATOR, visitor, taro, source="review", reason="同じ生年月日")
    clerk = signed_in(Role.OPERATOR)
    page = clerk.get(HOME).content.decode()
    assert "そなえ太郎" in page and "備" in page and "同じ生年月日" in page and "<mark>" in page
    address = f"{HOME}{asked.pk}/"
    bare = clerk.post(f"{address}refuse/", follow=True).content.decode()
    assert "理由を書いてください" in bare
    refused = clerk.post(f"{address}refuse/", {"reason": "住所が違う"}, follow=True)
    assert "結び付けませんでした" in refused.content.decode()
    assert "もう答えが出ています" in clerk.post(f"{address}agree/", follow=True).content.decode()
    again = safety.link(OPERATOR, visitor, taro, source="review", reason="保険証")
    done = clerk.post(f"{HOME}{again.pk}/agree/", follow=True).content.decode()
    assert "いま待っているものはありません" in done
    assert safety.state_of([taro])
    safety.unlink(OPERATOR, visitor, "別の人だった")
    story = clerk.get(f"/staff/people/r{taro}/").content.decode()
    for told in ("結び付きの履歴", "提案を退けた", "住所が違う", "保険証", "別の人だった"):
        assert told in story
    assert clerk.post(f"{HOME}{again.pk}/dance/").status_code == 404


def test_what_was_proposed_at_the_desk_is_agreed_to_here(city: City) -> None:
    two_decide()
    line = lines(counted(city))["旅野 人美"]
    aoi = city.residents["高橋 葵"].pk
    question, second = ask_about(city, line, "高橋 葵"), signed_in(Role.APPROVER)
    for verb, state in (("refuse", "open"), ("agree", "settled")):
        rosters.answer(OPERATOR, question.pk, "person", aoi)
        [one] = rosters.proposals(APPROVER)
        assert not one.mine and one.resident is not None and one.resident.pk == aoi
        second.post(f"{HOME}{one.link.pk}/{verb}/", {"reason": "年が違う"})
        question.refresh_from_db()
        assert (question.state, question.first_by) == (state, "")
    assert safety.links_of([line.visitor_id or 0])
    rosters.ask_again(OPERATOR, line.visitor_id or 0)
    rosters.answer(OPERATOR, question.pk, "none")
    rosters.ask_again(OPERATOR, line.visitor_id or 0)
    rosters.answer(OPERATOR, question.pk, "person", aoi)
    [mine] = rosters.proposals(OPERATOR)
    assert mine.mine
    with pytest.raises(SonaeError, match="forbidden"):
        rosters.agree(OPERATOR, mine.link.pk)
    rosters.refuse(OPERATOR, mine.link.pk, "")
    assert MatchQuestion.objects.get(pk=question.pk).state == "open"
    assert rosters.proposals(OPERATOR) == []


def test_of_the_dead_two_decide_whatever_the_city_chose(city: City) -> None:
    visitor, taro = stranger(city), city.residents["備 太郎"].pk
    made = safety.propose_death(OPERATOR, f"v{visitor}", "police", clock.now())
    safety.decide_death(APPROVER, made.pk, "agreed")
    safety.link(OPERATOR, visitor, taro, source="review", reason="検案書")
    page = signed_in(Role.OPERATOR).get(HOME).content.decode()
    assert "死亡の確認あり" in page and "亡くなった記録になります" in page


def test_neither_page_tells_of_a_shielded_resident(city: City) -> None:
    two_decide()
    visitor, hidden = stranger(city, "さとう"), city.residents["佐藤 守"]
    client = signed_in(Role.OPERATOR)
    before = client.get(f"/staff/people/v{visitor}/").content.decode()
    safety.link(SYSTEM, visitor, hidden.pk, source="auto", reason="機械")
    with pytest.raises(SonaeError, match="だれにも結び付いていません"):
        safety.unlink(OPERATOR, visitor, "だれでもない")
    safety.unlink(SYSTEM, visitor, "だれでもない")
    taro = city.residents["備 太郎"]
    safety.link(OPERATOR, visitor, taro.pk, source="review", reason="この人")
    taro.shielded = True
    taro.save()
    assert "いま待っているものはありません" in client.get(HOME).content.decode()
    story = client.get(f"/staff/people/v{visitor}/").content.decode()
    assert "結び付きの履歴" not in story and "結び付きの履歴" not in before
