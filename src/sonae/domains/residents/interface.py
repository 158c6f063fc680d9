"""What other domains and the screens may use of residents."""

from sonae.domains.residents import qr
from sonae.domains.residents.models import AssistanceRegistrant, Household, Position, Resident
from sonae.domains.residents.population import Population, population, shared_position
from sonae.domains.residents.selectors import (
    Person,
    Search,
    household_of,
    operator_rows,
    own_home,
    own_household,
    presented,
    search,
    wheelchairs,
)
from sonae.domains.residents.services import clear_register, load_register, share_position

__all__ = [
    "AssistanceRegistrant",
    "Household",
    "Person",
    "Population",
    "Position",
    "Resident",
    "Search",
    "clear_register",
    "household_of",
    "load_register",
    "operator_rows",
    "own_home",
    "own_household",
    "population",
    "presented",
    "qr",
    "search",
    "share_position",
    "shared_position",
    "wheelchairs",
]
