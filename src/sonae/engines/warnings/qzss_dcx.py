"""災危通報の拡張情報 (QZSS DCX, IS-QZSS-DCX): J-Alert, L-Alert and local governments by satellite.

Fields follow CAMF: A1 type (Test, Alert, Update, All Clear), A4 hazard, A5 severity, A6/A7 onset as a
minute of this or next week, A11 instruction, EX1 a municipality, EX9 prefectures or municipalities.
There is no time of issue: the onset stands for it, or the day of reception.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sonae.core import clock
from sonae.engines.warnings.model import Warning, WarningArea, WarningItem

_TEST, _ALL_CLEAR, _UPDATE = 0, 3, 2
_TEST_HAZARD: Final = 113
_TEST_INSTRUCTIONS: Final = frozenset({126, 136})
"""「これは、DCX のテストです」 and 「これは、Ｊアラートのテストです」: whatever A1 says."""
_NO_CITY: Final = 0
_SEVERITIES: Final = {0: "warning", 1: "advisory", 2: "warning", 3: "emergency"}
"""A5; unknown counts as a warning: a person has to look."""
_PROTECTION: Final = frozenset({"CBRNE", "SECURITY"})
_PHENOMENA: Final = {
    32: "volcano", 33: "avalanche", 35: "landslide", 36: "earthquake", 39: "landslide",
    40: "volcano", 41: "volcano", 43: "tsunami", 44: "tsunami", 45: "volcano", 46: "volcano",
    47: "storm_surge", 61: "ice_accretion", 62: "storm_surge", 63: "cold", 68: "flood", 69: "fog",
    72: "thunder", 74: "heavy_rain", 75: "snow_storm", 76: "heavy_snow", 77: "storm",
    79: "tornado", 80: "storm", 81: "cold", 82: "storm", 96: "civil_protection",
}  # fmt: skip
"""A4 hazard types that one of our phenomena names."""
_NAMES: Final = {
    32: "降灰", 33: "なだれ", 35: "土石流", 36: "地震", 39: "土砂災害", 40: "溶岩流", 41: "火砕流",
    43: "高波・津波", 44: "津波", 45: "火山泥流", 46: "噴火", 47: "風・波・高潮", 62: "沿岸の浸水",
    68: "洪水", 74: "大雨", 75: "暴風雪", 76: "大雪", 77: "暴風雨", 79: "竜巻", 82: "台風",
    96: "ミサイル・飛翔体", 113: "試験",
}  # fmt: skip


def read_dcx(
    report: Any, day: date | None, raw_sha256: str, name: str, notes: tuple[str, ...]
) -> Warning:
    """The warning of one DCX message as azarashi decoded it; a null message is information."""
    camf, kind = report.camf, type(report).__name__
    status = _status(camf)
    at = _moment(report, day)
    return Warning(
        source="qzss",
        telegram=f"DCX-{kind}",
        title=f"災危通報（{_provider(kind)}）",
        office=f"{_provider(kind)}（みちびき経由）",
        series=f"QZSS|DCX-{kind}|{status}",
        event_id=None,
        status=status,
        action={_ALL_CLEAR: "cancel", _UPDATE: "correct"}.get(camf.a1, "issue"),
        issued_at=at,
        headline=_instruction(report),
        items=tuple(_items(report, kind)),
        raw_sha256=raw_sha256,
        sent_at=at,
        deviations=(*notes, *_doubts(report, kind)),
        input=name,
    )


def _status(camf: Any) -> str:
    """A1 says Test; so do the hazard type 113 and the two spoken test sentences."""
    japanese = camf.a9 == 1
    tested = camf.a4 == _TEST_HAZARD or (japanese and camf.a11 in _TEST_INSTRUCTIONS)
    return "test" if camf.a1 == _TEST or tested else "actual"


def _provider(kind: str) -> str:
    known = {"JAlert": "Jアラート", "LAlert": "Lアラート", "MTInfo": "地方公共団体"}
    return known.get(kind, "拡張情報")


def _moment(report: Any, day: date | None) -> datetime:
    onset = getattr(report, "a6a7_hazard_onset_datetime", None)
    received = datetime.combine(day or clock.now().astimezone(UTC).date(), time(), UTC)
    # What it says is to come later was said by now all the same.
    now = max(clock.now(), clock.SystemClock().now())
    return min(onset or received, end_of(day) if day else now, now).astimezone(clock.JST)


def end_of(day: date) -> datetime:
    """The last moment of a day (UTC) on which something was received."""
    return datetime.combine(day, time(), UTC) + timedelta(days=1)


def _instruction(report: Any) -> str:
    told = getattr(report, "a11_japanese_library_ja", None)
    told = told or getattr(report, "a11_international_library", None)
    return " ".join(str(told).split()) if told else ""


def _items(report: Any, kind: str) -> Iterator[WarningItem]:
    if kind == "NullMsg":
        yield WarningItem("other", None, "空の通報", None, "information", ())
        return
    camf = report.camf
    cleared = camf.a1 == _ALL_CLEAR
    yield WarningItem(
        _phenomenon(report, kind),
        str(camf.a4),
        _NAMES.get(camf.a4, str(report.a4_hazard_type)) + ("（解除）" if cleared else ""),
        None,
        "lifted" if cleared else _SEVERITIES[camf.a5],
        tuple(_areas(report, kind)),
    )


def _phenomenon(report: Any, kind: str) -> str:
    """The hazard's phenomenon; what J-Alert tells that is no natural hazard is civil protection."""
    known = _PHENOMENA.get(report.camf.a4)
    if known is None and (kind == "JAlert" or report.a4_hazard_category in _PROTECTION):
        return "civil_protection"
    return known or "other"


def _areas(report: Any, kind: str) -> Iterator[WarningArea]:
    """Prefectures of the bit mask, or municipalities by their five digits; none: nobody said where."""
    camf = report.camf
    if not report.ignore_ex8_to_ex9 and camf.ex8 == 0:
        names = iter(report.ex9_target_area_list_ja)
        mask = camf.ex9 >> 17
        for bit in range(47):
            if mask >> bit & 1:
                yield WarningArea(f"{bit + 1:02d}", next(names), "prefecture")
    elif not report.ignore_ex8_to_ex9:
        codes = [camf.ex9 >> shift & 0xFFFF for shift in (48, 32, 16, 0)]
        named = zip([c for c in codes if c], report.ex9_target_area_list_ja, strict=False)
        yield from (_city(code, name) for code, name in named)
    elif not report.ignore_ex1 and camf.ex1 != _NO_CITY:
        yield _city(camf.ex1, str(report.ex1_target_area_ja))


def _city(code: int, name: str) -> WarningArea:
    """A municipality by JIS X 0402 without its check digit; ``nn000`` is the whole prefecture."""
    if code % 1000 == 0:
        return WarningArea(f"{code // 1000:02d}", name, "prefecture")
    return WarningArea(f"{code:05d}", name, "city")


def _doubts(report: Any, kind: str) -> Iterator[str]:
    if kind in ("Unknown", "OutsideJapan"):
        yield f"unknown_code:DCX-{kind}"
    if getattr(report, "ignore_a12_to_a16", True) is False:
        yield "ellipse_not_drawn"
