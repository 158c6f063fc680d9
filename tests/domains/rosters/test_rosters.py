"""Rosters through the domain's interface: brought, looked at, taken over, matched, answered, undone."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import timedelta

import pytest
from PIL import Image

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.identity.interface import citysettings
from sonae.domains.municipalities.interface import changing_settings
from sonae.domains.residents import interface as residents
from sonae.domains.rosters import bringing, runs
from sonae.domains.rosters import interface as rosters
from sonae.domains.rosters.interface import MatchQuestion, Roster, RosterFacts, RosterLine
from sonae.domains.safety import interface as safety
from sonae.engines.matching import linking
from sonae.engines.matching.linking import Candidate, LineResult
from sonae.platform.access import Actor, Role
from sonae.platform.db import inside_transaction
from sonae.platform.models import AuditEntry
from sonae.web.staff import chronicle
from tests.fixtures import APPROVER, CLERK, OPERATOR, VIEWER, City, actor

SECOND = actor(Role.OPERATOR, 33)
PAPER = """第一小学校 避難者名簿,,,,,,
No.,世帯,氏名（漢字）,ふりがな,性別,生年月日,住所
1,A,備　太郎,そなえ たろう,男,S25.4.1,西町1番地
2,A,〃 花子,そなえ はなこ,女,昭和27年5月2日,同上
3,B,斎藤 健,さいとう けん,男,平成2年12月24日,中町3番地
4,C,佐藤　守,さとう まもる,男,1999/9/9,東町5番地
5,D,旅野 人美,たびの ひとみ,女,1988-02-02,遠い町9
6,,,,,,
合計,,5,,,,
"""


def facts(city: City, **over: object) -> RosterFacts:
    told = {
        "kind": "file", "as_of": clock.now() - timedelta(hours=1),
        "facility_pk": city.facilities["F1"].pk, "written_by": "受付 花子",
    }  # fmt: skip
    return RosterFacts(**(told | over))  # type: ignore[arg-type]


def counted(city: City, text: str = PAPER, **over: object) -> Roster:
    """A roster that was taken over and not matched yet."""
    brought = rosters.take_in(OPERATOR, text.encode("cp932"), "名簿.csv", facts(city, **over))
    return rosters.take_over(OPERATOR, brought.pk)


def taken(city: City, text: str = PAPER, **over: object) -> Roster:
    """A roster that was taken over and matched."""
    roster = counted(city, text, **over)
    run = rosters.run_of(roster.pk)
    assert run is not None
    rosters.work_out(run.pk)
    return roster


def lines(roster: Roster) -> Mapping[str, RosterLine]:
    return {line.name: line for line in RosterLine.objects.filter(roster=roster)}


def test_a_file_counts_only_after_it_was_taken_over_and_then_once(city: City) -> None:
    raw = PAPER.encode("cp932")
    brought = rosters.take_in(OPERATOR, raw, "名簿.csv", facts(city))
    assert brought.state == "waiting" and rosters.line_count(brought.pk) == 5
    assert [one["problem"] for one in brought.defects] == ["unknown_column", "total_row"]
    assert safety.occupancy(city.facilities["F1"].pk).people == 0
    with pytest.raises(SonaeError) as again:
        rosters.take_in(OPERATOR, raw, "別名.csv", facts(city))
    assert again.value.code == "conflict"
    rosters.take_over(OPERATOR, brought.pk)
    with pytest.raises(SonaeError):
        rosters.take_over(OPERATOR, brought.pk)
    assert safety.occupancy(city.facilities["F1"].pk).people == 5
    seen = safety.Sighting.objects.filter(facility=city.facilities["F1"])
    assert {(one.source, one.direction) for one in seen} == {("paper", "in")}
    assert {one.occurred_at for one in seen} == {brought.as_of}


def test_matching_links_the_sure_and_asks_about_the_rest(city: City) -> None:
    roster = taken(city)
    run = rosters.run_of(roster.pk)
    assert run is not None and run.state == "done" and run.percent == 100
    found = lines(roster)
    links = safety.links_of([line.visitor_id for line in found.values() if line.visitor_id])
    names = {one.pk: name for name, one in city.residents.items()}
    for name, line in found.items():
        link = links.get(line.visitor_id or 0)
        if link is not None:
            assert names[link.resident_id or 0] == name
    assert links.get(found["旅野 人美"].visitor_id or 0) is None
    assert run.result["lines"] == 5
    assert run.result["auto"] + run.result["review"] + run.result["none"] == 5


def ask_about(city: City, who: RosterLine, *names: str, order: float = 1.0) -> MatchQuestion:
    """Let the desk ask whether a line is one of these residents, the first being the likeliest."""
    question = MatchQuestion.objects.filter(visitor=who.visitor_id, kind="register").first()
    question = question or MatchQuestion(visitor_id=who.visitor_id, asked_at=clock.now())
    question.candidates = [
        {
            "person": city.residents[name].pk, "probability": round(0.6 / n, 4), "why": ["姓が同じ"],
            "levels": {}, "weights": {"surname": 5.0, "birth": -1.0},
        }
        for n, name in enumerate(names, start=1)
    ]  # fmt: skip
    question.state, question.order = "open", order
    question.save()
    return question


@pytest.fixture
def stranger(city: City) -> RosterLine:
    """A line that is nobody sure, so that a clerk is asked."""
    return lines(counted(city))["旅野 人美"]


def accounted(city: City, name: str) -> bool:
    return bool(safety.state_of([city.residents[name].pk]))


def test_an_answer_is_a_link_and_its_undo_gives_back_what_was(
    city: City, stranger: RosterLine
) -> None:
    ask_about(city, stranger, "高橋 幸子", "高橋 葵")
    before = safety.occupancy(city.facilities["F1"].pk).people
    question = rosters.take_next(OPERATOR)
    assert question is not None and question.visitor_id == stranger.visitor_id
    shown = rosters.asked(OPERATOR, question)
    assert [one.resident.name for one in shown.choices if one.resident] == ["高橋 幸子", "高橋 葵"]
    assert [one.name for one in shown.choices[0].home] == ["高橋 翔", "高橋 葵"]
    made = rosters.answer(OPERATOR, question.pk, "person", city.residents["高橋 葵"].pk)
    assert accounted(city, "高橋 葵") and not accounted(city, "高橋 幸子")
    assert safety.occupancy(city.facilities["F1"].pk).people == before
    link = safety.links_of([stranger.visitor_id or 0])[stranger.visitor_id or 0]
    assert (link.source, link.by, link.reason) == ("review", OPERATOR.id, "姓が同じ")
    assert rosters.last_answer(OPERATOR) == made
    again = rosters.undo(OPERATOR, made.pk)
    assert again.state == "open" and not accounted(city, "高橋 葵")
    assert safety.links_of([stranger.visitor_id or 0]) == {}
    with pytest.raises(SonaeError):
        rosters.undo(OPERATOR, made.pk)
    held = rosters.take_next(OPERATOR)
    assert held is not None and held.pk == question.pk


def test_two_clerks_never_get_the_same_line(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    found = lines(counted(city))
    strange, other = found["旅野 人美"], found["斎藤 健"]
    MatchQuestion.objects.update(state="settled")
    ask_about(city, strange, "高橋 葵", order=2.0)
    ask_about(city, other, "斎藤 健", order=5.0)
    first, second = rosters.take_next(OPERATOR), rosters.take_next(SECOND)
    assert first is not None and second is not None
    assert first.visitor_id == other.visitor_id, "the most urgent first"
    assert second.visitor_id == strange.visitor_id
    assert rosters.take_next(APPROVER) is None
    with pytest.raises(SonaeError) as taken_by_another:
        rosters.answer(SECOND, first.pk, "none")
    assert taken_by_another.value.code == "conflict"
    assert not rosters.keep(SECOND, first.pk) and rosters.keep(OPERATOR, first.pk)
    MatchQuestion.objects.filter(pk=first.pk).update(leased_until=0.0)
    third = rosters.take_next(APPROVER)
    assert third is not None and third.pk == first.pk, "a lease that ran out is anybody's"
    rosters.answer(APPROVER, third.pk, "none")
    with pytest.raises(SonaeError) as late:
        rosters.answer(OPERATOR, first.pk, "person", city.residents["斎藤 健"].pk)
    assert late.value.code == "conflict"


def test_later_comes_back_and_wrong_answers_are_refused(city: City, stranger: RosterLine) -> None:
    question = ask_about(city, stranger, "高橋 葵")
    MatchQuestion.objects.exclude(pk=question.pk).update(state="settled")
    for what, person in (("person", city.residents["備 太郎"].pk), ("maybe", None)):
        with pytest.raises(SonaeError) as wrong:
            rosters.answer(OPERATOR, question.pk, what, person)
        assert wrong.value.code == "unprocessable"
    made = rosters.answer(OPERATOR, question.pk, "later")
    assert rosters.take_next(OPERATOR) is None and rosters.progress(OPERATOR).later == 1
    MatchQuestion.objects.update(due_at=1.0)
    assert rosters.take_next(OPERATOR) is not None
    rosters.undo(OPERATOR, made.pk)
    rosters.answer(OPERATOR, question.pk, "none")
    assert rosters.progress(OPERATOR).mine == 1 and rosters.take_next(OPERATOR) is None


def test_where_two_people_are_asked_for_the_first_answer_waits(
    city: City, stranger: RosterLine
) -> None:
    with changing_settings() as held:
        held[citysettings.LINK_TWO] = True
    question = ask_about(city, stranger, "高橋 葵", "高橋 翔")
    MatchQuestion.objects.exclude(pk=question.pk).update(state="settled")
    aoi, sho = city.residents["高橋 葵"].pk, city.residents["高橋 翔"].pk
    made = rosters.answer(OPERATOR, question.pk, "person", aoi)
    assert made.proposed and not accounted(city, "高橋 葵")
    assert rosters.take_next(OPERATOR) is None, "not one's own"
    with pytest.raises(SonaeError):
        rosters.answer(OPERATOR, question.pk, "person", aoi)
    assert rosters.take_next(SECOND) is not None
    rosters.answer(SECOND, question.pk, "person", sho)
    assert not accounted(city, "高橋 葵") and not accounted(city, "高橋 翔")
    question.refresh_from_db()
    assert question.state == "open", "two answers that differ are none"
    rosters.answer(OPERATOR, question.pk, "person", aoi)
    rosters.take_next(SECOND)
    rosters.answer(SECOND, question.pk, "person", aoi)
    assert accounted(city, "高橋 葵")


def test_the_first_answer_waits_again_when_the_second_is_taken_back(
    city: City, stranger: RosterLine
) -> None:
    with changing_settings() as held:
        held[citysettings.LINK_TWO] = True
    question = ask_about(city, stranger, "高橋 葵", "高橋 翔")
    MatchQuestion.objects.exclude(pk=question.pk).update(state="settled")
    aoi, sho = city.residents["高橋 葵"].pk, city.residents["高橋 翔"].pk
    rosters.answer(OPERATOR, question.pk, "person", aoi)
    for what, person in (("person", aoi), ("person", sho), ("none", None)):
        rosters.take_next(SECOND)
        made = rosters.answer(SECOND, question.pk, what, person)
        back = rosters.undo(SECOND, made.pk)
        assert (back.state, back.first_by) == ("second", OPERATOR.id)
        assert not accounted(city, "高橋 葵") and rosters.take_next(OPERATOR) is None
    rosters.answer(SECOND, question.pk, "person", aoi)
    assert accounted(city, "高橋 葵")


def test_nobody_learns_of_a_shielded_resident(city: City) -> None:
    """佐藤 守 is under 支援措置: counted, and to the desk like any line that another clerk settled."""
    roster = taken(city)
    line = lines(roster)["佐藤 守"]
    hidden = city.residents["佐藤 守"].pk
    link = safety.links_of([line.visitor_id or 0]).get(line.visitor_id or 0)
    for question in MatchQuestion.objects.all():
        assert hidden not in [one["person"] for one in question.candidates]
    assert rosters.outcome(OPERATOR, line.visitor_id or 0) is None
    states = {one.line.name: one.state for one in rosters.lines_of(OPERATOR, roster.pk)}
    if link is not None:
        assert link.resident_id == hidden and states["佐藤 守"] == "settled"
    # A question that was made before the shield began shows the person no more.
    question = ask_about(city, line, "佐藤 守", "山﨑 清")
    shown = rosters.asked(OPERATOR, question)
    assert [one.resident.name for one in shown.choices if one.resident] == ["山﨑 清"]
    assert "佐藤 守" not in [one.name for one in shown.choices[0].home]
    again = rosters.ask_again(SECOND, line.visitor_id or 0)
    with pytest.raises(SonaeError):
        rosters.answer(SECOND, again.pk, "person", hidden)


ONE_LINE = """氏名,ふりがな,性別,生年月日,住所
{},1,1999/9/9,東町5番地
"""


def test_a_list_of_one_name_is_no_question_that_its_count_answers(city: City) -> None:
    """Matched, a line that is somebody under 支援措置 reads as that of a stranger, on every page."""
    told, pks = [], []
    for name in ("佐藤　守,さとう まもる", "旅野 太,たびの ふとし"):
        roster = taken(city, ONE_LINE.format(name))
        run = rosters.run_of(roster.pk)
        [line] = RosterLine.objects.filter(roster=roster)
        assert run is not None and line.visitor_id is not None
        pks.append(line.visitor_id)
        guest, entries = rosters.visitor(OPERATOR, line.visitor_id)
        listed = [one for one in rosters.visitors(OPERATOR)[0] if one.who.visitor_pk == pks[-1]]
        told.append([
            {name: run.result[name] for name in ("lines", "auto", "review", "none", "twice")},
            [one.state for one in rosters.lines_of(OPERATOR, roster.pk)], line.band, line.probability,
            guest.state and (guest.state.facility_id, guest.state.direction, guest.state.seen_at),
            guest.question, entries, len(listed), rosters.progress(OPERATOR).open,
            rosters.outcome(OPERATOR, line.visitor_id),
        ])  # fmt: skip
        told[-1][4] = told[-1][4] and told[-1][4][:2]
    assert told[0] == told[1]
    assert list(safety.links_of(pks)) == pks[:1], "one of the two was found, silently"
    lines_told = [one.text for one in chronicle.happenings()]
    assert not any("結び付けた" in one for one in lines_told)
    # Answered as nobody's, the clerk's answer is kept and the silent link with it.
    for pk in pks:
        question = rosters.ask_again(OPERATOR, pk)
        rosters.answer(OPERATOR, question.pk, "none")
    assert list(safety.links_of(pks)) == pks[:1]
    assert not AuditEntry.objects.filter(action="person_unlinked").exists()


def test_two_writings_of_somebody_hidden_are_asked_about_like_anybodys(city: City) -> None:
    told = []
    for name in ("佐藤　守,さとう まもる", "旅野 太,たびの ふとし"):
        taken(city, ONE_LINE.format(name))
        run = rosters.run_of(taken(city, ONE_LINE.format(name + " "), place="体育館").pk)
        assert run is not None
        told.append({key: run.result[key] for key in ("auto", "review", "none", "twice")})
    assert told[0] == told[1] and told[0]["twice"] == 1


def test_who_came_under_a_shield_since_leaves_no_gap_among_the_candidates(
    city: City, stranger: RosterLine
) -> None:
    """The others are as sure as if there had been no such candidate; the one is as nobody to answer with."""
    question = ask_about(city, stranger, "高橋 葵", "高橋 幸子")
    gone = city.residents["高橋 葵"]
    type(gone).objects.filter(pk=gone.pk).update(shielded=True)
    [only] = rosters.asked(OPERATOR, question).choices
    assert only.number == 1 and only.probability == pytest.approx(0.3 / 0.4)
    answers = set()
    for pk in (gone.pk, 10**9):
        with pytest.raises(SonaeError) as refused:
            rosters.answer(OPERATOR, question.pk, "person", pk)
        answers.add((refused.value.code, refused.value.detail))
    assert len(answers) == 1
    other = city.residents["高橋 幸子"]
    type(other).objects.filter(pk=other.pk).update(shielded=True)
    MatchQuestion.objects.update(leased_until=0.0)
    taken_next = rosters.take_next(OPERATOR)
    assert taken_next is None or taken_next.pk != question.pk, "nobody is left to ask about"
    question.refresh_from_db()
    assert question.state == "settled"


def test_another_clerks_link_is_not_shown(city: City, stranger: RosterLine) -> None:
    question = ask_about(city, stranger, "高橋 葵")
    rosters.answer(OPERATOR, question.pk, "person", city.residents["高橋 葵"].pk)
    visitor = stranger.visitor_id or 0
    mine, other = rosters.outcome(OPERATOR, visitor), rosters.outcome(SECOND, visitor)
    assert mine is not None and mine.resident_id == city.residents["高橋 葵"].pk
    assert other is None


def test_matching_again_leaves_what_a_person_decided(city: City, stranger: RosterLine) -> None:
    question = ask_about(city, stranger, "高橋 葵")
    rosters.answer(OPERATOR, question.pk, "person", city.residents["高橋 葵"].pk)
    run = rosters.ask(OPERATOR, stranger.roster_id)
    assert rosters.ask(OPERATOR, stranger.roster_id).pk == run.pk, "asked twice is once"
    done = rosters.work_out(run.pk)
    assert done is not None and done.state == "done"
    assert accounted(city, "高橋 葵")
    question.refresh_from_db()
    assert question.state == "settled"
    assert rosters.work_out(run.pk) is None, "a job delivered twice does its work once"


def sure(city: City, *pairs: tuple[RosterLine, str]) -> list[LineResult]:
    """What the engine says of lines of whom it is sure."""
    return [
        LineResult(
            str(line.visitor_id), pk, 0.9999, "auto", [Candidate(pk, 0.9999, ["同じ"])], False
        )
        for line, pk in ((line, str(city.residents[name].pk)) for line, name in pairs)
    ]


def test_a_run_takes_nothing_out_of_a_clerks_hands(city: City) -> None:
    """While the machine computes a clerk answers one line, has another before the eyes, shares a third."""
    with changing_settings() as held:
        held[citysettings.LINK_TWO] = True
    found, aoi = lines(counted(city)), city.residents["高橋 葵"].pk
    taro, hanako, ken = found["備 太郎"], found["備 花子"], found["斎藤 健"]
    result = sure(city, (taro, "備 太郎"), (hanako, "備 花子"), (ken, "斎藤 健"))
    rosters.answer(OPERATOR, ask_about(city, taro, "高橋 葵").pk, "none")
    rosters.ask_again(OPERATOR, ask_about(city, hanako, "高橋 葵").visitor_id)
    rosters.answer(OPERATOR, ask_about(city, ken, "高橋 葵").pk, "person", aoi)
    counts = runs._Settling(set()).write(result)
    assert counts == {"lines": 0, "auto": 0, "review": 0, "none": 0}
    assert safety.links_of([one.visitor_id or 0 for one in (taro, hanako, ken)]) == {}
    held_by = dict(MatchQuestion.objects.values_list("visitor", "state"))
    assert [held_by[one.visitor_id or 0] for one in (taro, hanako, ken)] == [
        "settled", "open", "second",
    ]  # fmt: skip
    question = MatchQuestion.objects.get(visitor=hanako.visitor_id, kind="register")
    rosters.answer(OPERATOR, question.pk, "person", aoi)


def test_the_machine_asks_who_somebody_dead_is(city: City) -> None:
    line = lines(counted(city))["備 太郎"]
    made = safety.propose_death(OPERATOR, f"v{line.visitor_id}", "police", clock.now())
    safety.decide_death(APPROVER, made.pk, "agreed")
    assert runs._Settling(set()).write(sure(city, (line, "備 太郎")))["review"] == 1
    question = MatchQuestion.objects.get(visitor=line.visitor_id, kind="register")
    assert question.state == "open" and not safety.links_of([line.visitor_id or 0])
    taro = city.residents["備 太郎"].pk
    assert rosters.answer(OPERATOR, question.pk, "person", taro).proposed
    rosters.take_next(SECOND)
    assert not rosters.answer(SECOND, question.pk, "person", taro).proposed
    assert safety.state_of([taro])[taro].status == "deceased"


def test_a_file_is_read_while_others_write(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what has become of the roster meanwhile is looked up before anything is written."""
    read, inside = bringing.read, []

    def watched(*given: object, **more: object) -> object:
        inside.append(inside_transaction())
        return read(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(bringing, "read", watched)
    roster = rosters.take_in(OPERATOR, PAPER.encode("cp932"), "名簿.csv", facts(city))
    rosters.remap(OPERATOR, roster.pk, roster.mapping)
    assert len(inside) >= 2 and not any(inside)

    def meanwhile(*given: object, **more: object) -> object:
        rosters.discard(OPERATOR, roster.pk)
        return read(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(bringing, "read", meanwhile)
    with pytest.raises(SonaeError) as gone:
        rosters.remap(OPERATOR, roster.pk, roster.mapping)
    assert gone.value.code == "conflict" and not rosters.line_count(roster.pk)


TYPED = [
    {"name": "備 太郎", "kana": "そなえ たろう", "birth_date": "S25.4.1", "address": "西町1番地"},
    {"name": "〃 花子", "kana": "〃 はなこ", "sex": "女", "address": "同上"},
    {},
    {"note": "名前なし"},
]


def test_a_typed_sheet_is_kept_as_typed_and_counts_like_a_file(city: City) -> None:
    roster = rosters.begin_typed(OPERATOR, facts(city, kind="paper"))
    rosters.save_typed(OPERATOR, roster.pk, TYPED)
    assert [row["name"] for row in rosters.typed_rows(roster)[:2]] == ["備 太郎", "〃 花子"]
    assert rosters.typed_rows(roster)[3]["note"] == "名前なし"
    rosters.save_typed(OPERATOR, roster.pk, TYPED, done=True)
    roster.refresh_from_db()
    assert roster.state == "waiting" and [d["problem"] for d in roster.defects] == ["no_name"]
    [first, second] = RosterLine.objects.filter(roster=roster).order_by("row")
    assert (second.name, second.kana, second.address) == ("備 花子", "ソナエ ハナコ", "西町1番地")
    assert first.group == second.group and second.said["name"] == "〃 花子"
    with pytest.raises(SonaeError) as empty:
        rosters.save_typed(OPERATOR, roster.pk, [{}], done=True)
    assert empty.value.code == "empty_file"
    rosters.take_over(OPERATOR, roster.pk)
    with pytest.raises(SonaeError):
        rosters.save_typed(OPERATOR, roster.pk, TYPED)
    file = rosters.take_in(OPERATOR, PAPER.encode(), "名簿.csv", facts(city))
    with pytest.raises(SonaeError, match="conflict"):
        rosters.save_typed(OPERATOR, file.pk, TYPED)
    assert rosters.line_count(file.pk) == 5, "the lines of a file are not typed over"


def test_an_old_paper_never_overrules_a_later_check_in(city: City) -> None:
    """A roster of the morning is typed at night: who was linked by it stays where seen since."""
    resident = city.residents["備 太郎"]
    safety.report_self([resident.pk], "safe", actor=OPERATOR, place="親戚の家")
    roster = counted(city, as_of=clock.now() - timedelta(hours=9))
    line = lines(roster)["備 太郎"]
    safety.link(OPERATOR, line.visitor_id or 0, resident.pk, source="review", reason="試験")
    state = safety.state_of([resident.pk])[resident.pk]
    assert state.place == "親戚の家"


def jpeg(width: int = 400) -> bytes:
    out = io.BytesIO()
    picture = Image.new("RGB", (width, 300), "white")
    exif = Image.Exif()
    exif[0x010F] = "SECRET CAMERA"
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_pictures_are_sealed_stripped_recorded_and_removed(city: City) -> None:
    roster = rosters.begin_typed(OPERATOR, facts(city, kind="paper"))
    kept = rosters.add_picture(OPERATOR, roster.pk, jpeg(), "紙.jpg")
    assert not bytes(kept.sealed).startswith(b"\xff\xd8") and b"SECRET" not in bytes(kept.sealed)
    shown = rosters.picture(OPERATOR, roster.pk, kept.pk)
    assert shown.startswith(b"\xff\xd8") and b"SECRET" not in shown
    assert AuditEntry.objects.filter(action="roster_picture_seen").count() == 1
    for who in (VIEWER, CLERK):
        with pytest.raises(SonaeError):
            rosters.picture(who, roster.pk, kept.pk)
    for raw in (b"", b"<svg/>", b"\xff\xd8broken"):
        with pytest.raises(SonaeError) as wrong:
            rosters.add_picture(OPERATOR, roster.pk, raw, "x")
        assert wrong.value.code == "unreadable"
    assert rosters.remove_pictures(OPERATOR, roster.pk) == 1
    with pytest.raises(SonaeError):
        rosters.picture(OPERATOR, roster.pk, kept.pk)


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", "empty_file"), (b"\x00\x00", "empty_file"), (b"a,b\n1,2\n", "missing_columns"),
        (b"PK\x03\x04zip", "unreadable"), ("氏名\n".encode(), "empty_file"),
        ("氏名,年齢\n備,1\n".encode() + "備,2\n".encode("cp932"), "encoding"),
        (b'\xe6\xb0\x8f\xe5\x90\x8d,x\n"' + b"a" * 200_000, "unreadable"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_changes_nothing_and_is_on_record(
    city: City, raw: bytes, error: str
) -> None:
    roster = rosters.take_in(OPERATOR, raw, "x.csv", facts(city))
    assert (roster.state, roster.problem["error"]) == ("refused", error)
    assert rosters.line_count(roster.pk) == 0
    with pytest.raises(SonaeError):
        rosters.take_over(OPERATOR, roster.pk)
    rosters.discard(OPERATOR, roster.pk)


def test_columns_are_corrected_and_remembered(city: City) -> None:
    text = "人,どこ,なまえ（よみ）\n備 太郎,西町1番地,そなえ たろう\n"
    brought = rosters.take_in(OPERATOR, ("氏名," + text).encode(), "a.csv", facts(city))
    assert brought.state in {"waiting", "refused"}
    again = rosters.remap(OPERATOR, brought.pk, ["", "name", "address", "kana"])
    assert again.mapping == ["", "name", "address", "kana"]
    more = "氏名,人,どこ,なまえ（よみ）\n,備 花子,西町1番地,そなえ はなこ\n"
    second = rosters.take_in(OPERATOR, more.encode(), "b.csv", facts(city))
    assert second.mapping == again.mapping
    with pytest.raises(SonaeError):
        rosters.remap(OPERATOR, second.pk, ["age", "", "", ""])


def test_who_may_not_is_refused_everywhere(city: City, stranger: RosterLine) -> None:
    question = ask_about(city, stranger, "高橋 葵")
    for who in (VIEWER, CLERK, actor(Role.RESIDENT, 9)):
        for call in (
            lambda a: rosters.take_in(a, b"x", "x", facts(city)),
            lambda a: rosters.begin_typed(a, facts(city)),
            lambda a: rosters.take_over(a, stranger.roster_id),
            lambda a: rosters.lines_of(a, stranger.roster_id),
            lambda a: rosters.take_next(a),
            lambda a: rosters.asked(a, question),
            lambda a: rosters.answer(a, question.pk, "none"),
            lambda a: rosters.outcome(a, stranger.visitor_id or 0),
            lambda a: rosters.visitors(a),
            lambda a: rosters.ask(a, None),
        ):
            with pytest.raises(SonaeError) as refused:
                call(_as(who))
            assert refused.value.code == "forbidden"


def _as(who: Actor) -> Actor:
    return who


def test_visitors_are_people_in_their_own_right(city: City, stranger: RosterLine) -> None:
    pk = stranger.visitor_id or 0
    found, count = rosters.visitors(OPERATOR, "たびの")
    assert [one.who.visitor_pk for one in found] == [pk] and count == 1
    rosters.describe(
        OPERATOR, pk, {"name": "旅野 人美", "birth_date": "昭和63年2月3日", "home_city": "遠い市"}
    )
    guest, entries = rosters.visitor(OPERATOR, pk)
    assert (guest.home_city, guest.who.birth_date) == ("遠い市", "1988-02-03")
    assert len(entries) == 1 and rosters.visitors(OPERATOR, "遠い市")[1] == 1
    safety.Visitor.objects.filter(pk=pk).update(address="遠い市本町1-2-3")
    assert rosters.visitors(OPERATOR, "1-2-3")[1] == 1, "a lot may be written like a date"
    with pytest.raises(SonaeError):
        rosters.visitors(OPERATOR, "9-99-99")
    for wrong in ({"name": "", "kana": ""}, {"name": "旅野", "birth_date": "きのう"}):
        with pytest.raises(SonaeError):
            rosters.describe(OPERATOR, pk, wrong)
    safety.link(OPERATOR, pk, city.residents["高橋 葵"].pk, source="review", reason="試験")
    assert rosters.visitors(OPERATOR, "たびの")[1] == 0
    with pytest.raises(SonaeError):
        rosters.visitor(OPERATOR, pk)


def test_who_is_written_better_is_matched_anew(city: City) -> None:
    """Under a name that nobody could read; found once a clerk has asked."""
    text = "氏名,ふりがな,性別,生年月日,住所,世帯\n〓〓 〓,,男,,,A\n旅野 人美,たびの ひとみ,女,,遠い町9,A\n"
    line = lines(counted(city, text))["〓〓 〓"]
    pk = line.visitor_id or 0
    rosters.describe(OPERATOR, pk, {"name": "〓〓 〓", "sex": "1", "note": "赤い上着"})
    assert rosters.run_of(None) is None, "nothing by which anybody is found"
    facts = {
        "name": "渡邉 実", "kana": "ワタナベ ミノル", "sex": "1", "birth_date": "1985-07-07",
        "address": "西町2番地", "phone": "",
    }  # fmt: skip
    rosters.describe(OPERATOR, pk, facts)
    assert rosters.run_of(None) is not None
    for columns in (runs.lines_as_columns(None), runs.lines_as_columns(line.roster_id)):
        at = columns["line_id"].index(str(pk))
        assert {name: columns[name][at] for name in facts} == facts
        assert columns["group"][at] == columns["group"][1 - at], "still on one card"


def test_a_sighting_that_was_taken_back_is_not_where_somebody_was_seen(
    city: City, stranger: RosterLine
) -> None:
    pk = stranger.visitor_id or 0
    [one] = rosters.seen(OPERATOR, pk)
    safety.undo(OPERATOR, one.pk)
    assert rosters.seen(OPERATOR, pk) == []


def test_people_written_twice_are_asked_about_and_joined(city: City) -> None:
    counted(city)
    twice = "氏名,ふりがな,性別,生年月日,住所\n旅野 人美,たびの ひとみ,女,S63.2.2,遠い町9\n"
    second = taken(city, twice, facility_pk=city.facilities["F2"].pk)
    line = lines(second)["旅野 人美"]
    question = MatchQuestion.objects.get(kind="duplicate")
    MatchQuestion.objects.exclude(pk=question.pk).update(state="settled")
    held = rosters.take_next(OPERATOR)
    assert held is not None and held.pk == question.pk
    shown = rosters.asked(OPERATOR, held)
    assert shown.choices[0].written is not None
    rosters.answer(OPERATOR, held.pk, "person", shown.choices[0].person)
    assert rosters.visitors(OPERATOR, "たびの")[1] == 1
    assert line.visitor_id is not None
    assert residents.shielded_pks() == {city.residents["佐藤 守"].pk}


def test_who_was_put_off_and_then_answered_is_not_asked_again(
    city: City, stranger: RosterLine
) -> None:
    question = ask_about(city, stranger, "高橋 葵")
    MatchQuestion.objects.exclude(pk=question.pk).update(state="settled")
    rosters.answer(OPERATOR, question.pk, "later")
    MatchQuestion.objects.update(due_at=1.0)
    rosters.take_next(OPERATOR)
    rosters.answer(OPERATOR, question.pk, "none")
    rosters.work_out(rosters.ask(OPERATOR, stranger.roster_id).pk)
    before = question.candidates
    question.refresh_from_db()
    assert (question.state, question.candidates) == ("settled", before)


def test_a_run_that_breaks_says_so_and_is_done_when_it_is_tried_again(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = rosters.run_of(counted(city).pk)
    assert run is not None

    def broken(*_: object, **__: object) -> object:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(linking, "match", broken)
        with pytest.raises(MemoryError):
            rosters.work_out(run.pk)
    run.refresh_from_db()
    assert run.state == "failed"
    again = rosters.work_out(run.pk)
    assert again is not None and again.state == "done"


def test_only_who_is_said_to_be_well_is_safe_and_the_rest_are_told(city: City) -> None:
    told = {"備 太郎": "行方不明", "備 花子": "けがなし", "高橋 葵": "", "高橋 翔": "軽傷"}
    rows = "".join(f"{name},{status}\n" for name, status in told.items())
    roster = counted(city, f"氏名,安否\n{rows}")
    status = {
        line.name: safety.Sighting.objects.get(pk=line.sighting).status
        for line in lines(roster).values()
    }
    assert status == {
        "備 太郎": "unknown", "備 花子": "safe", "高橋 葵": "safe", "高橋 翔": "injured"
    }  # fmt: skip
    assert [(one["problem"], one["value"]) for one in roster.defects] == [
        ("bad_status", "行方不明")
    ]


def test_a_file_without_a_known_heading_is_read_as_a_person_says(city: City) -> None:
    """No heading at all, and headings of no known word: nobody is lost, the second is remembered."""
    bare = "備 太郎,1950-04-01\n備 花子,1952-05-02\n".encode()
    roster = rosters.take_in(OPERATOR, bare, "素.csv", facts(city))
    assert (roster.state, roster.headings) == ("refused", ["備 太郎", "1950-04-01"])
    with pytest.raises(SonaeError, match="missing_columns"):
        rosters.remap(OPERATOR, roster.pk, ["", "birth_date"], heading=False)
    read = rosters.remap(OPERATOR, roster.pk, ["name", "birth_date"], heading=False)
    assert read.state == "waiting" and rosters.has_no_heading(read)
    assert list(lines(read)) == ["備 太郎", "備 花子"]
    strange = "だれ,いつ生\n備 一郎,1980-01-05\n".encode()
    roster = rosters.take_in(OPERATOR, strange, "変.csv", facts(city))
    rosters.remap(OPERATOR, roster.pk, ["name", "birth_date"])
    again = rosters.take_in(OPERATOR, strange + "佐々 木\n".encode(), "変2.csv", facts(city))
    assert again.state == "waiting" and list(lines(again)) == ["備 一郎", "佐々 木"]
