"""Django application of the domain."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class EvacuationConfig(AppConfig):
    """避難."""

    name = "sonae.domains.evacuation"
    label = "evacuation"
    verbose_name = "避難"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the domain's outbox subscribers."""
        if find_spec("sonae.domains.evacuation.jobs"):
            import_module("sonae.domains.evacuation.jobs")
