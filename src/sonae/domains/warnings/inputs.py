"""Inputs (受信経路): adding and changing them, how each is doing, and what a running one is given.

The supervisor (`domains.warnings.supervisor`) runs the receivers; rows of `WarningInput` are what
staff see. A line that shows no sign of life for its ``silent_after`` seconds is an alarm.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import close_old_connections
from django.db.models import F

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.warnings import ports
from sonae.domains.warnings.models import WarningInput
from sonae.domains.warnings.selectors import last_received
from sonae.domains.warnings.services import Accepted, accept
from sonae.platform import audit, worlds
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.scope import every_municipality, is_exercise
from sonae.platform.sealing import seal, unseal

_PURPOSE: Final = "warning input"
HEARD_LATELY: Final = timedelta(hours=1)
"""Without any line, files that people hand in make silence meaningful for so long."""
HEARD_EVERY: Final = 5.0
"""Seconds between two writes of a sign of life."""


def add_input(
    actor: Actor,
    kind: str,
    name: str,
    options: Mapping[str, str],
    *,
    silent_after: int | None = None,
) -> WarningInput:
    """Add a line (administrator). ``options`` by the names of `InputKind.options`, as typed.

    `SonaeError` ``unknown_kind``, ``unprocessable`` (a setting missing or unknown), ``conflict``.
    """
    require(actor, Audience.ADMINISTRATOR)
    plain, secret = _checked(kind, options)
    known = ports.kinds()[kind]
    with writing():
        if WarningInput.objects.filter(name=name).exists():
            raise SonaeError("conflict", f"「{name}」という受信経路はもうあります。")
        row = WarningInput.objects.create(
            kind=kind,
            name=name.strip()[:40],
            options=plain,
            sealed=seal(_PURPOSE, json.dumps(secret)) if secret else "",
            silent_after=silent_after or known.silent_after,
        )
        audit.record(actor.id, "input.add", row.name, kind=kind)
    return row


def _checked(kind: str, options: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the plain and the secret settings, or refuse with what is wrong."""
    known = ports.kinds().get(kind)
    if known is None:
        kinds = "、".join(sorted(ports.kinds()))
        raise SonaeError("unknown_kind", f"受信経路の種類「{kind}」はありません。", kinds)
    unknown = [key for key in options if key not in known.options]
    if unknown:
        raise SonaeError(
            "unprocessable", f"設定「{unknown[0]}」はありません。", "、".join(known.options)
        )
    plain: dict[str, Any] = {}
    secret: dict[str, str] = {}
    for key, option in known.options.items():
        value: Any = options.get(key, "") or option.default
        if value in (None, "") and option.required:
            raise SonaeError("unprocessable", f"「{option.label}」（{key}）を指定してください。")
        if value in (None, ""):
            continue
        if isinstance(option.default, int):
            if not str(value).isdecimal():
                raise SonaeError("unprocessable", f"「{option.label}」は数字で指定してください。")
            value = int(value)
        if option.check is not None:
            option.check(str(value))
        (secret if option.secret else plain)[key] = value
    if known.check is not None:
        known.check(plain)
    return plain, secret


def set_enabled(actor: Actor, name: str, enabled: bool) -> WarningInput:
    """Switch a line on or off (administrator)."""
    require(actor, Audience.ADMINISTRATOR)
    with writing():
        row = input_named(name)
        row.enabled = enabled
        row.save(update_fields=["enabled"])
        audit.record(actor.id, "input.enable" if enabled else "input.disable", row.name)
    return row


def remove_input(actor: Actor, name: str) -> None:
    """Remove a line; what it received stays."""
    require(actor, Audience.ADMINISTRATOR)
    with writing():
        input_named(name).delete()
        audit.record(actor.id, "input.remove", name)


def input_named(name: str) -> WarningInput:
    """Return one line of the municipality; ``not_found`` otherwise."""
    row = WarningInput.objects.filter(name=name).first()
    if row is None:
        raise SonaeError(
            "not_found",
            f"受信経路「{name}」はありません。",
            "名称は「受信経路」の画面か sonae inputs list で確かめられます。",
        )
    return row


@dataclass(frozen=True)
class Health:
    """One line for reading: ``state`` ok, silent, failed, off or waiting (not yet begun)."""

    row: WarningInput
    label: str
    state: str

    @property
    def alarming(self) -> bool:
        """Whether a person must look."""
        return self.state in ("silent", "failed")


def inputs(at: datetime | None = None) -> list[Health]:
    """Return every line of the municipality and how it is doing, those in trouble first."""
    moment = at or clock.SystemClock().now()
    kinds = ports.kinds()
    found = [
        Health(row, kinds[row.kind].label if row.kind in kinds else row.kind, _state(row, moment))
        for row in WarningInput.objects.order_by("name")
    ]
    return sorted(found, key=lambda one: not one.alarming)


def _state(row: WarningInput, at: datetime) -> str:
    if not row.enabled:
        return "off"
    if silent(row, at):
        return "failed" if row.state == WarningInput.FAILED else "silent"
    if row.state == WarningInput.FAILED:
        return "failed"
    return "ok" if row.heard_at is not None else "waiting"


def hearing(at: datetime | None = None) -> bool:
    """Whether silence means that there is no warning: a line is alive (each by its `silent_after`).

    Where no line is in use, something must have come within `HEARD_LATELY`. In an exercise what is
    to be heard is played: it always does.
    """
    if is_exercise():
        return True
    moment = at or clock.SystemClock().now()
    lines = [one for one in inputs(moment) if one.state != "off"]
    if lines:
        return any(one.state == "ok" for one in lines)
    last = last_received()
    return last is not None and clock.now() - last < HEARD_LATELY


@dataclass(frozen=True)
class Deafness:
    """That nothing can be heard, and the last moment something was (None: never)."""

    since: datetime | None


def deafness(at: datetime | None = None) -> Deafness | None:
    """Since when nothing can be heard; None while `hearing`."""
    if hearing(at):
        return None
    heard = [one.row.heard_at for one in inputs(at) if one.row.heard_at and one.state != "off"]
    return Deafness(max(heard, default=last_received()))


def silent(row: WarningInput, at: datetime) -> bool:
    """Whether a line has shown no sign of life for too long (since it was begun, if never)."""
    last = row.heard_at or row.started_at
    return last is not None and at - last > timedelta(seconds=row.silent_after)


class DeadLink(Exception):
    """The supervisor has given this run up; whatever still runs must end."""


class InputLink:
    """What a running receiver holds (`ports.Link`): works in its municipality, one call at a time."""

    def __init__(self, row: WarningInput) -> None:
        """Take the settings of a row; the row itself is not kept."""
        self.pk, self.municipality, self.name = row.pk, row.municipality, row.name
        self.options: Mapping[str, Any] = dict(row.options)
        self.secrets: Mapping[str, str] = (
            json.loads(unseal(_PURPOSE, row.sealed)) if row.sealed else {}
        )
        self.progress: Mapping[str, Any] = dict(row.progress)
        self._stop = threading.Event()
        self._dead = False
        self._heard = 0.0
        self._troubled = -HEARD_EVERY

    def ask_to_stop(self, *, dead: bool = False) -> None:
        """End the run; ``dead``: nothing of it counts any more, another takes its place."""
        self._dead = self._dead or dead
        self._stop.set()

    def stopped(self, wait: float = 0.0) -> bool:
        """Sleep up to ``wait`` seconds; whether the receiver must return now."""
        return self._stop.wait(wait) if wait > 0 else self._stop.is_set()

    def heard(self) -> None:
        """Note a sign of life, at most every few seconds on disk."""
        if time.monotonic() - self._heard < HEARD_EVERY:
            return
        self._heard = time.monotonic()
        self._note(heard_at=clock.SystemClock().now(), state=WarningInput.RUNNING)

    def ready(self) -> None:
        """Note that the line stands, though nobody has called yet."""
        self._note(state=WarningInput.RUNNING)

    def trouble(self, why: str) -> None:
        """Show what the counterpart did wrong, at most every few seconds on disk."""
        if time.monotonic() - self._troubled < HEARD_EVERY:
            return
        self._troubled = time.monotonic()
        self._note(error=why[:2000], error_at=clock.SystemClock().now())

    def hand_in(
        self, raw: bytes, *, rehearsal: bool = False, notes: Sequence[str] = ()
    ) -> Accepted:
        """Store one document in the live world, or wherever it says; on disk when it returns."""
        self._alive()
        close_old_connections()
        with worlds.entered(self.municipality):
            taken = accept(raw, via=self.name, rehearsal=rehearsal, notes=notes)
        now = clock.SystemClock().now()
        self._heard = time.monotonic()
        self._note(
            heard_at=now, received_at=now, received=F("received") + 1, state=WarningInput.RUNNING
        )
        return taken

    def keep(self, progress: Mapping[str, Any]) -> None:
        """Remember JSON data over a restart."""
        self.progress = dict(progress)
        self._note(progress=dict(progress))

    def _alive(self) -> None:
        if self._dead:
            raise DeadLink(self.name)

    @every_municipality()
    def _note(self, **changes: Any) -> None:
        self._alive()
        with writing():
            WarningInput.everywhere.filter(pk=self.pk).update(**changes)
