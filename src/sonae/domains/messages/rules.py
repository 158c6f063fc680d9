"""Pure decisions about messages: their states, and when a channel is done."""

from typing import Final

MESSAGE_TRANSITIONS: Final[dict[str, frozenset[str]]] = {
    "draft": frozenset({"submitted", "approved", "dropped"}),
    "returned": frozenset({"submitted", "dropped"}),
    "submitted": frozenset({"returned", "approved", "dropped"}),
    "prepared": frozenset({"approved", "dropped"}),
    "approved": frozenset(),
    "dropped": frozenset(),
}
"""``prepared``: a correction or cancellation that waits beside its message for the one click.

A message of an order is approved with the order, an automatic notice by its rule; a notice that
people write is submitted and approved by two. ``dropped``: taken back, or rejected.
"""

TRANSMISSION_TRANSITIONS: Final[dict[str, frozenset[str]]] = {
    "created": frozenset({"sending", "handed_over", "failed"}),
    "sending": frozenset({"handed_over", "failed"}),
    "handed_over": frozenset({"sending"}),
    "failed": frozenset({"sending"}),
}
"""States of a hand-over to one channel; it begins again when it is tried again or more people are told."""
LADDER_MINUTES: Final = {5: 3, 4: 5, 3: 15}
"""Level of an order → after how many minutes those who have not answered are told by their next channel."""

CHUNK: Final = 500
"""Recipients per outbox entry: one job per chunk, never per person."""
EXPIRES_HOURS: Final = 22.5
"""A public item ends by itself after this long unless it is renewed (cell-broadcast practice)."""
PROOF_MINUTES: Final = 30
"""How long a number that proves an address holds, and is tried to be sent."""
RENEW_HOURS: Final = 20
"""What is public is renewed after this long while its order is in force: before it would expire."""
ACKNOWLEDGE_DAYS: Final = 7
"""How long the link 「無事です」 in a message is valid."""
