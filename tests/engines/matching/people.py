"""A small register, and lines as people write them."""

from __future__ import annotations

from datetime import date
from functools import cache

from sonae.demo.city import generate

AS_OF = date(2026, 7, 1)


@cache
def city() -> dict[str, list[str]]:
    """The register of the small demo city as the contract's columns."""
    made = generate("small", 1)
    people, homes = made.register.residents, made.register.households
    place = people["household"]
    return {
        **{key: people[key] for key in ("resident_id", "name", "kana", "sex", "birth_date")},
        "phone": people["phone"],
        "household_id": [homes["number"][n] for n in place],
        "address": [made.towns.name[homes["town"][n]] + homes["address"][n] for n in place],
    }


def roster(*lines: dict[str, str]) -> dict[str, list[str]]:
    """Lines as columns; each gets a number unless it has one."""
    names = ("name", "kana", "sex", "birth_date", "age", "address", "phone", "group")
    return {
        "line_id": [line.get("line_id", str(n)) for n, line in enumerate(lines)],
        **{name: [line.get(name, "") for line in lines] for name in names},
    }


def person(at: int) -> dict[str, str]:
    """One resident as somebody would write him or her completely."""
    return {key: city()[key][at] for key in ("name", "kana", "sex", "birth_date", "address")}
