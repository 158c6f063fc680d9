"""Routes of rosters: brought in, typed, looked at, taken over, given out."""

from django.urls import path

from sonae.web.staff import rosterfiles, rosters, rostersheet

urlpatterns = [
    path("", rosters.overview, name="rosters"),
    path("upload/", rosters.upload, name="roster-upload"),
    path("new/", rostersheet.begin, name="roster-new"),
    path("match/", rosters.match_all, name="roster-match-all"),
    path("match/<int:pk>/progress/", rosters.progress, name="roster-progress"),
    path("<int:pk>/", rosters.show, name="roster"),
    path("<int:pk>/type/", rostersheet.sheet, name="roster-type"),
    path("<int:pk>/pictures/", rostersheet.pictures, name="roster-pictures"),
    path("<int:pk>/pictures/<int:file>.jpg", rostersheet.picture, name="roster-picture"),
    path("<int:pk>/columns/", rosters.columns, name="roster-columns"),
    path("<int:pk>/defects.csv", rosterfiles.defects, name="roster-defects"),
    path("<int:pk>/lines.csv", rosterfiles.as_table, {"kind": "csv"}, name="roster-csv"),
    path("<int:pk>/lines.xlsx", rosterfiles.as_table, {"kind": "xlsx"}, name="roster-xlsx"),
    path("lines/<int:pk>/", rosters.line, name="roster-line"),
    path("lines/<int:pk>/again/", rosters.again, name="roster-line-again"),
    path("<int:pk>/<str:verb>/", rosters.decide, name="roster-decide"),
]
