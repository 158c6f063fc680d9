"""Who is, or was at a moment, in a shelter: the roster that the ledger makes (「18時の名簿」).

And who of them may stand on the list that hangs there: those who have said so, nobody else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import Outsider
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import rules
from sonae.domains.safety.models import Visitor
from sonae.domains.safety.selectors import inside, looked
from sonae.domains.shelters.interface import Facility
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing

BOARD: Final = "board"
POSTED: Final = "posted_list"
"""Recipient and purpose of the consent to stand on the list that hangs in a shelter."""
POSTED_KINDS: Final = ("name", "kana", "town")
_KINDS: Final = ("name", "kana", "birth_date", "sex", "address", "needs")


@dataclass(frozen=True)
class Sheltered:
    """One person inside: what was denied is empty. ``since``: when last heard of there.

    ``resident_pk`` is None for a visitor; ``posted``: has agreed to stand on the list that hangs there.
    """

    person: str
    resident_pk: int | None
    visitor_pk: int | None
    name: str
    kana: str
    birth_date: str
    sex: str
    address: str
    needs: str
    status: str
    since: datetime
    posted: bool


def sheltered(actor: Actor, facility_pk: int, at: datetime | None = None) -> list[Sheltered]:
    """Return who is inside a facility, or was at a moment as far as is known by now, by reading.

    Each look is recorded. People under 支援措置 are not on it, nor is anything that tells how many: the
    number of people inside comes from `occupancy`, which counts people without a name too.
    """
    require(actor, Audience.OPERATOR)
    moment = at or clock.now()
    if moment > clock.now():
        raise SonaeError("unprocessable", "これから先の時刻の名簿は、まだありません。")
    found = _residents(actor, facility_pk, moment) + _visitors(facility_pk, moment)
    return sorted(found, key=lambda one: (not one.kana, one.kana, one.name, one.person))


def _residents(actor: Actor, facility_pk: int, at: datetime) -> list[Sheltered]:
    states = inside("r", facility_pk, at)
    pks = list(states)
    rows = list(
        Resident.held.filter(pk__in=pks).select_related("household__town", "assistanceregistrant")
    )
    made = looked(actor, rows, "reception", _KINDS)
    posted = agreed(pks)
    return [
        _resident(row, made[row.pk].fields, states[row.pk], row.pk in posted)
        for row in rows
        if "name" in made[row.pk].fields
    ]


def _resident(
    row: Resident, fields: Collection[str], state: rules.State, posted: bool
) -> Sheltered:
    registrant = getattr(row, "assistanceregistrant", None)
    told = {
        "kana": row.kana, "birth_date": row.birth_date, "sex": row.sex,
        "address": f"{row.household.town.name}{row.household.address}",
        "needs": registrant.reason if registrant else "",
    }  # fmt: skip
    shown = {kind: value if kind in fields else "" for kind, value in told.items()}
    return Sheltered(
        f"r{row.pk}", row.pk, None, row.name, **shown, status=state.status, since=state.seen_at,
        posted=posted,
    )  # fmt: skip


def _visitors(facility_pk: int, at: datetime) -> list[Sheltered]:
    states = inside("v", facility_pk, at)
    return [
        Sheltered(
            f"v{one.pk}", None, one.pk, one.name, one.kana, one.birth_date, "", one.address, "",
            states[one.pk].status, states[one.pk].seen_at, False,
        )
        for one in Visitor.objects.filter(pk__in=list(states))
    ]  # fmt: skip


# --- the list that hangs there ---------------------------------------------------------------------


def agreed(resident_pks: Sequence[int]) -> set[int]:
    """Return those of the residents whose consent to stand on the posted list is in force."""
    return consent.agreeing(BOARD, POSTED, resident_pks)


def agree_to_post(actor: Actor, resident_pks: Sequence[int], wanted: Collection[int]) -> int:
    """Note of residents who are here which of them agree (``wanted``) and which do not any more.

    Said by the person at the desk; return how many answers changed.
    """
    require(actor, Audience.RECEPTION)
    held = agreed(resident_pks)
    with writing():
        for pk in resident_pks:
            if pk in wanted and pk not in held:
                consent.grant(actor, pk, BOARD, POSTED, POSTED_KINDS)
            elif pk not in wanted and pk in held:
                _withdraw(actor, pk)
    return len({pk for pk in resident_pks if (pk in wanted) is not (pk in held)})


def _withdraw(actor: Actor, pk: int) -> None:
    for row in consent.grants_of(actor, pk):
        if (row.recipient, row.purpose) == (BOARD, POSTED) and row.withdrawn_at is None:
            consent.withdraw(actor, row.pk)


def posted_list(actor: Actor, place: Facility) -> list[tuple[str, str, str]]:
    """Return name, kana and town of those inside now who may stand on the posted list; recorded.

    Decided for each by `consent.disclose` as a disclosure to whoever reads it there.
    """
    require(actor, Audience.OPERATOR)
    pks = list(inside("r", place.pk, clock.now()))
    rows = list(Resident.objects.filter(pk__in=agreed(pks)).select_related("household__town"))
    reader = Outsider("public", BOARD, f"避難所の掲示：{place.name}", f"board:{place.pk}")
    made = consent.disclose(
        actor, [one.pk for one in rows], purpose=POSTED, kinds=POSTED_KINDS,
        shielded={one.pk for one in rows if one.shielded}, outsider=reader,
    )  # fmt: skip
    with writing():
        audit.record(actor.id, "posted_list_printed", place.public_id)
    shown = [
        (one.name, one.kana if "kana" in made[one.pk].fields else "",
         one.household.town.name if "town" in made[one.pk].fields else "")
        for one in rows
        if "name" in made[one.pk].fields
    ]  # fmt: skip
    return sorted(shown, key=lambda one: (one[1], one[0]))
