"""設定: the officers for people under 支援措置 and links by two people; two people, a reason, a record."""

from __future__ import annotations

import pytest
from django.test import Client

from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.identity import interface as identity
from sonae.domains.identity.interface import Account, SettingChange, citysettings
from sonae.domains.municipalities.interface import municipality
from sonae.platform.access import Actor, Role
from sonae.platform.models import AuditEntry
from sonae.platform.scope import World
from tests.fixtures import ADMINISTRATOR, OPERATOR, City
from tests.web.test_orders_pages import signed_in

pytestmark = pytest.mark.django_db
HOME = "/staff/settings/"


def account(role: Role, name: str) -> tuple[Account, Client, Actor]:
    row = identity.add_account(f"{name}@example.jp", "natsu-no-yuki-7", role, name=name)
    made = Client()
    made.force_login(row)
    return row, made, Actor(f"account:{row.pk}", role, name, row.pk)


def test_an_officer_is_named_by_two_people_and_neither_is_the_officer(city: City) -> None:
    officer, own, who = account(Role.APPROVER, "tanto")
    admin, second = signed_in(Role.ADMINISTRATOR), signed_in(Role.APPROVER)
    assert "担当者がいません" in admin.get(HOME).content.decode()
    form = {"account": officer.pk, "wanted": "1"}
    empty = admin.post(f"{HOME}officer/", {**form, "reason": " "})
    assert empty.status_code == 422 and "理由を書いてください" in empty.content.decode()
    told = admin.post(f"{HOME}officer/", {**form, "reason": "夜間の当直"}, follow=True)
    assert "もう1人が確かめるまで" in told.content.decode()
    assert not consent.is_shield_officer(who)
    again = admin.post(f"{HOME}officer/", {**form, "reason": "もう一度"})
    assert again.status_code == 422 and "もう1人の確認を待っています" in again.content.decode()
    change = SettingChange.objects.get()
    for client in (admin, own):
        assert "確かめた。変える" not in client.get(HOME).content.decode()
        assert client.post(f"{HOME}agree/", {"change": change.pk}).status_code == 403
    assert not consent.is_shield_officer(who)
    assert "確かめた。変える" in second.get(HOME).content.decode()
    second.post(f"{HOME}agree/", {"change": change.pk})
    assert consent.is_shield_officer(who)
    page = admin.get(HOME).content.decode()
    assert "tanto@example.jp" in page and "夜間の当直" in page and "担当者がいません" not in page
    gone = admin.post(
        f"{HOME}officer/", {"account": officer.pk, "wanted": "0", "reason": "異動"}, follow=True
    )
    assert "設定を変えました" in gone.content.decode(), "one is enough for less"
    assert not consent.is_shield_officer(who)
    acts = AuditEntry.objects.filter(action__startswith="setting_").order_by("sequence")
    assert [one.action for one in acts] == [
        "setting_proposed", "setting_changed", "setting_changed",
    ]  # fmt: skip


def test_links_take_two_people_at_once_and_one_again_only_by_two(city: City) -> None:
    admin, second = signed_in(Role.ADMINISTRATOR), signed_in(Role.APPROVER)
    admin.post(f"{HOME}link/", {"wanted": "1", "reason": "人手がある"})
    assert municipality().settings[citysettings.LINK_TWO] is True
    admin.post(f"{HOME}link/", {"wanted": "0", "reason": "急ぐ"})
    assert citysettings.link_needs_two()
    change = SettingChange.objects.get(state="waiting")
    admin.post(f"{HOME}refuse/", {"change": change.pk})
    assert second.post(f"{HOME}agree/", {"change": change.pk}).status_code == 422
    assert citysettings.link_needs_two()
    admin.post(f"{HOME}link/", {"wanted": "0", "reason": "やはり急ぐ"})
    second.post(f"{HOME}agree/", {"change": SettingChange.objects.get(state="waiting").pk})
    assert not citysettings.link_needs_two()


def test_it_is_for_administrators_and_who_agrees(city: City) -> None:
    for role, status in (
        (Role.ADMINISTRATOR, 200), (Role.APPROVER, 200), (Role.OPERATOR, 403), (Role.VIEWER, 403),
    ):  # fmt: skip
        assert signed_in(role).get(HOME).status_code == status, role
    approver = account(Role.APPROVER, "kessai")[1]
    told = approver.post(f"{HOME}link/", {"wanted": "1", "reason": "x"})
    assert told.status_code == 403 and not citysettings.link_needs_two()
    assert "提案する" not in approver.get(HOME).content.decode()


def test_nobody_unfit_is_named_and_no_exercise_changes_anything(city: City) -> None:
    clerk = account(Role.RECEPTION, "uketsuke")[0]
    closed = account(Role.OPERATOR, "yameta")[0]
    identity.close_account(ADMINISTRATOR, closed.pk)
    for pk in (clerk.pk, closed.pk, 10**9):
        with pytest.raises(SonaeError, match="unprocessable"):
            citysettings.propose(ADMINISTRATOR, citysettings.OFFICERS, True, "理由", pk)
    for setting, pk in (("answer_policy", None), (citysettings.LINK_TWO, clerk.pk)):
        with pytest.raises(SonaeError, match="unprocessable"):
            citysettings.propose(ADMINISTRATOR, setting, True, "理由", pk)
    with pytest.raises(SonaeError, match="forbidden"):
        citysettings.propose(OPERATOR, citysettings.LINK_TWO, True, "理由")
    with city.entered(World.EXERCISE), pytest.raises(SonaeError, match="訓練"):
        citysettings.propose(ADMINISTRATOR, citysettings.LINK_TWO, True, "理由")
    with pytest.raises(SonaeError, match="conflict"):
        citysettings.propose(ADMINISTRATOR, citysettings.LINK_TWO, False, "もうそう")
    with pytest.raises(SonaeError, match="not_found"):
        citysettings.agree(ADMINISTRATOR, 10**9)
