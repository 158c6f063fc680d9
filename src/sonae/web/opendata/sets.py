"""Every set of geodata that leaves this house: its fields, who may read it, what it is made of.

One list for the OGC API, the open-data page and ``sonae export``. A new set is one entry here and one
function in `rows`. Deny by default: what is not named PUBLIC is for staff.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from django.utils.translation import gettext_lazy as lazy

from sonae.core.errors import SonaeError
from sonae.domains.hazards import interface as hazards
from sonae.platform.access import Audience
from sonae.web.opendata import rows
from sonae.web.opendata.rows import HAZARDS, Feature

Kind = Literal["string", "integer", "number", "boolean", "datetime"]
FLAGS: Final = ("yes", "partial", "no", "unknown")
STATES: Final = ("open", "preparing", "full", "closed", "unknown")


@dataclass(frozen=True)
class Field:
    """One property of the features; ``values``: the only ones it may have (empty = any)."""

    name: str
    kind: Kind
    title: object
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataSet:
    """One set: ``features`` reads all of it in the scope in force, in the order of their ids.

    ``about_time``: whether its features have a time (``datetime`` then selects by it).
    """

    id: str
    title: object
    description: object
    geometry: str
    fields: tuple[Field, ...]
    features: Callable[[], list[Feature]]
    sources: Callable[[], list[str]]
    audience: Audience = Audience.STAFF
    about_time: bool = False

    @property
    def public(self) -> bool:
        """Whether anybody may read it."""
        return self.audience is Audience.PUBLIC

    def field(self, name: str) -> Field | None:
        """Return the field of that name, or None."""
        return next((one for one in self.fields if one.name == name), None)


_PLACE: Final = (
    Field("public_id", "string", lazy("施設ID")),
    Field("name", "string", lazy("名称")),
    Field("kana", "string", lazy("カナ")),
    Field("address", "string", lazy("所在地")),
    Field("town", "string", lazy("町字")),
    Field("state", "string", lazy("開設状況"), STATES),
    Field("state_at", "datetime", lazy("開設状況の報告日時")),
    Field("usable", "string", lazy("使用可否"), ("yes", "no", "unknown")),
    Field("usable_reason", "string", lazy("使用できない理由")),
    Field("pets", "string", lazy("ペット同行"), ("yes", "no", "unknown")),
    Field("step_free", "string", lazy("段差なし"), ("yes", "no", "unknown")),
    Field("wheelchair_toilet", "string", lazy("車いす対応トイレ"), ("yes", "no", "unknown")),
    Field("source", "string", lazy("出典")),
    Field("source_date", "string", lazy("出典の日付")),
)
_HAZARD_TITLES: Final = {
    "flood": lazy("洪水"),
    "inland_flood": lazy("内水氾濫"),
    "landslide": lazy("土砂災害"),
    "storm_surge": lazy("高潮"),
    "tsunami": lazy("津波"),
    "earthquake": lazy("地震"),
    "fire": lazy("大規模な火事"),
    "volcano": lazy("火山"),
}
_LAYER: Final = (
    Field("layer", "string", lazy("レイヤ名")),
    Field("hazard", "string", lazy("災害種別"), HAZARDS),
    Field("kind", "string", lazy("種類")),
    Field("scale", "string", lazy("想定規模")),
    Field("source", "string", lazy("出典")),
    Field("source_date", "string", lazy("作成日")),
)


def _obstacles(name: str, title: object, dimension: int | None, geometry: str) -> DataSet:
    """Return the set of reports in force: all, or those of one dimension.

    QGIS draws a layer as the kind of its first shape: an area among points would not be seen.
    """
    return DataSet(
        name,
        title,
        lazy("いま有効な通行止め・崩壊地点・浸水の報告。報告のない道が、通れるとは限りません。"),
        geometry,
        (
            Field("kind", "string", lazy("種類"), hazards.KINDS),
            Field("name", "string", lazy("内容")),
            Field("source", "string", lazy("情報源")),
            Field("observed_at", "datetime", lazy("確認した時刻")),
            Field("valid_until", "datetime", lazy("有効期限")),
        ),
        partial(rows.obstacles, dimension),
        rows.obstacle_sources,
        Audience.PUBLIC,
        about_time=True,
    )


SETS: Final[tuple[DataSet, ...]] = (
    DataSet(
        "emergency-sites",
        lazy("指定緊急避難場所"),
        lazy(
            "命を守るために逃げる所。災害の種類ごとに指定されます。unknown は分からないという意味です。"
        ),
        "Point",
        (
            *_PLACE,
            *(Field(code, "string", _HAZARD_TITLES[code], FLAGS) for code in HAZARDS),
            Field("shelter_too", "boolean", lazy("指定避難所でもある")),
            Field("capacity", "integer", lazy("想定収容人数")),
        ),
        rows.emergency_sites,
        rows.facility_sources,
        Audience.PUBLIC,
    ),
    DataSet(
        "shelters",
        lazy("指定避難所"),
        lazy("家に戻れない間、泊まれる所。受入対象者が書かれた所は、その人だけを受け入れます。"),
        "Point",
        (
            *_PLACE,
            Field("site_too", "boolean", lazy("指定緊急避難場所でもある")),
            Field("restricted_to", "string", lazy("受入対象者")),
            Field("capacity", "integer", lazy("収容人数")),
        ),
        rows.shelter_places,
        rows.facility_sources,
        Audience.PUBLIC,
    ),
    DataSet(
        "occupancy",
        lazy("避難所の人数"),
        lazy("いま中にいる人数。報告のない所は空欄で、0ではありません。"),
        "Point",
        (
            Field("public_id", "string", lazy("施設ID")),
            Field("name", "string", lazy("名称")),
            Field("state", "string", lazy("開設状況"), STATES),
            Field("people", "integer", lazy("人数")),
            Field("capacity", "integer", lazy("定員")),
            Field(
                "congestion",
                "string",
                lazy("混みぐあい"),
                ("empty", "some", "crowded", "full", "unknown"),
            ),
            Field("congestion_source", "string", lazy("混みぐあいの出どころ"), ("seen", "count")),
            Field("congestion_at", "datetime", lazy("混みぐあいの日時")),
            Field("state_at", "datetime", lazy("開設状況の報告日時")),
        ),
        rows.occupancy,
        rows.facility_sources,
        Audience.PUBLIC,
        about_time=True,
    ),
    DataSet(
        "towns",
        lazy("町字"),
        lazy("町字の代表点。区域の境界ではありません。"),
        "Point",
        (
            Field("code", "string", lazy("町字コード")),
            Field("name", "string", lazy("町字名")),
            Field("kana", "string", lazy("カナ")),
            Field("district", "string", lazy("地区")),
        ),
        rows.towns,
        rows.town_sources,
        Audience.PUBLIC,
    ),
    DataSet(
        "hazard-zones",
        lazy("危険区域"),
        lazy(
            "ハザード情報の区域を、段階ごとの図形にしたもの。調べた範囲は hazard-extents にあります。"
        ),
        "MultiPolygon",
        (
            *_LAYER,
            Field("rank", "integer", lazy("段階")),
            Field("depth_from_m", "number", lazy("深さ（m、以上）")),
            Field("depth_to_m", "number", lazy("深さ（m、未満）")),
            Field("detail", "string", lazy("区域の名称")),
        ),
        rows.hazard_zones,
        rows.hazard_sources,
        Audience.PUBLIC,
    ),
    DataSet(
        "hazard-extents",
        lazy("ハザード情報を調べた範囲"),
        lazy(
            "この範囲の中で区域に入らない所だけが「区域外」です。範囲の外は、安全とは言えません。"
        ),
        "MultiPolygon",
        _LAYER,
        rows.hazard_extents,
        rows.hazard_sources,
        Audience.PUBLIC,
    ),
    DataSet(
        "evacuation-orders",
        lazy("発令中の避難情報"),
        lazy(
            "いま出ている避難情報と対象の町字（代表点の集まり）。町字の境界の図形ではありません。"
        ),
        "MultiPoint",
        (
            Field("number", "integer", lazy("番号")),
            Field("level", "integer", lazy("警戒レベル")),
            Field("name", "string", lazy("避難情報の名称")),
            Field("hazard", "string", lazy("災害種別")),
            Field("whole_city", "boolean", lazy("市内全域")),
            Field("towns", "string", lazy("対象の町字")),
            Field("reason", "string", lazy("理由")),
            Field("people", "integer", lazy("対象人数")),
            Field("issued_at", "datetime", lazy("発令日時")),
        ),
        rows.orders,
        rows.own_sources,
        Audience.PUBLIC,
        about_time=True,
    ),
    DataSet(
        "warnings",
        lazy("発表中の警報・注意報"),
        lazy("市に関係する発表。level は発表文にある警戒レベル相当で、避難情報ではありません。"),
        "Geometry",
        (
            Field("area_code", "string", lazy("区域コード")),
            Field("area_name", "string", lazy("区域名")),
            Field("area_type", "string", lazy("区域の種別")),
            Field("phenomenon", "string", lazy("現象")),
            Field("kind", "string", lazy("種類")),
            Field("level", "integer", lazy("警戒レベル相当")),
            Field("severity", "string", lazy("重大さ")),
            Field("since", "datetime", lazy("発表日時")),
            Field("until", "datetime", lazy("期限")),
            Field("outlined", "boolean", lazy("図形は発表された区域")),
        ),
        rows.warnings_in_force,
        rows.warning_sources,
        Audience.PUBLIC,
        about_time=True,
    ),
    _obstacles("obstacles", lazy("道路と浸水の状況"), None, "Geometry"),
    _obstacles("obstacle-points", lazy("道路と浸水の状況（地点）"), 0, "MultiPoint"),
    _obstacles("obstacle-lines", lazy("道路と浸水の状況（線）"), 1, "MultiLineString"),
    _obstacles("obstacle-areas", lazy("道路と浸水の状況（面）"), 2, "MultiPolygon"),
    DataSet(
        "unaccounted",
        lazy("町字ごとの安否未確認"),
        lazy(
            "安否が分からない人の数。1～4人の町は個人が分からないように数を伏せ、hidden を true にします。"
        ),
        "Point",
        (
            Field("code", "string", lazy("町字コード")),
            Field("name", "string", lazy("町字名")),
            Field("unaccounted", "integer", lazy("安否未確認")),
            Field("inside", "integer", lazy("区域内")),
            Field("unsurveyed", "integer", lazy("調べられていない土地の人数")),
            Field("hidden", "boolean", lazy("伏せた数がある")),
        ),
        rows.unaccounted,
        rows.own_sources,
    ),
)

PUBLIC_SETS: Final = tuple(one for one in SETS if one.public)


def set_of(name: str) -> DataSet:
    """Return the set of that id; `SonaeError` ``not_found`` names those there are."""
    found = next((one for one in SETS if one.id == name), None)
    if found is None:
        raise SonaeError(
            "not_found",
            f"{name} というデータはありません。",
            "、".join(one.id for one in PUBLIC_SETS),
        )
    return found
