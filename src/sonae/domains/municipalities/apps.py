"""Django application of the domain."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class MunicipalitiesConfig(AppConfig):
    """団体・町字."""

    name = "sonae.domains.municipalities"
    label = "municipalities"
    verbose_name = "団体・町字"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the domain's outbox subscribers."""
        if find_spec("sonae.domains.municipalities.jobs"):
            import_module("sonae.domains.municipalities.jobs")
