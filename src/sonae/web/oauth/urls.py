"""Routes of the OpenID Provider."""

from django.urls import URLPattern, path

from sonae.web.oauth import authorize, endpoints

app_name = "oauth"
urlpatterns: list[URLPattern] = [
    path("authorize", authorize.authorize, name="authorize"),
    path("consent", authorize.answer, name="consent"),
    path("token", endpoints.token, name="token"),
    path("userinfo", endpoints.userinfo, name="userinfo"),
    path("jwks", endpoints.jwks, name="jwks"),
    path("introspect", endpoints.introspect, name="introspect"),
    path("revoke", endpoints.revoke, name="revoke"),
    path("logout", endpoints.logout, name="logout"),
    path("logout/confirm", endpoints.logout_confirmed, name="logout-confirm"),
]
