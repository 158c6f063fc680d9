"""Walking speeds (歩行速度): parameters with a source, never constants in code.

1.0 m/s general and 0.5 m/s for people who walk with difficulty: 宮城県 guideline citing 消防庁;
0.63 m/s mean of the survey after 2011-03-11; ×0.8 at night: practice of 逃げ地図.
"""

from dataclasses import dataclass


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
    Profile("adult", "一般", 1.0, True, "宮城県津波対策ガイドライン（消防庁）"),
    Profile("elderly", "高齢者", 0.63, True, "東日本大震災後の避難実態調査"),
    Profile("assisted", "歩行に支援が必要", 0.5, True, "宮城県津波対策ガイドライン（消防庁）"),
    Profile("wheelchair", "車いす", 0.5, False, "宮城県津波対策ガイドライン（消防庁）"),
)
NIGHT_FACTOR = 0.8
START_MINUTES = 15.0
"""Minutes between the decision and the first step (same guideline)."""
