"""Access tokens (アクセストークン): issue, find whose it is, revoke."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.identity.models import AccessToken, Account
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Audience, Role, require
from sonae.platform.db import writing
from sonae.platform.scope import current_municipality

SCOPES: Final = ("ogc.read",)
"""What a token can open: ``ogc.read`` the staff's sets of geodata at ``/ogc/``."""
MOST_DAYS: Final = 366
_USED_EVERY: Final = timedelta(minutes=1)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def issue_token(
    email: str, name: str, scopes: Sequence[str], days: int, *, actor: Actor = SYSTEM
) -> tuple[AccessToken, str]:
    """Issue a token for a staff account; return it and its text, shown only now.

    `SonaeError` ``not_found`` without such an account, ``unreadable`` for a resident's account, an
    unknown scope or a term outside 1–366 days.
    """
    require(actor, Audience.ADMINISTRATOR)
    rows = Account.objects.filter(municipality=current_municipality(), is_active=True)
    account = rows.filter(email=email.strip().lower()).first()
    if account is None:
        raise SonaeError("not_found", f"{email} のアカウントはありません。")
    if account.role == Role.RESIDENT:
        raise SonaeError("unreadable", "住民のアカウントにはトークンを発行できません。")
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        raise SonaeError("unreadable", f"権限 {unknown[0]} はありません。", "、".join(SCOPES))
    if not scopes or not 1 <= days <= MOST_DAYS:
        raise SonaeError("unreadable", f"権限を1つ以上、日数を1～{MOST_DAYS}で指定してください。")
    token, now = secrets.token_urlsafe(32), clock.SystemClock().now()
    with writing():
        made = AccessToken.objects.create(
            account=account,
            name=name[:80],
            token_hash=_hash(token),
            scopes=list(scopes),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        audit.record(actor.id, "token_issued", f"token:{made.pk}", account=account.pk, name=name)
    return made, token


def token_actor(token: str, scope: str) -> Actor | None:
    """Return whose token it is, if it opens ``scope`` now; None when unknown, over or closed."""
    now = clock.SystemClock().now()
    found = (
        AccessToken.objects.select_related("account")
        .filter(token_hash=_hash(token), revoked_at=None, expires_at__gt=now)
        .filter(account__is_active=True)
        .first()
    )
    if found is None or scope not in found.scopes:
        return None
    if found.used_at is None or now - found.used_at >= _USED_EVERY:
        with writing():
            AccessToken.objects.filter(pk=found.pk).update(used_at=now)
    account = found.account
    return Actor(f"account:{account.pk}", Role(account.role), account.get_full_name(), account.pk)


def access_tokens() -> list[AccessToken]:
    """Return all tokens of the municipality, newest first."""
    return list(AccessToken.objects.select_related("account").order_by("-pk"))


def revoke_token(pk: int, *, actor: Actor = SYSTEM) -> None:
    """End a token now; `SonaeError` ``not_found`` when there is none to end."""
    require(actor, Audience.ADMINISTRATOR)
    now = clock.SystemClock().now()
    with writing():
        if not AccessToken.objects.filter(pk=pk, revoked_at=None).update(revoked_at=now):
            raise SonaeError("not_found", "このトークンはありません。")
        audit.record(actor.id, "token_revoked", f"token:{pk}")
