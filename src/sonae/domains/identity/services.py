"""Verbs: make an account, change its role or password, close it."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from sonae.core.errors import SonaeError
from sonae.domains.identity.models import Account
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Audience, Role, require
from sonae.platform.db import writing
from sonae.platform.scope import current_municipality


def add_account(
    email: str,
    password: str,
    role: Role = Role.RESIDENT,
    *,
    name: str = "",
    resident_pk: int | None = None,
    hashed: str = "",
    actor: Actor = SYSTEM,
) -> Account:
    """Make an account of the municipality in force.

    ``hashed`` is the password's hash where many accounts share one: hashing is slow on purpose.
    `SonaeError` ``conflict`` when the address is taken, ``unreadable`` for a bad address, a weak
    password or a resident account without a resident.
    """
    require(actor, Audience.ADMINISTRATOR)
    address = email.strip().lower()
    _check(address, password)
    if role is Role.RESIDENT and resident_pk is None:
        raise SonaeError("unreadable", "住民のアカウントには住民IDが必要です。")
    hashed = hashed or make_password(password)  # before the lock, which it would hold for long
    with writing():
        if Account.objects.filter(email=address).exists():
            raise SonaeError("conflict", f"{address} のアカウントはすでにあります。")
        account = Account.objects.create(
            email=address,
            password=hashed,
            role=role.value,
            name=name,
            municipality=current_municipality(),
            resident_pk=resident_pk,
        )
        audit.record(actor.id, "account_added", f"account:{account.pk}", role=role.value)
    return account


def _check(address: str, password: str) -> None:
    """Refuse a bad address (`SonaeError` ``bad_email``) or a weak password (``weak_password``)."""
    try:
        validate_email(address)
    except ValidationError as error:
        raise SonaeError("bad_email", " ".join(error.messages)) from None
    _check_password(password)


def _check_password(password: str) -> None:
    try:
        validate_password(password)
    except ValidationError as error:
        raise SonaeError("weak_password", " ".join(error.messages)) from None


def _account(email: str) -> Account:
    """Return an account of the municipality in force; `SonaeError` ``not_found`` otherwise."""
    address = email.strip().lower()
    found = Account.objects.filter(municipality=current_municipality(), email=address).first()
    if found is None:
        raise SonaeError("not_found", f"{address} のアカウントはありません。")
    return found


def set_password(
    email: str, password: str, *, forget_second_factor: bool = False, actor: Actor = SYSTEM
) -> Account:
    """Give an account a new password, sign it out everywhere and open it again if it was closed.

    ``forget_second_factor`` also removes its authenticator app, keys and spare codes, for a person
    who has lost them.
    """
    require(actor, Audience.ADMINISTRATOR)
    account = _account(email)
    _check(account.email, password)
    account.set_password(password)  # before the lock: hashing is slow on purpose
    with writing():
        account.is_active = True
        account.save(update_fields=["password", "is_active"])
        if forget_second_factor:
            Authenticator.objects.filter(user=account).delete()
        audit.record(
            actor.id,
            "password_set",
            f"account:{account.pk}",
            second_factor=not forget_second_factor,
        )
    return account


def close_account(actor: Actor, account_pk: int) -> None:
    """Close an account: it can no longer sign in; its acts stay in the audit."""
    require(actor, Audience.ADMINISTRATOR)
    with writing():
        rows = Account.objects.filter(pk=account_pk, municipality=current_municipality())
        if not rows.update(is_active=False):
            raise SonaeError("not_found", "このアカウントはありません。")
        audit.record(actor.id, "account_closed", f"account:{account_pk}")


def set_duty_mail(actor: Actor, wanted: bool) -> None:
    """Let a member of staff be mailed at their own address when an alarm is raised, or no more."""
    require(actor, Audience.STAFF)
    with writing():
        rows = Account.objects.filter(
            pk=actor.account_id or 0, municipality=current_municipality()
        ).exclude(role=Role.RESIDENT.value)
        if not rows.update(duty_mail=wanted):
            raise SonaeError("not_found", "職員のアカウントでログインしてください。")
        audit.record(actor.id, "duty_mail", f"account:{actor.account_id}", wanted=wanted)
