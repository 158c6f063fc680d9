"""The register beside a file (差分): who is new, changed, moved, gone; pure, before anything is written.

A file speaks of some items only: what it has no column for keeps its value, and a blank cell takes nothing
away that people have told us themselves (phone, mail) or that only helps to find them (kana).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from sonae.engines.register.reading import Home, Person, Reading

COLUMNS: Final = (
    "name", "kana", "former_name", "birth_date", "birth_written", "birth_first", "birth_last", "sex",
    "relation", "phone", "email", "language",
)  # fmt: skip
"""Columns of a resident that a file may change, in the order of `Held.values`."""
_NEVER_BLANKED: Final = frozenset({"kana", "phone", "email", "relation"})
_BORN: Final = ("birth_date", "birth_written", "birth_first", "birth_last")
_SAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("name",), "family": ("name",), "kana": ("kana",), "kana_family": ("kana",),
    "former_name": ("former_name",), "birth": _BORN, "sex": ("sex",), "relation": ("relation",),
    "phone": ("phone",), "email": ("email",), "language": ("language",),
}  # fmt: skip
MANY_GONE: Final = 0.1
"""Beyond this share of the register gone, a second person must agree."""
MANY_CHANGED: Final = 0.2
FEW: Final = 20
"""Below so many people a share says nothing."""


class Held(NamedTuple):
    """A resident as stored. ``key``: as the file tells people; ``household``: its number."""

    pk: int
    key: str
    household: str
    left_on: str
    left_reason: str
    shielded: bool
    values: tuple[str, ...]


class HeldHome(NamedTuple):
    """A household as stored; ``place``: how its position is known."""

    pk: int
    number: str
    town: Any
    address: str
    latitude: float
    longitude: float
    place: str
    storeys: int | None
    floor: int | None


class Place(NamedTuple):
    """Where a home is put: degrees, and how that is known (home, point, town, none)."""

    latitude: float
    longitude: float
    place: str


class Change(NamedTuple):
    """One column of one row, before and after."""

    pk: int
    item: str
    before: Any
    after: Any


@dataclass
class Difference:
    """What a file would do to the register; people by primary key, new ones as read.

    ``changes``: of residents, ``household`` among them as numbers. ``left``: columns left_on and
    left_reason of who leaves; ``gone`` those of them whom a full edition no longer has; ``back`` who had
    left and lives here again. ``shields``: (pk, begin …) of new measures, ``lifted`` whose shield ends.
    ``places``: number of a home → where it lies,
    for those that are new or moved. ``unknown``: rows of people who should be there and are not. ``before``: who left before we knew them.
    ``present``: people here among those compared; ``total``: here in all, where a file names only some.
    ``kept``: lacking in a full edition, but one of its rows is of nobody can tell whom.
    """

    new: list[Person] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    left: set[int] = field(default_factory=set)
    back: set[int] = field(default_factory=set)
    moved: set[int] = field(default_factory=set)
    shields: list[tuple[int, tuple[str, str, bool, bool]]] = field(default_factory=list)
    lifted: list[int] = field(default_factory=list)
    unknown: list[Person] = field(default_factory=list)
    already: list[Person] = field(default_factory=list)
    before: int = 0
    kept: int = 0
    present: int = 0
    total: int = 0
    same: int = 0
    homes_new: list[Home] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    home_changes: list[Change] = field(default_factory=list)

    @property
    def changed(self) -> set[int]:
        """Residents who stay and of whom something changes."""
        return {one.pk for one in self.changes} - self.left - self.back

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.new or self.changes or self.home_changes or self.homes_new
                    or self.shields or self.lifted)  # fmt: skip

    def by_item(self) -> Counter[str]:
        """Return item → people of whom it changes; a birth date in words and days counts once."""
        found: Counter[str] = Counter()
        seen: set[tuple[int, str]] = set()
        for one in self.changes:
            item = "birth_date" if one.item in _BORN else one.item
            if item != "left_reason" and (one.pk, item) not in seen:
                seen.add((one.pk, item))
                found[item] += 1
        return found


def spoken(fields: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that a file with these items may change."""
    said = {column for item in fields for column in _SAYS.get(item, ())}
    return tuple(column for column in COLUMNS if column in said)


def compare(held: Iterable[Held], read: Reading, *, whole: bool, today: str) -> Difference:
    """Compare everybody ever held with a file. ``today``: ISO date for who is gone without a day."""
    found = Difference()
    columns = spoken(read.fields)
    places = {column: COLUMNS.index(column) for column in columns}
    seen: set[str] = set()
    moves = "household" in read.fields or bool(read.homes)
    for one in held:
        found.present += not one.left_on
        person = read.people.get(one.key)
        if person is None:
            if whole and not one.left_on and read.unkeyed:
                found.kept += 1
            elif whole and not one.left_on:
                found.gone.add(one.pk)
                _leave(found, one, today, "removed")
            continue
        seen.add(one.key)
        if not person.row:
            continue
        if person.change == "new" and not one.left_on:
            found.already.append(person)
        if person.left_on:
            _left(found, one, person, today)
            continue
        _compare_one(found, one, person, places, moves=moves)
    for key, person in read.people.items():
        if key not in seen and person.row:
            _unseen(found, person)
    return found


def _unseen(found: Difference, person: Person) -> None:
    """Somebody whom the register does not have."""
    if person.change == "gone":
        found.unknown.append(person)
    elif person.left_on:
        found.before += 1
    else:
        if person.change == "changed":
            found.unknown.append(person)
        found.new.append(person)


def _leave(found: Difference, one: Held, on: str, reason: str) -> None:
    found.left.add(one.pk)
    found.changes.append(Change(one.pk, "left_on", one.left_on, on))
    found.changes.append(Change(one.pk, "left_reason", one.left_reason, reason))


def _left(found: Difference, one: Held, person: Person, today: str) -> None:
    """The file says that this person has left."""
    on = today if person.left_on == "unknown" else person.left_on
    if one.left_on:
        found.same += 1
        return
    _leave(found, one, on, person.left_reason)


def _compare_one(
    found: Difference, one: Held, person: Person, places: Mapping[str, int], *, moves: bool
) -> None:
    """Compare one person who is here with the row."""
    count = len(found.changes)
    if one.left_on:
        found.back.add(one.pk)
        found.changes.append(Change(one.pk, "left_on", one.left_on, ""))
        found.changes.append(Change(one.pk, "left_reason", one.left_reason, ""))
    birth = person.birth
    for column, at in places.items():
        after = birth[_BORN.index(column)] if column in _BORN else getattr(person, column)
        before = one.values[at]
        if before != after and (after or column not in _NEVER_BLANKED):
            found.changes.append(Change(one.pk, column, before, after))
    if moves and person.household and person.household != one.household:
        found.changes.append(Change(one.pk, "household", one.household, person.household))
        found.moved.add(one.pk)
    if person.shielded is not None and person.shielded != one.shielded:
        if person.shielded:
            found.shields.append((one.pk, person.shield))
        else:
            found.lifted.append(one.pk)
        found.changes.append(Change(one.pk, "shielded", one.shielded, person.shielded))
    found.same += len(found.changes) == count


def compare_homes(
    found: Difference,
    held: Iterable[HeldHome],
    homes: Mapping[str, Home],
    used: set[str],
    place: Callable[[Home], Place],
) -> None:
    """Compare households; ``used``: numbers of homes in which somebody lives once this is in force.

    ``place`` says where a home lies; it is asked for new homes and where address or position changes. A
    home whose town cannot be read keeps the one it has, as long as the address is the same.
    """
    left = {number: home for number, home in homes.items() if number in used}
    for one in held:
        home = left.pop(one.number, None)
        if home is not None:
            _compare_home(found, one, home, place)
    found.homes_new = list(left.values())
    found.places |= {one.number: place(one) for one in found.homes_new}


def _compare_home(
    found: Difference, one: HeldHome, home: Home, place: Callable[[Home], Place]
) -> None:
    """Compare one household with what its first row says."""
    town = one.town if home.town is None and home.address == one.address else home.town
    pairs: list[tuple[str, Any, Any]] = [
        ("town", one.town, town),
        ("address", one.address, home.address),
    ]
    moved = (town, home.address) != (one.town, one.address)
    given = home.latitude is not None and (home.latitude, home.longitude) != (
        one.latitude,
        one.longitude,
    )
    if moved or given:
        at = found.places[one.number] = place(replace(home, town=town))
        if moved or at.place == "home":
            pairs += zip(Place._fields, one[4:7], at, strict=True)
    for name, old, new in (
        ("storeys", one.storeys, home.storeys),
        ("floor", one.floor, home.floor),
    ):
        if new is not None:
            pairs.append((name, old, new))
    found.home_changes += [Change(one.pk, name, old, new) for name, old, new in pairs if old != new]


@dataclass(frozen=True)
class Doubt:
    """Something that may be a mistake of the file; a person must say that it is meant."""

    code: str
    count: int
    total: int
    item: str = ""

    @property
    def key(self) -> str:
        """The name of the doubt in a form."""
        return f"{self.code}.{self.item}" if self.item else self.code


def doubts(found: Difference, read: Reading, *, unplaced: int) -> list[Doubt]:
    """Return what a person must be asked about before the file comes into force.

    ``unplaced``: homes of the file whose house nobody can place.
    """
    told = []
    if many_gone(found):
        told.append(Doubt("many_gone", len(found.left), max(found.total, found.present)))
    for item, count in sorted(found.by_item().items()):
        if item in ("left_on", "shielded"):
            continue
        if found.present >= FEW and count > MANY_CHANGED * found.present:
            told.append(Doubt("many_changed", count, found.present, item))
    if read.left_out:
        told.append(Doubt("left_out", read.left_out, read.rows))
    if found.kept:
        told.append(Doubt("nobody_gone", found.kept, found.present))
    if found.lifted:
        told.append(Doubt("shields_lifted", 0, 0))
    if unread := read.counts["shield_unread"]:
        told.append(Doubt("shields_unread", unread, read.rows))
    if read.homes and unplaced > MANY_CHANGED * len(read.homes):
        told.append(Doubt("unplaced", unplaced, len(read.homes)))
    return told


def many_gone(found: Difference) -> bool:
    """Tell whether so many leave, lacking or marked as gone, that one person must not decide."""
    total = max(found.total, found.present)
    return total >= FEW and len(found.left) > MANY_GONE * total
