"""What other domains and the screens may use of municipalities."""

from sonae.domains.municipalities.gazetteer import (
    can_be_read,
    names_a_house,
    search_towns,
    towns_in_order,
)
from sonae.domains.municipalities.models import Municipality, Town
from sonae.domains.municipalities.selectors import (
    FAR_M,
    Away,
    away,
    forget_serving,
    metres_from_towns,
    municipality,
    serving_code,
    towns,
)
from sonae.domains.municipalities.services import (
    announce_change,
    changing_settings,
    load_municipality,
    renew_register_version,
)

__all__ = [
    "FAR_M",
    "Away",
    "Municipality",
    "Town",
    "announce_change",
    "away",
    "can_be_read",
    "changing_settings",
    "forget_serving",
    "load_municipality",
    "metres_from_towns",
    "municipality",
    "names_a_house",
    "renew_register_version",
    "search_towns",
    "serving_code",
    "towns",
    "towns_in_order",
]
