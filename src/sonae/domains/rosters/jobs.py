"""Outbox subscribers of rosters."""

from typing import Any

from sonae.domains.rosters import runs, taking
from sonae.platform.outbox import subscribe


@subscribe(runs.ASKED, slow=True)
def match(payload: dict[str, Any]) -> None:
    """A roster was taken over, or somebody asked for everybody to be matched again."""
    runs.work_out(payload["run"])


@subscribe(taking.PICTURES_DUE)
def remove_pictures(payload: dict[str, Any]) -> None:
    """Photographs of paper have helped long enough."""
    taking.pictures_due(payload["roster"])
