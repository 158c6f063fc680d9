"""Which rows of two lists are the same place: by id, name, address and distance, one to one."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonae.engines.shelters.listing import Capacity, Listed, level_dashes, plain

FAR_M: Final = 2000.0
"""One site in two lists lay at most 1.4 km apart (facts: median 45 m, 95 % 192 m)."""
NEAR_M: Final = 60.0
_SURE, _LEAST, _CLEAR = 0.72, 0.55, 0.08
_METRES_A_DEGREE: Final = 111_320.0
_MOST_LETTERS: Final = 120
_CLOSURES: Final = re.compile(r"[(（\[【<][^)）\]】>]*[)）\]】>]")
_KANJI_NUMBERS: Final = str.maketrans("〇一二三四五六七八九", "0123456789")
_VARIANTS: Final = str.maketrans("髙﨑澤邊廣濱櫻ヶヵケッ", "高崎沢辺広浜桜がかがつ")
_ADDRESS_NOISE: Final = re.compile(r"丁目|番地の?|番|号|の|大字|字|[\s-]+")
_PREFECTURE: Final = re.compile(r"^(?:北海道|東京都|(?:大阪|京都)府|[^\d\s]{2,3}県)")
_CITY: Final = re.compile(
    r"^(?:[^\d\s]{1,6}郡[^\d\s]{1,6}?[町村]|[^\d\s]{1,6}?市(?:[^\d\s]{1,4}区)?|[^\d\s]{1,3}区)"
)


@dataclass(frozen=True)
class Pair:
    """One place in two lists (indices of both); ``by``: id, name, address or position.

    ``score``: 0–1. ``sure`` False: another row is nearly as like, or the likeness is weak.
    """

    one: int
    other: int
    score: float
    by: str
    metres: float | None
    sure: bool


@lru_cache(maxsize=100_000)
def bare_name(name: str) -> str:
    """Return a name for comparison: without remarks in brackets, width, blanks and letter variants."""
    text = _CLOSURES.sub("", plain(name)) or plain(name)
    text = level_dashes(text).translate(_VARIANTS).casefold()
    return re.sub(r"[\s・･、,.'\"-]+", "", text)[:_MOST_LETTERS]


@lru_cache(maxsize=100_000)
def bare_address(address: str) -> str:
    """Return an address for comparison: from the town on, numbers and dashes of one kind."""
    text = _CITY.sub("", _PREFECTURE.sub("", plain(address).replace(" ", "")))
    text = level_dashes(text.translate(_VARIANTS)).translate(_KANJI_NUMBERS)
    return _ADDRESS_NOISE.sub("-", text).strip("-")[:_MOST_LETTERS]


def metres_between(one: Listed, other: Listed) -> float | None:
    """Return the distance of two places in metres; None where a position is unknown."""
    if one.lat is None or one.lon is None or other.lat is None or other.lon is None:
        return None
    north = (one.lat - other.lat) * _METRES_A_DEGREE
    east = (one.lon - other.lon) * _METRES_A_DEGREE * float(np.cos(np.radians(one.lat)))
    return float(np.hypot(north, east))


def pair(ones: Sequence[Listed], others: Sequence[Listed], *, ids: bool = False) -> list[Pair]:
    """Return the rows of two lists that are the same place, each row at most once.

    ``ids``: equal ids decide where the names do not contradict them. Then likeness of name and address and
    nearness decide together, as an assignment over the whole lists.
    """
    found = _by_id(ones, others) if ids else []
    left = sorted(set(range(len(ones))) - {one.one for one in found})
    right = sorted(set(range(len(others))) - {one.other for one in found})
    found += _by_likeness(ones, others, left, right)
    return sorted(found, key=lambda one: one.one)


def _by_id(ones: Sequence[Listed], others: Sequence[Listed]) -> list[Pair]:
    """Return pairs of rows whose ids are equal and occur once in each list."""
    held = [_once(rows) for rows in (ones, others)]
    found = []
    for key, one in held[0].items():
        other = held[1].get(key)
        if other is not None:
            metres = metres_between(ones[one], others[other])
            alike = _alike(bare_name(ones[one].name), bare_name(others[other].name))
            sure = alike >= _LEAST or (metres is not None and metres <= NEAR_M)
            found.append(Pair(one, other, max(alike, 0.5), "id", metres, sure))
    return found


def _once(rows: Sequence[Listed]) -> dict[str, int]:
    """Return id → row for ids that occur once."""
    held: dict[str, list[int]] = {}
    for at, row in enumerate(rows):
        held.setdefault(plain(row.id), []).append(at)
    return {key: at[0] for key, at in held.items() if key and len(at) == 1}


def _by_likeness(
    ones: Sequence[Listed], others: Sequence[Listed], left: Sequence[int], right: Sequence[int]
) -> list[Pair]:
    """Return the assignment of what is left that is most alike altogether.

    Rows that no likeness joins are settled apart: a whole prefecture needs no table of all pairs.
    """
    told = {
        (a, b): value
        for a, b in _candidates([ones[at] for at in left], [others[at] for at in right])
        if (value := likeness(ones[left[a]], others[right[b]])[0]) > 0
    }
    only = [_unique_names(rows) for rows in (ones, others)]
    unique = only[0] & only[1]
    found = []
    for group in _apart(told, len(left), len(right)):
        for a, b, rival in _assigned(group):
            one, other = ones[left[a]], others[right[b]]
            value, by = likeness(one, other)
            named = value >= _SURE and by == "name" and bare_name(one.name) in unique
            sure = (value >= _SURE and value - rival >= _CLEAR) or named
            metres = metres_between(one, other)
            found.append(Pair(left[a], right[b], round(value, 3), by, metres, bool(sure)))
    return found


Scores = dict[tuple[int, int], float]


def _apart(told: Scores, ones: int, others: int) -> list[Scores]:
    """Return the pairs that may be one place in groups that share no row."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    likely = [key for key, value in told.items() if value >= _LEAST]
    if not likely:
        return []
    at = np.array(likely)
    linked = coo_array((np.ones(len(at)), (at[:, 0], at[:, 1] + ones)), shape=(ones + others,) * 2)
    _, group = connected_components(linked, directed=False)
    held: dict[int, Scores] = {}
    for (a, b), value in told.items():
        if group[a] == group[b + ones]:
            held.setdefault(int(group[a]), {})[a, b] = value
    return list(held.values())


def _assigned(told: Scores) -> list[tuple[int, int, float]]:
    """Return the best pairs of one group, each with the likeness of its nearest rival."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = (sorted({key[side] for key in told}) for side in (0, 1))
    score = np.zeros((len(rows), len(columns)))
    for (a, b), value in told.items():
        score[bisect_left(rows, a), bisect_left(columns, b)] = value
    return [
        (rows[a], columns[b], max(_without(score[a], b), _without(score[:, b], a)))
        for a, b in zip(*linear_sum_assignment(-score), strict=True)
        if score[a, b] >= _LEAST
    ]


def _unique_names(rows: Sequence[Listed]) -> set[str]:
    """Return the names that occur once in a list."""
    counted = Counter(bare_name(row.name) for row in rows)
    return {name for name, count in counted.items() if count == 1}


def _without(values: NDArray[np.float64], at: int) -> float:
    """Return the greatest of the other values."""
    return float(np.delete(values, at).max(initial=0.0))


def _candidates(ones: Sequence[Listed], others: Sequence[Listed]) -> set[tuple[int, int]]:
    """Return the pairs worth comparing: near each other, or of one name or address."""
    from scipy.spatial import cKDTree

    found: set[tuple[int, int]] = set()
    for read in (_name_key, _address_key):
        held: dict[str, list[int]] = {}
        for b, row in enumerate(others):
            held.setdefault(read(row), []).append(b)
        found |= {
            (a, b) for a, row in enumerate(ones) if read(row) for b in held.get(read(row), ())
        }
    placed = [[at for at, row in enumerate(rows) if row.lat is not None] for rows in (ones, others)]
    if placed[0] and placed[1]:
        at = [np.array([(rows[n].lat, rows[n].lon) for n in known], np.float64) * _METRES_A_DEGREE
              for rows, known in zip((ones, others), placed, strict=True)]  # fmt: skip
        scale = np.array([1.0, np.cos(np.radians(at[0][0, 0] / _METRES_A_DEGREE))])
        trees = [cKDTree(where * scale) for where in at]
        for a, near in enumerate(trees[0].query_ball_tree(trees[1], FAR_M)):
            found |= {(placed[0][a], placed[1][b]) for b in near}
    return found


def _name_key(row: Listed) -> str:
    return bare_name(row.name)


def _address_key(row: Listed) -> str:
    return bare_address(row.address)


def likeness(one: Listed, other: Listed) -> tuple[float, str]:
    """Return how likely two rows are one place (0–1), and what says so most."""
    names = bare_name(one.name), bare_name(other.name)
    name = _alike(*names)
    if _numbers(names[0]) != _numbers(names[1]):
        name *= 0.6  # 第一小学校 and 第二小学校 differ in one letter and are two places
    addresses = bare_address(one.address), bare_address(other.address)
    address = _alike(*addresses) if all(addresses) else 0.0
    metres = metres_between(one, other)
    near = 0.0 if metres is None else max(0.0, 1.0 - metres / 300.0)
    far = metres is not None and metres > FAR_M
    parts = {"name": 0.6 * name, "address": 0.2 * address, "position": 0.2 * near}
    total = sum(parts.values())
    if name >= 0.999 and not far and (near > 0 or address >= 0.9 or metres is None):
        total = max(total, 0.9)
    if name >= 0.999 and not far:
        total = max(total, 0.75)
    by = "name" if name >= 0.999 else max(("address", "position"), key=lambda key: parts[key])
    return (min(total, 0.5) if far and address < 0.95 else total), by


def alike_names(one: str, other: str) -> bool:
    """Tell whether two names may be one facility's, written otherwise."""
    names = bare_name(one), bare_name(other)
    return _numbers(names[0]) == _numbers(names[1]) and _alike(*names) >= _LEAST


@lru_cache(maxsize=200_000)
def _alike(one: str, other: str) -> float:
    """Return how alike two texts are, 0–1; one that holds the other whole is nearly the same."""
    if not one or not other:
        return 0.0
    ratio = SequenceMatcher(None, one, other, autojunk=False).ratio()
    shorter, longer = sorted((one, other), key=len)
    held = len(shorter) >= 3 and shorter in longer
    return max(ratio, 0.85) if held else ratio


def _numbers(name: str) -> tuple[str, ...]:
    """Return the numbers in a name, in digits."""
    return tuple(re.findall(r"\d+", name.translate(_KANJI_NUMBERS)))


def joined(listed: Sequence[Listed]) -> list[Listed]:
    """Return places rather than designations: a 指定避難所 that is an emergency site's place joins it.

    The national lists name the same hall twice, once for each designation, under two ids; they join by
    name, address and distance (facts §2.1). What either row says stays, the site's id first.
    """
    sites = [one for one in listed if one.kind != "shelter"]
    halls = [one for one in listed if one.kind == "shelter" or not _designates(one)]
    sites = [one for one in sites if one not in halls]
    twins = {one.other: one.one for one in pair(sites, halls) if one.sure and one.by == "name"}
    found = list(sites)
    for at, hall in enumerate(halls):
        if at in twins:
            found[twins[at]] = _both(sites[twins[at]], hall)
        else:
            found.append(hall)
    return found


def _designates(one: Listed) -> bool:
    """Tell whether a row says anything about hazards."""
    return any(answer != "unknown" for answer in one.hazards.values())


def _both(site: Listed, hall: Listed) -> Listed:
    """Return one place with both designations."""
    unusable = site if site.usable == "no" else hall
    more = {
        f"指定避難所_{key}": value
        for key, value in hall.more.items()
        if site.more.get(key) != value
    }
    return replace(
        site, kind="both", restricted_to=hall.restricted_to,
        capacity=site.capacity if site.capacity != Capacity() else hall.capacity,
        usable=unusable.usable, usable_reason=unusable.usable_reason,
        kana=site.kana or hall.kana, more={**site.more, **({"指定避難所_ID": hall.id} if hall.id else {}), **more},
    )  # fmt: skip
