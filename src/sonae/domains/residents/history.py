"""What became of one person in the register (異動履歴): every item, before and after, by whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q

from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.residents.models import Resident, ResidentHistory
from sonae.platform.access import Actor, Audience, require

_KINDS: Final = (
    "name",
    "kana",
    "birth_date",
    "sex",
    "address",
    "phone",
    "email",
    "household",
    "needs",
)
_LOOK: Final = timedelta(minutes=10)
_SILENT: Final = frozenset(
    {"shielded", "home.latitude", "home.longitude", "birth_first", "birth_last"}
)
"""Items that no page shows: a shield that was, and numbers that mean nothing to a reader."""


@dataclass(frozen=True)
class Step:
    """One change of one item; ``edition`` None: made on a page."""

    at: datetime
    item: str
    before: Any
    after: Any
    by: str
    edition: int | None


@dataclass(frozen=True)
class Story:
    """A resident as registered now, who else lives in the home, and every change, newest first."""

    resident: Resident
    others: tuple[Resident, ...]
    steps: tuple[Step, ...]


def story(actor: Actor, resident_pk: int) -> Story:
    """Return the register's page of one person; the look is recorded.

    `SonaeError` ``not_found``, the same for nobody, for people who have left long since and for people
    under 支援措置.
    """
    require(actor, Audience.OPERATOR)
    row = (
        Resident.held.select_related("household__town", "added_in")
        .filter(pk=resident_pk, shielded=False)
        .first()
    )
    made = consent.disclose(
        actor, [row.pk], purpose="rescue", kinds=_KINDS, shielded=(), phase="peacetime", once_in=_LOOK
    ) if row else {}  # fmt: skip
    if row is None or "name" not in made[row.pk].fields:
        raise SonaeError("not_found", "この人の記録はありません。")
    rows = ResidentHistory.objects.filter(Q(resident=row.pk) | Q(household=row.household_id))
    steps = [
        Step(one.at, one.item, one.before, one.after, one.by, one.edition_id)
        for one in rows.order_by("-at", "-pk")
        if one.item not in _SILENT
    ]
    others = Resident.objects.filter(household=row.household_id, shielded=False).exclude(pk=row.pk)
    shown = list(others.order_by("pk")) if not row.left_on else []
    consent.disclose(
        actor, [one.pk for one in shown], purpose="rescue", kinds=("name", "household"), shielded=(),
        phase="peacetime", once_in=_LOOK,
    )  # fmt: skip
    return Story(row, tuple(shown), tuple(steps))
