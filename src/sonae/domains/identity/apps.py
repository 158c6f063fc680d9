"""Django application of the domain."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """認証・権限."""

    name = "sonae.domains.identity"
    label = "identity"
    verbose_name = "認証・権限"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the domain's outbox subscribers."""
        if find_spec("sonae.domains.identity.jobs"):
            import_module("sonae.domains.identity.jobs")
