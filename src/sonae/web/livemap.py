"""The movable map: what a page tells its script, the same for staff and residents.

The base is the city's own map file; whatever lies above it comes from the page's own data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.hazards import interface as hazards
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.shelters.interface import Place
from sonae.engines.hazard.layer import HazardLayer
from sonae.web import states, words
from sonae.web.templatetags.sonae import asset, in_world, vendor, vendor_plain


def collection(features: Iterable[dict[str, Any]]) -> HttpResponse:
    """Return a FeatureCollection for the map's script."""
    body = {"type": "FeatureCollection", "features": list(features)}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return HttpResponse(text, content_type="application/geo+json")


def point(longitude: float, latitude: float, **properties: Any) -> dict[str, Any]:
    """Return a point feature; six decimals are a tenth of a metre."""
    place = {"type": "Point", "coordinates": [round(longitude, 6), round(latitude, 6)]}
    return {"type": "Feature", "geometry": place, "properties": properties}


def place(found: Place) -> dict[str, Any]:
    """Return a facility with its state, head-count and what it is designated for."""
    return point(
        found.facility.longitude,
        found.facility.latitude,
        name=found.facility.name,
        state=found.state,
        state_name=states.state("facility", found.state)[0],
        people=found.people,
        capacity=found.capacity,
        hazards="・".join(words.hazard(code) for code in found.hazards),
    )


def title_of(layer: HazardLayer | hazards.HazardMap) -> str:
    """Return what a layer shows, in words."""
    name = words.hazard(layer.hazard)
    if layer.kind == "collapse":
        return _("%(hazard)s：家屋倒壊等氾濫想定区域") % {"hazard": name}
    if layer.kind == "duration":
        return _("%(hazard)s：水が引くまでの時間") % {"hazard": name}
    scale = {"L1": _("計画規模"), "L2": _("想定最大規模")}.get(layer.scale, "")
    return f"{name}：{scale}" if scale else name


def rank_of(layer: HazardLayer, rank: int) -> str:
    """Return what a rank of a layer means, in words; the number where the layer does not say."""
    if 0 < rank <= len(layer.details):
        return layer.details[rank - 1]
    if 0 < rank <= len(layer.depths):
        low, high = layer.depths[rank - 1]
        if high is None:
            return _("%(low)g m 以上") % {"low": low}
        if not low:
            return _("%(high)g m 未満") % {"high": high}
        return _("%(low)g ～ %(high)g m") % {"low": low, "high": high}
    return str(rank)


def _layers() -> list[dict[str, Any]]:
    """Return the hazard layers that can be laid over the map, with the meaning of their ranks."""
    return [
        {
            "name": layer.name,
            "hazard": layer.hazard,
            "kind": layer.kind,
            "title": title_of(layer),
            "source": f"{layer.source} {layer.date}".strip(),
            "ranks": [
                [rank, rank_of(layer, rank)]
                for rank in range(1, 1 + (len(layer.depths) or len(layer.details) or 6))
            ],
        }
        for layer in hazards.layers()
    ]


def _words() -> dict[str, str]:
    """Return the words of the map's own buttons and signs, in the reader's language."""
    return {
        "Map.Title": _("地図"),
        "NavigationControl.ZoomIn": _("拡大"),
        "NavigationControl.ZoomOut": _("縮小"),
        "NavigationControl.ResetBearing": _("北を上にする"),
        "Popup.Close": _("閉じる"),
        "ScaleControl.Meters": "m",
        "ScaleControl.Kilometers": "km",
        "away": _("道路の情報がない所"),
        "unsurveyed": _("調べられていない所（安全とは言えません）"),
        "people": _("人数"),
        "capacity": _("定員"),
        "unknown": _("不明"),
        "letter.open": _("開"),
        "letter.full": _("満"),
        "letter.closed": _("閉"),
        "letter.preparing": _("準"),
    }


def config(**own: Any) -> str:
    """Return the settings of a page's map as JSON; empty where the browser library is missing.

    ``own``: what only this page needs. Without a base map yet the map opens on plain ground.
    """
    library, reader = vendor_plain("maplibre-gl/maplibre-gl.mjs"), vendor("pmtiles/pmtiles.js")
    if not library or not reader:
        return ""
    found, city = evacuation.basemap(), municipalities.municipality()
    credits = [*city.settings.get("credits", ()), *(found.sources if found else ())]
    return json.dumps(
        {
            "library": library,
            "reader": reader,
            "sheets": [
                one for one in (vendor("maplibre-gl/maplibre-gl.css"), asset("map.css")) if one
            ],
            "map": in_world(f"/map/{found.version}.pmtiles") if found else "",
            "center": [city.longitude, city.latitude],
            "layers": _layers() if found else [],
            "credits": list(dict.fromkeys(credits)),
            "words": _words(),
            **own,
        },
        ensure_ascii=False,
    )
