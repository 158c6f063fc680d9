"""Routes of the section: OGC API – Features."""

from django.urls import URLPattern, path

from sonae.web.ogc import views

app_name = "ogc"
urlpatterns: list[URLPattern] = [
    path("", views.landing, name="landing"),
    path("api", views.api, name="api"),
    path("conformance", views.conformance, name="conformance"),
    path("collections", views.collections, name="collections"),
    path("collections/<str:name>", views.collection, name="collection"),
    path("collections/<str:name>/queryables", views.queryables, name="queryables"),
    path("collections/<str:name>/items", views.items, name="items"),
    path("collections/<str:name>/items/<path:feature>", views.item, name="item"),
    path("<path:rest>", views.unknown_path),
]
