"""An own destination: what is said of it over the hazards that are warned of."""

from __future__ import annotations

from sonae.web.citizen.owngoal import OwnGoal


def test_a_warned_hazard_without_a_map_makes_the_own_destination_unknown() -> None:
    """Outside the flood says nothing of landslides that no map shows."""
    own = OwnGoal("姉の家", (("flood", "outside"), ("tsunami", "inside")))
    assert own.zone(frozenset({"flood"})) == "outside"
    assert own.zone(frozenset({"flood", "landslide"})) == "unknown"
    assert own.zone(frozenset({"landslide", "tsunami"})) == "inside"
    assert own.worst == "inside"
