"""Verbs: taking a telegram in, keeping what is in force true, and looking at an alarm."""

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import InterfaceError, OperationalError

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.warnings import firing, retention, rules, selectors
from sonae.domains.warnings.models import Telegram, WarningInForce
from sonae.domains.warnings.rules import Place
from sonae.engines.warnings import (
    DATED_AHEAD,
    Warning,
    WarningRefused,
    ahead_of,
    dated_ahead,
    read_all,
    signature,
    split,
)
from sonae.platform import audit, outbox, worlds
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import take_turn, writing
from sonae.platform.scope import World, current_municipality, is_exercise

log = logging.getLogger(__name__)

LAPSE = "warning.lapse"
_BY_SIGNATURE = frozenset({"signature_invalid", "signature_missing"})
_NOT_SIGNED = SonaeError(
    "signature_missing",
    "この経路では、署名のあるCAPだけを使います。これはCAPではありません。",
    "発信者に確かめてください。",
)
_READ_IT = "自動では使いません。原文を開いて、発信者に確かめてください。"
_BUNDLE_TYPE = "FEED"
HISTORICAL = "historical"
_FOR_THE_RECORD: dict[str, object] = {
    "error": HISTORICAL,
    "detail": "古い電文として記録しました。発表中にはしていません。",
    "holds": False,
    "ours": None,
}


@dataclass(frozen=True)
class Accepted:
    """What became of a received telegram. Whatever it is, its bytes are on disk.

    ``duplicate``: the same bytes were here before (a success). ``state`` read, unknown, bundle or
    refused (then ``error`` and ``detail``). ``changed``: what is in force for us is no longer what
    it was. ``parts``: the messages of a bundle.
    """

    telegram: int
    state: str
    world: World
    duplicate: bool = False
    concerns_us: bool = False
    changed: bool = False
    error: str = ""
    detail: str = ""
    hint: str = ""
    parts: tuple["Accepted", ...] = ()

    @property
    def refused(self) -> bool:
        """Whether it could not be read (it is kept, and waits for a person)."""
        return self.state == Telegram.REFUSED


@dataclass(frozen=True)
class _Arrival:
    """One document as it came: its bytes, over which input, and whether that line is for training."""

    raw: bytes
    sha256: str
    via: str
    rehearsal: bool
    notes: tuple[str, ...] = ()
    historical: bool = False

    def world(self, status: str = "actual") -> World:
        """The world it belongs to: a training line makes everything an exercise."""
        live = status == "actual" and not self.rehearsal
        return World.LIVE if live else World.EXERCISE


def accept(
    raw: bytes,
    *,
    via: str,
    rehearsal: bool = False,
    notes: Sequence[str] = (),
    historical: bool = False,
) -> Accepted:
    """Take one received document in for the municipality in force, whatever it is.

    Its own status decides its world: 通常 is live, 訓練 and 試験 are the exercise world. ``rehearsal``
    says that the line it came on is for training (a training port, TrainingFlg): then it is an
    exercise whatever the document says. What cannot be read is kept as refused and raises an alarm.
    ``via`` names the input; its settings say which signatures are believed. ``notes`` are further
    deviations. The same bytes again are a success that changes nothing. ``historical``: an old
    telegram for the record; nothing of it is in force unless it arrives once more without that.
    """
    sha256 = hashlib.sha256(raw).hexdigest()
    arrival = _Arrival(raw, sha256, via[:40], rehearsal, tuple(notes), historical)
    known = _known(arrival)
    if known is not None and not _taken_again(arrival, known.error):
        return known
    try:
        documents = split(raw)
        if len(documents) > 1 or documents[0] is not raw:
            return _bundle(arrival, documents)
        (warning,) = read_all(raw)
        if warning.source == "cap":
            return _take_cap(arrival, warning)
        if selectors.settings_of(arrival.via).get("certificates"):
            return _refuse(arrival, _NOT_SIGNED)
        return _take(arrival, replace(warning, deviations=(*warning.deviations, *arrival.notes)))
    except WarningRefused as refusal:
        return _refuse(arrival, refusal)
    except (OperationalError, InterfaceError):
        # The database is away: nothing was kept, and whoever sent it must send it again.
        raise
    except Exception as defect:
        log.exception("a document could not be taken in")
        return _refuse(arrival, _defect(defect))


def _taken_again(arrival: _Arrival, error: str) -> bool:
    """Whether a known document may count now: its signature is believed here, its date has come, or
    it is no record."""
    looked_at = error in _BY_SIGNATURE or error == DATED_AHEAD
    return looked_at or (error == HISTORICAL and not arrival.historical)


def _defect(defect: Exception) -> SonaeError:
    """Return our own failure as a refusal: the document is kept, and a person reads it."""
    return SonaeError(
        "defect",
        f"この電文を処理するプログラムに誤りがあります（{type(defect).__name__}）。",
        "原文は保存されています。人が読んで判断してください。",
    )


def _take_cap(arrival: _Arrival, read: Warning) -> Accepted:
    """Store a CAP message as far as its signature lets it be believed.

    Of a valid one only what is signed counts. One that is not believed is kept and shown to a
    person, and never in force. A signature that was taken away is no way around that.
    """
    pinned = signature.certificates(str(selectors.settings_of(arrival.via).get("certificates", "")))
    found = signature.check(arrival.raw, pinned, at=clock.SystemClock().now())
    if found.state == signature.VALID:
        (read,) = read_all(found.signed, name=read.input)
    warning = replace(
        read, raw_sha256=arrival.sha256, deviations=(*read.deviations, *arrival.notes)
    )
    if found.state == signature.INVALID:
        error, detail = "signature_invalid", signature.WHY[found.why]
    elif found.state == signature.UNSIGNED and pinned:
        error, detail = (
            "signature_missing",
            "署名がありません。この経路では、署名のある電文だけを使います。",
        )
    else:
        return _take(arrival, warning, {"signature": found.state})
    return _withhold(arrival, warning, found.state, SonaeError(error, detail, _READ_IT))


def _withhold(arrival: _Arrival, warning: Warning, state: str, refusal: SonaeError) -> Accepted:
    """Keep a message that is not believed in the world that it claims; nothing follows from it."""
    world = arrival.world(warning.status)
    columns = {
        **_columns(warning, selectors.place(arrival.via)),
        "state": Telegram.REFUSED,
        "error": refusal.code,
        "detail": f"{refusal.detail}\n{refusal.hint}",
        "signature": state,
        "holds": False,
        "ours": None,
    }
    return _keep_refused(arrival, world, columns)


def _known(arrival: _Arrival) -> Accepted | None:
    """What became of the same bytes before; a rehearsal of them does not stand for the real thing."""
    rows = Telegram.everywhere.filter(
        municipality=current_municipality(), world=arrival.world(), sha256=arrival.sha256
    )
    row = rows.defer("raw", "content").first()
    return _told(row, duplicate=True) if row else None


def _told(row: Telegram, *, duplicate: bool, changed: bool = False) -> Accepted:
    return Accepted(
        row.pk, row.state, World(row.world), duplicate, row.concerns_us, changed, row.error,
        row.detail,
    )  # fmt: skip


def _kept(arrival: _Arrival, world: World, columns: dict[str, object]) -> tuple[Telegram, bool]:
    """Store a document in one world unless it is there; the row and whether it was made."""
    return Telegram.everywhere.get_or_create(
        municipality=current_municipality(),
        world=world.value,
        sha256=arrival.sha256,
        defaults={
            "raw": arrival.raw,
            "received_at": clock.now(),
            "via": arrival.via,
            **columns,
        },
    )


def _refuse(arrival: _Arrival, refusal: SonaeError) -> Accepted:
    """Keep what cannot be read, in the live world: it might have been a real warning."""
    detail = "\n".join(filter(None, (str(refusal.detail), str(refusal.hint))))
    columns: dict[str, object] = {
        "state": Telegram.REFUSED, "error": refusal.code, "detail": detail,
    }  # fmt: skip
    return _keep_refused(arrival, arrival.world(), columns)


def _keep_refused(arrival: _Arrival, world: World, columns: dict[str, object]) -> Accepted:
    with worlds.entered(current_municipality(), world), writing():
        row, made = _kept(arrival, world, columns)
        if made:
            who = f"feed:{arrival.via}"
            audit.record(who[:120], "warnings.refused", str(row.pk), error=columns["error"])
            _call_for_a_reader(row)
    return _told(row, duplicate=not made)


def _call_for_a_reader(row: Telegram) -> None:
    """Alarm the officers on duty: what could not be understood is not 「警報なし」."""
    hour = clock.now().strftime("%Y%m%d%H")
    subject, what = "読めなかった電文があります", "を読み取れませんでした"
    if row.error == DATED_AHEAD:
        subject, what = "日時が未来の電文を、まだ使っていません", "の日時が未来になっています"
    firing.alarm_duty(
        f"telegram:{row.via}:{row.error or row.state}{row.severity}:{hour}",
        subject,
        f"受信経路「{row.via}」から届いた電文{what}。警報の画面で原文を確かめてください。"
        f"\n\n{row.title or '標題なし'}\n{row.detail}",
    )


def _bundle(arrival: _Arrival, documents: Sequence[bytes]) -> Accepted:
    """Keep the bundle itself, then take each of its messages like any other."""
    notes = ("wrapped",) if documents[0].startswith(b"<") else ()
    parts = tuple(
        accept(
            document,
            via=arrival.via,
            rehearsal=arrival.rehearsal,
            notes=notes,
            historical=arrival.historical,
        )
        for document in documents
    )
    world = arrival.world()
    columns: dict[str, object] = {
        "state": Telegram.BUNDLE,
        "telegram_type": _BUNDLE_TYPE,
        "title": f"{len(documents)} 通のまとめ",
    }
    with worlds.entered(current_municipality(), world), writing():
        row, made = _kept(arrival, world, columns)
    return Accepted(
        row.pk,
        row.state,
        world,
        not made,
        any(part.concerns_us for part in parts),
        any(part.changed for part in parts),
        parts=parts,
    )


def _take(
    arrival: _Arrival, warning: Warning, more: Mapping[str, object] | None = None
) -> Accepted:
    """Store a telegram that was read, in its own world, with all that follows from it.

    ``more`` are further columns of its row.
    """
    world = arrival.world(warning.status)
    if arrival.rehearsal and warning.status == "actual":
        # The exercise world folds what says 訓練: what a training line says is just that. A 試験
        # stays one, so that it does not matter over which line it came first.
        warning = replace(warning, status="exercise")
    with worlds.entered(current_municipality(), world):
        now = _latest()
        if dated_ahead(warning, now) and not arrival.historical:
            sign = str((more or {}).get("signature", ""))
            return _withhold(arrival, warning, sign, ahead_of(warning, now))
        columns = {**_columns(warning, selectors.place(arrival.via)), **(more or {})}
        if arrival.historical:
            columns |= _FOR_THE_RECORD
        with writing():
            take_turn("warnings")
            row, made = _kept(arrival, world, columns)
            if not made and not _taken_again(arrival, row.error):
                return _told(row, duplicate=True)
            if not made:
                # Over this line its signature is believed, or it was kept for the record only.
                row = _believed(row, columns)
            if arrival.historical:
                return _told(row, duplicate=False)
            if row.state == Telegram.UNKNOWN:
                _call_for_a_reader(row)
            changed = selectors.is_followed(warning) and _recompute(clock.now())
            if not changed:
                retention.prune_later()
            news = warning.telegram not in (rules.SUMMARY, rules.HOURS)
            if changed or (row.concerns_us and news):
                outbox.publish("warning.changed", {"telegram": row.pk}, order_key="warnings")
    return _told(row, duplicate=False, changed=changed)


def _latest() -> datetime:
    """The clock by which a telegram's date is judged: a 訓練 from outside follows the real one."""
    now = clock.now()
    return max(now, clock.SystemClock().now()) if is_exercise() else now


def use_as_received(row: Telegram) -> bool:
    """Take a telegram that was `dated_ahead` as if sent when it was received; whether it changed
    what is in force. Call inside `writing`, with the warnings' turn taken.
    """
    read, at = Warning.from_json(row.content or {}), row.received_at
    warning = replace(
        read,
        sent_at=min(read.sent_at, at),
        issued_at=min(read.issued_at, at),
        deviations=(*read.deviations, "dated_by_receipt"),
    )
    _believed(row, _columns(warning, selectors.place(row.via)))
    changed = selectors.is_followed(warning) and _recompute(clock.now())
    outbox.publish("warning.changed", {"telegram": row.pk}, order_key="warnings")
    return changed


def _believed(row: Telegram, columns: Mapping[str, object]) -> Telegram:
    """Take a message as read that was withheld for its signature."""
    for name, value in {"error": "", "detail": "", **columns}.items():
        setattr(row, name, value)
    row.save()
    return row


def _columns(warning: Warning, here: Place) -> dict[str, object]:
    unknown = rules.is_unknown(warning)
    return {
        "state": Telegram.UNKNOWN if unknown else Telegram.READ,
        "source": warning.source,
        "telegram_type": warning.telegram[:20],
        "title": (warning.head_title or warning.title)[:200],
        "office": warning.office[:200],
        "headline": warning.headline,
        "status": warning.status,
        "action": warning.action,
        "series": warning.series[:300],
        "issued_at": warning.issued_at,
        "sent_at": warning.sent_at,
        "severity": rules.gravest(warning),
        "content": warning.to_json(),
        **_of_ours(warning, here),
    }


def _of_ours(warning: Warning, here: Place) -> dict[str, object]:
    """The columns that depend on where the municipality is."""
    ours = rules.ours(warning, here)
    return {
        "concerns_us": rules.concerns(warning, here),
        "holds": any(item.in_force for item in ours.items),
        "ours": ours.to_json(),
    }


def refresh() -> bool:
    """Compute what is in force anew, after something ended by itself; whether anything changed."""
    with writing():
        return recomputed()


def recomputed(*, firing_rules: bool = True) -> bool:
    """Bring the table up to date without a telegram; what changed is planned for."""
    take_turn("warnings")
    changed = _recompute(clock.now(), firing_rules=firing_rules)
    if changed:
        outbox.publish("warning.changed", {"telegram": None}, order_key="warnings")
    return changed


def rescan() -> bool:
    """Look at every telegram again after the municipality's areas were changed, and refresh."""
    read = Telegram.objects.filter(content__isnull=False).exclude(state=Telegram.REFUSED)
    places = {via: selectors.place(via) for via in read.values_list("via", flat=True).distinct()}
    with writing():
        for row in read.defer("raw").iterator():
            columns = _of_ours(Warning.from_json(row.content or {}), places[row.via])
            Telegram.objects.filter(pk=row.pk).update(**columns)
        return recomputed()


def _recompute(at: datetime, *, firing_rules: bool = True) -> bool:
    """Bring the table to what is in force at ``at``; whether anything changed for us.

    What began or rose since fires the response rules, in the same transaction (unless a person only
    takes back that it ended: that is no news).
    """
    rows = selectors.compute(at)
    before = list(WarningInForce.objects.all())
    _wake_at_the_next_end(rows, at)
    if {_identity(row) for row in rows} == {_identity(row) for row in before}:
        return False
    WarningInForce.objects.all().delete()
    WarningInForce.objects.bulk_create(rows, batch_size=500)
    if firing_rules:
        firing.fire(before, rows, at)
    return True


def _identity(row: WarningInForce) -> tuple[object, ...]:
    return (
        row.area_code, row.phenomenon, row.kind, row.condition, row.level, row.severity, row.since,
        row.until, row.telegram_id, str(row.forecast),
    )  # fmt: skip


def _wake_at_the_next_end(rows: Iterable[WarningInForce], at: datetime) -> None:
    """Have `refresh` run when the next line ends by itself; screens leave it out at once anyway."""
    ends = [row.until for row in rows if row.until]
    if ends:
        end = min(ends)
        outbox.publish(
            LAPSE,
            {"at": end.isoformat()},
            dedupe_key=f"{LAPSE}:{end.isoformat()}",
            delay=(end - at).total_seconds() + 1,
        )


def acknowledge(actor: Actor, telegram_pk: int) -> None:
    """Take an alarm off the list: a person has looked at what could not be read."""
    require(actor, Audience.OPERATOR)
    with writing():
        seen = Telegram.objects.filter(pk=telegram_pk, seen_at__isnull=True).update(
            seen_at=clock.now(), seen_by=actor.name or actor.id
        )
        if seen:
            audit.record(actor.id, "warnings.acknowledged", str(telegram_pk))
