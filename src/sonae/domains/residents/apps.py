"""Django application of the domain."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class ResidentsConfig(AppConfig):
    """住民."""

    name = "sonae.domains.residents"
    label = "residents"
    verbose_name = "住民"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the domain's outbox subscribers."""
        if find_spec("sonae.domains.residents.jobs"):
            import_module("sonae.domains.residents.jobs")
