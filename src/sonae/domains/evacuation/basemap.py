"""The base map (背景地図) in use: made from the network, the hazard layers and the towns, and renewed.

One file per version below ``SONAE_HOME/maps/CODE``; ``basemap.json`` names the one in use and says
what it was made of. It is made in a process of its own at the lowest priority; when that fails, the
last good one stays in use.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import networks
from sonae.domains.hazards import interface as hazards
from sonae.domains.municipalities import interface as municipalities
from sonae.engines.basemap import FORM
from sonae.platform import audit, outbox
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.scope import current_municipality, is_exercise

SECONDS: Final = 900
"""Longer than this no build may take: the full demo city takes ten."""
QUIET_SECONDS: Final = 60.0
"""After a change this long is waited before building: an import brings several at once."""
DUE: Final = "basemap.due"


@dataclass(frozen=True)
class BaseMap:
    """What is in use: ``version`` names the content, ``sources`` must be named where it is shown."""

    version: str
    made_at: datetime
    bytes: int
    tiles: int
    streets: int
    zones: int
    towns: int
    seconds: float
    sources: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return folder() / f"{self.version}.pmtiles"


def folder() -> Path:
    """Return where the municipality's base maps lie."""
    return Path(settings.HOME) / "maps" / current_municipality()


def basemap() -> BaseMap | None:
    """Return the base map in use, or None before the first was made."""
    try:
        facts = json.loads((folder() / "basemap.json").read_text("utf-8"))
        found = BaseMap(
            **{
                **facts,
                "made_at": datetime.fromisoformat(facts["made_at"]),
                "sources": tuple(facts["sources"]),
            }
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if found.path.exists() else None


def _order() -> dict[str, Any]:
    """Return what is to be drawn now (`engines.basemap.build.Order`, without ``out``)."""
    stamp = networks.stamp()
    return {
        "name": municipalities.municipality().name,
        "network": str(networks.network_folder()) if stamp else None,
        "layers": [str(Path(settings.HOME) / row.folder) for row in hazards.maps()],
        "towns": [
            [town.longitude, town.latitude, town.name, town.kana] for town in municipalities.towns()
        ],
    }


def _version(order: dict[str, Any]) -> str:
    """Return the name of what an order would make: the same content, the same name."""
    content = json.dumps([FORM, networks.stamp(), order], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def build_basemap(*, actor: Actor = SYSTEM, anew: bool = False) -> tuple[BaseMap, bool]:
    """Make the base map if the city changed since (or ``anew``) and use it; whether it was made.

    Raises SonaeError ``nothing_to_draw`` without network, layers and towns, ``map_failed`` when the
    build broke off: the last good map stays in use.
    """
    require(actor, Audience.ADMINISTRATOR)
    order = _order()
    if not (order["network"] or order["layers"] or order["towns"]):
        raise SonaeError(
            "nothing_to_draw",
            "背景地図にするものがありません。",
            "道路網、ハザード情報、町字のどれかを先に取り込んでください。",
        )
    version, held = _version(order), basemap()
    if held is not None and held.version == version and not anew:
        return held, False
    folder().mkdir(parents=True, exist_ok=True)
    made = _run({**order, "out": str(folder() / f"{version}.pmtiles")})
    found = BaseMap(
        version=version,
        made_at=clock.SystemClock().now(),
        sources=tuple(made.pop("sources")),
        **made,
    )
    _use(found, held)
    audit.record(actor.id, "basemap_built", version, bytes=found.bytes, seconds=found.seconds)
    return found, True


def _run(order: dict[str, Any]) -> dict[str, Any]:
    """Build in a process of its own; return what it says it made."""
    command = [sys.executable, "-m", "sonae.engines.basemap.build"]
    source = str(Path(__file__).resolve().parents[3])
    env = {**os.environ, "PYTHONPATH": source}
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, input=json.dumps(order), capture_output=True, text=True, env=env,
            timeout=SECONDS, check=True,
        )  # fmt: skip
        return dict(json.loads(done.stdout))
    except (subprocess.SubprocessError, ValueError) as error:
        said = str(getattr(error, "stderr", "") or error).strip().splitlines()
        raise SonaeError(
            "map_failed",
            f"背景地図を作れませんでした：{said[-1] if said else ''}",
            "前の地図を使い続けます。`sonae map build` で作り直せます。",
        ) from error


def _use(found: BaseMap, before: BaseMap | None) -> None:
    """Use a map from now on; the one before stays for pages that are open, older ones go."""
    facts = {**asdict(found), "made_at": found.made_at.isoformat()}
    draft = folder() / "basemap.json.new"
    draft.write_text(json.dumps(facts, ensure_ascii=False), "utf-8")
    draft.replace(folder() / "basemap.json")
    kept = {found.version, before.version if before else ""}
    for file in folder().glob("*.pmtiles"):
        if file.stem not in kept:
            file.unlink(missing_ok=True)


def renew_soon() -> None:
    """Have the map made anew once the city has been left alone for a minute."""
    if not is_exercise():
        outbox.publish(DUE, {}, order_key="basemap", delay=QUIET_SECONDS, priority=9)
