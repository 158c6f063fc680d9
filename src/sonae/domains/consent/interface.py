"""What other domains and the screens may use of consent."""

from sonae.domains.consent.models import AccessEvent, ConsentGrant, EmergencySharing
from sonae.domains.consent.rules import (
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
    approve_sharing,
    declare_sharing,
    disclose,
    end_sharing,
    grant,
    record,
    withdraw,
)

__all__ = [
    "KINDS",
    "PURPOSES",
    "ROSTER",
    "AccessEvent",
    "ConsentGrant",
    "Decision",
    "EmergencySharing",
    "Facts",
    "Grant",
    "Question",
    "accesses",
    "approve_sharing",
    "decide",
    "declare_sharing",
    "disclose",
    "end_sharing",
    "grant",
    "grants_of",
    "record",
    "sharing_now",
    "withdraw",
]
