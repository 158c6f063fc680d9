"""Who is written twice is found, with the register and without, and families are not."""

from __future__ import annotations

from sonae.engines.matching import again
from tests.engines.matching.people import AS_OF, city, person, roster


def twice() -> dict[str, list[str]]:
    """A hundred lines; the first ten people and one stranger are written again, otherwise."""
    once = [{**person(at), "line_id": f"a{at}", "group": f"g{at // 3}"} for at in range(0, 200, 2)]
    more = [
        {"line_id": f"b{at}", "kana": person(at)["kana"], "birth_date": person(at)["birth_date"]}
        for at in range(0, 20, 2)
    ]
    stranger = {"name": "不知火 零士郎", "kana": "シラヌイ レイシロウ", "birth_date": "1971-03-09"}
    return roster(
        *once, *more, {**stranger, "line_id": "s1"}, {**stranger, "line_id": "s2", "kana": ""}
    )


def pairs(found: list[again.Same]) -> set[frozenset[str]]:
    return {frozenset((one.first_line, one.second_line)) for one in found if one.probability >= 0.5}


EXPECTED = {frozenset((f"a{at}", f"b{at}")) for at in range(0, 20, 2)} | {frozenset(("s1", "s2"))}


def test_residents_and_strangers_who_are_written_twice_are_found() -> None:
    found = again.find(twice(), city(), as_of=AS_OF)
    assert pairs(found) == EXPECTED
    of_resident = {one.resident_id for one in found if one.first_line == "a0"}
    assert of_resident == {city()["resident_id"][0]}
    assert [one.probability for one in found] == sorted(
        (o.probability for o in found), reverse=True
    )


def test_they_are_found_without_a_register_with_the_reason_in_words() -> None:
    found = again.find(twice(), as_of=AS_OF)
    assert pairs(found) == EXPECTED
    stranger = next(one for one in found if one.first_line == "s1")
    assert "生年月日が同じ" in stranger.why
    assert stranger.resident_id is None


def test_lines_of_one_card_are_never_one_person() -> None:
    line = {**person(0), "group": "one card"}
    assert again.find(roster(line, dict(line)), city(), as_of=AS_OF) == []


def test_one_line_or_none_is_never_twice() -> None:
    assert again.find(roster(person(0)), city(), as_of=AS_OF) == []
    assert again.find(roster(), as_of=AS_OF) == []
