"""The top of the command line: lazy, quick, and strict about usage."""

from __future__ import annotations

import json
import subprocess
import sys
import types

import click
import pytest

from sonae import cli
from sonae.core.errors import SonaeError


@click.group()
def engine() -> None:
    """An engine's verbs."""


@engine.command()
@click.argument("how")
def run(how: str) -> None:
    """Do as told."""
    if how == "refuse":
        raise SonaeError("refused", "だめです", "こうしてください")
    if how == "interrupt":
        raise KeyboardInterrupt
    click.echo("done")


@click.command("list")
def list_things() -> None:
    """A verb of the server's code."""
    click.echo("listed")


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command table of two modules made here; the list notes when Django is set up."""
    setups: list[str] = []
    module = types.ModuleType("sonae_made_up")
    module.engine, module.list_things = engine, list_things  # type: ignore[attr-defined]
    module.__spec__ = types.SimpleNamespace()  # type: ignore[assignment]
    monkeypatch.setitem(sys.modules, "sonae_made_up", module)
    monkeypatch.setattr(cli, "django_setup", lambda: setups.append("django"))
    monkeypatch.setattr(
        cli,
        "COMMANDS",
        {
            "engine": cli.Entry("sonae_made_up:engine", "計算"),
            "server": cli.Entry("sonae_made_up:engine", "サーバー", django=True),
            "mixed": cli.Entry(
                "sonae_made_up:engine", "混ぜる", verbs={"list": "sonae_made_up:list_things"}
            ),
            "later": cli.Entry("sonae.no.such.module:group", "まだない"),
        },
    )
    return setups


def status(*args: str) -> int:
    with pytest.raises(SystemExit) as caught:
        cli.main(list(args))
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_help_lists_only_what_is_installed(
    table: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("--help") == 0
    shown = capsys.readouterr().out
    assert "engine" in shown
    assert "サーバー" in shown
    assert "later" not in shown
    assert table == []


@pytest.mark.parametrize("args", [("nope",), ("later",), ("engine", "nope"), ("engine", "run"),
                                  ("--nope",), ()])  # fmt: skip
def test_wrong_usage_is_2(table: list[str], args: tuple[str, ...]) -> None:
    assert status(*args) == 2


def test_good_work_is_0_and_engines_do_not_load_django(
    table: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("engine", "run", "well") == 0
    assert capsys.readouterr().out == "done\n"
    assert table == []
    assert status("server", "run", "well") == 0
    assert table == ["django"]


def test_verbs_of_the_server_join_an_engines_group(
    table: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("mixed", "run", "well") == 0
    assert table == []
    assert status("mixed", "list") == 0
    assert table == ["django"]
    assert status("mixed", "--help") == 0
    shown = capsys.readouterr().out
    assert "list" in shown
    assert "run" in shown


def test_a_refusal_is_a_json_line_and_1(
    table: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("engine", "run", "refuse") == 1
    assert json.loads(capsys.readouterr().err) == {
        "error": "refused",
        "detail": "だめです",
        "hint": "こうしてください",
    }


def test_an_interrupt_is_130(table: list[str]) -> None:
    assert status("engine", "run", "interrupt") == 130


def test_help_imports_neither_django_nor_numpy() -> None:
    code = (
        "import sys\nfrom sonae.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'django', 'numpy', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_reader_that_goes_away_brings_no_traceback() -> None:
    code = (
        "import sys\nfrom sonae import cli\nimport click\n"
        "@click.command()\ndef many():\n"
        "    for i in range(200000): click.echo('line')\n"
        "cli.load = lambda source: many\ncli.exists = lambda source: True\n"
        "cli.COMMANDS = {'many': cli.Entry('x:many', '')}\ncli.main(['many'])"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stderr is not None
    assert child.stdout.readline() == "line\n"
    child.stdout.close()
    assert child.stderr.read() == ""
    assert child.wait(timeout=30) in (0, 1)
    child.stderr.close()
