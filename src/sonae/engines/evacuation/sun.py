"""Day or night (日の出・日の入り), from the sun's height over the place."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

HORIZON_DEGREES = -0.833
"""Upper limb on the horizon with mean refraction: the definition of sunrise and sunset (国立天文台)."""


def sun_height(at: datetime, latitude: float, longitude: float) -> float:
    """Return the sun's height in degrees, within about half a degree (mean-orbit formulas)."""
    days = (at.astimezone(UTC) - datetime(2000, 1, 1, 12, tzinfo=UTC)).total_seconds() / 86400.0
    anomaly = math.radians(357.529 + 0.98560028 * days)
    mean = 280.459 + 0.98564736 * days
    ecliptic = math.radians(mean + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly))
    tilt = math.radians(23.439 - 0.00000036 * days)
    ascension = math.atan2(math.cos(tilt) * math.sin(ecliptic), math.cos(ecliptic))
    declination = math.asin(math.sin(tilt) * math.sin(ecliptic))
    sidereal = math.radians((280.46061837 + 360.98564736629 * days + longitude) % 360.0)
    hour, lat = sidereal - ascension, math.radians(latitude)
    height = math.sin(lat) * math.sin(declination)
    height += math.cos(lat) * math.cos(declination) * math.cos(hour)
    return math.degrees(math.asin(height))


def is_night(at: datetime, latitude: float, longitude: float) -> bool:
    """Tell whether the sun is down at the place (degrees)."""
    return sun_height(at, latitude, longitude) < HORIZON_DEGREES


def minutes_to_sunset(at: datetime, latitude: float, longitude: float) -> float:
    """Return the minutes from ``at`` until the sun sets at the place (degrees).

    nan by night, and where it does not set within a day.
    """
    if is_night(at, latitude, longitude):
        return math.nan
    step = 10
    for late in range(step, 24 * 60 + step, step):
        if is_night(at + timedelta(minutes=late), latitude, longitude):
            day, dark = float(late - step), float(late)
            while dark - day > 0.1:
                middle = (day + dark) / 2
                down = is_night(at + timedelta(minutes=middle), latitude, longitude)
                day, dark = (day, middle) if down else (middle, dark)
            return day
    return math.nan
