"""Routes of the section: running a shelter."""

from django.urls import path

from sonae.web.sheltering import pages, printing

app_name = "sheltering"
urlpatterns = [
    path("", pages.here, name="here"),
    path("<int:pk>/", pages.overview, name="overview"),
    path("<int:pk>/meals/<int:meal>/", pages.meal, name="meal"),
    path("<int:pk>/paper/<str:form>.pdf", printing.form, name="paper"),
    path("<int:pk>/<str:name>/", pages.section, name="section"),
]
