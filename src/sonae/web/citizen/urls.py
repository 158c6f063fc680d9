"""Routes of the section: Resident pages."""

from django.urls import URLPattern, path

from sonae.web.citizen import language

app_name = "citizen"
urlpatterns: list[URLPattern] = [
    path("language/<str:code>/", language.choose, name="language"),
]
