"""The one normal form of every warning (気象警報・注意報, 津波, 地震, 河川, CAP …).

A ``Warning`` is what one telegram or message says; nothing is added to it. ``level`` is the 1–5
level that the telegram itself states (警戒レベル相当情報) and never an order of the mayor.
Times are aware and in JST. ``to_json``/``from_json`` hold the contract of ``sonae warnings read``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sonae.core.errors import SonaeError

PHENOMENA: frozenset[str] = frozenset(
    [
        "heavy_rain",
        "landslide",
        "flood",
        "storm_surge",
        "tsunami",
        "earthquake",
        "volcano",
        "storm",
        "snow_storm",
        "heavy_snow",
        "wave",
        "thunder",
        "fog",
        "dry",
        "avalanche",
        "cold",
        "frost",
        "ice_accretion",
        "snow_accretion",
        "snow_melt",
        "tornado",
        "record_rain",
        "linear_rainband",
        "civil_protection",
        "evacuation",
        "other",
    ]
)
# Weakest first: the place in this tuple is the rank.
SEVERITIES: tuple[str, ...] = (
    "lifted",
    "information",
    "advisory",
    "warning",
    "critical",
    "emergency",
)
SEVERITY_RANK: Mapping[str, int] = {name: rank for rank, name in enumerate(SEVERITIES)}
AREA_TYPES: frozenset[str] = frozenset(
    ["city", "area", "prefecture", "river", "tsunami_area", "volcano", "polygon"]
)
STATUSES: frozenset[str] = frozenset({"actual", "exercise", "test"})
ACTIONS: frozenset[str] = frozenset({"issue", "correct", "cancel"})

Point = tuple[float, float]
Ring = tuple[Point, ...]


SKEW: Final = timedelta(minutes=10)
"""A sender's clock may run ahead of ours by this much."""


class WarningRefused(SonaeError):
    """A message that cannot be read; its raw bytes are kept by the caller all the same.

    Codes: empty, too_large, doctype, encoding, truncated, not_xml, too_deep, unknown_root,
    incomplete, unknown_status, several_messages, not_qzss, broken_archive, unsafe_archive, garbled, dated_ahead (read, not used).
    """


@dataclass(frozen=True, slots=True)
class WarningArea:
    """A place the telegram names. ``polygon``: rings of (longitude, latitude), degrees, WGS 84."""

    code: str
    name: str
    type: str
    polygon: tuple[Ring, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The contract's area; ``polygon`` only where there is one."""
        out: dict[str, Any] = {"code": self.code, "name": self.name, "type": self.type}
        if self.polygon:
            out["polygon"] = [[list(point) for point in ring] for ring in self.polygon]
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> WarningArea:
        """The area that ``to_json`` wrote."""
        rings = tuple(tuple((x, y) for x, y in ring) for ring in data.get("polygon", ()))
        return cls(data["code"], data["name"], data["type"], rings)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Hours for which the telegram expects ``level`` (CriteriaPeriod); ``end`` None: open.

    Where its scale has no levels (風, 雪 … of 時系列情報), ``level`` is None and ``severity`` says it.
    """

    level: int | None
    start: datetime
    end: datetime | None
    severity: str = ""

    def to_json(self) -> dict[str, Any]:
        """The contract's names: ``from`` and ``to``; ``severity`` only where it is stated."""
        out = {"level": self.level, "from": _iso(self.start), "to": _iso(self.end)}
        return {**out, "severity": self.severity} if self.severity else out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Forecast:
        """The forecast that ``to_json`` wrote."""
        start, end = datetime.fromisoformat(data["from"]), _time(data["to"])
        return cls(data["level"], start, end, data.get("severity", ""))


@dataclass(frozen=True, slots=True)
class WarningItem:
    """One kind of warning and the areas it holds for.

    ``kind_code`` is namespaced by the telegram's family and None where the family has no codes.
    ``condition`` is the telegram's qualifier (大雨警報の「土砂災害、浸水害」); ``last_kind`` names
    what was lifted; ``until`` is the end of validity where the telegram states one. Evacuation orders
    (Lアラート) come as one item per district: ``households`` and ``head_count`` are people it is for,
    ``at`` is when it was decided.
    """

    phenomenon: str
    kind_code: str | None
    kind: str
    level: int | None
    severity: str
    areas: tuple[WarningArea, ...]
    forecast: tuple[Forecast, ...] = ()
    condition: str = ""
    last_kind: str = ""
    until: datetime | None = None
    households: int | None = None
    head_count: int | None = None
    at: datetime | None = None

    def over(self, areas: tuple[WarningArea, ...]) -> WarningItem:
        """The same item for other ``areas``; a quick ``replace``, for a reader's innermost loop."""
        return WarningItem(
            self.phenomenon, self.kind_code, self.kind, self.level, self.severity, areas,
            self.forecast, self.condition, self.last_kind, self.until, self.households,
            self.head_count, self.at,
        )  # fmt: skip

    @property
    def in_force(self) -> bool:
        """False for an item that says that something ended."""
        return self.severity != "lifted"

    def to_json(self) -> dict[str, Any]:
        """The contract's item; the additional fields only where they say something."""
        out: dict[str, Any] = {
            "phenomenon": self.phenomenon,
            "kind_code": self.kind_code,
            "kind": self.kind,
            "level": self.level,
            "severity": self.severity,
            "areas": [area.to_json() for area in self.areas],
            "forecast": [forecast.to_json() for forecast in self.forecast],
        }
        extra = {
            "condition": self.condition or None,
            "last_kind": self.last_kind or None,
            "until": _iso(self.until),
            "households": self.households,
            "head_count": self.head_count,
            "at": _iso(self.at),
        }
        return out | {name: value for name, value in extra.items() if value is not None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> WarningItem:
        """The item that ``to_json`` wrote."""
        return cls(
            phenomenon=data["phenomenon"],
            kind_code=data["kind_code"],
            kind=data["kind"],
            level=data["level"],
            severity=data["severity"],
            areas=tuple(WarningArea.from_json(area) for area in data["areas"]),
            forecast=tuple(Forecast.from_json(each) for each in data.get("forecast", ())),
            condition=data.get("condition", ""),
            last_kind=data.get("last_kind", ""),
            until=_time(data.get("until")),
            households=data.get("households"),
            head_count=data.get("head_count"),
            at=_time(data.get("at")),
        )


@dataclass(frozen=True, slots=True)
class Warning:
    """What one telegram or message says.

    ``issued_at`` is the official time of issue (ReportDateTime), ``sent_at`` the time that orders
    a series (Control/DateTime). ``references`` are CAP's earlier messages as ``sender,id,sent``.
    ``deviations`` name what was forgiven while reading.
    """

    source: str
    telegram: str
    title: str
    office: str
    series: str
    event_id: str | None
    status: str
    action: str
    issued_at: datetime
    headline: str
    items: tuple[WarningItem, ...]
    raw_sha256: str
    sent_at: datetime
    head_title: str = ""
    serial: str = ""
    deviations: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    input: str = ""

    def to_json(self) -> dict[str, Any]:
        """The line of ``sonae warnings read``."""
        return {
            "input": self.input,
            "source": self.source,
            "telegram": self.telegram,
            "title": self.title,
            "head_title": self.head_title,
            "office": self.office,
            "series": self.series,
            "event_id": self.event_id,
            "serial": self.serial,
            "status": self.status,
            "action": self.action,
            "issued_at": _iso(self.issued_at),
            "sent_at": _iso(self.sent_at),
            "headline": self.headline,
            "items": [item.to_json() for item in self.items],
            "raw_sha256": self.raw_sha256,
            "deviations": list(self.deviations),
            "references": list(self.references),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Warning:
        """The warning that ``to_json`` wrote."""
        plain = ("source", "telegram", "title", "office", "series", "event_id", "status", "action")
        return cls(
            **{name: data[name] for name in plain},
            issued_at=datetime.fromisoformat(data["issued_at"]),
            headline=data["headline"],
            items=tuple(WarningItem.from_json(item) for item in data["items"]),
            raw_sha256=data["raw_sha256"],
            sent_at=datetime.fromisoformat(data.get("sent_at") or data["issued_at"]),
            head_title=data.get("head_title", ""),
            serial=data.get("serial", ""),
            deviations=tuple(data.get("deviations", ())),
            references=tuple(data.get("references", ())),
            input=data.get("input", ""),
        )


@dataclass(frozen=True, slots=True)
class InForce:
    """One area × phenomenon in force, and the telegram that says so.

    ``since`` is when this kind began for this area without a break in its series; ``until`` when it
    ends by itself (None: it holds until it is lifted).
    """

    area: WarningArea
    phenomenon: str
    kind: str
    level: int | None
    severity: str
    since: datetime
    series: str
    telegram: str
    issued_at: datetime
    kind_code: str | None = None
    condition: str = ""
    forecast: tuple[Forecast, ...] = ()
    headline: str = ""
    status: str = "actual"
    raw_sha256: str = ""
    until: datetime | None = None

    @property
    def area_code(self) -> str:
        """Code of the area; its name where the telegram gives no code, or zeros for one."""
        return self.area.code if self.area.code.strip("0") else self.area.name

    @property
    def area_name(self) -> str:
        """Name of the area."""
        return self.area.name

    def to_json(self) -> dict[str, Any]:
        """The line of ``sonae warnings state``."""
        return {
            "area": self.area.to_json(),
            "phenomenon": self.phenomenon,
            "kind": self.kind,
            "level": self.level,
            "severity": self.severity,
            "since": _iso(self.since),
            "series": self.series,
            "telegram": self.telegram,
            "issued_at": _iso(self.issued_at),
            "until": _iso(self.until),
            "kind_code": self.kind_code,
            "condition": self.condition,
            "forecast": [forecast.to_json() for forecast in self.forecast],
            "headline": self.headline,
            "status": self.status,
            "raw_sha256": self.raw_sha256,
        }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
