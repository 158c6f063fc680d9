"""Accounts through the domain's interface: made, given a new password, closed, within one city."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator

from sonae.core.errors import SonaeError
from sonae.domains.identity import interface as identity
from sonae.domains.identity.interface import Account
from sonae.platform import worlds
from sonae.platform.access import Role
from sonae.platform.models import AuditEntry
from tests.fixtures import ADMINISTRATOR, OPERATOR, VIEWER, City

EMAIL, PASSWORD, FRESH = "a@city.example.jp", "correct horse battery", "another good password"


@pytest.fixture
def account(city: City) -> Account:
    return identity.add_account(EMAIL, PASSWORD, Role.VIEWER, name="本部", actor=ADMINISTRATOR)


def test_an_account_belongs_to_the_city_that_made_it(account: Account) -> None:
    assert account.municipality == "992011"
    assert account.check_password(PASSWORD)
    assert PASSWORD not in account.password
    made = AuditEntry.objects.get(action="account_added")
    assert (made.actor, made.detail) == (ADMINISTRATOR.id, {"role": "viewer"})
    with worlds.entered("352021"):
        for refused in (
            lambda: identity.set_password(EMAIL, FRESH),
            lambda: identity.close_account(ADMINISTRATOR, account.pk),
        ):
            with pytest.raises(SonaeError, match="not_found"):
                refused()
        with pytest.raises(SonaeError, match="conflict"):
            identity.add_account(EMAIL, PASSWORD, Role.VIEWER)
    account.refresh_from_db()
    assert account.is_active


def test_a_new_password_opens_a_closed_account(account: Account) -> None:
    identity.close_account(ADMINISTRATOR, account.pk)
    account.refresh_from_db()
    assert not account.is_active
    identity.set_password(EMAIL.upper(), FRESH, actor=ADMINISTRATOR)
    account.refresh_from_db()
    assert account.is_active
    assert account.check_password(FRESH)
    with pytest.raises(SonaeError, match="weak_password"):
        identity.set_password(EMAIL, "short")


def test_lost_authenticators_are_forgotten_only_when_asked(account: Account) -> None:
    Authenticator.objects.create(user=account, type="totp", data={"secret": "sealed"})
    identity.set_password(EMAIL, FRESH)
    assert Authenticator.objects.filter(user=account).exists()
    identity.set_password(EMAIL, FRESH, forget_second_factor=True, actor=ADMINISTRATOR)
    assert not Authenticator.objects.filter(user=account).exists()
    acts = AuditEntry.objects.filter(action="password_set").order_by("sequence")
    assert [one.detail["second_factor"] for one in acts] == [True, False]


def test_staff_are_listed_before_residents(city: City, account: Account) -> None:
    identity.add_account("r@example.jp", PASSWORD, resident_pk=city.residents["備 太郎"].pk)
    identity.add_account("b@city.example.jp", PASSWORD, Role.APPROVER)
    assert [one.role for one in identity.accounts()] == ["approver", "viewer", "resident"]
    found = identity.actor_for("r@example.jp")
    assert found is not None
    assert (found.role, found.resident_id) == (Role.RESIDENT, city.residents["備 太郎"].pk)
    assert identity.actor_for("nobody@example.jp") is None


def test_only_administrators_make_change_and_close_accounts(city: City) -> None:
    account = identity.add_account("a@example.jp", "Long-enough-2026", Role.OPERATOR)
    for act in (
        lambda: identity.add_account("b@example.jp", "Long-enough-2026", Role.ADMINISTRATOR, actor=VIEWER),
        lambda: identity.set_password("a@example.jp", "Long-enough-2027", actor=OPERATOR),
        lambda: identity.close_account(OPERATOR, account.pk),
    ):  # fmt: skip
        with pytest.raises(SonaeError, match="forbidden"):
            act()
    assert [one.email for one in identity.accounts()] == ["a@example.jp"]
