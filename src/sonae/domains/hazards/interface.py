"""What other domains and the screens may use of hazards."""

from sonae.domains.hazards.models import HazardMap
from sonae.domains.hazards.selectors import at_place, layers, maps
from sonae.domains.hazards.services import register_layer

__all__ = ["HazardMap", "at_place", "layers", "maps", "register_layer"]
