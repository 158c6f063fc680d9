"""Keys that are made at first use: one for all, whole, and for their owner's eyes only."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sonae.platform.keyfile import kept


def test_many_that_make_a_key_at_once_all_get_the_same(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path
    with ThreadPoolExecutor(16) as pool:
        made = set(pool.map(lambda _n: kept("x.pem", lambda: os.urandom(40)), range(64)))
    assert len(made) == 1
    [file] = tmp_path.iterdir()
    assert file.read_bytes() in made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
