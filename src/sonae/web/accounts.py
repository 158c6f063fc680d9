"""Accounts' screens: how allauth signs people in here, and the pages around it."""

from __future__ import annotations

import ipaddress
from typing import Any, ClassVar
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from sonae.domains.identity.interface import Account
from sonae.platform import audit
from sonae.platform.access import Audience, Role, actor_of, audience, declared, permits
from sonae.platform.scope import in_force
from sonae.platform.sealing import seal, unseal
from sonae.web.templatetags.sonae import in_world

_TOTP = "totp"
FIRST_PAGE = {
    Role.RESIDENT: "/me/",
    Role.RECEPTION: "/reception/",
    Role.VIEWER: "/staff/",
    Role.OPERATOR: "/staff/",
    Role.APPROVER: "/staff/",
    Role.ADMINISTRATOR: "/staff/",
}
"""Where each role begins its work."""

ROLE_NAMES = {
    Role.RESIDENT: _("住民"),
    Role.RECEPTION: _("避難所の受付"),
    Role.VIEWER: _("閲覧"),
    Role.OPERATOR: _("担当者"),
    Role.APPROVER: _("決裁者"),
    Role.ADMINISTRATOR: _("管理者"),
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Staff accounts are made by an administrator, residents' at a window or by invitation."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": _(
            "続けてまちがえたため、しばらくログインできません。5分待ってから、もう一度お試しください。急ぐときは、ほかの職員か管理者に知らせてください。"
        ),
    }
    """How long the way stays closed is allauth's own limit: five failures of a name in five minutes."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: nobody makes an account for oneself."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Sign in only accounts of the municipality in force; the others are unknown here."""
        account = super().authenticate(request, **credentials)
        return account if account is not None and _ours(account) else None

    def pre_login(self, request: HttpRequest, user: Account, **options: Any) -> Any:
        """Refuse an account of another municipality, however it signed in (a passkey, say)."""
        if not _ours(user):
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **options)

    def post_login(self, request: HttpRequest, user: Account, **options: Any) -> HttpResponse:
        """Lead to the page that was asked for, or to the role's own where that page is for others."""
        answer: HttpResponse = super().post_login(request, user, **options)
        if not _open_to(Role(user.role), answer.headers.get("Location", "")):
            answer.headers["Location"] = in_world(FIRST_PAGE[Role(user.role)])
        return answer

    def login(self, request: HttpRequest, user: Account) -> None:
        """Sign in and note it in the audit; a resident's own visits are nobody's business."""
        super().login(request, user)
        if user.role != Role.RESIDENT:
            audit.record(f"account:{user.pk}", "signed_in")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Note a wrong password for a member of staff (the address only)."""
        email = str(credentials.get("email", "")).strip().lower()
        staff = Account.objects.filter(email=email).exclude(role=Role.RESIDENT.value).first()
        if staff is not None and _ours(staff):
            audit.record("anonymous", "sign_in_failed", f"account:{staff.pk}")

    def reauthenticate(self, user: Account, password: str) -> bool:
        """Ask for the password again, under the same limit of failures as signing in."""
        found = self.authenticate(self.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Authenticators' secrets are sealed at rest."""

    def encrypt(self, text: str) -> str:
        """Seal a secret for the database."""
        return seal(_TOTP, text)

    def decrypt(self, encrypted_text: str) -> str:
        """Open a sealed secret."""
        return unseal(_TOTP, encrypted_text)


def _ours(account: AbstractBaseUser) -> bool:
    """Tell whether the account belongs to the municipality in force."""
    scope = in_force()
    return scope is not None and getattr(account, "municipality", "") == scope.municipality


def _open_to(role: Role, address: str) -> bool:
    """Tell whether a role may open an address of this site (in either world)."""
    try:
        audiences = declared(resolve(urlsplit(address).path.removeprefix("/drill")))
    except Resolver404:
        return False
    return audiences is not None and permits(audiences, role)


def passkeys_possible(request: HttpRequest) -> bool:
    """Tell whether browsers allow passkeys on this address: a secure name, never a bare number."""
    host = request.get_host().rsplit(":", 1)[0].strip("[]")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        secure = settings.HTTPS or request.is_secure()
        return secure or host == "localhost" or host.endswith(".localhost")
    return False


@audience(Audience.SIGNED_IN)
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Lead a person who signed in to where the work of the role begins."""
    role = actor_of(request).role or Role.RESIDENT
    return HttpResponseRedirect(in_world(FIRST_PAGE[role]))


@audience(Audience.SIGNED_IN)
@never_cache
def overview(request: HttpRequest) -> HttpResponse:
    """Show one's own account: name, role, password, second factor."""
    role = actor_of(request).role or Role.RESIDENT
    context = {
        "role_name": ROLE_NAMES[role],
        "staff": role is not Role.RESIDENT,
        "second_factor": get_mfa_adapter().is_mfa_enabled(request.user),
    }
    return render(request, "account/overview.html", context)


@audience(Audience.PUBLIC)
def forgotten(request: HttpRequest) -> HttpResponse:
    """Say what to do without the password: a person at the city makes a new one."""
    return render(request, "account/forgotten.html")


@audience(Audience.PUBLIC)
def closed(request: HttpRequest) -> HttpResponse:
    """Say where accounts are made."""
    return render(request, "account/signup_closed.html")
