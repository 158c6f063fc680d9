"""Django application of the plumbing."""

from django.apps import AppConfig


class PlatformConfig(AppConfig):
    """Registers the plumbing's own tables (outbox, audit chain, exercise clock)."""

    name = "sonae.platform"
    label = "platform"
    verbose_name = "基盤"
    default_auto_field = "django.db.models.BigAutoField"
