"""What a PFIF record is: the fields of 1.4, their older names, and which values are in order.

Source: PFIF 1.4 specification (zesty.ca/pfif). Times are UTC, ``2011-03-11T05:46:00Z``; ids are
``domain/local``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

NAMESPACE: Final = "http://zesty.ca/pfif/"
VERSIONS: Final = ("1.1", "1.2", "1.3", "1.4")
PERSON_FIELDS: Final = (
    "person_record_id", "entry_date", "expiry_date", "author_name", "author_email", "author_phone",
    "source_name", "source_date", "source_url", "full_name", "given_name", "family_name",
    "alternate_names", "description", "sex", "date_of_birth", "age", "home_street",
    "home_neighborhood", "home_city", "home_state", "home_postal_code", "home_country", "photo_url",
    "profile_urls",
)  # fmt: skip
NOTE_FIELDS: Final = (
    "note_record_id", "person_record_id", "linked_person_record_id", "entry_date", "author_name",
    "author_email", "author_phone", "source_date", "author_made_contact", "status",
    "email_of_found_person", "phone_of_found_person", "last_known_location", "text", "photo_url",
)  # fmt: skip
FIELDS: Final = {"person": PERSON_FIELDS, "note": NOTE_FIELDS}
REQUIRED: Final = {
    "person": ("person_record_id", "source_date", "full_name"),
    "note": ("note_record_id", "person_record_id", "author_name", "source_date", "text"),
}
OLD_NAMES: Final = {
    "first_name": "given_name", "last_name": "family_name", "home_zip": "home_postal_code",
    "found": "author_made_contact", "other": "description",
}  # fmt: skip
"""Names before 1.4 → names of 1.4."""
STATUSES: Final = (
    "information_sought", "is_note_author", "believed_alive", "believed_missing", "believed_dead",
)  # fmt: skip
TOMBSTONE: Final = ("person_record_id", "entry_date", "expiry_date", "source_date")
"""What is left of a person's record once it has expired."""
PHOTOS: Final = ("photo_url", "profile_urls")
"""Addresses of pictures elsewhere: dropped unless the city has allowed them."""
PROBLEMS: Final = (
    "missing", "bad_id", "other_domain", "bad_date", "bad_value", "unknown_field", "twice", "too_long",
    "photo",
)  # fmt: skip
ACTIONS: Final = ("left_out", "kept", "dropped")
LONGEST: Final = 20_000
"""Characters of one field; more is cut off, and reported."""

_ID: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?/\S{1,180}")
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d{1,6})?Z")
_SHAPES: Final = {
    "sex": re.compile(r"male|female|other"),
    "date_of_birth": re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?"),
    "age": re.compile(r"\d{1,3}(?:-\d{1,3})?"),
    "author_made_contact": re.compile(r"true|false"),
    "home_country": re.compile(r"[A-Z]{2}"),
    "status": re.compile("|".join(STATUSES)),
}
_FAMILY_FIRST: Final = re.compile(r"[぀-ヿ㐀-鿿가-힣]")


@dataclass(frozen=True, slots=True)
class Record:
    """One person or note in the names of 1.4; ``row``: its place in the file, from 1."""

    kind: str
    fields: dict[str, str]
    row: int = 0

    @property
    def id(self) -> str:
        """The record's own id."""
        return self.fields[f"{self.kind}_record_id"]

    @property
    def domain(self) -> str:
        """Who made the record: what stands before the stroke of its id."""
        return self.id.partition("/")[0].lower()

    @property
    def source_date(self) -> datetime:
        """When its author wrote or changed it."""
        return moment(self.fields["source_date"])

    @property
    def expiry_date(self) -> datetime | None:
        """From when on nobody may keep it; None: not stated."""
        stated = self.fields.get("expiry_date")
        return moment(stated) if stated else None

    def expired(self, at: datetime) -> bool:
        """Tell whether only a tombstone may be kept."""
        end = self.expiry_date
        return end is not None and end <= at

    def tombstone(self) -> Record:
        """Return what may be kept of an expired person: the id and the three dates."""
        kept: dict[str, str] = {
            name: self.fields[name] for name in TOMBSTONE if name in self.fields
        }
        return Record(self.kind, kept, self.row)


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is not in order: which record, which field, what stood there, what was done."""

    row: int
    column: str
    value: str
    problem: str
    action: str
    record: str = field(default="")

    def to_json(self) -> dict[str, object]:
        """The defect as every report of this house writes it."""
        return {
            "row": self.row, "record": self.record, "column": self.column, "value": self.value[:200],
            "problem": self.problem, "action": self.action,
        }  # fmt: skip


def moment(text: str) -> datetime:
    """Return the moment of a PFIF time; ValueError where it is none."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3] or ''}").replace(tzinfo=UTC)


def written(at: datetime) -> str:
    """Return a moment as PFIF writes it, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def is_id(text: str) -> bool:
    """Tell whether a text is ``domain/local``."""
    return _ID.fullmatch(text) is not None


def in_order(name: str, text: str) -> bool:
    """Tell whether a field's value is of the shape that the format asks for."""
    if name.endswith("_date"):
        try:
            moment(text)
        except ValueError:
            return False
        return True
    if name.endswith("record_id"):
        return is_id(text)
    shape = _SHAPES.get(name)
    return shape is None or shape.fullmatch(text) is not None


def whole_name(fields: dict[str, str]) -> str:
    """Return the whole name of a record older than 1.3, in the order its script is read."""
    given, family = fields.get("given_name", ""), fields.get("family_name", "")
    first = (family, given) if _FAMILY_FIRST.search(family + given) else (given, family)
    return " ".join(part for part in first if part)
