"""支援措置 (住民基本台帳事務処理要領 第5の10): begin, renew and end a shield; no read lists anybody.

Whoever enters a measure knows the number already: the answer to a number that does not exist is the
answer to one that must not be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.municipalities.interface import renew_register_version
from sonae.domains.residents import register
from sonae.domains.residents.models import ProtectionMeasure, Resident
from sonae.domains.residents.rules import name_key
from sonae.engines.register.converters import born
from sonae.engines.register.difference import Change
from sonae.engines.register.reading import Reading
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import bulk_insert, parts, writing
from sonae.platform.scope import current_municipality, is_exercise

Terms = tuple[str, str, bool, bool]
"""Begin and end (ISO dates or empty), 仮支援措置, 併せて支援を求める者."""


def begin_many(shields: Sequence[tuple[int, Terms]], by: str) -> None:
    """Write a measure for each (resident, terms); the flag itself is written with the resident."""
    count, at = len(shields), clock.now()
    bulk_insert(ProtectionMeasure, {
        "municipality": [current_municipality()] * count, "resident_id": [pk for pk, _ in shields],
        "begun_on": [terms[0] for _, terms in shields], "until": [terms[1] for _, terms in shields],
        "provisional": [terms[2] for _, terms in shields], "together": [terms[3] for _, terms in shields],
        "note": [""] * count, "made_at": [at] * count, "made_by": [by[:120]] * count,
        "ended_by": [""] * count,
    })  # fmt: skip


def end_many(residents: Iterable[int], by: str) -> None:
    """End the measures in force of these residents."""
    for part in parts(residents):
        rows = ProtectionMeasure.objects.filter(resident__in=part, ended_at=None)
        rows.update(ended_at=clock.now(), ended_by=by[:120])


def silence(read: Reading) -> None:
    """Take what cells say out of the defects of shielded people and of who lives with them.

    Shielded is who is so here, or would be by the file.
    """
    columns = Resident.held.filter(shielded=True).values_list(
        "number", "resident_id", "name", "household__number"
    )
    keys, names, homes = set[str](), set[str](), set[str]()
    for number, own, name, home in columns:
        keys |= {number, own}
        names.add(name)
        homes.add(home)
    alike = {name_key(one) for one in names}
    hidden, people = set[int](), read.people.values()
    for one in people:
        if one.shielded or (one.key in keys if one.key else name_key(one.name) in alike):
            keys.add(one.key)
            names.add(one.name)
            homes.add(one.household)
            hidden.add(one.row)
    homes.discard("")
    hidden |= {one.row for one in people if one.household in homes}
    read.silence(hidden, keys | names)


def set_shield(
    actor: Actor,
    number: str,
    *,
    until: str = "",
    begun_on: str = "",
    provisional: bool = False,
    together: Sequence[str] = (),
    note: str = "",
) -> None:
    """Shield the resident with this 宛名番号 (or 住民ID), and those who ask for it together with them.

    A measure in force is replaced (renewed). `SonaeError` ``not_found`` for any number that cannot be
    shielded, ``unreadable`` for a day that is none.
    """
    _may_shield(actor)
    first, last = _day(begun_on), _day(until)
    with writing():
        for place, one in enumerate([number, *together]):
            row = _one(one)
            end_many([row.pk], actor.name or actor.id)
            ProtectionMeasure.objects.create(
                resident=row, begun_on=first, until=last, provisional=provisional, together=place > 0,
                note=note.strip()[:200], made_at=clock.now(), made_by=(actor.name or actor.id)[:120],
            )  # fmt: skip
            _flag(row, True, actor)
        renew_register_version()
        audit.record(actor.id, "register.shield_set", "", people=1 + len(together))


def lift_shield(actor: Actor, number: str, reason: str) -> None:
    """End the shield of a resident, with a reason; `SonaeError` ``not_found`` where there is none."""
    _may_shield(actor)
    if not reason.strip():
        raise SonaeError("unreadable", "解除の理由を書いてください。")
    with writing():
        row = _one(number)
        if not row.shielded:
            raise SonaeError(
                "not_found", "この番号では手続きできません。", "番号を確かめてください。"
            )
        end_many([row.pk], actor.name or actor.id)
        _flag(row, False, actor)
        renew_register_version()
        audit.record(actor.id, "register.shield_lifted", "", reason=reason.strip()[:200])


def _may_shield(actor: Actor) -> None:
    """Refuse who may not, and any change from within an exercise: both worlds share the register."""
    require(actor, Audience.ADMINISTRATOR)
    if is_exercise():
        raise SonaeError(
            "conflict", "訓練の中では、支援措置を変えられません。", "本番の画面で行ってください。"
        )


def _one(number: str) -> Resident:
    """Return who is meant by a number."""
    typed = number.strip()
    rows = Resident.objects.filter(number=typed) if typed else Resident.objects.none()
    found = rows.first() or Resident.objects.filter(resident_id=typed).first()
    if found is None:
        raise SonaeError("not_found", "この番号では手続きできません。", "番号を確かめてください。")
    return found


def _flag(row: Resident, shielded: bool, actor: Actor) -> None:
    """Write the flag that everything else reads, and its history."""
    if row.shielded == shielded:
        return
    change = Change(row.pk, "shielded", row.shielded, shielded)
    register.write_changes(Resident, [change])
    register.remember([change], "resident", actor.name or actor.id)


def _day(text: str) -> str:
    """Return an ISO date as typed in any form, empty for nothing."""
    if not text.strip():
        return ""
    day: Any = born(text.strip())[0]
    if len(day.key) != 10:
        raise SonaeError(
            "unreadable",
            f"日付を読めません：{text[:40]}",
            "2026-04-01 や 令和8年4月1日 のように書いてください。",
        )
    return str(day.key)
