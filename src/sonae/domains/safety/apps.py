"""Django application of the domain."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class SafetyConfig(AppConfig):
    """安否."""

    name = "sonae.domains.safety"
    label = "safety"
    verbose_name = "安否"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the domain's outbox subscribers."""
        if find_spec("sonae.domains.safety.jobs"):
            import_module("sonae.domains.safety.jobs")
