"""A home folder that is set up, and the command line as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


def clean_environment(home: Path) -> dict[str, str]:
    """The environment without this test run's own settings."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("SONAE_", "DJANGO_"))}
    return env | {"SONAE_HOME": str(home)}


def sonae(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "sonae", *arguments],
        env=clean_environment(home),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder after the first setup."""
    folder = tmp_path_factory.mktemp("home")
    done = sonae(folder, "setup")
    assert done.returncode == 0, done.stderr
    assert "static files collected" in done.stderr
    assert done.stdout == ""
    return folder
