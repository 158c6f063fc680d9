"""Routes of messages."""

from django.urls import path

from sonae.web.staff import messages, notices

urlpatterns = [
    path("", messages.overview, name="messages"),
    path("new/", notices.write, name="notice-new"),
    path("<int:pk>/", messages.detail, name="message"),
    path("<int:pk>/edit/", notices.edit, name="notice-edit"),
    path("<int:pk>/notice/<str:verb>/", notices.act, name="notice-act"),
    path("<int:pk>/correct/", messages.correct, name="message-correct"),
    path("<int:pk>/resend/<int:transmission>/", messages.resend, name="message-resend"),
]
