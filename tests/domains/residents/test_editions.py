"""Files of the register: taken in, read, compared, agreed to, undone; bad ones change nothing."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest
from django.db import IntegrityError, OperationalError
from openpyxl import Workbook

from sonae.core.errors import SonaeError
from sonae.domains.municipalities.interface import Municipality
from sonae.domains.residents import differences, shields
from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import (
    AssistanceRegistrant,
    Household,
    RegisterEdition,
    Resident,
    editions,
    undoing,
)
from sonae.domains.residents.models import ProtectionMeasure, ResidentHistory
from sonae.platform import outbox
from sonae.platform.access import Actor, Role
from sonae.platform.scope import World
from tests.fixtures import ADMINISTRATOR, APPROVER, CODE, OPERATOR, City, actor

pytestmark = pytest.mark.django_db

HEADINGS = [
    "住民ID",
    "世帯番号",
    "氏名",
    "フリガナ",
    "生年月日",
    "性別",
    "続柄",
    "住所",
    "電話番号",
]


def rows_now() -> list[list[str]]:
    """The register as the file that would change nothing."""
    return [
        [one.resident_id, one.household.number, one.name, one.kana, one.birth_written or one.birth_date,
         one.sex, one.relation, f"試験県試験市{one.household.town.name}{one.household.address}", one.phone]
        for one in Resident.objects.select_related("household__town").order_by("pk")
    ]  # fmt: skip


def table(rows: list[list[str]], headings: list[str] = HEADINGS, encoding: str = "utf-8") -> bytes:
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow(headings)
    writer.writerows(rows)
    return held.getvalue().encode(encoding)


def sent(raw: bytes, name: str = "juki.csv", **over: object) -> RegisterEdition:
    return editions.take_in(ADMINISTRATOR, raw, name, **over)  # type: ignore[arg-type]


def agree(row: RegisterEdition, who: Actor = ADMINISTRATOR) -> RegisterEdition:
    keys = [one["key"] for one in row.summary["doubts"]]
    return editions.confirm(who, row.pk, seen=row.stamp, agreed=keys)


def everything() -> list[tuple[object, ...]]:
    """Every column of the register that a file may write, to be compared before and after."""
    people = Resident.held.order_by("pk").values_list(
        "pk", "resident_id", "household__number", "name", "kana", "kana_key", "name_key", "given_key", "birth_date",
        "birth_written", "birth_first", "birth_last", "sex", "relation", "phone", "email", "language", "shielded",
        "left_on", "left_reason",
    )  # fmt: skip
    homes = Household.held.order_by("pk").values_list(
        "pk", "number", "town", "address", "latitude", "longitude", "place", "left_on"
    )
    return [*people, *homes]


def test_the_same_register_changes_nothing(city: City) -> None:
    before = everything()
    row = sent(table(rows_now()))
    assert row.state == "waiting" and row.summary["counts"]["same"] == 12
    assert {k for k, v in row.summary["counts"].items() if v} == {
        "present",
        "same",
        "rows",
        "homes",
    }
    assert agree(row).state == "in_force"
    assert everything() == before and not ResidentHistory.objects.exists()


def test_new_changed_moved_and_gone_then_undone(city: City) -> None:
    before = everything()
    rows = rows_now()
    rows[0][2], rows[0][3] = "備 太朗", "ソナエ タロウ"
    rows[4][1], rows[4][7] = "00000003", rows[5][7]  # moves into another household
    gone = rows.pop(6)[0]
    rows.append(
        ["", "00000099", "新田 来", "ニッタ ライ", "令和元年5月1日", "女", "世帯主", "中町 9-9", ""]
    )
    rows[-1][0] = "R999"
    rows[-2][7] = "東町1番地"  # the first row of the home says otherwise: told, not taken
    row = sent(table(rows))
    counts = row.summary["counts"]
    assert (counts["new"], counts["changed"], counts["moved"], counts["gone"]) == (1, 2, 1, 1)
    assert row.summary["items"]["name"] == 1 and row.defect_counts == {"addresses_differ": 1}
    assert everything() == before, "nothing changes before somebody agrees"
    agree(row)
    assert Resident.objects.get(resident_id="R0011").name == "備 太朗"
    assert not Resident.objects.filter(resident_id=gone).exists()
    left = Resident.held.get(resident_id=gone)
    assert left.left_on and left.left_reason == "removed", "nobody is deleted"
    new = Resident.objects.get(name="新田 来")
    assert (new.birth_date, new.sex, new.household.place) == ("2019-05-01", "2", "town")
    assert Household.objects.get(number="00000003").resident_set.count() == 2
    told = residents.history.story(OPERATOR, Resident.objects.get(resident_id="R0011").pk)
    assert [(one.item, one.before, one.after) for one in told.steps] == [
        ("name", "備 太郎", "備 太朗")
    ]
    assert residents.population().pk.size == 12
    undoing.undo(ADMINISTRATOR, row.pk)
    after = everything()
    assert [one for one in after if one[1] not in ("R999", "00000099")] == before
    assert not Resident.objects.filter(resident_id="R999").exists()


def test_an_edition_is_not_undone_after_a_newer_one(city: City) -> None:
    rows = rows_now()
    rows[0][8] = "090-1111-2222"
    first = agree(sent(table(rows)))
    rows[1][8] = "090-3333-4444"
    second = agree(sent(table(rows)))
    with pytest.raises(SonaeError, match="後に、別の版"):
        undoing.undo(ADMINISTRATOR, first.pk)
    undoing.undo(ADMINISTRATOR, second.pk)
    undoing.undo(ADMINISTRATOR, first.pk)
    assert not Resident.objects.exclude(phone="").exists()
    with pytest.raises(SonaeError, match="すでに取り消され"):
        undoing.undo(ADMINISTRATOR, first.pk)


def test_a_daily_difference_touches_only_its_rows(city: City) -> None:
    heads = [*HEADINGS, "異動区分", "異動年月日", "異動事由"]
    rows = rows_now()
    daily = [
        [*rows[0], "変更", "", ""], [*rows[3], "削除", "令和8年7月1日", "転出"],
        ["R777", "00000001", "備 次郎", "ソナエ ジロウ", "令和8年6月30日", "1", "子", rows[0][7], "", "追加", "", ""],
        ["R404", "", "", "", "", "", "", "", "", "削除", "", ""],
    ]  # fmt: skip
    daily[0][8] = "0242-00-0000"
    row = sent(table(daily, heads), whole=False)
    counts = row.summary["counts"]
    assert (counts["new"], counts["changed"], counts["left"], counts["gone"]) == (1, 1, 1, 0)
    assert row.defect_counts == {"unknown_person": 1}
    agree(row)
    assert Resident.objects.count() == 12
    left = Resident.held.get(resident_id="R0021")
    assert (left.left_on, left.left_reason) == ("2026-07-01", "moved_out")
    assert Resident.objects.get(resident_id="R777").household.number == "00000001"


def test_who_comes_back_is_the_same_person(city: City) -> None:
    rows = rows_now()
    pk = city.residents["斎藤 健"].pk
    agree(sent(table([one for one in rows if one[2] != "斎藤 健"])))
    assert not Household.objects.filter(number="00000003").exists(), "an empty home is nobody's"
    agree(sent(table(rows)))
    assert Resident.objects.get(name="斎藤 健").pk == pk
    assert Household.objects.filter(number="00000003").exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_every_encoding_says_the_same(city: City, encoding: str) -> None:
    rows = rows_now()
    for one in rows:
        one[2] = one[2].replace("﨑", "崎")
    rows[0][8] = "090-1111-2222"
    row = sent(table(rows, encoding=encoding))
    assert row.summary["counts"]["changed"] == 3, row.problem


def test_a_workbook_with_merged_cells_and_numbers(city: City) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["住民の一覧"])
    sheet.append(HEADINGS)
    for one in rows_now():
        sheet.append(one)
    sheet.merge_cells("B3:B5")
    held = io.BytesIO()
    book.save(held)
    row = sent(held.getvalue(), "juki.xlsx")
    assert row.state == "waiting" and row.encoding == "xlsx"
    assert row.defect_counts["merged_cells"] == 1 and row.defect_counts["no_household"] == 2
    assert openpyxl.__name__ and row.summary["counts"]["present"] == 12


def test_foreign_and_broken_files_are_refused_with_a_report(city: City) -> None:
    before = everything()
    strange = "住民ID,氏名,住所\nR0011,備 太郎,西町1\n".encode() + "R0012,備 花子,西町1\n".encode(
        "cp932"
    )
    for raw, code in (
        (b"", "empty_file"), (b"\xef\xbb\xbf\r\n", "empty_file"), (table([]), "empty_file"),
        (strange, "encoding"), (b"\xd0\xcf\x11\xe0old", "unreadable"), (b"PK\x03\x04broken", "unreadable"),
    ):  # fmt: skip
        row = sent(raw)
        assert (row.state, row.problem["error"]) == ("refused", code), row.problem
    assert "3行目" in str(sent(strange).problem["detail"])
    assert sent(table([["1", "2"]], ["電気", "水道"])).state == "mapping"
    assert everything() == before and editions.in_force() is None


def test_defects_are_told_by_row_and_the_rest_comes_in(city: City) -> None:
    rows = rows_now()
    rows += [
        ["R0011", "00000001", "備 二人目", "ソナエ", "", "", "", "西町1番地", ""],  # duplicate
        ["", "00000001", "番号 なし", "バンゴウ", "", "", "", "西町1番地", ""],
        ["R900", "00000001", "", "ナナシ", "", "", "", "西町1番地", ""],
        ["R901", "00000077", "遠山 遠", "トオヤマ トオ", "昭和99年1月1日", "x", "", "どこか9番地", "abc"],
        ["R902", "00000001"],
        ["R903", "00000001", "外字 \ue000", "漢字", "2999-01-01", "1", "", "西町1番地", ""],
        HEADINGS,
    ]  # fmt: skip
    row = sent(table(rows))
    assert row.defect_counts == {
        "duplicate": 1, "no_number": 1, "no_name": 1, "bad_date": 1, "not_a_sex": 1, "town_unknown": 1,
        "not_a_phone": 1, "short_row": 1, "gaiji": 1, "kana_unreadable": 1, "future_date": 1, "repeated_heading": 1,
    }  # fmt: skip
    assert [one["row"] for one in row.defects if one["problem"] == "duplicate"] == [14]
    assert row.summary["counts"]["gone"] == 0 and row.summary["counts"]["new"] == 2
    with pytest.raises(SonaeError, match="疑わしい変更"):
        editions.confirm(ADMINISTRATOR, row.pk, seen=row.stamp)
    agree(row)
    far = Resident.objects.get(resident_id="R901")
    assert (far.birth_date, far.birth_written, far.sex) == ("", "昭和99年1月1日", "")
    assert (far.household.place, far.household.town.name) == ("none", residents.homes.UNREAD_TOWN)
    assert Resident.objects.get(resident_id="R903").name_key.endswith("〓")
    again = sent(table(rows_now()))
    assert again.summary["counts"]["changed"] == 0 and again.summary["counts"]["homes_changed"] == 0


def test_a_tenth_of_the_register_gone_needs_a_second_person(city: City) -> None:
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
    rows = rows_now()
    row = sent(table(rows[:20]))
    assert editions.needs_second(row)
    assert agree(row).state == "agreed" and Resident.objects.count() == 32
    with pytest.raises(SonaeError, match="2人目"):
        agree(row)
    with pytest.raises(SonaeError):
        agree(row, OPERATOR)
    assert agree(row, APPROVER).state == "in_force" and Resident.objects.count() == 20


def crowd(count: int) -> None:
    home = Household.objects.get(number="00000001")
    for n in range(count):
        Resident.objects.create(resident_id=f"X{n:02}", household=home, name=f"人 {n}", kana="ヒト",
                                kana_key="ヒト", name_key="人")  # fmt: skip


def test_people_marked_as_gone_count_as_gone(city: City) -> None:
    crowd(28)  # 40 people: a tenth is four
    marked = [[*one, "転出"] for one in rows_now()]
    for kept in marked[:36]:
        kept[-1] = ""
    assert not editions.needs_second(sent(table(marked, [*HEADINGS, "住民状態"])))
    marked[0][-1] = "転出"
    row = sent(table(marked, [*HEADINGS, "住民状態"]))
    assert editions.needs_second(row) and agree(row).state == "agreed"
    daily = [[*one, "削除"] for one in rows_now()[:5]]
    few, many = (sent(table(daily[:n], [*HEADINGS, "異動区分"]), whole=False) for n in (4, 5))
    assert not editions.needs_second(few), "measured against the whole register"
    assert [(one["count"], one["total"]) for one in many.summary["doubts"]] == [(5, 40)]
    assert editions.needs_second(many)


def test_nobody_is_gone_while_a_row_is_nobodys(city: City) -> None:
    rows = rows_now()
    numberless, short = ["", *rows.pop(5)[1:]], rows[2][:2]
    rows[2] = short  # says who it is: stays, whatever else is wrong
    row = sent(table(rows))
    assert row.summary["counts"]["gone"] == 1
    for broken in (numberless, [numberless[1]], ["R00"]):
        row = sent(table([*rows, broken]))
        assert row.summary["counts"]["gone"] == 0
        assert ("nobody_gone", 1) in [(one["key"], one["count"]) for one in row.summary["doubts"]]
        keys = {one["key"] for one in row.summary["doubts"]} - {"nobody_gone"}
        with pytest.raises(SonaeError, match="疑わしい"):
            editions.confirm(ADMINISTRATOR, row.pk, seen=row.stamp, agreed=keys)


def test_a_broken_row_takes_nobody_off_the_roster(city: City) -> None:
    AssistanceRegistrant.objects.all().delete()
    people = list(Resident.objects.order_by("pk")[:4])
    for one in people:
        AssistanceRegistrant.objects.create(resident=one, reason="難病")
    heads = [
        "避難支援等を必要とする事由",
        "氏名",
        "生年月日",
        "住民ID",
        "車いす",
        "特記事項",
        "居所",
        "続柄",
        "性別",
    ]
    rows = [
        ["難病", one.name, one.birth_date, one.resident_id, "", "", "", "", ""] for one in people
    ]

    def gone(*lines: list[str]) -> tuple[int, list[str]]:
        row = sent(table(list(lines), heads), purpose="registrants")
        assert row.state == "waiting", row.problem
        return row.summary["counts"]["gone"], [one["key"] for one in row.summary["doubts"]]

    assert gone(*rows[:3]) == (1, [])
    mistyped = [*rows[0][:3], "R9911", "", "", "", "", ""]
    assert gone(mistyped, *rows[1:3]) == (1, ["left_out"]), "the name says who is meant"
    cut = [
        ["難病", "", "", rows[0][3], ""],
        ["難病", "", "", rows[0][3]],
        ["難病", "だれか", "", "R9", "", "", "", "", ""],
    ]
    assert gone(cut[0], *rows[1:3]) == (1, ["left_out"]), "a number in any column says who is meant"
    for broken in cut[1:]:
        assert gone(broken, *rows[1:3]) == (0, ["left_out", "nobody_gone"])
    Resident.held.filter(pk=people[0].pk).update(left_on="2026-07-01")
    assert gone(*rows[:3]) == (1, ["left_out"]), "who has left the town is nobody mistyped"


def test_what_was_looked_at_is_what_happens(city: City) -> None:
    rows = rows_now()
    rows[0][8] = "090-1111-2222"
    row = sent(table(rows))
    Municipality.objects.filter(code=CODE).update(register_version="other")
    with pytest.raises(SonaeError, match="住民情報が変わりました"):
        agree(row)
    assert agree(editions.again(ADMINISTRATOR, row.pk)).state == "in_force"


def test_only_administrators_and_never_in_an_exercise(city: City) -> None:
    raw = table(rows_now())
    for role in (Role.VIEWER, Role.RECEPTION, Role.OPERATOR, Role.APPROVER):
        with pytest.raises(SonaeError):
            editions.take_in(actor(role), raw, "x.csv")
    with city.entered(World.EXERCISE), pytest.raises(SonaeError, match="訓練"):
        sent(raw)
    assert not RegisterEdition.objects.exists()


def test_columns_are_corrected_and_remembered(city: City) -> None:
    heads = ["住民ID", "世帯", "なまえ", "よみ", "誕生", "性別", "続柄", "すまい", "電話番号"]
    rows = rows_now()
    rows[0][8] = "090-1111-2222"
    row = sent(table(rows, heads))
    assert row.state == "mapping" and row.columns["columns"]["住民ID"] == "resident_id"
    chosen = {"住民ID": "resident_id", "世帯": "household", "なまえ": "name", "よみ": "kana", "誕生": "birth",
              "すまい": "address", "電話番号": "phone"}  # fmt: skip
    with pytest.raises(SonaeError, match="2つの列"):
        editions.choose_columns(ADMINISTRATOR, row.pk, {**chosen, "よみ": "name"})
    with pytest.raises(SonaeError, match="必要な項目"):
        editions.choose_columns(ADMINISTRATOR, row.pk, {"住民ID": "resident_id"})
    row = editions.choose_columns(ADMINISTRATOR, row.pk, chosen)
    assert row.state == "waiting" and row.summary["counts"]["changed"] == 1
    assert sent(table(rows, heads)).state == "waiting", "the next file needs nobody"


def test_a_my_number_column_is_never_taken(city: City) -> None:
    row = sent(table([[*one, "123456789012"] for one in rows_now()], [*HEADINGS, "個人番号"]))
    assert "個人番号" not in row.columns["columns"]
    row = editions.choose_columns(
        ADMINISTRATOR, row.pk, {**row.columns["columns"], "個人番号": "former_name"}
    )
    assert "個人番号" not in row.columns["columns"]


def test_a_file_without_headings_is_looked_at_first(city: City) -> None:
    raw = table(rows_now()[1:], rows_now()[0])
    row = sent(raw)
    assert row.state == "mapping" and row.headings[0] == "列1" and not row.columns["heading"]
    columns = dict(zip((f"列{n}" for n in range(1, 10)),
                       ("resident_id", "household", "name", "kana", "birth", "sex", "relation", "address", "phone"),
                       strict=True))  # fmt: skip
    row = editions.choose_columns(ADMINISTRATOR, row.pk, columns)
    assert row.summary["counts"]["same"] == 12


def test_the_shield_comes_and_goes_with_the_file_but_never_silently(city: City) -> None:
    heads = [*HEADINGS, "支援措置", "支援措置開始日", "支援措置終了日", "仮支援措置"]
    rows = [[*one, "", "", "", ""] for one in rows_now()]
    row = sent(table(rows, heads))
    assert [one["key"] for one in row.summary["doubts"]] == ["shields_lifted"]
    with pytest.raises(SonaeError, match="疑わしい"):
        editions.confirm(ADMINISTRATOR, row.pk, seen=row.stamp)
    agree(row)
    assert not Resident.objects.filter(shielded=True).exists()
    undoing.undo(ADMINISTRATOR, row.pk)
    held = Resident.objects.get(shielded=True)
    assert ProtectionMeasure.objects.get(ended_at=None).resident_id == held.pk
    agree(sent(table(rows, heads)))
    rows[0][9:] = ["1", "令和8年4月1日", "令和9年3月31日", "有"]
    row = sent(table(rows, heads))
    assert "備 太郎" not in str(row.summary), "no example shows who is shielded"
    agree(row)
    measure = ProtectionMeasure.objects.get(ended_at=None)
    assert (measure.begun_on, measure.until, measure.provisional) == (
        "2026-04-01",
        "2027-03-31",
        True,
    )
    assert Resident.objects.get(name="備 太郎").shielded
    plain = sent(table([one[:9] for one in rows]))
    assert agree(plain) and Resident.objects.get(name="備 太郎").shielded, (
        "a file that is silent lifts nothing"
    )
    undoing.undo(ADMINISTRATOR, plain.pk)
    shields.set_shield(ADMINISTRATOR, "R0011", until="2028-03-31")  # renewed on the page
    undoing.undo(ADMINISTRATOR, row.pk)
    assert Resident.objects.get(name="備 太郎").shielded, "taking a file back lifts nothing"
    assert ProtectionMeasure.objects.get(ended_at=None).until == "2028-03-31"


def test_a_shield_that_cannot_be_read_shields_and_is_asked_about(city: City) -> None:
    heads = [*HEADINGS, "抑止フラグ"]
    rows = [[*one, "有" if one[2] == "備 太郎" else ""] for one in rows_now()]
    rows[1][-1], rows[2][-1] = "2", "無"
    rows.append(["R998", rows[0][1], "新田 来", "ニッタ ライ", "", "", "", rows[0][7], "", "DV"])
    rows.append(["R999", rows[0][1], "新田 仮", "ニッタ カリ", "", "", "", rows[0][7], "", "DV"])
    row = sent(table(rows, heads))
    assert ("shields_unread", 3) in [(one["key"], one["count"]) for one in row.summary["doubts"]]
    told = [(one["row"], one["value"]) for one in row.defects if one["problem"] == "shield_unread"]
    assert told == [(0, "2"), (0, "DV")], "the report lists signs, never people"
    assert "新田" not in str(row.summary)
    with pytest.raises(SonaeError, match="疑わしい"):
        editions.confirm(ADMINISTRATOR, row.pk, seen=row.stamp)
    agree(row)
    for one in (rows[1][0], "R998", "R999"):
        assert Resident.objects.get(resident_id=one).shielded
    assert not Resident.objects.get(resident_id=rows[2][0]).shielded


def test_long_files_are_the_workers(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editions, "AT_ONCE", 5)
    rows = rows_now()
    rows[0][8] = "090-1111-2222"
    row = sent(table(rows))
    assert row.state == "reading"
    outbox.drain()
    row.refresh_from_db()
    assert row.state == "waiting" and agree(row).state == "applying"
    assert not Resident.objects.exclude(phone="").exists()
    outbox.drain()
    assert Resident.objects.get(resident_id="R0011").phone == "090-1111-2222"
    assert editions.in_force() == row


@pytest.mark.parametrize("broken", [False, True])
def test_a_file_put_aside_while_it_is_read_stays_aside(
    city: City, monkeypatch: pytest.MonkeyPatch, broken: bool
) -> None:
    monkeypatch.setattr(editions, "AT_ONCE", 5)
    row, read = sent(table(rows_now())), editions._found

    def meanwhile(one: RegisterEdition) -> object:
        found = read(one)
        editions.discard(ADMINISTRATOR, one.pk)
        return editions.raw_of(one) if broken else found

    monkeypatch.setattr(editions, "_found", meanwhile)
    outbox.drain()
    row.refresh_from_db()
    assert (row.state, row.decided_by) == ("discarded", ADMINISTRATOR.name)
    assert set(row.summary) == {"counts"} and not row.problem and not row.defects


def test_a_newer_file_sets_the_undecided_one_aside(city: City) -> None:
    first = sent(table(rows_now()))
    second = sent(table(rows_now()))
    first.refresh_from_db()
    assert (first.state, second.state) == ("overtaken", "waiting")
    editions.discard(ADMINISTRATOR, second.pk)
    with pytest.raises(SonaeError):
        agree(second)
    with pytest.raises(SonaeError, match="残っていません"):
        editions.raw_of(second)


@pytest.mark.parametrize("error", [IntegrityError("unique"), SonaeError("gone", "消えた")])
def test_a_file_that_cannot_be_written_says_so_and_can_be_tried_again(
    city: City, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    before, rows = everything(), rows_now()
    rows[0][8] = "090-1111-2222"
    row, settle = sent(table(rows)), differences.register.settle_homes

    def broken(_day: str) -> None:
        raise error

    monkeypatch.setattr(differences.register, "settle_homes", broken)
    row = agree(row)
    assert row.state == "failed" and row.problem["detail"] and row.problem["hint"]
    outbox.drain()
    row.refresh_from_db()
    assert row.state == "failed" and everything() == before, "all or nothing"
    monkeypatch.setattr(differences.register, "settle_homes", settle)
    assert agree(editions.again(ADMINISTRATOR, row.pk)).state == "in_force"
    assert Resident.objects.get(resident_id="R0011").phone == "090-1111-2222"


def test_a_database_that_is_away_is_asked_again(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, settle = sent(table(rows_now())), differences.register.settle_homes

    def away(_day: str) -> None:
        raise OperationalError("the connection was closed")

    monkeypatch.setattr(differences.register, "settle_homes", away)
    with pytest.raises(OperationalError):
        agree(row)
    row.refresh_from_db()
    assert row.state == "applying", "the worker has it"
    monkeypatch.setattr(differences.register, "settle_homes", settle)
    editions.apply(row.pk)
    row.refresh_from_db()
    assert row.state == "in_force"


def test_two_undo_an_edition_that_brought_many(city: City) -> None:
    rows = rows_now()
    for n in range(25):
        rows.append(
            [f"N{n}", "00000001", f"新 {n}", "ニイ", "1990-01-01", "1", "子", rows[0][7], ""]
        )
    row = agree(sent(table(rows)))
    count = Resident.objects.count()
    assert undoing.needs_second(row)
    with pytest.raises(SonaeError, match="forbidden"):
        undoing.undo(APPROVER, row.pk)
    assert undoing.undo(ADMINISTRATOR, row.pk).state == "in_force"
    assert Resident.objects.count() == count, "one person's word changes nothing"
    with pytest.raises(SonaeError, match="2人目"):
        undoing.undo(ADMINISTRATOR, row.pk)
    assert undoing.asked(undoing.keep(APPROVER, row.pk)) is None
    with pytest.raises(SonaeError, match="conflict"):
        undoing.keep(APPROVER, row.pk)
    undoing.undo(ADMINISTRATOR, row.pk)
    assert undoing.undo(APPROVER, row.pk).state == "undone"
    assert Resident.objects.count() == count - 25


@pytest.mark.parametrize("heading", [None, False])
def test_what_is_decided_meanwhile_is_not_turned_back(
    city: City, monkeypatch: pytest.MonkeyPatch, heading: bool | None
) -> None:
    """Two pages open on one file: its columns are changed while it comes into force on the other."""
    row, look = sent(table(rows_now())), editions._edition

    def meanwhile(pk: int) -> RegisterEdition:
        monkeypatch.undo()
        found = look(pk)
        agree(look(pk))
        editions._store(pk, table(rows_now()))  # as long as its bytes are still being read
        return found

    monkeypatch.setattr(editions, "_edition", meanwhile)
    with pytest.raises(SonaeError, match="変えられません"):
        editions.choose_columns(ADMINISTRATOR, row.pk, row.columns["columns"], heading=heading)
    row.refresh_from_db()
    assert row.state == "in_force" and row.columns["heading"]
    with pytest.raises(SonaeError, match="conflict"):
        editions.again(ADMINISTRATOR, row.pk)


def test_every_example_of_a_big_roster_has_its_name(city: City) -> None:
    AssistanceRegistrant.objects.all().delete()
    home = Household.objects.get(number="00000001")
    Resident.objects.bulk_create(
        Resident(resident_id=f"X{n:04}", household=home, name=f"人 {n}", kana="ヒト", kana_key="ヒト",
                 name_key="人") for n in range(950)
    )  # fmt: skip
    lines = [[f"X{n:04}", f"人 {n}", "難病"] for n in reversed(range(950))]
    heads = ["住民ID", "氏名", "避難支援等を必要とする事由"]
    row = sent(table(lines, heads), purpose="registrants")
    assert row.summary["counts"]["new"] == 950, row.problem
    assert [one["name"] for one in row.summary["changed"]] == [line[1] for line in lines[:100]]
