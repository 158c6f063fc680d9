"""Routes of the section: Open feeds."""

from django.urls import URLPattern, path

from sonae.web.feeds import views

app_name = "feeds"
urlpatterns: list[URLPattern] = [
    path("", views.overview, name="overview"),
    path("cap.atom", views.atom, name="atom"),
    path("cap/<str:name>.xml", views.alert, name="cap"),
]
