"""Routes of 安否照会 and what else crosses the city's border."""

from django.urls import path

from sonae.web.staff import inquiries, names, partners, pfif

urlpatterns = [
    path("", inquiries.overview, name="inquiries"),
    path("new/", inquiries.new, name="inquiry-new"),
    path("policy/", inquiries.policy, name="inquiry-policy"),
    path("names/", names.overview, name="names"),
    path("names/<int:pk>/", names.detail, name="names-one"),
    path("names/<int:pk>/csv/", names.as_csv, name="names-csv"),
    path("names/<int:pk>/<str:verb>/", names.act, name="names-act"),
    path("partners/", partners.overview, name="partners"),
    path("partners/<int:pk>/", partners.detail, name="partner"),
    path("partners/<int:pk>/stop/", partners.stop, name="partner-stop"),
    path("pfif/", pfif.overview, name="pfif"),
    path("pfif/export/", pfif.export, name="pfif-export"),
    path("pfif/<int:pk>/", pfif.detail, name="pfif-one"),
    path("pfif/<int:pk>/<str:verb>/", pfif.act, name="pfif-act"),
    path("<int:pk>/", inquiries.detail, name="inquiry"),
    path("<int:pk>/answer.pdf", inquiries.printed, name="inquiry-pdf"),
    path("<int:pk>/<str:verb>/", inquiries.act, name="inquiry-act"),
]
