"""Routes of the section: Resident pages."""

from django.urls import URLPattern, path

from sonae.web.citizen import acknowledge, front, language, me, shelterlist, where

app_name = "citizen"
urlpatterns: list[URLPattern] = [
    path("", front.front, name="front"),
    path("where/", where.where, name="where"),
    path("shelters/", shelterlist.listing, name="shelters"),
    path("me/", me.me, name="me"),
    path("me/report/", me.report, name="report"),
    path("me/card/", me.card, name="card"),
    path("a/<str:token>", acknowledge.page, name="acknowledge"),
    path("language/<str:code>/", language.choose, name="language"),
]
