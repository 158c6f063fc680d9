"""The commands' home folder: one that is set up and holds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def home(installation: Path) -> Path:
    """A home folder after the first setup."""
    return installation
