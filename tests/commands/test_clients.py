"""``sonae clients`` keeps to its contract."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.domains.openid import interface as openid
from sonae.platform.models import AuditEntry
from sonae.web.commands.clients import group
from tests.fixtures import City

BACK = "https://care.example.jp/callback"


def run(*arguments: str) -> tuple[Result, list[dict[str, Any]]]:
    result = CliRunner().invoke(group, list(arguments))
    return result, [json.loads(line) for line in result.stdout.splitlines()]


def added(*arguments: str) -> Result:
    return run("add", "--name", "見守りアプリ", *arguments, "--format", "jsonl")[0]


def test_a_service_is_registered_and_its_secret_shown_once(city: City) -> None:
    done = added(
        "--redirect-uri", BACK, "--redirect-uri", "http://127.0.0.1:9000/cb", "--sector", "care",
        "--post-logout-redirect-uri", "https://care.example.jp/bye",
        "--backchannel-logout-uri", "https://care.example.jp/out",
        "--grant", "authorization_code,refresh_token", "--scope", "openid profile offline_access",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    made = json.loads(done.stdout)
    assert sorted(made) == ["client_id", "client_secret"]
    [row] = openid.services()
    assert row.client_id == made["client_id"]
    assert made["client_secret"] not in str(vars(row))
    assert row.kinds == ["birth_date", "kana", "name", "sex"]
    [listed] = run("list", "--format", "jsonl")[1]
    assert listed["redirect_uris"] == [BACK, "http://127.0.0.1:9000/cb"]
    [fresh] = run("secret", made["client_id"], "--format", "jsonl")[1]
    assert fresh["client_secret"] != made["client_secret"]
    assert run("stop", made["client_id"])[0].exit_code == 0
    assert openid.service(made["client_id"]) is None
    assert run("secret", made["client_id"])[0].exit_code == 1
    assert run("stop", "unknown")[0].exit_code == 1
    acts = AuditEntry.objects.filter(action__startswith="service_").order_by("sequence")
    assert [one.action for one in acts] == [
        "service_registered", "service_secret_renewed", "service_stopped",
    ]  # fmt: skip


def test_a_public_service_and_a_program_have_what_they_need(city: City) -> None:
    app = json.loads(added("--redirect-uri", "jp.example.care:/cb", "--public").stdout)
    assert app["client_secret"] == ""
    machine = added("--grant", "client_credentials", "--scope", "ngsi.read ngsi.write")
    assert machine.exit_code == 0, machine.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["--redirect-uri", BACK, "--scope", "profile"], ["--redirect-uri", BACK, "--scope", "openid root"],
        ["--redirect-uri", BACK, "--grant", "password"], ["--redirect-uri", BACK, "--grant", "device_code"],
        ["--redirect-uri", "http://care.example.jp/cb"], ["--redirect-uri", "javascript:alert(1)"],
        ["--redirect-uri", BACK + "#x"], ["--redirect-uri", "https:///cb"], ["--redirect-uri", "data:text/html,x"],
        ["--redirect-uri", "https://u:p@care.example.jp/cb"], ["--redirect-uri", "https://a\\@b/"],
        ["--redirect-uri", BACK, "--redirect-uri", "https://other.example.jp/cb"],
        ["--redirect-uri", BACK, "--public", "--legacy-no-pkce"],
        ["--redirect-uri", BACK, "--post-logout-redirect-uri", "http://care.example.jp/bye"],
        ["--grant", "client_credentials", "--public"],
        ["--grant", "client_credentials", "--redirect-uri", BACK],
    ],
)  # fmt: skip
def test_what_is_not_safe_is_not_registered(city: City, arguments: list[str]) -> None:
    done = added(*arguments)
    assert done.exit_code == 1
    told = json.loads(done.stderr.splitlines()[0])
    assert told["error"] == "unprocessable"
    assert told["detail"]
    assert openid.services() == []


def test_keys_are_published_a_day_before_they_sign_and_a_month_after(city: City) -> None:
    first = str(openid.keys.signer().kid)
    start = clock.now()
    [made] = run("rotate-keys", "--format", "jsonl")[1]

    def at(**later: float) -> tuple[str, set[str]]:
        with clock.using(FrozenClock(start + timedelta(**later))):
            signer = str(openid.keys.signer().kid)
            return signer, {one["kid"] for one in openid.keys.jwks()["keys"]}

    assert at(hours=1) == (first, {first, made["kid"]})
    assert at(hours=25) == (made["kid"], {first, made["kid"]})
    assert at(days=32) == (made["kid"], {made["kid"]})
    signer, published = at(days=92)
    assert signer == made["kid"]
    assert len(published) == 2, "the next one is there before it signs, by itself"


def test_a_key_that_is_known_to_others_is_gone_at_once(city: City) -> None:
    first = str(openid.keys.signer().kid)
    [made] = run("rotate-keys", "--compromised", "--format", "jsonl")[1]
    assert {one["kid"] for one in openid.keys.jwks()["keys"]} == {made["kid"]} != {first}
    assert openid.keys.signer().kid == made["kid"]
    assert all("private" not in one and "d" not in one for one in openid.keys.jwks()["keys"])
    assert openid.keys.SigningKey.objects.get(kid=first).private.startswith("gAAAA")
