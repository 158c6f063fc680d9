"""What a file of the register would do here, and doing it: the pure difference with rows of the database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from django.db.models import Q, QuerySet

from sonae.core import clock
from sonae.domains.municipalities.interface import announce_change, renew_register_version, towns
from sonae.domains.residents import homes as placing
from sonae.domains.residents import register, shields
from sonae.domains.residents.models import (
    Household,
    RegisterEdition,
    Resident,
    ResidentHistory,
)
from sonae.engines.register import difference as engine
from sonae.engines.register import reading
from sonae.engines.register.difference import Change, Difference, Held, HeldHome
from sonae.engines.register.mappings import Mapping as Columns
from sonae.engines.register.reading import Home, Person, Reading

EXAMPLES: Final = 100
_HOUSEHOLD = "household"


@dataclass
class Found:
    """A file read and compared: ``read`` what it says, ``made`` what it would change here."""

    read: Reading
    made: Difference
    home_keys: Mapping[str, int]

    def summary(self) -> dict[str, Any]:
        """Return counts, items, doubts and examples as JSON data; nobody shielded is an example."""
        made = self.made
        unplaced = sum(one.place in ("town", "none") for one in made.places.values())
        counts = {
            "present": made.present, "new": len(made.new), "changed": len(made.changed),
            "moved": len(made.moved - made.left), "gone": len(made.gone), "left": len(made.left - made.gone),
            "back": len(made.back), "same": made.same, "left_out": self.read.left_out, "rows": self.read.rows,
            "homes_new": len(made.homes_new), "homes_changed": len({one.pk for one in made.home_changes}),
            "homes": len(self.read.homes), "unplaced": unplaced, "before": made.before,
        }  # fmt: skip
        doubts = engine.doubts(made, self.read, unplaced=unplaced)
        return {
            "counts": counts, "items": dict(made.by_item().most_common()),
            "doubts": [{"key": one.key, **one.__dict__} for one in doubts], **_examples(self),
        }  # fmt: skip

    def write(self, edition: RegisterEdition) -> None:
        """Write everything; called inside the transaction of `editions.apply`."""
        made, by = self.made, edition.decided_by
        keys = dict(self.home_keys)
        keys.update(_new_homes(made.homes_new, made.places))
        homes = _towned(made.home_changes)
        _new_people(made.new, keys, edition)
        old_homes = {one.pk: one for one in made.changes if one.item == _HOUSEHOLD}
        plain = [one for one in made.changes if one.item != _HOUSEHOLD]
        moves = [
            Change(pk, _HOUSEHOLD, None, keys[str(one.after)]) for pk, one in old_homes.items()
        ]
        register.write_changes(Resident, [*plain, *moves])
        register.write_changes(Household, [*homes, *_snapped_anew(homes)])
        register.remember(made.changes, "resident", by, edition.pk)
        register.remember(homes, _HOUSEHOLD, by, edition.pk, prefix="home.")
        shields.begin_many(made.shields, by)
        shields.end_many(made.lifted, by)
        register.settle_homes(clock.today().isoformat())
        renew_register_version()
        announce_change("register")


def found(raw: bytes, name: str, mapping: Columns, *, whole: bool) -> Found:
    """Read a file of the register and compare it with the people here."""
    read = reading.read(raw, name, "register", mapping, placing.finder(), partial=not whole)
    by_number = "number" in read.fields
    keys_asked = None if whole else [*read.people]
    made = engine.compare(
        _held(by_number, keys_asked), read, whole=whole, today=clock.today().isoformat()
    )
    made.total = made.present if whole else Resident.objects.count()
    for one in made.unknown:
        read.tell(
            one.row,
            "",
            one.key,
            "unknown_person",
            "left_out" if one.change == "gone" else "corrected",
        )
    for one in made.already:
        read.tell(one.row, "", one.key, "already_there", "corrected")
    numbers = None if whole else {*read.homes, *(one.household for one in read.people.values())}
    keys = dict(_among(Household.held.order_by(), "number", numbers, "number", "pk"))
    used = {
        one.household
        for one in read.people.values()
        if one.row and not one.left_on and one.household
    }
    placer = placing.Placer()
    engine.compare_homes(
        made, _held_homes(None if whole else read.homes), read.homes, used, placer.place
    )
    for home in placer.strange:
        read.tell(home.row, "", f"{home.latitude}, {home.longitude}", "bad_position", "left_out")
    _without_home(made, read, keys)
    shields.silence(read)
    return Found(read, made, keys)


def _among(
    rows: QuerySet[Any], column: str, values: Iterable[str] | None, *fields: str
) -> Iterator[tuple[Any, ...]]:
    """Walk fields of the rows in which a column has one of the values (None: all), a few at a time."""
    if values is None:
        yield from rows.values_list(*fields).iterator(chunk_size=4000)
        return
    asked = iter(values)
    while part := list(islice(asked, 500)):
        yield from rows.filter(**{f"{column}__in": part}).values_list(*fields)


def _held(by_number: bool, keys: Iterable[str] | None) -> Iterator[Held]:
    """Walk everybody ever held, or those with these keys."""
    key = "number" if by_number else "resident_id"
    columns = ("household__number", "left_on", "left_reason", "shielded", *engine.COLUMNS)
    for row in _among(Resident.held.order_by(), key, keys, "pk", key, *columns):
        yield Held(*row[:6], row[6:])  # type: ignore[call-arg]


def _held_homes(numbers: Iterable[str] | None) -> Iterator[HeldHome]:
    """Walk all households, or those with these numbers."""
    columns = ("town_id", "address", "latitude", "longitude", "place", "storeys", "floor")
    for row in _among(Household.held.order_by(), "number", numbers, "pk", "number", *columns):
        yield HeldHome(*row)


def _without_home(made: Difference, read: Reading, keys: Mapping[str, int]) -> None:
    """Leave out new people, and moves, into a home of which nothing is known: no address, no place."""
    known = keys.keys() | {one.number for one in made.homes_new}
    for one in [one for one in made.new if one.household not in known]:
        made.new.remove(one)
        read.left_out += 1
        read.tell(one.row, "", one.key, "no_address", "left_out")
    lost = {one.pk for one in made.changes if one.item == _HOUSEHOLD and one.after not in known}
    if lost:
        made.changes = [one for one in made.changes if one.item != _HOUSEHOLD or one.pk not in lost]
        made.moved -= lost


def _new_homes(made: Sequence[Home], places: Mapping[str, engine.Place]) -> dict[str, int]:
    """Insert new households; return number → primary key."""
    if not made:
        return {}
    unread = placing.unread_town() if any(one.town is None for one in made) else 0
    at = [places[one.number] for one in made]
    codes = Household.held.values_list("card_code", flat=True)
    keys = register.insert_homes({
        "number": [one.number for one in made], "town_id": [one.town or unread for one in made],
        "address": [one.address for one in made], "latitude": [one.latitude for one in at],
        "longitude": [one.longitude for one in at], "place": [one.place for one in at],
        "storeys": [one.storeys for one in made], "floor": [one.floor for one in made],
        "card_code": register.new_ids(len(made), "H", codes),
    })  # fmt: skip
    return {one.number: key for one, key in zip(made, keys, strict=True)}


def _new_people(made: Sequence[Person], homes: Mapping[str, int], edition: RegisterEdition) -> None:
    """Insert new residents, with the shields that come with them."""
    if not made:
        return
    count = len(made)
    taken = Resident.held.values_list("resident_id", flat=True)
    ids = iter(register.new_ids(sum(not one.resident_id for one in made), "R", taken))
    keys = register.insert_people({
        "number": [one.number for one in made],
        "resident_id": [one.resident_id or next(ids) for one in made],
        "household_id": [homes[one.household] for one in made],
        **{name: [getattr(one, name) for one in made]
           for name in ("name", "former_name", "kana", "sex", "relation", "phone", "email", "language")},
        "birth_date": [one.birth.key for one in made], "birth_written": [one.birth.written for one in made],
        "birth_first": [one.birth.first for one in made], "birth_last": [one.birth.last for one in made],
        "channel": ["email" if one.email else "none" for one in made], "card_number": [""] * count,
        "shielded": [bool(one.shielded) for one in made], "added_in_id": [edition.pk] * count,
    })  # fmt: skip
    shields.begin_many(
        [(key, one.shield) for key, one in zip(keys, made, strict=True) if one.shielded],
        edition.decided_by,
    )


def _towned(changes: Sequence[Change]) -> list[Change]:
    """Return the changes of homes with the town for addresses that name none in place of nothing."""
    if not any(one.item == "town" and one.after is None for one in changes):
        return list(changes)
    unread = placing.unread_town()
    return [
        one._replace(after=unread) if one.item == "town" and one.after is None else one
        for one in changes
    ]


def _snapped_anew(changes: Sequence[Change]) -> list[Change]:
    """Return what makes the planner look up the way to homes that have moved."""
    moved = sorted({one.pk for one in changes if one.item in ("latitude", "longitude")})
    return [Change(pk, item, None, None) for pk in moved for item in ("node", "node_metres")]


# --- examples for the page ---------------------------------------------------------------------


def _examples(found: Found) -> dict[str, Any]:
    """Return some of what changes, in rows for the page; shielded people and their homes are not among them."""
    made, read = found.made, found.read
    hidden = set(Resident.held.filter(shielded=True).values_list("pk", flat=True))
    hidden |= {pk for pk, _ in made.shields} | set(made.lifted)
    by_person: dict[int, list[Change]] = defaultdict(list)
    for one in made.changes:
        if one.pk not in hidden and (one.pk in by_person or len(by_person) < 4 * EXAMPLES):
            by_person[one.pk].append(one)
    stay = [pk for pk in by_person if pk not in made.left][:EXAMPLES]
    leave = [pk for pk in by_person if pk in made.left][:EXAMPLES]
    names = {pk: (name, number) for pk, name, number in
             Resident.held.filter(pk__in=[*stay, *leave]).values_list("pk", "name", "number")}  # fmt: skip
    new = [one for one in made.new if not one.shielded][:EXAMPLES]
    return {
        "changed": [{"pk": pk, "name": names[pk][0], "number": names[pk][1],
                     "told": [[c.item, c.before, c.after] for c in by_person[pk]]} for pk in stay],
        "left": [{"pk": pk, "name": names[pk][0], "number": names[pk][1],
                  "told": [[c.item, c.before, c.after] for c in by_person[pk]]} for pk in leave],
        "new": [{"name": one.name, "number": one.key, "kana": one.kana, "birth": one.birth.written or one.birth.key}
                for one in new],
        "homes": _home_examples(made, read),
    }  # fmt: skip


def _home_examples(made: Difference, read: Reading) -> list[dict[str, Any]]:
    """Return some of the homes whose address changes, with how many live there by the file."""
    by_home: dict[int, list[Change]] = defaultdict(list)
    for one in made.home_changes:
        if one.pk in by_home or len(by_home) < 2 * EXAMPLES:
            by_home[one.pk].append(one)
    rows = Household.held.filter(pk__in=by_home).exclude(
        Q(resident__shielded=True)
    ).values_list("pk", "number")  # fmt: skip
    size = Counter(one.household for one in read.people.values() if one.row and not one.left_on)
    names = {one.pk: one.name for one in towns()}
    return [
        {"number": number, "people": size[number],
         "told": [[c.item, *((names.get(v, placing.UNREAD_TOWN) if c.item == "town" else v)
                             for v in (c.before, c.after))] for c in by_home[pk]]}
        for pk, number in rows[:EXAMPLES]
    ]  # fmt: skip


# --- undo --------------------------------------------------------------------------------------


def changed_since(edition: RegisterEdition) -> bool:
    """Tell whether anything the edition touched was changed again, by a person or another file."""
    own = ResidentHistory.objects.filter(edition=edition.pk)
    last = own.order_by("-pk").values_list("pk", flat=True).first() or 0
    later = ResidentHistory.objects.exclude(edition=edition.pk).filter(
        Q(resident__in=own.values("resident")) | Q(household__in=own.values("household"))
        | Q(resident__added_in=edition.pk), at__gte=edition.decided_at,
    )  # fmt: skip
    # What another edition did and took back is no change.
    later = later.exclude(edition__state="undone")
    return later.filter(pk__gt=last).exists()


def undo(edition: RegisterEdition, by: str) -> None:
    """Write back what the edition changed; who came with it has left again, so that nothing is lost.

    Shields that it lifted are back; those that it brought stay, for they may have been renewed since.
    """
    own = list(ResidentHistory.objects.filter(edition=edition.pk).order_by("pk"))
    back = {"resident": [], "household": []}  # type: dict[str, list[Change]]
    for row in own:
        if row.item == "shielded" and row.after:
            continue
        of = "resident" if row.resident_id else "household"
        pk = row.resident_id or row.household_id or 0
        back[of].append(Change(pk, row.item.removeprefix("home."), row.after, row.before))
    today = clock.today().isoformat()
    came = Resident.objects.filter(added_in=edition.pk).values_list("pk", flat=True)
    for pk in came:
        back["resident"] += [
            Change(pk, "left_on", "", today),
            Change(pk, "left_reason", "", "undone"),
        ]
    keys = dict(Household.held.values_list("number", "pk"))
    people = [
        Change(c.pk, c.item, None, keys[str(c.after)]) if c.item == _HOUSEHOLD else c
        for c in back["resident"]
    ]
    register.write_changes(Resident, people)
    register.write_changes(Household, [*back["household"], *_snapped_anew(back["household"])])
    register.remember(back["resident"], "resident", by, edition.pk)
    register.remember(back["household"], _HOUSEHOLD, by, edition.pk, prefix="home.")
    lifted = [one.pk for one in back["resident"] if one.item == "shielded"]
    shields.begin_many([(pk, ("", "", False, False)) for pk in lifted], by)
    register.settle_homes(today)
    renew_register_version()
    announce_change("register")
