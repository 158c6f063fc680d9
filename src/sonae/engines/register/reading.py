"""A file of people → people and homes (読み取り): row by row, every defect named, nobody left out silently.

Memory stays small: what repeats (towns, dates, relations) is held once, columns that no item names are
not held at all.
"""

from __future__ import annotations

import hashlib
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.engines.defects import Defect
from sonae.engines.register.converters import (
    CONVERTERS,
    LEFT_REASONS,
    NO_DATE,
    Born,
    Converted,
    check_digit_fits,
    cleaned,
)
from sonae.engines.register.items import ITEMS
from sonae.engines.register.mappings import PLACES, Mapping, lacking, looks_like_heading
from sonae.engines.register.towns import TownFinder
from sonae.engines.sheets import SNIFFED, Line, Lines, lines_of

MOST_ROWS: Final = 1_000_000
MOST_DEFECTS: Final = 20_000
"""Defects kept one by one; beyond that they are counted only, and the report says so."""
SAMPLES: Final = 5
MISWRITTEN: Final = 0.05
"""So many numbers at most are copied wrongly; where more do not fit, they have no check digit."""
_OFTEN: Final = frozenset(
    {"text", "date", "sex", "flag", "shield", "state", "change", "language", "count", "address"}
)
_LONGEST: Final = {"name": 120, "kana": 160, "former_name": 120, "relation": 20, "email": 120,
                   "left_reason": 20, "resident_id": 24, "language": 12}  # fmt: skip
_BROKEN_OFF: Final = 2


@dataclass(slots=True)
class Person:
    """One row of a register. ``key``: what it is told by. ``shielded`` None: the file does not say.

    ``change``: new, changed, gone or empty. ``extra``: items of a roster or a plan. ``shield``: begin,
    end (ISO), provisional, together.
    """

    row: int
    key: str
    number: str = ""
    resident_id: str = ""
    household: str = ""
    name: str = ""
    kana: str = ""
    former_name: str = ""
    birth: Born = NO_DATE
    sex: str = ""
    relation: str = ""
    phone: str = ""
    email: str = ""
    language: str = "ja"
    left_on: str = ""
    left_reason: str = ""
    shielded: bool | None = None
    shield: tuple[str, str, bool, bool] = ("", "", False, False)
    change: str = ""
    extra: dict[str, Any] | None = None


@dataclass(slots=True)
class Home:
    """A household as its first row says it. ``town``: key of the town, None when none could be read."""

    row: int
    number: str
    town: Any
    address: str
    latitude: float | None = None
    longitude: float | None = None
    storeys: int | None = None
    floor: int | None = None


@dataclass
class Reading:
    """What a file says. ``rows``: rows with something in them. ``fields``: what it speaks of.

    ``unkeyed``: rows left out of which nobody can tell whose they are.
    ``counts``: kind of defect → how many in all; ``defects``: the first `MOST_DEFECTS` of them.
    """

    people: dict[str, Person] = field(default_factory=dict)
    homes: dict[str, Home] = field(default_factory=dict)
    fields: frozenset[str] = frozenset()
    rows: int = 0
    left_out: int = 0
    unkeyed: int = 0
    encoding: str = ""
    defects: list[Defect] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def tell(
        self,
        row: int,
        column: str,
        value: str,
        problem: str,
        action: str = "kept",
        detail: str = "",
    ) -> None:
        """Note a defect."""
        self.counts[problem] += 1
        if len(self.defects) < MOST_DEFECTS:
            self.defects.append(Defect(row, column, value[:120], problem, action, detail))

    def silence(self, rows: Collection[int], words: Collection[str]) -> None:
        """Take what stands there out of the defects of some rows.

        Of broken and repeated rows no person was read: there the words (numbers, names) tell whose they are.
        """
        plain, known = {_plain(one) for one in words} - {""}, {p.row for p in self.people.values()}
        hidden = {*rows} | {
            one.row for one in self.defects
            if one.row not in known and any(word in _plain(one.value) for word in plain)
        }  # fmt: skip
        hidden.discard(0)
        self.defects = [
            replace(one, value="", detail="") if one.row in hidden else one for one in self.defects
        ]


def _plain(text: str) -> str:
    """Return a text without spaces, in one width."""
    return "".join(unicodedata.normalize("NFKC", text).split())


@dataclass
class Opened:
    """A table with its heading found: ``rows`` begin after it. ``heading`` False: it has none."""

    headings: list[str]
    rows: Iterator[Line]
    lines: Lines
    heading_row: int = 0
    heading: bool = True


def opened(raw: bytes, name: str, purpose: str, heading: bool | None = None) -> Opened:
    """Open a table and find its heading line; ``heading`` True or False when a person said so."""
    lines = lines_of(raw, name)
    first = list(islice(lines.rows, SNIFFED))
    if not first:
        raise SonaeError("empty_file", f"{name}は空です。前のデータを使い続けてください。")
    at = next((n for n, (_, cells) in enumerate(first) if looks_like_heading(cells, purpose)), None)
    if heading is False or (heading is None and at is None and _only_values(first[0][1])):
        width = max(len(cells) for _, cells in first)
        names = [PLACES.format(n) for n in range(1, width + 1)]
        return Opened(names, chain(first, lines.rows), lines, 0, False)
    at = at or 0
    headings = _distinct([cleaned(one) for one in first[at][1]])
    return Opened(headings, chain(first[at + 1 :], lines.rows), lines, first[at][0])


def _only_values(cells: Sequence[str]) -> bool:
    """Tell whether a line is data: at least two cells of digits only."""
    return sum(one.strip().isdecimal() for one in cells) >= 2


def _distinct(headings: Sequence[str]) -> list[str]:
    """Return headings that can be told apart: a second 氏名 is 氏名（2）, an empty one is its place."""
    seen: Counter[str] = Counter()
    found = []
    for at, one in enumerate(headings, 1):
        name = one or PLACES.format(at)
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}（{seen[name]}）")
    return found


@dataclass(frozen=True)
class Peek:
    """The beginning of a file: headings, a few rows, roughly how many rows there are."""

    headings: list[str]
    samples: list[list[str]]
    heading: bool
    rows: int


def peek(raw: bytes, name: str, purpose: str, heading: bool | None = None) -> Peek:
    """Return the beginning of a file."""
    found = opened(raw, name, purpose, heading)
    samples = [cells for _, cells in islice(found.rows, SAMPLES)]
    if not samples:
        raise SonaeError("empty_file", f"{name}には見出しだけで、1行もありません。")
    return Peek(found.headings, samples, found.heading, max(len(samples), raw.count(b"\n")))


Cell = tuple[int, str, str, dict[str, Converted] | None, Callable[[str], Converted], dict[str, str]]


def read(
    raw: bytes,
    name: str,
    purpose: str,
    mapping: Mapping,
    towns: TownFinder[Any],
    *,
    partial: bool = False,
) -> Reading:
    """Read a file of people by a mapping.

    ``partial``: a daily difference. SonaeError ``empty_file``, ``unreadable``, ``encoding``, ``too_large`` or
    ``missing_columns`` when nothing of it can be used.
    """
    table = opened(raw, name, purpose, mapping.heading)
    if missing := lacking(mapping.items & _present(table, mapping), purpose, partial=partial):
        names = "、".join(ITEMS[one].name for one in missing)
        raise SonaeError("missing_columns", f"{name}に必要な列がありません：{names}",
                         "列の対応づけで、その項目の列を選んでください。")  # fmt: skip
    found = Reading(encoding=table.lines.encoding, fields=mapping.items)
    _whole(found, table.lines)
    rows = _Rows(found, table, mapping, towns, several=purpose == "plans")
    for number, cells in table.rows:
        found.rows += 1
        if found.rows > MOST_ROWS:
            raise SonaeError(
                "too_large", f"{name}は{MOST_ROWS:,}行より多く、1つの市の住民の表ではありません。"
            )
        rows.take(number, cells)
    if not found.rows:
        raise SonaeError("empty_file", f"{name}には見出しだけで、1行もありません。")
    if purpose != "register":
        found.people.update(rows.keyless)
    _without_check_digits(found)
    return found


def _without_check_digits(found: Reading) -> None:
    """Forget about check digits where the numbers plainly have none: only newer systems give them."""
    if found.counts["check_digit"] > MISWRITTEN * max(found.rows, 10):
        del found.counts["check_digit"]
        found.defects = [one for one in found.defects if one.problem != "check_digit"]


def _present(table: Opened, mapping: Mapping) -> frozenset[str]:
    return frozenset(item for heading, item in mapping.columns.items() if heading in table.headings)


def _whole(found: Reading, lines: Lines) -> None:
    """Note what is wrong with the file as a whole."""
    for merged in lines.merged:
        found.tell(0, merged, "", "merged_cells")
    for title in lines.others:
        found.tell(0, title, "", "other_sheet", "left_out")


class _Rows:
    """Takes rows one after another into a reading; ``several``: a person may have more than one row."""

    def __init__(
        self,
        found: Reading,
        table: Opened,
        mapping: Mapping,
        towns: TownFinder[Any],
        *,
        several: bool,
    ) -> None:
        self.several = several
        self.found, self.towns, self.width = found, towns, len(table.headings)
        self.headings, self.mapping = table.headings, mapping
        self.keyless: dict[str, Person] = {}
        self.column = {item: heading for heading, item in mapping.columns.items()}
        self.cells: list[Cell] = []
        for at, heading in enumerate(table.headings):
            if item := mapping.columns.get(heading, ""):
                reads = ITEMS[item].reads
                memo: dict[str, Converted] | None = {} if reads in _OFTEN else None
                told = mapping.values.get(heading, {})
                self.cells.append((at, item, heading, memo, CONVERTERS[reads], told))
        self.spoken = frozenset(item for _, item, *_rest in self.cells)
        self.extra = [item for item in self.spoken if ITEMS[item].of in ("registrant", "plan")]
        self.year = clock.today().year
        self.addresses: dict[str, tuple[Any, str]] = {}
        self.signs: set[str] = set()

    def take(self, row: int, cells: list[str]) -> None:
        """Take one row."""
        if len(cells) < self.width - _BROKEN_OFF and len(cells) < self.cells[-1][0] + 1:
            self.found.tell(row, "", ",".join(cells), "short_row", "left_out")
            self.found.left_out += 1
            self._seen(cells)
            return
        if len(cells) > self.width and any(one.strip() for one in cells[self.width :]):
            self.found.tell(row, "", cells[self.width], "cell_without_heading")
        if self._is_heading(cells):
            self.found.tell(row, "", ",".join(cells), "repeated_heading", "left_out")
            return
        self._person(row, self._values(row, cells))

    def _seen(self, cells: list[str]) -> None:
        """A broken row still says that its person is not gone, when it says who: not in its last cell."""
        told = "number" if "number" in self.spoken else "resident_id"
        at, convert = next(((c[0], c[4]) for c in self.cells if c[1] == told), (len(cells), str))
        key = convert(cleaned(cells[at]))[0] if at < len(cells) - 1 else ""
        if key:
            self.found.people.setdefault(key, Person(0, key))
        else:
            self.found.unkeyed += 1

    def _is_heading(self, cells: list[str]) -> bool:
        return (
            self.mapping.heading and [one.strip() for one in cells[: self.width]] == self.headings
        )

    def _values(self, row: int, cells: list[str]) -> dict[str, Any]:
        """Return item → value, noting what is wrong with cells."""
        values: dict[str, Any] = {}
        size = len(cells)
        for at, item, heading, memo, convert, told in self.cells:
            cell = cells[at] if at < size else ""
            known = memo.get(cell) if memo is not None else None
            if known is None:
                known = self._converted(row, heading, cell, convert, told)
                if memo is not None:
                    memo[cell] = known
            value, problem = known
            if problem == "shield_unread":
                self._unread_shield(heading, cell)
            elif problem:
                left = "left_out" if problem in ("not_an_address", "bad_position") else "kept"
                self.found.tell(row, heading, cell, problem, left)
            values[item] = value
        return values

    def _unread_shield(self, heading: str, cell: str) -> None:
        """Tell each sign once and without its rows: no report lists who is shielded."""
        if cell in self.signs:
            self.found.counts["shield_unread"] += 1
            return
        self.signs.add(cell)
        self.found.tell(0, heading, cell, "shield_unread", "corrected")

    def _converted(
        self,
        row: int,
        heading: str,
        cell: str,
        convert: Callable[[str], Converted],
        told: dict[str, str],
    ) -> Converted:
        plain = cleaned(cell)
        if plain != cell.strip():
            self.found.tell(row, heading, plain, "control_character", "corrected")
        return convert(told.get(plain, plain))

    def _person(self, row: int, values: dict[str, Any]) -> None:
        """Keep one person, or say why not."""
        number, own = values.get("number", ""), values.get("resident_id", "")
        key = number or own
        name = values.get("name") or " ".join(
            filter(None, (values.get("family"), values.get("given")))
        )
        if not key and ("number" in self.spoken or "resident_id" in self.spoken or not name):
            self.found.unkeyed += 1
            self._leave_out(
                row, "number" if "number" in self.spoken else "resident_id", name, "no_number"
            )
            return
        if key and key in self.found.people and self.found.people[key].row and not self.several:
            self._leave_out(row, "number", key, "duplicate")
            return
        gone = values.get("change") == "gone"
        if not name and not gone and not key and self.several:
            self._leave_out(row, "name", "", "no_name")
            return
        if not name and not gone and not self.several and self.spoken & {"name", "family"}:
            self._leave_out(row, "name", key, "no_name")
            if key:
                self.found.people.setdefault(key, Person(0, key))
            return
        if number and not check_digit_fits(number):
            self.found.tell(row, self.column.get("number", ""), number, "check_digit")
        one = self._made(row, key, name, values)
        if not gone and self.spoken & {"address", "town", "town_code"}:
            self._home(one, values)
        if key and not self.several:
            self.found.people[key] = one
        else:
            self.keyless[f"{row}"] = one

    def _leave_out(self, row: int, item: str, value: str, problem: str) -> None:
        self.found.left_out += 1
        self.found.tell(row, self.column.get(item, ""), value, problem, "left_out")

    def _made(self, row: int, key: str, name: str, values: dict[str, Any]) -> Person:
        """Return the person of a row."""
        get = values.get
        kana = get("kana") or " ".join(filter(None, (get("kana_family"), get("kana_given"))))
        if not kana and self.spoken & {"kana", "kana_family"} and get("change") != "gone":
            self.found.tell(
                row, self.column.get("kana", self.column.get("kana_family", "")), name, "no_kana"
            )
        birth: Born = get("birth", NO_DATE)
        if birth.key[:4] > str(self.year):
            self.found.tell(row, self.column["birth"], birth.key, "future_date")
        state = get("state", "")
        reason = LEFT_REASONS.get(get("left_reason", ""), get("left_reason", ""))
        left = bool(state) or get("change") == "gone"
        one = Person(
            row, key, number=get("number", ""), resident_id=get("resident_id", ""), name=name, kana=kana,
            household=get("household", ""), former_name=get("former_name", ""), birth=birth,
            sex=sys.intern(get("sex", "")), relation=get("relation", ""), phone=get("phone", ""),
            email=get("email", ""), language=get("language", "ja"), change=get("change", ""),
            left_on=(get("left_on", NO_DATE).key or "unknown") if left else "",
            left_reason=(reason or state or "removed") if left else "",
            shielded=get("shielded"), extra={item: values[item] for item in self.extra} or None,
        )  # fmt: skip
        if one.shielded:
            one.shield = (get("shield_from", NO_DATE).key, get("shield_until", NO_DATE).key,
                          bool(get("shield_provisional")), bool(get("shield_together")))  # fmt: skip
        self._cut(one)
        return one

    def _cut(self, one: Person) -> None:
        """Shorten what no column of the database holds; the report keeps the beginning and says so."""
        for name, most in _LONGEST.items():
            value = getattr(one, name)
            if len(value) > most:
                self.found.tell(
                    one.row, self.column.get(name, name), value, "too_long", "corrected"
                )
                setattr(one, name, value[:most])

    def _home(self, one: Person, values: dict[str, Any]) -> None:
        """Put the person into a home: that of the household number, else everybody of one address."""
        town, address = self._address(one, values)
        if not one.household:
            if "household" in self.spoken:
                self.found.tell(
                    one.row, self.column["household"], one.name, "no_household", "corrected"
                )
            told = f"{town}|{address}".encode()
            one.household = "A" + hashlib.sha256(told).hexdigest()[:12].upper()
        known = self.found.homes.get(one.household)
        if known is None:
            self.found.homes[one.household] = Home(
                one.row, one.household, town, address, values.get("latitude"), values.get("longitude"),
                values.get("storeys"), values.get("floor"),
            )  # fmt: skip
        elif (known.town, known.address) != (town, address) and not one.left_on:
            if (
                known.town is None
            ):  # a row whose town can be read places the home better than the first
                known.town, known.address = town, address
            self.found.tell(one.row, self.column.get("address", self.column.get("town", "")), address,
                            "addresses_differ", detail=f"世帯 {one.household}（{known.row}行目）")  # fmt: skip

    def _address(self, one: Person, values: dict[str, Any]) -> tuple[Any, str]:
        """Return town and the rest of the address, noting what cannot be read."""
        get = values.get
        parts = [get("address") or "", get("town_code") or "", get("town") or "", get("block") or "",
                 get("house") or "", get("building") or ""]  # fmt: skip
        whole = "\0".join(parts)
        known = self.addresses.get(whole)
        if known is None:
            known = self.addresses[whole] = self._located(*parts)
        if known[0] is None and not one.left_on:
            column = self.column.get("address", self.column.get("town", ""))
            told = "".join(parts[i] for i in (0, 2, 3))
            self.found.tell(one.row, column, told, "town_unknown" if told else "no_address")
        return known

    def _located(
        self, address: str, code: str, town: str, block: str, house: str, building: str
    ) -> tuple[Any, str]:
        """Find the town by its code, else by name."""
        joined = "-".join(filter(None, (block, house)))
        key = self.towns.by_code(code) if code else None
        if key is not None and not address:
            return key, " ".join(filter(None, (joined, building)))[:200]
        found = self.towns.find(address or f"{town}{joined}")
        rest = " ".join(filter(None, (found.rest, building)))[:200]
        return (found.town if found.town is not None else key), rest
