"""Verbs on files of the register: take one in, read it, show what it would change, confirm.

One way for the register, the roster and the plans: file → mapping → defects → difference → a person's yes
→ one transaction. Until then the last good data stay in force; a broken or foreign file changes nothing.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import OperationalError

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.home import settle
from sonae.domains.municipalities.interface import municipality
from sonae.domains.residents import differences, previews, rosterfiles
from sonae.domains.residents.models import ColumnMapping, RegisterEdition
from sonae.engines.defects import Defect
from sonae.engines.register import mappings, reading
from sonae.engines.register.items import ITEMS, PURPOSES
from sonae.platform import audit, outbox
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import take_turn, writing
from sonae.platform.scope import current_municipality, is_exercise

READ = "register.read"
AGREED = "register.agreed"
MOST_BYTES: Final = 300 * 1024 * 1024
AT_ONCE: Final = 3000
"""So many rows are read and written while the page waits; more is the worker's, with progress."""
OPEN: Final = ("mapping", "reading", "waiting", "agreed", "applying", "failed")
FILES: Final = ("register", "registrants", "plans")
_COLUMNS_OPEN: Final = ("mapping", "waiting", "refused", "failed")
_COLUMNS_CLOSED: Final = "このファイルの列は、もう変えられません。"
_DECIDED: Final = "この版は、もう決定されています。"
log = logging.getLogger(__name__)


def allowed(actor: Actor) -> None:
    """Refuse who may not change the register, and any change from within an exercise."""
    require(actor, Audience.ADMINISTRATOR)
    if is_exercise():
        raise SonaeError(
            "conflict",
            "訓練の中では、住民情報を変えられません。",
            "住民情報は本番と訓練に共通です。本番の画面で行ってください。",
        )


def may_see(actor: Actor) -> None:
    """Files of the register are seen by who may change it and by who agrees as the second person."""
    require(actor, Audience.ADMINISTRATOR, Audience.APPROVER)


def name_of(actor: Actor) -> str:
    """Return who is recorded."""
    return (actor.name or actor.id)[:120]


def edition(actor: Actor, pk: int) -> RegisterEdition:
    """Return one edition; SonaeError ``not_found``."""
    may_see(actor)
    return _edition(pk)


def _edition(pk: int) -> RegisterEdition:
    found = RegisterEdition.objects.filter(pk=pk).first()
    if found is None:
        raise SonaeError("not_found", "この版はありません。")
    return found


def locked(pk: int, *states: str, why: str) -> RegisterEdition:
    """Return one edition, nobody else's until the transaction ends; ``conflict`` in any other state."""
    row = RegisterEdition.objects.select_for_update().filter(pk=pk).first() or _edition(pk)
    if row.state not in states:
        raise SonaeError("conflict", why, "一覧の画面で、いまの状態を確かめてください。")
    return row


def editions(purpose: str = "", limit: int = 30) -> list[RegisterEdition]:
    """Return editions, newest first, without their contents."""
    rows = RegisterEdition.objects.defer("defects", "columns").order_by("-uploaded_at", "-pk")
    return list((rows.filter(purpose=purpose) if purpose else rows)[:limit])


def in_force(purpose: str = "register") -> RegisterEdition | None:
    """Return the edition put in force last."""
    rows = RegisterEdition.objects.filter(purpose=purpose, state="in_force")
    return rows.order_by("-decided_at", "-pk").first()


def _file(pk: int) -> Path:
    return Path(settings.HOME) / "register" / f"{current_municipality()}-{pk}.file"


def _store(pk: int, raw: bytes) -> None:
    """Keep the bytes beside the database until somebody has decided, for nobody else to read."""
    file = _file(pk)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = file.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(raw)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
    settle(file.parent)


def raw_of(row: RegisterEdition) -> bytes:
    """Return the bytes of an edition nobody has decided on yet; SonaeError ``not_found`` after that."""
    try:
        return _file(row.pk).read_bytes()
    except FileNotFoundError as error:
        raise SonaeError(
            "not_found", "このファイルは、もう残っていません。", "もう一度送ってください。"
        ) from error


def _forget_file(pk: int) -> None:
    _file(pk).unlink(missing_ok=True)


def take_in(
    actor: Actor,
    raw: bytes,
    name: str,
    *,
    purpose: str = "register",
    whole: bool = True,
    as_of: str = "",
) -> RegisterEdition:
    """Take a file in: find its columns and, when they are plain, read it; nothing in force changes.

    A file that cannot be read is kept as ``refused`` with the reason. Files still undecided of the same
    purpose are put aside.
    """
    allowed(actor)
    if purpose not in FILES:
        raise SonaeError("unreadable", "ファイルの用途が選ばれていません。")
    if len(raw) > MOST_BYTES:
        raise SonaeError("too_large", f"{name}は300MBより大きいため、読みません。")
    row = RegisterEdition(
        purpose=purpose, whole=whole, file=name[:200], digest=hashlib.sha256(raw).hexdigest(), size=len(raw),
        as_of=as_of[:10], uploaded_at=clock.now(), uploaded_by=name_of(actor),
    )  # fmt: skip
    _look(row, raw)
    with writing():
        _set_aside(purpose, name_of(actor))
        row.save()
        if row.state != "refused":
            _store(row.pk, raw)
        audit.record(actor.id, "register.file_taken_in", f"edition:{row.pk}", purpose=purpose,
                     digest=row.digest, state=row.state, rows=row.rows)  # fmt: skip
    if row.state == "reading":
        _begin_reading(row)
    return row


def _set_aside(purpose: str, who: str) -> None:
    """Put files aside that nobody has decided on; a newer one has come."""
    rows = RegisterEdition.objects.filter(
        purpose=purpose, state__in=[one for one in OPEN if one != "applying"]
    )
    for pk in rows.values_list("pk", flat=True):
        _forget_file(pk)
    rows.update(state="overtaken", decided_at=clock.now(), decided_by=who)


def _look(row: RegisterEdition, raw: bytes) -> None:
    """Find headings and mapping: remembered, else guessed; note why the file cannot be read."""
    try:
        seen = reading.peek(raw, row.file, row.purpose)
    except SonaeError as error:
        _refuse(row, error)
        return
    row.headings, row.rows = seen.headings, seen.rows
    known = ColumnMapping.objects.filter(
        purpose=row.purpose, signature=mappings.signature(seen.headings)
    ).first()
    guess = (
        mappings.from_json(known.columns) if known
        else mappings.guess(seen.headings, row.purpose) if seen.heading
        else mappings.by_place("interim") if row.purpose == "register" else mappings.Mapping({}, {}, False)
    )  # fmt: skip
    row.columns = guess.to_json()
    complete = not mappings.lacking(guess.items, row.purpose, partial=not row.whole)
    # A file without headings says nothing about its columns: a person looks before it is read.
    row.state = "reading" if complete and (seen.heading or known) else "mapping"


def _refuse(row: RegisterEdition, error: SonaeError) -> None:
    """Note why a file cannot be read."""
    row.state = "refused"
    row.problem = {"error": error.code, "detail": str(error.detail), "hint": str(error.hint or "")}
    row.defects = [Defect(0, "", "", error.code, "left_out", str(error.detail)).to_json()]
    row.defect_counts = {error.code: 1}


def samples(row: RegisterEdition) -> list[list[str]]:
    """Return the first rows of the file, for the page on which columns are chosen."""
    heading = bool(row.columns.get("heading", True))
    return reading.peek(raw_of(row), row.file, row.purpose, heading).samples


def choose_columns(
    actor: Actor, pk: int, columns: Mapping[str, str], *, heading: bool | None = None
) -> RegisterEdition:
    """Set which column is which item, remember it for files with the same headings, and read again.

    ``heading`` False: the first line is already data. SonaeError ``unreadable`` names what is chosen twice
    or lacking.
    """
    allowed(actor)
    row = _edition(pk)
    if row.state not in _COLUMNS_OPEN or not _file(pk).exists():
        raise SonaeError("conflict", _COLUMNS_CLOSED)
    held = mappings.from_json(row.columns)
    if heading is not None and heading != held.heading:
        return _turned(row, heading)
    chosen = {head: item for head, item in columns.items() if item and head in row.headings}
    made = mappings.from_json({**held.to_json(), "columns": chosen})
    if twice := mappings.valid(made, row.purpose):
        names = "、".join(ITEMS[one].name for one in twice)
        raise SonaeError("unreadable", f"1つの項目に2つの列が選ばれています：{names}")
    if missing := mappings.lacking(made.items, row.purpose, partial=not row.whole):
        names = "、".join(ITEMS[one].name for one in missing)
        raise SonaeError("missing_columns", f"必要な項目の列が選ばれていません：{names}")
    with writing():
        row = locked(pk, *_COLUMNS_OPEN, why=_COLUMNS_CLOSED)
        ColumnMapping.objects.update_or_create(
            purpose=row.purpose, signature=mappings.signature(row.headings),
            defaults={"columns": made.to_json(), "changed_at": clock.now(), "changed_by": name_of(actor)},
        )  # fmt: skip
        row.columns, row.state, row.agreed = made.to_json(), "reading", []
        row.save()
        audit.record(actor.id, "register.columns_chosen", f"edition:{pk}", columns=chosen)
    _begin_reading(row)
    row.refresh_from_db()
    return row


def missing_items(row: RegisterEdition) -> list[str]:
    """Return the names of the items that a file needs and none of its columns is taken for."""
    held = mappings.from_json(row.columns)
    return [
        ITEMS[one].name for one in mappings.lacking(held.items, row.purpose, partial=not row.whole)
    ]


def _turned(row: RegisterEdition, heading: bool) -> RegisterEdition:
    """Take the first line as heading, or as data, and guess anew."""
    seen = reading.peek(raw_of(row), row.file, row.purpose, heading)
    made = (
        mappings.guess(seen.headings, row.purpose) if heading else mappings.Mapping({}, {}, False)
    )
    with writing():
        row = locked(row.pk, *_COLUMNS_OPEN, why=_COLUMNS_CLOSED)
        row.headings, row.columns, row.state = seen.headings, made.to_json(), "mapping"
        row.agreed = []
        row.save(update_fields=["headings", "columns", "state", "agreed"])
    return row


# --- reading -----------------------------------------------------------------------------------


def _begin_reading(row: RegisterEdition) -> None:
    """Read now, or let the worker do it when the file is long."""
    if row.rows <= AT_ONCE:
        prepare(row.pk)
        row.refresh_from_db()
        return
    with writing():
        outbox.publish(READ, {"edition": row.pk}, order_key="register")


def prepare(pk: int) -> None:
    """Read a file and store what is wrong with it and what it would change."""
    row = RegisterEdition.objects.filter(pk=pk, state="reading").first()
    if row is None:
        return
    version = municipality().register_version
    try:
        found = _found(row)
    except SonaeError as error:
        _refuse(row, error)
        row.state = "mapping" if error.code == "missing_columns" else "refused"
        if _keep_read(row, "problem", "defects", "defect_counts") and row.state == "refused":
            _forget_file(pk)
        return
    row.stamp, row.state, row.rows = version, "waiting", found.read.rows
    row.encoding, row.problem = found.read.encoding[:12], {}
    row.summary = found.summary()
    row.defect_counts = dict(found.read.counts)
    row.defects = [one.to_json() for one in found.read.defects]
    _keep_read(row, "stamp", "rows", "encoding", "problem", "summary", "defect_counts", "defects")


def _keep_read(row: RegisterEdition, *fields: str) -> bool:
    """Store what reading found; False: somebody put the file aside in the meantime, and so it stays."""
    with writing():
        still = RegisterEdition.objects.select_for_update().filter(pk=row.pk, state="reading")
        if not still.exists():
            return False
        row.save(update_fields=["state", *fields])
    return True


def _found(row: RegisterEdition) -> differences.Found | rosterfiles.Found:
    """Return what a file says and would change now."""
    raw, mapping = raw_of(row), mappings.from_json(row.columns)
    if row.purpose == "register":
        return differences.found(raw, row.file, mapping, whole=row.whole)
    return rosterfiles.found(raw, row.file, mapping, whole=row.whole, purpose=row.purpose)


def again(actor: Actor, pk: int) -> RegisterEdition:
    """Compare a file anew that waits, because the register has changed since, or that was not written."""
    allowed(actor)
    with writing():
        row = locked(pk, "waiting", "agreed", "failed", why=_DECIDED)
        row.state, row.agreed = "reading", []
        row.save(update_fields=["state", "agreed"])
    _begin_reading(row)
    row.refresh_from_db()
    return row


# --- deciding ----------------------------------------------------------------------------------


def needs_second(row: RegisterEdition) -> bool:
    """Tell whether one person must not decide alone: a tenth of the register would be gone."""
    return any(one["code"] == "many_gone" for one in row.summary.get("doubts", ()))


def confirm(actor: Actor, pk: int, *, seen: str, agreed: Collection[str] = ()) -> RegisterEdition:
    """Say yes to a waiting file. ``seen``: the stamp of the difference that was looked at.

    ``agreed``: keys of all doubts. Where two people must agree, the first yes is kept and the second, by
    another person, puts the file in force. Long files are written by the worker.
    """
    may_see(actor)
    if is_exercise():
        allowed(actor)
    with writing():
        take_turn("register", every_world=True)
        row = locked(pk, "waiting", "agreed", why=_DECIDED)
        _check(actor, row, seen, agreed)
        if needs_second(row) and row.state == "waiting":
            row.state = "agreed"
            row.agreed = [{"id": actor.id, "name": name_of(actor), "at": clock.now().isoformat()}]
            row.save(update_fields=["state", "agreed"])
            audit.record(actor.id, "register.first_agreed", f"edition:{pk}")
            return row
        row.state, row.decided_at, row.decided_by = "applying", clock.now(), name_of(actor)
        row.save(update_fields=["state", "decided_at", "decided_by"])
        audit.record(actor.id, "register.confirmed", f"edition:{pk}", digest=row.digest,
                     counts=row.summary.get("counts", {}))  # fmt: skip
        long = row.rows > AT_ONCE and actor.id != SYSTEM.id
        # Also where it is written at once: a process killed in between leaves it to the worker.
        outbox.publish(AGREED, {"edition": pk}, order_key="register", delay=0 if long else 60)
    if not long:
        apply(pk)
    row.refresh_from_db()
    return row


def _check(actor: Actor, row: RegisterEdition, seen: str, agreed: Collection[str]) -> None:
    """Refuse what must not come into force."""
    if row.state == "agreed" and any(one["id"] == actor.id for one in row.agreed):
        raise SonaeError(
            "forbidden",
            "1人目と同じ人は、2人目になれません。",
            "別の管理者か決裁者が確かめてください。",
        )
    if seen != row.stamp or row.stamp != municipality().register_version:
        raise SonaeError("conflict", "確かめている間に、住民情報が変わりました。",
                         "「もう一度くらべる」を押し、変わるところを見てから決めてください。")  # fmt: skip
    missing = [one["key"] for one in row.summary.get("doubts", ()) if one["key"] not in agreed]
    if missing:
        raise SonaeError(
            "conflict",
            f"確かめていない疑わしい変更が{len(missing)}件あります。いまの住民情報はそのままです。",
            "それぞれを確かめて印を付けるか、ファイルを出し直してもらってください。",
        )


def apply(pk: int) -> None:
    """Write a confirmed file, all of it or nothing; a killed process leaves the old register whole.

    What cannot be written is ``failed``, with the reason, until somebody compares it anew or puts it
    aside; a database that is busy or away is only asked again.
    """
    row = RegisterEdition.objects.filter(pk=pk, state="applying").first()
    if row is None:
        return
    try:
        _write(row)
    except OperationalError:
        raise
    except Exception as error:
        log.exception("edition %s was not written", pk)
        _note_failed(pk, error)


def _note_failed(pk: int, error: Exception) -> None:
    """Say that nothing of a file was written, and why; its bytes stay, so that it can be tried again."""
    told = error if isinstance(error, SonaeError) else None
    detail = told.detail if told else f"書き込みの途中で失敗しました（{type(error).__name__}）。"
    hint = (told.hint if told else "") or "「もう一度くらべる」で、やり直せます。"
    with writing():
        rows = RegisterEdition.objects.filter(pk=pk, state="applying")
        if rows.update(
            state="failed", agreed=[], problem={"detail": str(detail), "hint": str(hint)}
        ):
            audit.record(SYSTEM.id, "register.failed", f"edition:{pk}", error=type(error).__name__)


def _write(row: RegisterEdition) -> None:
    """Write a file; it is read and compared before the lock is taken, so that nobody waits for that."""
    pk, found = row.pk, _found(row)
    with writing():
        take_turn("register", every_world=True)
        still = RegisterEdition.objects.select_for_update().filter(pk=pk, state="applying")
        if not still.exists():
            return
        if row.stamp != municipality(lock=True).register_version:
            row.state, row.agreed = "waiting", []
            row.problem = {
                "detail": "書き込む前に、住民情報が変わりました。",
                "hint": "もう一度くらべてください。",
            }
            row.save()
            return
        found.write(row)
        row.state, row.summary = "in_force", previews.numbers(found.summary())
        row.version = municipality().register_version
        row.save(update_fields=["state", "version", "summary"])
        audit.record(SYSTEM.id, "register.in_force", f"edition:{pk}", counts=row.summary["counts"])
    _forget_file(pk)


def discard(actor: Actor, pk: int) -> None:
    """Put a file aside; what it said stays on record without its contents."""
    allowed(actor)
    with writing():
        row = locked(pk, *(one for one in OPEN if one != "applying"), why=_DECIDED)
        row.state, row.decided_at, row.decided_by = "discarded", clock.now(), name_of(actor)
        row.summary = {"counts": row.summary.get("counts", {})}
        row.defects = previews.without_values(row.defects)
        row.save(update_fields=["state", "decided_at", "decided_by", "summary", "defects"])
        audit.record(actor.id, "register.discarded", f"edition:{pk}")
    _forget_file(pk)


def layouts() -> dict[str, str]:
    """Return code → name of the layouts that are built in."""
    return {code: str(one["name"]) for code, one in mappings.layouts().items()}


def progress(row: RegisterEdition) -> bool:
    """Tell whether the worker is at it."""
    return row.state in ("reading", "applying")


assert set(FILES) < set(PURPOSES)


@outbox.subscribe(READ, slow=True)
def read_file(payload: dict[str, Any]) -> None:
    """A long file waits to be read."""
    prepare(payload["edition"])


@outbox.subscribe(AGREED, slow=True)
def write_file(payload: dict[str, Any]) -> None:
    """A long file was agreed to."""
    apply(payload["edition"])
