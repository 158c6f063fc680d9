"""A whole installation on disk, and the command line as a process of its own."""

from __future__ import annotations

import os
import shutil
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
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder after the first setup, the same for all: only to be looked at or `copied`."""
    folder = tmp_path_factory.mktemp("installation")
    done = sonae(folder, "setup")
    assert done.returncode == 0, done.stderr
    assert "static files collected" in done.stderr
    assert done.stdout == ""
    return folder


def copied(installation: Path, folder: Path) -> Path:
    """A copy of an installation that a test may change; making one anew takes seconds."""
    return Path(shutil.copytree(installation, folder))
