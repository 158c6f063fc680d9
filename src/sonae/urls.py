"""All routes: resident pages at the root, then staff, reception, API, accounts, feeds."""

from django.urls import URLPattern, URLResolver, include, path

_SECTIONS = {
    "staff/": "sonae.web.staff.urls",
    "reception/": "sonae.web.reception.urls",
    "api/v1/": "sonae.web.api.urls",
    "feeds/": "sonae.web.feeds.urls",
    "": "sonae.web.citizen.urls",
}

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    *(path(prefix, include(module)) for prefix, module in _SECTIONS.items()),
]
