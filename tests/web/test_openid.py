"""The OpenID Provider over HTTP: what it gives, to whom, and what it refuses."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.test import Client

from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.identity import interface as identity
from sonae.domains.identity.interface import Account
from sonae.domains.openid import interface as openid
from sonae.platform.access import Actor, Role
from sonae.platform.models import AuditEntry
from tests.fixtures import APPROVER, OPERATOR, City
from tests.web.relying import BACK, Party, party, told

pytestmark = pytest.mark.django_db
PASSWORD = "natsu-no-yuki-7"
ALL = {"verb": "allow", "peacetime": ["name", "kana", "birth_date", "sex"], "emergency": []}


def resident(city: City, name: str = "備 太郎", email: str = "taro@home.example.jp") -> Account:
    return identity.add_account(
        email, PASSWORD, Role.RESIDENT, name=name, resident_pk=city.residents[name].pk
    )


def browser(account: Account) -> Client:
    """A browser in which somebody has signed in by password, as people do."""
    client = Client()
    answer = client.post("/accounts/login/", {"login": account.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def acting(account: Account) -> Actor:
    return Actor(
        f"account:{account.pk}", Role.RESIDENT, account.name, account.pk, account.resident_pk
    )


@pytest.fixture(autouse=True)
def nobody_tried_before() -> None:
    """Log-ins are counted across tests of one process."""
    cache.clear()


@pytest.fixture
def taro(city: City) -> Account:
    return resident(city)


@pytest.fixture
def care(city: City) -> Party:
    return party()


def tokens(care: Party, client: Client, form: dict[str, Any] = ALL, **changes: str) -> Any:
    """Sign in with what the form says; the token endpoint's answer."""
    assert care.ask(client, **changes).status_code == 200
    return care.redeem(care.answer(client, form, **changes)).json()


def payload(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def test_a_person_signs_in_and_the_service_reads_what_was_allowed(
    care: Party, taro: Account
) -> None:
    client = browser(taro)
    page = care.ask(client).content.decode()
    assert "見守りアプリ" in page
    assert "見守り社" in page
    back = care.answer(client, {"verb": "allow", "peacetime": ["name", "birth_date"]})
    assert back["Location"].startswith(BACK + "?")
    assert told(back)["state"] == "st"
    assert told(back)["iss"] == "http://testserver"
    made = care.redeem(back)
    assert made["Cache-Control"] == "no-store"
    held = made.json()
    identity_token = payload(held["id_token"])
    assert identity_token["nonce"] == "no"
    assert identity_token["aud"] == care.row.client_id
    assert identity_token["amr"] == ["pwd"]
    assert {"sid", "at_hash", "auth_time", "acr"} <= set(identity_token)
    assert "name" not in identity_token
    info = care.info(held["access_token"]).json()
    assert info == {"sub": identity_token["sub"], "name": "備 太郎", "birthdate": "1950-04-01"}
    look = AccessEvent.objects.get(purpose="service")
    assert (look.recipient, look.rule, look.fields) == (
        "見守りアプリ",
        "consent",
        ["birth_date", "name"],
    )
    # Known, and nothing new is asked for: straight back.
    assert "code" in told(care.ask(client))


def test_nothing_ticked_is_a_sign_in_without_data(care: Party, taro: Account) -> None:
    client = browser(taro)
    held = tokens(care, client, {"verb": "allow"})
    assert set(care.info(held["access_token"]).json()) == {"sub"}
    assert "code" in told(care.ask(client)), "who has answered is not asked again"


def test_who_refuses_goes_back_without_a_code(care: Party, taro: Account) -> None:
    client = browser(taro)
    care.ask(client)
    back = told(care.answer(client, {"verb": "refuse"}))
    assert (back["error"], back["state"], back["iss"]) == (
        "access_denied",
        "st",
        "http://testserver",
    )
    assert not openid.ServiceUse.objects.exists()
    assert care.ask(client).status_code == 200, "the next time it is asked anew"


def test_a_code_that_comes_again_ends_what_it_gave(care: Party, taro: Account) -> None:
    client = browser(taro)
    back = care.answer(client, ALL)
    held = care.redeem(back).json()
    assert care.redeem(back).json()["error"] == "invalid_grant"
    assert care.info(held["access_token"]).status_code == 401
    assert care.refresh(held["refresh_token"]).json()["error"] == "invalid_grant"
    assert AuditEntry.objects.filter(action="service_token_replayed").exists()


def test_refreshing_gives_a_new_token_and_a_stolen_one_ends_all(care: Party, taro: Account) -> None:
    first = tokens(care, browser(taro), scope="openid profile offline_access")
    second = care.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert care.info(second["access_token"]).status_code == 200
    assert care.refresh(first["refresh_token"]).status_code == 400
    assert care.refresh(second["refresh_token"]).status_code == 400
    assert care.info(second["access_token"]).status_code == 401


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "select_account"}, "account_selection_required"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"claims": "[1"}, "invalid_request"),
        ({"request": "x.y.z"}, "request_not_supported"),
        ({"request_uri": "https://care.example.jp/r"}, "request_uri_not_supported"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "openid admin"}, "invalid_scope"),
    ],
)  # fmt: skip
def test_a_bad_request_goes_back_with_its_error(
    care: Party, taro: Account, changes: dict[str, str | None], error: str
) -> None:
    back = told(care.ask(browser(taro), **changes))
    assert (back["error"], back["iss"]) == (error, "http://testserver")


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": BACK + "?x=1"}, {"redirect_uri": BACK + "/"}, {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/callback"}, {"client_id": "unknown"},
        {"redirect_uri": BACK.upper()}, {"redirect_uri": BACK + "#x"}, {"client_id": None},
    ],
)  # fmt: skip
def test_nobody_is_led_to_an_address_that_is_not_registered(
    care: Party, taro: Account, changes: dict[str, str | None]
) -> None:
    answer = care.ask(browser(taro), **changes)
    assert answer.status_code == 400
    assert "Location" not in answer


def test_a_parameter_given_twice_is_refused(care: Party, taro: Account) -> None:
    client = browser(taro)
    for twice in ("redirect_uri=https%3A%2F%2Fevil.example%2F", "client_id=x", "state=a&state=b"):
        answer = client.get(f"/oauth/authorize?{care.query()}&{twice}")
        assert answer.status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "x" * 43},
        {"code_verifier": ""},
        {"redirect_uri": BACK + "2"},
        {"code": "y"},
    ],
)
def test_a_code_is_worth_nothing_without_its_verifier_and_address(
    care: Party, taro: Account, changes: dict[str, str]
) -> None:
    answer = care.redeem(care.answer(browser(taro), ALL), **changes)
    assert answer.status_code == 400
    assert "access_token" not in answer.json()


def test_a_code_of_another_service_is_no_code(care: Party, taro: Account) -> None:
    school = party("学校アプリ", redirect_uris=["https://school.example.jp/cb"])
    back = care.answer(browser(taro), ALL)
    school.verifier = care.verifier
    assert school.redeem(back, redirect_uri=care.uri).json()["error"] == "invalid_grant"
    assert care.redeem(back).status_code == 200, "the right one is not harmed by it"


def test_a_service_without_its_secret_is_nobody(care: Party, taro: Account) -> None:
    back = care.answer(browser(taro), ALL)
    care.secret, right = "wrong", care.secret
    refused = care.redeem(back)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert refused["WWW-Authenticate"].startswith("Basic")
    form = {
        "grant_type": "authorization_code", "code": told(back)["code"], "redirect_uri": care.uri,
        "code_verifier": care.verifier, "client_id": care.row.client_id,
    }  # fmt: skip
    assert Client().post("/oauth/token", form).status_code in (400, 401)
    care.secret = right
    assert care.redeem(back).status_code == 200


def test_who_fails_on_and_on_is_told_to_wait_and_nobody_else(care: Party, taro: Account) -> None:
    back = care.answer(browser(taro), ALL)
    school = party("学校アプリ", redirect_uris=["https://school.example.jp/cb"])
    thief = Party(care.row, "wrong")
    stranger = Party(openid.Service(client_id="nobody"), "wrong")
    for one in (thief, stranger):
        answers = [one.post("token", grant_type="refresh_token") for _n in range(21)]
        assert [answer.status_code for answer in answers] == [401] * 20 + [429]
        assert answers[-1]["Retry-After"] == "300"
        assert answers[-1].json()["error"] == "invalid_client"
    stranger.row.client_id = "somebody else"
    for path in ("introspect", "revoke"):
        assert stranger.post(path, token="x").status_code == 429, "unknown names count as one"
    school.secret = "mistyped"
    assert school.post("introspect", token="x").status_code == 401
    assert care.redeem(back).status_code == 200, "who has the secret is not shut out by others"


def test_services_of_two_sectors_know_a_person_by_two_names(care: Party, taro: Account) -> None:
    client = browser(taro)
    school = party("学校アプリ", redirect_uris=["https://school.example.jp/cb"])
    twin = party("見守り手帳", redirect_uris=["https://care.example.jp/book"])
    subs = [payload(tokens(one, client)["id_token"])["sub"] for one in (care, school, twin)]
    assert subs[0] != subs[1]
    assert subs[0] == subs[2]
    assert str(taro.resident_pk) not in subs
    assert payload(care.redeem(care.ask(client)).json()["id_token"])["sub"] == subs[0]


def test_prompt_none_never_shows_a_page(care: Party, taro: Account) -> None:
    assert told(care.ask(Client(), prompt="none"))["error"] == "login_required"
    client = browser(taro)
    assert told(care.ask(client, prompt="none"))["error"] == "consent_required"
    tokens(care, client)
    assert "code" in told(care.ask(client, prompt="none"))
    assert (
        told(care.ask(client, prompt="none", scope="openid address"))["error"] == "consent_required"
    )


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}])
def test_who_must_prove_it_again_does_and_only_once(
    care: Party, taro: Account, changes: dict[str, str]
) -> None:
    client = browser(taro)
    tokens(care, client)
    before = payload(care.redeem(care.ask(client)).json()["id_token"])["auth_time"]
    sent = care.ask(client, **changes)
    assert sent["Location"].startswith("/accounts/reauthenticate/?next=/oauth/authorize")
    assert care.ask(client, **changes)["Location"].startswith("/accounts/reauthenticate/")
    done = client.post(sent["Location"], {"password": PASSWORD})
    assert done.status_code == 302
    assert b"http-equiv" in client.get(done["Location"]).content
    back = client.get(done["Location"])
    assert payload(care.redeem(back).json()["id_token"])["auth_time"] >= before
    assert care.ask(client, **changes)["Location"].startswith("/accounts/reauthenticate/")


def test_the_way_through_the_log_in_ends_at_the_service(care: Party, taro: Account) -> None:
    tokens(care, browser(taro))
    client = Client()
    sent = care.ask(client)
    assert sent["Location"].startswith("/accounts/login/?next=/oauth/authorize")
    done = client.post(sent["Location"], {"login": taro.email, "password": PASSWORD})
    assert done["Location"].startswith("/oauth/authorize?")
    assert b"http-equiv" in client.get(done["Location"]).content
    assert "code" in told(client.get(done["Location"]))


def test_a_request_by_form_is_one_by_address(care: Party) -> None:
    asked = dict(part.split("=", 1) for part in care.query().split("&"))
    answer = Client(enforce_csrf_checks=True).post(
        "/oauth/authorize", {"client_id": asked["client_id"]}
    )
    assert answer["Location"] == f"/oauth/authorize?client_id={asked['client_id']}"


def test_consent_is_given_on_our_page_alone(care: Party, taro: Account) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(taro)
    answer = client.post(f"/oauth/consent?{care.query()}", ALL)
    assert answer.status_code == 403
    assert "text/html" in answer["Content-Type"]
    assert not consent.ConsentGrant.objects.exists()
    page = care.ask(client)
    assert page["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert (
        Client()
        .post(f"/oauth/consent?{care.query()}", ALL)["Location"]
        .startswith("/accounts/login")
    )


def test_more_than_was_asked_about_is_not_given(care: Party, taro: Account) -> None:
    client = browser(taro)
    held = tokens(care, client, {"verb": "allow", "peacetime": ["name", "address", "position"]})
    assert set(care.info(held["access_token"]).json()) == {"sub", "name"}


def test_staff_are_no_residents(care: Party, city: City) -> None:
    client = browser(identity.add_account("op@city.example.jp", PASSWORD, Role.OPERATOR))
    assert care.ask(client).status_code == 403
    assert told(care.ask(client, prompt="none"))["error"] == "access_denied"


def test_single_claims_can_be_asked_for(care: Party, taro: Account) -> None:
    wanted = json.dumps({"userinfo": {"name": {"essential": True}, "phone_number": None}})
    client = browser(taro)
    page = care.ask(client, scope="openid", claims=wanted).content.decode()
    assert 'value="phone"' in page
    assert 'value="address"' not in page
    form = {"verb": "allow", "peacetime": ["name"]}
    held = care.redeem(care.answer(client, form, scope="openid", claims=wanted)).json()
    assert set(care.info(held["access_token"]).json()) == {"sub", "name"}


def test_in_a_declared_emergency_the_roster_goes_to_the_body_and_no_longer(
    city: City, taro: Account
) -> None:
    """A care app of the 社会福祉協議会 gets what law allows, about who is on the roster, and loses it."""
    care = party(body="社会福祉協議会", tier="city")
    school = party("学校アプリ", redirect_uris=["https://school.example.jp/cb"])
    client = browser(taro)
    scope = "openid profile address needs"
    held = tokens(care, client, {"verb": "allow"}, scope=scope)
    other = tokens(school, client, {"verb": "allow"}, scope=scope)
    assert "法律により" in care.ask(client, prompt="consent", scope=scope).content.decode()
    assert set(care.info(held["access_token"]).json()) == {"sub"}
    sharing = consent.declare_sharing(OPERATOR, "洪水", ["name", "address", "needs"], 24)
    consent.approve_sharing(APPROVER, sharing.pk)
    told_now = care.info(held["access_token"]).json()
    assert set(told_now) == {"sub", "name", "address", "urn:sonae:needs"}
    assert AccessEvent.objects.filter(rule="emergency", sharing=sharing.pk).exists()
    assert set(school.info(other["access_token"]).json()) == {"sub"}
    consent.end_sharing(OPERATOR, sharing.pk)
    assert set(care.info(held["access_token"]).json()) == {"sub"}


def test_shielded_people_sign_in_and_nothing_is_told(city: City) -> None:
    client = browser(resident(city, "佐藤 守", "mamoru@home.example.jp"))
    care = party(body="社会福祉協議会")
    page = care.ask(client).content.decode()
    assert "支援措置を受けているため" in page
    assert "checkbox" not in page
    held = tokens(care, client)
    assert set(care.info(held["access_token"]).json()) == {"sub"}


def test_introspection_and_revocation_are_for_the_token_s_own_service(
    care: Party, taro: Account
) -> None:
    held = tokens(care, browser(taro), scope="openid profile offline_access")
    told_of = care.post("introspect", token=held["access_token"]).json()
    assert told_of["active"] is True
    assert told_of["client_id"] == care.row.client_id
    assert care.post("introspect", token=held["refresh_token"]).json()["active"] is True
    school = party("学校アプリ", redirect_uris=["https://school.example.jp/cb"])
    assert school.post("introspect", token=held["access_token"]).json() == {"active": False}
    assert school.post("revoke", token=held["refresh_token"]).json()["error"] == "invalid_grant"
    assert care.info(held["access_token"]).status_code == 200
    assert care.post("revoke", token="nonsense").status_code == 200
    assert care.post("revoke", token=held["refresh_token"]).status_code == 200
    assert care.post("introspect", token=held["access_token"]).json() == {"active": False}
    assert care.info(held["access_token"]).status_code == 401


def test_a_sign_in_dies_with_password_account_service_use_and_session(
    care: Party, taro: Account
) -> None:
    client = browser(taro)
    held = tokens(care, client)
    identity.set_password(taro.email, "another-summer-8")
    assert care.info(held["access_token"]).status_code == 401
    taro.refresh_from_db()
    taro.set_password(PASSWORD)
    taro.save()
    client = browser(taro)

    def fresh(**changes: str) -> str:
        return str(care.redeem(care.ask(client, **changes)).json()["access_token"])

    token = fresh()
    openid.using.end(acting(taro), care.row)
    assert care.info(token).status_code == 401
    token = str(tokens(care, client)["access_token"])
    staying = fresh(scope="openid profile offline_access")
    client.post("/accounts/logout/")
    assert care.info(token).status_code == 401
    assert care.info(staying).status_code == 200
    openid.stop(care.row.client_id)
    assert care.info(staying).status_code == 401
    assert care.ask(Client()).status_code == 400


def test_logout_at_a_service_s_word_needs_proof_or_the_person(care: Party, taro: Account) -> None:
    other = party(
        "学校アプリ",
        redirect_uris=["https://s.example.jp/cb"],
        logout_uris=["https://s.example.jp/bye"],
    )
    client = browser(taro)
    held = tokens(other, client)
    asked = {
        "client_id": other.row.client_id,
        "post_logout_redirect_uri": "https://s.example.jp/bye",
    }
    assert "ログアウトしますか" in client.get("/oauth/logout", asked).content.decode()
    assert client.get("/me/").status_code == 200
    evil = {
        **asked,
        "id_token_hint": held["id_token"],
        "post_logout_redirect_uri": "https://evil.example/",
    }
    proof = {**asked, "id_token_hint": held["id_token"], "state": "bye"}
    assert (
        client.get("/oauth/logout", {**proof, "client_id": care.row.client_id}).status_code == 400
    )
    assert client.get("/oauth/logout", {**proof, "id_token_hint": "a.b.c"}).status_code == 400
    answer = client.get("/oauth/logout", proof)
    assert answer["Location"] == "https://s.example.jp/bye?state=bye"
    assert client.get("/me/").status_code == 302
    assert other.info(held["access_token"]).status_code == 401
    assert "Location" not in client.get("/oauth/logout", evil)


def test_logout_by_a_form_of_the_service_signs_the_browser_out(care: Party, taro: Account) -> None:
    """Such a form brings no cookie (SameSite); the address that it is led to does."""
    client = browser(taro)
    proof = {"id_token_hint": tokens(care, client)["id_token"]}
    sent = Client(enforce_csrf_checks=True).post("/oauth/logout", proof)
    assert sent["Location"] == f"/oauth/logout?{urlencode(proof)}"
    assert client.get("/me/").status_code == 200
    assert "ログアウトしました" in client.get(sent["Location"]).content.decode()
    assert client.get("/me/").status_code == 302


def test_nothing_in_an_id_token_joins_two_services(care: Party, taro: Account) -> None:
    school = party("学校アプリ", redirect_uris=["https://school.example.jp/cb"])
    client = browser(taro)
    held, other = tokens(care, client), tokens(school, client)
    mine, theirs = payload(held["id_token"]), payload(other["id_token"])
    personal = {"sub", "sid", "at_hash", "aud"}
    assert {mine[name] for name in personal}.isdisjoint(theirs[name] for name in personal)
    session = client.session["openid_sid"]
    assert session not in json.dumps([mine, theirs])


def test_an_id_token_ends_its_own_sign_in_and_no_other(care: Party, taro: Account) -> None:
    """Whoever has got hold of one, without the person's browser."""
    school = party("学校アプリ", redirect_uris=["https://school.example.jp/cb"])
    client = browser(taro)
    held, other = tokens(care, client), tokens(school, client)
    staying = care.redeem(care.ask(client, scope="openid profile offline_access")).json()
    proof = {"id_token_hint": held["id_token"]}
    assert Client().get("/oauth/logout", proof).status_code == 200
    assert care.info(held["access_token"]).status_code == 401
    assert school.info(other["access_token"]).status_code == 200
    Client().get("/oauth/logout", {"id_token_hint": staying["id_token"]})
    assert care.info(staying["access_token"]).status_code == 200
    assert client.get("/me/").status_code == 200
    elsewhere = browser(taro)
    asked = elsewhere.get("/oauth/logout", {"id_token_hint": other["id_token"]})
    assert "ログアウトしますか" in asked.content.decode(), "it is about another browser"
    assert school.info(other["access_token"]).status_code == 200
    client.get("/oauth/logout", proof)
    assert client.get("/me/").status_code == 302, "here it is proof, though its sign-in has ended"
    assert school.info(other["access_token"]).status_code == 401


def test_access_tokens_are_ours_typed_and_not_id_tokens(care: Party, taro: Account) -> None:
    held = tokens(care, browser(taro))
    header, body, signature = held["access_token"].split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["typ"] == "at+jwt"
    assert care.info(held["id_token"]).status_code == 401
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    for forged in (
        f"{none}.{body}.",
        f"{header}.{body}.{signature[:-4]}AAAA",
        f"{header}.{body}",
        "x",
        "",
    ):
        assert care.info(forged).status_code == 401


def test_a_program_for_itself_gets_its_scopes_and_no_person(city: City) -> None:
    machine = party(
        "連携バッチ", redirect_uris=[], grants=["client_credentials"], scope="ngsi.read scim.read"
    )
    made = machine.post("token", grant_type="client_credentials", scope="ngsi.read").json()
    assert made["scope"] == "ngsi.read"
    assert "refresh_token" not in made
    assert machine.info(made["access_token"]).status_code == 403
    wrong = machine.post("token", grant_type="client_credentials", scope="openid").json()
    assert wrong["error"] == "invalid_scope"
    assert (
        party().post("token", grant_type="client_credentials").json()["error"]
        == "unauthorized_client"
    )


def test_the_exercise_has_no_door(care: Party, taro: Account) -> None:
    client = browser(taro)
    assert client.get(f"/drill/oauth/authorize?{care.query()}").status_code == 404
    assert (
        client.post("/drill/oauth/token", {"grant_type": "authorization_code"}).status_code == 404
    )


def test_discovery_names_only_what_is_there(city: City) -> None:
    client = Client()
    told_of = client.get("/.well-known/openid-configuration").json()
    assert told_of == client.get("/.well-known/oauth-authorization-server").json()
    assert told_of["code_challenge_methods_supported"] == ["S256"]
    for name in (
        "authorization",
        "token",
        "userinfo",
        "introspection",
        "revocation",
        "end_session",
    ):
        path = told_of[f"{name}_endpoint"].removeprefix(told_of["issuer"])
        assert client.get(path).status_code != 404, path
    keys = client.get(told_of["jwks_uri"].removeprefix(told_of["issuer"])).json()["keys"]
    assert [sorted(one) for one in keys] == [["alg", "e", "kid", "kty", "n", "use"]]
