"""What Japanese names of warnings mean where no code table says so.

Code tables come first (each family's own); these are the fallback that keeps an unknown code or a
new kind of telegram visible. Titles are compared in NFKC, because editions differ in width and
brackets.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple


class Meaning(NamedTuple):
    """What a kind means: phenomenon, severity, and the level its family fixes (else None)."""

    phenomenon: str
    severity: str
    level: int | None = None


# Longer and rarer words first: the first that occurs in the name decides.
_PHENOMENA = (
    ("土砂", "landslide"),
    ("線状降水帯", "linear_rainband"),
    ("記録的短時間大雨", "record_rain"),
    ("記録雨", "record_rain"),
    ("大雨", "heavy_rain"),
    ("氾濫", "flood"),
    ("洪水", "flood"),
    ("高潮", "storm_surge"),
    ("津波", "tsunami"),
    ("暴風雪", "snow_storm"),
    ("風雪", "snow_storm"),
    ("大雪", "heavy_snow"),
    ("暴風", "storm"),
    ("強風", "storm"),
    ("波浪", "wave"),
    ("竜巻", "tornado"),
    ("なだれ", "avalanche"),
    ("融雪", "snow_melt"),
    ("着雪", "snow_accretion"),
    ("着氷", "ice_accretion"),
    ("濃霧", "fog"),
    ("乾燥", "dry"),
    ("低温", "cold"),
    ("霜", "frost"),
    ("雷", "thunder"),
    ("噴火", "volcano"),
    ("火口", "volcano"),
    ("降灰", "volcano"),
    ("地震", "earthquake"),
    ("震度", "earthquake"),
)
_SEVERITIES = (
    ("解除", "lifted"),
    ("特別警報", "emergency"),
    ("危険警報", "critical"),
    ("警報なし", "information"),
    ("警報", "warning"),
    ("注意報", "advisory"),
)
# 「警戒レベル４相当」「レベル４大雨危険警報」. 噴火警戒レベル is another scale and never read here.
_LEVEL = re.compile(r"レベル([1-5])")
# 「レベル３（入山規制）」 is a volcano's: where the type is not known, only a warning so named counts.
_LEVEL_OF_WARNING = re.compile(r"^(?:警戒)?レベル([1-5])[^(]*(?:警報|注意報)")
_LEVEL_SEVERITY = {5: "emergency", 4: "critical", 3: "warning", 2: "advisory", 1: "information"}


@lru_cache(maxsize=256)
def normal(text: str) -> str:
    """``text`` in NFKC without any space: full-width ａ１（） and half-width a1() are the same."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def phenomenon_of(name: str, default: str = "other") -> str:
    """The phenomenon that a name speaks of, else ``default``."""
    return next((phenomenon for word, phenomenon in _PHENOMENA if word in name), default)


def severity_of(name: str, default: str = "information") -> str:
    """The severity that a name's last part shows (特別警報, 警報, 注意報, 解除), else ``default``."""
    return next((severity for word, severity in _SEVERITIES if word in name), default)


@lru_cache(maxsize=1024)
def level_of(text: str) -> int | None:
    """The level that a text states (「レベル４」「警戒レベル４相当」), else None."""
    match = _LEVEL.search(unicodedata.normalize("NFKC", text))
    return int(match[1]) if match else None


def level_named(name: str) -> int | None:
    """The level that the name of a warning begins with (「レベル３大雨警報」), else None."""
    match = _LEVEL_OF_WARNING.search(normal(name))
    return int(match[1]) if match and "噴火" not in name else None


def severity_of_level(level: int) -> str:
    """The severity of a stated level: 5 emergency … 2 advisory."""
    return _LEVEL_SEVERITY[level]


def meaning_of(name: str, default: str = "other") -> Meaning:
    """What a name alone tells: for codes that no table knows."""
    level = level_of(name)
    severity = severity_of(name, severity_of_level(level) if level else "information")
    return Meaning(phenomenon_of(name, default), severity, None if severity == "lifted" else level)
