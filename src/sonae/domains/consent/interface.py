"""What other domains and the screens may use of consent."""

from sonae.domains.consent.models import AccessEvent, ConsentGrant, EmergencySharing
from sonae.domains.consent.rules import (
    ANSWER,
    INQUIRERS,
    KINDS,
    PURPOSES,
    ROSTER,
    Decision,
    Facts,
    Grant,
    Question,
    decide,
)
from sonae.domains.consent.selectors import accesses, grants_of, sharing_now
from sonae.domains.consent.services import (
    Outsider,
    approve_sharing,
    declare_sharing,
    disclose,
    end_sharing,
    grant,
    is_shield_officer,
    record,
    withdraw,
)

__all__ = [
    "ANSWER",
    "INQUIRERS",
    "KINDS",
    "PURPOSES",
    "ROSTER",
    "AccessEvent",
    "ConsentGrant",
    "Decision",
    "EmergencySharing",
    "Facts",
    "Grant",
    "Outsider",
    "Question",
    "accesses",
    "approve_sharing",
    "decide",
    "declare_sharing",
    "disclose",
    "end_sharing",
    "grant",
    "grants_of",
    "is_shield_officer",
    "record",
    "sharing_now",
    "withdraw",
]
