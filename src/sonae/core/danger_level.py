"""警戒レベル: the five levels, their official names, actions and colours.

Source: 避難情報に関するガイドライン (内閣府). Levels 3 to 5 are the mayor's 避難情報; the levels in
weather telegrams are only 警戒レベル相当情報, and the two are never merged on a screen. The colours
are the published RGB values; a colour never stands without the number and the name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sonae.core.marks import gettext_noop as _


@dataclass(frozen=True, slots=True)
class DangerLevel:
    """One level: ``name`` of the information, ``action`` for residents, background and text colour.

    ``by_mayor`` tells whether the municipality issues it (levels 3–5) or the weather service.
    """

    level: int
    name: str
    action: str
    rgb: tuple[int, int, int]
    by_mayor: bool

    @property
    def colour(self) -> str:
        """The official background colour, ``#rrggbb``."""
        return "#{:02x}{:02x}{:02x}".format(*self.rgb)

    @property
    def text_colour(self) -> str:
        """Black or white, whichever contrasts more with the official background."""
        return max(("#ffffff", "#000000"), key=lambda text: contrast(text, self.colour))


LEVELS: Final = (
    DangerLevel(1, _("早期注意情報"), _("災害への心構えを高める"), (255, 255, 255), False),
    DangerLevel(2, _("大雨・洪水・高潮注意報"), _("自らの避難行動を確認"), (242, 231, 0), False),
    DangerLevel(3, _("高齢者等避難"), _("危険な場所から高齢者等は避難"), (255, 40, 0), True),
    DangerLevel(4, _("避難指示"), _("危険な場所から全員避難"), (170, 0, 170), True),
    DangerLevel(5, _("緊急安全確保"), _("命の危険 直ちに安全確保！"), (12, 0, 12), True),
)


def danger_level(level: int) -> DangerLevel:
    """The level 1 to 5; ValueError for anything else, for there is no default danger."""
    if not 1 <= level <= len(LEVELS):
        raise ValueError(f"警戒レベル is 1 to 5, not {level}")
    return LEVELS[level - 1]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio, 1 to 21, of two ``#rrggbb`` colours."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """WCAG relative luminance, 0 to 1."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
