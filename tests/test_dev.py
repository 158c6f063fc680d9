"""./dev: what it decides, without fetching anything."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import ROOT


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, working in a folder of its own."""
    loader = SourceFileLoader("dev_script", str(ROOT / "dev"))
    spec = importlib.util.spec_from_loader("dev_script", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "BIN", tmp_path / ".venv/bin")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv/bin/python")
    monkeypatch.setattr(module, "VENDOR", tmp_path / "static/vendor")
    monkeypatch.setattr(module, "NODE", tmp_path / ".node")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/lib/python3.11/site-packages").mkdir(parents=True)
    (tmp_path / "requirements").mkdir()
    for lock in ("run", "dev", "node"):
        (tmp_path / f"requirements/{lock}.txt").write_text(f"{lock}==1 \\\n    --hash=sha256:0\n")
    (tmp_path / "static").mkdir()
    (tmp_path / "package-lock.json").write_text("{}")
    (tmp_path / "dev").write_text("")
    return module


@pytest.fixture
def pip(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every lock that would be installed."""
    installed: list[str] = []
    monkeypatch.setattr(dev, "make_venv", lambda: None)
    monkeypatch.setattr(dev, "pip_install", lambda lock, *options: installed.append(lock.stem))
    return installed


def test_bare_it_names_its_verbs() -> None:
    done = subprocess.run([sys.executable, ROOT / "dev"], capture_output=True, text=True)
    assert done.returncode == 0
    for verb in ("start", "test", "setup", "lint", "types", "bench", "lock", "vendor", "postgres"):
        assert f"\n  {verb} " in done.stdout
    lines = done.stdout.splitlines()[2:]
    assert all(len(line.split(maxsplit=1)[1]) > 20 for line in lines)


@pytest.mark.parametrize("arguments", [["nope"], ["lint", "too", "many"]])
def test_wrong_usage_is_2(dev: ModuleType, arguments: list[str], capsys: Any) -> None:
    assert dev.main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_it_needs_only_the_standard_library() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", ROOT / "dev"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_packages_are_installed_once(dev: ModuleType, pip: list[str]) -> None:
    dev.install("run")
    dev.install("run")
    assert pip == ["run"]


def test_dev_counts_as_run(dev: ModuleType, pip: list[str]) -> None:
    dev.install("dev")
    dev.install("run")
    dev.install("dev")
    assert pip == ["dev"]
    assert dev.read_stamp("installed")["lock"] == "dev"


def test_run_does_not_count_as_dev(dev: ModuleType, pip: list[str]) -> None:
    dev.install("run")
    dev.install("dev")
    assert pip == ["run", "dev"]


def test_a_changed_lock_installs_again(dev: ModuleType, pip: list[str], tmp_path: Path) -> None:
    dev.install("run")
    (tmp_path / "requirements/run.txt").write_text("run==2 \\\n    --hash=sha256:1\n")
    dev.install("run")
    assert pip == ["run", "run"]


def test_a_failed_installation_leaves_no_stamp(
    dev: ModuleType, pip: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise dev.SetupError("no network")

    monkeypatch.setattr(dev, "pip_install", fail)
    with pytest.raises(dev.SetupError):
        dev.install("run")
    assert dev.read_stamp("installed") == {}


def test_the_launcher_finds_source_and_home(
    dev: ModuleType, pip: list[str], tmp_path: Path
) -> None:
    dev.install("run")
    path = tmp_path / ".venv/lib/python3.11/site-packages/sonae.pth"
    assert path.read_text().splitlines() == [str(tmp_path / "src"), str(tmp_path)]
    launcher = tmp_path / ".venv/bin/sonae"
    assert os.access(launcher, os.X_OK)
    (tmp_path / "src/sonae").mkdir(parents=True)
    (tmp_path / "src/sonae/__init__.py").touch()
    (tmp_path / "src/sonae/cli.py").write_text(
        "import os\ndef main(): print(os.environ['SONAE_HOME'])\n"
    )
    for given, expected in ({}, str(tmp_path / "var")), ({"SONAE_HOME": "/x"}, "/x"):
        env = {"PYTHONPATH": str(tmp_path / "src")} | given
        done = subprocess.run([sys.executable, launcher], env=env, capture_output=True, text=True)
        assert done.stdout.strip() == expected, done.stderr


def test_the_digest_sees_content_names_and_folders(dev: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    seen = {dev.digest([folder])}
    (folder / "a").write_text("1")
    seen.add(dev.digest([folder]))
    (folder / "a").write_text("2")
    seen.add(dev.digest([folder]))
    (folder / "a").rename(folder / "b")
    seen.add(dev.digest([folder]))
    assert len(seen) == 4
    os.utime(folder / "b", (0, 0))
    assert dev.digest([folder]) in seen


def test_children_get_the_home_unless_it_is_set(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SONAE_HOME", raising=False)
    assert dev.environment()["SONAE_HOME"] == str(tmp_path / "var")
    monkeypatch.setenv("SONAE_HOME", "/elsewhere")
    assert dev.environment()["SONAE_HOME"] == "/elsewhere"
    assert dev.environment(X="1")["X"] == "1"


def node_modules(root: Path, files: dict[str, tuple[str, ...]]) -> None:
    for package, names in files.items():
        for name in names:
            file = root / "node_modules" / package / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(package)


def test_vendor_copies_what_is_named_and_replaces_the_rest(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(dev, "npm_ci", calls.append)
    node_modules(tmp_path, dev.BROWSER_FILES | dev.TEST_FILES)
    (tmp_path / "static/vendor/old").mkdir(parents=True)
    dev.vendor("run")
    assert sorted(path.name for path in dev.VENDOR.iterdir()) == [
        "@noble", "idb", "maplibre-gl", "pmtiles", "qr",
    ]  # fmt: skip
    assert (dev.VENDOR / "maplibre-gl/maplibre-gl-worker.mjs").exists()
    dev.vendor("run")
    assert calls == ["run"]
    dev.vendor("dev")
    assert (dev.VENDOR / "axe-core/axe.min.js").exists()
    dev.vendor("run")
    assert calls == ["run", "dev"]


def test_without_npm_or_network_vendor_warns_and_goes_on(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def fail(_kind: str) -> None:
        raise dev.SetupError("network is unreachable")

    monkeypatch.setattr(dev, "npm_ci", fail)
    dev.vendor("run")
    shown = capsys.readouterr().err
    assert "WARNING" in shown
    assert "network is unreachable" in shown
    assert dev.read_stamp("vendored") == {}


def test_a_missing_npm_is_fetched_as_a_wheel(
    dev: ModuleType, pip: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev.shutil, "which", lambda _name: None)
    command = dev.npm_command()
    assert pip == ["node"]
    assert command[:2] == ["env", f"PYTHONPATH={dev.NODE}"]


@pytest.mark.parametrize("works", ["ensurepip", "uv", "apt", None])
def test_ways_to_an_environment_are_tried_in_turn(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, works: str | None
) -> None:
    tried: list[str] = []

    def way(name: str) -> Any:
        return lambda: tried.append(name) or name == works

    for name in ("ensurepip", "uv", "apt"):
        monkeypatch.setattr(dev, f"_by_{name}", way(name))
    if works:
        dev.make_venv()
        assert tried[-1] == works
    else:
        with pytest.raises(dev.SetupError, match="sudo apt install python3-venv"):
            dev.make_venv()
        assert tried == ["ensurepip", "uv", "apt"]


class ReplacedError(Exception):
    """Stands for the process image that execve would have replaced."""


@pytest.mark.parametrize(
    ("options", "municipality", "created", "served"),
    [
        ([], False, "full", []),
        ([], True, None, []),
        (["--no-demo"], False, None, []),
        (
            ["--demo-size", "small", "--bind", "127.0.0.1:9"],
            False,
            "small",
            ["--bind", "127.0.0.1:9"],
        ),
    ],
)
def test_start_makes_a_city_only_where_there_is_none(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch,
    options: list[str], municipality: bool, created: str | None, served: list[str],
) -> None:  # fmt: skip
    ran: list[tuple[str, ...]] = []

    def run(*command: object, check: bool = True) -> int:
        ran.append(tuple(map(str, command))[3:])
        return 0 if municipality else dev.NO_MUNICIPALITY

    def execve(_path: object, arguments: list[str], env: dict[str, str]) -> None:
        ran.append(tuple(arguments[3:]))
        assert env["SONAE_HOME"]
        raise ReplacedError

    monkeypatch.setattr(dev, "setup", lambda: None)
    monkeypatch.setattr(dev, "run", run)
    monkeypatch.setattr(dev.os, "execve", execve)
    monkeypatch.setattr(dev.os, "chdir", lambda _path: None)
    with pytest.raises(ReplacedError):
        dev.start(*options)
    made = [command for command in ran if command[:2] == ("demo", "create")]
    assert made == ([("demo", "create", "--size", created)] if created else [])
    assert ran[-1] == ("serve", "--ready", *served)


def test_a_stamp_that_was_cut_off_counts_as_none(dev: ModuleType) -> None:
    dev.write_stamp("installed", lock="run")
    assert dev.read_stamp("installed") == {"lock": "run"}
    (dev.VENV / ".installed").write_text('{"lock": "ru')
    assert dev.read_stamp("installed") == {}


def test_pip_shows_what_went_wrong(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "PYTHON", Path(sys.executable))
    (dev.ROOT / "requirements/run.txt").write_text("no such requirement line ===\n")
    with pytest.raises(dev.SetupError, match="pip could not"):
        dev.pip_install(dev.ROOT / "requirements/run.txt")


def test_the_files_for_browsers_are_in_the_lock(dev: ModuleType) -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for package in dev.BROWSER_FILES | dev.TEST_FILES:
        assert f"node_modules/{package}" in lock
    kinds = {name: lock[f"node_modules/{name}"].get("dev", False) for name in dev.BROWSER_FILES}
    assert not any(kinds.values())
    assert all(lock[f"node_modules/{name}"]["dev"] for name in dev.TEST_FILES)


def test_summary_lines_of_every_run_come_last(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "ROOT", ROOT)
    code = "print('tests/x.py ..'); print('\\x1b[32m== 3 passed, 1 skipped in 0.05s ==\\x1b[0m')"
    assert dev._pytest("tests", (sys.executable, "-c", code)) == (
        0,
        "tests: 3 passed, 1 skipped in 0.05s",
    )
    code = "import sys; print('skipped: no PostgreSQL'); sys.exit(0)"
    assert dev._pytest("PG", (sys.executable, "-c", code)) == (0, "PG: skipped: no PostgreSQL")
    code = "import sys; print('1 failed, 2 passed in 61.05s (0:01:01)'); sys.exit(1)"
    assert dev._pytest("t", (sys.executable, "-c", code)) == (
        1,
        "t: 1 failed, 2 passed in 61.05s (0:01:01)",
    )


def test_the_last_line_adds_the_runs_up(dev: ModuleType) -> None:
    lines = ["tests: 1 failed, 727 passed, 2 warnings, 1 error in 16.50s", "journeys: no tests ran in 3.00s",
             "PG: 66 passed, 3 skipped in 70.50s (0:01:10)", "PG: skipped: no server"]  # fmt: skip
    expected = "1 failed, 793 passed, 3 skipped, 2 warning, 1 error in 90.00s"
    assert dev.total(lines) == f"==== {expected} ===="
    assert dev.total([]) == "==== no tests ran in 0.00s ===="


@pytest.mark.parametrize("arguments", [["--help"], ["start", "--help"]])
def test_help_tells_of_the_port_and_starts_nothing(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, arguments: list[str], capsys: Any
) -> None:
    monkeypatch.setattr(dev, "setup", lambda: pytest.fail("help must not set anything up"))
    assert dev.main(arguments) == 0
    assert "--bind HOST:PORT" in capsys.readouterr().out
