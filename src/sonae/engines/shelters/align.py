"""Rows whose cells stand under the wrong heading: found by the shape of the values, put back, said.

A cell inserted or lost, a comma nobody quoted, or columns that moved in the data but not in the
heading: all later cells then stand under the wrong names, and a flag for floods is read as one for
landslides. Only an arrangement that contradicts no shape is taken; where two of them fit equally well and
disagree about a cell, that cell is left out, never guessed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonae.engines.shelters.columns import HAZARD_ALIASES
from sonae.engines.shelters.listing import flag, plain

_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?")
_SHAPES: Final = {
    "city_code": re.compile(r"\d{5,6}"),
    "town_id": re.compile(r"\d{7}"),
    "phone": re.compile(r"0\d{1,4}[-(]?\d{1,4}[-)]?\d{3,4}"),
    "extension": re.compile(r"(?:内線)?\d{1,4}"),
    "mail": re.compile(r"[!-?A-~]+@[!-?A-~]+"),  # ASCII: a hall may be called 集い＠中央
    "form": re.compile(r"https?://\S+"),
    "url": re.compile(r"https?://\S+"),
    "picture": re.compile(r"\S+\.(?:jpe?g|png|gif|webp)", re.I),
    "postcode": re.compile(r"〒?\d{3}-?\d{4}"),
    "prefecture": re.compile(r"北海道|東京都|(?:大阪|京都)府|[^\d\s]{2,3}県"),
    "city": re.compile(r"[^\d\s]+[市区町村]"),
    "kana": re.compile(r"[ぁ-んァ-ヶー・\s()A-Za-z0-9-]+"),
    "english": re.compile(r"[\x20-\x7e]+"),
    "capacity": re.compile(r".*\d.*|-+|不明|未定|なし"),
    "id": re.compile(r"[!-~]+"),
    "elevation": _NUMBER,
    "shelter_too": None,
    "site_too": None,
}
_TELLING: Final = (
    "city_code", "town_id", "phone", "mail", "url", "postcode", "prefecture", "city", "picture",
)  # fmt: skip
"""Shapes by which a value shows that it belongs elsewhere."""
_TEXTS: Final = frozenset({"name", "address", "town", "building", "towns"})
_ANYTHING_BUT: Final = frozenset({"block", "remark", "note", "licence"})
"""Columns for free text, in which a code, an address on the web or a position is out of place."""
_CODE_LIKE: Final = re.compile(r"[\d.+-]+|https?://\S+|[!-?A-~]+@[!-?A-~]+|[○〇◯△×✕]")
_RANGES: Final = {"lat": (20.0, 46.0), "lon": (122.0, 154.0)}
MATCH, FLAG_MATCH, TEXT_MATCH, AGAINST = 2.0, 1.0, 0.5, -3.0
_UNUSED, _MOVED, _GAIN = 0.5, 1.0, 4.5
_MOST_GAP, _MOST_TIES, _MOST_SUMMED, _MOST_ALONE = 6, 200, 100, 40
_EVEN: Final = 1e-9
Matrix = NDArray[np.float64]
Plan = tuple[int, ...]
"""For each heading the position of its cell in the row, -1 for none."""


@dataclass
class Aligned:
    """One row under its headings. ``moved``: headings whose cell came from elsewhere.

    ``unsure``: headings whose cell cannot be told. ``over``: values that found no heading.
    ``joined``: the heading of a number that an unquoted comma had cut in two, -1 for none.
    ``broken``: cells stand under wrong headings and no arrangement fits.
    """

    cells: list[str]
    moved: list[int] = field(default_factory=list)
    unsure: list[int] = field(default_factory=list)
    over: list[str] = field(default_factory=list)
    joined: int = -1
    broken: bool = False


@lru_cache(maxsize=50_000)
def fit(key: str | None, value: str) -> float:
    """Return how well a value suits a column: above 0 it does, below 0 it cannot, 0 says nothing."""
    text = plain(value)
    if not text or key is None:
        return 0.0
    if key in _RANGES:
        low, high = _RANGES[key]
        if not _NUMBER.fullmatch(text):
            return AGAINST if not re.search(r"\d", text) or "@" in text or "/" in text else 0.0
        return MATCH if low <= float(text) <= high else AGAINST
    if key in HAZARD_ALIASES or key in {"shelter_too", "site_too"}:
        return FLAG_MATCH if flag(text) != "unknown" else _against_flag(text)
    if key in _TEXTS:
        return AGAINST if _CODE_LIKE.fullmatch(text) else TEXT_MATCH
    if key == "picture" and _SHAPES["url"].fullmatch(text):  # type: ignore[union-attr]
        return TEXT_MATCH
    if key in _ANYTHING_BUT:
        return AGAINST if _foreign(text) else 0.0
    shape = _SHAPES.get(key)
    if shape is None or (key == "capacity" and len(text) == 1):
        return 0.0
    if key in {"id", "capacity", "elevation", "english"}:
        return TEXT_MATCH if shape.fullmatch(text) else AGAINST
    return MATCH if shape.fullmatch(text) else AGAINST


def _foreign(text: str) -> bool:
    """Tell whether a value is a code with a column of its own; words and numbers may be remarks."""
    return any(
        (shape := _SHAPES[key]) and shape.fullmatch(text)
        for key in ("postcode", "url", "mail", "phone")
    )


def _against_flag(text: str) -> float:
    """A sentence may be a flag nobody can read; an address or a code under a flag is out of place."""
    return AGAINST if _tells(text) or re.fullmatch(r"[\d.]{2,}", text) else 0.0


def _tells(text: str) -> bool:
    """Tell whether a value's shape gives away what it is."""
    return any((shape := _SHAPES[key]) and shape.fullmatch(text) for key in _TELLING)


def misplaced(keys: Sequence[str | None], cells: Sequence[str]) -> list[int]:
    """Return the columns whose value cannot be theirs and shows whose it is."""
    return [
        at
        for at, (key, cell) in enumerate(zip(keys, cells, strict=False))
        if fit(key, cell) < 0 and (_tells(plain(cell)) or _is_place(plain(cell)))
    ]


def _out_of_order(keys: Sequence[str | None], row: Sequence[str]) -> bool:
    """Tell whether a row may have to be arranged anew; exchanged coordinates are another defect."""
    wrong = {key for key, cell in zip(keys, row, strict=False) if fit(key, cell) < 0}
    return bool(wrong - {"lat", "lon"})


def proven(keys: Sequence[str | None], cells: Sequence[str], after: int) -> bool:
    """Tell whether some value behind a column shows that it, and all before it, stand in order."""
    return any(
        (key in {"url", "picture"} and fit(key, cell) > 0)
        or (key == "capacity" and re.search(r"\d{2}", plain(cell)) is not None)
        for key, cell in list(zip(keys, cells, strict=False))[after + 1 :]
    )


def _is_place(text: str) -> bool:
    """Tell whether a value is a latitude or longitude of Japan, with decimals."""
    return "." in text and any(fit(key, text) > 0 for key in _RANGES)


def align(keys: Sequence[str | None], rows: Sequence[Sequence[str]]) -> list[Aligned]:
    """Return every row under its headings (``keys``: what each column holds, None = anything).

    Rows in order are returned as they are; the others are arranged anew, together first, because
    what moved in one row mostly moved in all.
    """
    size = len(keys)
    found = [_in_order(size, row) for row in rows]
    odd: dict[int, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        if found[at].over or _out_of_order(keys, row):
            whole = _rejoined(keys, row)
            if whole is not None:
                found[at] = whole
            else:
                odd[len(_trimmed(row))].append(at)
    for group in odd.values():
        plans = _plans(keys, [rows[at] for at in group[:_MOST_SUMMED]])
        for at in group:
            found[at] = _by(keys, rows[at], plans) or found[at]
        alone = [at for at in group if not found[at].moved]
        for at in alone[:_MOST_ALONE]:
            found[at] = _by(keys, rows[at], _plans(keys, [rows[at]])) or found[at]
        for at in group:
            if not found[at].moved and (found[at].over or len(misplaced(keys, rows[at])) >= 2):
                found[at] = _saved(keys, rows[at])
            found[at] = _doubted(found[at], _cut(keys, rows[at]))
    return found


def _trimmed(row: Sequence[str]) -> list[str]:
    """Return a row without its blank end."""
    end = max((at + 1 for at, cell in enumerate(row) if cell.strip()), default=0)
    return list(row[:end])


def _in_order(size: int, row: Sequence[str]) -> Aligned:
    """Return a row as it stands; what is beyond the last heading has none."""
    cells = [*row[:size], *[""] * (size - len(row))]
    return Aligned(cells, over=[cell for cell in row[size:] if cell.strip()])


def _rejoined(keys: Sequence[str | None], row: Sequence[str]) -> Aligned | None:
    """Return the row with one number put together that a comma between thousands had cut.

    A lone 1 may as well be a flag that moved here, where some blank flag may be a cell too many.
    """
    at = _cut(keys, row)
    if at < 0:
        return None
    cells = [*row[:at], ",".join(row[at : at + 2]), *row[at + 2 :]]
    pairs = list(zip(keys, cells, strict=True))
    sure = row[at] not in {"0", "1"} or all(c.strip() for k, c in pairs if k in HAZARD_ALIASES)
    fits = sure and all(_suits(k, cell) for k, cell in pairs)
    return Aligned(cells, joined=at) if fits else None


def _cut(keys: Sequence[str | None], row: Sequence[str]) -> int:
    """Return the column of people whose number may stand in two cells; -1 for none."""
    columns = [at for at, key in enumerate(keys) if key in {"capacity", "indoor", "outdoor"}]
    long = len(row) == len(keys) + 1
    return next((at for at in columns if long and _cut_in_two(row[at : at + 2])), -1)


def _doubted(found: Aligned, at: int) -> Aligned:
    """Return the row without its number of people: it may be the end of a longer one."""
    if at >= 0 and found.cells[at].strip():
        found.over.append(found.cells[at])
        found.cells[at] = ""
        found.unsure.append(at)
        found.moved = [head for head in found.moved if head != at]
    return found


def _suits(key: str | None, cell: str) -> bool:
    """Tell whether a cell may stand in a column, and under a flag's heading is one that can be read."""
    worth = fit(key, cell)
    return worth > 0 or (worth == 0 and (key not in HAZARD_ALIASES or not cell.strip()))


def _cut_in_two(both: Sequence[str]) -> bool:
    """Tell whether two cells are one number with a comma between its thousands."""
    if len(both) != 2:
        return False
    return bool(re.search(r"(?:^|\D)\d{1,3}$", both[0]) and re.match(r"\d{3}(?:\D|$)", both[1]))


def _matrix(keys: Sequence[str | None], row: Sequence[str]) -> Matrix:
    """Return the fit of every cell under every heading."""
    return np.array([[fit(key, cell) for cell in row] for key in keys], np.float64)


def _padded(rows: Sequence[Sequence[str]], size: int) -> list[list[str]]:
    """Return rows of one length, at least ``size``."""
    width = max(size, *(len(_trimmed(row)) for row in rows))
    return [[*row[:width], *[""] * (width - len(row))] for row in rows]


def _plans(keys: Sequence[str | None], rows: Sequence[Sequence[str]]) -> list[Plan]:
    """Return the arrangements that fit the rows best, all that fit equally well."""
    held = _padded(rows, len(keys))
    score = np.sum([_matrix(keys, row) for row in held], axis=0)
    used = np.sum([[bool(cell.strip()) for cell in row] for row in held], axis=0) * _UNUSED
    ranked = [*_exchanges(score, used), *_gaps(score, used)]
    best = max((value for value, _ in ranked), default=-np.inf)
    return [plan for value, plan in ranked if value >= best - _EVEN][:_MOST_TIES]


def _cost(plan: Plan, used: NDArray[np.float64]) -> float:
    """Return what an arrangement costs: itself, and the cells it leaves without a heading."""
    left = np.ones(len(used), bool)
    left[[at for at in plan if at >= 0]] = False
    return _MOVED + float(used[left].sum())


def _exchanges(score: Matrix, used: NDArray[np.float64]) -> list[tuple[float, Plan]]:
    """Return the best arrangements in which two neighbouring blocks of columns changed places."""
    size = min(score.shape)
    sums = np.stack([_diagonal_sums(score, offset, size) for offset in range(-size, size + 1)])
    own, best, found = sums[size], -np.inf, list[tuple[int, int, int]]()
    for a in range(size - 1):
        for b in range(a + 1, size):
            after = np.arange(b + 1, size + 1)
            shift = after - b + size
            first = sums[shift, b] - sums[shift, a]
            second = sums[a - b + size, after] - sums[a - b + size, b]
            total = own[a] + first + second + own[size] - own[after]
            top = float(total.max())
            if top > best + _EVEN:
                best, found = top, []
            if top >= best - _EVEN:
                found += [(a, b, int(c)) for c in after[total >= best - _EVEN]]
    plans = [_exchanged(a, b, c, score.shape[0]) for a, b, c in found[:_MOST_TIES]]
    return [(best - _cost(plan, used), plan) for plan in plans]


def _diagonal_sums(score: Matrix, offset: int, size: int) -> NDArray[np.float64]:
    """Return running sums of ``score[h, h + offset]``; entry h sums all headings before h."""
    heads = np.arange(size)
    cells = np.clip(heads + offset, 0, score.shape[1] - 1)
    values = np.where(cells == heads + offset, score[heads, cells], 0.0)
    return np.concatenate(([0.0], np.cumsum(values)))


def _exchanged(a: int, b: int, c: int, size: int) -> Plan:
    """Return the arrangement in which the data of headings [a, b) stand after those of [b, c)."""
    return (*range(a), *range(a + c - b, c), *range(a, a + c - b), *range(c, size))


def _gaps(score: Matrix, used: NDArray[np.float64]) -> Iterable[tuple[float, Plan]]:
    """Yield arrangements in which cells are too many, or missing, at one place."""
    size, width = score.shape
    for count in range(1, _MOST_GAP + 1):
        for at in range(size):
            more = tuple(
                h if h < at else h + count if h + count < width else -1 for h in range(size)
            )
            less = tuple(h if h < at else -1 if h < at + count else h - count for h in range(size))
            for plan in (more, less):
                worth = float(sum(score[h, c] for h, c in enumerate(plan) if c >= 0))
                yield worth - _cost(plan, used), plan


def _by(keys: Sequence[str | None], row: Sequence[str], plans: Sequence[Plan]) -> Aligned | None:
    """Return the row as the arrangements agree on, None when they contradict a shape or gain little."""
    width = max(len(row), len(keys))
    cells = [*row, *[""] * (width - len(row))]

    def at(source: int) -> str:
        return cells[source] if 0 <= source < width else ""

    ways = [[at(source) for source in plan] for plan in plans]
    worth = [sum(fit(key, cell) for key, cell in zip(keys, way, strict=True)) for way in ways]
    before = sum(fit(key, cell) for key, cell in zip(keys, cells, strict=False))
    good = [
        way for way, value in zip(ways, worth, strict=True)
        if value >= max(worth) - 1e-9 and all(fit(k, c) >= 0 for k, c in zip(keys, way, strict=True))
    ]  # fmt: skip
    if not good or max(worth) < before + _GAIN:
        return None
    found = Aligned([""] * len(keys))
    for head in range(len(keys)):
        values = {way[head] for way in good}
        if len(values) > 1:
            found.unsure.append(head)
        else:
            found.cells[head] = values.pop()
            if found.cells[head] != cells[head]:
                found.moved.append(head)
    found.over = _without(cells, found.cells)
    return found


def _without(cells: Sequence[str], placed: Sequence[str]) -> list[str]:
    """Return the values of a row that found no heading."""
    rest = [cell for cell in placed if cell.strip()]
    over = []
    for cell in cells:
        if cell in rest:
            rest.remove(cell)
        elif cell.strip():
            over.append(cell)
    return over


def _saved(keys: Sequence[str | None], row: Sequence[str]) -> Aligned:
    """Return a row that no arrangement fits: each telling value goes where alone it can belong.

    Where one of them finds no place, flags and capacities are not believed either (``broken``).
    """
    found = _in_order(len(keys), row)
    wrong = [at for at, key in enumerate(keys) if fit(key, found.cells[at]) < 0]
    loose = [found.cells[at] for at in wrong] + found.over
    found.over = []
    for at in wrong:
        found.cells[at] = ""
    for value in loose:
        homes = [at for at, key in enumerate(keys)
                 if key in {*_TELLING, *_RANGES} and fit(key, value) >= MATCH
                 and not found.cells[at].strip()]  # fmt: skip
        if len(homes) == 1:
            found.cells[homes[0]] = value
            found.moved.append(homes[0])
        else:
            found.over.append(value)
            found.broken |= _tells(plain(value))
    found.unsure = [at for at in wrong if not found.cells[at]]
    return found
