"""Django application of the domain."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class WarningsConfig(AppConfig):
    """警報."""

    name = "sonae.domains.warnings"
    label = "warnings"
    verbose_name = "警報"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the domain's outbox subscribers."""
        if find_spec("sonae.domains.warnings.jobs"):
            import_module("sonae.domains.warnings.jobs")
