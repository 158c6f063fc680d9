"""openid-client, a certified relying party, against the real server over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.contracts.test_kill import PREPARE
from tests.installation import clean_environment, copied
from tests.ports import free_port

REGISTER = (
    PREPARE
    + """
import json, sys
from sonae.domains.identity import interface as identity
from sonae.domains.openid import interface as openid
from sonae.domains.residents.interface import Resident
from sonae.platform.access import Role

with worlds.entered(CODE):
    taro = Resident.objects.get(name="備 太郎")
    identity.add_account(EMAIL, PASSWORD, Role.RESIDENT, name=taro.name, resident_pk=taro.pk)
    made = {"email": EMAIL, "password": PASSWORD, "name": taro.name}
    both, scope = ["authorization_code", "refresh_token"], "openid profile address offline_access"
    for name, host, more in (
        ("care", "care.example", {"grants": both}), ("school", "school.example", {"grants": both}),
        ("app", "app.example", {"public": True}),
        ("machine", "", {"grants": ["client_credentials"], "scope": "ngsi.read"}),
    ):
        uri, bye = (f"https://{host}/cb", f"https://{host}/bye") if host else ("", "")
        row, secret = openid.register(openid.Registration(
            name, **{"scope": scope, "redirect_uris": [uri] if uri else [],
                     "logout_uris": [bye] if bye else [], **more}))
        made[name] = {"client_id": row.client_id, "client_secret": secret, "uri": uri, "bye": bye}
print(json.dumps(made))
"""
)


def node() -> str:
    """The Node program; skips where there is none, or no relying party beside it."""
    found = shutil.which("node") or next(map(str, (ROOT / ".node").glob("**/bin/node")), "")
    if not found:
        pytest.skip("Node is not on this machine")
    if not (ROOT / "node_modules/openid-client").exists():
        pytest.skip("openid-client is not there: ./dev vendor")
    return found


@pytest.fixture(scope="module")
def server(
    installation: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """A server with two processes and what is registered there: its address, JSON."""
    node()
    home = copied(installation, tmp_path_factory.mktemp("relying") / "home")
    issuer = f"http://127.0.0.1:{free_port()}"
    environment = clean_environment(home) | {
        "DJANGO_SETTINGS_MODULE": "sonae.settings", "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
        "SONAE_ISSUER": issuer,
    }  # fmt: skip
    names = 'EMAIL, PASSWORD = "taro@home.example.jp", "natsu-no-yuki-7"\n'
    made = subprocess.run(
        [sys.executable, "-c", names + REGISTER], env=environment, cwd=ROOT, capture_output=True,
        text=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    process = subprocess.Popen(
        [
            sys.executable, "-m", "gunicorn", "sonae.wsgi:application", "--bind",
            issuer.removeprefix("http://"), "--worker-class", "gthread", "--workers", "2",
            "--threads", "4", "--no-control-socket", "--log-level", "critical",
        ],
        env=environment, cwd=ROOT, start_new_session=True,
    )  # fmt: skip
    try:
        wait_for(issuer)
        yield issuer, made.stdout
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(issuer: str) -> None:
    """Wait until the server answers."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            connection = HTTPConnection(issuer.removeprefix("http://"), timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            time.sleep(0.1)
    raise AssertionError("the server did not start")


def test_a_certified_relying_party_finds_all_as_it_should_be(server: tuple[str, str]) -> None:
    """More than 30 checks in one browser's story: `relying.mjs` beside this file."""
    issuer, given = server
    done = subprocess.run(
        [node(), str(ROOT / "tests/contracts/relying.mjs"), issuer, given],
        cwd=ROOT, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line for line in lines if not line["ok"]] == []
    assert done.returncode == 0, done.stderr
    assert len(lines) >= 50
