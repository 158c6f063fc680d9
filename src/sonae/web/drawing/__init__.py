"""Pictures drawn by the server as SVG or PNG: no JavaScript, no map service, printable."""

from sonae.web.drawing.appicon import icon_png
from sonae.web.drawing.chart import curve
from sonae.web.drawing.citymap import Ground, TownMark, town_map
from sonae.web.drawing.extract import ExtractPlace, Picture, city_extract
from sonae.web.drawing.overlay import lines_png, overlay_png
from sonae.web.drawing.plane import Plane
from sonae.web.drawing.routemap import RoutePlace, route_map
from sonae.web.drawing.warnmap import Outline, TownWarned, warning_map

__all__ = [
    "ExtractPlace",
    "Ground",
    "Outline",
    "Picture",
    "Plane",
    "RoutePlace",
    "TownMark",
    "TownWarned",
    "city_extract",
    "curve",
    "icon_png",
    "lines_png",
    "overlay_png",
    "route_map",
    "town_map",
    "warning_map",
]
