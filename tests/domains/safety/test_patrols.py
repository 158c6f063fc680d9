"""Patrol sheets: who stands on them, opaque numbers, what comes back is a sighting, who may see what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.safety import interface as safety
from sonae.domains.safety import patrols
from sonae.domains.safety.interface import PatrolLine, Sighting
from sonae.domains.safety.patrols import LETTERS, new_code, read_code
from sonae.platform.models import AuditEntry
from tests.domains.safety.test_ledger import sighting, warn
from tests.fixtures import APPROVER, CLERK, OPERATOR, VIEWER, City


def refused(code: str, attempt: Callable[[], object]) -> SonaeError:
    with pytest.raises(SonaeError, match=code) as found:
        attempt()
    return found.value


# --- numbers ----------------------------------------------------------------------------------------


@given(st.integers(0, 7), st.sampled_from(LETTERS))
def test_every_wrong_letter_of_a_number_is_found(place: int, letter: str) -> None:
    code = new_code()
    assert read_code(f" {code[:4].lower()}-{code[4:]}　") == code
    wrong = code[:place] + letter + code[place + 1 :]
    if wrong != code:
        refused("bad_code", lambda: read_code(wrong))
    turned = (
        code[:place] + code[place + 1 : place + 2] + code[place : place + 1] + code[place + 2 :]
    )
    if turned != code and len(turned) == len(code) and place < 6:
        refused("bad_code", lambda: read_code(turned))


@pytest.mark.parametrize("text", ["", "A", "0" * 8, "'; DROP TABLE", "９" * 9, "あいうえおかきく"])
def test_what_is_no_number_is_refused(text: str) -> None:
    refused("bad_code", lambda: read_code(text))


def test_a_number_says_nothing_and_is_not_counted_up() -> None:
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500 and all(set(code) <= set(LETTERS) for code in codes)


# --- sheets -------------------------------------------------------------------------------------------


@pytest.fixture
def west(city: City) -> int:
    """The town where five people of two homes are in danger."""
    warn(4)
    return city.towns["西町"].pk


@pytest.mark.django_db
def test_a_sheet_holds_who_is_missing_home_by_home(city: City, west: int) -> None:
    safety.record([sighting(city, "備 花子")])
    [sheet] = safety.make_sheets(OPERATOR, west, walker="第3班")
    view, lines = safety.sheet_of(OPERATOR, sheet.pk)
    assert (view.state, view.lines, view.back) == ("out", 4, 0)
    homes = [one.line.resident.household_id for one in lines]
    assert homes == sorted(homes) or homes == sorted(homes, reverse=True), "no home twice"
    assert "備 花子" not in {one.name for one in lines}
    refused("conflict", lambda: safety.make_sheets(OPERATOR, west))
    safety.end_sheet(OPERATOR, sheet.pk)
    [again] = safety.make_sheets(OPERATOR, west)
    assert (again.number, PatrolLine.objects.count()) == (2, 8)
    for attempt in (
        lambda: safety.make_sheets(VIEWER, west),
        lambda: safety.sheet_of(VIEWER, sheet.pk),
        lambda: safety.sheet_of(CLERK, sheet.pk),
        lambda: safety.line_with(CLERK, lines[0].line.code),
        lambda: safety.report_lines(VIEWER, {lines[0].line.pk: ("1", "")}),
    ):
        refused("forbidden", attempt)
    refused("not_found", lambda: safety.make_sheets(OPERATOR, 10**9))


@pytest.mark.django_db
def test_a_long_town_makes_several_sheets_and_keeps_homes_whole(
    city: City, west: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrols, "MOST_LINES", 4)
    made = safety.make_sheets(OPERATOR, west)
    homes = [
        {one.line.resident.household_id for one in safety.sheet_of(OPERATOR, sheet.pk)[1]}
        for sheet in made
    ]
    assert len(made) == 2 and not homes[0] & homes[1]


@pytest.mark.django_db
def test_what_comes_back_is_a_sighting_and_the_number_falls(city: City, west: int) -> None:
    [sheet] = safety.make_sheets(OPERATOR, west)
    _view, lines = safety.sheet_of(OPERATOR, sheet.pk)
    before = safety.unaccounted_count().unaccounted
    first, second, third, fourth, fifth = lines
    found = safety.line_with(OPERATOR, first.line.code.lower())
    assert found.name == first.name and not found.result
    assert safety.report_lines(OPERATOR, {first.line.pk: ("1", "2階にいた")}) == 1
    row = Sighting.objects.get()
    assert (row.source, row.direction, row.status, row.note) == (
        "patrol", "shelter_at_home", "safe", "2階にいた",
    )  # fmt: skip
    assert safety.report_lines(OPERATOR, {first.line.pk: ("1", "")}) == 0, "the same again"
    answers = {
        second.line.pk: ("3", "動けない"),
        third.line.pk: ("4", ""),
        fourth.line.pk: ("5", "長男宅"),
    }
    assert safety.report_lines(OPERATOR, answers) == 3
    assert safety.unaccounted_count().unaccounted == before - 2, (
        "nobody answered: not accounted for"
    )
    assert [one.name for one in safety.help_wanted(OPERATOR)] == [second.name]
    view, lines = safety.sheet_of(OPERATOR, sheet.pk)
    assert (view.state, view.back) == ("part", 4)
    assert [one.result for one in lines] == ["1", "3", "4", "5", ""]
    safety.report_lines(OPERATOR, {third.line.pk: ("1", ""), fifth.line.pk: ("2", "")})
    assert safety.sheet_of(OPERATOR, sheet.pk)[0].state == "back"
    safety.undo_line(OPERATOR, first.line.pk)
    assert safety.unaccounted_count().unaccounted == before - 3
    assert safety.sheets(VIEWER)[0].state == "part"
    refused("not_found", lambda: safety.undo_line(OPERATOR, first.line.pk))


@pytest.mark.django_db
def test_an_answer_that_was_undone_elsewhere_is_none(city: City, west: int) -> None:
    """On the person's page, say: the line does not go on saying that somebody is well."""
    [sheet] = safety.make_sheets(OPERATOR, west)
    first = safety.sheet_of(OPERATOR, sheet.pk)[1][0].line
    safety.report_lines(OPERATOR, {first.pk: ("1", "")})
    safety.undo(OPERATOR, Sighting.objects.get().pk)
    view, lines = safety.sheet_of(OPERATOR, sheet.pk)
    assert (view.state, view.back, lines[0].result, lines[0].reported) == ("out", 0, "", None)
    assert safety.line_with(OPERATOR, first.code).result == ""
    assert safety.sheets(VIEWER)[0].back == 0
    refused("conflict", lambda: safety.make_sheets(OPERATOR, west))
    refused("not_found", lambda: safety.undo_line(OPERATOR, first.pk))
    before = safety.unaccounted_count().unaccounted
    assert safety.report_lines(OPERATOR, {first.pk: ("1", "")}) == 1, "the same again is news now"
    assert safety.unaccounted_count().unaccounted == before - 1


@pytest.mark.django_db
def test_a_sheet_typed_in_late_does_not_win_over_what_was_heard_since(
    city: City, west: int
) -> None:
    [sheet] = safety.make_sheets(OPERATOR, west)
    _view, lines = safety.sheet_of(OPERATOR, sheet.pk)
    line = next(one for one in lines if one.name == "備 太郎")
    came = clock.now() - timedelta(minutes=30)
    safety.record([sighting(city, "備 太郎", "F2", minutes=-30)])
    safety.report_lines(OPERATOR, {line.line.pk: ("4", "")}, at=came - timedelta(hours=2))
    state = safety.state_of([line.line.resident_id])[line.line.resident_id]
    assert (state.facility, state.status) == (city.facilities["F2"], "safe")


@pytest.mark.django_db
def test_nothing_is_half_recorded(city: City, west: int) -> None:
    [sheet] = safety.make_sheets(OPERATOR, west)
    _view, lines = safety.sheet_of(OPERATOR, sheet.pk)
    good = {lines[0].line.pk: ("1", "")}
    for wrong, code in (
        ({lines[1].line.pk: ("9", "")}, "unprocessable"), ({10**9: ("1", "")}, "not_found"),
    ):  # fmt: skip
        refused(code, lambda wrong=wrong: safety.report_lines(OPERATOR, good | wrong))
    later = clock.now() + timedelta(hours=1)
    refused("unprocessable", lambda: safety.report_lines(OPERATOR, good, at=later))
    assert Sighting.objects.count() == 0


@pytest.mark.django_db
def test_a_shielded_person_is_on_no_sheet_not_even_on_one_made_before(city: City) -> None:
    warn(4)
    east = city.towns["東町"].pk
    [sheet] = safety.make_sheets(OPERATOR, east)
    view, lines = safety.sheet_of(OPERATOR, sheet.pk)
    assert {one.name for one in lines} == {"山﨑 清", "山﨑 ミツ"}
    gone = lines[0].line
    type(gone.resident).objects.filter(pk=gone.resident_id).update(shielded=True)
    view, left = safety.sheet_of(OPERATOR, sheet.pk)
    assert (view.lines, len(left)) == (1, 1) and safety.sheets(VIEWER)[0].lines == 1
    assert [one.place for one in left] == [1], "no number is missing"
    error = refused("not_found", lambda: safety.line_with(OPERATOR, gone.code))
    nobody = refused("not_found", lambda: safety.line_with(OPERATOR, new_code()))
    assert (error.code, error.detail, error.hint) == (nobody.code, nobody.detail, nobody.hint)


@pytest.mark.django_db
def test_paper_of_their_officer_holds_nobody_shielded_either(city: City) -> None:
    warn(4)
    with municipalities.changing_settings() as held:
        held["shield_officers"] = [OPERATOR.account_id]
    assert "佐藤 守" in {one.name for one in safety.unaccounted(OPERATOR)}
    [sheet] = safety.make_sheets(OPERATOR, city.towns["東町"].pk)
    _view, lines = safety.sheet_of(OPERATOR, sheet.pk)
    assert [(one.place, one.name) for one in lines] == [(1, "山﨑 清"), (2, "山﨑 ミツ")]
    [entry] = AuditEntry.objects.filter(action="patrol.made")
    assert entry.detail["people"] == 2
    refused("conflict", lambda: safety.make_sheets(OPERATOR, city.towns["東町"].pk))


@pytest.mark.django_db
def test_a_sheet_for_the_fire_brigade_holds_what_the_law_allows(city: City, west: int) -> None:
    refused("conflict", lambda: safety.make_sheets(OPERATOR, west, carrier="消防団"))
    drafted = consent.declare_sharing(OPERATOR, "洪水", ["name", "address"], 24)
    consent.approve_sharing(APPROVER, drafted.pk)
    [sheet] = safety.make_sheets(OPERATOR, west, carrier="消防団")
    _view, lines = safety.sheet_of(OPERATOR, sheet.pk)
    assert [(one.name, bool(one.address), one.phone, one.helper) for one in lines] == [
        ("備 太郎", True, "", "")
    ]
    consent.end_sharing(OPERATOR, drafted.pk)
    assert safety.sheet_of(OPERATOR, sheet.pk)[1] == [], "what may not be shown now is not printed"
    assert len(safety.make_sheets(OPERATOR, west)) == 1, "the city's own people go to the others"
