"""What other domains and the screens may use of identity."""

from sonae.domains.identity.models import Account
from sonae.domains.identity.selectors import accounts, actor_for, on_duty
from sonae.domains.identity.services import (
    add_account,
    close_account,
    set_duty_mail,
    set_password,
)

__all__ = [
    "Account",
    "accounts",
    "actor_for",
    "add_account",
    "close_account",
    "on_duty",
    "set_duty_mail",
    "set_password",
]
