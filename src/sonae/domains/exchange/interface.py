"""What the screens may use of the exchange."""

from sonae.domains.exchange import (
    choices,
    partners,
    people,
    pfifin,
    pfifout,
    policies,
    publications,
    rules,
)
from sonae.domains.exchange import requests as inquiries
from sonae.domains.exchange.models import (
    ExchangeDisclosure,
    ExchangePartner,
    NamePublication,
    PfifEdition,
    PfifRecord,
    PublishedName,
    SafetyAnswer,
    SafetyRequest,
)

__all__ = [
    "ExchangeDisclosure",
    "ExchangePartner",
    "NamePublication",
    "PfifEdition",
    "PfifRecord",
    "PublishedName",
    "SafetyAnswer",
    "SafetyRequest",
    "choices",
    "inquiries",
    "partners",
    "people",
    "pfifin",
    "pfifout",
    "policies",
    "publications",
    "rules",
]
