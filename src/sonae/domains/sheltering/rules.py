"""Pure decisions of running a shelter: steps of a request, who is entitled, who should be seen apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

ROOM_USES: Final = (
    "general", "family", "women", "infant", "care", "infectious", "pets", "other",
)  # fmt: skip
"""What a room is for; ``infectious``: 感染症の疑いのある人の区画, entered by nobody else."""

SUPPLY_KINDS: Final = (
    "water", "food", "bedding", "clothing", "hygiene", "infant", "medical", "equipment", "other",
)  # fmt: skip

SUPPLY_STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "asked": ("arranged", "sent", "received", "cancelled"),
    "arranged": ("sent", "received", "cancelled"),
    "sent": ("received", "cancelled"),
    "received": (),
    "cancelled": ("asked",),
}
"""What may become of a request. ``received`` is only said by receipts, once all of it is there."""
OPEN_SUPPLIES: Final = ("asked", "arranged", "sent")

ALLERGENS: Final = ("egg", "milk", "wheat", "buckwheat", "peanut", "shrimp", "crab", "walnut")
"""特定原材料8品目 (食品表示基準 別表第十四)."""

GUESTS: Final = ("visitor", "volunteer", "official", "medical", "press", "other")

SYMPTOMS: Final = (
    "cough", "breath", "vomiting", "diarrhoea", "rash", "headache", "chest", "legs", "sleep", "mood",
)  # fmt: skip
"""What a carer asks after; ``legs``: swelling or pain (エコノミークラス症候群)."""
CONTAGIOUS: Final = frozenset({"cough", "vomiting", "diarrhoea", "rash"})
URGENT: Final = frozenset({"breath", "chest", "legs"})
FEVER: Final = 37.5
"""発熱: 37.5 ℃ and more (感染症法に基づく届出の基準)."""
COLDEST, HOTTEST = 30.0, 45.0
"""A body temperature outside is a slip of the hand or a broken thermometer."""

LIFELINES: Final = ("electricity", "water", "gas", "sewage", "phone", "heating")
LIFELINE_STATES: Final = ("works", "partly", "down", "unknown")


def may_become(state: str, step: str) -> bool:
    """Tell whether a supply request may take this step."""
    return step in SUPPLY_STEPS.get(state, ())


def apart(celsius: float | None, symptoms: Iterable[str]) -> bool:
    """Tell whether a person should be offered a room apart from the others (感染症の疑い)."""
    return (celsius is not None and celsius >= FEVER) or bool(CONTAGIOUS & set(symptoms))


def at_once(symptoms: Iterable[str]) -> bool:
    """Tell whether somebody who knows medicine should look now."""
    return bool(URGENT & set(symptoms))


def next_helping(given: Iterable[int]) -> int:
    """Return which helping of a meal the next portion for a person would be."""
    return max(given, default=0) + 1
