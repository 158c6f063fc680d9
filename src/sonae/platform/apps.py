"""Django application of the plumbing."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PlatformConfig(AppConfig):
    """Registers the plumbing's own tables (outbox, audit chain, exercise clock)."""

    name = "sonae.platform"
    label = "platform"
    verbose_name = "基盤"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Guard the tables of a PostgreSQL database after each migration."""
        from sonae.platform.postgresql.guard import protect

        post_migrate.connect(protect, sender=self, dispatch_uid="sonae.platform.guard")
