"""The sets of geodata as files: what can be had in which form, and how it is written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from sonae.core.errors import SonaeError
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.shelters import interface as shelters
from sonae.engines import geoexport
from sonae.engines.shelters import standard
from sonae.engines.shelters.listing import Capacity, Listed
from sonae.engines.shelters.standard import Unencodable, Whose, Written
from sonae.web.ogc.documents import plain
from sonae.web.opendata.licence import licence
from sonae.web.opendata.sets import DataSet

FACILITY_SETS: Final = ("emergency-sites", "shelters")


@dataclass(frozen=True)
class Form:
    """One form of file: its ending, media type, and whether only lists of facilities have it."""

    id: str
    suffix: str
    media: str
    facilities_only: bool = False


FORMS: Final = (
    Form("gpkg", ".gpkg", "application/geopackage+sqlite3"),
    Form("geojson", ".geojson", "application/geo+json"),
    Form("fgb", ".fgb", "application/flatgeobuf"),
    Form("csv", ".csv", "text/csv; charset=utf-8", facilities_only=True),
    Form("csv-sjis", "-sjis.csv", "text/csv; charset=shift_jis", facilities_only=True),
    Form("osm", "-osm.geojson", "application/geo+json", facilities_only=True),
)


def form_of(name: str) -> Form:
    """Return the form of that id; `SonaeError` ``not_found`` names those there are."""
    found = next((form for form in FORMS if form.id == name), None)
    if found is None:
        forms = "、".join(form.id for form in FORMS)
        raise SonaeError("not_found", f"{name} という形式はありません。", forms)
    return found


def forms_of(data: DataSet) -> list[Form]:
    """Return the forms that a set can be had in."""
    return [form for form in FORMS if data.id in FACILITY_SETS or not form.facilities_only]


def write(path: Path, form: Form, sets: Sequence[DataSet]) -> list[Unencodable]:
    """Write sets as one file; return the characters that had to be replaced (Shift_JIS only).

    Only a GeoPackage takes several. Raises SonaeError ``unreadable`` for a form that a set has not.
    """
    if len(sets) != 1 and form.id != "gpkg":
        raise SonaeError(
            "unreadable",
            f"{form.id} は1つずつ書き出してください。",
            "gpkg は全部を1つに入れられます。",
        )
    for data in sets:
        if form not in forms_of(data):
            raise SonaeError("unreadable", f"{data.id} は {form.id} では書き出せません。")
    if form.id in geoexport.DRIVERS:
        geoexport.write(path, form.id, [_table(data) for data in sets])
        return []
    body, lost = _list(form, sets[0])
    path.write_bytes(body)
    return lost


def _table(data: DataSet) -> geoexport.Table:
    """Return a set as columns; moments are text with their offset, which every form can hold."""
    features = data.features()
    columns: dict[str, tuple[str, Sequence[Any]]] = {
        "feature_id": ("string", [one.id for one in features])
    }
    for field in data.fields:
        values = [plain(one.properties[field.name]) for one in features]
        columns[field.name] = (field.kind, values)
    return geoexport.Table(
        name=data.id.replace("-", "_"),
        geometry=data.geometry,
        shapes=np.array([one.geometry for one in features], object),
        columns=columns,
        about=" / ".join([str(data.title), str(data.description), *data.sources(), *_terms()]),
    )


def _terms() -> list[str]:
    held = licence()
    return [f"{held.name} {held.url}".strip()] if held else []


def listed(place: shelters.Place, *, site: bool) -> Listed:
    """Return a facility as a list states it: as emergency site, or as shelter."""
    row = place.facility
    total = place.site.capacity if site and place.site else None
    if not site:
        total = place.shelter.capacity if place.shelter else None
    hazards = {code: place.designated(code) for code in shelters.HAZARDS}
    kind = "both" if place.shelter is not None else "emergency_site"
    return Listed(
        input="",
        row=0,
        id=row.public_id,
        name=row.name,
        kind=kind if site else "shelter",
        lat=row.latitude,
        lon=row.longitude,
        address=row.address,
        hazards=hazards if site else {},
        capacity=Capacity(total, text="" if total is None else str(total)),
        restricted_to=tuple(place.restricted_to),
        usable=row.usable,
        usable_reason=row.usable_reason,
    )


def _list(form: Form, data: DataSet) -> tuple[bytes, list[Unencodable]]:
    """Return a list of facilities as a table or with OpenStreetMap's tags."""
    site = data.id == "emergency-sites"
    places = [
        place for place in shelters.places() if (place.site if site else place.shelter) is not None
    ]
    if form.id == "osm":
        return _tagged(places, site=site), []
    city = municipalities.municipality()
    rows = [
        Written(
            listed(place, site=site),
            place.facility.kana,
            place.facility.town.name if place.facility.town else "",
        )
        for place in places
    ]
    table = standard.table(rows, Whose(city.code, city.prefecture, city.name), sites=site)
    return standard.encoded(table, shift_jis=form.id == "csv-sjis")


def _tagged(places: Sequence[shelters.Place], *, site: bool) -> bytes:
    features = [
        {
            "type": "Feature",
            "geometry": {
                "type": "Point",
                "coordinates": [place.facility.longitude, place.facility.latitude],
            },
            "properties": standard.osm_tags(listed(place, site=site)),
        }
        for place in places
    ]
    return json.dumps(
        {"type": "FeatureCollection", "features": features}, ensure_ascii=False
    ).encode()
