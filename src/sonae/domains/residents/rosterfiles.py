"""Files of the roster and of plans (名簿・個別避難計画の取り込み): the same draft, report and yes as the register's.

People are told by 宛名番号, else by name and birth date together when only one resident has both.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sonae.domains.municipalities.interface import announce_change, renew_register_version
from sonae.domains.residents import homes as placing
from sonae.domains.residents import plans, register, shields
from sonae.domains.residents.models import (
    AssistanceRegistrant,
    EvacuationPlan,
    RegisterEdition,
    Resident,
    ResidentHistory,
)
from sonae.domains.residents.rules import name_key
from sonae.engines.register import reading
from sonae.engines.register.difference import FEW, MANY_GONE, Change
from sonae.engines.register.mappings import Mapping as Columns
from sonae.engines.register.reading import Person, Reading

EXAMPLES: Final = 100
_PLAN_ITEMS: Final = {"destination": "destination", "route": "route", "measures": "measures"}
_HELPER_ITEMS: Final = {"supporter": "name", "supporter_address": "address", "supporter_phone": "phone",
                        "supporter_relation": "relation"}  # fmt: skip


@dataclass
class Found:
    """A file of the roster or of plans, compared: ``changes`` have whole entries before and after.

    ``kept``: entries that the file lacks, but one of its rows is of nobody can tell whom.
    """

    read: Reading
    changes: list[Change] = field(default_factory=list)
    present: int = 0
    same: int = 0
    shielded: frozenset[int] = frozenset()
    kept: int = 0
    names: Mapping[int, tuple[str, str]] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Return counts, items, doubts and examples, as `differences.Found` does."""
        entries = [one for one in self.changes if one.item == "registrant"]
        gone = sum(one.after is None for one in entries)
        counts = {
            "present": self.present, "new": sum(one.before is None for one in entries), "gone": gone,
            "changed": len({one.pk for one in self.changes if one.before and one.after}), "same": self.same,
            "plans": sum(one.item == "plan" for one in self.changes), "left_out": self.read.left_out,
            "rows": self.read.rows,
        }  # fmt: skip
        doubts = []
        if self.present >= FEW and gone > MANY_GONE * self.present:
            doubts.append(
                {
                    "key": "many_gone",
                    "code": "many_gone",
                    "count": gone,
                    "total": self.present,
                    "item": "",
                }
            )
        if self.read.left_out:
            doubts.append({"key": "left_out", "code": "left_out", "count": self.read.left_out,
                           "total": self.read.rows, "item": ""})  # fmt: skip
        if self.kept:
            doubts.append({"key": "nobody_gone", "code": "nobody_gone", "count": self.kept,
                           "total": self.present, "item": ""})  # fmt: skip
        items = Counter(name for one in self.changes for name in _differing(one))
        return {
            "counts": counts,
            "items": dict(items.most_common()),
            "doubts": doubts,
            **self._examples(),
        }

    def shown(self) -> list[int]:
        """Return the first people whose changes are shown as examples."""
        seen = dict.fromkeys(one.pk for one in self.changes if one.pk not in self.shielded)
        return list(seen)[:EXAMPLES]

    def _examples(self) -> dict[str, Any]:
        told: dict[int, list[list[Any]]] = {pk: [] for pk in self.shown()}
        for one in self.changes:
            if one.pk in told:
                before, after = one.before or {}, one.after or {}
                told[one.pk] += [
                    [name, before.get(name), after.get(name)] for name in _differing(one)
                ]
        rows = [{"pk": pk, "name": self.names[pk][0], "number": self.names[pk][1], "told": list_}
                for pk, list_ in told.items()]  # fmt: skip
        return {"changed": rows, "left": [], "new": [], "homes": []}

    def write(self, edition: RegisterEdition) -> None:
        """Write everything; called inside the transaction of `editions.apply`."""
        _write(self.changes, edition.decided_by)
        register.remember(self.changes, "resident", edition.decided_by, edition.pk)
        renew_register_version()
        announce_change("register")


def _differing(one: Change) -> list[str]:
    """Return the items that differ between two entries."""
    before, after = one.before or {}, one.after or {}
    return [name for name in {**before, **after} if before.get(name) != after.get(name)]


def _write(changes: Iterable[Change], by: str) -> None:
    """Write entries before their plans, and remove plans with their entries."""
    for one in sorted(changes, key=lambda c: c.item == "plan"):
        if one.item == "registrant":
            plans.write_registrant(one.pk, one.after)
        elif one.after is not None or AssistanceRegistrant.objects.filter(resident=one.pk).exists():
            plans.write_plan(one.pk, one.after, by)


def found(raw: bytes, name: str, mapping: Columns, *, whole: bool, purpose: str) -> Found:
    """Read a file of the roster or of plans and compare it with what is held."""
    read = reading.read(raw, name, purpose, mapping, placing.finder(), partial=not whole)
    people, named = _told(read)
    made = Found(
        read,
        shielded=frozenset(Resident.objects.filter(shielded=True).values_list("pk", flat=True)),
    )
    entries = {one.resident_id: one for one in AssistanceRegistrant.objects.all()}
    made.present = len(entries)
    held = {one.registrant.resident_id: one for one in
            EvacuationPlan.objects.select_related("registrant").prefetch_related("supporter_set")}  # fmt: skip
    for pk, rows in people.items():
        count = len(made.changes)
        _compare(made, pk, rows, plans.as_json(entries.get(pk)))
        if purpose == "plans":
            _compare_plan(made, pk, rows, plans.plan_json(held.get(pk)))
        made.same += len(made.changes) == count
    if whole and purpose == "registrants":
        lacking = entries.keys() - people.keys() - named
        made.kept = len(lacking) if read.unkeyed else 0
        for pk in () if read.unkeyed else lacking:
            made.changes.append(Change(pk, "registrant", plans.as_json(entries[pk]), None))
            if pk in held:
                made.changes.append(Change(pk, "plan", plans.plan_json(held[pk]), None))
    shields.silence(read)
    shown = Resident.held.filter(pk__in=made.shown()).values_list("pk", "name", "number")
    made.names = {pk: (name, number) for pk, name, number in shown}
    return made


def _compare(made: Found, pk: int, rows: Sequence[Person], before: dict[str, Any] | None) -> None:
    """Compare the legal items of one person with what the rows say; blanks take nothing away."""
    said = {name: value for row in rows for name, value in (row.extra or {}).items()
            if name in plans.REGISTRANT and value not in ("", None)}  # fmt: skip
    if before is None and not said.get("reason"):
        made.read.tell(rows[0].row, "", rows[0].name, "no_reason")
    blank = {name: False if name == "wheelchair" else "" for name in plans.REGISTRANT}
    after = plans.cut({**(before or blank), **said})
    if before != after:
        made.changes.append(Change(pk, "registrant", before, after))


def _compare_plan(
    made: Found, pk: int, rows: Sequence[Person], before: dict[str, Any] | None
) -> None:
    """Compare the plan of one person; each row may name one supporter."""
    said = {name: value for row in rows for name, value in (row.extra or {}).items()
            if name in _PLAN_ITEMS and value}  # fmt: skip
    helpers = []
    for row in rows:
        one = {to: (row.extra or {}).get(item, "") for item, to in _HELPER_ITEMS.items()}
        if one["name"]:
            helpers.append({**plans.cut(one), "agreed": False})
    old = before or {**dict.fromkeys(plans.PLAN, ""), "supporters": []}
    known = {one["name"]: one["agreed"] for one in old["supporters"]}
    helpers = [{**one, "agreed": known.get(one["name"], False)} for one in helpers]
    after = {**old, **plans.cut(said), "supporters": helpers or old["supporters"]}
    if after != old or (before is None and (said or helpers)):
        made.changes.append(Change(pk, "plan", before, after))


def _told(read: Reading) -> tuple[dict[int, list[Person]], set[int]]:
    """Return resident → rows, and whom a row left out may mean; note rows of nobody and of several."""
    keyed = "number" in read.fields
    column = "number" if keyed else "resident_id"
    by_key: dict[str, int] = {}
    by_name: dict[tuple[str, str], list[int]] = defaultdict(list)
    left: dict[str, int] = {}
    rows = Resident.held.values_list("pk", column, "name_key", "birth_date", "left_on")
    for pk, key, name, birth, left_on in rows.iterator(chunk_size=4000):
        if left_on:
            left[key] = pk
            continue
        if key:
            by_key[key] = pk
        by_name[name, birth].append(pk)
    people: dict[int, list[Person]] = defaultdict(list)
    named: set[int] = set()
    for one in read.people.values():
        if not one.row:
            meant = by_key.get(one.key, left.get(one.key))
            read.unkeyed += meant is None
            named |= {meant} if meant is not None else set()
            continue
        pks = [by_key[one.key]] if one.key in by_key else []
        if not one.key:
            pks = by_name.get((name_key(one.name), one.birth.key), [])
        if len(pks) == 1:
            people[pks[0]].append(one)
            continue
        # A number of nobody may be mistyped: whoever has that name and birth date stays.
        alike = by_name.get((name_key(one.name), one.birth.key), [])
        may = [left[one.key]] if one.key and one.key in left else alike
        named.update(may)
        read.unkeyed += not may
        read.left_out += 1
        read.tell(
            one.row,
            "",
            one.key or one.name,
            "several_people" if pks else "unknown_person",
            "left_out",
        )
    return people, named


def undo(edition: RegisterEdition, by: str) -> None:
    """Write back every entry and plan as it was before the edition."""
    rows = ResidentHistory.objects.filter(edition=edition.pk).order_by("-pk")
    back = [Change(row.resident_id or 0, row.item, row.after, row.before) for row in rows]
    _write(back, by)
    register.remember(back, "resident", by, edition.pk)
    renew_register_version()
    announce_change("register")
