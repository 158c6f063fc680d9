"""Django application of the domain."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class MessagesConfig(AppConfig):
    """伝達."""

    name = "sonae.domains.messages"
    label = "sonae_messages"
    verbose_name = "伝達"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the domain's outbox subscribers."""
        if find_spec("sonae.domains.messages.jobs"):
            import_module("sonae.domains.messages.jobs")
