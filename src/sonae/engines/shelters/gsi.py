"""The national lists (国土地理院 指定緊急避難場所・指定避難所データ): one GeoJSON per municipality."""

from __future__ import annotations

from typing import Any, Final

from sonae.core.errors import SonaeError
from sonae.engines import tables
from sonae.engines.shelters.astray import astray
from sonae.engines.shelters.listing import (
    UNSTATED,
    Defect,
    Listed,
    closure,
    restricted_to,
)

FLAGS: Final = {
    "flood": "洪水",
    "landslide": "崖崩れ、土石流及び地滑り",
    "storm_surge": "高潮",
    "earthquake": "地震",
    "tsunami": "津波",
    "fire": "大規模な火事",
    "inland_flood": "内水氾濫",
    "volcano": "火山現象",
}
_NAME, _ID, _ADDRESS, _NOTE = "施設・場所名", "共通ID", "住所", "備考"
_ADMITS = "受入対象者"
_TWINS = "指定避難所との住所同一", "指定緊急避難場所との住所同一"


def read_geojson(text: str, name: str) -> tuple[list[Listed], list[Defect]]:
    """Read one file's text: the facilities and what is wrong; rows count from 1.

    Also reads other GeoJSON whose points carry the same property names. Raises SonaeError
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
    rows: list[Listed] = []
    defects: list[Defect] = []
    for number, feature in enumerate(features, start=1):
        _read_one(feature, name, number, rows, defects)
    return rows, defects + astray(rows, "geometry")


def _read_one(
    feature: Any, name: str, number: int, rows: list[Listed], defects: list[Defect]
) -> None:
    """Add one feature's facility and defects; what has no name or place is still a row."""
    values = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(values, dict):
        defects.append(Defect(name, number, "properties", "", "not_a_feature", "left_out"))
        return
    lat, lon = _place(feature.get("geometry"))
    if lat is None:
        defects.append(Defect(name, number, "geometry", "", "no_position", "kept"))
    flags = {hazard: _flag(values, column) for hazard, column in FLAGS.items()}
    for hazard, answer in flags.items():
        if answer == "unknown" and FLAGS[hazard] in values:
            written = str(values[FLAGS[hazard]])
            defects.append(Defect(name, number, FLAGS[hazard], written, "not_a_flag", "kept"))
    title, note = str(values.get(_NAME) or ""), values.get(_NOTE)
    reason = closure(title, note)
    if reason:
        defects.append(Defect(name, number, _NAME, title, "closed_in_name", "corrected"))
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
        )
    )


def _kind(values: dict[str, Any], emergency: bool) -> str:
    """Return both where the list says that the other designation stands at the same address."""
    if any(_flag(values, column) == "yes" for column in _TWINS):
        return "both"
    return "emergency_site" if emergency else "shelter"


def _flag(values: dict[str, Any], column: str) -> str:
    """Return yes for "1", no for "" (not designated); missing, null or anything else is unknown."""
    value = values.get(column)
    return {"1": "yes", "": "no"}.get(value, "unknown") if isinstance(value, str) else "unknown"


def _place(geometry: Any) -> tuple[float | None, float | None]:
    """Return latitude and longitude of a point, None twice for anything else."""
    try:
        lon, lat = geometry["coordinates"][:2]
        inside = -90 <= lat <= 90 and -180 <= lon <= 180
    except (KeyError, TypeError, ValueError):
        return None, None
    return (float(lat), float(lon)) if inside else (None, None)
