"""The pages of uploaded lists: who may, what is refused, what is said."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from sonae.domains.identity.interface import Account
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import FacilityList
from sonae.engines.defects import ACTIONS
from sonae.engines.shelters.changes import COMPARED
from sonae.engines.shelters.problems import PROBLEMS
from sonae.engines.shelters.reconcile import FIELDS
from sonae.platform.access import Role
from sonae.web.staff import listwords
from tests.fixtures import CODE, City

HOME = "/staff/shelters/table/"
TABLE = "ID,名称,緯度,経度,災害種別_洪水,想定収容人数\nF4,中央公園,37.0,139.01,1,\nX9,新体育館,37.001,139.01,1,応相談\n"


def client(role: Role) -> Client:
    account = Account.objects.create_user(
        f"{role.value}@example.jp", role=role.value, municipality=CODE, name="係"
    )
    made = Client()
    made.force_login(account)
    return made


def send(who: Client, text: bytes | str = TABLE, name: str = "city.csv", **over: str) -> int:
    raw = text if isinstance(text, bytes) else text.encode()
    data = {
        "files": SimpleUploadedFile(name, raw),
        "purpose": "replace",
        "origin": "municipal",
    } | over
    return who.post(f"{HOME}upload/", data).status_code


def newest() -> FacilityList:
    return shelters.editions()[0]


def test_a_viewer_sees_and_does_not_change(city: City) -> None:
    operator, viewer = client(Role.OPERATOR), client(Role.VIEWER)
    assert send(operator) == 302
    pk = newest().pk
    for path in ("", f"{pk}/", "compare/", "danger/", f"{pk}/defects.jsonl"):
        assert viewer.get(HOME + path).status_code == 200, path
    assert "この一覧を使う</button>" not in viewer.get(f"{HOME}{pk}/").content.decode()
    assert send(viewer) == 403
    for path in (f"{pk}/agree/", f"{pk}/discard/", "compare/settle/"):
        assert viewer.post(HOME + path).status_code == 403
        assert Client().post(HOME + path)["Location"].startswith("/accounts/login/")
    assert newest().state == "waiting"
    assert client(Role.RESIDENT).get(HOME).status_code == 403


@pytest.mark.parametrize("raw", [b"", b"\x00\x00", b"a,b\n1,2\n", b"PK\x03\x04zip"])
def test_what_cannot_be_read_is_said_and_kept_on_record(city: City, raw: bytes) -> None:
    operator = client(Role.OPERATOR)
    before = len(shelters.places())
    assert send(operator, raw) == 302
    page = operator.get(HOME).content.decode()
    assert "最後に届いた一覧は読めませんでした" in page and newest().state == "refused"
    assert operator.get(f"{HOME}{newest().pk}/").status_code == 200
    assert len(shelters.places()) == before
    assert send(operator) == 302
    assert "最後に届いた一覧は読めませんでした" not in operator.get(HOME).content.decode()


def test_a_form_without_a_file_or_with_a_strange_choice_is_refused(city: City) -> None:
    operator = client(Role.OPERATOR)
    assert (
        operator.post(f"{HOME}upload/", {"purpose": "replace", "origin": "municipal"}).status_code
        == 422
    )
    assert send(operator, purpose="erase") == 422
    assert operator.get(f"{HOME}upload/").status_code == 302
    assert shelters.editions() == []


def test_doubts_must_be_ticked(city: City) -> None:
    """Three of four facilities would go: without the tick nothing is done, and the page says so."""
    operator = client(Role.OPERATOR)
    send(operator)
    pk = newest().pk
    page = operator.get(f"{HOME}{pk}/")
    assert "many_gone" in page.content.decode()
    refused = operator.post(f"{HOME}{pk}/agree/", {"seen": shelters.stamp()}, follow=True)
    assert "確かめていない疑わしい変更" in refused.content.decode()
    doubts = [one.key for one in page.context["doubts"]]
    done = operator.post(
        f"{HOME}{pk}/agree/", {"seen": shelters.stamp(), "agreed": doubts}, follow=True
    )
    assert "この一覧を使い始めました" in done.content.decode()
    assert {p.facility.name for p in shelters.places() if p.site} == {"中央公園", "新体育館"}
    again = operator.post(f"{HOME}{pk}/agree/", {"seen": shelters.stamp()}, follow=True)
    assert "もう決定されています" in again.content.decode()


def test_an_earlier_list_can_be_looked_at_and_offered_again(city: City) -> None:
    operator = client(Role.OPERATOR)
    send(operator)
    first = newest().pk
    assert operator.post(f"{HOME}{first}/discard/").status_code == 302
    assert "この一覧に戻すことを確かめる" in operator.get(f"{HOME}{first}/").content.decode()
    assert operator.post(f"{HOME}{first}/again/").status_code == 302
    assert newest().pk != first and newest().state == "waiting"
    assert operator.post(f"{HOME}{first}/burn/").status_code == 404
    assert operator.get(f"{HOME}{first}/agree/").status_code == 302
    assert operator.get(f"{HOME}999999/").status_code == 404


def test_defects_are_downloaded_as_lines(city: City) -> None:
    operator = client(Role.OPERATOR)
    send(operator)
    lines = operator.get(f"{HOME}{newest().pk}/defects.jsonl").content.decode().splitlines()
    assert ("想定収容人数", "応相談", "not_a_number", "kept") in {
        (d["column"], d["value"], d["problem"], d["action"]) for d in map(json.loads, lines)
    }


def test_the_exercise_shows_the_list_and_does_not_change_it(city: City) -> None:
    operator = client(Role.OPERATOR)
    page = operator.get(f"/drill{HOME}").content.decode()
    assert "本番と訓練に共通です" in page and "送って、確かめる" not in page
    data = {
        "files": SimpleUploadedFile("a.csv", TABLE.encode()),
        "purpose": "replace",
        "origin": "municipal",
    }
    assert operator.post(f"/drill{HOME}upload/", data).status_code == 422
    assert shelters.editions() == []


def test_settling_needs_a_difference(city: City) -> None:
    operator = client(Role.OPERATOR)
    for facility in ("x", "999"):
        done = operator.post(
            f"{HOME}compare/settle/",
            {"facility": facility, "field": "flood", "choice": "both"},
            follow=True,
        )
        assert "もうありません" in done.content.decode()
    assert operator.get(f"{HOME}compare/settle/").status_code == 302


def test_names_from_a_file_are_text_and_not_markup(city: City) -> None:
    operator = client(Role.OPERATOR)
    send(operator, TABLE.replace("新体育館", "<script>alert(1)</script>館"), name="<img src=x>.csv")
    page = operator.get(f"{HOME}{newest().pk}/").content.decode()
    assert "<script>alert" not in page and "<img src" not in page and "&lt;script&gt;" in page


@pytest.mark.parametrize("language", ["ja", "en", "ja-x-easy"])
def test_every_field_problem_and_value_has_words(language: str) -> None:
    with translation.override(language):
        assert all(listwords.field(name) for name in (*COMPARED, *FIELDS))
        assert all(listwords.problem_name(code) for code in PROBLEMS)
        assert all(listwords.defect({"problem": "no_id", "action": one})["done"] for one in ACTIONS)
        shown = [
            listwords.value(name, said)
            for name, said in (
                ("flood", "yes"), ("capacity", None), ("capacity", 1200), ("position", [35.0, 135.0]),
                ("position", None), ("restricted_to", []), ("restricted_to", ["elderly"]),
                ("usable", "工事中"), ("usable", ["no", "工事中"]), ("usable", ["", ""]), ("name", "館"),
            )
        ]  # fmt: skip
        assert all(shown) and "1,200" in shown
