"""Signing in: password, limits, second factor, other municipalities, where each role begins."""

from __future__ import annotations

import hmac
import struct
import time
from base64 import b32decode
from hashlib import sha1

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from django.test.utils import override_settings

from sonae.core.errors import SonaeError
from sonae.domains.identity import interface as identity
from sonae.domains.identity.interface import Account
from sonae.platform import worlds
from sonae.platform.access import Role
from sonae.platform.models import AuditEntry
from sonae.platform.scope import World
from sonae.platform.sealing import seal, unseal
from tests.fixtures import ADMINISTRATOR, CODE, City

PASSWORD = "correct horse battery"
EMAIL = "officer@city.example.jp"


@pytest.fixture(autouse=True)
def _no_limits_from_other_tests() -> None:
    cache.clear()


@pytest.fixture
def officer(city: City) -> Account:
    return identity.add_account(EMAIL, PASSWORD, Role.OPERATOR, name="本部 一郎")


def sign_in(client: Client, email: str = EMAIL, password: str = PASSWORD, **more: str) -> int:
    data = {"login": email, "password": password, **more}
    return client.post("/accounts/login/", data).status_code


def confirm(client: Client) -> None:
    """Give the password once more, as is asked before a sensitive change."""
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302


def signed_in(client: Client) -> bool:
    return client.get("/accounts/").status_code == 200


def test_right_password_leads_home_and_wrong_one_does_not(officer: Account) -> None:
    client = Client()
    page = client.get("/accounts/login/")
    assert "ログイン" in page.content.decode()
    assert sign_in(client, password="wrong wrong wrong") == 200
    assert not signed_in(client)
    answer = client.post("/accounts/login/", {"login": EMAIL.upper(), "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/home/")
    assert signed_in(client)
    acts = list(AuditEntry.objects.order_by("sequence").values_list("actor", "action"))
    assert acts[-2:] == [("anonymous", "sign_in_failed"), (f"account:{officer.pk}", "signed_in")]


def test_next_page_is_kept_and_never_leads_away(officer: Account) -> None:
    client = Client()
    answer = client.get("/staff/shelters/?x=1")
    assert (answer.status_code, answer["Location"]) == (
        302,
        "/accounts/login/?next=/staff/shelters/%3Fx%3D1",
    )
    login = {"login": EMAIL, "password": PASSWORD, "next": "/staff/shelters/?x=1"}
    assert client.post("/accounts/login/", login)["Location"] == "/staff/shelters/?x=1"
    evil = {"login": EMAIL, "password": PASSWORD, "next": "https://evil.example/"}
    assert Client().post("/accounts/login/", evil)["Location"] == "/home/"


@pytest.mark.parametrize(
    ("role", "first"),
    [
        (Role.RESIDENT, "/me/"),
        (Role.RECEPTION, "/reception/"),
        (Role.VIEWER, "/staff/"),
        (Role.OPERATOR, "/staff/"),
        (Role.APPROVER, "/staff/"),
        (Role.ADMINISTRATOR, "/staff/"),
    ],
)
def test_each_role_begins_where_it_works(city: City, role: Role, first: str) -> None:
    resident = city.residents["備 太郎"].pk if role is Role.RESIDENT else None
    client = Client()
    client.force_login(identity.add_account(EMAIL, PASSWORD, role, resident_pk=resident))
    assert client.get("/home/")["Location"] == first
    assert client.get("/drill/home/")["Location"] == f"/drill{first}"
    assert client.get(first, follow=True).status_code == 200


def test_home_is_for_people_who_signed_in(city: City) -> None:
    assert Client().get("/home/")["Location"] == "/accounts/login/?next=/home/"


def test_too_many_wrong_passwords_lock_the_address_for_a_while(officer: Account) -> None:
    client = Client()
    tries = [sign_in(client, password=f"wrong number {n}") for n in range(6)]
    assert tries == [200] * 6
    locked = client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
    assert locked.status_code == 200
    assert "5分待ってから" in locked.content.decode(), "how long, and whom to tell"
    assert not signed_in(client)
    identity.add_account("second@city.example.jp", PASSWORD, Role.VIEWER)
    assert sign_in(client, "second@city.example.jp") == 302, "others may still sign in"


def test_a_flood_of_sign_ins_is_told_to_wait(officer: Account) -> None:
    client = Client()
    last = [sign_in(client, f"nobody{n}@example.jp", "wrong wrong") for n in range(35)][-1]
    assert last == 429


def test_behind_a_proxy_each_sender_has_its_own_limit(officer: Account) -> None:
    with override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=1):
        for n in range(12):
            Client().post(
                "/accounts/login/",
                {"login": f"nobody{n}@example.jp", "password": "wrong wrong"},
                headers={"X-Forwarded-For": "203.0.113.9"},
            )
        other = Client().post(
            "/accounts/login/",
            {"login": EMAIL, "password": PASSWORD},
            headers={"X-Forwarded-For": "203.0.113.77"},
        )
    assert other.status_code == 302


def test_nobody_makes_an_account_for_oneself(city: City) -> None:
    client = Client()
    assert "窓口" in client.get("/accounts/signup/").content.decode()
    posted = client.post(
        "/accounts/signup/",
        {"email": "new@example.jp", "password1": PASSWORD, "password2": PASSWORD},
    )
    assert not Account.objects.filter(email="new@example.jp").exists()
    assert posted.status_code == 200
    for gone in ("password/reset/key/a-b/", "confirm-email/", "login/code/confirm/"):
        assert client.get(f"/accounts/{gone}").status_code == 404
    assert "管理者" in client.get("/accounts/password/reset/").content.decode()


def test_an_account_of_another_city_is_nobody_here(officer: Account) -> None:
    Account.objects.filter(pk=officer.pk).update(municipality="352021")
    client = Client()
    assert sign_in(client) == 200
    client.force_login(officer)
    assert not signed_in(client), "even with a session"
    assert client.get("/staff/")["Location"].startswith("/accounts/login/")


def test_a_closed_account_cannot_sign_in(officer: Account) -> None:
    client = Client()
    client.force_login(officer)
    identity.close_account(ADMINISTRATOR, officer.pk)
    assert not signed_in(client)
    answer = client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD}, follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain in ([], [("/accounts/inactive/", 302)])
    assert not signed_in(client)


def test_changing_the_password_signs_other_devices_out(officer: Account) -> None:
    here, there = Client(), Client()
    sign_in(here)
    sign_in(there)
    fresh = "brand new password"
    form = {"oldpassword": PASSWORD, "password1": fresh, "password2": fresh}
    bad = here.post("/accounts/password/change/", form | {"password2": "something else"})
    assert bad.status_code == 200
    short = here.post("/accounts/password/change/", form | {"password1": "kk", "password2": "kk"})
    assert "10" in short.content.decode()
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert signed_in(here)
    assert not signed_in(there)
    assert sign_in(there, password=fresh) == 302


def test_signing_out_needs_a_post(officer: Account) -> None:
    client = Client()
    sign_in(client)
    assert client.get("/accounts/logout/").status_code == 200
    assert signed_in(client)
    client.post("/accounts/logout/")
    assert not signed_in(client)


def code(secret: str, moment: float) -> str:
    """RFC 6238 with its default values, computed here a second time."""
    counter = struct.pack(">Q", int(moment // 30))
    digest = hmac.new(b32decode(secret), counter, sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def test_authenticator_app_from_activation_to_sign_in(officer: Account) -> None:
    client = Client()
    sign_in(client)
    asked = client.get("/accounts/2fa/totp/activate/")
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    confirm(client)
    page = client.get("/accounts/2fa/totp/activate/")
    assert page.status_code == 200
    secret = page.context["form"].secret
    assert secret in page.content.decode()
    wrong = client.post("/accounts/2fa/totp/activate/", {"code": "000000"})
    assert wrong.status_code == 200
    right = client.post("/accounts/2fa/totp/activate/", {"code": code(secret, time.time())})
    assert right.status_code == 302
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert stored != secret, "the secret is sealed at rest"
    assert unseal("totp", stored) == secret

    other = Client()
    answer = other.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert not signed_in(other), "the password alone is not enough"
    assert "二段階認証" in other.get("/accounts/2fa/authenticate/").content.decode()
    assert other.post("/accounts/2fa/authenticate/", {"code": "123"}).status_code == 200
    assert not signed_in(other)
    cache.clear()  # the app's code of this half minute was used above; replay is refused
    done = other.post("/accounts/2fa/authenticate/", {"code": code(secret, time.time() + 30)})
    assert done.status_code in (200, 302)
    codes = client.get("/accounts/2fa/recovery-codes/").context["unused_codes"]
    if done.status_code == 200:
        done = other.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert done.status_code == 302
    assert signed_in(other)


def test_recovery_codes_work_once(officer: Account) -> None:
    client = Client()
    sign_in(client)
    confirm(client)
    secret = client.get("/accounts/2fa/totp/activate/").context["form"].secret
    client.post("/accounts/2fa/totp/activate/", {"code": code(secret, time.time())})
    spare = client.get("/accounts/2fa/recovery-codes/").context["unused_codes"][0]
    for expected in (True, False):
        other = Client()
        other.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
        other.post("/accounts/2fa/authenticate/", {"code": spare})
        assert signed_in(other) is expected
    download = client.get("/accounts/2fa/recovery-codes/download/")
    assert spare not in download.content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "", "2fa/", "2fa/totp/activate/", "2fa/webauthn/", "2fa/webauthn/add/", "password/change/",
        "reauthenticate/", "logout/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["ja", "en", "ja-x-easy"])
def test_every_page_of_ones_account_opens(officer: Account, path: str, language: str) -> None:
    client = Client()
    client.cookies["sonae_language"] = language
    sign_in(client)
    confirm(client)
    assert client.get(f"/accounts/{path}").status_code == 200


def test_reauthentication_asks_for_the_password_under_the_same_limit(officer: Account) -> None:
    client = Client()
    sign_in(client)
    wrong = [
        client.post("/accounts/reauthenticate/", {"password": f"no no no {n}"}).status_code
        for n in range(3)
    ]
    assert wrong == [200] * 3
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302


def test_passkeys_are_offered_only_where_browsers_allow_them(officer: Account) -> None:
    def offered(host: str) -> bool:
        with override_settings(ALLOWED_HOSTS=["*"]):
            page = Client().get("/accounts/login/", headers={"Host": host})
        return "passkey_login" in page.content.decode()

    assert offered("localhost:8000")
    assert not offered("127.0.0.1:8000")
    assert not offered("[::1]:8000")
    assert not offered("bousai.example.jp")
    with override_settings(HTTPS=True):
        assert offered("bousai.example.jp")


def test_the_exercise_is_closed_to_visitors(city: City, officer: Account) -> None:
    assert Client().get("/").status_code == 200
    closed = Client().get("/drill/")
    assert closed["Location"] == "/accounts/login/?next=/drill/"
    client = Client()
    client.force_login(officer)
    assert client.get("/drill/").status_code == 200


def test_what_is_sealed_opens_only_for_its_purpose_and_key() -> None:
    sealed = seal("totp", "秘密")
    assert "秘密" not in sealed
    assert unseal("totp", sealed) == "秘密"
    with pytest.raises(SonaeError, match="unsealable"):
        unseal("other", sealed)
    with override_settings(SECRET_KEY="another"), pytest.raises(SonaeError, match=r"secret\.key"):
        unseal("totp", sealed)


def test_accounts_are_those_of_the_municipality(city: City, officer: Account) -> None:
    with worlds.entered("352021"):
        assert identity.accounts() == []
        assert identity.actor_for(EMAIL) is None
    with worlds.entered(CODE, World.EXERCISE):
        assert identity.accounts() == [officer]


def test_the_page_asked_for_is_shown_only_to_whom_it_is_open(officer: Account) -> None:
    """わたしの避難 leads staff through the log-in to their own desk, not to a refusal."""
    form = {"login": EMAIL, "password": PASSWORD}
    for asked, led in (
        ("/me/", "/staff/"),
        ("/drill/me/", "/staff/"),
        ("/staff/safety/", "/staff/safety/"),
        ("/nowhere/", "/staff/"),
    ):
        answer = Client().post("/accounts/login/", {**form, "next": asked})
        assert answer["Location"] == led
    client = Client()
    client.force_login(officer)
    refused = client.get("/me/")
    assert refused.status_code == 403
    assert 'href="/home/"' in refused.content.decode().split("<main")[1]


def test_the_public_page_leads_staff_to_their_desk(city: City) -> None:
    assert 'href="/home/"' in Client().get("/").content.decode()
