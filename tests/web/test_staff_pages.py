"""The staff desk over HTTP: roles, panels, chronology, raw telegrams, CSV and the layers of the map."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from django.test import Client

from sonae.core import clock
from sonae.core.clock import JST
from sonae.domains.identity.interface import Account
from sonae.domains.safety import interface as safety
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.engines.warnings import jalert_pushed
from sonae.gateways.simulators.jalert_mail import letter
from sonae.gateways.simulators.jma_socket import message_tar
from sonae.platform import audit, outbox
from sonae.platform.access import Role
from sonae.platform.models import AuditEntry, OutboxEntry
from sonae.web import kept
from sonae.web.staff import chronicle, desk
from sonae.web.staff.pretty import decoded, readable
from sonae.web.tablefile import harmless
from tests.fixtures import CLERK, CODE, OPERATOR, City, flood_telegram


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    """Each test renders for itself."""
    kept.forget()
    yield
    kept.forget()


def signed_in(role: Role, name: str = "") -> Client:
    """A browser signed in as someone of a role."""
    account = Account.objects.create_user(
        f"{role.value}@example.jp", role=role.value, municipality=CODE, name=name
    )
    client = Client()
    client.force_login(account)
    return client


PAGES = (
    "/staff/", "/staff/warnings/", "/staff/shelters/", "/staff/safety/", "/staff/map/",
    "/staff/exercise/", "/staff/panels/orders/", "/staff/map/towns.json",
    "/staff/map/streets.png",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_for_staff_only(city: City, path: str) -> None:
    """A viewer may look; residents, reception clerks and strangers may not."""
    assert signed_in(Role.VIEWER).get(path).status_code == 200
    assert signed_in(Role.RESIDENT).get(path).status_code == 403
    assert signed_in(Role.RECEPTION).get(path).status_code == 403
    assert Client().get(path).status_code in {302, 401}


@pytest.mark.parametrize(
    "path", ["shelters/{pk}/report/", "warnings/1/seen/", "exercise/start/", "safety/csv/"]
)
def test_changing_is_for_operators(city: City, path: str) -> None:
    """A viewer changes nothing and takes no file away."""
    address = "/staff/" + path.format(pk=city.facilities["F1"].pk)
    client = signed_in(Role.VIEWER)
    assert client.post(address).status_code == 403
    assert client.get(address).status_code == 403


def test_a_button_is_not_a_link(city: City) -> None:
    """What changes something is never done by a GET that a browser prefetches."""
    client = signed_in(Role.OPERATOR)
    for path in (
        f"shelters/{city.facilities['F1'].pk}/report/",
        "warnings/1/seen/",
        "exercise/start/",
    ):
        assert client.get(f"/staff/{path}").status_code in {400, 405}
    assert shelters.history(city.facilities["F1"].pk) == []


def test_a_panel_is_answered_by_304_until_it_changes(city: City) -> None:
    """The tag that the frame carries is the tag that is asked with."""
    client = signed_in(Role.VIEWER)
    first = client.get("/staff/panels/shelters/")
    tag = first.headers["ETag"]
    assert tag.replace('"', '\\"') in first.content.decode().replace("&quot;", '"')
    assert client.get("/staff/panels/shelters/", headers={"if-none-match": tag}).status_code == 304
    shelters.set_state(OPERATOR, city.facilities["F2"].pk, "open")
    kept.forget()
    assert client.get("/staff/panels/shelters/", headers={"if-none-match": tag}).status_code == 200


def test_a_panel_that_does_not_exist(city: City) -> None:
    """404, not an empty frame."""
    assert signed_in(Role.VIEWER).get("/staff/panels/none/").status_code == 404


def test_the_outbox_panel_speaks_up(city: City) -> None:
    """Something waiting for minutes, something failed: both are told, with what to do."""
    OutboxEntry.objects.all().delete()
    OutboxEntry.objects.create(
        topic="x", subscriber="y", created_at="2026-01-01T00:00:00+09:00", due_at=1.0
    )
    OutboxEntry.objects.create(
        topic="x",
        subscriber="y",
        created_at="2026-01-01T00:00:00+09:00",
        due_at=1.0,
        state="failed",
    )
    found = desk.health()
    assert found["waiting"] == {"pending": 1, "failed": 1} and found["late"] > 1000
    page = signed_in(Role.VIEWER).get("/staff/panels/outbox/").content.decode()
    assert "sonae serve" in page and "情報システム担当" in page


def test_the_chronology_joins_routine_and_keeps_what_matters_apart(city: City) -> None:
    """Thirty openings are one line; each order is its own; unknown acts appear by their name."""
    for facility in city.facilities.values():
        shelters.set_state(OPERATOR, facility.pk, "open")
    for level in (3, 4):
        audit.record("account:1", "order.issue", "order:1", level=level, hazard="flood")
    audit.record("account:1", "odd.act", name="何か")
    audit.record("account:1", "signed_in")
    texts = [line.text for line in chronicle.happenings()]
    assert sum("避難所の状態を報告" in text for text in texts) == 1
    assert any(text.endswith("ほか3件") for text in texts)
    assert [t for t in texts if "発令" in t] == [
        "避難情報を発令：警戒レベル4 避難指示（洪水）",
        "避難情報を発令：警戒レベル3 高齢者等避難（洪水）",
    ]
    assert "odd.act：何か" in texts
    assert not any("signed_in" in text for text in texts)


def test_the_chronology_names_people(city: City) -> None:
    """An account number tells nobody who it was; the system is not a person."""
    account = Account.objects.create_user("a@example.jp", name="当直 花子", municipality=CODE)
    audit.record(f"account:{account.pk}", "order.submit", level=4, hazard="flood")
    who = {line.text: line.who for line in chronicle.happenings()}
    assert who["避難情報の決裁を依頼：警戒レベル4 避難指示（洪水）"] == "当直 花子"
    assert who["道路網を更新"] == ""


def test_telegrams_and_plans_are_in_the_chronology(city: City) -> None:
    """What arrived leads to its page; what was computed tells for how many."""
    warnings.accept(flood_telegram(), via="test")
    outbox.drain()
    lines = chronicle.happenings()
    arrived = next(line for line in lines if line.text.startswith("電文を受信"))
    assert arrived.key and signed_in(Role.VIEWER).get(arrived.href).status_code == 200
    told = "避難計画を計算：危険区域の中に 6人、調査されていない土地に 3人"
    assert any(told in line.text for line in lines), "what is unknown is not called danger"


def test_a_call_for_help_stands_where_it_was_heard(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 07:22, not at the hour that it is counted in: what happened at 07:04 stands below it."""
    heard = [datetime(2026, 8, 30, 7, minute, tzinfo=JST) for minute in (22, 10)]
    monkeypatch.setattr(chronicle.safety, "help_times", lambda: heard)
    (line,) = [one for one in chronicle.happenings() if "助けを求める" in one.text]
    assert (line.at, line.text) == (heard[0], "7時台に助けを求める連絡：2人")


def test_raw_text_is_readable_in_every_encoding() -> None:
    """UTF-8, Shift_JIS as declared, neither; a DOCTYPE is shown and never parsed."""
    assert decoded("警報".encode("cp932")) == "警報"
    assert decoded(
        '<?xml version="1.0" encoding="Shift_JIS"?><a>警報</a>'.encode("cp932")
    ).endswith("警報</a>")
    assert decoded(b'<?xml version="1.0" encoding="nonsense"?><a/>').startswith("<?xml")
    assert readable(b"<a><b>1</b></a>") == "<a>\n  <b>1</b>\n</a>"
    assert readable(b"<a><b>") == "<a><b>"
    evil = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    assert readable(evil) == evil.decode()
    assert readable(b"a" * 500_000).endswith("…") and decoded(b"\xff\xfe\x81") != ""


def test_what_a_j_alert_receiver_pushed_is_shown_as_its_text() -> None:
    """A tar holds sounds and zeros, a mail is encoded: people read what they say, or why they do not."""
    tar = jalert_pushed.document(jalert_pushed.TAR, clock.now(), message_tar("ミサイル発射。"))
    mail = jalert_pushed.document(jalert_pushed.MAIL, clock.now(), letter("件名", "大雨警報。"))
    assert "message.txt" in readable(tar) and "ミサイル発射。" in readable(tar)
    assert "件名\n大雨警報。" in readable(mail)
    assert "途中で切れています" in readable(tar[:800])


@pytest.mark.parametrize(
    ("text", "cell"),
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("-1", "'-1"), ("備 太郎", "備 太郎"), ("", "")],
)
def test_a_name_never_becomes_a_formula(text: str, cell: str) -> None:
    """A spreadsheet shows what was written."""
    assert harmless(text) == cell


def test_the_file_of_the_unaccounted_is_as_of_and_audited(city: City) -> None:
    """Shielded people are not in it: a line without a name tells that there is somebody."""
    warnings.accept(flood_telegram(), via="test")
    outbox.drain()
    body = signed_in(Role.OPERATOR).get("/staff/safety/csv/").content.decode("utf-8-sig")
    assert "備 太郎" in body and "佐藤 守" not in body and "支援措置対象" not in body
    assert AuditEntry.objects.get(action="safety.export").detail["rows"] == 8


def test_the_layers_of_the_map(city: City) -> None:
    """Towns with counts, facilities with states, the hazard as a picture, streets in view only."""
    warnings.accept(flood_telegram(), via="test")
    outbox.drain()
    client = signed_in(Role.VIEWER)
    towns = json.loads(client.get("/staff/map/towns.json").content)
    west = next(f for f in towns["features"] if f["properties"]["name"] == "西町")
    assert west["properties"]["inside"] == 5 and west["properties"]["unaccounted"] == 5
    places = json.loads(client.get("/shelters/map.json").content)
    assert {f["properties"]["state"] for f in places["features"]} == {"unknown"}
    assert json.loads(client.get("/map/obstacles.json").content)["features"] == []


def test_a_call_appears_on_a_page_that_is_open(city: City) -> None:
    """The banner asks for itself, is silent while nothing is new, and comes when something is."""
    client = signed_in(Role.VIEWER)
    shown = client.get("/staff/").content.decode()
    (href,) = re.findall(r'id="calls" hx-get="([^"]+)"', shown)
    assert client.get(href).status_code == 204
    warnings.accept(flood_telegram(4), via="test")
    outbox.drain()
    came = client.get(href)
    assert came.status_code == 200 and "確認していない呼び出しが1件" in came.content.decode()
    (again,) = re.findall(r'hx-get="([^"]+)"', came.content.decode())
    assert client.get(again).status_code == 204


def test_after_the_danger_the_desk_does_not_say_that_nothing_was_ever_planned(city: City) -> None:
    client = signed_in(Role.VIEWER)
    assert "まだ計算されていません" in client.get("/staff/").content.decode()
    for level, minute in ((4, 0), (0, 5)):
        warnings.accept(flood_telegram(level, minute=minute), via="test")
        outbox.drain()
    kept.forget()
    shown = client.get("/staff/").content.decode()
    assert "まだ計算されていません" not in shown and "対象の人はいなくなりました" in shown


def test_an_empty_map_says_why_it_is_empty(city: City) -> None:
    """ "Nobody" would be a lie where nobody was asked for."""
    client = signed_in(Role.OPERATOR)
    body = client.get("/staff/map/").content.decode()
    assert "安否確認はまだ始まっていない" in body and "0人" not in body
    assert "警報は出ていない" in client.get("/staff/map/?what=exposed").content.decode()
    warnings.accept(flood_telegram(), via="test")
    outbox.drain()
    assert "まだ始まっていない" not in client.get("/staff/map/").content.decode()
    everyone = [one.pk for one in city.residents.values()]
    safety.report_self(everyone, "safe", actor=CLERK)
    assert "全員の安否が分かっています" in client.get("/staff/map/").content.decode()
    safety.close_inquiry(OPERATOR)
    assert "安否確認は終わっています" in client.get("/staff/map/").content.decode()


def test_the_list_of_shelters_finds_and_filters(city: City) -> None:
    """By state and by a part of the name; unknown capacity is counted."""
    client = signed_in(Role.VIEWER)
    shelters.set_state(OPERATOR, city.facilities["F3"].pk, "open")
    active = client.get("/staff/shelters/").content.decode()
    assert (
        "福祉会館" in active
        and "第一小学校" not in active
        and "開設中のうち定員不明 1か所" in active
    )
    assert "第一小学校" in client.get("/staff/shelters/?view=unknown").content.decode()
    found = client.get("/staff/shelters/?q=高台").content.decode()
    assert "高台中学校" in found and "福祉会館" not in found
    assert "見つかりませんでした" in client.get("/staff/shelters/?q=無い").content.decode()


def test_an_unusable_facility_cannot_be_opened(city: City) -> None:
    """The refusal says why and what to do first."""
    place = city.facilities["F1"]
    type(place).objects.filter(pk=place.pk).update(usable="no", usable_reason="改修工事中")
    client = signed_in(Role.OPERATOR)
    answer = client.post(f"/staff/shelters/{place.pk}/report/", {"state": "open"}, follow=True)
    assert "改修工事中" in answer.content.decode()
    assert client.post("/staff/shelters/99999/report/", {"state": "open"}).status_code == 404


def test_the_play_is_offered_to_the_invented_city_only(city: City) -> None:
    """A real city is told that there is nothing to play."""
    from sonae.domains.municipalities.interface import Municipality

    client = signed_in(Role.OPERATOR)
    row = Municipality.objects.get(pk=CODE)
    invented = row.warning_areas
    Municipality.objects.update(warning_areas={**invented, "city": ["3520200"]})
    page = client.get("/staff/exercise/").content.decode()
    Municipality.objects.update(warning_areas=invented)
    assert "再生できる訓練がありません" in page, "a demo of a real city: nothing would happen there"
    Municipality.objects.update(is_demo=False)
    assert "再生できる訓練がありません" in client.get("/staff/exercise/").content.decode()
    assert client.post("/staff/exercise/start/").status_code == 404
    assert client.get("/staff/exercise/progress/").status_code == 404


def test_the_play_starts_stops_and_resets(city: City) -> None:
    """Each button is audited; an odd speed becomes the usual one."""
    client = signed_in(Role.OPERATOR)
    client.post("/staff/exercise/start/", {"speed": "5"})
    assert "再生中" in client.get("/staff/exercise/").content.decode()
    assert b"hx-get" in client.get("/staff/exercise/progress/").content
    client.post("/staff/exercise/stop/")
    assert "再生中" not in client.get("/staff/exercise/").content.decode()
    client.post("/staff/exercise/reset/")
    acts = AuditEntry.objects.filter(action__startswith="exercise.").order_by("sequence")
    assert next((a.action, a.detail["speed"]) for a in acts) == ("exercise.start", 600.0)
    assert [a.action for a in acts][1:] == ["exercise.stop", "exercise.reset"]


def test_an_exercise_is_removed_only_after_a_second_look(city: City) -> None:
    """The page's button leads to a page that says what goes; only its button removes anything."""
    client = signed_in(Role.OPERATOR)
    page = client.get("/staff/exercise/").content.decode()
    assert 'action="/staff/exercise/reset/"' not in page
    assert 'href="/staff/exercise/reset/"' in page
    asked = client.get("/staff/exercise/reset/").content.decode()
    assert 'action="/staff/exercise/reset/"' in asked and "元には戻せません" in asked
    assert not AuditEntry.objects.filter(action="exercise.reset").exists()


def test_nobody_beyond_the_page_is_looked_at(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list's total follows town and zone together; only people shown are on record."""
    from sonae.domains.consent.interface import AccessEvent
    from sonae.domains.safety.interface import InquirySubject
    from sonae.web.staff import safety as page

    warnings.accept(flood_telegram(), via="test")
    outbox.drain()
    subjects = list(InquirySubject.objects.exclude(resident__shielded=True))
    assert len(subjects) > 3
    monkeypatch.setattr(page, "PER_PAGE", 2)
    AccessEvent.objects.all().delete()
    answer = signed_in(Role.VIEWER).get("/staff/safety/")
    assert len(answer.context["rows"]) == 2
    assert AccessEvent.objects.values("subject").distinct().count() == 2
    assert answer.context["listed"] == len(subjects) and answer.context["next"]
    town, zone = subjects[0].town_id, subjects[0].zone
    both = signed_in(Role.OPERATOR).get("/staff/safety/", {"town": town, "zone": zone})
    assert both.context["listed"] == sum(
        (one.town_id, one.zone) == (town, zone) for one in subjects
    )


def test_the_clock_of_the_head_moves_with_the_page(city: City) -> None:
    """Two clocks on one page that disagree are worse than none."""
    client = signed_in(Role.VIEWER)
    assert 'id="shown-at"' in client.get("/staff/").content.decode()
    renewed = client.get("/staff/as-of/").content.decode()
    assert 'id="shown-at"' in renewed and 'hx-swap-oob="true"' in renewed


def test_counts_of_shelters_agree_everywhere(city: City) -> None:
    client = signed_in(Role.VIEWER)
    tabs = dict((key, n) for key, _, n in client.get("/staff/shelters/").context["tabs"])
    panel = desk.open_shelters()
    assert panel["unknown"] == tabs["unknown"]
    assert panel["unknown"] == panel["unknown_shelters"] + panel["unknown_sites"]


def test_a_viewer_is_shown_no_buttons_of_others(city: City) -> None:
    """What would be refused is not offered."""
    client = signed_in(Role.VIEWER)
    for path in ("/staff/exercise/", "/staff/orders/", "/staff/safety/"):
        page = client.get(path).content.decode().split("<main")[1]
        assert "/start/" not in page and "orders/new/" not in page and "csv/" not in page
    assert client.get("/staff/exercise/reset/").status_code == 403


@pytest.mark.parametrize("path", ["/staff/safety/", "/staff/orders/", "/staff/inputs/"])
def test_pages_of_the_staff_are_kept_by_no_browser(city: City, path: str) -> None:
    """Machines in a shelter are shared: the back button must not show names after the log-out."""
    answer = signed_in(Role.OPERATOR).get(path)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    assert "no-store" not in Client().get("/").headers.get("Cache-Control", "")


def test_a_call_for_help_is_answered_on_the_page_and_stands_in_the_file(city: City) -> None:
    taro = city.residents["備 太郎"]
    safety.report_self([taro.pk], "needs_help", actor=CLERK)
    viewer, operator = signed_in(Role.VIEWER), signed_in(Role.OPERATOR)
    act = f"/staff/safety/calls/r{taro.pk}/"
    assert act not in viewer.get("/staff/safety/").content.decode()
    page = operator.get("/staff/safety/").content.decode()
    assert act in page and "未対応" in page
    assert f'name="seen" value="{safety.help_wanted(OPERATOR)[0].clock}"' in page
    assert viewer.post(act, {"status": "done"}).status_code == 403
    assert operator.get(act).status_code == 400
    done = operator.post(act, {"status": "progress", "note": "消防が向かう"}, follow=True)
    page = done.content.decode()
    assert "対応を記録しました" in page and "対応中" in page and "消防が向かう" in page
    safety.report_self([taro.pk], "needs_help", actor=CLERK)
    operator.post(act, {"status": "done", "seen": safety.CallAnswer.objects.latest("pk").clock})
    assert safety.help_counts() == {"open": 1}, "a call that the page did not show is not done"
    operator.post(act, {"status": "progress"})
    assert (
        "対応を選んでください" in operator.post(act, {"status": "x"}, follow=True).content.decode()
    )
    lines = operator.get("/staff/safety/csv/").content.decode("utf-8-sig").splitlines()
    assert "助けの要請" in lines[1] and "備 太郎" in lines[2] and "対応中" in lines[2]
    town = taro.household.town
    features = json.loads(viewer.get("/staff/map/towns.json").content)["features"]
    assert {f["properties"]["name"]: f["properties"]["help"] for f in features}[town.name] == 1
    assert "助けを求めている人を合わせた" in viewer.get("/staff/map/").content.decode()
    assert "助けを求める人への対応を始めた" in viewer.get("/staff/").content.decode()


@pytest.mark.django_db
def test_a_notice_is_written_from_a_pattern(city: City) -> None:
    viewer, operator = signed_in(Role.VIEWER), signed_in(Role.OPERATOR)
    assert "/staff/messages/new/" not in viewer.get("/staff/messages/").content.decode()
    assert viewer.get("/staff/messages/new/").status_code == 403
    assert "/staff/messages/new/" in operator.get("/staff/messages/").content.decode()
    page = operator.get("/staff/messages/new/?like=water").content.decode()
    assert "断水のお知らせ（〔場所〕）" in page and "Water supply is cut off" in page
    typed = {f"subject-{one}": "断水" for one in ("ja", "ja-x-easy", "en")}
    typed |= {f"body-{one}": "〔場所〕で断水" for one in ("ja", "ja-x-easy", "en")}
    refused = operator.post("/staff/messages/new/", typed)
    assert refused.status_code == 422
    assert "〔場所〕 の部分を書きかえてください" in refused.content.decode()
    assert "〔場所〕で断水" in refused.content.decode(), "what was typed stays"
    typed |= {f"body-{one}": "西町で断水" for one in ("ja", "ja-x-easy", "en")}
    page = operator.post("/staff/messages/new/", typed, follow=True).content.decode()
    assert "人が書いたお知らせ" in page and "決裁を依頼する" in page
