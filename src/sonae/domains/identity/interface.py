"""What other domains and the screens may use of identity."""

from sonae.domains.identity import citysettings
from sonae.domains.identity.models import AccessToken, Account, SettingChange
from sonae.domains.identity.selectors import accounts, actor_for, on_duty
from sonae.domains.identity.services import (
    add_account,
    close_account,
    set_duty_mail,
    set_password,
)
from sonae.domains.identity.tokens import (
    SCOPES,
    access_tokens,
    issue_token,
    revoke_token,
    token_actor,
)

__all__ = [
    "SCOPES",
    "AccessToken",
    "Account",
    "SettingChange",
    "access_tokens",
    "accounts",
    "actor_for",
    "add_account",
    "citysettings",
    "close_account",
    "issue_token",
    "on_duty",
    "revoke_token",
    "set_duty_mail",
    "set_password",
    "token_actor",
]
