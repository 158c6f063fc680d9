"""Who stands at the table: families of the register, whole or in part, and people of elsewhere."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

ON: Final = date(2026, 7, 1)
"""The day on which the paper is written."""
_ELSEWHERE: Final = (
    "南浜市", "東原市", "河内川町", "北見沢市", "西の宮市", "大潟村", "三日月町", "横浜市", "さいたま市", "仙台市",
)  # fmt: skip
_THEIR_TOWNS: Final = (
    "本町",
    "栄町",
    "中央",
    "緑が丘",
    "上野",
    "新田",
    "港",
    "若葉台",
    "川原",
    "西",
)


@dataclass(frozen=True)
class Person:
    """Somebody as he or she is. ``key``: resident id, empty for people of elsewhere; ``who`` is
    one of a kind for everybody; ``town`` and ``lot``: the address up to and from the first digit.
    """

    key: str
    who: str
    surname: str
    given: str
    surname_kana: str
    given_kana: str
    sex: str
    born: date
    phone: str
    city: str
    town: str
    lot: str

    def age(self, on: date = ON) -> int:
        """Completed years on a day."""
        return on.year - self.born.year - ((on.month, on.day) < (self.born.month, self.born.day))


class City:
    """The register as people and households, and which names are said alike in it."""

    def __init__(self, register: Mapping[str, Sequence[str]]) -> None:
        """Take the columns of the register."""
        self.people = [_person(register, n) for n in range(len(register["resident_id"]))]
        homes: dict[str, list[Person]] = defaultdict(list)
        for home, one in zip(register["household_id"], self.people, strict=True):
            homes[home].append(one)
        self.homes = list(homes.values())
        self.surnames = _forms((p.surname_kana, p.surname) for p in self.people)
        self.givens = _forms((p.given_kana, p.given) for p in self.people)
        self.said = _forms((p.given, p.given_kana) for p in self.people)

    def stranger(
        self, rng: random.Random, like: Person | None = None, age: int | None = None
    ) -> Person:
        """Return somebody of elsewhere with names as people have them here; ``like``: same family."""
        a, b = rng.choice(self.people), rng.choice(self.people)
        years = age if age is not None else b.age()
        born = ON - timedelta(days=round(365.25 * years) + rng.randrange(365))
        family = like or a
        number = f"{rng.randrange(1, 30)}番{rng.randrange(1, 20)}号"
        return Person(
            "", f"x{rng.getrandbits(48):012x}", family.surname, b.given, family.surname_kana, b.given_kana,
            b.sex, born, f"0{rng.choice((70, 80, 90))}-{rng.randrange(10**4):04}-{rng.randrange(10**4):04}",
            like.city if like else rng.choice(_ELSEWHERE),
            like.town if like else rng.choice(_THEIR_TOWNS), like.lot if like else number,
        )  # fmt: skip


def _forms(pairs: object) -> dict[str, Counter[str]]:
    out: dict[str, Counter[str]] = defaultdict(Counter)
    for said, form in pairs:  # type: ignore[attr-defined]
        out[said][form] += 1
    return out


def _person(register: Mapping[str, Sequence[str]], n: int) -> Person:
    surname, _, given = register["name"][n].partition(" ")
    surname_kana, _, given_kana = register["kana"][n].partition(" ")
    found = re.match(r"(\D*)(.*)", register["address"][n])
    assert found
    key = register["resident_id"][n]
    return Person(
        key, key, surname, given, surname_kana, given_kana, register["sex"][n],
        date.fromisoformat(register["birth_date"][n]), register["phone"][n], "", found[1], found[2],
    )  # fmt: skip


def party(rng: random.Random, city: City, hard: bool) -> list[Person]:
    """Return the people who come in together; the first one speaks for them."""
    if rng.random() < (0.085 if hard else 0.065):
        first = city.stranger(rng, age=rng.randrange(22, 80))
        size = rng.choice((0, 0, 1, 1, 2, 3))
        return [first, *(city.stranger(rng, like=first) for _ in range(size))]
    home = rng.choice(city.homes)
    # Not everybody was at home, and old people come alone before the others.
    here = [one for one in home if rng.random() < (0.7 if hard else 0.85)] or [home[0]]
    here.sort(key=lambda one: (abs(one.age() - 52), one.who))
    head = here[0]
    if rng.random() < 0.012:  # the daughter who married away and is here with a child
        away = city.stranger(rng, age=rng.randrange(24, 40))
        here.append(replace(away, sex="2", city="", town=head.town, lot=head.lot))
    if rng.random() < 0.018:  # the son who studies elsewhere, the mother taken in last year
        here.append(city.stranger(rng, like=head, age=rng.choice((19, 20, 22, 84, 88))))
    if rng.random() < (0.03 if hard else 0.015):  # the neighbour who was alone
        here.append(rng.choice(rng.choice(city.homes)))
    return list({one.who: one for one in here}.values())
