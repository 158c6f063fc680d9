"""PFIF in and out: once, the newer wins, whole or nothing, forgotten in time; out only by consent."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.exchange import interface as exchange
from sonae.domains.exchange.interface import PfifEdition, PfifRecord, pfifin, pfifout
from sonae.domains.exchange.pfifin import Terms
from sonae.domains.residents.interface import Resident
from sonae.domains.rosters import interface as rosters
from sonae.domains.safety import interface as safety
from sonae.engines.pfif import reading, writing
from sonae.engines.pfif.model import Record
from sonae.platform.access import SYSTEM, Role
from sonae.platform.scope import World
from tests.conftest import real_data
from tests.domains.exchange.test_inquiries import said
from tests.fixtures import CLERK, OPERATOR, VIEWER, City, actor

pytestmark = pytest.mark.django_db
DOMAIN = "city.shiken.lg.jp"


def document(*records: tuple[dict[str, str], list[dict[str, str]]]) -> bytes:
    rows = [(Record("person", p), [Record("note", n) for n in notes]) for p, notes in records]
    return "".join(writing.as_xml(rows)).encode()


def person(local: str = "1", day: int = 1, **more: str) -> dict[str, str]:
    return {
        "person_record_id": f"a.example/{local}", "source_date": f"2026-07-0{day}T00:00:00Z",
        "full_name": "旅野 人", "date_of_birth": "1980-01-01", "home_city": "輪島市", **more,
    }  # fmt: skip


def note(
    local: str = "n1", day: int = 1, status: str = "believed_alive", of: str = "1"
) -> dict[str, str]:
    return {
        "note_record_id": f"a.example/{local}", "person_record_id": f"a.example/{of}",
        "author_name": "妹", "source_date": f"2026-07-0{day}T01:00:00Z", "text": "会った",
        "status": status, "last_known_location": "公民館",
    }  # fmt: skip


def load(raw: bytes, **terms: object) -> PfifEdition:
    row = pfifin.take_in(OPERATOR, "a.xml", raw, Terms(**terms))  # type: ignore[arg-type]
    return pfifin.confirm(OPERATOR, row.pk)


def state() -> safety.PersonState | None:
    return safety.PersonState.objects.filter(visitor__key=pfifin.visitor_key("a.example/1")).first()


def test_a_draft_changes_nothing_and_a_confirmed_one_counts_once(city: City) -> None:
    raw = document((person(), [note()]))
    row = pfifin.take_in(OPERATOR, "a.xml", raw, Terms())
    assert row.counts["new"] == 2
    assert row.counts["heard"] == 1
    assert not PfifRecord.objects.exists()
    done = pfifin.confirm(OPERATOR, row.pk)
    assert (done.state, done.content, done.counts["sightings"]) == ("in_force", None, 1)
    assert state().place == "公民館"  # type: ignore[union-attr]
    with pytest.raises(SonaeError, match="conflict"):
        pfifin.confirm(OPERATOR, row.pk)
    again = load(raw)
    assert again.counts["same_or_older"] == 2
    assert safety.Sighting.objects.count() == 1
    assert safety.Visitor.objects.count() == 1


def test_the_newer_entry_wins_in_any_order(city: City) -> None:
    files = [
        document((person(day=day, full_name=f"名 {day}"), [note(day=day, status=status)]))
        for day, status in ((1, "believed_alive"), (2, "is_note_author"), (3, "believed_missing"))
    ]
    for raw in (files[1], files[0], files[2], files[1]):
        load(raw)
    held = PfifRecord.objects.get(kind="person")
    assert held.data["full_name"] == "名 3"
    assert PfifRecord.objects.get(kind="note").data["status"] == "believed_missing"
    assert state() is None, "the newest note says that nobody has heard"
    assert PfifRecord.objects.get(kind="note").sighting is None


def test_notes_become_sightings_by_what_they_say(city: City) -> None:
    notes = [
        note("a", 1, "is_note_author"), note("b", 2, "believed_dead"),
        note("c", 2, "information_sought"),
    ]  # fmt: skip
    load(document((person(), notes)), source="other_city")
    [seen] = safety.Sighting.objects.all()
    assert (seen.status, seen.direction, seen.device) == ("safe", "report", "pfif")
    assert seen.source == ("other_city" if "other_city" in safety.SOURCES else "city")
    [dead] = pfifin.sought(OPERATOR, "believed_dead") or [None]
    assert dead is None or dead.note
    assert state().status == "safe", "nobody is dead by a note"  # type: ignore[union-attr]


def test_a_note_alone_waits_for_its_person(city: City) -> None:
    alone = b"".join(document((person(), [note()])).partition(b"<pfif:person>")[:1])
    raw = alone + "".join(writing._element(Record("note", note()), "  ")).encode() + b"</pfif:pfif>"
    assert load(raw, source="other_city").counts["sightings"] == 0
    assert load(document((person(), []))).counts["sightings"] == 1
    [seen] = safety.Sighting.objects.all()
    assert (seen.source, seen.place) == ("other_city", "公民館"), "as its own file had it"
    assert load(document((person(day=2), []))).counts["sightings"] == 0, "once"
    assert load(document((person(day=3), [note(day=2)]))).counts["sightings"] == 1


def test_real_samples_come_in_and_foreign_domains_stay_out(city: City) -> None:
    raw = real_data("people", "pfif", "test.pfif-1.2-badrecord.xml").read_bytes()
    row = load(raw, domains=("test.google.com",))
    assert row.counts["left_out"] == 1
    assert PfifRecord.objects.filter(kind="person").count() == 1
    assert {one["problem"] for one in row.defects} == {"other_domain", "photo"}
    assert "photo_url" not in PfifRecord.objects.get(kind="person").data


def test_a_broken_file_changes_nothing(city: City) -> None:
    raw = document((person(), [note()]))[:-20]
    with pytest.raises(SonaeError, match="truncated"):
        pfifin.take_in(OPERATOR, "a.xml", raw, Terms())
    with pytest.raises(SonaeError, match="truncated"):
        pfifin.import_file(OPERATOR, "a.xml", lambda: io.BytesIO(raw), Terms())
    assert not PfifRecord.objects.exists()
    assert not PfifEdition.objects.exists()
    assert not safety.Sighting.objects.exists()


def test_many_parts_in_one_transaction(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pfifin, "_AT_ONCE", 7)
    rows = [(person(str(n)), [note(f"n{n}", of=str(n))]) for n in range(40)]
    done = pfifin.import_file(OPERATOR, "a.xml", lambda: io.BytesIO(document(*rows)), Terms())
    assert (done.counts["new"], done.counts["sightings"]) == (80, 40)


def test_an_expired_person_is_forgotten(city: City) -> None:
    ends = clock.now() + timedelta(days=1)
    stated = ends.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    load(document((person(expiry_date=stated), [note("n0"), note(day=2)])))
    visitor = safety.Visitor.objects.get()
    seen = rosters.describe(OPERATOR, visitor.pk, {"name": "旅野 人", "phone": "090-1"})
    assert pfifin.expire() == 0
    with clock.using(FrozenClock(ends + timedelta(seconds=1))):
        assert pfifin.expire() == 1
        held, gone = (PfifRecord.objects.filter(kind=kind)[0] for kind in ("person", "note"))
    kept = safety.Sighting.objects.exclude(direction="void")
    assert {(one.place, one.note) for one in kept} == {("", "")} and kept.count() == 2
    seen.refresh_from_db()
    assert (seen.name, seen.phone) == ("", ""), "nor what the desk has written down of it"
    assert (held.tombstone, set(held.data)) == (
        True, {"person_record_id", "source_date", "expiry_date"},
    )  # fmt: skip
    assert (gone.tombstone, gone.data) == (True, {})
    assert state() is None
    assert set(safety.Visitor.objects.values_list("name", "address")) == {("", "")}
    load(document((person(), [note()])))
    assert PfifRecord.objects.get(kind="person").tombstone, "an older entry does not undo it"


def test_drafts_can_be_dropped_and_only_by_staff(city: City) -> None:
    row = pfifin.take_in(OPERATOR, "a.xml", document((person(), [])), Terms())
    pfifin.discard(OPERATOR, row.pk)
    with pytest.raises(SonaeError, match="conflict"):
        pfifin.confirm(OPERATOR, row.pk)
    for who in (VIEWER, CLERK):
        with pytest.raises(SonaeError, match="forbidden"):
            pfifin.take_in(who, "a.xml", b"", Terms())
        with pytest.raises(SonaeError, match="forbidden"):
            pfifin.sought(who)
    with pytest.raises(SonaeError, match="unprocessable"):
        pfifin.take_in(OPERATOR, "a.xml", b"x", Terms("hearsay"))


def test_the_two_worlds_do_not_mix(city: City) -> None:
    with city.entered(World.EXERCISE):
        load(document((person(), [note()])))
    assert not PfifRecord.objects.exists()
    load(document((person(), [note()])))
    assert safety.Sighting.objects.count() == 1


def exported() -> list[Record]:
    text = "".join(writing.as_xml(pfifout.export(OPERATOR, DOMAIN)))
    return [one for one in reading.read(io.BytesIO(text.encode())) if isinstance(one, Record)]


def agree(city: City, name: str, choice: str = "more") -> None:
    pk = city.residents[name].pk
    exchange.choices.choose(actor(Role.RESIDENT, 9, pk), pk, {"public": choice})


def test_only_who_has_agreed_is_given_out_and_leaves_as_a_tombstone(city: City) -> None:
    assert exported() == []
    for name in ("備 太郎", "佐藤 守"):
        agree(city, name)
    safety.report_self(
        [city.residents["備 太郎"].pk, city.residents["斎藤 健"].pk], "safe", actor=SYSTEM
    )
    first, whole = exported()
    assert (first.kind, first.fields["status"]) == ("note", "believed_alive")
    assert whole.fields["full_name"] == "備 太郎"
    assert "home_city" not in whole.fields, "no more than was agreed to"
    assert city.residents["備 太郎"].resident_id not in str(whole.fields)
    own = actor(Role.RESIDENT, 9, city.residents["備 太郎"].pk)
    assert consent.accesses(own, own.resident_id or 0)[0].recipient == f"PFIF（{DOMAIN}）"
    agree(city, "備 太郎", "no")
    [grave] = exported()
    assert grave.id == whole.id
    assert "full_name" not in grave.fields
    assert grave.expired(datetime.now(UTC) + timedelta(seconds=1))


def test_nothing_known_is_no_note_and_hearsay_is_called_so(city: City) -> None:
    agree(city, "備 太郎")
    taro = city.residents["備 太郎"].pk
    safety.report_self([taro], "unknown", actor=SYSTEM)
    [whole] = exported()
    assert whole.kind == "person"
    said(taro, "family")
    notes = [one.fields["text"] for one in exported() if one.kind == "note"]
    assert len(notes) == 1
    assert notes[0].endswith("が家族から聞きました。")


def test_who_becomes_shielded_leaves_and_who_always_was_never_shows(city: City) -> None:
    for name in ("備 太郎", "佐藤 守"):
        agree(city, name)
    [whole] = exported()
    Resident.objects.filter(pk=city.residents["備 太郎"].pk).update(shielded=True)
    [grave] = exported()
    assert (grave.id, "full_name" in grave.fields) == (whole.id, False)
    assert (
        AccessEvent.objects.filter(subject=city.residents["佐藤 守"].pk, decision="permit").count()
        == 0
    )


def test_who_has_moved_away_leaves_too(city: City) -> None:
    agree(city, "備 太郎")
    [whole] = exported()
    gone = city.residents["備 太郎"].pk
    Resident.held.filter(pk=gone).update(left_on="2026-07-01")
    told = AccessEvent.objects.filter(subject=gone).count()
    [grave] = exported()
    assert (grave.id, "full_name" in grave.fields) == (whole.id, False)
    assert AccessEvent.objects.filter(subject=gone).count() == told, "nothing was given out"


def test_who_was_never_given_out_leaves_no_tombstone(city: City) -> None:
    """Agreed to something, but not to the name: nothing goes out, and nothing says later that it did."""
    pk = city.residents["斎藤 健"].pk
    consent.grant(actor(Role.RESIDENT, 9, pk), pk, "public", "safety_inquiry", ["condition"])
    assert exported() == [] and exported() == []
    assert not AccessEvent.objects.filter(subject=pk, decision="permit").exists()


def test_no_export_without_a_domain_or_for_others(city: City) -> None:
    for wrong in ("", "x", "a/b.example", "-a.example"):
        with pytest.raises(SonaeError, match="unprocessable"):
            pfifout.export(OPERATOR, wrong)
    with pytest.raises(SonaeError, match="forbidden"):
        pfifout.export(VIEWER, DOMAIN)
