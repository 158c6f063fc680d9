"""Doors and menus: nobody is led to a closed page, and who enters the exercise reads that it is one."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from sonae.core import townname
from sonae.domains.identity import interface as identity
from sonae.domains.shelters import lists
from sonae.domains.shelters.models import FacilityList
from sonae.platform.access import Role
from sonae.web.commands import serve
from tests.fixtures import ADMINISTRATOR, City

pytestmark = pytest.mark.django_db


def signed_in(role: Role) -> Client:
    """A browser in which an account of a role is signed in."""
    account = identity.add_account(f"{role.value}@example.jp", "natsu-no-yuki-7", role, name="当直")
    client = Client()
    client.force_login(account)
    return client


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.ADMINISTRATOR])
def test_the_staff_menu_leads_to_no_closed_door(city: City, role: Role) -> None:
    """Every entry that a role is shown opens for it; who may print cards is shown the way."""
    client = signed_in(role)
    body = client.get("/staff/").content.decode()
    menu = body[body.index('class="staff-nav"') :]
    paths = re.findall(r'<a href="([^"]+)"', menu[: menu.index("</nav>")])
    assert len(paths) > 8
    assert ("/staff/cards/" in paths) == (role is not Role.VIEWER)
    for path in paths:
        assert client.get(path).status_code == 200, path


def test_the_page_that_is_shown_is_marked_for_small_screens(city: City) -> None:
    body = signed_in(Role.OPERATOR).get("/staff/safety/").content.decode()
    assert len(re.findall(r'<li class="here"><a href="/staff/safety/" aria-current', body)) == 1


@pytest.mark.parametrize(
    ("way", "told"),
    [("/drill/staff/", True), ("/drill/", True), ("/drill", True), ("/staff/", False), ("/drillings/", False), ("", False)],
)  # fmt: skip
def test_the_log_in_into_the_exercise_says_so(city: City, way: str, told: bool) -> None:
    """Also when the password was wrong."""
    client = Client()
    shown = client.get("/accounts/login/", {"next": way}).content.decode()
    wrong = client.post(
        "/accounts/login/", {"login": "x@example.jp", "password": "no", "next": way}
    ).content.decode()
    for body in (shown, wrong):
        assert ("これは訓練です。" in body) == told


def test_the_address_line_may_be_as_long_as_the_server_takes() -> None:
    command = serve.web_command("127.0.0.1:1", 1, 1)
    assert int(command[command.index("--limit-request-line") + 1]) == 8190


@pytest.mark.parametrize("given", ["", "  ", "防災課"])
def test_a_list_without_a_source_is_the_city_s_and_never_a_file_name(
    city: City, given: str
) -> None:
    """What residents read as 指定の出典."""
    text = "施設・場所名,緯度,経度,洪水\n中央公園,37.0004,139.005,1\n"
    lists.take_in(ADMINISTRATOR, [lists.Upload("emergency-sites.csv", text.encode())], source=given)
    assert FacilityList.objects.latest("pk").source == (given.strip() or "試験市の一覧")


def test_a_national_list_without_a_source_is_the_nation_s(city: City) -> None:
    text = "施設・場所名,緯度,経度,洪水\n中央公園,37.0004,139.005,1\n"
    files = [lists.Upload("mergeFromCity_1.csv", text.encode())]
    lists.take_in(ADMINISTRATOR, files, purpose="compare", origin="national")
    assert FacilityList.objects.latest("pk").source == "国の一覧"


@pytest.mark.parametrize(
    ("typed", "rank"),
    [("ほんちょう2ちょうめ", 3), ("ほんまち２ちょうめ", 3), ("ホンマチ二丁目", 3), ("ほんちょう3ちょうめ", 0), ("ほんし", 0)],
)  # fmt: skip
def test_who_reads_machi_as_cho_finds_the_town(typed: str, rank: int) -> None:
    """町 is まち in one city and ちょう in the next."""
    assert townname.fits(typed, "本町二丁目", "ホンマチニチョウメ") == rank


@pytest.mark.parametrize(
    ("address", "rest"),
    [("栄町一丁目2番3号", "2番3号"), ("栄町1-2-3", "-2-3"), ("栄町１丁目", ""), ("さかえまち1ちょうめ", ""),
     ("大字広塚12番地", "12番地"), ("sakaemachi 1-chome", ""), ("栄町", ""), ("", "")],
)  # fmt: skip
def test_what_stands_behind_the_town_in_an_address(address: str, rest: str) -> None:
    assert townname.beyond(address) == rest
