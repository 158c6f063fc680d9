"""PFIF: every version is read, what is written is read back, and hostile files are refused whole."""

from __future__ import annotations

import csv
import io
import re
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core.errors import SonaeError
from sonae.engines.pfif import model, reading, writing
from sonae.engines.pfif.model import Defect, Record
from tests.conftest import real_data

ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(
    raw: bytes, *, domains: tuple[str, ...] = (), photos: bool = False
) -> tuple[list[Record], list[Defect]]:
    found = list(reading.read(io.BytesIO(raw), domains=domains, photos=photos))
    return (
        [one for one in found if isinstance(one, Record)],
        [one for one in found if isinstance(one, Defect)],
    )


def person(version: str = "1.4", **fields: str) -> bytes:
    shown = {
        "person_record_id": "a.example/person.1",
        "source_date": "2026-07-01T00:00:00Z",
        "full_name": "備 太郎",
        **fields,
    }
    inner = "".join(f"<p:{name}>{text}</p:{name}>" for name, text in shown.items() if text)
    return f'<p:pfif xmlns:p="http://zesty.ca/pfif/{version}"><p:person>{inner}</p:person></p:pfif>'.encode()


@pytest.mark.parametrize(
    ("name", "persons", "notes"),
    [
        ("global-test.pfif-1.2-source.xml", 1, 0),
        ("test.pfif-1.1.xml", 1, 2),
        ("test.pfif-1.2-badrecord.xml", 2, 4),
        ("test.pfif-1.2-believed-dead.xml", 0, 1),
        ("test.pfif-1.2-note.xml", 0, 2),
    ],
)
def test_the_official_samples_are_read(name: str, persons: int, notes: int) -> None:
    records, defects = read(real_data("people", "pfif", name).read_bytes())
    kinds = [one.kind for one in records]
    assert (kinds.count("person"), kinds.count("note")) == (persons, notes)
    assert {one.problem for one in defects} <= {"photo"}
    for one in records:
        assert set(one.fields) <= set(model.FIELDS[one.kind])


def test_old_names_become_those_of_1_4() -> None:
    records, _ = read(real_data("people", "pfif", "test.pfif-1.1.xml").read_bytes())
    whole = next(one for one in records if one.kind == "person")
    assert whole.fields["given_name"] == "_test_first_name"
    assert whole.fields["home_postal_code"] == "_test_home_zip"
    assert whole.fields["full_name"] == "_test_first_name _test_last_name"
    assert whole.fields["home_city"] == "_test_home_city"
    note = next(one for one in records if one.kind == "note")
    assert note.fields["author_made_contact"] == "true"
    assert note.fields["person_record_id"] == whole.id, "a note inside belongs to its person"


def test_records_of_other_domains_are_left_out_and_named() -> None:
    raw = real_data("people", "pfif", "test.pfif-1.2-badrecord.xml").read_bytes()
    records, defects = read(raw, domains=("test.google.com",))
    assert [one.id for one in records if one.kind == "person"] == ["test.google.com/person.21009"]
    [bad] = [one for one in defects if one.problem == "other_domain"]
    assert (bad.value, bad.action) == ("foo.google.com/person.666", "left_out")
    assert bad.to_json()["record"] == "foo.google.com/person.666"


@pytest.mark.parametrize("version", model.VERSIONS)
def test_every_version_is_read(version: str) -> None:
    [one], _ = read(person(version))
    assert one.fields["full_name"] == "備 太郎"


def test_a_family_name_comes_first_where_its_script_says_so() -> None:
    [one], _ = read(person("1.2", full_name="", first_name="太郎", last_name="備"))
    assert one.fields["full_name"] == "備 太郎"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"person_record_id": "no-domain"}, "bad_id"),
        ({"person_record_id": ""}, "missing"),
        ({"source_date": "2026/7/1"}, "bad_date"),
        ({"source_date": "2026-13-01T00:00:00Z"}, "bad_date"),
        ({"full_name": ""}, "missing"),
    ],
)
def test_what_is_needed_and_wrong_leaves_the_record_out(
    fields: dict[str, str], problem: str
) -> None:
    records, [defect] = read(person(**fields))
    assert (records, defect.problem, defect.action) == ([], problem, "left_out")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"sex": "男"}, "bad_value"),
        ({"age": "old"}, "bad_value"),
        ({"expiry_date": "soon"}, "bad_date"),
        ({"photo_url": "https://a.example/x.jpg"}, "photo"),
        ({"shoe_size": "25"}, "unknown_field"),
        ({"description": "x" * 20_001}, "too_long"),
    ],
)
def test_what_is_wrong_beside_it_costs_only_the_field(fields: dict[str, str], problem: str) -> None:
    [one], [defect] = read(person(**fields))
    assert defect.problem == problem
    assert defect.record == one.id
    kept = one.fields.get(next(iter(fields)), "")
    assert len(kept) == (20_000 if problem == "too_long" else 0)


def test_pictures_are_kept_only_where_allowed() -> None:
    [one], defects = read(person(photo_url="https://a.example/x.jpg"), photos=True)
    assert (one.fields["photo_url"], defects) == ("https://a.example/x.jpg", [])


def test_an_expired_record_shrinks_to_its_id_and_dates() -> None:
    [one], _ = read(person(expiry_date="2026-07-02T00:00:00Z", sex="male"))
    day = datetime(2026, 7, 2, tzinfo=UTC)
    assert one.expired(day)
    assert not one.expired(day.replace(day=1))
    assert set(one.tombstone().fields) == {"person_record_id", "source_date", "expiry_date"}
    [grave], defects = read(person(full_name="", expiry_date="2026-07-02T00:00:00Z"))
    assert (grave.fields.keys(), defects) == (one.tombstone().fields.keys(), [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932", "euc_jp"])
def test_encodings(encoding: str) -> None:
    name = {"cp932": "Shift_JIS", "euc_jp": "EUC-JP"}.get(encoding, encoding.partition("-sig")[0])
    text = f'<?xml version="1.0" encoding="{name}"?>\n' + person().decode()
    [one], _ = read(text.encode(encoding))
    assert one.fields["full_name"] == "備 太郎"


def test_forbidden_characters_are_taken_out_wherever_the_pieces_end() -> None:
    for padding in range(65_500, 65_560, 4):
        raw = person(description="x" * 10 + "&#11;&#x0;\x0b&#12354;")
        raw = raw.replace(b"<p:person>", b"<p:person>" + b" " * (4 * 65_536 + padding - len(raw)))
        [one], _ = read(raw)
        assert one.fields["description"] == "x" * 10 + "あ"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty"),
        (b"hello", "not_xml"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]>' + person(), "doctype"),
        (b"<!-- <x> --><!doctype x>" + person(), "doctype"),
        (('<?xml version="1.0"?><!DOCTYPE x>' + person().decode()).encode("utf-16"), "doctype"),
        (person()[:-20], "truncated"),
        (person().replace(b"</p:sex>", b""), "ok"),
        (b"<html/>", "not_pfif"),
        (person("1.5"), "not_pfif"),
        (person().replace(b"zesty.ca", b"evil.example"), "not_pfif"),
        (b"<a>" * 400, "not_pfif"),
        (person(description="<p:x/>" * 600), "too_many_fields"),
        (person(full_name="\xff").replace("ÿ".encode(), b"\xff"), "encoding"),
    ],
)
def test_hostile_files_are_refused_whole_or_read(raw: bytes, code: str) -> None:
    if code == "ok":
        assert read(raw)[0]
        return
    with pytest.raises(SonaeError) as refused:
        read(raw)
    assert refused.value.code == code


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(raw: bytes) -> None:
    for body in (raw, person().replace("備".encode(), raw)):
        try:
            read(body)
        except SonaeError as refused:
            assert refused.detail


TEXTS = st.text(max_size=30)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(
    lambda at: model.written(at.replace(tzinfo=UTC))
)


@given(st.lists(st.tuples(TEXTS, TEXTS, MOMENTS, TEXTS), max_size=5))
def test_what_is_written_is_read_back(rows: list[tuple[str, str, str, str]]) -> None:
    """Equal but for what XML cannot say, and for space at the ends."""
    given_: list[tuple[Record, list[Record]]] = []
    for number, (name, place, at, said) in enumerate(rows):
        own = f"備.example/p{number}".replace("備", "sonae")
        fields = {"person_record_id": own, "source_date": at, "full_name": f"n{name}"}
        note = {
            "note_record_id": f"sonae.example/n{number}", "person_record_id": own, "author_name": "市",
            "source_date": at, "text": f"t{said}", "last_known_location": place,
        }  # fmt: skip
        given_.append((Record("person", fields), [Record("note", note)]))
    found, defects = read("".join(writing.as_xml(given_)).encode())
    assert defects == []
    expected = [one for whole, notes in given_ for one in (*notes, whole)]
    assert [(one.kind, one.fields) for one in found] == [
        (one.kind, {key: text for key, value in one.fields.items() if (text := _legal(value))})
        for one in expected
    ]


def _legal(text: str) -> str:
    """What XML keeps of a text: no forbidden characters, line ends as one sign, no space around."""
    return ILLEGAL.sub("", text).replace("\r\n", "\n").replace("\r", "\n").strip()


def test_csv_has_the_official_heading_and_computes_nothing() -> None:
    fields = {
        "person_record_id": "a.example/1",
        "full_name": "=1+1",
        "source_date": "2026-07-01T00:00:00Z",
    }
    text = "".join(writing.as_csv([(Record("person", fields), [])]))
    [row] = csv.DictReader(io.StringIO(text))
    assert tuple(row) == model.PERSON_FIELDS
    assert row["full_name"] == "'=1+1"


class Endless:
    """A file of any number of persons that never lies in memory or on disk."""

    def __init__(self, count: int) -> None:
        body = person()
        self._head, one = body[: body.index(b"<p:person>")], body[body.index(b"<p:person>") :]
        self._one = one.removesuffix(b"</p:pfif>")
        self._parts: Iterator[bytes] = self._all(count)

    def _all(self, count: int) -> Iterator[bytes]:
        yield self._head
        for start in range(0, count, 500):
            yield b"".join(
                self._one.replace(b"person.1", b"person.%d" % n) for n in range(start, start + 500)
            )
        yield b"</p:pfif>"

    def read(self, _size: int = -1) -> bytes:
        return next(self._parts, b"")


def test_a_long_file_needs_no_more_memory_than_a_short_one() -> None:
    def peak(count: int) -> tuple[int, int]:
        tracemalloc.start()
        read_ = sum(
            isinstance(one, Record) for one in reading.read(cast("BinaryIO", Endless(count)))
        )
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return read_, most

    (few, small), (many, large) = peak(1000), peak(10_000)
    assert (few, many) == (1000, 10_000)
    assert large < 2 * small + 1_000_000
