"""Routes of the register: files that change it, people's pages, the roster and its plans."""

from django.urls import path

from sonae.web.staff import people, register, roster

urlpatterns = [
    path("", register.overview, name="register"),
    path("upload/", register.upload, name="register-upload"),
    path("points/", register.points, name="register-points"),
    path("<int:pk>/", register.show, name="edition"),
    path("<int:pk>/columns/", register.columns, name="edition-columns"),
    path("<int:pk>/defects.csv", register.defects, name="edition-defects"),
    path("<int:pk>/<str:verb>/", register.decide, name="edition-decide"),
    path("people/", people.find, name="register-people"),
    path("people/<int:pk>/", people.show, name="register-person"),
    path("shield/", people.shield, name="register-shield"),
    path("roster/", roster.overview, name="roster"),
    path("roster/pdf/", roster.as_pdf, name="roster-pdf"),
    path("roster/<int:pk>/", roster.entry, name="roster-entry"),
    path("roster/<int:pk>/pdf/", roster.plan_pdf, name="roster-plan-pdf"),
    path("roster/<int:pk>/<str:verb>/", roster.act, name="roster-act"),
]
