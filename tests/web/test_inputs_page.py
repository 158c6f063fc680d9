"""The page of the inputs: who may change them, what stays when something is wrong, what alarms."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from sonae.core import clock
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.models import WarningInput
from sonae.platform.access import Role
from sonae.web import kept
from tests.fixtures import ADMINISTRATOR, City
from tests.web.test_orders_pages import signed_in
from tests.web.test_warnings_page import take

pytestmark = pytest.mark.django_db
URL = "https://example.jp/feed/"


def test_an_administrator_adds_switches_and_removes_a_line(city: City) -> None:
    admin, operator = signed_in(Role.ADMINISTRATOR), signed_in(Role.OPERATOR)
    assert "受信経路がまだありません" in operator.get("/staff/inputs/").content.decode()
    form = {"kind": "jma-feed", "name": "気象庁", "url": URL, "interval": "60"}
    assert operator.post("/staff/inputs/add/", form).status_code == 403
    assert admin.post("/staff/inputs/add/", form).status_code == 302
    row = WarningInput.objects.get()
    assert (row.name, row.options) == ("気象庁", {"url": URL, "interval": 60})
    assert operator.post("/staff/inputs/disable/", {"name": "気象庁"}).status_code == 403
    admin.post("/staff/inputs/disable/", {"name": "気象庁"})
    assert "止めている" in operator.get("/staff/inputs/").content.decode()
    admin.post("/staff/inputs/remove/", {"name": "気象庁"})
    assert not WarningInput.objects.exists()


def test_what_was_typed_stays_when_something_is_wrong(city: City) -> None:
    admin = signed_in(Role.ADMINISTRATOR)
    form = {"kind": "jma-feed", "name": "気象庁", "url": URL, "interval": "often"}
    answer = admin.post("/staff/inputs/add/", form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "数字で指定してください" in page
    assert 'value="often"' in page
    assert f'value="{URL}"' in page
    missing = admin.post("/staff/inputs/add/", {"kind": "qzss", "name": "衛星"})
    assert "受信機" in missing.content.decode()
    assert admin.post("/staff/inputs/add/", {"kind": "nonsense"}).status_code == 422
    assert not WarningInput.objects.exists()


def test_a_silent_line_alarms_on_the_overview(city: City) -> None:
    viewer = signed_in(Role.VIEWER)
    row = warnings.add_input(ADMINISTRATOR, "jma-feed", "気象庁", {"url": URL})
    now = clock.now()
    WarningInput.objects.filter(pk=row.pk).update(state="running", started_at=now, heard_at=now)
    assert "警報を受信できない経路" not in viewer.get("/staff/").content.decode()
    old = now - timedelta(seconds=row.silent_after + 1)
    WarningInput.objects.filter(pk=row.pk).update(heard_at=old)
    kept.forget()
    assert "警報を受信できない経路" in viewer.get("/staff/").content.decode()
    assert "応答なし" in viewer.get("/staff/warnings/").content.decode()
    page = viewer.get("/staff/inputs/").content.decode()
    assert "応答なし" in page
    assert "ほかの経路で確かめてください" in page


def test_lines_on_which_others_call_say_what_is_wrong_before_they_are_kept(city: City) -> None:
    admin = signed_in(Role.ADMINISTRATOR)
    page = admin.get("/staff/inputs/").content.decode()
    for label in ("JMAソケット", "動作ルール", "Lアラート（受信側）", "訓練のポート"):
        assert label in page
    form = {"kind": "jma-socket", "name": "受信機", "ports": "36000", "training_ports": "36000"}
    answer = admin.post("/staff/inputs/add/", {**form, "peers": "192.0.2.10"})
    assert (answer.status_code, "2度指定" in answer.content.decode()) == (422, True)
    form = {
        "kind": "lalert",
        "name": "Lアラート",
        "port": "8730",
        "user": "commons",
        "window": "300",
    }
    answer = admin.post("/staff/inputs/add/", {**form, "peers": "8.8.8.8", "password": "秘密の語"})
    body = answer.content.decode()
    assert (answer.status_code, "証明書" in body, "秘密の語" in body) == (422, True, False)
    assert not WarningInput.objects.exists()
    answer = admin.post("/staff/inputs/add/", {**form, "peers": "10.0.0.7", "password": "秘密の語"})
    assert answer.status_code == 302
    row = WarningInput.objects.get()
    assert ("秘密" in str(row.options), "秘密" in row.sealed) == (False, False)


def test_what_went_wrong_last_is_shown_while_nobody_has_called(city: City) -> None:
    viewer = signed_in(Role.VIEWER)
    options = {"ports": "36000", "peers": "192.0.2.10"}
    row = warnings.add_input(ADMINISTRATOR, "jma-socket", "受信機", options)
    WarningInput.objects.filter(pk=row.pk).update(
        state="running", error="許していない相手からの接続を断りました: 192.0.2.99",
        error_at=clock.now(),
    )  # fmt: skip
    assert "192.0.2.99" in viewer.get("/staff/inputs/").content.decode()


def test_the_public_page_is_only_calm_while_a_line_is_alive(city: City) -> None:
    def front() -> str:
        kept.forget()
        return Client().get("/").content.decode()

    assert "警報が出ているかどうかは、分かりません" in front()
    row = warnings.add_input(ADMINISTRATOR, "jma-feed", "気象庁", {"url": URL})
    now = clock.now()
    WarningInput.objects.filter(pk=row.pk).update(state="running", started_at=now, heard_at=now)
    assert "避難情報や警報は出ていません" in front()
    old = now - timedelta(seconds=row.silent_after + 1)
    WarningInput.objects.filter(pk=row.pk).update(heard_at=old)
    assert "分かりません" in front()


def test_with_every_line_dead_neither_page_speaks_of_calm(city: City) -> None:
    """Whatever came within the day: only a living line makes silence mean that there is nothing."""
    row = warnings.add_input(ADMINISTRATOR, "jma-feed", "気象庁", {"url": URL})
    now = clock.now()
    alive = now - timedelta(seconds=row.silent_after - 60)
    dead = now - timedelta(seconds=row.silent_after + 60)
    line, viewer = WarningInput.objects.filter(pk=row.pk), signed_in(Role.VIEWER)
    take("03")
    take("00", 1)

    def pages() -> tuple[str, str, str]:
        kept.forget()
        paths = ("/", "/staff/warnings/", "/staff/")
        return tuple(viewer.get(path).content.decode() for path in paths)  # type: ignore[return-value]

    line.update(state="running", started_at=alive, heard_at=alive)
    assert warnings.deafness() is None
    front, page, desk = pages()
    assert "避難情報や警報は出ていません" in front and "受け取れていません" not in front
    assert "発表中の警報・注意報はありません" in page
    assert "発表中の警報・注意報はありません" in desk
    line.update(started_at=dead, heard_at=dead)
    deaf = warnings.deafness()
    assert deaf is not None and deaf.since == dead
    front, page, desk = pages()
    assert "警報は出ていません" not in front and "分かりません" in front
    for text in (page, desk):
        assert "発表中の警報・注意報はありません" not in text
        assert "警報が出ているかどうかは分かりません" in text
    take("43", 2)
    assert "新しい警報や解除を受け取れていません" in pages()[0], "also beside what is in force"


def test_files_alone_make_silence_meaningful_for_an_hour(city: City) -> None:
    assert warnings.deafness() == warnings.Deafness(None)
    take("00")
    assert warnings.hearing()
    with clock.using(clock.FrozenClock(clock.now() + timedelta(minutes=61))):
        assert not warnings.hearing()
