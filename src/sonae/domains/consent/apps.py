"""Django application of the domain."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class ConsentConfig(AppConfig):
    """同意・開示."""

    name = "sonae.domains.consent"
    label = "consent"
    verbose_name = "同意・開示"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the domain's outbox subscribers."""
        if find_spec("sonae.domains.consent.jobs"):
            import_module("sonae.domains.consent.jobs")
