"""Routes of the section: Reception desk."""

from django.urls import path

from sonae.web.reception import carried, desk, device, facility

app_name = "reception"
urlpatterns = [
    path("", desk.desk, name="desk"),
    path("choose/", facility.choose, name="choose"),
    path("state/", facility.report, name="state"),
    path("live/", desk.live, name="live"),
    path("record/", desk.record, name="record"),
    path("visitor/", desk.visitor, name="visitor"),
    path("undo/", desk.undo, name="undo"),
    path("carried/", carried.carried, name="carried"),
    path("device/", device.page, name="device"),
    path("device/manifest.webmanifest", device.manifest, name="device_manifest"),
    path("device/worker.js", device.worker, name="device_worker"),
]
