"""Django application of the domain."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class OpenidConfig(AppConfig):
    """都市OSの認証."""

    name = "sonae.domains.openid"
    label = "openid"
    verbose_name = "都市OSの認証"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the domain's outbox subscribers."""
        if find_spec("sonae.domains.openid.jobs"):
            import_module("sonae.domains.openid.jobs")
