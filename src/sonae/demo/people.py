"""Households and residents of the demo city: where they live, who lives together, what they are called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from sonae.demo.frame import Floats, Plan, latitude, longitude
from sonae.demo.givennames import generation_of, given_name_table
from sonae.demo.ground import Ground
from sonae.demo.streets import Streets
from sonae.demo.surnames import surname_table
from sonae.demo.towns import Towns

Ints = npt.NDArray[np.int64]

AS_OF = date(2026, 7, 1)
_SIZES, _SIZE_SHARE = np.arange(1, 7), np.array([0.36, 0.29, 0.165, 0.12, 0.045, 0.02])
_REASONS = (
    ("要介護３", 0.24), ("要介護４", 0.18), ("要介護５", 0.12), ("身体障害者手帳１級", 0.14),
    ("身体障害者手帳２級", 0.12), ("療育手帳Ａ", 0.08), ("精神障害者保健福祉手帳１級", 0.05),
    ("難病", 0.05), ("医療的ケア", 0.02),
)  # fmt: skip
_LANGUAGES, _LANGUAGE_SHARE = ("ja", "ja-x-easy", "en"), (0.975, 0.013, 0.012)


@dataclass(frozen=True)
class Homes:
    """One entry per household: place in metres and degrees, town, address, building, floor (0 unknown)."""

    x: Floats
    y: Floats
    lat: Floats
    lon: Floats
    town: Ints
    address: list[str]
    storeys: Ints
    floor: Ints


def _along_streets(
    ground: Ground, streets: Streets, count: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return places beside streets, many where the city is dense."""
    net = streets.network
    middle_x = (streets.x[net.tail] + streets.x[net.head]) / 2
    middle_y = (streets.y[net.tail] + streets.y[net.head]) / 2
    weight = (ground.sample(ground.density, middle_x, middle_y) ** 1.5 + 0.0015) * net.length_m
    weight[np.abs(net.slope) > 0.12] *= 0.02
    edge = rng.choice(len(weight), count, p=weight / weight.sum())
    share = rng.uniform(0.08, 0.92, count)
    dx, dy = streets.x[net.head] - streets.x[net.tail], streets.y[net.head] - streets.y[net.tail]
    length = np.maximum(np.hypot(dx, dy), 1.0)[edge]
    off = rng.choice([-1.0, 1.0], count) * rng.uniform(6, 16, count)
    x = streets.x[net.tail][edge] + dx[edge] * share - dy[edge] / length * off
    y = streets.y[net.tail][edge] + dy[edge] * share + dx[edge] / length * off
    return np.clip(x, 1, ground.plan.width - 1), np.clip(y, 1, ground.plan.height - 1)


def addresses(chome: npt.NDArray[np.bool_], town: Ints, x: Floats, y: Floats) -> list[str]:
    """Return the part of the address after the town, numbered through each town from south to north."""
    order = np.lexsort((x, y // 60, town))
    position = np.empty(len(town), np.int64)
    starts = np.searchsorted(town[order], np.arange(len(chome)))
    position[order] = np.arange(len(town)) - starts[town[order]]
    lots = [f"{n // 12 + 1}番{n % 12 + 1}号" for n in range(int(position.max()) + 1)]
    plain = [f"{n * 3 + 1}番地" for n in range(int(position.max()) + 1)]
    return [
        (lots if blocks else plain)[n]
        for blocks, n in zip(chome[town].tolist(), position.tolist(), strict=True)
    ]


def build_homes(ground: Ground, streets: Streets, towns: Towns, rng: np.random.Generator) -> Homes:
    """Place the households."""
    count = ground.plan.households
    x, y = _along_streets(ground, streets, count, rng)
    town = towns.of(x, y)
    order = np.lexsort((x, y // 60, town))
    x, y, town = x[order], y[order], town[order]
    flat = rng.random(count) < np.clip(ground.sample(ground.density, x, y), 0, 0.75) * 0.62
    storeys = np.where(flat, rng.integers(3, 12, count), rng.choice([1, 2, 2, 2, 3], count))
    floor = np.where(flat, np.minimum(rng.integers(1, 12, count), storeys), 1)
    unknown = rng.random(count) < 0.03
    return Homes(
        x,
        y,
        latitude(y),
        longitude(x),
        town,
        addresses(towns.chome, town, x, y),
        np.where(unknown, 0, storeys),
        np.where(unknown, 0, floor),
    )


def _sizes(households: int, residents: int, rng: np.random.Generator) -> Ints:
    """Return the size of every household, exactly ``residents`` people in all."""
    sizes = rng.choice(_SIZES, households, p=_SIZE_SHARE).astype(np.int64)
    missing = residents - int(sizes.sum())
    while missing:
        step = 1 if missing > 0 else -1
        fits = np.flatnonzero((sizes < 6) & (sizes > 1) if step > 0 else sizes > 2)
        chosen = rng.choice(fits, min(abs(missing), len(fits)), replace=False)
        sizes[chosen] += step
        missing = residents - int(sizes.sum())
    return sizes


def _ages(home: Ints, place: Ints, size: Ints, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Return age, sex (1 male, 2 female) and role (0 head, 1 spouse, 2 child, 3 parent) of everyone."""
    households, people = len(size), len(home)
    old_share = np.select([size == 1, size == 2], [0.42, 0.50], 0.12)
    old = rng.random(households) < old_share
    head = np.where(old, rng.normal(75, 8, households), rng.normal(46, 13, households))
    head = np.clip(head, 19, 99).astype(np.int64)
    head[(size >= 3) & ~old] = np.clip(head[(size >= 3) & ~old], 26, 66)
    head_sex = np.where(rng.random(households) < np.where(size == 1, 0.48, 0.80), 1, 2)
    couple = rng.random(households) < np.where(size == 2, 0.74, 0.90)
    parent = (rng.random(households) < 0.16) & (size >= 3) & (head < 68)
    last = place == size[home] - 1
    role = np.where(place == 0, 0, np.where((place == 1) & couple[home], 1, 2))
    role = np.where(last & parent[home] & (place > 1), 3, role)
    age = np.select(
        [role == 0, role == 1, role == 3],
        [
            head[home],
            head[home] + rng.integers(-6, 5, people),
            head[home] + rng.integers(22, 32, people),
        ],
        head[home] - rng.integers(24, 37, people) - 2 * place,
    )
    opposite = 3 - head_sex[home]
    sex = np.select([role == 0, role == 1], [head_sex[home], opposite], rng.integers(1, 3, people))
    floor_age = np.where(role == 1, 18, 0)
    return np.clip(age, floor_age, 106), sex, role


def _names(
    home: Ints, households: int, sex: Ints, birth_year: Ints, rng: np.random.Generator
) -> tuple[list[str], list[str]]:
    """Return written names and readings; a few neighbours sound almost or quite alike."""
    table = surname_table()
    surname = rng.choice(len(table.kanji), households, p=table.weight)
    alike = rng.choice(households - 1, households // 160, replace=False)
    surname[alike + 1] = surname[alike]
    kanji, kana = np.empty(len(home), object), np.empty(len(home), object)
    generation = generation_of(birth_year)
    uniform = rng.random(len(home))
    same = np.isin(home, alike + 1) & (rng.random(len(home)) < 0.5)
    uniform[same] = np.roll(uniform, 2)[same]
    for code, word in ((1, "male"), (2, "female")):
        rows = np.flatnonzero(sex == code)
        given = given_name_table(word)
        drawn = given.draw(generation[rows], uniform[rows])
        kanji[rows], kana[rows] = given.kanji[drawn], given.kana[drawn]
    family, reading = table.kanji[surname][home], table.kana[surname][home]
    names = [f"{a} {b}" for a, b in zip(family.tolist(), kanji.tolist(), strict=True)]
    return names, [f"{a} {b}" for a, b in zip(reading.tolist(), kana.tolist(), strict=True)]


def _relations(role: Ints, sex: Ints) -> list[str]:
    """Return 続柄 as the register writes it."""
    child = np.where(sex == 1, "子", "子")
    words = np.select(
        [role == 0, role == 1, role == 3],
        ["世帯主", np.where(sex == 1, "夫", "妻"), np.where(sex == 1, "父", "母")],
        child,
    )
    return [str(word) for word in words.tolist()]


def _contacts(age: Ints, rng: np.random.Generator) -> tuple[list[str], list[str], list[str]]:
    """Return channel, e-mail (reserved domain) and phone (an unassigned range) of everyone."""
    people = len(age)
    draw = rng.random(people)
    elder = age >= 75
    mail = np.where(elder, 0.14, 0.42)
    push = mail + np.where(elder, 0.04, 0.28)
    phone = push + np.where(elder, 0.46, 0.10)
    channel = np.select(
        [age < 12, draw < mail, draw < push, draw < phone],
        ["none", "email", "push", "phone"],
        "none",
    )
    words = [str(word) for word in channel.tolist()]
    emails = [f"r{n:06d}@example.jp" if word == "email" else "" for n, word in enumerate(words)]
    phones = [
        f"090-0000-{n % 10000:04d}" if word in ("phone", "push") else ""
        for n, word in enumerate(words)
    ]
    return words, emails, phones


def _registrants(age: Ints, count: int, rng: np.random.Generator) -> dict[str, list[Any]]:
    """Return the 避難行動要支援者: mostly very old people, some of every age."""
    weight = np.where(age >= 85, 30.0, np.where(age >= 75, 10.0, np.where(age >= 65, 2.5, 0.6)))
    chosen = np.sort(rng.choice(len(age), count, replace=False, p=weight / weight.sum()))
    words, share = zip(*_REASONS, strict=True)
    reason = [words[i] for i in rng.choice(len(words), count, p=np.array(share) / sum(share))]
    return {
        "resident": chosen.tolist(),
        "reason": reason,
        "care_level": [word if word.startswith("要介護") else "" for word in reason],
        "wheelchair": (rng.random(count) < 0.22).tolist(),
    }


@dataclass(frozen=True)
class Register:
    """Columns for `residents.load_register`; ``town`` of households is a position in `Towns`."""

    households: dict[str, list[Any]]
    residents: dict[str, list[Any]]
    registrants: dict[str, list[Any]]


def _birth_dates(age: Ints, rng: np.random.Generator) -> tuple[list[str], Ints]:
    """Return ISO birth dates and years for ages as of `AS_OF`."""
    days = age * 365 + age // 4 + rng.integers(0, 365, len(age))
    texts = [(AS_OF - timedelta(days=int(n))).isoformat() for n in days.tolist()]
    return texts, np.array([int(text[:4]) for text in texts])


def build_register(plan: Plan, homes: Homes, rng: np.random.Generator) -> Register:
    """Generate everyone of the city."""
    size = _sizes(plan.households, plan.residents, rng)
    home = np.repeat(np.arange(plan.households), size)
    place = np.arange(plan.residents) - np.repeat(np.cumsum(size) - size, size)
    age, sex, role = _ages(home, place, size, rng)
    births, years = _birth_dates(age, rng)
    names, kana = _names(home, plan.households, sex, years, rng)
    channel, email, phone = _contacts(age, rng)
    shielded = np.isin(home, rng.choice(plan.households, plan.shielded, replace=False)) & (
        role != 3
    )
    numbers = rng.permutation(plan.residents)
    language = rng.choice(_LANGUAGES, plan.households, p=_LANGUAGE_SHARE)[home]
    residents = {
        "number": [_numbered(n) for n in range(1, plan.residents + 1)],
        "resident_id": [f"R{n + 100_000_000:09d}" for n in (numbers * 7 % 899_999_999).tolist()],
        "household": home.tolist(),
        "name": names,
        "kana": kana,
        "birth_date": births,
        "sex": [str(code) for code in sex.tolist()],
        "relation": _relations(role, sex),
        "phone": phone,
        "email": email,
        "channel": channel,
        "language": [str(word) for word in language.tolist()],
        "card_number": [f"99{n:010d}" for n in numbers.tolist()],
        "shielded": shielded.tolist(),
    }
    return Register(_households(homes), residents, _registrants(age, plan.registrants, rng))


def _numbered(n: int) -> str:
    """Return a 宛名番号 with its check digit (modulus 11, weights 2–7 from the right)."""
    total = sum(int(d) * (2 + at % 6) for at, d in enumerate(reversed(str(n))))
    return f"{n}{(11 - total % 11) % 11 % 10}".zfill(10)


def _households(homes: Homes) -> dict[str, list[Any]]:
    """Return the columns of the households; unknown storeys and floors are None."""
    count = len(homes.x)
    return {
        "number": [f"{n:08d}" for n in range(1, count + 1)],
        "town": homes.town.tolist(),
        "address": homes.address,
        "latitude": homes.lat.tolist(),
        "longitude": homes.lon.tolist(),
        "storeys": [int(n) or None for n in homes.storeys.tolist()],
        "floor": [int(n) or None for n in homes.floor.tolist()],
        "card_code": [f"H{n:07d}" for n in range(1, count + 1)],
    }
