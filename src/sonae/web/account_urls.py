"""Routes of accounts: exactly what is used of allauth, and nothing that is closed here."""

from allauth.account import views
from django.urls import URLPattern, URLResolver, include, path

from sonae.web import accounts

urlpatterns: list[URLPattern | URLResolver] = [
    path("", accounts.overview, name="account_overview"),
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("password/set/", views.password_set, name="account_set_password"),
    path("password/reset/", accounts.forgotten, name="account_reset_password"),
    path("signup/", accounts.closed, name="account_signup"),
    path("email/", accounts.overview, name="account_email"),
    path("2fa/", include("allauth.mfa.urls")),
]
