"""Routes of an edge node."""

from django.urls import path

from sonae.web.edge import views

urlpatterns = [
    path("edge/exchange", views.exchange, name="exchange"),
    path("", views.page, name="page"),
]
