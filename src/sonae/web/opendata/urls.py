"""Routes of the section: Open data."""

from django.urls import URLPattern, path

from sonae.web.opendata import views

app_name = "opendata"
urlpatterns: list[URLPattern] = [
    path("", views.page, name="page"),
    path("<str:name>/<str:form>", views.download, name="download"),
]
