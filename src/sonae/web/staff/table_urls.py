"""Routes of the lists of facilities: uploads, what they would change, the two lists side by side."""

from django.urls import path

from sonae.web.staff import comparing, tables

urlpatterns = [
    path("", tables.overview, name="tables"),
    path("upload/", tables.upload, name="table-upload"),
    path("compare/", comparing.compare, name="table-compare"),
    path("compare/settle/", comparing.settle, name="table-settle"),
    path("danger/", comparing.danger, name="table-danger"),
    path("<int:pk>/", tables.show, name="table"),
    path("<int:pk>/defects.jsonl", tables.defects, name="table-defects"),
    path("<int:pk>/<str:verb>/", tables.decide, name="table-decide"),
]
