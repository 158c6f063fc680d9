"""The pages of the register: who may, what a file goes through, the roster, papers, and shielded people."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import AccessEvent, ConsentGrant
from sonae.domains.identity.interface import Account
from sonae.domains.municipalities.interface import Municipality
from sonae.domains.residents.interface import (
    AssistanceRegistrant,
    Household,
    RegisterEdition,
    Resident,
    editions,
    homes,
    plans,
    shields,
)
from sonae.domains.residents.models import EvacuationPlan
from sonae.engines.register.difference import Doubt
from sonae.engines.register.items import ITEMS
from sonae.platform import outbox
from sonae.platform.access import Role
from sonae.platform.models import AuditEntry, OutboxEntry
from sonae.platform.scope import World
from sonae.web import rosterpapers
from sonae.web.staff import registerwords
from tests.domains.residents.test_editions import rows_now, table
from tests.fixtures import ADMINISTRATOR, CODE, OPERATOR, City

HOME = "/staff/register/"
pytestmark = pytest.mark.django_db


def client(role: Role, name: str = "") -> Client:
    account = Account.objects.create_user(
        f"{role.value}{name}@example.jp", role=role.value, municipality=CODE, name=name or "係"
    )
    made = Client()
    made.force_login(account)
    return made


def send(who: Client, raw: bytes, name: str = "juki.csv", **over: str) -> int:
    data = {"file": SimpleUploadedFile(name, raw), "purpose": "register", "kind": "whole"} | over
    return who.post(f"{HOME}upload/", data).status_code


def newest() -> RegisterEdition:
    return editions.editions()[0]


def agree(who: Client, row: RegisterEdition) -> str:
    keys = [one["key"] for one in row.summary["doubts"]]
    sent = {"seen": row.stamp, "agreed": keys}
    return who.post(f"{HOME}{row.pk}/agree/", sent, follow=True).content.decode()


def test_a_file_is_sent_looked_at_agreed_to_and_undone(city: City) -> None:
    admin = client(Role.ADMINISTRATOR)
    assert "まだファイルを受け取っていません" in admin.get(HOME).content.decode()
    rows = rows_now()
    rows[0][2] = "備 太朗"
    rows[1][7] = rows[0][7] = rows[2][7] = "中町7-7"
    rows.append(
        ["R999", "00000099", "=新田 来", "ニッタ ライ", "昭和20年3月上旬", "女", "", "遠い町 9", ""]
    )
    assert send(admin, table(rows)) == 302
    page = admin.get(f"{HOME}{newest().pk}/").content.decode()
    for text in ("備 太朗", "町名を読めない住所", "昭和20年3月上旬", "中町", "反映する", "西町"):
        assert text in page, text
    report = admin.get(f"{HOME}{newest().pk}/defects.csv")
    assert (
        report.content.decode().startswith("\ufeff行,列,値") and "遠い町" in report.content.decode()
    )
    assert "反映しました" in agree(admin, newest())
    one = Resident.objects.get(name="備 太朗")
    page = admin.get(f"{HOME}people/{one.pk}/").content.decode()
    assert "備 太郎" in page and "家の正しい位置が分かりません" in page and "備 花子" in page
    found = admin.get(f"{HOME}people/?q=備 太朗").content.decode()
    assert f"{one.pk}/" in found
    assert (
        "取り消しました" in admin.post(f"{HOME}{newest().pk}/undo/", follow=True).content.decode()
    )
    assert Resident.objects.get(pk=one.pk).name == "備 太郎"
    born = Resident.held.get(resident_id="R999")
    assert (born.birth_written, born.birth_date) == ("昭和20年3月上旬", "1945-03")


def test_nothing_is_said_to_be_in_force_that_is_not(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The register changes between the yes and the writing: the file waits again, and the page says so."""
    admin, rows, read = client(Role.ADMINISTRATOR), rows_now(), editions._found
    rows[0][2] = "備 太朗"
    send(admin, table(rows))

    def meanwhile(row: RegisterEdition) -> object:
        Municipality.objects.filter(code=CODE).update(register_version="other")
        return read(row)

    monkeypatch.setattr(editions, "_found", meanwhile)
    page = agree(admin, newest())
    assert newest().state == "waiting"
    assert "反映しました" not in page and page.count("住民情報が変わりました") == 2


def test_columns_are_chosen_on_a_page(city: City) -> None:
    admin = client(Role.ADMINISTRATOR)
    heads = ["住民ID", "世帯", "なまえ", "よみ", "誕生", "性別", "続柄", "すまい", "電話番号"]
    assert send(admin, table(rows_now(), heads)) == 302
    path = f"{HOME}{newest().pk}/columns/"
    page = admin.get(path).content.decode()
    assert "なまえ" in page and "備 太郎" in page
    assert admin.post(path, {"c0": "resident_id"}).status_code == 422
    chosen = {
        "c0": "resident_id",
        "c1": "household",
        "c2": "name",
        "c3": "kana",
        "c4": "birth",
        "c7": "address",
    }
    assert admin.post(path, chosen)["Location"].endswith(f"/{newest().pk}/")
    assert newest().summary["counts"]["same"] == 12
    assert admin.post(path, {"heading": "no"})["Location"].endswith("/columns/")
    assert newest().headings[0] == "列1"


def test_a_tenth_gone_takes_two_people_on_the_page(city: City) -> None:
    home = Household.objects.get(number="00000001")
    for n in range(20):
        Resident.objects.create(
            resident_id=f"X{n}",
            household=home,
            name=f"人 {n}",
            kana="ヒト",
            kana_key="ヒト",
            name_key="人",
        )
    admin, other = client(Role.ADMINISTRATOR), client(Role.APPROVER)
    send(admin, table(rows_now()[:15]))
    assert "1人目の確認を記録しました" in agree(admin, newest())
    assert "あなたの確認は記録しました" in admin.get(f"{HOME}{newest().pk}/").content.decode()
    assert "反映しました" in agree(other, newest())
    assert Resident.objects.count() == 15


def test_who_may_see_and_change(city: City) -> None:
    admin = client(Role.ADMINISTRATOR)
    send(admin, table(rows_now()))
    pk, one = newest().pk, city.residents["備 太郎"].pk
    allowed = {
        "": {Role.VIEWER, Role.OPERATOR, Role.APPROVER}, f"{pk}/": {Role.APPROVER},
        f"{pk}/columns/": set(), f"{pk}/defects.csv": {Role.APPROVER}, "shield/": set(),
        "people/": {Role.OPERATOR, Role.APPROVER}, f"people/{one}/": {Role.OPERATOR, Role.APPROVER},
        "roster/": {Role.OPERATOR, Role.APPROVER}, f"roster/{one}/": {Role.OPERATOR, Role.APPROVER},
        f"roster/{one}/pdf/": {Role.OPERATOR, Role.APPROVER},
    }  # fmt: skip
    for role in (Role.RESIDENT, Role.RECEPTION, Role.VIEWER, Role.OPERATOR, Role.APPROVER):
        who = client(role)
        for path, roles in allowed.items():
            assert who.get(HOME + path).status_code == (200 if role in roles else 403), (role, path)
        assert send(who, b"x") == 403
        assert who.post(f"{HOME}points/").status_code == 403
    assert newest().state == "waiting"
    for path in allowed:
        assert Client().get(HOME + path)["Location"].startswith("/accounts/login/")


def test_an_empty_or_strange_upload_is_said(city: City) -> None:
    admin = client(Role.ADMINISTRATOR)
    assert admin.post(f"{HOME}upload/", {}).status_code == 422
    assert admin.get(f"{HOME}upload/").status_code == 302
    send(admin, b"\xd0\xcf\x11\xe0")
    page = admin.get(f"{HOME}{newest().pk}/").content.decode()
    assert "読めませんでした。いまの住民情報はそのままです" in page and "パスワード" in page
    assert admin.get(f"{HOME}99999/").status_code == 404
    assert admin.post(f"{HOME}{newest().pk}/dance/").status_code == 404


def test_the_roster_entry_is_written_printed_and_taken_off(city: City) -> None:
    clerk, one = client(Role.OPERATOR), city.residents["備 太郎"]
    page = clerk.get(f"{HOME}roster/").content.decode()
    assert "備 太郎" in page and "計画なし" in page
    form = {
        "reason": "要介護４", "wheelchair": "1", "contact": "長女 090-0000-0000", "destination": "福祉会館",
        "route": "県道を東へ", "name1": "山田 花", "phone1": "090-1111-1111", "agreed1": "1", "name2": " ",
    }  # fmt: skip
    assert clerk.post(f"{HOME}roster/{one.pk}/", {**form, "reason": " "}).status_code == 422
    assert clerk.post(f"{HOME}roster/{one.pk}/", form).status_code == 302
    plan = EvacuationPlan.objects.get()
    assert plan.destination == "福祉会館" and [s.name for s in plan.supporter_set.all()] == [
        "山田 花"
    ]
    paper = clerk.get(f"{HOME}roster/{one.pk}/pdf/")
    assert paper.content.startswith(b"%PDF") and AccessEvent.objects.filter(subject=one.pk).exists()
    history = clerk.get(f"{HOME}people/{one.pk}/").content.decode()
    assert "要介護３" in history and "福祉会館" in history
    assert clerk.post(f"{HOME}roster/{one.pk}/remove/", {"reason": "施設に入所"}).status_code == 302
    assert not AssistanceRegistrant.objects.filter(resident=one.pk).exists()
    assert clerk.get(f"{HOME}roster/{one.pk}/").status_code == 404


def test_two_clerks_do_not_overwrite_each_other(city: City) -> None:
    clerk, one = client(Role.OPERATOR), city.residents["備 太郎"]
    page, form = f"{HOME}roster/{one.pk}/", {"reason": "要介護４", "destination": "福祉会館"}

    def seen() -> str:
        found = re.search(r'name="seen" value="(\w+)"', clerk.get(page).content.decode())
        return found[1] if found else ""

    first = seen()
    outbox.drain()
    assert clerk.post(page, {**form, "seen": first}).status_code == 302
    assert OutboxEntry.everywhere.filter(topic="city.changed", state="pending").exists()
    late = clerk.post(page, {**form, "destination": "高台中学校", "seen": first})
    assert late.status_code == 409 and "別の職員が変えました" in late.content.decode()
    assert "高台中学校" in late.content.decode(), "what was typed is still there"
    assert EvacuationPlan.objects.get().destination == "福祉会館"
    assert (
        clerk.post(page, {**form, "destination": "高台中学校", "seen": seen()}).status_code == 302
    )
    answer = {"body": "消防機関", "answer": "yes", "phase": "both", "seen": "0"}
    clerk.post(f"{page}consent/", answer)
    told = clerk.post(f"{page}consent/", {**answer, "answer": "no"}, follow=True).content.decode()
    assert "別の職員が変えました" in told
    kept = ConsentGrant.objects.get(subject=one.pk, withdrawn_at=None)
    assert kept.kinds, "the first answer stands"
    clerk.post(f"{page}consent/", {**answer, "answer": "no", "seen": kept.pk})
    assert ConsentGrant.objects.get(subject=one.pk, withdrawn_at=None).kinds == []


def test_the_roster_goes_only_to_whom_people_agreed(city: City) -> None:
    clerk, one = client(Role.OPERATOR), city.residents["備 太郎"]
    town = city.towns["西町"].pk
    url = f"{HOME}roster/pdf/?town={town}&body=消防機関"
    assert "渡せる人はいません" in clerk.get(url, follow=True).content.decode()
    agreed = {"body": "消防機関", "answer": "yes", "phase": "peacetime"}
    clerk.post(f"{HOME}roster/{one.pk}/consent/", agreed)
    assert clerk.get(url).content.startswith(b"%PDF")
    assert (
        "渡せる人はいません"
        in clerk.get(url.replace("消防機関", "警察"), follow=True).content.decode()
    )
    clerk.post(f"{HOME}roster/{one.pk}/consent/", {**agreed, "answer": "no"})
    assert "拒否" in clerk.get(f"{HOME}roster/{one.pk}/").content.decode()
    assert clerk.get(url).status_code == 302
    clerk.post(f"{HOME}roster/{one.pk}/consent/", {**agreed, "answer": "withdraw"})
    bad = clerk.post(f"{HOME}roster/{one.pk}/consent/", {**agreed, "body": "隣人"}, follow=True)
    assert "提供先と" in bad.content.decode()


def test_a_body_gets_the_decided_fields_and_no_more(city: City) -> None:
    one, town = city.residents["備 太郎"], city.towns["西町"].pk
    legal = {"reason": "要介護４", "care_level": "4", "wheelchair": True, "dwelling": "仮の家",
             "contact": "090-2", "note": "酸素"}  # fmt: skip
    helper = {"name": "山田 花", "phone": "090-1", "address": "中町9", "relation": "隣人"}
    plan = {"destination": "福祉会館", "supporters": [helper]}
    plans.save_entry(OPERATOR, one.pk, legal, plan)
    for kinds, seen in (
        ({"name"}, set()),
        ({"name", "needs"}, {"要介護４", "福祉会館", "山田 花"}),
        ({"name", "address", "phone"}, {"仮の家", "090-2"}),
        (consent.ROSTER, {"要介護４", "福祉会館", "山田 花", "仮の家", "090-2", "090-1"}),
    ):
        made = consent.grant(OPERATOR, one.pk, "消防機関", "rescue", kinds, "peacetime")
        (entry,) = plans.for_body(OPERATOR, town, "消防機関")
        paper = "|".join(rosterpapers._row(entry))
        found = {
            w for w in ("要介護４", "福祉会館", "山田 花", "仮の家", "090-2", "090-1") if w in paper
        }
        assert found == seen, kinds
        assert ("不明" in paper, "計画なし" in paper) == (False, False), (
            "what is held back is not unknown"
        )
        assert (entry.registrant.note, entry.registrant.wheelchair) == (
            ("酸素", True) if "needs" in kinds else ("", False)
        )
        consent.withdraw(OPERATOR, made.pk)
    kept = AssistanceRegistrant.objects.get(resident=one.pk)
    assert {name: getattr(kept, name) for name in legal} == legal


def test_an_exercise_changes_no_consent_and_no_shield(city: City) -> None:
    clerk, one = client(Role.OPERATOR), city.residents["備 太郎"]
    agreed = {"body": "消防機関", "answer": "yes", "phase": "peacetime"}
    clerk.post(f"{HOME}roster/{one.pk}/consent/", agreed, follow=True)
    before = list(ConsentGrant.objects.values())
    with city.entered(World.EXERCISE):
        for answer in ("yes", "no", "withdraw"):
            page = clerk.post(
                f"/drill{HOME}roster/{one.pk}/consent/", {**agreed, "answer": answer}, follow=True
            ).content.decode()
            assert "同意を変えられません" in page and "記録しました" not in page
    assert list(ConsentGrant.objects.values()) == before
    with city.entered(World.EXERCISE):
        with pytest.raises(SonaeError, match="訓練"):
            shields.set_shield(ADMINISTRATOR, one.resident_id)
        with pytest.raises(SonaeError, match="訓練"):
            shields.lift_shield(ADMINISTRATOR, city.residents["佐藤 守"].resident_id, "申出")
    assert [one.name for one in Resident.objects.filter(shielded=True)] == ["佐藤 守"]


def test_files_of_the_roster_and_of_plans(city: City) -> None:
    admin = client(Role.ADMINISTRATOR)
    heads = ["氏名", "生年月日", "避難支援等を必要とする事由", "要介護度", "車いす"]
    rows = [
        ["備 花子", "昭和27年5月2日", "要介護５", "5", "有"], ["備 太郎", "S25.4.1", "", "", ""],
        ["知らない 人", "S25.4.1", "難病", "", ""],
    ]  # fmt: skip
    send(admin, table(rows, heads), "meibo.csv", purpose="registrants")
    row = newest()
    assert (row.summary["counts"]["new"], row.summary["counts"]["gone"]) == (1, 0), row.problem
    assert row.defect_counts == {"unknown_person": 1}
    assert [one["key"] for one in row.summary["doubts"]] == ["left_out", "nobody_gone"], (
        "whoever is unknown may be somebody mistyped"
    )
    send(admin, table(rows[:-1], heads), "meibo.csv", purpose="registrants")
    row = newest()
    assert (row.summary["counts"]["new"], row.summary["counts"]["gone"]) == (1, 1), row.problem
    page = admin.get(f"{HOME}{row.pk}/").content.decode()
    assert "備 花子" in page and "要介護５" in page
    assert "反映しました" in agree(admin, row)
    assert AssistanceRegistrant.objects.get(resident__name="備 花子").wheelchair
    assert AssistanceRegistrant.objects.filter(resident__name="備 太郎").exists(), (
        "a blank takes nothing away"
    )
    assert not AssistanceRegistrant.objects.filter(resident__name="山﨑 清").exists()
    heads = ["住民ID", "避難支援等実施者", "実施者の連絡先", "避難施設", "避難経路"]
    rows = [
        ["R0012", "山田 花", "090-1111-1111", "福祉会館", "県道"],
        ["R0012", "川田 次", "", "", ""],
    ]
    send(admin, table(rows, heads), "keikaku.csv", purpose="plans")
    plan_file = newest()
    assert plan_file.summary["counts"]["plans"] == 1, plan_file.problem
    agree(admin, plan_file)
    plan = EvacuationPlan.objects.get()
    assert [s.name for s in plan.supporter_set.order_by("order")] == ["山田 花", "川田 次"]
    admin.post(f"{HOME}{plan_file.pk}/undo/")
    admin.post(f"{HOME}{row.pk}/undo/")
    assert not EvacuationPlan.objects.exists()
    assert AssistanceRegistrant.objects.filter(resident__name="山﨑 清", wheelchair=True).exists()
    assert not AssistanceRegistrant.objects.filter(resident__name="備 花子").exists()


def test_address_points_place_homes(city: City) -> None:
    admin = client(Role.ADMINISTRATOR)
    rows = rows_now()
    for one in rows[:3]:
        one[7] = "東町 三番地の4 そなえ荘"
    send(admin, table(rows))
    agree(admin, newest())
    page = admin.get(HOME).content.decode()
    assert "町の代表点を使っている" in page
    lines = [
        ["東町", "三番地の4", "37.0009", "139.008"],
        ["隣町", "1", "37", "139"],
        ["東町", "5", "x", "139"],
    ]
    outbox.drain()
    sent = SimpleUploadedFile("jukyo.csv", table(lines, ["町名", "番地", "緯度", "経度"]))
    page = admin.post(f"{HOME}points/", {"file": sent}, follow=True).content.decode()
    assert "1世帯の位置が分かりました" in page and "使えない行：2" in page
    home = Household.objects.get(number="00000001")
    assert (home.place, home.latitude, home.node) == ("point", 37.0009, None)
    outbox.drain()
    home.refresh_from_db()
    assert home.node is not None and home.node_metres is not None, "put back on the roads"
    far = table([["東町", "三番地の4", "35.6", "139.7"]], ["町名", "番地", "緯度", "経度"])
    for world, said in ((World.LIVE, "この市にある"), (World.EXERCISE, "訓練")):
        with city.entered(world), pytest.raises(SonaeError, match=said):
            homes.load_points(ADMINISTRATOR, far, "far.csv")
    assert Household.objects.get(pk=home.pk).latitude == 37.0009
    bad = SimpleUploadedFile("x.csv", b"a,b\n1,2\n")
    assert (
        "必要な列がありません"
        in admin.post(f"{HOME}points/", {"file": bad}, follow=True).content.decode()
    )


def test_a_shielded_person_is_nowhere(city: City) -> None:
    """支援措置: every page answers as if the person did not exist, and no number counts him or her."""
    admin, one = client(Role.ADMINISTRATOR), city.residents["備 太郎"]
    one_id = one.resident_id
    before = plans.roster_size()
    form = {
        "number": one_id,
        "verb": "provisional",
        "begun_on": "令和8年4月1日",
        "together": "R0012",
        "note": "",
    }
    assert admin.post(f"{HOME}shield/", form).status_code == 302
    assert Resident.objects.filter(shielded=True).count() == 3
    unknown = admin.get(f"{HOME}people/99999/")
    for path in (f"people/{one.pk}/", f"roster/{one.pk}/", f"roster/{one.pk}/pdf/"):
        answer = admin.get(HOME + path)
        assert answer.status_code == 404 == unknown.status_code
        assert "備 太郎" not in answer.content.decode()
    assert "備 太郎" not in admin.get(f"{HOME}roster/").content.decode()
    assert plans.roster_size()["people"] == before["people"] - 1
    assert "備 太郎" not in admin.get(f"{HOME}people/?q=備").content.decode()
    other = admin.get(f"{HOME}people/{city.residents['備 一郎'].pk}/").content.decode()
    assert "備 太郎" not in other and "備 花子" not in other
    wrong = admin.post(f"{HOME}shield/", {**form, "number": "R777"}).content.decode()
    assert "この番号では手続きできません" in wrong
    lift = {"number": "R0031", "verb": "lift", "note": "申出"}
    assert "この番号では手続きできません" in admin.post(f"{HOME}shield/", lift).content.decode()
    assert admin.post(f"{HOME}shield/", {**lift, "number": one_id, "note": ""}).status_code == 422
    assert admin.post(f"{HOME}shield/", {**lift, "number": one_id}).status_code == 302
    assert admin.get(f"{HOME}people/{one.pk}/").status_code == 200


def test_an_edition_tells_nothing_of_shielded_people(city: City) -> None:
    """No defect says their names and homes, and only who manages shields reads that some would change."""
    heads = [
        "住民ID",
        "世帯番号",
        "氏名",
        "フリガナ",
        "生年月日",
        "性別",
        "続柄",
        "住所",
        "電話番号",
        "支援措置",
    ]
    rows = [[*one, ""] for one in rows_now()]
    held, mate, new, other = rows[11], rows[10], rows[0], rows[5]
    assert held[2] == "佐藤 守" and mate[1] == held[1]
    new[9] = "1"
    for one, phone in (
        (held, "電話held"),
        (mate, "電話mate"),
        (new, "電話new"),
        (other, "電話other"),
    ):
        one[8] = phone
    mate[7] = "隠れ町 8"
    rows += [
        held[:7],
        [*held[:7], "隠れ町 9", "電話again", ""],
        ["", "", "佐藤　守", "", "", "", "", "", "", ""],
    ]
    admin, approver = client(Role.ADMINISTRATOR), client(Role.APPROVER)
    send(admin, table(rows, heads))
    row = newest()
    assert row.defect_counts["not_a_phone"] >= 4 and row.defect_counts["duplicate"] == 1
    assert {"short_row", "no_number"} <= row.defect_counts.keys(), row.defect_counts
    said = " ".join(f"{one['value']} {one['detail']}" for one in row.defects)
    assert "電話other" in said
    for word in (
        "電話held",
        "電話mate",
        "電話new",
        "電話again",
        "隠れ町",
        "佐藤",
        held[0],
        held[1],
    ):
        assert word not in said, word
    pages = [who.get(f"{HOME}{row.pk}/").content.decode() for who in (admin, approver)]
    assert ["<dt>支援措置</dt>" in page for page in pages] == [True, False]
    send(admin, table([["佐藤　守", "1999-09-09", ""]], ["氏名", "生年月日", "避難支援等を必要とする事由"]),
         "meibo.csv", purpose="registrants")  # fmt: skip
    row = newest()
    assert row.defect_counts["no_reason"] == 1 and [one["value"] for one in row.defects] == [""]


def test_a_preview_shows_nobody_who_came_under_a_shield_since(city: City) -> None:
    """Examples and values are those of a comparison: when the register has changed, they are withheld."""
    admin, approver = client(Role.ADMINISTRATOR), client(Role.APPROVER, "2")
    rows = rows_now()
    rows[0][2], rows[3][2] = "備 太朗", "渡辺 実"
    for at, one in enumerate(rows[:4]):
        one[7] = "西町 88-1" if at < 3 else "西町 99-1"
        one[8] = f"電話{at}"
    send(admin, table(rows))
    url, taro = f"{HOME}{newest().pk}/", city.residents["備 太郎"]
    words = ("備 太", "渡辺 実", "88-1", "電話3", "99-1")
    page = approver.get(url).content.decode()
    assert all(word in page for word in words) and "電話0" in page
    told = AccessEvent.objects.filter(decision="permit", subject=taro.pk, purpose="rescue")
    assert told.count() == 1, "who was shown can read that"
    approver.get(url)
    assert told.count() == 1 and AuditEntry.objects.filter(action="register.file_seen").count() == 2
    shields.set_shield(ADMINISTRATOR, taro.resident_id)
    for path in (url, f"{url}defects.csv"):
        answer = approver.get(path).content.decode()
        assert not any(word in answer for word in (*words, "電話0", "備 花子")), path
        assert "電話番号" in answer, "row and column are still told"
    admin.post(f"{url}again/")
    page, report = (approver.get(path).content.decode() for path in (url, f"{url}defects.csv"))
    assert "渡辺 実" in page and "電話3" in report and "99-1" in page
    for hidden in ("備 太", "電話0", "88-1"):
        assert hidden not in page + report, hidden
    assert "反映しました" in agree(admin, newest())
    assert newest().summary.keys() == {"counts", "items", "doubts"}, "no example is kept"
    assert "電話3" in admin.get(f"{url}defects.csv").content.decode()
    shields.set_shield(ADMINISTRATOR, city.residents["渡邉 結衣"].resident_id)
    assert "電話3" not in admin.get(f"{url}defects.csv").content.decode()


def test_every_word_of_a_file_has_words() -> None:
    for code in ITEMS:
        assert registerwords.item(code)
    for code in (
        "many_gone",
        "many_changed",
        "left_out",
        "shields_lifted",
        "shields_unread",
        "nobody_gone",
        "unplaced",
    ):
        one = Doubt(code, 3, 20, "name" if code == "many_changed" else "")
        assert registerwords.doubt({**one.__dict__, "key": one.key})["sentence"]


def test_an_edition_that_brought_many_is_undone_on_two_screens(city: City) -> None:
    rows = rows_now()
    rows += [
        [f"N{n}", "00000001", f"新 {n}", "ニイ", "1990-01-01", "1", "子", rows[0][7], ""]
        for n in range(25)
    ]
    first = client(Role.ADMINISTRATOR)
    send(first, table(rows))
    row = RegisterEdition.objects.order_by("pk").last()
    assert row is not None
    agree(first, row)
    address = f"/staff/register/{row.pk}/"
    assert "2人の確認が要ります" in first.get(address).content.decode()
    asked = first.post(f"{address}undo/", follow=True).content.decode()
    assert "2人目の確認を待っています" in asked and "提案を取り下げる" in asked
    second = client(Role.APPROVER)
    assert "2人目として、この版を取り消す" in second.get(address).content.decode()
    kept = second.post(f"{address}keep/", follow=True).content.decode()
    assert "この版は反映されたままです" in kept
    first.post(f"{address}undo/")
    done = second.post(f"{address}undo/", follow=True).content.decode()
    assert "反映する前の内容に戻っています" in done
    RegisterEdition.objects.filter(pk=row.pk).update(state="failed", problem={"detail": "だめ"})
    failed = first.get(address).content.decode()
    assert "書き込めませんでした" in failed and 'action="again/"' in failed
