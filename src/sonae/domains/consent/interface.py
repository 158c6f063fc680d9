"""What other domains and the screens may use of consent."""

from sonae.domains.consent.models import AccessEvent, ConsentGrant
from sonae.domains.consent.rules import KINDS, PURPOSES, Decision, Facts, Grant, Question, decide
from sonae.domains.consent.selectors import accesses
from sonae.domains.consent.services import disclose, grant, record, withdraw

__all__ = [
    "KINDS",
    "PURPOSES",
    "AccessEvent",
    "ConsentGrant",
    "Decision",
    "Facts",
    "Grant",
    "Question",
    "accesses",
    "decide",
    "disclose",
    "grant",
    "record",
    "withdraw",
]
