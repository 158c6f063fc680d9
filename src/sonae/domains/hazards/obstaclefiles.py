"""Reports of roads and floods from a file: GeoJSON of any shape, or CSV of points; defects by row."""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.domains.hazards.models import Obstacle
from sonae.domains.hazards.obstacles import KIND_NAMES, WATER_NAMES, Report, check_report
from sonae.domains.municipalities import interface as municipalities
from sonae.engines import tables
from sonae.engines.hazard.defects import Defect

_KINDS = {name: code for code, name in KIND_NAMES.items()} | {
    "通行止": "closed", "全面通行止め": "closed", "崩壊": "collapsed", "土砂崩れ": "collapsed",
    "冠水": "flooded",
}  # fmt: skip
_WATERS = {name: code for code, name in WATER_NAMES.items()} | {"内水": "inland_flood"}
_NAMES = {
    "kind": ("kind", "種類", "種別"), "source": ("source", "情報源", "出典"),
    "observed_at": ("observed_at", "確認日時", "日時"), "note": ("note", "内容", "備考", "理由"),
    "valid_until": ("valid_until", "有効期限", "終了予定"), "hazard": ("hazard", "災害種別"),
    "depth_m": ("depth_m", "水深"), "key": ("id", "key", "管理番号"),
}  # fmt: skip


def read_reports(path: Path, source: str = "") -> tuple[list[Report], list[Defect]]:
    """Return the sound reports of a file and the defects of the others, by row.

    ``source`` stands in where a row names none. A row without an id gets one made of the file's name
    and the row's content, so that the same file twice is one report; without a time it is one of its
    day: what is closed again tomorrow is another report. Raises SonaeError when the file
    as a whole cannot be read.
    """
    good, wrong = [], []
    beside: dict[str, Obstacle] = {}
    towns = municipalities.towns()
    for row, values, shape in _rows(path):
        try:
            report = _report(values, shape, source, path.name)
            check_report(report, beside, towns)
            good.append(report)
        except SonaeError as error:
            shown = f"{error.detail} {error.hint}".strip()
            wrong.append(Defect(error.code, "left_out", shown, row=row, input=path.name))
    return good, wrong


def _rows(path: Path) -> list[tuple[int, Any, Any]]:
    """Return row number, values and geometry of every line or feature, as they stand there."""
    if path.suffix.lower() not in {".json", ".geojson"}:
        return [
            (line, dict(values), {"type": "Point", "coordinates": [values["lon"], values["lat"]]})
            for line, values in tables.rows(str(path), ("lat", "lon"))
        ]
    text = tables.decode(tables.read_bytes(str(path)), path.name)
    held = tables.json_value(text, path.name)
    features = held.get("features") if isinstance(held, dict) else None
    if not isinstance(features, list):
        raise SonaeError("unreadable", f"{path.name}はGeoJSONのFeatureCollectionではありません。")
    sound = [one if isinstance(one, dict) else {} for one in features]
    return [
        (number, one.get("properties") or {}, one.get("geometry"))
        for number, one in enumerate(sound, start=1)
    ]


def _value(values: dict[str, Any], name: str) -> str:
    """Return a value by any of the column's names, as text."""
    found = next((values[one] for one in _NAMES[name] if values.get(one) not in (None, "")), "")
    return _plain(found)


def _plain(value: Any) -> str:
    """Return a value as text that can be stored and shown: half characters and NUL replaced."""
    return str(value).encode("utf-8", "replace").decode().replace("\0", "?").strip()


def _moment(text: str) -> datetime:
    """Return an ISO time; without an offset it is Japanese."""
    try:
        moment = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError as error:
        raise SonaeError(
            "bad_time", f"日時「{text}」を読めません。", "例：2026-07-01T10:30"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=JST)


def _report(values: Any, shape: Any, source: str, file: str) -> Report:
    """Return one row as a report; SonaeError names the value that cannot be read."""
    if not isinstance(values, dict):
        raise SonaeError("unreadable", "propertiesが「名前と値」の形ではありません。")
    if not isinstance(shape, dict):
        raise SonaeError("bad_shape", "場所がありません。")
    if shape.get("type") == "Point":
        place = shape.get("coordinates")
        if not isinstance(place, list) or len(place) < 2:
            raise SonaeError("bad_shape", "点の座標（経度・緯度）がありません。")
        shape = {"type": "Point", "coordinates": [_number(one) for one in place[:2]]}
    kind, hazard = _value(values, "kind"), _value(values, "hazard")
    observed, end, depth = (
        _value(values, name) for name in ("observed_at", "valid_until", "depth_m")
    )
    kind = _KINDS.get(kind, kind)
    moment = _moment(observed) if observed else clock.now()
    timed = bool(observed or end)
    day = "" if timed else moment.astimezone(JST).date().isoformat()
    key = _value(values, "key") or _fingerprint(values, shape, day)
    return Report(
        kind=kind,
        shape=shape,
        source=_value(values, "source") or source,
        observed_at=moment,
        valid_until=_moment(end) if end else None,
        hazard=_WATERS.get(hazard, hazard) or ("flood" if kind == "flooded" else ""),
        depth_m=_number(depth) if depth else None,
        note=_value(values, "note"),
        key=f"{file[:30]}:{key}"[:80],
        timed=timed,
    )


def _fingerprint(values: dict[str, Any], shape: Any, day: str) -> str:
    """Return what tells a row without an id from every other; ``day`` of one without a time."""
    text = json.dumps([values, shape, day], ensure_ascii=False, sort_keys=True, default=str)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _number(value: Any) -> float:
    """Return a number; SonaeError when it is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        shown = _plain(value)[:80]
        raise SonaeError("not_a_number", f"「{shown}」は数ではありません。") from error
