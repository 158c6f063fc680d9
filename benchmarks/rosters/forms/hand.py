"""What people write on the paper: what the form asks, what they know, how they are used to write."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Literal

from .people import ON, City, Person
from .signs import FORMAL, PLAIN, habit, hiragana

OWN_CITY: Final = "備え市"
_BLOCKS: Final = ("コーポ", "メゾン", "ハイツ", "マンション", "アパート", "県営住宅", "市営住宅")
_FLOURISH: Final = ("旭", "みどり", "第二", "サンライズ", "若草", "グリーン", "駅前")
_CHOME: Final = re.compile(r"([一二三四五六七八九])丁目$")
_FIGURES: Final = "一二三四五六七八九"


@dataclass(frozen=True)
class Form:
    """What a shelter's paper asks for, made by somebody in a hurry; every shelter has its own."""

    kind: Literal["card", "list", "slip", "notebook"]
    reading: bool
    born: Literal["date", "age", "both", "none"]
    eras: bool
    """Whether 明・大・昭・平・令 are printed, to be circled."""
    sex: bool
    place: Literal["full", "town", "none"]
    phone: bool
    rows: int
    bracket: bool = False
    """Whether families on a list are held together by a number or a bracket."""


@dataclass(frozen=True)
class Pen:
    """The person who writes: how old, how carefully (0 to 1), whether a stranger to the family."""

    age: int
    care: float
    stranger: bool
    script: Literal["hiragana", "katakana"]


@dataclass(frozen=True)
class Line:
    """A line of paper: the cells as written, whose line it is."""

    cells: dict[str, str]
    person: Person


def form(rng: random.Random, hard: bool) -> Form:
    """Return the paper of one shelter."""
    kind = rng.choices(
        ("card", "list", "slip", "notebook"), (32, 38, 8, 22) if hard else (55, 24, 13, 8)
    )[0]
    if kind == "notebook":
        born = rng.choices(("none", "age", "date"), (4, 5, 1) if hard else (2, 5, 3))[0]
        return Form(
            "notebook", rng.random() < 0.25, born, False, rng.random() < 0.4,  # type: ignore[arg-type]
            rng.choices(("town", "full", "none"), (6, 2, 2))[0], rng.random() < 0.2, 30,  # type: ignore[arg-type]
        )  # fmt: skip
    born = rng.choices(
        ("date", "age", "both", "none"), (30, 45, 10, 15) if hard else (52, 22, 21, 5)
    )[0]
    place = rng.choices(("full", "town", "none"), (50, 35, 15) if hard else (68, 24, 8))[0]
    return Form(
        kind, rng.random() < (0.6 if hard else 0.86), born, rng.random() < 0.55,  # type: ignore[arg-type]
        rng.random() < (0.65 if hard else 0.9), place, rng.random() < (0.4 if hard else 0.75),  # type: ignore[arg-type]
        rng.choice((4, 5, 6)) if kind == "card" else rng.choice((15, 20, 25)), rng.random() < 0.5,
    )  # fmt: skip


def pen(rng: random.Random, speaker: Person, hard: bool) -> Pen:
    """Return who writes for a party: mostly its speaker, else somebody at the table."""
    stranger = rng.random() < (0.16 if hard else 0.07)
    age = rng.randrange(20, 70) if stranger else speaker.age()
    care = rng.betavariate(4, 3) if hard else rng.betavariate(7, 2)
    if age >= 80 or age < 14:
        care *= 0.85
    return Pen(age, care, stranger, rng.choices(("hiragana", "katakana"), (6, 4))[0])  # type: ignore[arg-type]


def sheet(
    rng: random.Random, city: City, paper: Form, writer: Pen, party: list[Person]
) -> list[Line]:
    """Return the lines that a party leaves on the paper, the speaker's first."""
    out: list[Line] = []
    for n, one in enumerate(party):
        above = party[n - 1] if n else None
        cells = _names(rng, city, paper, writer, one, above)
        cells |= _born(rng, paper, writer, one, self_=n == 0)
        cells |= _where(rng, paper, writer, one, above)
        cells["sex"] = _sex(rng, paper, writer, one)
        cells["phone"] = _phone(rng, paper, one, party[0])
        out.append(Line(cells, one))
    return out


def _lapse(rng: random.Random, writer: Pen, least: float, most: float) -> bool:
    """Whether something goes wrong that goes wrong ``least`` often for careful and ``most`` for careless."""
    return rng.random() < least + (most - least) * (1 - writer.care)


def _called(rng: random.Random, city: City, writer: Pen, one: Person) -> Person:
    """Return somebody under the name by which people around the table know them."""
    if one.sex == "2" and one.age() >= 20 and rng.random() < 0.004:
        other = rng.choice(city.people)
        one = replace(one, surname=other.surname, surname_kana=other.surname_kana)
    if one.age() < 9 and _lapse(rng, writer, 0.004, 0.06):
        short = one.given_kana[:2] if rng.random() < 0.6 else one.given_kana
        called = hiragana(short) + (
            rng.choice(("ちゃん", "くん", "")) if rng.random() < 0.6 else ""
        )
        one = replace(one, given=called, given_kana=short)
    elif one.age() < 8 and rng.random() < 0.2:
        one = replace(one, given=hiragana(one.given_kana))
    elif one.age() >= 80 and one.sex == "2" and rng.random() < 0.06:
        one = replace(one, given=one.given_kana)
    if writer.stranger and rng.random() < 0.05:
        guess = city.said[one.given]
        one = replace(one, given_kana=rng.choices(list(guess), list(guess.values()))[0] if guess else one.given_kana)  # fmt: skip
        if rng.random() < 0.4:
            one = replace(one, given=_another(rng, city.givens, one.given_kana, one.given))
    return one


def _another(rng: random.Random, forms: dict[str, object], said: str, own: str) -> str:
    """Return another way to write what is said the same, the usual ones first."""
    others = {k: n for k, n in forms.get(said, {}).items() if k != own}  # type: ignore[attr-defined]
    return rng.choices(list(others), list(others.values()))[0] if others else own


def _strokes(rng: random.Random, writer: Pen, text: str) -> str:
    """Return the signs as this hand writes them: new forms mostly, old ones by the old."""
    plain = "".join(
        PLAIN[s] if s in PLAIN and rng.random() < (0.4 if writer.age >= 65 else 0.7) else s
        for s in text
    )
    if writer.age < 75 or rng.random() > 0.05:
        return plain
    return "".join(FORMAL.get(s, s) for s in plain)


def _names(
    rng: random.Random, city: City, paper: Form, writer: Pen, one: Person, above: Person | None
) -> dict[str, str]:
    known = _called(rng, city, writer, one)
    surname, given = _strokes(rng, writer, known.surname), _strokes(rng, writer, known.given)
    said, called = known.surname_kana, known.given_kana
    if _lapse(rng, writer, 0.01, 0.12):
        said = habit(rng, said)
    if _lapse(rng, writer, 0.01, 0.14):
        called = habit(rng, called)
    in_kana = _lapse(rng, writer, 0.02, 0.3)
    if in_kana:
        surname, given = (said, called) if writer.script == "katakana" else (hiragana(said), hiragana(called))  # fmt: skip
    same = above is not None and above.surname == one.surname
    style = rng.random()
    short = paper.kind == "card"
    if same and style < (0.34 if short else 0.06):
        name, reading = given, called
    elif same and style < (0.48 if short else 0.26):
        name, reading = f"{rng.choice('〃〃々')} {given}", called
    else:
        gap = rng.choice(("　", " ", "", ""))
        name, reading = f"{surname}{gap}{given}", f"{said}{rng.choice(('　', ' ', ''))}{called}"
    written = paper.reading and not in_kana and not _lapse(rng, writer, 0.04, 0.5)
    if writer.script == "hiragana":
        reading = hiragana(reading)
    return {"name": name, "kana": reading if written else ""}


def _born(
    rng: random.Random, paper: Form, writer: Pen, one: Person, *, self_: bool
) -> dict[str, str]:
    out = {"birth_date": "", "age": ""}
    knows = self_ or not (writer.stranger and rng.random() < 0.35)
    if paper.born in ("date", "both") and knows and not _lapse(rng, writer, 0.02, 0.35):
        out["birth_date"] = _date(rng, paper, writer, _remembered(rng, writer, one.born, self_))
    if paper.born in ("age", "both") or (paper.born == "date" and not out["birth_date"] and rng.random() < 0.4):  # fmt: skip
        out["age"] = _age(rng, writer, one, self_=self_, knows=knows)
    return out


def _remembered(rng: random.Random, writer: Pen, born: date, self_: bool) -> date:
    """Return a birth date as the writer has it in mind."""
    if not _lapse(rng, writer, 0.002 if self_ else 0.012, 0.02 if self_ else 0.1):
        return born
    kind = rng.random()
    try:
        if kind < 0.4:
            return born.replace(year=born.year + rng.choice((-1, 1)))
        if kind < 0.7:
            return born + timedelta(days=rng.choice((-2, -1, 1, 1, 10)))
        if kind < 0.85:
            return born.replace(month=rng.randrange(1, 13))
        return born.replace(month=born.day, day=born.month)
    except ValueError:
        return born


def _date(rng: random.Random, paper: Form, writer: Pen, born: date) -> str:
    """Return a date as written: by era or not, whole or not."""
    era, year = _era(born)
    if rng.random() > (0.95 if paper.eras else 0.85 if writer.age >= 45 else 0.45):
        return rng.choice((f"{born.year}/{born.month}/{born.day}", f"{born.year}.{born.month}.{born.day}",
                           f"{born:%Y%m%d}", f"{born.year}年{born.month}月{born.day}日"))  # fmt: skip
    if paper.eras and _lapse(rng, writer, 0.006, 0.04):
        era = ""  # nothing circled
    elif _lapse(rng, writer, 0.001, 0.012):
        era = rng.choice([other for other in "大昭平令" if other != era])
    whole = {"大": "大正", "昭": "昭和", "平": "平成", "令": "令和", "": "", "明": "明治"}[era]
    if _lapse(rng, writer, 0.0, 0.03):
        return f"{whole}{year}年{born.month}月" if rng.random() < 0.5 else f"{whole}{year}年"
    if rng.random() < 0.5:
        return f"{whole}{year}年{born.month}月{born.day}日"
    sign = {"大": "T", "昭": "S", "平": "H", "令": "R", "明": "M", "": ""}[era]
    return f"{rng.choice((sign, sign, era))}{year}.{born.month}.{born.day}"


def _era(born: date) -> tuple[str, int]:
    for sign, first in (
        ("令", date(2019, 5, 1)),
        ("平", date(1989, 1, 8)),
        ("昭", date(1926, 12, 25)),
    ):
        if born >= first:
            return sign, born.year - first.year + 1
    return "大", born.year - 1911


def _age(rng: random.Random, writer: Pen, one: Person, *, self_: bool, knows: bool) -> str:
    if _lapse(rng, writer, 0.01, 0.25):
        return ""
    years = one.age()
    if not knows:
        if years >= 20 and rng.random() < 0.3:
            return f"{years // 10 * 10}{rng.choice(('代', '才位', '代'))}"
        years = max(0, years + rng.choice((-5, -3, -2, -1, 0, 0, 1, 2, 3, 5)))
    elif writer.age >= 78 and rng.random() < 0.06:
        years = ON.year - one.born.year + 1  # counted from one at birth
    elif rng.random() < (0.03 if self_ else 0.08):
        years = max(0, years + rng.choice((-1, 1, 1)))  # the age of another day
    if not years:
        return rng.choice(("0", "0才", "3ヶ月", "8か月"))
    return f"{years}{rng.choice(('', '', '才', '歳'))}"


def _where(
    rng: random.Random, paper: Form, writer: Pen, one: Person, above: Person | None
) -> dict[str, str]:
    if paper.place == "none" or (above is None and _lapse(rng, writer, 0.02, 0.3)):
        return {"address": one.city if one.city and rng.random() < 0.6 else ""}
    same = above is not None and (above.town, above.lot) == (one.town, one.lot)
    if same:
        kind = rng.random()
        if kind < (0.6 if paper.kind == "card" else 0.12):
            return {"address": ""}
        if kind < 0.9:
            return {"address": rng.choice(("同上", "〃", "〃", "同じ", "同　上"))}
    town = one.town.removeprefix("大字") if rng.random() < 0.6 else one.town
    if found := _CHOME.search(town):
        base, figure = town[: found.start()], str(_FIGURES.index(found[1]) + 1)
        if paper.place == "town" and rng.random() < 0.45:
            town = base
        elif rng.random() < 0.55:
            town = f"{base}{figure}" if paper.place == "full" else f"{base}{figure}丁目"
            if paper.place == "full":
                return {"address": _city(rng, one) + town + _lot(rng, writer, one, "-")}
    if paper.place == "town" and not one.city:
        return {"address": town}
    return {"address": _city(rng, one) + town + _lot(rng, writer, one, "")}


def _city(rng: random.Random, one: Person) -> str:
    return one.city or (OWN_CITY if rng.random() < 0.18 else "")


def _lot(rng: random.Random, writer: Pen, one: Person, before: str) -> str:
    """Return what follows the town: numbers in some form, a block of flats, or nothing."""
    numbers = re.findall(r"\d+", one.lot)
    if _lapse(rng, writer, 0.04, 0.35) or not numbers:
        return "丁目" if before else ""
    if rng.random() < 0.07:
        flat = f"{rng.randrange(1, 9)}0{rng.randrange(1, 9)}"
        home = f"{rng.choice(_FLOURISH)}{rng.choice(_BLOCKS)}{flat}"
        return ("丁目" if before else "") + home if rng.random() < 0.6 else f"{before}{'-'.join(numbers)} {home}"  # fmt: skip
    if before or rng.random() < 0.5:
        return before + rng.choice(("-", "-", "ー", "－", "の")).join(numbers)
    return one.lot


def _sex(rng: random.Random, paper: Form, writer: Pen, one: Person) -> str:
    if not paper.sex or _lapse(rng, writer, 0.02, 0.35):
        return ""
    shown = one.sex if rng.random() > 0.004 else "3"
    return {"1": "男", "2": "女", "3": "女" if one.sex == "1" else "男"}[shown]


def _phone(rng: random.Random, paper: Form, one: Person, speaker: Person) -> str:
    if not paper.phone:
        return ""
    kind = rng.random()
    if one is speaker:
        return "" if kind < 0.25 else f"0242-{rng.randrange(20, 40)}-{rng.randrange(10**4):04}" if kind < 0.45 else one.phone  # fmt: skip
    return (
        one.phone if kind < 0.15 else speaker.phone if kind < 0.3 else "〃" if kind < 0.36 else ""
    )
