"""The parameters of ``/items``, read strictly: whatever is not understood is refused (400), never
ignored, because a filter that is quietly dropped shows the wrong places."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import shapely
from django.http import QueryDict

from sonae.core.errors import SonaeError
from sonae.web.ogc import crs
from sonae.web.opendata.rows import Feature
from sonae.web.opendata.sets import DataSet, Field

MOST: Final = 10_000
"""Features in one answer at most; a larger ``limit`` counts as this (req/core/fc-limit-definition)."""
USUAL: Final = 100
OWN: Final = ("f", "limit", "offset", "bbox", "bbox-crs", "crs", "datetime")
FORMATS: Final = ("json", "html")
_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.IGNORECASE
)
Interval = tuple[datetime | None, datetime | None]


@dataclass(frozen=True)
class Query:
    """What was asked for; ``area`` is in CRS84, ``equal`` are property filters by field name."""

    limit: int = USUAL
    offset: int = 0
    crs: str = crs.CRS84
    area: Any = None
    interval: Interval | None = None
    equal: Mapping[str, Any] = field(default_factory=dict)
    text: Mapping[str, str] = field(default_factory=dict)

    def select(self, features: list[Feature]) -> list[Feature]:
        """Return the features that were asked for, of all pages, in their order."""
        if self.area is not None:
            shapely.prepare(self.area)
        return [one for one in features if self._wants(one)]

    def _wants(self, one: Feature) -> bool:
        if any(one.properties.get(name) != value for name, value in self.equal.items()):
            return False
        if self.interval is not None and not _overlaps(one, self.interval):
            return False
        return self.area is None or bool(shapely.intersects(self.area, one.geometry))


def _overlaps(one: Feature, asked: Interval) -> bool:
    """Tell whether a feature's time meets the interval; without any time it always does."""
    start, end = asked
    if one.start is None and one.end is None:
        return True
    after = one.start is not None and end is not None and one.start > end
    before = one.end is not None and start is not None and one.end < start
    return not (after or before)


def refused(name: str, value: str, hint: str) -> SonaeError:
    """Return the refusal of one parameter."""
    return SonaeError("bad_parameter", f"{name} を読めません：{value[:120]}", hint)


def only(given: QueryDict, *allowed: str) -> dict[str, str]:
    """Return the parameters as single texts; refuse unknown and repeated ones."""
    for name in given:
        if name not in allowed:
            raise SonaeError(
                "bad_parameter", f"{name[:60]} というパラメータはありません。", " ".join(allowed)
            )
        if len(given.getlist(name)) > 1:
            raise SonaeError("bad_parameter", f"{name} は一度だけ指定してください。")
    return {name: str(given[name]) for name in given}


def read(given: QueryDict, data: DataSet) -> Query:
    """Return what was asked of a set. Raises SonaeError ``bad_parameter`` for anything unclear."""
    names = [one.name for one in data.fields]
    text = only(given, *OWN, *names)
    shown = crs.known(text.get("crs", crs.CRS84), "crs")
    return Query(
        limit=min(_whole(text, "limit", USUAL, least=1), MOST),
        offset=_whole(text, "offset", 0, least=0),
        crs=shown,
        area=_area(text),
        interval=_interval(text["datetime"]) if "datetime" in text else None,
        equal={one.name: _value(one, text[one.name]) for one in data.fields if one.name in text},
        text=text,
    )


def _whole(text: Mapping[str, str], name: str, usual: int, *, least: int) -> int:
    value = text.get(name)
    if value is None:
        return usual
    if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) < least:
        raise refused(name, value, f"{least} 以上の整数です。")
    return int(value)


def _area(text: Mapping[str, str]) -> Any:
    """Return the ground of ``bbox`` in CRS84, or None."""
    if "bbox" not in text:
        if "bbox-crs" in text:
            raise SonaeError("bad_parameter", "bbox-crs は bbox と一緒に指定してください。")
        return None
    system = crs.known(text.get("bbox-crs", crs.CRS84), "bbox-crs")
    hint = (
        "小さい方の2つ（高さがあれば3つ）、大きい方の2つ（3つ）の順です。例: 139.8,37.4,140.0,37.6"
    )
    try:
        numbers = [float(part) for part in text["bbox"].split(",")]
    except ValueError:
        raise refused("bbox", text["bbox"], hint) from None
    if len(numbers) not in (4, 6) or not all(map(math.isfinite, numbers)):
        raise refused("bbox", text["bbox"], hint)
    if len(numbers) == 6:
        if numbers[2] > numbers[5]:
            raise refused("bbox", text["bbox"], hint)
        numbers = [*numbers[:2], *numbers[3:5]]
    if not _in_order(numbers, system):
        raise refused("bbox", text["bbox"], hint)
    return crs.area((numbers[0], numbers[1], numbers[2], numbers[3]), system)


def _in_order(box: list[float], system: str) -> bool:
    """Tell whether a box is one: degrees within the world, the smaller number first (longitude aside)."""
    if not crs.is_geographic(system):
        return box[0] <= box[2] and box[1] <= box[3]
    lat, lon = ((0, 2), (1, 3)) if crs.latitude_first(system) else ((1, 3), (0, 2))
    low, high = (box[at] for at in lat)
    return -90 <= low <= high <= 90 and all(-180 <= box[at] <= 180 for at in lon)


def _interval(text: str) -> Interval:
    """Return an instant or an interval; open ends are ``..`` or nothing (RFC 3339 times only)."""
    hint = "例: 2026-07-01T00:00:00Z または 2026-07-01T00:00:00Z/.. "
    parts = text.split("/")
    ends = [None if part in ("", "..") else _instant(part, hint) for part in parts]
    if len(parts) == 1:
        if ends[0] is None:
            raise refused("datetime", text, hint)
        return ends[0], ends[0]
    if len(parts) != 2 or ends == [None, None]:
        raise refused("datetime", text, hint)
    start, end = ends
    if start is not None and end is not None and start > end:
        raise refused("datetime", text, "始まりが終わりより後です。")
    return start, end


def _instant(text: str, hint: str) -> datetime:
    # A plus sign that was not encoded arrives as a blank.
    written = text.replace(" ", "+").upper()
    if not _INSTANT.fullmatch(written):
        raise refused("datetime", text, hint)
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        raise refused("datetime", text, hint) from None


def _decimal(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _digits(text: str) -> str:
    if not re.fullmatch(r"-?[0-9]{1,15}", text):
        raise ValueError(text)
    return text


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "string": str,
    "integer": lambda text: int(_digits(text)),
    "number": _decimal,
    "boolean": {"true": True, "false": False}.__getitem__,
    "datetime": lambda text: _instant(text, ""),
}


def _value(one: Field, text: str) -> Any:
    """Return the value a property must have."""
    if one.values and text not in one.values:
        raise refused(one.name, text, " ".join(one.values))
    try:
        return _READERS[one.kind](text)
    except (ValueError, KeyError):
        raise refused(one.name, text, one.kind) from None
