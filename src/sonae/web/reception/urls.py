"""Routes of the section: Reception desk."""

from django.urls import URLPattern

app_name = "reception"
urlpatterns: list[URLPattern] = []
