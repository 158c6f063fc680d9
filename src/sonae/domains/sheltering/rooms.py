"""Rooms and zones (部屋): what there is, who is where; the shelter's capacity follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.safety import interface as safety
from sonae.domains.sheltering import rules
from sonae.domains.sheltering.entry import facility_for, name_of, number, one_of, said
from sonae.domains.sheltering.models import Room, RoomStay
from sonae.domains.shelters import interface as shelters
from sonae.platform import audit
from sonae.platform.access import Actor
from sonae.platform.db import take_turn, writing


@dataclass(frozen=True)
class RoomView:
    """A room with how many people are in it now."""

    room: Room
    people: int

    @property
    def free(self) -> int | None:
        """Places left; 0 when it is full or fuller, None without a capacity."""
        return None if self.room.capacity is None else max(0, self.room.capacity - self.people)

    @property
    def congestion(self) -> str:
        """How crowded the room is (`shelters.CONGESTION`); unknown without a capacity."""
        return shelters.congestion(self.people, self.room.capacity, "open")


def rooms(facility_pk: int) -> list[RoomView]:
    """Return the rooms of a shelter, in use first, with their head-counts."""
    found = list(Room.objects.filter(facility=facility_pk).order_by("-open", "pk"))
    inside = safety.PersonState.objects.filter(facility=facility_pk, direction__in=("in", "move"))
    places = dict(inside.values_list("person", "place"))
    heads = list(room_of(facility_pk, places).values())
    return [RoomView(one, heads.count(one.pk)) for one in found]


def room_of(facility_pk: int, places: dict[str, str]) -> dict[str, int]:
    """Return person → room, of people inside (person → what the check-in said of the place).

    The newest word counts: a stay written on the shelter's page, or a check-in that named a room. Who
    left, came again and was given another room is in that one.
    """
    names = dict(Room.objects.filter(facility=facility_pk).values_list("name", "pk"))
    found = {person: names[place] for person, place in places.items() if place in names}
    named = safety.named_places(facility_pk, list(names)) if found else {}
    stays = RoomStay.objects.filter(room__facility=facility_pk).order_by("at", "pk")
    for person, room, at in stays.values_list("person", "room", "at"):
        said = named.get(person)
        if person in places and (said is None or said <= at):
            found[person] = room
    return found


def set_room(
    actor: Actor,
    facility_pk: int,
    name: str,
    use: str,
    capacity: str = "",
    *,
    is_open: bool = True,
    note: str = "",
) -> Room:
    """Add a room or change the one of this name; the shelter's capacity becomes that of its open rooms.

    Closing a room in which people are is allowed and said: they are not moved by a form.
    """
    facility = facility_for(actor, facility_pk)
    name, use = said(name, 40, "部屋の名前"), one_of(use, rules.ROOM_USES, "用途")
    holds = number(capacity, "部屋の定員", least=0) if capacity.strip() else None
    with writing():
        row, _new = Room.objects.update_or_create(
            facility=facility,
            name=name,
            defaults={
                "use": use, "capacity": holds, "open": is_open, "note": note.strip()[:200],
                "changed_at": clock.now(), "changed_by": name_of(actor),
            },
        )  # fmt: skip
        audit.record(
            actor.id, "sheltering.room", f"facility:{facility.public_id}",
            name=f"{facility.name} {name}", use=use, capacity=holds, open=is_open,
        )  # fmt: skip
        told = shelters.states().get(facility_pk)
        wanted = opening_capacity(facility_pk, told.state if told else "unknown")
        if told is not None and wanted is not None and wanted != told.capacity:
            note = "部屋の定員の合計"
            shelters.set_state(actor, facility_pk, told.state, note, capacity=wanted)
    return row


def capacity_of(facility_pk: int) -> int | None:
    """Return how many people the open rooms take; None when there is none or one is unknown."""
    held = Room.objects.filter(facility=facility_pk, open=True).values_list("capacity", flat=True)
    known = [one for one in held if one is not None]
    return sum(known) if known and len(known) == len(held) else None


def opening_capacity(facility_pk: int, state: str) -> int | None:
    """Return the capacity to be reported with a state: that of the rooms, where it is known and not closed.

    Rooms may be written down before the shelter opens, and what was said for one opening ends with it.
    """
    return None if state == "closed" else capacity_of(facility_pk)


def assign(actor: Actor, facility_pk: int, room_pk: int, people: Sequence[str]) -> int:
    """Let people who are inside stay in a room; return how many. A full room takes them, and says so."""
    facility_for(actor, facility_pk)
    room = Room.objects.filter(pk=room_pk, facility=facility_pk).first()
    if room is None:
        raise SonaeError("not_found", "この部屋は登録されていません。")
    if not room.open:
        raise SonaeError("conflict", f"{room.name}は使っていません。", "先に使用中にしてください。")
    with writing():
        take_turn("rooms")
        found = safety.require_inside(facility_pk, people)
        now, who = clock.now(), name_of(actor)
        RoomStay.objects.bulk_create(
            [RoomStay(room=room, person=person, at=now, by=who) for person in found]
        )
        audit.record(
            actor.id, "sheltering.room_stay", f"room:{room.pk}", name=room.name, people=len(found)
        )
    return len(found)
