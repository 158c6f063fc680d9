"""Django application of the domain."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class SheltersConfig(AppConfig):
    """避難先."""

    name = "sonae.domains.shelters"
    label = "shelters"
    verbose_name = "避難先"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the domain's outbox subscribers."""
        if find_spec("sonae.domains.shelters.jobs"):
            import_module("sonae.domains.shelters.jobs")
