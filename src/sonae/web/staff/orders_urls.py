"""Routes of evacuation orders."""

from django.urls import path

from sonae.web.staff import orders

urlpatterns = [
    path("", orders.overview, name="orders"),
    path("new/", orders.new, name="order-new"),
    path("<int:pk>/", orders.detail, name="order"),
    path("<int:pk>/edit/", orders.change, name="order-edit"),
    path("<int:pk>/<str:verb>/", orders.act, name="order-act"),
]
