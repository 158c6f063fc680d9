"""Verbs of the domain: take a hazard layer into use."""

from pathlib import Path

from django.conf import settings

from sonae.core import clock
from sonae.domains.hazards.models import HazardMap
from sonae.domains.municipalities import interface as municipalities
from sonae.engines.hazard.layer import HazardLayer
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.scope import current_municipality


def register_layer(layer: HazardLayer, *, actor: Actor = SYSTEM) -> HazardMap:
    """Save a layer's raster under SONAE_HOME and use it from now on in place of its predecessor.

    The files are written before the row: a failure leaves the last good layer in force.
    """
    require(actor, Audience.ADMINISTRATOR)
    now = clock.now()
    code = current_municipality()
    folder = Path("hazards") / code / f"{layer.name}-{now:%Y%m%dT%H%M%S%f}"
    layer.save(Path(settings.HOME) / folder)
    with writing():
        HazardMap.objects.filter(name=layer.name, active=True).update(active=False)
        row = HazardMap.objects.create(
            name=layer.name,
            hazard=layer.hazard,
            kind=layer.kind,
            scale=layer.scale,
            source=layer.source,
            source_date=layer.date,
            rivers=list(layer.rivers),
            folder=str(folder),
            loaded_at=now,
        )
        municipalities.announce_change("hazards")
        audit.record(actor.id, "hazard_layer_loaded", layer.name, source=layer.source)
    return row
