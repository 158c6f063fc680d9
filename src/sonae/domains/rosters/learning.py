"""Learning from clerks (照合の学習): the weights estimated again from what was decided, put in force by a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.residents import interface as residents
from sonae.domains.rosters.models import MatchDecision, MatchingModel
from sonae.domains.rosters.runs import lines_as_columns, model_in_force
from sonae.engines.matching.learning import Decision, learn
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import take_turn, writing

Tell = Callable[[float, str], None]


def decided() -> dict[int, int | None]:
    """Return visitor → resident (None: nobody of the register), the newest standing answer of each."""
    rows = MatchDecision.objects.filter(question__kind="register", undone_at=None, proposed=False)
    told = rows.exclude(answer="later").order_by("at", "pk")
    return dict(told.values_list("question__visitor", "person"))


def learn_anew(actor: Actor = SYSTEM, progress: Tell | None = None) -> MatchingModel:
    """Estimate the weights again from all decisions; what comes of it waits for an administrator.

    `SonaeError` ``too_few_decisions``. Offline: nothing that is in force changes.
    """
    require(actor, Audience.ADMINISTRATOR)
    register = residents.matching_columns()
    there = set(register["resident_id"])
    lines = lines_as_columns(None)
    known = set(lines["line_id"])
    answers = [
        Decision(str(visitor), None if person is None else str(person))
        for visitor, person in decided().items()
        if str(visitor) in known and (person is None or str(person) in there)
    ]
    model, before, after = learn(answers, register, lines, model_in_force(), progress=progress)
    with writing():
        take_turn("matching_model", every_world=True)
        last = MatchingModel.objects.order_by("-number").first()
        MatchingModel.objects.filter(state="waiting").update(
            state="overtaken", decided_at=clock.now()
        )
        made = MatchingModel.objects.create(
            number=last.number + 1 if last else 1, content=model.to_json(), made_at=clock.now(),
            decisions=len(answers), figures={"before": asdict(before), "after": asdict(after)},
        )  # fmt: skip
        audit.record(actor.id, "matching_learnt", f"model:{made.pk}", decisions=len(answers))
    return made


def models(actor: Actor) -> list[MatchingModel]:
    """Return all editions of the weights, newest first."""
    require(actor, Audience.STAFF)
    return list(MatchingModel.objects.order_by("-number"))


def decide_model(actor: Actor, pk: int, verb: str) -> MatchingModel:
    """Put an edition in force (``use``), aside (``discard``), or end the one in force (``end``).

    Only an administrator. Without one in force, every roster teaches its own weights.
    """
    require(actor, Audience.ADMINISTRATOR)
    allowed = {"use": ("waiting", "replaced"), "discard": ("waiting",), "end": ("in_force",)}
    with writing():
        take_turn("matching_model", every_world=True)
        row = MatchingModel.objects.filter(pk=pk).first()
        if row is None or verb not in allowed:
            raise SonaeError("not_found", "この重みはありません。")
        if row.state not in allowed[verb]:
            raise SonaeError("conflict", "この重みは、もう決定されています。")
        if verb == "use":
            MatchingModel.objects.filter(state="in_force").update(state="replaced")
        row.state = {"use": "in_force", "discard": "discarded", "end": "replaced"}[verb]
        row.decided_at, row.decided_by = clock.now(), (actor.name or actor.id)[:120]
        row.save(update_fields=["state", "decided_at", "decided_by"])
        audit.record(actor.id, f"matching_model_{verb}", f"model:{pk}", number=row.number)
    return row
