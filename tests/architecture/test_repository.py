"""What must not be in the repository, and lists that are kept in two places."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import click
import pytest

from sonae import cli
from tests.architecture.tree import text_of, tracked
from tests.conftest import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
# Written in two halves, or this file would be its own first find.
MACHINE = re.compile("/" + r"(?:work|farm|home|root|Users)/[\w.-]+")
ENVIRONMENT = re.compile(
    r"""(?:environ(?:\.get|\.setdefault|\.pop)?|getenv)[\[(]\s*["'](SONAE_\w+)"""
)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_locks_have_hashes_and_no_addresses(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    pinned = re.findall(r"^[A-Za-z0-9._\[\],-]+==", text, re.MULTILINE)
    assert pinned
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", text)) >= len(pinned)
    assert not re.search(r"^[A-Za-z0-9._-]+(?!.*==)\S*\s*$", text, re.MULTILINE)


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    run, dev = ((ROOT / f"requirements/{name}.txt").read_text() for name in ("run", "dev"))

    def name(requirement: str) -> str:
        found = re.match(r"[A-Za-z0-9_.-]+", requirement)
        assert found
        return re.sub(r"[-_.]+", "-", found[0]).lower()

    for requirement in project["project"]["dependencies"]:
        assert re.search(rf"^{name(requirement)}(\[|==)", run, re.MULTILINE), requirement
        assert re.search(rf"^{name(requirement)}(\[|==)", dev, re.MULTILINE), requirement
    for requirement in project["dependency-groups"]["dev"]:
        assert re.search(rf"^{name(requirement)}(\[|==)", dev, re.MULTILINE), requirement


def test_the_browser_lock_is_whole_and_names_no_registry() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())
    text = (ROOT / "package-lock.json").read_text()
    lock = json.loads(text)
    assert '"resolved"' not in text
    packages = {name: body for name, body in lock["packages"].items() if name}
    assert all(body["integrity"].startswith("sha512-") for body in packages.values())
    for kind in ("dependencies", "devDependencies"):
        assert lock["packages"][""][kind] == wanted[kind]
        assert all(f"node_modules/{name}" in packages for name in wanted[kind])


def test_no_foreign_lock_or_browser_code_is_tracked() -> None:
    names = {path.name for path in tracked()}
    assert not names & {"uv.lock", "pylock.toml", "yarn.lock", "pnpm-lock.yaml"}
    assert [p for p in tracked() if {"node_modules", "vendor"} & set(p.parts)] == []
    assert [p for p in tracked() if p.suffix in (".mo", ".whl", ".so", ".wasm")] == []
    assert [p for p in tracked() if p.name.endswith(".min.js")] == []


def test_no_path_of_a_machine_is_tracked() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked()
        if (text := text_of(path)) is not None
        for match in MACHINE.finditer(text)
    ]
    assert found == []


def test_nothing_large_is_tracked() -> None:
    large = {
        str(p.relative_to(ROOT)): p.stat().st_size
        for p in tracked()
        if p.stat().st_size > 1_000_000
    }
    assert large == {}


def variables() -> set[str]:
    """The environment variables that the source or ./dev reads."""
    texts = [path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")]
    return {
        name for text in [*texts, (ROOT / "dev").read_text()] for name in ENVIRONMENT.findall(text)
    }


def test_every_environment_variable_is_documented_and_every_documented_one_exists() -> None:
    page = (ROOT / "docs/operations/settings.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `(SONAE_\w+)` \|", page, re.MULTILINE))
    assert documented == variables()


SOURCES = [
    s
    for entry in cli.COMMANDS.values()
    for s in (entry.source, *entry.verbs.values(), *entry.later.values())
]


@pytest.mark.parametrize("source", SOURCES)
def test_every_command_of_the_table_exists(source: str) -> None:
    assert cli.exists(source), source
    assert cli.load(source).help, f"{source} has no help text"


def test_every_verb_of_dev_is_in_a_readme() -> None:
    verbs = re.findall(r'^    "(\w+)": \w+,$', (ROOT / "dev").read_text(), re.MULTILINE)
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    text = "\n".join(page.read_text("utf-8") for page in pages)
    assert len(verbs) > 8
    assert [verb for verb in verbs if f"./dev {verb}" not in text] == []


def test_the_tour_names_every_verb_there_is() -> None:
    """What the README promises of the tour: each verb of the command line, and none that is not."""
    tour = (ROOT / "docs/tour.md").read_text("utf-8").split("## Command line")[1]
    with click.Context(cli.app) as ctx:
        for name in cli.app.list_commands(ctx):
            group = cli.app.get_command(ctx, name)
            assert f"`{name}" in tour, name
            if isinstance(group, click.Group):
                for verb in group.list_commands(ctx):
                    assert re.search(rf"`{name} [^`]*\b{verb}\b|`{name} {verb}`", tour), (
                        name,
                        verb,
                    )
