"""Where this installation keeps what it must not lose: databases, reference store, keys."""

from __future__ import annotations

import os
from pathlib import Path


def sonae_home() -> Path:
    """``SONAE_HOME``, else ``~/.local/share/sonae``; the folder need not exist yet."""
    named = os.environ.get("SONAE_HOME", "").strip()
    return Path(named).expanduser() if named else Path.home() / ".local" / "share" / "sonae"


def settle(folder: Path) -> None:
    """Make the names of new files in a folder last through a power cut; the files see to themselves."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def reference_store() -> Path:
    """The folder of area codes, towns and character variants that ``sonae reference`` fills."""
    return sonae_home() / "reference"
