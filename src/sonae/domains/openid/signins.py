"""Sign-ins to services (サービスへのログイン): a code, then tokens, each good as long as the sign-in is."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sonae.core import clock
from sonae.domains.identity.interface import Account
from sonae.domains.openid import rules
from sonae.domains.openid.models import RefreshToken, Service, ServiceLogin, ServiceUse
from sonae.domains.residents.interface import Resident
from sonae.platform import audit
from sonae.platform.db import writing


@dataclass(frozen=True)
class Authenticated:
    """How and when a person had signed in with us; ``session`` names the browser's session to us alone."""

    session: str
    acr: str
    amr: Sequence[str]
    at: datetime


def credential_of(account: Account) -> str:
    """Return a word that changes when the account's password does, and tells nothing of it."""
    return hashlib.sha256(f"service login {account.get_session_auth_hash()}".encode()).hexdigest()


def begin(
    account: Account, use: ServiceUse, how: Authenticated, asked_for: Mapping[str, Any],
    scope: str, occasion: str = "",
) -> str:  # fmt: skip
    """Begin a sign-in; return its authorization code, good once within a minute."""
    code, now = secrets.token_urlsafe(32), clock.now()
    offline = "offline_access" in scope.split()
    with writing():
        ServiceLogin.objects.create(
            key=uuid4(), service=use.service, account=account, subject=use.subject, sub=use.sub,
            session=how.session, occasion=occasion, credential=credential_of(account),
            code_hash=rules.hashed(code), code_until=now + rules.CODE_LIFE,
            asked_for=dict(asked_for), scope=scope[:300], acr=how.acr, amr=list(how.amr),
            authenticated_at=how.at, started_at=now,
            expires_at=now + (rules.OFFLINE_LIFE if offline else rules.SESSION_LIFE),
        )  # fmt: skip
    return code


def by_code(code: str, service: Service) -> ServiceLogin | None:
    """Return the sign-in of a code that is good; one that comes again ends what it began."""
    row = _rows().filter(code_hash=rules.hashed(code), service=service).first()
    if row is None:
        return None
    if row.code_used_at is not None:
        end([row.pk], "code_replayed")
        return None
    return row if clock.now() < row.code_until and alive(row) else None


def redeem(row: ServiceLogin) -> bool:
    """Use up a sign-in's code; False when somebody else was quicker, which ends the sign-in."""
    with writing():
        taken = ServiceLogin.objects.filter(pk=row.pk, code_used_at=None, ended_at=None)
        if taken.update(code_used_at=clock.now()):
            return True
    end([row.pk], "code_replayed")
    return False


def refresh_token(row: ServiceLogin) -> str:
    """Return a new refresh token of a sign-in; with ``offline_access`` it lives on from here."""
    token, now = secrets.token_urlsafe(32), clock.now()
    with writing():
        if "offline_access" in row.scope.split():
            row.expires_at = now + rules.OFFLINE_LIFE
            row.save(update_fields=["expires_at"])
        RefreshToken.objects.create(
            login=row, token_hash=rules.hashed(token), made_at=now, expires_at=row.expires_at
        )
    return token


def by_refresh(token: str) -> RefreshToken | None:
    """Return a refresh token that is good; one that was used before ends its sign-in."""
    row = (
        RefreshToken.objects.select_related("login__service", "login__account")
        .filter(token_hash=rules.hashed(token))
        .first()
    )
    if row is None:
        return None
    if row.used_at is not None:
        end([row.login_id], "refresh_replayed")
        return None
    return row if clock.now() < row.expires_at and alive(row.login) else None


def peek(token: str) -> RefreshToken | None:
    """Return a refresh token that would be good, without taking a used one for stolen."""
    rows = RefreshToken.objects.select_related("login__service", "login__account")
    row = rows.filter(token_hash=rules.hashed(token), used_at=None).first()
    good = row is not None and clock.now() < row.expires_at and alive(row.login)
    return row if good else None


def use_refresh(row: RefreshToken) -> bool:
    """Use up a refresh token; False when somebody else was quicker, which ends the sign-in."""
    with writing():
        if RefreshToken.objects.filter(pk=row.pk, used_at=None).update(used_at=clock.now()):
            return True
    end([row.login_id], "refresh_replayed")
    return False


def named(key: str) -> ServiceLogin | None:
    """Return a sign-in by its number (the ``sid`` that its service knows), alive or not."""
    try:
        row: ServiceLogin | None = _rows().filter(key=UUID(key)).first()
    except ValueError:
        return None
    return row


def by_key(key: str) -> ServiceLogin | None:
    """Return a sign-in that is alive by its number."""
    row = named(key)
    return row if row is not None and alive(row) else None


def _rows() -> Any:
    return ServiceLogin.objects.select_related("service", "account")


def alive(row: ServiceLogin) -> bool:
    """Tell whether a sign-in still holds: nobody ended it, nor service, use, account or residence."""
    now = clock.now()
    if row.ended_at is not None or row.expires_at <= now or row.service.stopped_at is not None:
        return False
    if not row.account.is_active or credential_of(row.account) != row.credential:
        return False
    uses = ServiceUse.objects.filter(service=row.service, subject=row.subject, ended_at=None)
    return uses.exists() and Resident.objects.filter(pk=row.subject).exists()


def end(pks: Sequence[int], why: str) -> None:
    """End sign-ins now, with all their tokens; a replay is on record, because somebody stole it."""
    with writing():
        rows = list(_rows().filter(pk__in=pks, ended_at=None))
        ServiceLogin.objects.filter(pk__in=[one.pk for one in rows]).update(
            ended_at=clock.now(), ended_why=why
        )
        for one in rows if why.endswith("_replayed") else ():
            service = one.service.client_id
            audit.record(
                f"service:{service}", "service_token_replayed", f"resident:{one.subject}", why=why
            )


def end_session(session: str) -> None:
    """End the sign-ins of a browser's session, but those that may go on without it."""
    _sign_out(ServiceLogin.objects.filter(session=session))


def end_signed_out(row: ServiceLogin) -> None:
    """End one sign-in because its service says that the person signed out; not one that may go on."""
    _sign_out(ServiceLogin.objects.filter(pk=row.pk))


def _sign_out(rows: Any) -> None:
    going = rows.filter(ended_at=None).exclude(scope__contains="offline_access")
    end(list(going.values_list("pk", flat=True)), "signed_out")
