"""Two people's word on who is who (2人での照合): what waits for a second person, agreed to or turned down.

However it was proposed: at the review desk the question follows, elsewhere the link alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sonae.core.errors import SonaeError
from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import Person
from sonae.domains.rosters import desk
from sonae.domains.rosters.desk import Written, written
from sonae.domains.rosters.models import MatchDecision
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import Match, PersonLink
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import take_turn, writing


@dataclass(frozen=True)
class Proposal:
    """A link that waits: who was written down, who that is said to be, and what makes it grave.

    Exactly one of ``resident`` and ``other`` is set. ``dead``: a death is recorded or proposed of either.
    """

    link: PersonLink
    who: Written
    resident: Person | None
    other: Written | None
    mine: bool
    dead: bool


def proposals(actor: Actor) -> list[Proposal]:
    """Return what waits for a second person, oldest first, as far as the reader may know the people."""
    require(actor, Audience.OPERATOR)
    links = safety.proposed_links()
    known = written([pk for one in links for pk in (one.visitor_id, one.other_id) if pk])
    homes = residents.homes_of(actor, [one.resident_id for one in links if one.resident_id])
    people = {pk: next(one for one in home if one.pk == pk) for pk, home in homes.items()}
    dead = safety.mourned([Match(one.visitor_id, one.resident_id, one.other_id) for one in links])
    return [
        Proposal(
            one, known[one.visitor_id], people.get(one.resident_id or 0),
            known.get(one.other_id or 0), one.by == actor.id, one.visitor_id in dead,
        )
        for one in links
        if one.resident_id in people or one.other_id in known
    ]  # fmt: skip


def _proposal(actor: Actor, link_id: UUID) -> Proposal:
    """Return a proposal that this actor may know of; `SonaeError` ``conflict`` when none waits."""
    found = next((one for one in proposals(actor) if one.link.pk == link_id), None)
    if found is None:
        raise SonaeError("conflict", "この提案は、もう答えが出ています。")
    return found


def _question(link_id: UUID) -> MatchDecision | None:
    """Return the answer at the desk that made a proposal, while its question waits."""
    rows = MatchDecision.objects.filter(link=link_id, undone_at=None, question__state="second")
    return rows.select_related("question").first()


def agree(actor: Actor, link_id: UUID) -> None:
    """Say as the second person that it is so; from then on the link counts.

    `SonaeError` ``forbidden`` for one's own proposal, ``conflict`` when it was answered already or
    another clerk has its question before the eyes.
    """
    with writing():
        take_turn("review")
        _proposal(actor, link_id)
        asked = _question(link_id)
        if asked is None:
            safety.agree_link(actor, link_id)
        else:
            desk.answer(actor, asked.question_id, "person", asked.person)


def refuse(actor: Actor, link_id: UUID, reason: str) -> None:
    """Turn a proposal down, or take one's own back: nothing has changed by it, the line is asked again."""
    with writing():
        take_turn("review")
        found = _proposal(actor, link_id)
        if not found.mine and not reason.strip():
            raise SonaeError("unprocessable", "ちがうと思う理由を書いてください。")
        asked = _question(link_id)
        if asked is not None and found.mine:
            desk.undo(actor, asked.pk)
            return
        safety.refuse_link(actor, link_id, reason)
        if asked is not None:
            question = asked.question
            question.state, question.first_by = "open", ""
            question.save(update_fields=["state", "first_by"])
