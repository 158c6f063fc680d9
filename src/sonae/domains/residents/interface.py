"""What other domains and the screens may use of residents."""

from sonae.domains.residents.models import AssistanceRegistrant, Household, Position, Resident
from sonae.domains.residents.population import Population, population

__all__ = ["AssistanceRegistrant", "Household", "Population", "Position", "Resident", "population"]
