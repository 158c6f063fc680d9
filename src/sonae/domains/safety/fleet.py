"""The fleet of terminals (受付端末の一覧): how each one is, by what it told last; locking and wiping.

The device carries an order out when it next hears from us; until then nothing is claimed. Whatever is
ordered, records that it still holds are taken in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.safety.models import Terminal
from sonae.domains.safety.terminals import enrol_terminal, forget_known, terminals
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing

PURPOSES: Final = ("desk", "gate", "round", "edge", "spare")
"""受付, 出入口, 巡回, 中継, 予備."""
SILENT: Final = timedelta(minutes=15)
"""A terminal in use sends an empty batch as a heartbeat; longer silence is told."""
CLOCK_OFF: Final = timedelta(minutes=5)
LOW_BATTERY: Final = 20
MOST_AT_ONCE: Final = 50
_MOST: Final = 10_000_000
VERBS: Final = ("lock", "unlock", "wipe")

ORDER: Final = (
    "revoked", "wiping", "wiped", "locked", "never", "refused", "unsent", "silent", "clock", "list", "battery",
    "version",
)  # fmt: skip
"""Troubles, gravest first as the page lists them."""


@dataclass(frozen=True)
class FleetRow:
    """A terminal with its troubles (`ORDER`); none means that all is well as far as it told."""

    terminal: Terminal
    troubles: tuple[str, ...]


def read_status(body: object, sent_at: object, received: datetime) -> dict[str, Any]:
    """Return the columns that a device's words about itself fill; what cannot be read is left out."""
    told = body if isinstance(body, Mapping) else {}
    found: dict[str, Any] = {}
    for name, most in (("waiting", _MOST), ("refused", _MOST), ("battery", 100)):
        value = told.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most:
            found[name] = value
    if (
        told.get("battery", 0) is None
    ):  # the device cannot tell any more: what it told before is no answer
        found["battery"] = None
    if told.get("wiped") is True:
        found["wiped_at"] = received
    if isinstance(told.get("version"), str):
        found["version"] = "".join(c for c in told["version"] if c.isprintable())[:40]
    if until := _epoch(told.get("list_until")):
        found["list_until"] = until
    if (sent := _moment(sent_at)) is not None:
        ahead = round((sent - received).total_seconds())
        found["clock_ahead"] = max(-_MOST, min(_MOST, ahead))
    return found


def _epoch(value: object) -> datetime | None:
    """Return a moment told in seconds since 1970, as the list's ``exp`` is."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**33:
        return None
    return datetime.fromtimestamp(value, UTC)


def _moment(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at.astimezone(UTC) if at is not None and at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def commands(terminal: Terminal) -> list[dict[str, str]]:
    """Return what the device is to do, told with every answer until it is taken back or revoked."""
    if terminal.wipe_at is not None:
        return [{"verb": "wipe"}]
    return [{"verb": "lock"}] if terminal.locked_at is not None else []


def troubles(one: Terminal, newest: str, now: datetime) -> tuple[str, ...]:
    """Return what is to be looked into about a terminal, gravest first."""
    if one.revoked_at is not None:
        return ("revoked",)
    seen = one.last_seen_at
    if (
        one.wipe_at is not None and one.wiped_at is not None and one.wiped_at == seen
    ):  # an empty device has nothing else to be looked into but what it keeps sealed for the city
        return ("wiped", "unsent") if one.waiting else ("wiped",)
    wrong = {
        "wiping": one.wipe_at is not None,
        "locked": one.locked_at is not None and one.wipe_at is None,
        "never": seen is None,
        "refused": bool(one.refused),
        "unsent": bool(one.waiting),
        "silent": seen is not None and now - seen > SILENT,
        "clock": abs(timedelta(seconds=one.clock_ahead or 0)) > CLOCK_OFF,
        "list": one.list_until is not None and one.list_until <= now,
        "battery": one.battery is not None and one.battery < LOW_BATTERY,
        "version": bool(one.version) and one.version != newest,
    }
    return tuple(name for name in ORDER if wrong.get(name))


def fleet(actor: Actor) -> list[FleetRow]:
    """Return every terminal with its troubles: those to be looked at first, then by shelter."""
    require(actor, Audience.OPERATOR)
    rows, now = terminals(), clock.SystemClock().now()
    heard = [one for one in rows if one.version and one.last_seen_at and not one.revoked_at]
    newest = max((one.version for one in heard), key=_version, default="")
    made = [FleetRow(one, troubles(one, newest, now)) for one in rows]
    return sorted(made, key=_pressing)


def _version(text: str) -> list[int]:
    """Return the numbers of a version, so that 1.10 is newer than 1.9."""
    return [int(part) if part.isascii() and part.isdecimal() else 0 for part in text.split(".")[:6]]


def _pressing(row: FleetRow) -> tuple[bool, bool, int, str, str]:
    off = "revoked" in row.troubles
    first = ORDER.index(row.troubles[0]) if row.troubles else len(ORDER)
    return off, not row.troubles, first, row.terminal.facility.public_id, row.terminal.code


def command(actor: Actor, codes: Sequence[str], verb: str) -> int:
    """Order terminals to lock, unlock or wipe; return how many. Wiping is an administrator's word.

    A locked terminal gets no list of people any more; what it still holds is taken in all the same.
    """
    require(actor, Audience.ADMINISTRATOR if verb == "wipe" else Audience.OPERATOR)
    if verb not in VERBS:
        raise SonaeError("unreadable", "この操作はありません。")
    now = clock.now()
    columns: dict[str, datetime | None] = {
        "lock": {"locked_at": now},
        "unlock": {"locked_at": None, "wipe_at": None, "wiped_at": None},
        "wipe": {"wipe_at": now, "locked_at": now, "wiped_at": None},
    }[verb]  # type: ignore[assignment]
    with writing():
        live = Terminal.objects.filter(code__in=codes, revoked_at=None)
        found = list(live.values_list("code", flat=True))
        if not found:
            raise SonaeError(
                "not_found", "使える端末が選ばれていません。", "端末に印をつけてください。"
            )
        live.update(**columns)
        audit.record(
            actor.id, "terminal_commanded", "、".join(found)[:200], name=verb, count=len(found)
        )
    forget_known()
    return len(found)


def enrol_many(
    actor: Actor, shelter: str, name: str, count: int, purpose: str
) -> list[tuple[Terminal, str]]:
    """Enrol several terminals of one shelter (受付 1, 受付 2 …); return each with its token, shown only now."""
    require(actor, Audience.ADMINISTRATOR)
    label = name.strip()[:50]
    if not label or purpose not in PURPOSES or not 1 <= count <= MOST_AT_ONCE:
        raise SonaeError(
            "unreadable", "端末の名前・用途・台数を確かめてください。", f"一度に{MOST_AT_ONCE}台までです。"
        )  # fmt: skip
    with writing():
        names = [f"{label} {number}" for number in range(1, count + 1)] if count > 1 else [label]
        return [enrol_terminal(shelter, one, purpose=purpose, actor=actor) for one in names]
