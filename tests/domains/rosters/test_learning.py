"""Learning from clerks: what is estimated waits, a person puts it in force, and the next matching uses it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.rosters import interface as rosters
from sonae.domains.rosters import runs
from sonae.domains.rosters.interface import MatchQuestion, RosterLine
from sonae.engines.matching.learning import FEWEST
from sonae.engines.matching.model import first
from sonae.platform.models import AuditEntry
from sonae.web.commands.people import learn_people
from tests.domains.rosters.test_rosters import counted
from tests.fixtures import ADMINISTRATOR, OPERATOR, VIEWER, City

ROWS = 48


@pytest.fixture
def answered(city: City) -> list[int]:
    """The answers of a clerk about 48 lines whose addresses all say another town."""
    people = [one for name, one in sorted(city.residents.items()) if not one.shielded]
    told = [people[n % len(people)] for n in range(ROWS)]
    text = "世帯,氏名,ふりがな,生年月日,住所\n" + "".join(
        f"{n},{one.name},{one.kana},{one.birth_date[:4]}年,遠い町{n}番地\n"
        for n, one in enumerate(told)
    )
    roster = counted(city, text)
    made = []
    for line, one in zip(
        RosterLine.objects.filter(roster=roster).order_by("row"), told, strict=True
    ):
        question, _ = MatchQuestion.objects.get_or_create(
            visitor_id=line.visitor_id, kind="register", defaults={"asked_at": clock.now()}
        )
        question.candidates = [
            {"person": one.pk, "probability": 0.6, "why": [], "levels": {}, "weights": {}}
        ]
        question.state = "open"
        question.save()
        made.append(rosters.answer(OPERATOR, question.pk, "person", one.pk).pk)
    return made


def states() -> list[tuple[int, str]]:
    return [(one.number, one.state) for one in reversed(rosters.models(VIEWER))]


def refused(code: str, *asked: Any) -> None:
    with pytest.raises(SonaeError) as wrong:
        rosters.decide_model(*asked)
    assert wrong.value.code == code


def test_what_is_learnt_waits_and_changes_nothing_until_a_person_says_so(
    answered: list[int],
) -> None:
    told: list[float] = []
    made = rosters.learn_anew(ADMINISTRATOR, lambda share, _words: told.append(share))
    assert states() == [(1, "waiting")] and made.decisions == ROWS
    assert told == sorted(told) and told[0] == 0
    assert runs.model_in_force() is None
    before, after = made.figures["before"], made.figures["after"]
    assert before.keys() == after.keys() >= {"lines", "precision", "recall", "surprise"}
    assert 0 < before["lines"] == after["lines"] < ROWS, "judged on the held-out part alone"
    assert after["surprise"] <= before["surprise"]
    rosters.decide_model(ADMINISTRATOR, made.pk, "use")
    now = runs.model_in_force()
    assert now is not None and now.to_json() == made.content
    assert now.m["address"]["else"] > first().m["address"]["else"], "addresses were always wrong"
    kinds = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"matching_learnt", "matching_model_use"} <= kinds


def test_an_administrator_alone_puts_editions_in_force_and_out_of_it(answered: list[int]) -> None:
    with pytest.raises(SonaeError) as who:
        rosters.learn_anew(OPERATOR)
    assert who.value.code == "forbidden"
    one, two = rosters.learn_anew(ADMINISTRATOR), rosters.learn_anew(ADMINISTRATOR)
    assert states() == [(1, "overtaken"), (2, "waiting")], "only the newest waits"
    for actor in (OPERATOR, VIEWER):
        refused("forbidden", actor, two.pk, "use")
    refused("not_found", ADMINISTRATOR, two.pk + 1, "use")
    refused("not_found", ADMINISTRATOR, two.pk, "believe")
    refused("conflict", ADMINISTRATOR, one.pk, "use")
    rosters.decide_model(ADMINISTRATOR, two.pk, "use")
    refused("conflict", ADMINISTRATOR, two.pk, "discard")
    rosters.decide_model(ADMINISTRATOR, two.pk, "end")
    assert states()[1] == (2, "replaced") and runs.model_in_force() is None
    refused("conflict", ADMINISTRATOR, two.pk, "end")
    rosters.decide_model(ADMINISTRATOR, two.pk, "use")
    assert states()[1] == (2, "in_force") and runs.model_in_force() is not None


def test_an_answer_that_was_taken_back_teaches_nothing(answered: list[int]) -> None:
    for pk in answered[FEWEST - 1 :]:
        rosters.undo(OPERATOR, pk)
    assert len(rosters.decided()) == FEWEST - 1
    with pytest.raises(SonaeError) as few:
        rosters.learn_anew(ADMINISTRATOR)
    assert few.value.code == "too_few_decisions" and states() == []


def test_the_command_tells_the_figures_before_and_after(answered: list[int]) -> None:
    done = CliRunner().invoke(learn_people, ["--format", "jsonl"])
    assert done.exit_code == 0, done.output
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["when"], one["number"], one["decisions"]) for one in found] == [
        ("before", 1, ROWS), ("after", 1, ROWS),
    ]  # fmt: skip
    assert "照合" in done.stderr or "%" in done.stderr
    assert states() == [(1, "waiting")]


def test_the_command_refuses_to_learn_from_too_little(city: City) -> None:
    done = CliRunner().invoke(learn_people, ["--format", "jsonl"])
    assert done.exit_code == 1 and not done.stdout
    assert json.loads(done.stderr.splitlines()[-1])["error"] == "too_few_decisions"
