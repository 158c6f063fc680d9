"""``sonae reception edge``: what it says before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from sonae.core.errors import SonaeError
from sonae.web.commands import edge as command
from tests.ports import free_port


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(command.run_edge, ["--bind", f"127.0.0.1:{free_port()}", *arguments])
    return done.exit_code, done.output


def test_help_tells_the_three_steps() -> None:
    status, said = run("--help")
    assert status == 0
    assert "--purpose edge" in said
    assert "1. 市で" in said and "3. 体育館で" in said


def test_wrong_usage_starts_nothing(tmp_path: Path) -> None:
    pem = tmp_path / "a.pem"
    pem.write_text("")
    for arguments in (
        ("--certificate", str(pem)),
        ("--key", str(pem)),
        ("--address", "192.168.1.5:8800"),
        ("--address", "http://192.168.1.5:8800/edge"),
        ("--address", "file:///etc"),
        ("--bind", "8800"),
        ("--bind", "192.168.1.5:8800"),
    ):
        status, said = run("--home", str(tmp_path / "edge"), *arguments)
        assert status == 2, said
    assert not (tmp_path / "edge").exists()


def test_an_address_at_which_nobody_could_open_the_page_is_refused_in_words() -> None:
    status, said = run("--bind", "192.168.1.5:8800")
    assert status == 2
    assert "127.0.0.1 でだけ開けます" in said and "--address" in said


@pytest.mark.django_db
def test_a_city_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "make_ready", lambda: None)  # the tables of this test are there
    with pytest.raises(SonaeError) as refused:
        command.begin(f"http://127.0.0.1:{free_port()}", "token", "http://127.0.0.1:8800")
    assert refused.value.code == "unreachable"
    assert "はじめの一度だけ" in refused.value.hint
    with pytest.raises(SonaeError, match="https"):
        command.begin("http://city.example", "token", "http://127.0.0.1:8800")
    with pytest.raises(SonaeError, match="中継機として登録されていません"):
        command.begin(None, None, "http://127.0.0.1:8800")


def test_the_certificate_goes_to_the_server() -> None:
    assert command._tls("a.pem", "b.pem") == ["--certfile", "a.pem", "--keyfile", "b.pem"]
    assert command._tls(None, None) == []
