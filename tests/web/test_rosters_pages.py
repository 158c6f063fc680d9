"""The pages of rosters, the review desk and visitors: who may, what is refused, what leaves the house."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from sonae.core import clock
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.identity.interface import Account
from sonae.domains.rosters import interface as rosters
from sonae.domains.rosters.interface import MatchQuestion, Roster, RosterLine
from sonae.domains.safety import interface as safety
from sonae.engines.matching.levels import COMPARISONS
from sonae.engines.rosters.problems import PROBLEMS
from sonae.platform.access import SYSTEM, Role
from sonae.platform.models import AuditEntry
from sonae.web.staff import rosterwords
from sonae.web.staff.differences import marked
from tests.domains.rosters.test_rosters import taken
from tests.fixtures import CODE, OPERATOR, City

HOME = "/staff/rosters/"
TEXT = "\n".join(
    (
        "氏名,フリガナ,性別,生年月日,住所,備考",
        "旅野 人美,タビノ ヒトミ,女,1988-02-02,遠い町9,",
        "𠮷野家 〓,ヨシノヤ,,,,=1+1",
        "佐藤 守,サトウ マモル,男,1999-09-09,東町5番地,",
    )
)


def client(role: Role) -> Client:
    account = Account.objects.create_user(
        f"{role.value}{Account.objects.count()}@example.jp", role=role.value, municipality=CODE,
        name="係",
    )  # fmt: skip
    made = Client()
    made.force_login(account)
    return made


def send(who: Client, city: City, raw: bytes, **over: str) -> int:
    at = (clock.now() - timedelta(hours=1)).astimezone(clock.JST).strftime("%Y-%m-%dT%H:%M")
    data = {
        "file": SimpleUploadedFile("list.csv", raw), "kind": "file", "as_of": at,
        "facility": str(city.facilities["F1"].pk),
    } | over  # fmt: skip
    return who.post(f"{HOME}upload/", data).status_code


@pytest.fixture
def operator(city: City) -> Client:
    """A clerk who has sent a roster and taken it over (not matched yet)."""
    made = client(Role.OPERATOR)
    assert send(made, city, TEXT.encode()) == 302
    assert made.post(f"{HOME}{Roster.objects.get().pk}/take/").status_code == 302
    return made


def question(city: City, name: str, *people: str) -> MatchQuestion:
    line = RosterLine.objects.get(name=name)
    return MatchQuestion.objects.create(
        visitor=line.visitor, asked_at=clock.now(), order=3.0,
        candidates=[
            {"person": city.residents[one].pk, "probability": 0.5, "why": ["町名が同じ"],
             "levels": {}, "weights": {"surname": 30.0, "birth": -30.0}}
            for one in people
        ],
    )  # fmt: skip


def test_a_page_that_cannot_be_is_no_error(operator: Client, city: City) -> None:
    roster = Roster.objects.create(
        kind="paper", as_of=clock.now(), name="x", brought_at=clock.now(), brought_by="x"
    )
    for page in ("9" * 30, "9" * 15, "0", "-1", "x", "２"):
        for path in (f"/staff/rosters/{roster.pk}/", "/staff/visitors/", "/staff/register/roster/"):
            assert operator.get(path, {"page": page}).status_code == 200
    assert operator.post("/staff/review/undo/", {"decision": "9" * 30}).status_code == 302


def test_only_operators_reach_people(city: City, operator: Client) -> None:
    roster, line = Roster.objects.get(), RosterLine.objects.first()
    assert line is not None
    asked = question(city, "旅野 人美", "高橋 葵")
    paths = [
        f"{HOME}{roster.pk}/", f"{HOME}new/", f"{HOME}lines/{line.pk}/", f"{HOME}{roster.pk}/lines.csv",
        f"{HOME}{roster.pk}/lines.xlsx", f"{HOME}{roster.pk}/defects.csv", "/staff/review/",
        f"/staff/review/{asked.pk}/", "/staff/visitors/", f"/staff/visitors/{line.visitor_id}/",
    ]  # fmt: skip
    viewer, reception = client(Role.VIEWER), client(Role.RECEPTION)
    for path in paths:
        assert viewer.get(path).status_code == 403, path
        assert reception.get(path).status_code == 403, path
        assert operator.get(path).status_code in {200, 302}, path
        assert Client().get(path).status_code == 302, path
    for path in ("upload/", "match/", f"{roster.pk}/take/", f"{roster.pk}/columns/"):
        assert viewer.post(HOME + path).status_code == 403
    assert (
        viewer.get(HOME).status_code == 200
        and viewer.get("/staff/review/weights/").status_code == 200
    )
    for path in ("/staff/review/undo/", f"/staff/review/{asked.pk}/answer/"):
        assert viewer.post(path).status_code == 403
    assert operator.post("/staff/review/weights/1/use/").status_code == 403


def test_files_out_hold_every_letter_and_no_formula(city: City, operator: Client) -> None:
    pk = Roster.objects.get().pk
    text = operator.get(f"{HOME}{pk}/lines.csv").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert any("𠮷野家 〓" in row and "'=1+1" in row for row in rows)
    raw = operator.get(f"{HOME}{pk}/lines.xlsx").content
    sheet = openpyxl.load_workbook(io.BytesIO(raw)).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value} == {"s"}
    assert "=1+1" in [cell.value for cell in cells]
    defects = operator.get(f"{HOME}{pk}/defects.csv").content.decode("utf-8-sig")
    assert "外字または〓" in defects


def test_a_form_that_cannot_be_is_refused_and_keeps_what_was_typed(city: City) -> None:
    operator = client(Role.OPERATOR)
    later = (clock.now() + timedelta(days=2)).astimezone(clock.JST).strftime("%Y-%m-%dT%H:%M")
    wrongs: list[dict[str, str]] = [
        {"as_of": "きのう"}, {"as_of": later}, {"facility": ""}, {"kind": "other"}, {"facility": "99999"},
    ]  # fmt: skip
    for wrong in wrongs:
        assert send(operator, city, TEXT.encode(), **wrong) == 422, wrong
    assert operator.post(f"{HOME}upload/", {"kind": "file"}).status_code == 422
    page = operator.post(f"{HOME}new/", {"kind": "paper", "place": "<b>体育館", "as_of": "x"})
    assert page.status_code == 422 and "&lt;b&gt;体育館" in page.content.decode()
    assert not Roster.objects.exists()
    assert operator.get(f"{HOME}1/").status_code == 404
    assert operator.get("/staff/visitors/1/").status_code == 404


def test_the_desk_answers_by_form_and_another_clerk_gets_another_line(
    city: City, operator: Client
) -> None:
    first = question(city, "旅野 人美", "高橋 葵", "佐藤 守")
    page = operator.get("/staff/review/").content.decode()
    assert "昭和" not in page and "平成16年10月10日" in page and "佐藤" not in page, "支援措置"
    other = client(Role.OPERATOR)
    assert "いま確かめる行はありません" in other.get("/staff/review/").content.decode()
    assert other.post(f"/staff/review/{first.pk}/keep/").status_code == 409
    assert operator.post(f"/staff/review/{first.pk}/keep/").status_code == 204
    other.post(f"/staff/review/{first.pk}/answer/", {"answer": "none"})
    first.refresh_from_db()
    assert first.state == "open"
    for wrong in (
        {},
        {"answer": "x"},
        {"person": "99999"},
        {"person": str(city.residents["佐藤 守"].pk)},
    ):
        operator.post(f"/staff/review/{first.pk}/answer/", wrong)
        first.refresh_from_db()
        assert first.state == "open", wrong
    person = city.residents["高橋 葵"].pk
    operator.post(f"/staff/review/{first.pk}/answer/", {"person": str(person)})
    first.refresh_from_db()
    assert first.state == "settled"
    page = operator.get("/staff/review/").content.decode()
    last = rosters.MatchDecision.objects.get()
    assert f'value="{last.pk}"' in page
    assert (
        other.post("/staff/review/undo/", {"decision": str(last.pk)}, follow=True).status_code
        == 200
    )
    first.refresh_from_db()
    assert first.state == "settled", "only one's own"
    operator.post("/staff/review/undo/", {"decision": str(last.pk)})
    first.refresh_from_db()
    assert first.state == "open"


def test_a_line_that_is_somebody_shielded_reads_like_another_clerks(
    city: City, operator: Client
) -> None:
    """The same words for: another clerk's answer, an answer "none", and a silent link to 佐藤 守."""
    shielded, stranger = (RosterLine.objects.get(name=n) for n in ("佐藤 守", "旅野 人美"))
    for line in (shielded, stranger):
        question(city, line.name)
    MatchQuestion.objects.update(state="settled")
    hidden = safety.Match(shielded.visitor_id or 0, city.residents["佐藤 守"].pk)
    safety.link_many(SYSTEM, [hidden], source="auto")
    pages = []
    for line in (shielded, stranger):
        text = operator.get(f"{HOME}lines/{line.pk}/").content.decode()
        pages.append(re.sub(r'value="\w{64}"', "", text[text.index('id="who"') :]))
    assert pages[0] == pages[1]


def test_every_look_at_a_roster_is_on_record(city: City, operator: Client) -> None:
    line, who = RosterLine.objects.get(name="旅野 人美"), city.residents["高橋 葵"].pk
    safety.link(SYSTEM, line.visitor_id or 0, who, source="auto", reason="氏名が同じ")
    home = f"{HOME}{line.roster_id}/"
    for path in (home, f"{HOME}lines/{line.pk}/", f"{home}defects.csv", f"{home}lines.csv"):
        assert operator.get(path).status_code == 200
        assert AccessEvent.objects.filter(subject=who, purpose="rescue").count() == 1, "one look"
    rows = AuditEntry.objects.filter(target=f"roster:{line.roster_id}").order_by("sequence")
    seen = [(one.action, one.detail["rows"]) for one in rows if "rows" in one.detail]
    assert seen[-4:] == [
        ("roster_seen", 3), ("roster_line_seen", 1), ("roster_defects_exported", 3),
        ("roster_exported", 3),
    ]  # fmt: skip


def test_the_sheet_saves_itself_and_keeps_what_was_refused(city: City) -> None:
    operator = client(Role.OPERATOR)
    roster = rosters.begin_typed(
        OPERATOR, rosters.RosterFacts("paper", clock.now(), city.facilities["F1"].pk)
    )
    page = f"{HOME}{roster.pk}/type/"
    typed = {"name": ["備 太郎", "", ""], "kana": ["そなえ たろう", "", ""]}
    saved = operator.post(page, typed, headers={"X-Autosave": "1"})
    assert saved.status_code == 204 and len(rosters.typed_rows(roster)) == 1
    seen = {"version": saved.headers["X-Sheet-Version"]}
    assert operator.post(page, seen | {"name": [""], "check": "1"}).status_code == 422
    many = operator.post(page, {"name": ["備"] * 101})
    assert many.status_code == 422 and "100行まで" in many.content.decode()
    assert f'name="version" value="{seen["version"]}"' in operator.get(page).content.decode()
    other = {"name": ["高橋 葵"], "version": ""}
    late = operator.post(page, other, headers={"X-Autosave": "1"})
    assert late.status_code == 409, "the tab that was opened before it was saved"
    shown = operator.post(page, other)
    assert shown.status_code == 409 and "高橋 葵" in shown.content.decode()
    assert [row["name"] for row in rosters.typed_rows(roster)] == ["備 太郎"]
    assert operator.post(page, typed | seen | {"check": "1"}).status_code == 302
    assert operator.post(f"{HOME}{roster.pk}/discard/").status_code == 302
    assert operator.get(page).status_code == 302


@pytest.mark.parametrize(
    ("written", "other", "differs"),
    [
        ("備 太郎", "備　太郎", ""), ("高橋 五子", "高橋 幸子", "幸"), ("", "高橋", ""), ("高橋", "", ""),
        ("1988-02-02", "1988-02-03", "3"), ("ソナエ", "ソナイ タロウ", "イタロウ"), ("𠮷野", "吉野", "吉"),
    ],
)  # fmt: skip
def test_differences_are_marked_by_character(written: str, other: str, differs: str) -> None:
    parts = marked(written, other)
    assert "".join(part.text for part in parts) == other
    assert "".join("".join(p.text.split()) for p in parts if not p.same) == differs


def test_every_comparison_and_defect_has_words() -> None:
    assert {one.name for one in COMPARISONS} <= set(rosterwords.COMPARED)
    told = rosterwords.faults([{"problem": p, "action": "left_out"} for p in PROBLEMS])
    assert len(told) == len(PROBLEMS) and all(one.grave for one in told)


def test_a_taking_over_is_undone_on_the_page_with_a_reason(city: City) -> None:
    roster = taken(city)
    desk = client(Role.OPERATOR)
    page = desk.get(f"{HOME}{roster.pk}/").content.decode()
    assert "全部の行を取り消す" in page
    empty = desk.post(f"{HOME}{roster.pk}/back/", {"reason": " "}, follow=True).content.decode()
    assert "取り消す理由を書いてください" in empty and "全部の行を取り消す" in empty
    told = desk.post(f"{HOME}{roster.pk}/back/", {"reason": "ちがう<b>場所"}, follow=True)
    page = told.content.decode()
    assert "取り込みを取り消しました" in page and "ちがう&lt;b&gt;場所" in page
    assert "確認待ち" in page and "全部の行を取り消す" not in page
    assert client(Role.VIEWER).post(f"{HOME}{roster.pk}/back/").status_code == 403


def test_a_file_without_headings_is_mended_on_the_page(city: City, operator: Client) -> None:
    assert send(operator, city, "備 太郎,1950-04-01\n備 花子,1952-05-02\n".encode()) == 302
    address = f"{HOME}{Roster.objects.latest('pk').pk}/"
    text = operator.get(address).content.decode()
    assert (
        "どの列が氏名かを選んで" in text
        and ">備 太郎</label>" in text
        and "見出しの行がない" in text
    )
    form = {"column-0": "name", "column-1": "birth_date", "headless": "1"}
    mended = operator.post(f"{address}columns/", form, follow=True).content.decode()
    assert (
        "いちばん上の行から読み直しました" in mended and "2人を" in mended and "備 太郎" in mended
    )
    assert 'name="headless" value="1" checked' in mended
