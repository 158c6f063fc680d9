"""Django application of the domain."""

from django.apps import AppConfig


class EdgeConfig(AppConfig):
    """中継機."""

    name = "sonae.domains.edge"
    label = "edge"
    verbose_name = "中継機"
    default_auto_field = "django.db.models.BigAutoField"
