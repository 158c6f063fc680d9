"""警戒レベル: the published names and colours, readable on a screen."""

from __future__ import annotations

import pytest

from sonae.core.danger_level import LEVELS, contrast, danger_level


def test_the_published_names_and_colours() -> None:
    assert [(one.level, one.name, one.rgb) for one in LEVELS] == [
        (1, "早期注意情報", (255, 255, 255)),
        (2, "大雨・洪水・高潮注意報", (242, 231, 0)),
        (3, "高齢者等避難", (255, 40, 0)),
        (4, "避難指示", (170, 0, 170)),
        (5, "緊急安全確保", (12, 0, 12)),
    ]
    assert [one.by_mayor for one in LEVELS] == [False, False, True, True, True]
    assert danger_level(5).colour == "#0c000c"


@pytest.mark.parametrize("level", range(1, 6))
def test_text_on_the_official_colour_meets_wcag_aa(level: int) -> None:
    one = danger_level(level)
    assert contrast(one.text_colour, one.colour) >= 4.5


@pytest.mark.parametrize("level", [0, 6, -1])
def test_there_is_no_default_danger(level: int) -> None:
    with pytest.raises(ValueError, match="警戒レベル"):
        danger_level(level)


def test_contrast_of_known_pairs() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#123456", "#123456") == 1
