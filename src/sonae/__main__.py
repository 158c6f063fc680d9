"""``python -m sonae`` is the same program as the ``sonae`` command."""

from __future__ import annotations

from sonae.cli import main

if __name__ == "__main__":
    main()
