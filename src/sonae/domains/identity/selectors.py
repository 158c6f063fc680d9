"""Reads of accounts."""

from sonae.domains.identity.models import Account
from sonae.platform.access import Actor, Role
from sonae.platform.scope import current_municipality


def accounts() -> list[Account]:
    """Return all accounts of the municipality in force, staff first."""
    rows = Account.objects.filter(municipality=current_municipality())
    return sorted(rows, key=lambda one: (one.role == Role.RESIDENT, one.role, one.email))


def on_duty() -> list[Account]:
    """Return the staff accounts that asked to be mailed when an alarm is raised."""
    rows = Account.objects.filter(municipality=current_municipality(), duty_mail=True)
    return list(rows.filter(is_active=True).exclude(role=Role.RESIDENT.value).order_by("pk"))


def actor_for(email: str) -> Actor | None:
    """Return the actor of an account by its address (commands and the exercise), or None."""
    row = Account.objects.filter(municipality=current_municipality(), email=email.lower()).first()
    if row is None:
        return None
    return Actor(f"account:{row.pk}", Role(row.role), row.get_full_name(), row.pk, row.resident_pk)
