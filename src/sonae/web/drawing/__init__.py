"""Pictures drawn by the server as SVG or PNG: no JavaScript, no map service, printable."""

from sonae.web.drawing.appicon import icon_png
from sonae.web.drawing.chart import curve
from sonae.web.drawing.citymap import Ground, TownMark, town_map
from sonae.web.drawing.extract import ExtractPlace, Picture, city_extract
from sonae.web.drawing.layermap import layer_map
from sonae.web.drawing.obstaclemap import Blocked, Named, blocked_marks, entry_map
from sonae.web.drawing.overlay import lines_png, overlay_png
from sonae.web.drawing.plane import Plane
from sonae.web.drawing.routemap import RoutePlace, route_map
from sonae.web.drawing.warnmap import Outline, TownWarned, warning_map

__all__ = [
    "Blocked",
    "ExtractPlace",
    "Ground",
    "Named",
    "Outline",
    "Picture",
    "Plane",
    "RoutePlace",
    "TownMark",
    "TownWarned",
    "blocked_marks",
    "city_extract",
    "curve",
    "entry_map",
    "icon_png",
    "layer_map",
    "lines_png",
    "overlay_png",
    "route_map",
    "town_map",
    "warning_map",
]
