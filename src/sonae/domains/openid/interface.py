"""What other domains and the screens may use of the OpenID Provider."""

from sonae.domains.openid import keys, rules, signins, tokens, using
from sonae.domains.openid.claims import userinfo
from sonae.domains.openid.models import RefreshToken, Service, ServiceLogin, ServiceUse
from sonae.domains.openid.services import (
    Registration,
    notice_of,
    recipient_of,
    register,
    renew_secret,
    service,
    services,
    stop,
)

__all__ = [
    "RefreshToken",
    "Registration",
    "Service",
    "ServiceLogin",
    "ServiceUse",
    "keys",
    "notice_of",
    "recipient_of",
    "register",
    "renew_secret",
    "rules",
    "service",
    "services",
    "signins",
    "stop",
    "tokens",
    "userinfo",
    "using",
]
