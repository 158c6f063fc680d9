"""窓口: whoever has no phone gets the card and the plan from a clerk; every look is on record."""

from __future__ import annotations

import pytest
from django.test import Client

from sonae.domains.consent.interface import AccessEvent
from sonae.domains.evacuation.interface import HouseholdTimeline, timelines
from sonae.domains.identity.interface import Account
from sonae.platform.access import Role
from sonae.platform.models import AuditEntry
from tests.fixtures import CODE, City, actor

pytestmark = pytest.mark.django_db

ANSWERS = {
    "m": ["elderly"], "leaving": "fetched", "goal": "own", "kind": "relatives",
    "name": "姉の家", "place_town": "東町",
}  # fmt: skip


def browser(role: Role, resident_pk: int | None = None) -> Client:
    account = Account.objects.create_user(
        f"{role.value}@example.jp", role=role.value, municipality=CODE, resident_pk=resident_pk
    )
    client = Client()
    client.force_login(account)
    return client


def page(city: City, name: str, rest: str = "") -> str:
    return f"/staff/cards/window/{city.residents[name].pk}/{rest}"


def answer(clerk: Client, typed: str) -> str:
    """What the page says to a search, from its form on."""
    shown = clerk.get("/staff/cards/window/", {"q": typed}).content.decode()
    return shown[shown.index('role="search"') :]


def test_found_by_reading_and_recorded_for_the_window(city: City) -> None:
    clerk = browser(Role.OPERATOR)
    shown = clerk.get("/staff/cards/window/", {"q": "ソナエ"}).content.decode()
    assert "備 太郎" in shown and page(city, "備 太郎") in shown
    taro = city.residents["備 太郎"].pk
    events = AccessEvent.objects.filter(subject=taro)
    assert events.get().purpose == "window"
    assert "見つかりませんでした" in clerk.get("/staff/cards/window/?q=ダレモ").content.decode()
    bad = clerk.get("/staff/cards/window/", {"q": "昭和99年99月99日"})
    assert bad.status_code == 422 and "日付を読めません" in bad.content.decode()


def test_the_card_of_one_household(city: City) -> None:
    clerk = browser(Role.OPERATOR)
    answer = clerk.get(page(city, "備 太郎", "pdf/"))
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF-")
    purposes = AccessEvent.objects.filter(subject=city.residents["備 花子"].pk)
    assert set(purposes.values_list("purpose", flat=True)) == {"window", "cards"}
    drill = clerk.get("/drill" + page(city, "備 太郎", "pdf/"))
    assert drill.status_code == 409


def test_a_plan_written_at_the_window_is_the_household_s_own(city: City) -> None:
    clerk, taro = browser(Role.OPERATOR), city.residents["備 太郎"]
    asked = clerk.get(page(city, "備 太郎", "plan/")).content.decode()
    assert "質問1" in asked and 'class="staff' in asked
    assert clerk.post(page(city, "備 太郎", "plan/"), {}).status_code == 422
    done = clerk.post(page(city, "備 太郎", "plan/"), ANSWERS, follow=True)
    assert "計画を保存しました" in done.content.decode() and "姉の家" in done.content.decode()
    assert AuditEntry.objects.filter(action="timeline.window").count() == 1
    assert "姉の家" in clerk.get(page(city, "備 花子")).content.decode()
    own = browser(Role.RESIDENT, taro.pk)
    assert "姉の家" in own.get("/me/plan/").content.decode(), "the household reads it"
    looks = AccessEvent.objects.filter(subject=city.residents["備 花子"].pk, purpose="window")
    assert any("destination" in one.fields for one in looks), "and reads that the clerk saw it"
    clerk.post(page(city, "備 太郎", "plan/withdraw/"))
    row = timelines.timeline_of(actor(Role.RESIDENT, 9, taro.pk))
    assert row is not None and row.goal == "site"
    clerk.post(page(city, "備 太郎", "plan/undo/"))
    assert timelines.stated_destinations([taro.pk])
    clerk.post(page(city, "備 太郎", "plan/forget/"))
    assert not HouseholdTimeline.objects.exists()
    assert AuditEntry.objects.filter(action="timeline.window").count() == 4


def test_the_shielded_are_not_to_be_found(city: City) -> None:
    """佐藤 守: no search shows him; of his home only the others are shown, without a trace of him."""
    clerk = browser(Role.OPERATOR)
    nobody, hidden = answer(clerk, "ダレモ"), answer(clerk, "サトウ")
    assert hidden.replace("サトウ", "ダレモ") == nobody
    shown = clerk.get(page(city, "山﨑 清")).content.decode()
    assert "山﨑 ミツ" in shown and "佐藤" not in shown
    assert clerk.get(page(city, "佐藤 守")).status_code == 404, (
        "his number opens no home without him"
    )
    city.residents["山﨑 清"].household.resident_set.exclude(name="佐藤 守").update(shielded=True)
    assert clerk.get(page(city, "佐藤 守")).status_code == 404
    assert clerk.get("/staff/cards/window/999999/").status_code == 404
    assert clerk.get(page(city, "佐藤 守", "pdf/")).status_code == 404
    assert clerk.post(page(city, "佐藤 守", "plan/"), ANSWERS).status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RECEPTION, Role.RESIDENT])
def test_only_operators_work_at_the_window(city: City, role: Role) -> None:
    client = browser(role, city.residents["備 太郎"].pk if role is Role.RESIDENT else None)
    for rest in ("", "pdf/", "plan/", "plan/undo/"):
        assert client.get(page(city, "渡邉 実", rest)).status_code == 403
        assert client.post(page(city, "渡邉 実", rest), ANSWERS).status_code == 403
