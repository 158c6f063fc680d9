"""Keys of the server's own that are made at first use and kept in SONAE_HOME, for their owner only."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from sonae.core.home import settle


def kept(name: str, make: Callable[[], bytes]) -> bytes:
    """Return the bytes of a key file; of several that make it at once the first one's count.

    It is on disk under its name before anything is sealed or signed with it.
    """
    file = Path(settings.HOME) / name
    if not file.exists():
        part = file.with_suffix(f".{secrets.token_hex(8)}")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(make())
            out.flush()
            os.fsync(out.fileno())
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(part)
        part.unlink()
        settle(file.parent)
    return file.read_bytes()
