"""How the plan weighs warnings."""

from __future__ import annotations

import pytest

from sonae.domains.evacuation.rules import planning_level


@pytest.mark.parametrize(
    ("hazard", "level", "severity", "counts"),
    [
        ("flood", 3, "warning", 3),
        ("flood", 2, "advisory", None),
        ("landslide", None, "critical", 4),
        ("flood", None, "emergency", 5),  # a special warning of the old system
        ("tsunami", None, "warning", 4),  # 津波警報: everyone leaves, nobody only prepares
        ("tsunami", None, "emergency", 4),  # 大津波警報 means to run, never that it is too late
        ("tsunami", None, "advisory", None),
        ("volcano", None, "emergency", 4),
    ],
)
def test_from_which_warning_on_people_act(
    hazard: str, level: int | None, severity: str, counts: int | None
) -> None:
    assert planning_level(hazard, level, severity) == counts
