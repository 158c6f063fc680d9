"""Routes of visitors and people of other places."""

from django.urls import path

from sonae.web.staff import visitors

urlpatterns = [
    path("", visitors.overview, name="visitors"),
    path("<int:pk>/", visitors.one, name="visitor"),
]
