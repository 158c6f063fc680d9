"""Taking an edition of the register back; where that takes many people away, two must say so.

The first person's word is kept beside the edition (`RegisterEdition.agreed`, ``step`` "undo") and
changes nothing until another administrator or approver says the same.
"""

from __future__ import annotations

from typing import Any

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.residents import differences, rosterfiles
from sonae.domains.residents.editions import allowed, locked, may_see, name_of
from sonae.domains.residents.models import (
    AssistanceRegistrant,
    EvacuationPlan,
    RegisterEdition,
    Resident,
    ResidentHistory,
)
from sonae.engines.register.difference import FEW, MANY_GONE
from sonae.platform import audit
from sonae.platform.access import Actor
from sonae.platform.db import take_turn, writing
from sonae.platform.scope import is_exercise

_NOT_IN_FORCE = "まだ反映されていないか、すでに取り消されています。"


def why_not(row: RegisterEdition) -> str:
    """Return why an edition cannot be undone, in words; empty when it can."""
    if row.state != "in_force":
        return _NOT_IN_FORCE
    if not row.digest:
        return "ファイルから取り込んだ版ではありません。"
    newer = RegisterEdition.objects.filter(
        state="in_force", purpose=row.purpose, decided_at__gt=row.decided_at
    )
    if newer.exists():
        return "この版より後に、別の版が反映されています。新しいものから順に取り消してください。"
    if differences.changed_since(row):
        return "この版が変えた人か世帯が、その後に直されています。"
    return ""


def needs_second(row: RegisterEdition) -> bool:
    """Tell whether one person must not undo it alone: a tenth of what is in force came with it.

    So it is with the first edition of all, without which nobody would be left to be looked for.
    """
    if row.purpose == "register":
        came = Resident.objects.filter(added_in=row.pk).count()
        return _many(came, Resident.objects.count())
    told = ResidentHistory.objects.filter(edition=row.pk, item__in=("registrant", "plan"))
    new = [item for item, before in told.values_list("item", "before") if before is None]
    return _many(new.count("registrant"), AssistanceRegistrant.objects.count()) or _many(
        new.count("plan"), EvacuationPlan.objects.count()
    )


def _many(gone: int, present: int) -> bool:
    return present >= FEW and gone > MANY_GONE * present


def asked(row: RegisterEdition) -> dict[str, Any] | None:
    """Return who has asked for the undoing, and when, while it waits for a second person."""
    said = [one for one in row.agreed if one.get("step") == "undo"]
    return said[0] if said and row.state == "in_force" else None


def undo(actor: Actor, pk: int) -> RegisterEdition:
    """Take the newest edition back: every item as it was; who came with it counts as never having come.

    Where two must agree, the first word, an administrator's, is kept; see `asked`.
    """
    may_see(actor)
    if is_exercise():
        allowed(actor)
    with writing():
        take_turn("register", every_world=True)
        row = locked(pk, "in_force", why=f"取り消せません。{_NOT_IN_FORCE}")
        if why := why_not(row):
            raise SonaeError("conflict", f"取り消せません。{why}")
        first = asked(row)
        if first is None:
            allowed(actor)
        if first is None and needs_second(row):
            told = {"id": actor.id, "name": name_of(actor), "at": clock.now().isoformat()}
            row.agreed = [*row.agreed, {**told, "step": "undo"}]
            row.save(update_fields=["agreed"])
            audit.record(actor.id, "register.undo_asked", f"edition:{pk}")
            return row
        if first is not None and first["id"] == actor.id:
            raise SonaeError(
                "forbidden",
                "1人目と同じ人は、2人目になれません。",
                "別の管理者か決裁者が確かめてください。",
            )
        undone = differences.undo if row.purpose == "register" else rosterfiles.undo
        undone(row, name_of(actor))
        row.state = "undone"
        row.save(update_fields=["state"])
        audit.record(actor.id, "register.undone", f"edition:{pk}")
    return row


def keep(actor: Actor, pk: int) -> RegisterEdition:
    """Say no to an undoing that waits for a second person, or take one's own word back."""
    may_see(actor)
    with writing():
        row = locked(pk, "in_force", why=_NOT_IN_FORCE)
        if asked(row) is None:
            raise SonaeError("conflict", "取り消しの提案は、もうありません。")
        row.agreed = [one for one in row.agreed if one.get("step") != "undo"]
        row.save(update_fields=["agreed"])
        audit.record(actor.id, "register.undo_refused", f"edition:{pk}")
    return row
