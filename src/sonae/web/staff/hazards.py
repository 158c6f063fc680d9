"""ハザード情報: the layers in use with source, date and extent; a new file is looked at before it counts."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from django.contrib import messages as flash
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core.errors import SonaeError
from sonae.domains.hazards import interface as hazards
from sonae.domains.municipalities import interface as municipalities
from sonae.engines.hazard.layer import NOT_SURVEYED, UNREADABLE
from sonae.engines.hazard.lookup import EXTENTS
from sonae.platform.access import Audience, actor_of, audience
from sonae.web import words
from sonae.web.drawing import Ground, layer_map, overlay_png
from sonae.web.livemap import title_of
from sonae.web.staff import citymap
from sonae.web.templatetags.sonae import in_world

MOST_BYTES: Final = 200_000_000
"""Larger files are loaded by the command line, which shows how far it is."""
_SUFFIXES: Final = {".zip", ".geojson", ".json", ".gml", ".xml", ".gpkg"}
_CHANGES: Final = (
    ("outside>inside", lazy("区域外 → 区域内"), "bad"),
    ("unknown>inside", lazy("不明 → 区域内"), "bad"),
    ("inside>outside", lazy("区域内 → 区域外"), "good"),
    ("unknown>outside", lazy("不明 → 区域外"), "good"),
    ("inside>unknown", lazy("区域内 → 不明"), "caution"),
    ("outside>unknown", lazy("区域外 → 不明"), "caution"),
)


def changes(change: Mapping[str, int]) -> list[tuple[str, int, str]]:
    """Return what changes for homes, by all layers of the hazard: words, households, tone."""
    found = ((str(name), change.get(key, 0), tone) for key, name, tone in _CHANGES)
    return [one for one in found if one[1]]


def same(change: Mapping[str, int]) -> int:
    """Return the homes for which nothing changes."""
    return sum(n for key, n in change.items() if len(set(key.split(">"))) == 1)


@dataclass(frozen=True)
class Row:
    """One layer for its line; percentages are of all homes."""

    row: hazards.HazardMap

    @property
    def title(self) -> str:
        """What the layer shows, in words."""
        return title_of(self.row)

    @property
    def total(self) -> int:
        """All homes that were asked about."""
        return sum(self.row.homes.values())

    @property
    def shares(self) -> dict[str, str]:
        """Zone → share of homes in percent; empty without homes."""
        if not self.total:
            return {}
        return {zone: f"{100 * n / self.total:.1f}" for zone, n in self.row.homes.items()}

    @property
    def changes(self) -> list[tuple[str, int, str]]:
        """What the draft changes for homes."""
        return changes(self.row.change)

    @property
    def same(self) -> int:
        """Homes for which nothing changes."""
        return same(self.row.change)

    @property
    def defects(self) -> list[dict[str, Any]]:
        """The defects with their words."""
        return [
            {
                **one,
                "said": words.DEFECTS.get(one["problem"], one["problem"]),
                "done": words.DEFECT_ACTIONS.get(one["action"], one["action"]),
                "colour": one["value"] if one["problem"] == "unreadable_colour" else "",
            }
            for one in self.row.defects
        ]

    @property
    def extent(self) -> str:
        """Who says what was surveyed, in words."""
        if self.row.extent == "city":
            return _("市の全域（取込者が示した）")
        return _("資料が示す範囲だけ")


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """List the layers in use, those that wait for a decision, and the form to load a file."""
    return _page(request)


def _page(request: HttpRequest, typed: dict[str, str] | None = None) -> HttpResponse:
    """Render the list; what was typed stays when something is wrong."""
    rows = [Row(row) for row in hazards.maps()]
    lacking = [
        words.hazard(code)
        for code in ("flood", "inland_flood", "landslide", "storm_surge", "tsunami")
        if not any(one.row.hazard == code for one in rows)
    ]
    context = {
        "rows": rows,
        "drafts": [Row(row) for row in hazards.drafts()],
        "retired": [Row(row) for row in hazards.retired()],
        "lacking": lacking,
        "typed": typed or {"extent": "source"},
        "suffixes": ",".join(sorted(_SUFFIXES)),
        "most": MOST_BYTES // 1_000_000,
        "hazards": [(code, str(name)) for code, name in words.HAZARDS.items()],
    }
    return render(request, "staff/hazards.html", context, status=422 if typed else 200)


@audience(Audience.OPERATOR)
def upload(request: HttpRequest) -> HttpResponse:
    """Read a file into drafts; one draft is shown at once, several on the list."""
    if request.method != "POST":
        return HttpResponseRedirect(in_world("/staff/hazards/"))
    names = ("source", "source_date", "scale", "extent", "replaces", "hazard")
    typed = {name: request.POST.get(name, "").strip() for name in names}
    try:
        made = _prepared(request, typed)
    except SonaeError as error:
        flash.error(request, f"{error.detail} {error.hint}".strip())
        return _page(request, typed)
    flash.success(
        request, _("読みました。内容を確かめて、確定してください。まだ使われていません。")
    )
    target = f"/staff/hazards/{made[0].pk}/" if len(made) == 1 else "/staff/hazards/#drafts"
    return HttpResponseRedirect(in_world(target))


def _prepared(request: HttpRequest, typed: dict[str, str]) -> list[hazards.HazardMap]:
    """Keep the upload in a folder of its own while it is read."""
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile) or not file.name:
        raise SonaeError("no_file", _("ファイルを選んでください。"))
    if not typed["source"]:
        raise SonaeError(
            "no_source",
            _("出典を入力してください。"),
            _("だれが作った資料かを、市民にも示します。"),
        )
    if (file.size or 0) > MOST_BYTES:
        raise SonaeError(
            "too_large",
            _("ファイルが大きすぎます（上限%(most)dMB）。") % {"most": MOST_BYTES // 1_000_000},
            _("コマンド sonae hazard load を使ってください。"),
        )
    name = Path(file.name.replace("\\", "/")).name
    if Path(name).suffix.lower() not in _SUFFIXES:
        raise SonaeError(
            "unreadable",
            _("この形式は読めません。"),
            _("ShapefileとPNGタイルは、zipにまとめてください。"),
        )
    folder = Path(tempfile.mkdtemp(prefix="sonae-upload-"))
    try:
        path = folder / name
        with path.open("wb") as out:
            for block in file.chunks():
                out.write(block)
        spec = f"{typed['hazard']}={path}" if typed["hazard"] in words.HAZARDS else str(path)
        return hazards.prepare(actor_of(request), spec, _stated(typed), file_name=name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _stated(typed: dict[str, str]) -> hazards.Stated:
    """Return what the form says about the file; the name stays that of the layer it replaces."""
    replaces = int(typed["replaces"]) if typed["replaces"].isdigit() else None
    named = next((row.name for row in hazards.maps() if row.pk == replaces), "")
    return hazards.Stated(
        source=typed["source"],
        source_date=typed["source_date"],
        scale=typed["scale"],
        extent=typed["extent"],
        replaces=replaces,
        name=named,
    )


@audience(Audience.STAFF)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one layer on a map, with what it says about homes, its defects, and what it would change."""
    row = hazards.hazard_map(pk)
    if row.state == "discarded":
        raise SonaeError("not_found", _("この取込案は破棄されました。"))
    shown = Row(row)
    before = Row(row.replaces) if row.state == "draft" and row.replaces else None
    context = {"one": shown, "row": row, "before": before, "picture": picture(row),
               "legend": legend(row), "exact": hazards.has_areas(row)}  # fmt: skip
    return render(request, "staff/hazard.html", context)


def picture(row: hazards.HazardMap) -> SafeString:
    """Draw a layer over the towns and streets."""
    west, south, east, north = hazards.raster(row).bounds
    described = _("区域内 %(inside)s世帯、区域外 %(outside)s世帯、不明 %(unknown)s世帯。") % {
        zone: f"{row.homes.get(zone, 0):,}" for zone in hazards.ZONE_NAMES
    }
    return layer_map(
        [(town.longitude, town.latitude) for town in municipalities.towns()],
        Ground(in_world(f"/staff/hazards/{row.pk}/picture.png"), west, north, east, south),
        title=title_of(row),
        description=described,
        streets=citymap.grounds(),
        key=f"-{row.pk}",
    )


def legend(row: hazards.HazardMap) -> list[tuple[int, str]]:
    """Return the ranks that the layer has with their words; colour is never alone."""
    layer = hazards.raster(row)
    present = np.unique(layer.ranks)
    return [(int(rank), _rank(layer, int(rank))) for rank in present if 0 < rank < UNREADABLE]


def _rank(layer: Any, rank: int) -> str:
    """Return what a rank means: its depth, its official name, else its number."""
    if rank <= len(layer.depths):
        low, high = layer.depths[rank - 1]
        if high is None:
            return _("%(low)gm以上") % {"low": low}
        return _("%(low)g～%(high)gm未満") % {"low": low, "high": high}
    if rank <= len(layer.details):
        return str(layer.details[rank - 1])
    return _("段階%(rank)d（深さは資料にない）") % {"rank": rank}


@lru_cache(maxsize=16)
def _png(folder: str, pk: int) -> bytes:
    """Return a layer's picture; a folder never changes what it holds."""
    layer = hazards.raster(hazards.hazard_map(pk))
    ranks = np.asarray(layer.ranks)
    unsurveyed = (ranks == NOT_SURVEYED) | (ranks == UNREADABLE)
    return overlay_png(np.where(unsurveyed, 0, ranks), unsurveyed, zones=layer.kind == "zone")


@audience(Audience.STAFF)
def image(request: HttpRequest, pk: int) -> HttpResponse:
    """One layer as a transparent PNG; not surveyed is hatched, never clear."""
    row = hazards.hazard_map(pk)
    if row.state == "discarded":
        raise SonaeError("not_found", _("この取込案は破棄されました。"))
    return HttpResponse(
        _png(row.folder, pk), content_type="image/png",
        headers={"Cache-Control": "private, max-age=300"},
    )  # fmt: skip


@audience(Audience.ADMINISTRATOR)
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what changes for homes without a layer in use; once confirmed, take it out of use."""
    row = hazards.hazard_map(pk)
    try:
        if request.method == "POST":
            seen = json.loads(request.POST.get("seen", "") or "{}")
            hazards.retire(actor_of(request), pk, seen=seen if isinstance(seen, dict) else {})
            flash.success(
                request,
                _(
                    "使うのをやめました。避難計画を計算し直しています。このレイヤに戻すこともできます。"
                ),
            )
            return HttpResponseRedirect(in_world(f"/staff/hazards/{pk}/"))
        change = hazards.change_without(row)
    except ValueError:
        return HttpResponseRedirect(in_world(f"/staff/hazards/{pk}/retire/"))
    except SonaeError as error:
        if error.code in {"not_found", "forbidden"}:
            raise
        flash.error(request, f"{error.detail} {error.hint}".strip())
        again = "retire/" if error.code == "conflict" else ""
        return HttpResponseRedirect(in_world(f"/staff/hazards/{pk}/{again}"))
    left = [one for one in hazards.maps() if one.hazard == row.hazard and one.pk != row.pk]
    last = row.kind in EXTENTS and not any(one.kind in EXTENTS for one in left)
    context = {"one": Row(row), "row": row, "last": last, "changes": changes(change), "same": same(change),
               "seen": json.dumps(change), "left": [Row(one) for one in left],
               "hazard": words.hazard(row.hazard)}  # fmt: skip
    return render(request, "staff/hazard_retire.html", context)


@audience(Audience.OPERATOR)
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Confirm or discard a draft, or take back an older layer as a draft."""
    if request.method != "POST":
        return HttpResponseRedirect(in_world(f"/staff/hazards/{pk}/"))
    actor = actor_of(request)
    target = "/staff/hazards/"
    try:
        if verb == "confirm":
            hazards.confirm(actor, pk)
            flash.success(request, _("使い始めました。避難計画を計算し直しています。"))
        elif verb == "discard":
            hazards.discard(actor, pk)
            flash.success(request, _("破棄しました。使用中のレイヤはそのままです。"))
        elif verb == "restore":
            target = f"/staff/hazards/{hazards.restore(actor, pk).pk}/"
            flash.success(request, _("前のレイヤを取込案にしました。確かめて、確定してください。"))
        else:
            raise SonaeError("not_found", _("この操作はありません。"))
    except SonaeError as error:
        if error.code in {"not_found", "forbidden"}:
            raise
        flash.error(request, f"{error.detail} {error.hint}".strip())
    return HttpResponseRedirect(in_world(target))
