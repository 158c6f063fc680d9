"""What is now (道路と浸水の状況): reports with a source, a time and an end; withdrawn, never deleted.

A report that ends by itself needs nobody: every read asks the one clock, and an outbox entry at the
time of its end has everything planned anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping, shape

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.hazards.models import Obstacle
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.municipalities.interface import Town
from sonae.engines.hazard.codes import DEPTHS
from sonae.engines.hazard.polygons import PolygonLayer
from sonae.platform import audit, outbox
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.scope import current_municipality, current_world

KIND_NAMES = {"closed": "通行止め", "collapsed": "崩壊地点", "flooded": "浸水"}
WATER_NAMES = {
    "flood": "洪水", "inland_flood": "内水氾濫", "storm_surge": "高潮", "tsunami": "津波",
}  # fmt: skip
"""What files call them: the words that the errors name."""
KINDS, WATERS = tuple(KIND_NAMES), tuple(WATER_NAMES)
USUAL_HOURS = 6
LONGEST_DAYS = 90
SENT_TWICE = timedelta(minutes=1)
"""Ends no farther apart are the same: a form that is sent twice counts its hours from now, twice."""
ELSEWHERE_M = 20_000.0
"""Farther than this from every town nobody of the city goes on foot: a slip, or another city's report."""
EXPIRED = "obstacle.expired"
_GEOMETRIES = {
    "closed": {"Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"},
    "collapsed": {"Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"},
    "flooded": {"Polygon", "MultiPolygon"},
}  # fmt: skip
_NO_SHAPE = (
    TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError, RecursionError,
    shapely.errors.ShapelyError,
)  # fmt: skip
_JAPAN = (122.0, 20.0, 154.0, 46.0)


@dataclass(frozen=True)
class Report:
    """One report as it is made: ``shape`` a GeoJSON geometry in longitude, latitude.

    ``valid_until`` None: six hours after it was observed. ``key`` "" makes a new one. ``timed`` False:
    nobody stated a time, ``observed_at`` is when the report was read.
    """

    kind: str
    shape: Mapping[str, Any]
    source: str
    observed_at: datetime
    valid_until: datetime | None = None
    hazard: str = ""
    depth_m: float | None = None
    note: str = ""
    key: str = ""
    timed: bool = True


def shape_of(given: Mapping[str, Any]) -> Any:
    """Return a GeoJSON geometry as a shape; SonaeError ``bad_shape`` when it is none."""
    try:
        return shape(dict(given))
    except _NO_SHAPE as error:
        raise SonaeError("bad_shape", "場所を図形として読めません。") from error


def _geometry(report: Report, towns: Sequence[Town] | None) -> Any:
    """Return the report's shape as a sound geometry; SonaeError says what is wrong with it."""
    found = shape_of(report.shape)
    if found.is_empty or found.geom_type not in _GEOMETRIES[report.kind]:
        raise SonaeError(
            "bad_shape",
            "この種類の場所には使えない図形です。",
            "浸水は面（3点以上）で、通行止めと崩壊は点・線・面で示してください。",
        )
    west, south, east, north = found.bounds
    sound = bool(np.isfinite(shapely.get_coordinates(found)).all())
    if not sound or west < _JAPAN[0] or south < _JAPAN[1] or east > _JAPAN[2] or north > _JAPAN[3]:
        raise SonaeError(
            "bad_position", "場所が日本の外です。", "経度・緯度の順か確かめてください。"
        )
    _refuse_elsewhere(found, towns)
    found = shapely.force_2d(found)
    return found if found.is_valid else shapely.make_valid(found)


def _words(names: Mapping[str, str]) -> str:
    """Return what can be written in a file: the words, and the codes of programs."""
    return "、".join(f"{name}（{code}）" for code, name in names.items())


def _refuse_elsewhere(found: Any, towns: Sequence[Town] | None) -> None:
    """Refuse a place that no way of the municipality's people leads by."""
    lon, lat = shapely.get_coordinates(found).T
    metres = float(municipalities.metres_from_towns(lat, lon, towns).min())
    if metres > ELSEWHERE_M:
        raise SonaeError(
            "bad_position",
            f"場所が、市のいちばん近い町から約{metres / 1000:,.0f}km離れています。",
            "緯度と経度を確かめてください。別の市の報告は、登録できません。",
        )


def _checked(report: Report, now: datetime, towns: Sequence[Town] | None = None) -> dict[str, Any]:
    """Return the columns of a sound report; SonaeError names what is wrong."""
    if report.kind not in KINDS:
        raise SonaeError(
            "bad_kind",
            f"種類「{report.kind}」はありません。",
            f"次のどれかです：{_words(KIND_NAMES)}",
        )
    if not report.source.strip():
        raise SonaeError("no_source", "情報源がありません。", "だれが確かめたかを書いてください。")
    if report.observed_at > now + timedelta(minutes=10):
        raise SonaeError("in_the_future", "確認した時刻が、まだ来ていません。")
    end = report.valid_until or report.observed_at + timedelta(hours=USUAL_HOURS)
    _refuse_beyond_calendar(report.observed_at, end)
    if end <= report.observed_at or end > now + timedelta(days=LONGEST_DAYS):
        raise SonaeError(
            "bad_end",
            "有効期限が正しくありません。",
            f"確認の後、{LONGEST_DAYS}日以内にしてください。",
        )
    flooded = report.kind == "flooded"
    if flooded and report.hazard not in WATERS:
        raise SonaeError(
            "bad_hazard",
            f"浸水の災害種別「{report.hazard}」はありません。",
            f"次のどれかです：{_words(WATER_NAMES)}",
        )
    depth = report.depth_m if flooded else None
    if depth is not None and not 0 < depth < 100:
        raise SonaeError("bad_depth", "水深は0より大きく100m未満で入れてください。")
    return {
        "kind": report.kind,
        "shape": mapping(_geometry(report, towns)),
        "hazard": report.hazard if flooded else "",
        "depth_m": depth,
        "note": report.note.strip()[:200],
        "source": report.source.strip()[:120],
        "observed_at": report.observed_at,
        "valid_until": end,
    }


def _refuse_beyond_calendar(*moments: datetime) -> None:
    """Refuse moments whose hour in UTC lies before the year 1 or after 9999: nothing can store them."""
    try:
        for one in moments:
            one.astimezone(UTC)
    except OverflowError as error:
        raise SonaeError("bad_time", "日時の年が正しくありません。") from error


def report_obstacles(actor: Actor, reports: Sequence[Report]) -> list[Obstacle]:
    """Store reports, all or none, and have everybody planned for anew; the same key is stored once.

    A row that was there before is ``known``. SonaeError names what is wrong with the first bad one,
    ``conflict`` where its key is another report's or one's that has ended; `check_report` tells
    beforehand.
    """
    require(actor, Audience.OPERATOR)
    now, towns = clock.now(), municipalities.towns()
    made, fresh = [], []
    with writing():
        for report in reports:
            columns = _checked(report, now, towns)
            key = report.key or str(uuid7())
            row, new = Obstacle.objects.get_or_create(
                key=key, defaults={**columns, "recorded_at": now, "recorded_by": actor.id}
            )
            if not new:
                _refuse_another(report, columns, row, now)
            row.known = not new
            made.append(row)
            if new:
                fresh.append(row)
                audit.record(
                    actor.id, "obstacle_reported", str(row.pk), kind=row.kind, source=row.source
                )
        _end_by_the_clock(fresh, now)
        if fresh:
            _announce()
    return made


def check_report(
    report: Report, beside: dict[str, Obstacle] | None = None, towns: Sequence[Town] | None = None
) -> None:
    """Raise SonaeError when `report_obstacles` would refuse the report.

    ``beside``: the reports that come with it by key; a sound one is added to them. ``towns``: the
    municipality's, where the caller has read them.
    """
    now = clock.now()
    columns = _checked(report, now, towns)
    if not report.key:
        return
    held = {} if beside is None else beside
    row = held.get(report.key) or Obstacle.objects.filter(key=report.key).first()
    if row is not None:
        _refuse_another(report, columns, row, now)
    held.setdefault(report.key, row or Obstacle(key=report.key, **columns))


def _refuse_another(
    report: Report, columns: Mapping[str, Any], row: Obstacle, now: datetime
) -> None:
    """Refuse a report whose key is taken by another one, or by one that no longer holds."""
    over = row.withdrawn_at is not None or row.valid_until <= now
    other = any(getattr(row, name) != columns[name] for name in ("kind", "hazard", "depth_m"))
    other = other or shape(row.shape).wkb != shape(columns["shape"]).wkb
    if report.timed:
        other = other or abs(row.valid_until - columns["valid_until"]) > SENT_TWICE
    if over or other:
        raise SonaeError(
            "conflict",
            f"識別子「{row.key}」は別の内容か、終わった報告として登録済みです。",
            "前の報告を取り消し、新しい識別子で送ってください。",
        )


def _end_by_the_clock(rows: Iterable[Obstacle], now: datetime) -> None:
    """Have everything planned anew when reports end: once per time of ending."""
    for end in {row.valid_until for row in rows if row.valid_until > now}:
        outbox.publish(
            EXPIRED,
            {"at": end.isoformat()},
            delay=(end - now).total_seconds() + 1.0,
            dedupe_key=f"{EXPIRED}:{end.isoformat()}",
        )


def _announce() -> None:
    """Say in this world that ways are no longer as they were."""
    outbox.publish("city.changed", {"what": "obstacles"}, order_key="city")


def withdraw(actor: Actor, pk: int) -> Obstacle:
    """Take a report back (it was wrong, or is over); it stays in the record."""
    require(actor, Audience.OPERATOR)
    with writing():
        row = Obstacle.objects.filter(pk=pk).first()
        if row is None:
            raise SonaeError("not_found", "この報告はありません。")
        if row.withdrawn_at is None:
            row.withdrawn_at, row.withdrawn_by = clock.now(), actor.id
            row.save(update_fields=["withdrawn_at", "withdrawn_by"])
            audit.record(actor.id, "obstacle_withdrawn", str(row.pk), kind=row.kind)
            _announce()
    return row


def expired(at: datetime) -> None:
    """Plan anew when reports have ended; the clock of an exercise may have been slowed since."""
    left = (at - clock.now()).total_seconds()
    if left > 0:
        raise outbox.Retry(clock.real_seconds(left) + 1.0, "not yet over")
    with writing():
        _announce()


def in_force() -> list[Obstacle]:
    """Return what holds now by the one clock, newest first."""
    now = clock.now()
    rows = Obstacle.objects.filter(
        withdrawn_at=None, observed_at__lte=now + timedelta(minutes=10), valid_until__gt=now
    )
    return list(rows.order_by("-observed_at", "-pk"))


def ended(most: int = 100) -> list[Obstacle]:
    """Return what held before: withdrawn or over, newest first."""
    now = clock.now()
    rows = Obstacle.objects.exclude(withdrawn_at=None) | Obstacle.objects.filter(
        valid_until__lte=now
    )
    return list(rows.order_by("-recorded_at", "-pk")[:most])


def geometry_of(row: Obstacle) -> Any:
    """Return where an obstacle lies, as a shapely geometry in longitude, latitude."""
    return shape(row.shape)


def observed_layers() -> list[PolygonLayer]:
    """Return the flooding observed now as layers: inside it is inside, beyond it says nothing.

    One layer per water, and one more for areas whose depth nobody measured. The same reports are
    the same layers: plans remember what they looked up in them.
    """
    flooded = [row for row in in_force() if row.kind == "flooded"]
    here = current_municipality(), current_world()
    reports = tuple((row.pk, row.key, row.recorded_at) for row in flooded)
    if here not in _observed or _observed[here][0] != reports:
        groups: dict[tuple[str, bool], list[Obstacle]] = {}
        for row in flooded:
            groups.setdefault((row.hazard, row.depth_m is not None), []).append(row)
        made = [_layer(hazard, deep, rows) for (hazard, deep), rows in groups.items()]
        _observed[here] = (reports, made)
    return list(_observed[here][1])


_Reports = tuple[tuple[int, str, datetime], ...]
_observed: dict[tuple[str, str], tuple[_Reports, list[PolygonLayer]]] = {}


def _layer(hazard: str, deep: bool, rows: list[Obstacle]) -> PolygonLayer:
    """Return some observed floods as one layer; ranks by the standard steps of depth."""
    ranks = [_rank(row.depth_m) for row in rows]
    newest = max(row.observed_at for row in rows)
    return PolygonLayer(
        name=f"observed_{hazard}" + ("" if deep else "_depth_unknown"),
        hazard=hazard,
        kind="depth",
        shapes=np.array([*map(geometry_of, rows), None], object)[:-1],
        rank=np.array(ranks, np.uint8),
        surveyed=None,
        source="、".join(dict.fromkeys(row.source for row in rows))[:200],
        date=newest.astimezone(clock.JST).date().isoformat(),
        scale="observed",
        depths=DEPTHS if deep else (),
        stated=True,
    )


def _rank(depth: float | None) -> int:
    """Return the rank whose range holds a depth; unknown depth is the lowest."""
    if depth is None:
        return 1
    return next(n for n, (_, top) in enumerate(DEPTHS, start=1) if top is None or depth < top)
