"""What the screens and gateways may use of messages."""

from sonae.domains.messages.handover import resend
from sonae.domains.messages.models import Delivery, Message, Transmission, Wording
from sonae.domains.messages.ports import Handed, Parcel, Recipient, Sender, describe, register
from sonae.domains.messages.selectors import (
    PublicItem,
    Unreached,
    message,
    messages,
    prepared,
    public_items,
    receipts,
    receipts_by_town,
    transmissions,
    unreached,
    wordings,
)
from sonae.domains.messages.services import (
    acknowledge,
    correct,
    facts_of,
    link_actor,
    link_for,
    residents_of,
)
from sonae.domains.messages.wording import CHANNELS, LANGUAGES, Facts, Text, texts

__all__ = [
    "CHANNELS",
    "LANGUAGES",
    "Delivery",
    "Facts",
    "Handed",
    "Message",
    "Parcel",
    "PublicItem",
    "Recipient",
    "Sender",
    "Text",
    "Transmission",
    "Unreached",
    "Wording",
    "acknowledge",
    "correct",
    "describe",
    "facts_of",
    "link_actor",
    "link_for",
    "message",
    "messages",
    "prepared",
    "public_items",
    "receipts",
    "receipts_by_town",
    "register",
    "resend",
    "residents_of",
    "texts",
    "transmissions",
    "unreached",
    "wordings",
]
