"""Walking speeds (歩行速度) and what slows them: one table of values with their unit and source.

Nothing here is a constant of nature: every value says where it comes from, and plans say which they
used. Speeds multiply: profile × night × ground ÷ slope.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonae.core.marks import gettext_noop as _

_MIYAGI = "宮城県津波対策ガイドライン（消防庁の報告書を引用）"
_NANKAI = "南海トラフ巨大地震対策検討ワーキンググループ 第一次報告（内閣府、2012年）"
_TRENCH = "日本海溝・千島海溝沿いの巨大地震の被害想定手法（内閣府）"


@dataclass(frozen=True)
class Profile:
    """Who walks: ``speed`` in m/s by day, ``stairs`` whether steps can be used, its ``source``."""

    name: str
    ja: str
    speed: float
    stairs: bool
    source: str


ADULT, ELDERLY, ASSISTED, WHEELCHAIR = range(4)
PROFILES = (
    Profile("adult", _("一般"), 1.0, True, _MIYAGI),
    Profile("elderly", _("高齢者"), 0.63, True, "東日本大震災の津波避難実態調査（国土交通省）"),
    Profile("assisted", _("歩行に支援が必要"), 0.5, True, _MIYAGI),
    Profile("wheelchair", _("車いす"), 0.5, False, _MIYAGI),
)


@dataclass(frozen=True)
class Value:
    """One number of the walk: ``value`` in ``unit`` and its ``source``."""

    name: str
    ja: str
    value: float
    unit: str
    source: str


TIMES = _("倍")
NIGHT = Value("night", _("夜（日の入りから日の出まで）の速さ"), 0.8, TIMES, _NANKAI)
BARE, SNOW, DEEP_SNOW, ICE = range(4)
GROUNDS = (
    Value("bare", _("雪や氷のない道の速さ"), 1.0, TIMES, _TRENCH),
    Value(
        "snow", _("雪の積もった道の速さ（時速2.24 km が1.79 km に）"), 1.79 / 2.24, TIMES, _TRENCH
    ),
    Value(
        "deep_snow", _("深い雪の道の速さ（時速2.24 km が1.08 km に）"), 1.08 / 2.24, TIMES, _TRENCH
    ),
    Value("ice", _("凍った道の速さ（時速2.24 km が1.61 km に）"), 1.61 / 2.24, TIMES, _TRENCH),
)
START = Value("start", _("決めてから歩き始めるまで"), 15.0, _("分"), _MIYAGI)
SLOPE = Value("slope", _("坂の強さ（勾配1あたりの指数）"), 3.5, "", "Tobler, W. (1993) 歩行関数")
SLOPE_EASIEST = Value("slope_easiest", _("もっとも歩きやすい下り勾配"), 0.05, "", SLOPE.source)
STEEPEST = Value(
    "slope_steepest", _("これより急な勾配は標高の誤りとみる"), 0.35, "", _("本システムの仮定（世界でもっとも急な街路が約35 %）")
)  # fmt: skip
VALUES = (NIGHT, *GROUNDS, START, SLOPE, SLOPE_EASIEST, STEEPEST)

START_MINUTES = START.value

_HEAVY = {"heavy_snow": DEEP_SNOW}
_LIGHT = dict.fromkeys(("heavy_snow", "snow_storm", "snow_accretion", "avalanche"), SNOW) | {
    "ice_accretion": ICE
}


def ground_under(phenomenon: str, severity: str) -> int:
    """Return the index into `GROUNDS` that a warning in force means for the roads.

    A warning of heavy snow means deep snow, an advisory of any kind of snow a covered road.
    """
    warned = severity in ("warning", "critical", "emergency")
    if warned and phenomenon in _HEAVY:
        return _HEAVY[phenomenon]
    return _LIGHT.get(phenomenon, BARE) if warned or severity == "advisory" else BARE


@dataclass(frozen=True)
class Conditions:
    """How one walks now: ``night`` after sunset, ``ground`` index into `GROUNDS`.

    ``dusk_minutes``: until sunset, nan when that is not known or it is night.
    """

    night: bool = False
    ground: int = BARE
    dusk_minutes: float = float("nan")

    def speeds(self) -> NDArray[np.float64]:
        """Return m/s on the level for every profile, in the order of `PROFILES`."""
        slower = (NIGHT.value if self.night else 1.0) * GROUNDS[self.ground].value
        return np.array([profile.speed for profile in PROFILES]) * slower


def slope_effort(slope: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return how many level metres one metre is worth on a slope (rise over run, uphill positive).

    Tobler's hiking function against level ground, but never faster than on the level: 10 % up
    costs 1.42 times, which agrees with the 46 → 43 m/min that 逃げ地図 takes for mixed ground.
    """
    steep = np.clip(np.asarray(slope, np.float64), -STEEPEST.value, STEEPEST.value)
    easiest = SLOPE_EASIEST.value
    return np.maximum(np.exp(SLOPE.value * (np.abs(steep + easiest) - easiest)), 1.0)
