"""What clerks decide is learnt, judged on what was held out, and never from too little."""

from __future__ import annotations

import random

import pytest

from sonae.core.errors import SonaeError
from sonae.engines.matching import learning
from sonae.engines.matching.learning import Decision, held_out, learn
from sonae.engines.matching.model import Model, first
from tests.engines.matching.people import AS_OF, city, person, roster

WRITTEN = 240


def written_wrongly() -> tuple[dict[str, list[str]], list[str]]:
    """Lines whose address is never the register's: a city whose people have all moved."""
    lot = random.Random(5)
    whom = lot.sample(range(len(city()["name"])), WRITTEN)
    lines = []
    for n, at in enumerate(whom):
        line = person(at)
        other = city()["address"][lot.randrange(len(city()["address"]))]
        lines.append({**line, "kana": "", "birth_date": line["birth_date"][:4] + "年", "address": other,
                      "line_id": f"L{n}"})  # fmt: skip
    return roster(*lines), [city()["resident_id"][at] for at in whom]


def test_decisions_teach_that_an_address_says_little_and_the_figures_are_of_the_held_out_part() -> (
    None
):
    lines, truth = written_wrongly()
    decided = [Decision(line, who) for line, who in zip(lines["line_id"], truth, strict=True)]
    learnt, before, after = learn(decided, city(), lines, first(), as_of=AS_OF)
    assert learnt.m["address"]["else"] > 0.5 > first().m["address"]["else"]
    kept = sum(held_out(line) for line in lines["line_id"])
    assert 0 < kept < WRITTEN
    assert before.lines == after.lines == kept
    assert after.surprise < before.surprise
    assert (after.recall or 0) >= (before.recall or 0)
    assert learnt.learnt == {"decisions": WRITTEN, "held_out": kept}


def test_nobody_is_a_decision_like_any_other() -> None:
    lines, truth = written_wrongly()
    decided = [Decision(line, None) for line in lines["line_id"]]
    learnt, _before, after = learn(decided, city(), lines, first(), as_of=AS_OF)
    assert learnt.resident < first().resident
    assert after.recall is None
    assert after.outsiders_linked <= after.lines
    assert truth


def test_too_few_decisions_and_unknown_ones_are_refused() -> None:
    lines, truth = written_wrongly()
    with pytest.raises(SonaeError, match="判断がまだ"):
        learn([Decision("L0", truth[0])], city(), lines, as_of=AS_OF)
    for wrong in (Decision("nobody's line", None), Decision("L0", "nobody")):
        with pytest.raises(SonaeError) as refused:
            learn([wrong] * learning.FEWEST, city(), lines, as_of=AS_OF)
        assert refused.value.code == "unknown_decision"


def test_a_model_survives_its_file_and_a_broken_one_is_refused() -> None:
    assert Model.from_json(first().to_json()) == first()
    broken = ("", "{}", "[]", first().to_json().replace('"version": 1', '"version": 99'),
              first().to_json().replace('"digit"', '"digits"'))  # fmt: skip
    for text in broken:
        with pytest.raises(SonaeError) as refused:
            Model.from_json(text)
        assert refused.value.code == "bad_model"


def test_whole_cards_are_held_out_and_about_a_third_of_them() -> None:
    kept = [held_out(f"card {n}") for n in range(2000)]
    assert 0.25 < sum(kept) / len(kept) < 0.35
    assert kept == [held_out(f"card {n}") for n in range(2000)]
