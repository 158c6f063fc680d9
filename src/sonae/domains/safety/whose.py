"""Who a visitor is, for one reader (だれとして見えるか): the one place that decides it.

A visitor who is somebody under 支援措置 is, for whoever may not know of that person, nobody but the
visitor: on its own page, in every list, count and file, as if the link had never been made. What the
ledger folds together, `Eyes` takes apart again for such a reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property

from django.db.models import Q, QuerySet

from sonae.domains.consent import interface as consent
from sonae.domains.safety import rules
from sonae.domains.safety.linking import component
from sonae.domains.safety.models import PersonState, Visitor
from sonae.domains.safety.reading import events_of
from sonae.domains.safety.rules import Event
from sonae.platform.access import Actor


class Eyes:
    """Whom visitors are for one reader; without one, for a screen that everybody sees.

    Nothing is read before it is asked for, and of a city in which nobody hidden was written down
    only one short query.
    """

    def __init__(self, actor: Actor | None = None) -> None:
        """Look with the eyes of an actor."""
        self._all = actor is not None and consent.is_shield_officer(actor)

    @property
    def sees_all(self) -> bool:
        """Whether nobody is hidden from this reader."""
        return self._all

    @cached_property
    def _who(self) -> dict[int, int]:
        """Visitor → resident whom this reader may not know."""
        if self._all:
            return {}
        rows = Visitor.objects.filter(resident__isnull=False, resident__shielded=True)
        found = rows.values_list("pk", "resident_id")
        return dict(found)

    @cached_property
    def hidden(self) -> dict[int, int]:
        """Visitor who is somebody hidden → the visitor that it is when only visitors are joined."""
        if not self._who:
            return {}
        residents = set(self._who.values())
        ends = rules.ends(one for one in component(self._who) if one.resident not in residents)
        roots = {pk: ends.get(pk, ("v", pk)) for pk in self._who}
        return {pk: end if kind == "v" else pk for pk, (kind, end) in roots.items()}

    @property
    def residents(self) -> set[int]:
        """Residents whom this reader sees as visitors; what the ledger folds of them is not shown."""
        return set(self._who.values())

    def own(self, rows: QuerySet[Visitor] | None = None) -> QuerySet[Visitor]:
        """Narrow visitors to those who are, for this reader, people in their own right."""
        found = Visitor.objects.all() if rows is None else rows
        right = Q(resident=None, same_as=None)
        if roots := set(self.hidden.values()):
            right |= Q(pk__in=roots)
        return found.filter(right)

    def end(self, one: Visitor) -> tuple[str, int]:
        """Return who a visitor is: ``("r", resident)`` or ``("v", visitor)``."""
        if one.pk in self.hidden:
            return "v", self.hidden[one.pk]
        if one.resident_id is not None:
            return "r", one.resident_id
        return "v", one.same_as_id or one.pk

    def alike(self, root: int) -> list[Visitor]:
        """Return the visitors who are one person with this one, the one itself first."""
        others = [pk for pk, end in self.hidden.items() if end == root and pk != root]
        rows = Visitor.objects.filter(Q(pk__in=others) | Q(same_as=root)).order_by("pk")
        return [*Visitor.objects.filter(pk=root), *rows]

    def events(self, roots: Iterable[int], until: datetime | None = None) -> dict[int, list[Event]]:
        """Return visitor → the sightings of all that it is, for visitors in their own right."""
        asked = list(roots)
        members = {pk: end for pk, end in self.hidden.items() if end in asked}
        told = events_of("visitor_id", {*asked, *members}, until)
        found: dict[int, list[Event]] = {root: [] for root in asked}
        for pk, events in told.items():
            found[members.get(pk, pk)] += events
        return found

    def said_by(self, resident: int, until: datetime | None = None) -> list[Event]:
        """Return what is known of a hidden resident without the visitors."""
        members = [pk for pk, who in self._who.items() if who == resident]
        written = {
            one.id for events in events_of("visitor_id", members, until).values() for one in events
        }
        return [
            one
            for one in events_of("resident_id", [resident], until)[resident]
            if one.id not in written
        ]

    def states(self, visitors: Sequence[int]) -> dict[int, PersonState]:
        """Return visitor → present state, for visitors in their own right; never sighted: absent."""
        keys = [f"v{pk}" for pk in visitors]
        rows = PersonState.objects.filter(person__in=keys).select_related("facility")
        found = {row.visitor_id: row for row in rows if row.visitor_id is not None}
        roots = set(self.hidden.values()) & set(visitors)
        for pk, events in self.events(roots).items() if roots else ():
            if (state := rules.fold(events)) is not None:
                found[pk] = _as_row(f"v{pk}", state, visitor_id=pk)
        return found

    def parts(self) -> list[PersonState]:
        """Return, in place of the states of `residents`, what this reader sees: not stored rows.

        One for every visitor, and one for what is known of the resident without them.
        """
        found = list(self.states(sorted(set(self.hidden.values()))).values()) if self._who else []
        for pk in sorted(self.residents):
            if (state := rules.fold(self.said_by(pk))) is not None:
                found.append(_as_row(f"r{pk}", state, resident_id=pk))
        return found


def _as_row(person: str, state: rules.State, **whose: int) -> PersonState:
    """Return a fold as a state that is stored nowhere."""
    return PersonState(
        person=person, facility_id=state.facility, place=state.place, direction=state.direction,
        status=state.status, seen_at=state.seen_at, clock=state.clock, conflict=state.conflict,
        bound_for_id=state.bound_for, **whose,
    )  # fmt: skip
