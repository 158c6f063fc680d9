"""みちびきの災害・危機管理通報 (QZSS DC Report): NMEA sentences ``$QZQSM`` → ``Warning``.

A satellite tells of earthquakes, tsunamis, floods and civil protection without internet or licence.
The sentence says month and day, or only the minute of the week: the day on which it was received
belongs to the document. A stored document is one sentence below ``#QZSS 2026-08-30`` (UTC); a
receiver's log with many sentences is split. Decoding is azarashi's; what it means here is ours.

The radio is not authenticated: nothing automatic may follow from it alone.
"""

from __future__ import annotations

import hashlib
import re
from calendar import isleap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, Final, cast

from sonae.core import clock
from sonae.core.municipality import PREFECTURES
from sonae.engines.warnings import qzss_dcx
from sonae.engines.warnings.model import (
    SKEW,
    Warning,
    WarningArea,
    WarningItem,
    WarningRefused,
)
from sonae.engines.warnings.wording import Meaning, meaning_of

if TYPE_CHECKING:
    from azarashi.reports import Report

_SENTENCE: Final = re.compile(r"^\s*(\$QZQSM,\S+)", re.ASCII)
_DAY: Final = re.compile(r"^#QZSS (\d{4}-\d{2}-\d{2})\s*$", re.ASCII)
_LOOKED_AT: Final = 65_536
_LEADING: Final = b"\xef\xbb\xbf \t\r\n"
_EXERCISE: Final = 7
_ACTIONS: Final = {0: "issue", 1: "correct", 2: "cancel"}
_EW_SEVERE: Final = re.compile(r"[67]")
_FIRST_WIDE_REGION: Final = 57
_WIDE_REGIONS: Final[dict[int, frozenset[int]]] = {
    57: frozenset({1}), 58: frozenset(range(2, 8)), 59: frozenset(range(8, 15)),
    60: frozenset({13}), 61: frozenset({13}), 62: frozenset(range(15, 19)),
    63: frozenset({19, 20}), 64: frozenset(range(21, 25)), 65: frozenset(range(25, 31)),
    66: frozenset(range(31, 36)), 67: frozenset(range(36, 40)), 68: frozenset(range(40, 48)),
}  # fmt: skip
"""EEW regions that hold several prefectures (IS-QZSS-DCR); 九州 with 沖縄, too many rather than few."""

# What the names of IS-QZSS-DCR mean where the words of the name alone would say too little.
_NAMES: Final = {
    "土砂災害警戒情報": Meaning("landslide", "critical"),
    "記録的短時間大雨情報": Meaning("record_rain", "critical"),
    "竜巻注意情報": Meaning("tornado", "advisory"),
    "氾濫警戒情報": Meaning("flood", "warning"),
    "氾濫危険情報": Meaning("flood", "critical"),
    "氾濫発生情報": Meaning("flood", "emergency"),
    "津波なし": Meaning("tsunami", "lifted"),
    "津波警報": Meaning("tsunami", "warning"),
    "大津波警報": Meaning("tsunami", "emergency"),
    "大津波警報：発表": Meaning("tsunami", "emergency"),
    "巨大地震警戒": Meaning("earthquake", "warning"),
    "巨大地震注意": Meaning("earthquake", "advisory"),
}
_INTENSITY_SEVERITY: Final = {
    3: "warning",
    4: "warning",
    5: "emergency",
    6: "emergency",
    7: "emergency",
}
# 噴火警戒レベル is a scale of its own: it gives the severity and never a level of ours.
_VOLCANIC_SEVERITY: Final = {
    12: "warning", 13: "warning", 14: "emergency", 15: "emergency", 22: "warning", 23: "warning",
    24: "emergency", 25: "emergency", 36: "warning", 52: "warning", 62: "warning",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and the day (UTC) it was received, where that is known."""

    text: str
    day: date | None

    @property
    def document(self) -> bytes:
        """The sentence as a document of its own that can be read again at any time."""
        head = f"#QZSS {self.day.isoformat()}\n" if self.day else ""
        return f"{head}{self.text}\n".encode("ascii")


def is_qzss(raw: bytes) -> bool:
    """Whether these bytes are sentences of a receiver and no XML."""
    # XML is told apart by its first byte: copies of large buffers here cost a third of its parsing,
    # because they leave the heap in a state that gives its pages back after every telegram.
    if raw[:1] == b"<" or raw[:16].lstrip(_LEADING)[:1] == b"<":
        return False
    head = raw[:_LOOKED_AT]
    return head.lstrip(_LEADING)[:1] in (b"$", b"#") and b"$QZQSM," in head


def sentences(raw: bytes) -> Iterator[Sentence]:
    """The ``$QZQSM`` sentences of a log; other sentences (position, time) and comments are passed."""
    day: date | None = None
    for line in raw.decode("ascii", "replace").splitlines():
        if stated := _DAY.match(line):
            day = date.fromisoformat(stated[1])
        elif found := _SENTENCE.match(line):
            yield Sentence(found[1], day)


def split_log(raw: bytes) -> list[bytes]:
    """The sentences of a log as documents; ``[raw]`` when it is one already."""
    found = list(sentences(raw))
    return [raw] if len(found) <= 1 else [one.document for one in found]


def read_qzss(raw: bytes, raw_sha256: str, name: str) -> list[Warning]:
    """The warnings of a document; ``WarningRefused`` ``not_qzss`` for one with a broken sentence.

    In a log each has the hash of its own document (`split_log`), so that none is taken for another.
    """
    found = list(sentences(raw))
    if not found:
        raise _not_qzss("文がありません")
    if len(found) == 1:
        return [_read(found[0], raw_sha256, name)]
    return [_read(one, hashlib.sha256(one.document).hexdigest(), name) for one in found]


def decoded(text: str, day: date | None) -> Report:
    """Decode a sentence as received on ``day`` (None: today); checksum and CRC are verified."""
    import azarashi

    noon = datetime.combine(day or clock.now().astimezone(UTC).date(), time(12), UTC)
    try:
        return azarashi.decode(text, "nmea", noon)
    except (azarashi.AzarashiException, ValueError, KeyError, OverflowError) as error:
        raise _not_qzss(str(error).splitlines()[0][:120]) from error


def _not_qzss(why: str) -> WarningRefused:
    return WarningRefused(
        "not_qzss",
        f"災危通報の文を復号できません: {why}",
        "受信機の出力（$QZQSM で始まる行）をそのまま入れてください。",
    )


def _read(sentence: Sentence, raw_sha256: str, name: str) -> Warning:
    report = decoded(sentence.text, sentence.day)
    notes = () if sentence.day else ("date_assumed",)
    if report.message_type == "DCX":
        return qzss_dcx.read_dcx(report, sentence.day, raw_sha256, name, notes)
    return _read_dcr(report, sentence.day, raw_sha256, name, notes)


def _read_dcr(
    report: Any, day: date | None, raw_sha256: str, name: str, notes: tuple[str, ...]
) -> Warning:
    """The warning of a JMA-DC Report (IS-QZSS-DCR): what JMA tells, made short."""
    category, number = report.disaster_category, report.disaster_category_no
    status = "exercise" if report.report_classification_no == _EXERCISE else "actual"
    sent = _not_to_come(cast("datetime", report.report_time), day).astimezone(clock.JST)
    return Warning(
        source="qzss",
        telegram=f"DCR{number:02d}",
        title=f"災危通報（{category}）",
        office="気象庁（みちびき経由）",
        series=f"QZSS|DCR{number:02d}|{status}",
        event_id=None,
        status=status,
        action=_ACTIONS.get(report.information_type_no, "issue"),
        issued_at=sent,
        headline=_headline(report),
        items=tuple(_items(report)),
        raw_sha256=raw_sha256,
        sent_at=sent,
        head_title=f"{category}（{report.information_type}）",
        deviations=notes,
        input=name,
    )


def _not_to_come(told: datetime, day: date | None) -> datetime:
    """The newest such month, day and time (UTC) by the day of receipt: it speaks of what is past.

    The sentence names no year, and of two the decoder takes the nearer one, be it to come.
    """
    latest = qzss_dcx.end_of(day) if day else clock.now()
    for year in range(told.year, told.year - 9, -1):
        if told.month == 2 and told.day == 29 and not isleap(year):
            continue
        if told.replace(year=year) <= latest + SKEW:
            return told.replace(year=year)
    return told


def _headline(report: Any) -> str:
    """What the message says in words; of a text in pages, this page (18 bytes, perhaps cut)."""
    if text := getattr(report, "text_information", b""):
        page = bytes(text).decode("utf-8", "ignore").strip("\x00")
        return f"（{report.page_number}/{report.total_page}）{page}"
    told = getattr(report, "notifications_on_disaster_prevention", None) or []
    return " ".join(" ".join(str(text).split()) for text in told)


def _items(report: Any) -> Iterator[WarningItem]:
    """One item per kind; a category nobody has described is kept whole."""
    reader = _READERS.get(type(report).__name__)
    pairs = list(reader(report)) if reader else []
    if not pairs:
        yield WarningItem("other", None, str(report.disaster_category), None, "information", ())
        return
    areas: dict[WarningItem, list[WarningArea]] = {}
    for item, area in pairs:
        areas.setdefault(item, []).extend([area] if area else [])
    for item, found in areas.items():
        yield WarningItem(
            item.phenomenon, item.kind_code, item.kind, None, item.severity,
            tuple(dict.fromkeys(found)), last_kind=item.last_kind,
        )  # fmt: skip


_Pair = tuple[WarningItem, WarningArea | None]


def _item(phenomenon: str, code: object, kind: str, severity: str) -> WarningItem:
    return WarningItem(phenomenon, str(code), kind, None, severity, ())


def _named(kind: str, code: object, phenomenon: str, *, lifted: bool = False) -> WarningItem:
    """An item by its name; a lifted one keeps the name of what ended."""
    means = _NAMES.get(kind) or meaning_of(kind, phenomenon)
    if lifted or means.severity == "lifted":
        return WarningItem(means.phenomenon, str(code), f"{kind}解除" if lifted else kind, None,
                           "lifted", (), last_kind=kind if lifted else "")  # fmt: skip
    return _item(means.phenomenon, code, kind, means.severity)


def _early_warning(report: Any) -> Iterator[_Pair]:
    lowest, highest = report.seismic_intensity_lower_limit, report.seismic_intensity_upper_limit
    severe = _EW_SEVERE.search(str(lowest))
    item = _item("earthquake", "EEW", f"緊急地震速報（{lowest}{highest or ''}）",
                 "emergency" if severe else "warning")  # fmt: skip
    for prefecture in _prefectures_of(frozenset(report.eew_forecast_regions_raw)):
        code = f"{prefecture:02d}"
        yield item, WarningArea(code, PREFECTURES[code], "prefecture")


def _prefectures_of(regions: frozenset[int]) -> list[int]:
    """The prefectures (JIS X 0401) that EEW regions name; a part of one means all of it.

    Wider regions (中国, 九州) come beside the prefectures concerned: alone they mean all of theirs.
    """
    found = {_of_region(code) for code in regions if code < _FIRST_WIDE_REGION}
    for code in regions:
        wide = _WIDE_REGIONS.get(code, frozenset())
        if not wide & found:
            found |= wide
    return sorted(found)


def _of_region(code: int) -> int:
    """The prefecture of one of the 56 finer regions: 北海道 in four, 東京 in three, 沖縄 in four."""
    if code <= 4:
        return 1
    if code <= 18:
        return min(code - 3, 13)
    return min(code - 5, 46) if code <= 52 else 47


def _hypocenter(report: Any) -> Iterator[_Pair]:
    kind = f"震源 {report.seismic_epicenter} M{report.magnitude}"
    yield _item("earthquake", "hypocenter", kind, "information"), None


def _intensity(report: Any) -> Iterator[_Pair]:
    listed = zip(
        report.seismic_intensities_raw, report.seismic_intensities,
        report.prefectures_raw, report.prefectures, strict=True,
    )  # fmt: skip
    for code, intensity, place, name in listed:
        severity = _INTENSITY_SEVERITY.get(code, "information")
        yield (
            _item("earthquake", code, f"震度{intensity}", severity),
            WarningArea(f"{place:02d}", name, "prefecture"),
        )


def _nankai(report: Any) -> Iterator[_Pair]:
    kind = str(report.information_serial_code).partition("（")[0]
    means = _NAMES.get(kind, Meaning("earthquake", "information"))
    name = f"南海トラフ地震臨時情報（{kind}）"
    yield _item("earthquake", report.information_serial_code_raw, name, means.severity), None


def _tsunami(report: Any) -> Iterator[_Pair]:
    item = _named(report.tsunami_warning_code, report.tsunami_warning_code_raw, "tsunami")
    for code, name in _both(report.tsunami_forecast_regions_raw, report.tsunami_forecast_regions):
        yield item, WarningArea(str(code), name, "tsunami_area")


def _far_tsunami(report: Any) -> Iterator[_Pair]:
    yield _item("tsunami", "nwpta", str(report.tsunamigenic_potential), "information"), None


def _volcano(report: Any) -> Iterator[_Pair]:
    code = report.volcanic_warning_code_raw
    kind = f"{report.volcano_name} {report.volcanic_warning_code}"
    item = _item("volcano", code, kind, _VOLCANIC_SEVERITY.get(code, "information"))
    yield from _cities(item, report)


def _ash(report: Any) -> Iterator[_Pair]:
    listed = zip(
        report.ash_fall_warning_codes_raw, report.ash_fall_warning_codes,
        report.local_governments_raw, report.local_governments, strict=True,
    )  # fmt: skip
    for code, kind, city, name in listed:
        severity = "advisory" if code in (3, 4) else "information"
        item = _item("volcano", code, f"{report.volcano_name} {kind}", severity)
        yield item, WarningArea(f"{city:07d}", name, "city")


def _weather(report: Any) -> Iterator[_Pair]:
    lifted = report.weather_warning_state_raw == 2
    listed = zip(
        report.weather_related_disaster_sub_categories_raw,
        report.weather_related_disaster_sub_categories,
        report.weather_forecast_regions_raw, report.weather_forecast_regions, strict=True,
    )  # fmt: skip
    for code, kind, place, name in listed:
        yield (
            _named(kind, code, "other", lifted=lifted),
            WarningArea(f"{place:06d}", name, "prefecture"),
        )


def _flood(report: Any) -> Iterator[_Pair]:
    listed = zip(
        report.flood_warning_levels_raw, report.flood_warning_levels,
        report.flood_forecast_regions_raw, report.flood_forecast_regions, strict=True,
    )  # fmt: skip
    for code, kind, river, name in listed:
        yield _named(kind, code, "flood"), WarningArea(str(river), name, "river")


def _marine(report: Any) -> Iterator[_Pair]:
    for code, kind, place, name in zip(
        report.marine_warning_codes_raw, report.marine_warning_codes,
        report.marine_forecast_regions_raw, report.marine_forecast_regions, strict=True,
    ):  # fmt: skip
        yield _named(kind, code, "wave"), WarningArea(f"SEA{place}", name, "area")


def _typhoon(report: Any) -> Iterator[_Pair]:
    kind = f"台風第{report.typhoon_number}号"
    yield _item("storm", "typhoon", kind, "information"), None


def _cities(item: WarningItem, report: Any) -> Iterator[_Pair]:
    for code, name in _both(report.local_governments_raw, report.local_governments):
        yield item, WarningArea(f"{code:07d}", name, "city")


def _both(codes: Iterable[Any], names: Iterable[str]) -> Iterator[tuple[Any, str]]:
    yield from zip(codes, names, strict=True)


_READERS: Final = {
    "EarthquakeEarlyWarning": _early_warning,
    "Hypocenter": _hypocenter,
    "SeismicIntensity": _intensity,
    "NankaiTroughEarthquake": _nankai,
    "Tsunami": _tsunami,
    "NorthwestPacificTsunami": _far_tsunami,
    "Volcano": _volcano,
    "AshFall": _ash,
    "Weather": _weather,
    "Flood": _flood,
    "Marine": _marine,
    "Typhoon": _typhoon,
}
