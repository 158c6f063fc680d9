"""What other domains and the screens may use of shelters."""

from sonae.domains.shelters.models import EmergencySite, Facility, FacilityStatus, Shelter
from sonae.domains.shelters.rules import (
    ADMITTING,
    DESIGNATION,
    GROUPS,
    HAZARDS,
    STATES,
    congestion,
)
from sonae.domains.shelters.selectors import (
    Place,
    Reported,
    SiteTable,
    facilities,
    facility,
    history,
    places,
    shelter_of,
    site_of,
    site_table,
    states,
)
from sonae.domains.shelters.services import (
    FacilityRow,
    Loaded,
    load_facilities,
    place_on_network,
    row_of_check,
    set_state,
)

__all__ = [
    "ADMITTING",
    "DESIGNATION",
    "GROUPS",
    "HAZARDS",
    "STATES",
    "EmergencySite",
    "Facility",
    "FacilityRow",
    "FacilityStatus",
    "Loaded",
    "Place",
    "Reported",
    "Shelter",
    "SiteTable",
    "congestion",
    "facilities",
    "facility",
    "history",
    "load_facilities",
    "place_on_network",
    "places",
    "row_of_check",
    "set_state",
    "shelter_of",
    "site_of",
    "site_table",
    "states",
]
