"""Reading telegrams of the real-data folder."""

from __future__ import annotations

from pathlib import Path

from sonae.engines.warnings import Warning, read
from tests.conftest import real_data


def sample(name: str) -> Warning:
    """One JMA telegram, by its path below ``alerts/jma`` (``samples/`` when it names no folder)."""
    path = real_data("alerts", "jma", *(name if "/" in name else f"samples/{name}").split("/"))
    return read(path.read_bytes(), name=path.name)


def folder(*parts: str) -> list[Path]:
    """Every file of a folder of real alerts, or a skip."""
    return sorted(path for path in real_data("alerts", *parts).iterdir() if path.is_file())
