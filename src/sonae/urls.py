"""All routes: resident pages at the root, then staff, reception, API, accounts, feeds."""

from django.urls import URLPattern, URLResolver, include, path

from sonae.web import accounts, health, mapfile
from sonae.web.oauth import endpoints

_SECTIONS = {
    "staff/": "sonae.web.staff.urls",
    "reception/shelter/": "sonae.web.sheltering.urls",
    "reception/": "sonae.web.reception.urls",
    "api/v1/": "sonae.web.api.urls",
    "oauth/": "sonae.web.oauth.urls",
    "feeds/": "sonae.web.feeds.urls",
    "ogc/": "sonae.web.ogc.urls",
    "opendata/": "sonae.web.opendata.urls",
    "": "sonae.web.citizen.urls",
}

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path(".well-known/openid-configuration", endpoints.discovery, name="discovery"),
    path(".well-known/oauth-authorization-server", endpoints.discovery, name="discovery-oauth"),
    path("map/<str:version>.pmtiles", mapfile.basemap, name="basemap"),
    path("home/", accounts.home, name="home"),
    path("accounts/", include("sonae.web.account_urls")),
    *(path(prefix, include(module)) for prefix, module in _SECTIONS.items()),
]
