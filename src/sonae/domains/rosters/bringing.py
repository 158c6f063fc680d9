"""Verbs that bring a roster in (名簿の受け付け): a file, a typed sheet, pictures of paper; nothing counts yet."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.rosters.models import Roster, RosterFile, RosterLayout, RosterLine
from sonae.domains.shelters import interface as shelters
from sonae.engines.rosters import items
from sonae.engines.rosters.reading import Reading, first_line, numbered, read, read_typed
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import bulk_insert, take_turn, writing
from sonae.platform.scope import current
from sonae.platform.sealing import seal_bytes, unseal_bytes

KINDS: Final = ("paper", "file", "city", "family")
MOST_BYTES: Final = 30 * 1024 * 1024
MOST_TYPED: Final = 100
MOST_PICTURES: Final = 20
_PICTURE_SIDE: Final = 2400
_PURPOSE: Final = "roster"


@dataclass(frozen=True)
class RosterFacts:
    """What is known of a roster as a whole: where and when it was true, and who wrote it."""

    kind: str
    as_of: datetime
    facility_pk: int | None = None
    place: str = ""
    written_by: str = ""
    name: str = ""


def take_in(actor: Actor, raw: bytes, file_name: str, facts: RosterFacts) -> Roster:
    """Read a file and keep it as a draft; people count only after `taking.take_over`.

    A file that cannot be read is kept as ``refused`` with the reason. `SonaeError` ``conflict`` when the
    same bytes are here already (its ``hint`` names the roster), ``unreadable`` for wrong facts.
    """
    _check(actor, facts)
    if len(raw) > MOST_BYTES:
        raise SonaeError(
            "too_large", "ファイルは30MBまでです。", "シートや写真を分けて送ってください。"
        )
    digest = hashlib.sha256(raw).hexdigest()
    _refuse_again(digest)
    roster = _made(actor, facts, "waiting", facts.name or file_name)
    roster.digest = digest
    try:  # a long workbook takes many seconds: nobody else waits for that
        found = _read(roster, raw, file_name)
    except SonaeError as error:
        roster.state = "refused"
        roster.problem = {"error": error.code, "detail": error.detail, "hint": error.hint}
        found = Reading([], [], [], [])
        if error.code == "missing_columns":  # a person can say what the columns are (`remap`)
            found.headings = first_line(raw, file_name)
            found.mapping = [""] * len(found.headings)
    with writing():
        take_turn("rosters")
        _refuse_again(digest)
        _store(roster, found)
        if found.lines or roster.state == "refused":
            _keep_file(roster, actor, "table", file_name, "application/octet-stream", raw)
        audit.record(
            actor.id, "roster_brought", f"roster:{roster.pk}", digest=digest, state=roster.state,
            lines=len(found.lines), defects=len(found.defects),
        )  # fmt: skip
    return roster


def _check(actor: Actor, facts: RosterFacts) -> None:
    """Refuse who may not, and facts that cannot be."""
    require(actor, Audience.OPERATOR)
    if facts.kind not in KINDS:
        raise SonaeError("unreadable", "名簿の種類が選ばれていません。")
    if facts.as_of > clock.now():
        raise SonaeError(
            "unreadable", "名簿の日時が、いまより後になっています。",
            "紙に書かれた日時か、写した日時を入れてください。",
        )  # fmt: skip
    known = {one.pk for one in shelters.facilities()}
    if facts.facility_pk is not None and facts.facility_pk not in known:
        raise SonaeError("not_found", "この施設は登録されていません。")
    if facts.facility_pk is None and not facts.place.strip():
        raise SonaeError(
            "unreadable", "どこの名簿かが分かりません。", "避難所を選ぶか、場所を書いてください。"
        )


def _refuse_again(digest: str) -> None:
    """Refuse bytes that are here already."""
    same = Roster.objects.filter(digest=digest, state__in=("waiting", "taken")).first()
    if same is not None:
        raise SonaeError(
            "conflict", f"同じ内容の名簿が、もう届いています：{same.name}",
            "前の名簿を開いて続けてください。2回取り込む必要はありません。",
        )  # fmt: skip


def _made(actor: Actor, facts: RosterFacts, state: str, name: str) -> Roster:
    return Roster(
        kind=facts.kind, state=state, facility_id=facts.facility_pk, place=facts.place.strip()[:200],
        as_of=facts.as_of, written_by=facts.written_by.strip()[:120], name=name.strip()[:200],
        brought_at=clock.now(), brought_by=_name(actor),
    )  # fmt: skip


def _name(actor: Actor) -> str:
    return (actor.name or actor.id)[:120]


def _read(roster: Roster, raw: bytes, name: str) -> Reading:
    """Read a file by the mapping remembered for its headings, else by guess."""
    day = roster.as_of.astimezone(clock.JST).date()
    try:
        found = read(raw, name, as_of=day)
    except SonaeError as error:
        if error.code != "missing_columns" or (known := _layout(first_line(raw, name))) is None:
            raise
        return read(raw, name, as_of=day, mapping=known.mapping)
    known = _layout(found.headings)
    if known is not None and known.mapping != found.mapping:
        return read(raw, name, as_of=day, mapping=known.mapping)
    return found


def _layout(headings: Sequence[str]) -> RosterLayout | None:
    """Return what a person has said of a table with these headings."""
    return RosterLayout.objects.filter(signature=items.signature(headings)).first()


def _store(roster: Roster, found: Reading) -> None:
    """Put a reading in place of what the roster's draft said before."""
    roster.headings, roster.mapping = found.headings, found.mapping
    roster.defects = [one.to_json() for one in found.defects]
    roster.save()
    RosterLine.objects.filter(roster=roster).delete()
    scope, lines = current(), found.lines
    ids = [uuid7() for _ in lines]
    columns: dict[str, list[Any]] = {
        "municipality": [scope.municipality] * len(lines),
        "world": [scope.world.value] * len(lines),
        "roster_id": [roster.pk] * len(lines),
        "row": [one.row for one in lines],
        "cells": [one.cells for one in lines],
        "said": [one.said for one in lines],
        "group": [one.group for one in lines],
        "key": ids,
        "sighting": [uuid.uuid5(one, "sighting") for one in ids],
        "band": [""] * len(lines),
    }
    for item in ("name", "kana", "sex", "birth_date", "age", "address", "phone"):
        columns[item] = [one.facts[item] for one in lines]
    bulk_insert(RosterLine, columns)


def has_no_heading(roster: Roster) -> bool:
    """Tell whether a person has said that a table has no line of headings."""
    return bool(roster.headings == numbered(len(roster.headings)))


def remap(actor: Actor, roster_pk: int, mapping: Sequence[str], *, heading: bool = True) -> Roster:
    """Read a waiting file again with columns as a person says; remembered for the next like it.

    Also one in which no heading was found. ``heading`` False: its first line is somebody already; there
    is then nothing by which the next one like it could be told.
    """
    require(actor, Audience.OPERATOR)
    with writing():
        roster = waiting(roster_pk, "waiting", "refused")
    kept = RosterFile.objects.filter(roster=roster, kind="table", removed_at=None).first()
    if kept is None:
        raise SonaeError("conflict", "入力した名簿には、列の対応がありません。")
    found = read(
        unseal_bytes(_PURPOSE, bytes(kept.sealed)), kept.name, mapping=mapping, heading=heading,
        as_of=roster.as_of.astimezone(clock.JST).date(),
    )  # fmt: skip
    with writing():
        take_turn("rosters")
        roster = waiting(roster_pk, "waiting", "refused")
        roster.state, roster.problem = "waiting", {}
        _store(roster, found)
        if heading:
            RosterLayout.objects.update_or_create(
                signature=items.signature(found.headings),
                defaults={
                    "mapping": found.mapping, "headings": found.headings, "at": clock.now(),
                    "by": _name(actor),
                },
            )  # fmt: skip
        audit.record(actor.id, "roster_remapped", f"roster:{roster.pk}", mapping=found.mapping)
    return roster


def waiting(roster_pk: int, *states: str) -> Roster:
    """Return a roster that is still a draft; `SonaeError` ``not_found`` or ``conflict``."""
    roster = Roster.objects.select_for_update().filter(pk=roster_pk).first()
    if roster is None:
        raise SonaeError("not_found", "この名簿はありません。")
    if roster.state not in states:
        raise SonaeError(
            "conflict", "この名簿は、もう取り込まれたか、取りやめられています。",
            "名簿の画面で、いまの状態を確かめてください。",
        )  # fmt: skip
    return roster


def begin_typed(actor: Actor, facts: RosterFacts) -> Roster:
    """Begin a sheet that is typed from paper or from what somebody says."""
    _check(actor, facts)
    with writing():
        roster = _made(actor, facts, "typing", facts.name or "入力した名簿")
        roster.save()
        audit.record(actor.id, "roster_begun", f"roster:{roster.pk}", kind=facts.kind)
    return roster


def save_typed(
    actor: Actor,
    roster_pk: int,
    rows: Sequence[Mapping[str, str]],
    *,
    done: bool = False,
    version: str | None = None,
) -> Roster:
    """Keep what has been typed so far, as typed; ``done``: it is to be looked at before it counts.

    Each saving replaces the one before, which is the one that was seen: ``version`` as `typed_version`
    said then. `SonaeError` ``edit_conflict`` when another has been saved since, ``conflict`` for a file's
    roster, ``empty_file`` when it is done and nobody is on it.
    """
    require(actor, Audience.OPERATOR)
    if len(rows) > MOST_TYPED:
        raise SonaeError(
            "too_large", f"1枚に{MOST_TYPED}行までです。", "続きは、新しい名簿に入力してください。"
        )
    with writing():
        take_turn("rosters")
        roster = waiting(roster_pk, "typing", "waiting")
        _refuse_overwriting(roster, version)
        day = roster.as_of.astimezone(clock.JST).date()
        headings = {item: items.NAMES[item] for item in items.COLUMNS}
        found = read_typed(rows, headings, day)
        if done and not found.lines:
            raise SonaeError(
                "empty_file", "まだ1人も入力されていません。", "氏名かフリガナを入力してください。"
            )
        roster.state = "waiting" if done else "typing"
        _store(roster, found)
        _keep_typed(roster, actor, rows)
        if done:
            audit.record(actor.id, "roster_typed", f"roster:{roster.pk}", lines=len(found.lines))
    return roster


def _refuse_overwriting(roster: Roster, version: str | None) -> None:
    """Refuse a sheet that would make lines vanish which its writer has not seen."""
    if roster.digest:
        raise SonaeError(
            "conflict", "ファイルから取り込んだ名簿は、入力では直せません。",
            "ファイルを直して、もう一度送ってください。",
        )  # fmt: skip
    if version is not None and version != typed_version(roster):
        raise SonaeError(
            "edit_conflict", "この名簿は、別の画面で先に保存されています。",
            "下は、この画面の内容です。保存すると、別の画面の内容と置き換わります。",
        )  # fmt: skip


def typed_version(roster: Roster) -> str:
    """Return what tells one saving of a typed sheet from another; nothing before the first."""
    kept = RosterFile.objects.filter(roster=roster, kind="typed", removed_at=None).first()
    return kept.digest if kept else ""


def _keep_typed(roster: Roster, actor: Actor, rows: Sequence[Mapping[str, str]]) -> None:
    """Keep the sheet as typed, rows that cannot be people too: typing goes on where it ended."""
    text = "\n".join(
        "\t".join(" ".join(row.get(item, "").split()) for item in items.COLUMNS) for row in rows
    )
    RosterFile.objects.filter(roster=roster, kind="typed").delete()
    _keep_file(roster, actor, "typed", "typed.tsv", "text/tab-separated-values", text.encode())


def typed_rows(roster: Roster) -> list[dict[str, str]]:
    """Return the rows of a typed sheet as they were last saved."""
    kept = RosterFile.objects.filter(roster=roster, kind="typed", removed_at=None).first()
    if kept is None:
        return []
    text = unseal_bytes(_PURPOSE, bytes(kept.sealed)).decode()
    return [
        dict(zip(items.COLUMNS, line.split("\t"), strict=False))
        for line in text.split("\n")
        if text
    ]


def _keep_file(
    roster: Roster, actor: Actor, kind: str, name: str, content_type: str, raw: bytes
) -> RosterFile:
    return RosterFile.objects.create(
        roster=roster, kind=kind, name=name[:200], content_type=content_type,
        digest=hashlib.sha256(raw).hexdigest(), sealed=seal_bytes(_PURPOSE, raw),
        added_at=clock.now(), added_by=_name(actor),
    )  # fmt: skip


def add_picture(actor: Actor, roster_pk: int, raw: bytes, name: str) -> RosterFile:
    """Keep a photograph of the paper beside the sheet, sealed; where and by what it was taken is dropped.

    `SonaeError` ``unreadable`` for what is no picture, ``too_large``.
    """
    require(actor, Audience.OPERATOR)
    if len(raw) > MOST_BYTES:
        raise SonaeError("too_large", "写真は1枚30MBまでです。")
    plain = _as_jpeg(raw)
    with writing():
        roster = waiting(roster_pk, "typing", "waiting")
        held = RosterFile.objects.filter(roster=roster, kind="picture", removed_at=None)
        if held.count() >= MOST_PICTURES:
            raise SonaeError("too_large", f"写真は1つの名簿に{MOST_PICTURES}枚までです。")
        kept = _keep_file(roster, actor, "picture", name, "image/jpeg", plain)
        audit.record(actor.id, "roster_picture_added", f"roster:{roster.pk}", digest=kept.digest)
    return kept


def _as_jpeg(raw: bytes) -> bytes:
    """Return a picture anew: upright, no larger than can be read, without position and device (EXIF)."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(raw)) as opened:
            if opened.width * opened.height > 120_000_000:
                raise SonaeError("too_large", "写真の画素が多すぎます。", "写真を縮めてください。")
            upright = ImageOps.exif_transpose(opened).convert("RGB")
        upright.thumbnail((_PICTURE_SIDE, _PICTURE_SIDE))
        out = io.BytesIO()
        upright.save(out, "JPEG", quality=82)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise SonaeError(
            "unreadable", "写真として読めません。", "JPEGかPNGの写真を選んでください。"
        ) from error
    return out.getvalue()


def picture(actor: Actor, roster_pk: int, file_pk: int) -> bytes:
    """Return a photograph; every look is recorded."""
    require(actor, Audience.OPERATOR)
    kept = RosterFile.objects.filter(
        pk=file_pk, roster=roster_pk, kind="picture", removed_at=None
    ).first()
    if kept is None:
        raise SonaeError("not_found", "この写真はありません。")
    with writing():
        audit.record(actor.id, "roster_picture_seen", f"roster:{roster_pk}", file=file_pk)
    return unseal_bytes(_PURPOSE, bytes(kept.sealed))


def remove_pictures(actor: Actor, roster_pk: int) -> int:
    """Remove the photographs of a roster for good; their hashes stay. Return how many there were."""
    require(actor, Audience.OPERATOR)
    with writing():
        rows = RosterFile.objects.filter(roster=roster_pk, kind="picture", removed_at=None)
        gone = rows.update(sealed=b"", removed_at=clock.now())
        if gone:
            audit.record(actor.id, "roster_pictures_removed", f"roster:{roster_pk}", count=gone)
    return gone


def discard(actor: Actor, roster_pk: int) -> None:
    """Put a draft aside: its lines and pictures go, that it was here stays on record."""
    require(actor, Audience.OPERATOR)
    with writing():
        take_turn("rosters")
        roster = waiting(roster_pk, "typing", "waiting", "refused")
        RosterLine.objects.filter(roster=roster).delete()
        RosterFile.objects.filter(roster=roster, removed_at=None).update(
            sealed=b"", removed_at=clock.now()
        )
        roster.state, roster.defects = "discarded", []
        roster.save(update_fields=["state", "defects"])
        audit.record(actor.id, "roster_discarded", f"roster:{roster_pk}")
