"""Django application of the domain."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class ShelteringConfig(AppConfig):
    """避難所運営."""

    name = "sonae.domains.sheltering"
    label = "sheltering"
    verbose_name = "避難所運営"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the domain's outbox subscribers."""
        if find_spec("sonae.domains.sheltering.jobs"):
            import_module("sonae.domains.sheltering.jobs")
