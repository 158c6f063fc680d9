"""The national lists (国土地理院 指定緊急避難場所・指定避難所データ): one GeoJSON per municipality."""

from __future__ import annotations

import json
import math
from typing import Any

from sonae.core.errors import SonaeError
from sonae.engines import tables
from sonae.engines.shelters.astray import astray
from sonae.engines.shelters.columns import NATIONAL_FLAGS as FLAGS
from sonae.engines.shelters.columns import meaning, meanings
from sonae.engines.shelters.listing import (
    UNSTATED,
    Defect,
    Listed,
    Reading,
    closed_in_part,
    closure,
    restricted_to,
)
from sonae.engines.shelters.sheets import Sheet
from sonae.engines.shelters.suspect import garbled, nameless, suspects
from sonae.engines.shelters.table import JAPAN, read_sheet

_NAME, _ID, _ADDRESS, _NOTE = "施設・場所名", "共通ID", "住所", "備考"
_ADMITS = "受入対象者"
_TWINS = "指定避難所との住所同一", "指定緊急避難場所との住所同一"


def read_geojson(text: str, name: str) -> Reading:
    """Read one file's text: the facilities and what is wrong; rows count from 1.

    Other GeoJSON is read as a table whose headings are the names of its properties. Raises SonaeError
    ``unreadable`` for anything that is not a FeatureCollection, ``empty_file`` for one without rows.
    """
    held = tables.json_value(text, name)
    try:
        features = held["features"]
    except (KeyError, TypeError) as error:
        raise SonaeError(
            "unreadable", f"{name}はGeoJSONのFeatureCollectionではありません。"
        ) from error
    if not isinstance(features, list) or not features:
        raise SonaeError("empty_file", f"{name}に1件もありません。前のデータを使い続けてください。")
    headings = _headings(features)
    if _NAME not in headings and "name" in meanings(headings).values():
        return _as_table(features, headings, name)
    rows: list[Listed] = []
    defects: list[Defect] = []
    for number, feature in enumerate(features, start=1):
        _read_one(feature, name, number, rows, defects)
    titles = {key: headings[at] for at, key in meanings(headings).items()}
    defects += suspects(rows, {**titles, "lat": "geometry"})
    defects += astray(rows, "geometry")
    fields = frozenset(titles) | {"lat", "lon"}
    return Reading(rows, sorted(defects, key=lambda one: one.row), headings, fields)


def _headings(features: list[Any]) -> tuple[str, ...]:
    """Return the names of all properties, in the order in which they first occur."""
    held = [one["properties"] for one in features
            if isinstance(one, dict) and isinstance(one.get("properties"), dict)]  # fmt: skip
    return tuple(dict.fromkeys(str(name) for values in held for name in values))


def _as_table(features: list[Any], headings: tuple[str, ...], name: str) -> Reading:
    """Read features with properties of other names; the geometry is the position, rows count from 1."""
    columns = [one for one in headings if meaning(one) not in {"lat", "lon"}]
    rows = []
    for number, feature in enumerate(features, start=1):
        values = feature.get("properties") if isinstance(feature, dict) else None
        held = values if isinstance(values, dict) else {}
        lon, lat = _coordinates(feature.get("geometry") if isinstance(feature, dict) else None)
        cells = [_text(held.get(column)) for column in columns]
        rows.append((number, [*cells, _text(lat), _text(lon)]))
    return read_sheet(Sheet([*columns, "緯度", "経度"], rows, 0), name)


def _text(value: Any) -> str:
    """Return a property as text, as a table would hold it."""
    if value is None or value is False:
        return "" if value is None else "0"
    if isinstance(value, str):
        return value
    return "1" if value is True else json.dumps(value, ensure_ascii=False)


def _read_one(
    feature: Any, name: str, number: int, rows: list[Listed], defects: list[Defect]
) -> None:
    """Add one feature's facility and defects; what has no name or place is still a row."""
    values = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(values, dict):
        defects.append(Defect(name, number, "properties", "", "not_a_feature", "left_out"))
        return
    lat, lon = _place(feature.get("geometry"), name, number, defects)
    flags = {hazard: _flag(values, column) for hazard, column in FLAGS.items()}
    for hazard, answer in flags.items():
        if answer == "unknown" and FLAGS[hazard] in values:
            written = str(values[FLAGS[hazard]])
            defects.append(Defect(name, number, FLAGS[hazard], written, "not_a_flag", "kept"))
    title, note = str(values.get(_NAME) or ""), values.get(_NOTE)
    reason = _doubts(name, number, title, note, defects)
    emergency = any(column in values for column in FLAGS.values())
    rows.append(
        Listed(
            input=name,
            row=number,
            id=str(values.get(_ID) or ""),
            name=title,
            kind=_kind(values, emergency),
            lat=lat,
            lon=lon,
            address=str(values.get(_ADDRESS) or ""),
            hazards=flags if emergency else dict(UNSTATED),
            restricted_to=restricted_to(values.get(_ADMITS)),
            usable="no" if reason else "unknown",
            usable_reason=reason,
            more=_more(values, flags),
        )
    )


def _doubts(name: str, number: int, title: str, note: Any, defects: list[Defect]) -> str:
    """Note a name that is none, garbled text and closures; return why the place cannot be used."""
    for column, text in ((_NAME, title), (_NOTE, str(note or ""))):
        if garbled(text):
            defects.append(Defect(name, number, column, text, "garbled", "kept"))
        if told := closed_in_part(text):
            defects.append(Defect(name, number, column, text, "closed_in_part", "kept", told))
        if told := closure(text):
            defects.append(Defect(name, number, column, text, "closed_in_name", "corrected", told))
    if not title.strip() or nameless(title):
        problem = "placeholder" if title.strip() else "no_name"
        defects.append(Defect(name, number, _NAME, title, problem, "kept"))
    return closure(title, note)


def _more(values: dict[str, Any], flags: dict[str, str]) -> dict[str, str]:
    """Return what a feature says besides, as text."""
    read = {FLAGS[hazard] for hazard, answer in flags.items() if answer != "unknown"}
    return {
        str(key): value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in values.items()
        if value not in (None, "") and key not in read | {_NAME, _ID, _ADDRESS}
    }


def _kind(values: dict[str, Any], emergency: bool) -> str:
    """Return both where the list says that the other designation stands at the same address."""
    if any(_flag(values, column) == "yes" for column in _TWINS):
        return "both"
    return "emergency_site" if emergency else "shelter"


def _flag(values: dict[str, Any], column: str) -> str:
    """Return yes for "1", no for "" (not designated); missing, null or anything else is unknown."""
    value = values.get(column)
    return {"1": "yes", "": "no"}.get(value, "unknown") if isinstance(value, str) else "unknown"


def _place(
    geometry: Any, name: str, number: int, defects: list[Defect]
) -> tuple[float | None, float | None]:
    """Return latitude and longitude of a point; swapped ones are put right, impossible ones None."""
    lon, lat = _coordinates(geometry)

    def wrong(problem: str, action: str) -> None:
        written = "" if lat is None else f"{lon},{lat}"
        defects.append(Defect(name, number, "geometry", written, problem, action))

    if lat is None or lon is None:
        wrong("no_position", "kept")
        return None, None
    (south, north), (west, east) = JAPAN
    if south <= lat <= north and west <= lon <= east:
        return lat, lon
    if south <= lon <= north and west <= lat <= east:
        wrong("swapped_position", "corrected")
        return lon, lat
    wrong("outside_municipality", "left_out")
    return None, None


def _coordinates(geometry: Any) -> tuple[float | None, float | None]:
    """Return the two numbers of a point, None twice for anything else."""
    try:
        one, other = (float(number) for number in geometry["coordinates"][:2])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None, None
    return (one, other) if math.isfinite(one) and math.isfinite(other) else (None, None)
