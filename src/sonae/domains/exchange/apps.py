"""Django application of the domain."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """照会・提供."""

    name = "sonae.domains.exchange"
    label = "exchange"
    verbose_name = "照会・提供"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the domain's outbox subscribers."""
        if find_spec("sonae.domains.exchange.jobs"):
            import_module("sonae.domains.exchange.jobs")
