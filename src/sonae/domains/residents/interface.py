"""What other domains and the screens may use of residents."""

from sonae.domains.residents import (
    editions,
    history,
    homes,
    lostcodes,
    plans,
    previews,
    qr,
    shields,
    undoing,
)
from sonae.domains.residents.models import (
    AssistanceRegistrant,
    Household,
    Position,
    RegisterEdition,
    Resident,
)
from sonae.domains.residents.population import Population, population, shared_position
from sonae.domains.residents.rules import name_key
from sonae.domains.residents.selectors import (
    Person,
    Search,
    homes_of,
    household_of,
    matching_columns,
    operator_rows,
    own_home,
    own_household,
    presented,
    search,
    shielded_pks,
    wheelchairs,
)
from sonae.domains.residents.services import clear_register, load_register, share_position

__all__ = [
    "AssistanceRegistrant",
    "Household",
    "Person",
    "Population",
    "Position",
    "RegisterEdition",
    "Resident",
    "Search",
    "clear_register",
    "editions",
    "history",
    "homes",
    "homes_of",
    "household_of",
    "load_register",
    "lostcodes",
    "matching_columns",
    "name_key",
    "operator_rows",
    "own_home",
    "own_household",
    "plans",
    "population",
    "presented",
    "previews",
    "qr",
    "search",
    "share_position",
    "shared_position",
    "shielded_pks",
    "shields",
    "undoing",
    "wheelchairs",
]
