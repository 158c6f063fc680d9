"""道路と浸水: what is closed, fallen or under water now; reported by clicking on a map, without scripts."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np
from django.contrib import messages as flash
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.hazards import interface as hazards
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.shelters import interface as shelters
from sonae.platform.access import Audience, actor_of, audience
from sonae.web import blocked, words
from sonae.web.drawing import Named, Plane, entry_map
from sonae.web.drawing.plane import METRES_PER_DEGREE
from sonae.web.templatetags.sonae import in_world

SIZES: Final = {"large": (720.0, 520.0), "small": (320.0, 340.0)}
"""Two pictures of one place: which one is shown, the width of the screen decides."""
SPANS: Final = (400.0, 800.0, 1600.0, 3200.0, 6400.0, 12800.0)
MOST_EDGES: Final = 12_000
MOST_POINTS: Final = 60
MOST_BYTES: Final = 20_000_000
HOURS: Final = (1, 3, 6, 12, 24, 72, 168)
SHAPES: Final = {
    "point": lazy("点（1か所）"),
    "line": lazy("線（区間）"),
    "area": lazy("面（囲んだ範囲）"),
}
_STEPS: Final = {"north": (0.0, 0.4), "south": (0.0, -0.4), "east": (0.4, 0.0), "west": (-0.4, 0.0)}


@dataclass(frozen=True)
class Sheet:
    """The state of the map page, all of it in the address: what is looked at and what is drawn."""

    lon: float
    lat: float
    span: float = SPANS[2]
    kind: str = "closed"
    form: str = "point"
    points: tuple[tuple[float, float], ...] = field(default=())
    place: str = ""

    @classmethod
    def read(cls, given: QueryDict) -> Sheet:
        """Read the address; what is missing or wrong becomes the usual."""
        here = municipalities.municipality()
        lon, lat = (
            _number(given.get("lon"), here.longitude),
            _number(given.get("lat"), here.latitude),
        )
        span = min(SPANS, key=lambda one: abs(one - _number(given.get("span"), SPANS[2])))
        kind = given.get("kind", "closed")
        kind = kind if kind in hazards.KINDS else "closed"
        form = "area" if kind == "flooded" else given.get("form", "point")
        form = form if form in SHAPES else "point"
        return cls(
            lon, lat, span, kind, form, _points(given.get("points", "")), given.get("place", "")
        )

    def query(self, **changed: Any) -> str:
        """Return the address of the page, changed."""
        one = replace(self, **changed)
        return urlencode(
            {
                "lon": f"{one.lon:.6f}", "lat": f"{one.lat:.6f}", "span": f"{one.span:g}",
                "kind": one.kind, "form": one.form, "points": one.drawn,
            }
        )  # fmt: skip

    @property
    def drawn(self) -> str:
        """The points drawn so far, as they stand in the address."""
        return ";".join(f"{lon:.6f},{lat:.6f}" for lon, lat in self.points)

    def plane(self, size: str) -> Plane:
        """Return the plane of one of the two pictures."""
        width, height = SIZES[size]
        metres = self.span / width
        across = METRES_PER_DEGREE * float(np.cos(np.radians(self.lat)))
        return Plane(
            self.lon - metres * width / 2 / across,
            self.lat + metres * height / 2 / METRES_PER_DEGREE,
            metres, width, height,
        )  # fmt: skip

    def clicked(self, size: str, x: float, y: float) -> tuple[float, float]:
        """Return longitude and latitude of a click on a picture."""
        plane = self.plane(size)
        across = METRES_PER_DEGREE * float(np.cos(np.radians(self.lat)))
        return (
            plane.west + x * plane.metres / across,
            plane.north - y * plane.metres / METRES_PER_DEGREE,
        )

    def moved(self, east: float, north: float) -> Sheet:
        """Return the sheet moved by shares of its span."""
        across = METRES_PER_DEGREE * float(np.cos(np.radians(self.lat)))
        return replace(
            self, lon=self.lon + east * self.span / across,
            lat=self.lat + north * self.span / METRES_PER_DEGREE,
        )  # fmt: skip

    def zoomed(self, step: int) -> Sheet:
        """Return the sheet one step nearer (-1) or farther (1)."""
        at = min(max(SPANS.index(self.span) + step, 0), len(SPANS) - 1)
        return replace(self, span=SPANS[at])

    @property
    def geometry(self) -> dict[str, Any] | None:
        """What is drawn, as GeoJSON; None while it is not complete."""
        listed = [list(point) for point in self.points]
        if self.form == "point":
            return {"type": "Point", "coordinates": listed[-1]} if listed else None
        if self.form == "line":
            return {"type": "LineString", "coordinates": listed} if len(listed) > 1 else None
        return (
            {"type": "Polygon", "coordinates": [[*listed, listed[0]]]} if len(listed) > 2 else None
        )


def _number(text: str | None, usual: float) -> float:
    """Return a finite number, or the usual one."""
    try:
        found = float(text or "")
    except ValueError:
        return usual
    return found if np.isfinite(found) and abs(found) <= 1e6 else usual


def _points(text: str) -> tuple[tuple[float, float], ...]:
    """Return ``lon,lat;lon,lat`` as points; broken ones are left out."""
    found = []
    for pair in text.split(";")[:MOST_POINTS]:
        lon, comma, lat = pair.partition(",")
        if (
            comma
            and (x := _number(lon, np.inf)) != np.inf
            and (y := _number(lat, np.inf)) != np.inf
        ):
            found.append((x, y))
    return tuple(found)


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """List what holds now with its picture, what is over, and how to report."""
    now = blocked.shown()
    rows = [
        {"one": one, "metres": evacuation.roads_hit(one.row.kind, one.row.shape)} for one in now
    ]
    over = blocked.shown(hazards.ended(30))
    context = {"rows": rows, "over": over, "sheet": _around(now)}
    return render(request, "staff/roads.html", context)


def _around(reports: list[blocked.Shown]) -> str:
    """Return the address of a picture that shows all reports; of the city without any."""
    sheet = Sheet.read(QueryDict())
    if reports:
        boxes = np.array([hazards.geometry_of(one.row).bounds for one in reports])
        west, south = boxes[:, :2].min(axis=0)
        east, north = boxes[:, 2:].max(axis=0)
        across = METRES_PER_DEGREE * float(np.cos(np.radians(south)))
        wide = max((east - west) * across, (north - south) * METRES_PER_DEGREE * 1.4) * 1.3
        span = next((one for one in SPANS if one >= wide), SPANS[-1])
        sheet = replace(sheet, lon=float(west + east) / 2, lat=float(south + north) / 2, span=span)
    return sheet.query(points=())


@audience(Audience.STAFF)
def picture(request: HttpRequest, size: str) -> HttpResponse:
    """Draw the part of the city that is looked at, with the reports and what is being drawn."""
    if size not in SIZES:
        raise SonaeError("not_found", _("この図はありません。"))
    sheet = Sheet.read(request.GET)
    plane = sheet.plane(size)
    reports = blocked.shown()
    hit = [line for one in reports for line in evacuation.lines_hit(one.row.kind, one.row.shape)]
    if sheet.geometry:
        hit += evacuation.lines_hit(sheet.kind, sheet.geometry)
    drawn = entry_map(
        plane,
        title=_("道路と、いま有効な報告"),
        streets=_streets(plane),
        names=_names(),
        blocks=[one.drawn for one in reports],
        hit=hit,
        drawing=sheet.points,
        closed_ring=sheet.form == "area",
    )
    return HttpResponse(
        str(drawn), content_type="image/svg+xml", headers={"Cache-Control": "private, no-store"}
    )


def _streets(plane: Plane) -> list[list[tuple[float, float]]]:
    """Return the streets in the picture, main ones unchanged, thinned where they are too many."""
    city = evacuation.city()
    if city is None:
        return []
    net = city.network
    tail, head = np.asarray(net.tail), np.asarray(net.head)
    ends = np.stack([net.lon[tail], net.lat[tail], net.lon[head], net.lat[head]], axis=1)
    south = plane.north - plane.height * plane.metres / METRES_PER_DEGREE
    across = METRES_PER_DEGREE * float(np.cos(np.radians(plane.north)))
    east = plane.west + plane.width * plane.metres / across
    seen = (ends[:, [0, 2]].max(axis=1) >= plane.west) & (ends[:, [0, 2]].min(axis=1) <= east)
    seen &= (ends[:, [1, 3]].max(axis=1) >= south) & (ends[:, [1, 3]].min(axis=1) <= plane.north)
    edges = np.flatnonzero(seen)
    edges = edges[:: max(1, -(-len(edges) // MOST_EDGES))]
    bends = np.diff(net.shape_start)[edges] > 0
    straight = [[(a, b), (c, d)] for a, b, c, d in ends[edges[~bends]].tolist()]
    return straight + [net.line([int(tail[e]), int(head[e])]) for e in edges[bends]]


def _names() -> list[Named]:
    """Return towns and facilities for orientation."""
    towns = [Named(one.name, one.longitude, one.latitude) for one in municipalities.towns()]
    houses = [
        Named(one.name, one.longitude, one.latitude, house=True) for one in shelters.facilities()
    ]
    return towns + houses


@audience(Audience.OPERATOR)
def new(request: HttpRequest) -> HttpResponse:
    """Draw and describe a report; every click is one request, so that it works everywhere."""
    if request.method == "POST":
        return _store(request)
    sheet = Sheet.read(request.GET)
    for size in SIZES:
        if f"{size}.x" in request.GET and f"{size}.y" in request.GET:
            at = (_number(request.GET[f"{size}.x"], 0), _number(request.GET[f"{size}.y"], 0))
            return _to(_put(sheet, sheet.clicked(size, *at)))
    if step := request.GET.get("step", ""):
        return _to(_stepped(sheet, step))
    if sheet.place:
        return _to(_found(request, sheet))
    return _form(request, sheet)


def _to(sheet: Sheet) -> HttpResponse:
    """Return to the page in its new state."""
    return HttpResponseRedirect(in_world("/staff/roads/new/?" + sheet.query()))


def _put(sheet: Sheet, place: tuple[float, float]) -> Sheet:
    """Return the sheet with a point added; a single place only moves."""
    points = (place,) if sheet.form == "point" else (*sheet.points, place)[:MOST_POINTS]
    return replace(sheet, points=points)


def _stepped(sheet: Sheet, step: str) -> Sheet:
    """Return the sheet after a button: moved, zoomed, or with points taken back."""
    if step in _STEPS:
        return sheet.moved(*_STEPS[step])
    if step in {"nearer", "farther"}:
        return sheet.zoomed(-1 if step == "nearer" else 1)
    if step == "back":
        return replace(sheet, points=sheet.points[:-1])
    return replace(sheet, points=()) if step == "clear" else sheet


def _found(request: HttpRequest, sheet: Sheet) -> Sheet:
    """Return the sheet over a town or a position that was typed."""
    lat, comma, lon = sheet.place.replace("、", ",").partition(",")
    if comma and 20 <= _number(lat, 0) <= 46 and 122 <= _number(lon, 0) <= 154:
        place = (_number(lon, 0), _number(lat, 0))
        return replace(_put(sheet, place), lon=place[0], lat=place[1], place="")
    towns = municipalities.search_towns(sheet.place[:80])
    if not towns:
        flash.error(
            request,
            _("「%(place)s」という町は見つかりません。町の名前か、緯度,経度 を入れてください。")
            % {"place": sheet.place[:80]},
        )
        return replace(sheet, place="")
    return replace(sheet, lon=towns[0].longitude, lat=towns[0].latitude, span=SPANS[2], place="")


def _form(
    request: HttpRequest, sheet: Sheet, typed: QueryDict | None = None, status: int = 200
) -> HttpResponse:
    """Render the map with the form beside it; what was typed stays."""
    metres = evacuation.roads_hit(sheet.kind, sheet.geometry) if sheet.geometry else None
    context = {
        "sheet": sheet,
        "query": sheet.query(),
        "sizes": {name: (f"{w:g}", f"{h:g}") for name, (w, h) in SIZES.items()},
        "kinds": words.OBSTACLES,
        "shapes": SHAPES,
        "ready": sheet.geometry is not None,
        "metres": metres,
        "hours": HOURS,
        "usual": hazards.USUAL_HOURS,
        "waters": [(code, words.hazard(code)) for code in hazards.WATERS],
        "observed": clock.now().astimezone(JST).strftime("%Y-%m-%dT%H:%M"),
        "typed": typed or {},
    }
    return render(request, "staff/road_new.html", context, status=status)


def _store(request: HttpRequest) -> HttpResponse:
    """Store the report that was drawn and described."""
    sheet = Sheet.read(request.POST)
    try:
        (row,) = hazards.report_obstacles(actor_of(request), [_report(request.POST, sheet)])
    except SonaeError as error:
        if error.code == "forbidden":
            raise
        flash.error(request, f"{error.detail} {error.hint}".strip())
        return _form(request, sheet, request.POST, status=422)
    flash.success(
        request,
        _("登録しました：%(name)s。避難の道を計算し直しています。")
        % {"name": blocked.name_of(row)},
    )
    return HttpResponseRedirect(in_world("/staff/roads/"))


def _report(given: QueryDict, sheet: Sheet) -> hazards.Report:
    """Return the form as a report; SonaeError names what cannot be read."""
    if sheet.geometry is None:
        raise SonaeError("bad_shape", _("地図で場所を示してください。"))
    observed = _moment(given.get("observed_at", ""))
    hours = _number(given.get("hours"), hazards.USUAL_HOURS)
    depth = given.get("depth_m", "").strip()
    if depth and _number(depth, -1.0) < 0:
        raise SonaeError("bad_depth", _("水深は数で入れてください（例：0.5）。"))
    return hazards.Report(
        kind=sheet.kind,
        shape=sheet.geometry,
        source=given.get("source", ""),
        observed_at=observed,
        valid_until=clock.now() + timedelta(hours=min(hours, 24 * 90)),
        hazard=given.get("hazard", "") if sheet.kind == "flooded" else "",
        depth_m=_number(depth, 0.0) if depth and sheet.kind == "flooded" else None,
        note=given.get("note", ""),
        key=given.get("key", "")[:80],
    )


def _moment(text: str) -> datetime:
    """Return the time of a form, Japanese; empty is now."""
    if not text:
        return clock.now()
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise SonaeError("bad_time", _("確認した時刻を読めません。")) from error
    return found if found.tzinfo else found.replace(tzinfo=JST)


@audience(Audience.OPERATOR)
def load(request: HttpRequest) -> HttpResponse:
    """Store the reports of a file and show the rows that were left out."""
    file = request.FILES.get("file")
    if request.method != "POST" or not isinstance(file, UploadedFile) or not file.name:
        flash.error(request, _("ファイルを選んでください。"))
        return HttpResponseRedirect(in_world("/staff/roads/"))
    folder = Path(tempfile.mkdtemp(prefix="sonae-upload-"))
    try:
        if (file.size or 0) > MOST_BYTES:
            most = {"most": MOST_BYTES // 1_000_000}
            raise SonaeError("too_large", _("ファイルが大きすぎます（上限%(most)dMB）。") % most)
        path = folder / Path(file.name.replace("\\", "/")).name
        path.write_bytes(file.read())
        good, wrong = hazards.read_reports(path, request.POST.get("source", "").strip())
        made = hazards.report_obstacles(actor_of(request), good)
    except SonaeError as error:
        if error.code == "forbidden":
            raise
        flash.error(request, f"{error.detail} {error.hint}".strip())
        return HttpResponseRedirect(in_world("/staff/roads/"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    known = sum(row.known for row in made)
    if not wrong:
        told = _("%(n)d件を登録しました。") % {"n": len(made) - known}
        if known:
            told += _("%(n)s件は、すでに登録済みでした。") % {"n": known}
        flash.success(request, told)
        return HttpResponseRedirect(in_world("/staff/roads/"))
    context = {"made": len(made) - known, "known": known, "wrong": wrong, "name": file.name}
    return render(request, "staff/roads_loaded.html", context, status=422)


@audience(Audience.OPERATOR)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a report back."""
    if request.method == "POST":
        row = hazards.withdraw(actor_of(request), pk)
        flash.success(request, _("取り消しました：%(name)s") % {"name": blocked.name_of(row)})
    return HttpResponseRedirect(in_world("/staff/roads/"))
