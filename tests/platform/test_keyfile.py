"""Keys that are made at first use: one for all, whole, and for their owner's eyes only."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sonae.core.home import settle
from sonae.platform import keyfile
from sonae.platform.keyfile import kept


def test_many_that_make_a_key_at_once_all_get_the_same(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path
    with ThreadPoolExecutor(16) as pool:
        made = set(pool.map(lambda _n: kept("x.pem", lambda: os.urandom(40)), range(64)))
    assert len(made) == 1
    [file] = tmp_path.iterdir()
    assert file.read_bytes() in made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_new_key_s_name_is_on_disk_before_it_is_used(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HOME = tmp_path
    settled: list[tuple[Path, list[str]]] = []

    def watched(folder: Path) -> None:
        settled.append((folder, [one.name for one in folder.iterdir()]))
        settle(folder)

    monkeypatch.setattr(keyfile, "settle", watched)
    assert kept("y.pem", lambda: b"key") == kept("y.pem", lambda: b"other") == b"key"
    assert settled == [(tmp_path, ["y.pem"])], "once, with the key there and its draft gone"
