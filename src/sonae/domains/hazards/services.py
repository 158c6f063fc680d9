"""Verbs of the domain: read a hazard layer in as a draft, take it into use or out of it, throw it away."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from django.conf import settings
from numpy.typing import NDArray

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.hazards.models import HazardMap
from sonae.domains.hazards.selectors import drafts, hazard_map, maps, raster
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.residents.interface import Household, homes
from sonae.engines.hazard import stored
from sonae.engines.hazard.burning import METRES_PER_DEGREE, Grid, raster_of
from sonae.engines.hazard.defects import Defect
from sonae.engines.hazard.layer import NOT_SURVEYED, OUTSIDE, UNREADABLE, HazardLayer, Layer
from sonae.engines.hazard.lookup import IN, OUT, UNKNOWN, ZONES, Say, uncertain, zones
from sonae.engines.hazard.polygons import PolygonLayer
from sonae.engines.hazard.readers import open_layers
from sonae.engines.hazard.tiles import LOAD_ZOOM, TileLayer
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.scope import current_municipality, is_exercise

EXTENTS: Final = ("source", "city")
MARGIN_M = 1_500.0
"""People flee across the last houses of a town: so far beyond them the ground is looked at."""
MOST_DEFECTS = 200
ZONE_NAMES: Final = ("inside", "outside", "unknown")


@dataclass(frozen=True)
class Stated:
    """What the person who loads a file says about it; empty = what the file says.

    ``extent``: ``source`` or ``city`` (the whole city was surveyed, says the maker of the map).
    ``replaces``: primary key of the layer whose place it takes; None = the one of the same name.
    """

    source: str = ""
    source_date: str = ""
    scale: str = ""
    name: str = ""
    extent: str = "source"
    replaces: int | None = None


def register_layer(layer: HazardLayer, *, actor: Actor = SYSTEM) -> HazardMap:
    """Save a layer's raster under SONAE_HOME and use it from now on in place of its predecessor.

    The files are written before the row: a failure leaves the last good layer in force.
    """
    require(actor, Audience.ADMINISTRATOR)
    folder = _folder(layer.name)
    layer.save(Path(settings.HOME) / folder)
    row = _row(layer, folder, actor, Stated())
    row.decided_at, row.decided_by = row.loaded_at, actor.id
    with writing():
        _retire(layer.name, None)
        row.save()
        municipalities.announce_change("hazards")
        audit.record(actor.id, "hazard_layer_loaded", layer.name, source=layer.source)
    return row


def _folder(name: str) -> Path:
    """Return a new folder for a layer, relative to SONAE_HOME."""
    plain = re.sub(r"[^\w-]", "_", name)[:60]
    return Path("hazards") / current_municipality() / f"{plain}-{uuid7()}"


def _row(layer: HazardLayer, folder: Path, actor: Actor, stated: Stated) -> HazardMap:
    """Return the row of a saved layer, not yet stored."""
    return HazardMap(
        name=layer.name,
        hazard=layer.hazard,
        kind=layer.kind,
        scale=layer.scale,
        source=layer.source[:200],
        source_date=layer.date[:10],
        rivers=list(layer.rivers),
        folder=str(folder),
        loaded_at=clock.now(),
        loaded_by=actor.id,
        state="active",
        extent=stated.extent,
        cell_m=round(layer.dlat * METRES_PER_DEGREE, 1),
        homes=_homes(layer),
    )


def _retire(name: str, replaced: int | None) -> None:
    """Take the predecessor out of use: the named one, and any of the same name."""
    HazardMap.objects.filter(name=name, state="active").update(state="retired")
    if replaced is not None:
        HazardMap.objects.filter(pk=replaced, state="active").update(state="retired")


def prepare(actor: Actor, spec: str, stated: Stated, *, file_name: str = "") -> list[HazardMap]:
    """Read a file, folder or address of tiles and keep its layers as drafts; nothing is in use yet.

    Each draft holds its defects and how many homes change sides. Raises SonaeError, and leaves
    everything as it is, when nothing can be read or nothing lies in the municipality.
    """
    require(actor, Audience.OPERATOR)
    _refuse_exercise()
    _check(stated)
    place = spec.partition("=")[2] or spec
    shown = file_name or (place if "{z}" in place else Path(place).name)
    found = open_layers(spec, LOAD_ZOOM if "{z}" in place else None)
    if stated.name and len(found) > 1:
        raise SonaeError(
            "several_layers",
            f"{shown}には{len(found)}つのレイヤがあるので、名前は1つに決められません。",
            "名前を空にしてください。",
        )
    made = [_cut(one, stated) for one in found]
    kept = [one for one in made if one is not None]
    if not kept:
        raise SonaeError(
            "outside_municipality",
            f"{shown}の区域は、この市区町村の外です。",
            "対象の地域のファイルか、座標系が正しいか確かめてください。",
        )
    return [_draft(actor, *one, stated, shown) for one in kept]


def _refuse_exercise() -> None:
    """Layers are shared by both worlds: an exercise must not change the real ones."""
    if is_exercise():
        raise SonaeError(
            "exercise",
            "ハザード情報は本番と訓練で共通なので、訓練の画面では変えられません。",
            "本番の画面で行ってください。",
        )


def _check(stated: Stated) -> None:
    """Refuse what a person stated wrongly."""
    if stated.extent not in EXTENTS:
        raise SonaeError("bad_extent", f"調査範囲の根拠は {'・'.join(EXTENTS)} のどちらかです。")
    if stated.scale not in {"", "L1", "L2"}:
        raise SonaeError("bad_scale", "想定規模は L1（計画規模）か L2（想定最大規模）です。")
    if stated.source_date:
        try:
            date.fromisoformat(stated.source_date)
        except ValueError as error:
            raise SonaeError(
                "bad_date",
                f"作成日「{stated.source_date}」を日付として読めません。",
                "例：2024-03-31",
            ) from error


Box = tuple[float, float, float, float]
Cut = tuple[HazardLayer, PolygonLayer | None, tuple[Defect, ...]]


def _cut(layer: Layer, stated: Stated) -> Cut | None:
    """Return a layer as a raster on the municipality's ground, its polygons and its defects.

    None when it has nothing to say there.
    """
    named = _named(layer, stated)
    city = _city_bounds()
    if isinstance(named, HazardLayer):
        return (named, None, ()) if _common(named.bounds, city) else None
    bounds = _ground(named, city, stated)
    if bounds is None:
        return None
    grid = Grid.around(bounds)
    if isinstance(named, PolygonLayer):
        return _cut_polygons(named, grid, stated)
    return _cut_tiles(named, grid, stated) if isinstance(named, TileLayer) else None


def _ground(layer: Layer, city: Box, stated: Stated) -> Box | None:
    """Return the box a layer's raster covers: the city's, or the part the data speaks of."""
    own = _bounds_of(layer) if stated.extent == "source" else None
    return city if own is None else _common(own, city)


def _cut_tiles(layer: TileLayer, grid: Grid, stated: Stated) -> Cut | None:
    """Return tiles as a raster; where the whole city was surveyed, a missing tile is empty ground."""
    layer.prefetch(grid.bounds)
    made = stored.raster_of_tiles(layer, grid)
    if not (made.ranks != NOT_SURVEYED).any():
        return None
    if stated.extent == "city":
        made.ranks[made.ranks == NOT_SURVEYED] = OUTSIDE
    return made, None, layer.defects


def _cut_polygons(layer: PolygonLayer, grid: Grid, stated: Stated) -> Cut | None:
    """Return polygons as a raster; unless somebody states what was surveyed, only they are known."""
    if not shapely.intersects(layer.shapes, shapely.box(*grid.bounds)).any():
        return None
    if stated.extent == "city":
        layer = layer.within(shapely.box(*grid.bounds))
    elif not layer.stated:
        layer = replace(layer, surveyed=None)
    return raster_of(layer, grid), layer, layer.defects


def _named(layer: Layer, stated: Stated) -> Layer:
    """Return the layer with what a person stated about it."""
    known: dict[str, Any] = {
        "name": (stated.name or layer.name)[:60],
        "source": stated.source or layer.source,
        "date": stated.source_date or layer.date,
        "scale": stated.scale or layer.scale,
    }
    return replace(layer, **known)  # type: ignore[type-var]


def _bounds_of(layer: Layer) -> Box | None:
    """Return the ground a layer speaks of; None when it may be anywhere (an address of tiles)."""
    if isinstance(layer, TileLayer):
        return layer.bounds()
    if not isinstance(layer, PolygonLayer):
        return None
    shapes = [*layer.shapes, layer.surveyed] if layer.stated else layer.shapes
    west, south, east, north = shapely.total_bounds(np.array([*shapes, None], object)).tolist()
    return west, south, east, north


def _common(one: Box, other: Box) -> Box | None:
    """Return the ground two boxes share, None when there is none."""
    west, south = max(one[0], other[0]), max(one[1], other[1])
    east, north = min(one[2], other[2]), min(one[3], other[3])
    return (west, south, east, north) if west < east and south < north else None


def _city_bounds() -> Box:
    """Return the box around all towns and homes with `MARGIN_M` on every side."""
    lat, lon = _places()
    if not len(lat):
        here = municipalities.municipality()
        lat, lon = np.array([here.latitude]), np.array([here.longitude])
    up = MARGIN_M / METRES_PER_DEGREE
    across = up / float(np.cos(np.radians(lat.mean())))
    return (
        float(lon.min()) - across, float(lat.min()) - up, float(lon.max()) + across,
        float(lat.max()) + up,
    )  # fmt: skip


def _places() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return latitude and longitude of every home and every town."""
    rows = [*Household.objects.values_list("latitude", "longitude")]
    rows += [(town.latitude, town.longitude) for town in municipalities.towns()]
    places = np.array(rows, np.float64).reshape(-1, 2)
    return places[:, 0], places[:, 1]


def _zone_of_homes(layer: Layer) -> NDArray[np.uint8]:
    """Return the zone of every home, as an index into `ZONE_NAMES`, in the order of the register.

    As in plans: of a home whose house nobody knows it is known only where its whole town is alike.
    """

    def told(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.uint8]:
        ranks = layer.ranks_at(lat, lon)
        return np.where(ranks == OUTSIDE, 1, np.where(ranks < UNREADABLE, 0, 2)).astype(np.uint8)

    return _of_homes(told, 2)


def _of_homes(say: Say, unknown: int) -> NDArray[np.uint8]:
    """Return what is said of every home, ``unknown`` where it is not the same all around its place."""
    rows = homes.as_columns()
    found = say(rows.lat, rows.lon)
    found[uncertain(say, rows.lat, rows.lon, rows.spread_m)] = unknown
    return found


def _homes(layer: Layer) -> dict[str, int]:
    """Return how many homes lie inside, outside and on ground that is not known."""
    counts = np.bincount(_zone_of_homes(layer), minlength=3).tolist()
    return dict(zip(ZONE_NAMES, counts, strict=True))


def _states(layers: Sequence[Layer], kind: str) -> NDArray[np.uint8]:
    """Return for every home, in the order of the register, what one hazard's layers say together.

    Indices into `engines.hazard.lookup.ZONES`; of collapse or duration where ``kind`` is one of these.
    """

    def told(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.uint8]:
        found = zones(layers, lat, lon)
        if kind == "collapse":
            states = np.where(found.collapse, IN, np.where(found.collapse_known, OUT, UNKNOWN))
        elif kind == "duration":
            unknown = found.duration == NOT_SURVEYED
            states = np.where(unknown, UNKNOWN, np.where(found.duration > 0, IN, OUT))
        else:
            states = found.zone
        return states.astype(np.uint8)

    return _of_homes(told, UNKNOWN)


def _change(row: HazardMap, out: Collection[int], more: Sequence[Layer] = ()) -> dict[str, int]:
    """Return "from>to" → homes when the layers ``out`` go and ``more`` come, over all of the hazard."""
    used = [one for one in maps() if one.hazard == row.hazard]
    then = _states([raster(one) for one in used], row.kind)
    kept = [raster(one) for one in used if one.pk not in out]
    now = _states([*kept, *more], row.kind)
    pairs = Counter(zip(then.tolist(), now.tolist(), strict=True))
    named = {f"{ZONES[a]}>{ZONES[b]}": n for (a, b), n in pairs.items()}
    return dict(sorted(named.items()))


def _draft_change(row: HazardMap, layer: Layer) -> dict[str, int]:
    """Return what a draft would change for homes: in the place of what it replaces, beside the rest."""
    out = {one.pk for one in maps() if one.name == row.name or one.pk == row.replaces_id}
    return _change(row, out, [layer])


def _refresh_drafts(hazard: str) -> None:
    """Compare the waiting drafts anew: what they change depends on the other layers in use."""
    for row in drafts():
        if row.hazard == hazard:
            row.change = _draft_change(row, raster(row))
            row.save(update_fields=["change"])


def _predecessor(name: str, stated: Stated) -> HazardMap | None:
    """Return the layer in use whose place a draft would take."""
    for row in maps():
        if row.pk == stated.replaces or (stated.replaces is None and row.name == name):
            return row
    if stated.replaces is not None:
        raise SonaeError("not_found", "置き換えるレイヤは、もう使われていません。")
    return None


def _draft(
    actor: Actor, layer: HazardLayer, areas: PolygonLayer | None, defects: tuple[Defect, ...],
    stated: Stated, file_name: str,
) -> HazardMap:  # fmt: skip
    """Save one layer and its preview."""
    before = _predecessor(layer.name, stated)
    folder = _folder(layer.name)
    stored.save(Path(settings.HOME) / folder, layer, areas)
    row = _row(layer, folder, actor, stated)
    row.state, row.replaces, row.file_name = "draft", before, file_name[:200]
    row.change = _draft_change(row, layer)
    row.defects = [one.to_json() for one in defects[:MOST_DEFECTS]]
    with writing():
        row.save()
        audit.record(actor.id, "hazard_layer_drafted", layer.name, file=file_name)
    return row


def confirm(actor: Actor, pk: int) -> HazardMap:
    """Take a draft into use in place of its predecessor, and have everybody planned for anew."""
    require(actor, Audience.ADMINISTRATOR)
    _refuse_exercise()
    row = hazard_map(pk)
    with writing():
        row.refresh_from_db()
        if row.state == "active":
            return row
        if row.state != "draft":
            raise SonaeError("not_a_draft", "この取込案は、もう確定も破棄もできません。")
        _retire(row.name, row.replaces_id)
        row.state, row.decided_at, row.decided_by = "active", clock.now(), actor.id
        row.save(update_fields=["state", "decided_at", "decided_by"])
        municipalities.announce_change("hazards")
        audit.record(actor.id, "hazard_layer_loaded", row.name, source=row.source)
    _refresh_drafts(row.hazard)
    return row


def change_without(row: HazardMap) -> dict[str, int]:
    """Return "from>to" → homes if a layer in use were taken out of use; SonaeError ``not_active``."""
    if row.state != "active":
        raise SonaeError("not_active", "このレイヤは、いま使われていません。")
    return _change(row, {row.pk})


def retire(actor: Actor, pk: int, *, seen: Mapping[str, int]) -> HazardMap:
    """Take a layer out of use, with everybody planned for anew; `restore` brings it back.

    ``seen``: what the person saw that it changes (`change_without`); otherwise nothing is done.
    """
    require(actor, Audience.ADMINISTRATOR)
    _refuse_exercise()
    with writing():
        row = hazard_map(pk)
        if change_without(row) != dict(seen):
            raise SonaeError(
                "conflict",
                "確かめている間に、使用中のレイヤか家が変わりました。",
                "もう一度、変わるところを見てから決めてください。",
            )
        row.state = "retired"
        row.save(update_fields=["state"])
        municipalities.announce_change("hazards")
        audit.record(actor.id, "hazard_layer_retired", row.name, change=dict(seen))
    _refresh_drafts(row.hazard)
    return row


def discard(actor: Actor, pk: int) -> HazardMap:
    """Throw a draft away with its files; the layer in use stays.

    A draft that had been in use (`restore`) goes back to the archive: its files stay.
    """
    require(actor, Audience.OPERATOR)
    _refuse_exercise()
    row = hazard_map(pk)
    with writing():
        row.refresh_from_db()
        if row.state != "draft":
            raise SonaeError(
                "not_a_draft", "この取込案は、もう確定も破棄もできません。",
                "使用中のレイヤは「使うのをやめる」（sonae hazard retire）で外せます。"
                if row.state == "active" else "",
            )  # fmt: skip
        used = row.decided_at is not None
        if used:
            row.state = "retired"
        else:
            row.state, row.decided_at, row.decided_by = "discarded", clock.now(), actor.id
        row.save(update_fields=["state", "decided_at", "decided_by"])
        audit.record(actor.id, "hazard_layer_discarded", row.name, kept=used)
    if not used:
        shutil.rmtree(Path(settings.HOME) / row.folder, ignore_errors=True)
    return row


def restore(actor: Actor, pk: int) -> HazardMap:
    """Go back to a layer that was replaced: it becomes a draft again, with what would change."""
    require(actor, Audience.OPERATOR)
    _refuse_exercise()
    row = hazard_map(pk)
    if row.state != "retired":
        raise SonaeError("not_retired", "使用を終えたレイヤだけを戻せます。")
    followed = next((one for one in maps() if one.replaces_id == row.pk), None)
    row.replaces = _predecessor(row.name, Stated()) or followed
    row.change = _draft_change(row, raster(row))
    with writing():
        row.state = "draft"
        row.save(update_fields=["state", "replaces", "change"])
        audit.record(actor.id, "hazard_layer_drafted", row.name, restored=True)
    return row
