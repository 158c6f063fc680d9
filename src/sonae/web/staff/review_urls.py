"""Routes of the review desk."""

from django.urls import path

from sonae.web.staff import agreeing, learning, review

urlpatterns = [
    path("", review.desk, name="review"),
    path("undo/", review.undo, name="review-undo"),
    path("agree/", agreeing.overview, name="agree"),
    path("agree/<uuid:link>/<str:verb>/", agreeing.answer, name="agree-answer"),
    path("weights/", learning.overview, name="weights"),
    path("weights/<int:pk>/<str:verb>/", learning.decide, name="weights-decide"),
    path("<int:pk>/", review.one, name="review-one"),
    path("<int:pk>/answer/", review.answer, name="review-answer"),
    path("<int:pk>/keep/", review.keep, name="review-keep"),
]
