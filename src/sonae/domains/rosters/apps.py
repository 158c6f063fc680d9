"""Django application of the domain."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class RostersConfig(AppConfig):
    """名簿."""

    name = "sonae.domains.rosters"
    label = "rosters"
    verbose_name = "名簿"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the domain's outbox subscribers."""
        if find_spec("sonae.domains.rosters.jobs"):
            import_module("sonae.domains.rosters.jobs")
