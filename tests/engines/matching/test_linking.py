"""Which line is which resident: the promises that the city builds on, on a small register."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sonae.core.errors import SonaeError
from sonae.engines.matching.linking import LineResult, match
from sonae.engines.matching.match_cli import match as command
from sonae.engines.matching.sides import Columns
from tests.engines.matching.people import AS_OF, city, person, roster


def ids(results: list[LineResult]) -> list[str | None]:
    return [one.resident_id for one in results]


def test_who_is_written_completely_is_linked_and_a_stranger_is_not() -> None:
    everyone = [person(at) for at in range(0, 200, 2)]
    stranger = {"name": "不知火 零士郎", "kana": "シラヌイ レイシロウ", "birth_date": "1971-03-09"}
    found = match(city(), roster(*everyone, stranger), as_of=AS_OF)
    assert ids(found[:-1]) == city()["resident_id"][0:200:2]
    assert all(one.band == "auto" for one in found[:-1])
    assert (found[-1].resident_id, found[-1].band) == (None, "none")


def test_every_line_has_one_result_in_order_with_at_most_five_candidates_best_first() -> None:
    lines = [{"name": city()["name"][at].replace(" ", ""), "line_id": f"x{at}"} for at in range(60)]
    found = match(city(), roster(*lines), as_of=AS_OF)
    assert [one.line_id for one in found] == [line["line_id"] for line in lines]
    for one in found:
        shares = [candidate.probability for candidate in one.candidates]
        assert len(shares) <= 5
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1.000001
        assert (one.resident_id is None) == (one.band != "auto")


def test_two_people_who_fit_equally_are_never_certain() -> None:
    twins = {key: [values[0], values[0]] for key, values in city().items()}
    twins["resident_id"], twins["household_id"] = ["A", "B"], ["1", "2"]
    register = {key: [*values[1:], *twins[key]] for key, values in city().items()}
    (one,) = match(register, roster(person(0)), as_of=AS_OF)
    assert one.band == "review"
    assert {c.resident_id for c in one.candidates[:2]} == {"A", "B"}
    assert one.candidates[0].probability == pytest.approx(0.5, abs=0.01)


def test_the_card_tells_brothers_of_the_same_name_apart() -> None:
    """山田 太郎 alone is one of many; written with his wife he is the one who lives with her."""
    names = [f"山田 太郎,ヤマダ タロウ,H{n}" for n in range(4)]
    wives = [f"山田 {w},ヤマダ {k},H{n}" for n, (w, k) in enumerate(
        [("花子", "ハナコ"), ("春代", "ハルヨ"), ("菊江", "キクエ"), ("友美", "トモミ")])]  # fmt: skip
    rows = [text.split(",") for text in names + wives]
    more = {
        "resident_id": [f"Y{n}" for n in range(8)], "household_id": [row[2] for row in rows],
        "name": [row[0] for row in rows], "kana": [row[1] for row in rows],
        "sex": ["1"] * 4 + ["2"] * 4, "birth_date": ["1950-01-01"] * 4 + ["1952-02-02"] * 4,
        "address": [f"本町一丁目{n}番1号" for n in range(4)] * 2, "phone": [""] * 8,
    }  # fmt: skip
    register = {key: [*values, *more[key]] for key, values in city().items()}
    lines = roster(
        {"name": "山田 太郎", "birth_date": "1950-01-01", "group": "g"},
        {"name": "〃 菊江", "birth_date": "1952-02-02", "group": "g"},
    )
    man, wife = match(register, lines, as_of=AS_OF)
    assert (man.candidates[0].resident_id, wife.candidates[0].resident_id) == ("Y2", "Y6")
    assert man.group_used
    assert "同じ書面の人が同じ世帯にいる" in man.candidates[0].why
    assert man.candidates[0].probability > 0.95
    assert man.candidates[0].weights["card"] > 1


def test_why_is_told_in_words_and_in_weights_of_every_comparison() -> None:
    line = {**person(3), "birth_date": "", "age": "", "address": ""}
    (one,) = match(city(), roster(line), as_of=AS_OF)
    best = one.candidates[0]
    assert "姓の漢字と読みが同じ" in best.why
    assert set(best.levels) == {"surname", "given", "birth", "address", "sex", "phone"}
    assert set(best.weights) == {*best.levels, "card"}
    assert best.levels["birth"] == "missing"
    assert best.weights["birth"] == 0


def test_an_empty_roster_and_an_empty_register_are_answered() -> None:
    assert match(city(), roster(), as_of=AS_OF) == []
    nobody: dict[str, list[str]] = {key: [] for key in city()}
    (one,) = match(nobody, roster(person(0)), as_of=AS_OF)
    assert (one.band, one.candidates) == ("none", [])


@pytest.mark.parametrize("broken", [{"name": ["x"]}, {"line_id": ["1"], "name": []}])
def test_a_side_without_its_id_or_with_uneven_columns_is_refused(broken: Columns) -> None:
    with pytest.raises(SonaeError):
        match(city(), broken, as_of=AS_OF)


def test_progress_is_told_from_nothing_to_all() -> None:
    told: list[float] = []
    match(city(), roster(person(0)), as_of=AS_OF, progress=lambda share, _words: told.append(share))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)


def test_the_command_line_keeps_its_contract(tmp_path: Path) -> None:
    register, lines = tmp_path / "reg.csv", tmp_path / "roster.csv"
    _write(register, city())
    whom = [person(5), {**person(8), "line_id": "0"}, {"name": "不知火 零士郎", "line_id": "z"}]
    _write(lines, roster(*whom))
    done = CliRunner().invoke(
        command, ["--register", str(register), "--roster", str(lines), "--as-of", "R8.7.1", "--format", "jsonl"]
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 1, "the line with an id that was there before is refused"
    assert json.loads(done.stderr.splitlines()[0])["row"] == 3
    assert [one["line_id"] for one in answers] == ["0", "z"]
    assert answers[0]["resident_id"] == city()["resident_id"][5]
    assert {"line_id", "resident_id", "probability", "band", "candidates", "group_used"} <= set(
        answers[0]
    )
    assert {"resident_id", "probability", "why"} <= set(answers[0]["candidates"][0])


def _write(path: Path, columns: Columns) -> None:
    rows = [",".join(columns), *(",".join(row) for row in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(rows) + "\n", "utf-8")
