"""A number over time as a curve, with round ticks; the table beside it says the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from sonae.core.clock import JST
from sonae.web import words

WIDTH, HEIGHT = 760.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 16.0, 14.0, 34.0

_TIME_STEPS = [timedelta(minutes=m) for m in (5, 10, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)]


def curve(points: Sequence[tuple[datetime, int]], *, title: str, description: str) -> SafeString:
    """Draw ``points`` (time, count), earliest first, as steps over an area; none draws an empty frame.

    A count holds until the next one is known, so the line is a stair and never interpolates.
    """
    head = (
        f'<svg class="chart" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-labelledby="curve-title '
        f'curve-text"><title id="curve-title">{escape(title)}</title>'
        f'<desc id="curve-text">{escape(description)}</desc>'
    )
    if not points:
        return mark_safe(head + "</svg>")  # noqa: S308 - escaped above
    start, end = points[0][0], max(points[-1][0], points[0][0] + timedelta(minutes=10))
    top, step = round_axis(max(count for _, count in points))
    seconds = (end - start).total_seconds()

    def x(at: datetime) -> float:
        return LEFT + (at - start).total_seconds() / seconds * (WIDTH - LEFT - RIGHT)

    def y(count: float) -> float:
        return TOP + (1 - count / top) * (HEIGHT - TOP - BOTTOM)

    stair = f"M{x(points[0][0]):.1f} {y(points[0][1]):.1f}"
    stair += "".join(f"H{x(at):.1f}V{y(count):.1f}" for at, count in points[1:])
    last_x, last_y = x(points[-1][0]), y(points[-1][1])
    body = (
        _count_axis(top, step, y)
        + _time_axis(start, end, x)
        + f'<path d="{stair}V{y(0):.1f}H{LEFT:g}z" fill="#0b4aa8" fill-opacity=".13"/>'
        + f'<path d="{stair}" fill="none" stroke="#0b4aa8" stroke-width="3" stroke-linejoin="round"/>'
        + f'<circle cx="{last_x:.1f}" cy="{last_y:.1f}" r="5.5" fill="#0b4aa8" stroke="#fff" stroke-width="2"/>'
    )
    return mark_safe(head + body + "</svg>")  # noqa: S308 - escaped above


def round_axis(most: int) -> tuple[int, int]:
    """Return the top of a count axis and its step: 2 to 5 round steps (1, 2, 5 × 10ⁿ)."""
    most = max(most, 4)
    power = 10 ** int(math.log10(most))
    candidates = [int(s * power) for s in (0.1, 0.2, 0.5, 1, 2) if s * power >= 1]
    step = next(s for s in candidates if math.ceil(most / s) <= 5)
    return math.ceil(most / step) * step, step


def _count_axis(top: int, step: int, y: object) -> str:
    """Return horizontal lines with their counts."""
    assert callable(y)
    return "".join(
        f'<path d="M{LEFT:g} {y(count):.1f}H{WIDTH - RIGHT:g}" stroke="#d3d9e2"/>'
        f'<text x="{LEFT - 8:g}" y="{y(count) + 5:.1f}" text-anchor="end" font-size="14" fill="#47546a">'
        f"{count:,}</text>"
        for count in range(0, top + 1, step)
    )


def _time_axis(start: datetime, end: datetime, x: object) -> str:
    """Return times below the curve, at round clock times, at most eight."""
    assert callable(x)
    step = next((s for s in _TIME_STEPS if (end - start) / s <= 7), _TIME_STEPS[-1])
    midnight = start.astimezone(JST).replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + math.ceil((start - midnight) / step) * step
    marks: list[str] = []
    while at <= end:
        local = at.astimezone(JST)
        newday = local.hour == 0 and local.minute == 0
        text = f"{local.month}/{local.day}" if newday else words.spoken(local, "clock")
        where = min(x(at), WIDTH - RIGHT - 6)
        marks.append(
            f'<text x="{where:.1f}" y="{HEIGHT - 10:g}" text-anchor="middle" font-size="14" '
            f'fill="#47546a">{text}</text>'
        )
        at += step
    return "".join(marks)
