"""Verbs: make an account, change its role or password, close it."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from sonae.core.errors import SonaeError
from sonae.domains.identity.models import Account
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Role
from sonae.platform.db import writing
from sonae.platform.scope import current_municipality


def add_account(
    email: str,
    password: str,
    role: Role = Role.RESIDENT,
    *,
    name: str = "",
    resident_pk: int | None = None,
    actor: Actor = SYSTEM,
) -> Account:
    """Make an account of the municipality in force.

    `SonaeError` ``conflict`` when the address is taken, ``unreadable`` for a bad address, a weak
    password or a resident account without a resident.
    """
    address = email.strip().lower()
    try:
        validate_email(address)
        validate_password(password)
    except ValidationError as error:
        raise SonaeError("unreadable", " ".join(error.messages)) from None
    if role is Role.RESIDENT and resident_pk is None:
        raise SonaeError("unreadable", "住民のアカウントには住民IDが必要です。")
    with writing():
        if Account.objects.filter(email=address).exists():
            raise SonaeError("conflict", f"{address} のアカウントはすでにあります。")
        account = Account.objects.create_user(
            address,
            password,
            role=role.value,
            name=name,
            municipality=current_municipality(),
            resident_pk=resident_pk,
        )
        audit.record(actor.id, "account_added", f"account:{account.pk}", role=role.value)
    return account


def close_account(actor: Actor, account_pk: int) -> None:
    """Close an account: it can no longer sign in; its acts stay in the audit."""
    with writing():
        Account.objects.filter(pk=account_pk, municipality=current_municipality()).update(
            is_active=False
        )
        audit.record(actor.id, "account_closed", f"account:{account_pk}")
