"""The register that rosters are written from: the demo city's households with as many names as a
real city has.

The demo city's own name lists are short: four residents in five share their full name with another,
in a city one in twenty does. Where the public lists of names are present (``names-ja``), every
household and person gets a name from them, a given name's readings and forms falling off like
frequencies of names do; otherwise the names stay the demo city's, and the figures say so.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import numpy as np

LISTS = Path(__file__).resolve().parents[3] / "shared/data/people/names-ja/shuheilocale"
_TODAY = date(2026, 7, 1)
# Chosen so that about 22.6 % share their full kana and 5.5 % their full kanji with another.
_READINGS, _FORMS = 0.8, 1.25
_FORMAL = {"辺": "邊邉", "高": "髙", "斎": "齋", "斉": "齊", "吉": "𠮷", "崎": "﨑", "島": "嶋", "沢": "澤",
           "広": "廣", "浜": "濱", "桜": "櫻", "国": "國", "関": "關", "条": "條", "富": "冨", "滝": "瀧"}  # fmt: skip
_FORMAL_SHARE = 0.3


def _katakana(text: str) -> str:
    return "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in text)


def _falling(count: int, power: float) -> np.ndarray:
    weight = (np.arange(count) + 1.0) ** -power
    return weight / weight.sum()


def _surnames(rng: np.random.Generator, households: int) -> list[tuple[str, str]]:
    rows = [line.split(",") for line in (LISTS / "last_name_org.csv").read_text("utf-8").split()]
    weight = np.array([float(row[1]) for row in rows])
    drawn = rng.choice(len(rows), households, p=weight / weight.sum())
    formal = rng.random(households) < _FORMAL_SHARE
    pick = rng.integers(0, 2, households)
    return [
        (
            _as_registered(rows[n][0], int(k)) if f else rows[n][0],
            _katakana(rows[n][2].split("/")[0]),
        )
        for n, f, k in zip(drawn, formal, pick, strict=True)
    ]


def _as_registered(surname: str, pick: int) -> str:
    """Return a surname with the formal variant of its first character that has one."""
    for sign, forms in _FORMAL.items():
        if sign in surname:
            return surname.replace(sign, forms[pick % len(forms)])
    return surname


def _givens(rng: np.random.Generator, word: str, people: int) -> list[tuple[str, str]]:
    text = (LISTS / f"first_name_{word}_org.csv").read_text("utf-8")
    rows = [line.split(",") for line in text.split() if line.count(",") >= 2]
    # Readings with many written forms are the frequent ones.
    rows.sort(key=lambda row: (-len(row), row[0]))
    drawn = rng.choice(len(rows), people, p=_falling(len(rows), _READINGS))
    uniform = rng.random(people)
    out = []
    for n, share in zip(drawn.tolist(), uniform.tolist(), strict=True):
        forms = rows[n][2:]
        at = int(np.searchsorted(np.cumsum(_falling(len(forms), _FORMS)), share))
        out.append((forms[min(at, len(forms) - 1)], _katakana(rows[n][0])))
    return out


def with_real_names(register: dict[str, list[str]], seed: int) -> dict[str, list[str]]:
    """Return the register with names from the public lists; unchanged where they are missing."""
    if not LISTS.exists():
        return dict(register)
    rng = np.random.default_rng(seed)
    homes = {home: n for n, home in enumerate(dict.fromkeys(register["household_id"]))}
    families = _surnames(rng, len(homes))
    given = {
        code: _givens(rng, word, len(register["sex"]))
        for code, word in (("1", "man"), ("2", "woman"))
    }
    names, readings = [], []
    for n, (home, sex) in enumerate(zip(register["household_id"], register["sex"], strict=True)):
        family, first = families[homes[home]], given[sex][n]
        names.append(f"{family[0]} {first[0]}")
        readings.append(f"{family[1]} {first[1]}")
    return {**register, "name": names, "kana": readings}


def city(size: str = "full", seed: int = 1) -> dict[str, list[str]]:
    """Return the demo city as the columns of the contract, with names of the public lists."""
    from sonae.demo.city import generate

    made = generate(size, seed)  # type: ignore[arg-type]
    people, homes = made.register.residents, made.register.households
    place = people["household"]
    plain = {
        "resident_id": people["resident_id"],
        "household_id": [homes["number"][n] for n in place],
        **{key: people[key] for key in ("name", "kana", "sex", "birth_date", "phone")},
        "address": [made.towns.name[homes["town"][n]] + homes["address"][n] for n in place],
    }
    return with_real_names(plain, seed)


def prefecture(seed: int = 1) -> dict[str, list[str]]:
    """Return sixteen cities of the demo city's households with other names, birth dates and ids."""
    base = city("full", 1)
    out: dict[str, list[str]] = {key: [] for key in base}
    for k, sign in enumerate("東西南北上中下大小古新高平青赤白"):
        one = with_real_names(base, seed + k)
        rng = random.Random(seed + k)
        days = {
            home: timedelta(rng.randrange(-700, 700)) for home in dict.fromkeys(one["household_id"])
        }
        one["birth_date"] = [
            min(_TODAY, date.fromisoformat(born) + days[home]).isoformat()
            for born, home in zip(one["birth_date"], one["household_id"], strict=True)
        ]
        one["address"] = [f"{sign}備市{text}" for text in one["address"]]
        one["phone"] = [text and f"{text[:4]}{k:04}{text[-5:]}" for text in one["phone"]]
        for key in ("resident_id", "household_id"):
            one[key] = [f"{k:02}{text}" for text in one[key]]
        for key, values in one.items():
            out[key] += values
    return out


def shared(values: list[str]) -> float:
    """Return the share of people who have their value in common with somebody."""
    counts = Counter(values)
    return sum(n for n in counts.values() if n > 1) / len(values)
