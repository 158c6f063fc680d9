"""Routes of the section: Resident pages."""

from django.urls import URLPattern, path

from sonae.web.citizen import (
    acknowledge,
    citypiece,
    front,
    inquiry,
    language,
    livemap,
    me,
    offline,
    plan,
    receiving,
    services,
    shelterlist,
    telling,
    where,
)

app_name = "citizen"
urlpatterns: list[URLPattern] = [
    path("", front.front, name="front"),
    path("where/", where.where, name="where"),
    path("where/map.json", livemap.ways, name="where-ways"),
    path("shelters/map.json", livemap.places, name="shelters-map"),
    path("map/obstacles.json", livemap.obstacles, name="map-obstacles"),
    path("where/map.svg", citypiece.picture, name="where-map"),
    path("manifest.webmanifest", offline.manifest, name="manifest"),
    path("icon-<str:name>.png", offline.icon, name="icon"),
    path("sw.js", offline.worker, name="worker"),
    path("offline/", offline.shell, name="offline"),
    path("me/kept/", offline.extract, name="extract"),
    path("shelters/", shelterlist.listing, name="shelters"),
    path("me/", me.me, name="me"),
    path("me/report/", me.report, name="report"),
    path("plan/", plan.public, name="plan"),
    path("me/plan/", plan.mine, name="my-plan"),
    path("me/plan/<str:verb>/", plan.change, name="my-plan-change"),
    path("inquiry/", inquiry.ask, name="inquiry"),
    path("inquiry/<str:key>/", inquiry.answer, name="inquiry-answer"),
    path("me/telling/", telling.choices, name="telling"),
    path("me/notices/", receiving.page, name="receiving"),
    path("me/notices/export/", receiving.export, name="receiving-export"),
    path("me/notices/<str:verb>/", receiving.change, name="receiving-change"),
    path("push/renew/", receiving.renew, name="push-renew"),
    path("me/services/", services.services, name="services"),
    path("me/card/", me.card, name="card"),
    path("me/card.pdf", me.card_pdf, name="card-pdf"),
    path("a/<str:token>", acknowledge.page, name="acknowledge"),
    path("u/<str:token>", receiving.leaving, name="leaving"),
    path("language/<str:code>/", language.choose, name="language"),
]
