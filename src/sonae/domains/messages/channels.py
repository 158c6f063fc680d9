"""Channels (手段) as data: who is reached by each, in which languages, and how long its texts may be.

A city may narrow or widen a length (``settings["channel_limits"] = {"sms": {"body": 70}}``), because
contracts with carriers differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

LANGUAGES: Final = ("ja", "ja-x-easy", "en")
Limits = Mapping[str, Mapping[str, int]]
"""Channel → part (subject, body) → most units, where the city differs from `CHANNELS`."""


@dataclass(frozen=True)
class Limit:
    """The most that a part of a text may hold, counted as the channel counts."""

    most: int
    unit: str = "characters"

    def fits(self, text: str) -> bool:
        """Tell whether a text is within it."""
        return measured(text, self.unit) <= self.most


@dataclass(frozen=True)
class Channel:
    """One channel. ``way``: personal (handed to each recipient's address), published (readers come and
    fetch it), copied (text that staff hand to another operator's system).

    ``room``: units of the body kept free for the personal link.
    """

    way: str
    limits: Mapping[str, Limit] = field(default_factory=dict)
    languages: tuple[str, ...] = LANGUAGES
    room: int = 0


CHANNELS: Final[Mapping[str, Channel]] = {
    "web": Channel("published"),
    "cap": Channel("published", {"subject": Limit(160)}),
    "push": Channel("personal", {"subject": Limit(80), "body": Limit(240)}),
    "line": Channel("personal", {"body": Limit(5000, "utf16")}, room=200),
    "mail": Channel("personal", {"subject": Limit(78)}),
    "sms": Channel("personal", {"body": Limit(660, "utf16")}, room=200),
    "radio": Channel("copied", {"body": Limit(400)}, languages=("ja",)),
    "urgent": Channel("copied", {"subject": Limit(15), "body": Limit(200)}, languages=("ja",)),
    "x": Channel("copied", {"body": Limit(280, "weighted")}),
}  # fmt: skip
"""web: the public page; cap: the open feed (CAP 1.2 advises 160 for a headline); push: Web Push, what a
phone shows without opening it; line: LINE Messaging API (UTF-16 units); mail: e-mail (RFC 5322 line);
sms: seventy units a part, up to 660 joined; radio: 防災行政無線, about a minute and a half of speech;
urgent: 緊急速報メール; x: posts on X, where a Japanese letter counts two."""

PERSONAL: Final = tuple(code for code, one in CHANNELS.items() if one.way == "personal")
"""In the order in which a person is tried who has chosen no other."""
PUBLISHED: Final = tuple(code for code, one in CHANNELS.items() if one.way == "published")
COPIED: Final = tuple(code for code, one in CHANNELS.items() if one.way == "copied")
SENT: Final = (*PUBLISHED, *PERSONAL)
"""Channels that a message is handed to by itself."""

# twitter-text v3: these ranges count one, all else two.
_LIGHT: Final = ((0, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))


def measured(text: str, unit: str) -> int:
    """Return how long a text is: ``characters``, ``utf16`` units or X's ``weighted`` ones."""
    if unit == "utf16":
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    if unit == "weighted":
        return sum(1 if any(low <= ord(c) <= high for low, high in _LIGHT) else 2 for c in text)
    return len(text)


def limit(channel: str, part: str, own: Limits | None = None) -> Limit | None:
    """Return the limit of a part of a channel's text, as the city has it; None where there is none."""
    known = CHANNELS[channel].limits.get(part)
    told = (own or {}).get(channel, {}).get(part)
    if not isinstance(told, int) or told <= 0:
        return known
    return Limit(told, known.unit if known else "characters")


def room_of(channel: str, own: Limits | None = None) -> Limit | None:
    """Return what is left for the words of a body beside the personal link.

    Where the limit is too small for a link (one part of an SMS), none is sent and the words have all.
    """
    whole = limit(channel, "body", own)
    room = CHANNELS[channel].room
    if whole is None or not room or whole.most <= 2 * room:
        return whole
    return Limit(whole.most - room, whole.unit)


def linked(channel: str, body: str, link: str, own: Limits | None = None) -> str:
    """Return a body with the personal link on a line of its own; without it where that is too long."""
    whole = limit(channel, "body", own)
    together = f"{body}\n{link}" if link else body
    return together if whole is None or whole.fits(together) else body


def packed(lines: Iterable[str], within: Limit | None) -> str:
    """Return whole lines joined, each that still fits, in order; the first is there, cut if it must be.

    A later line that does not fit is left out, never cut: half a sentence says something else.
    """
    first, *rest = [line for line in lines if line]
    if within is None:
        return "\n".join([first, *rest])
    kept = cut(first, within)
    for line in rest:
        longer = f"{kept}\n{line}"
        kept = longer if within.fits(longer) else kept
    return kept


def cut(text: str, within: Limit | None) -> str:
    """Return a headline within its limit, ending in … where it was longer."""
    if within is None or within.fits(text):
        return text
    while text and not within.fits(f"{text}…"):
        text = text[:-1]
    return f"{text}…"
