"""Django application of the domain."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class HazardsConfig(AppConfig):
    """ハザード."""

    name = "sonae.domains.hazards"
    label = "hazards"
    verbose_name = "ハザード"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the domain's outbox subscribers."""
        if find_spec("sonae.domains.hazards.jobs"):
            import_module("sonae.domains.hazards.jobs")
