"""Django application of the screens (templates and static files)."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Holds templates, static files and template tags."""

    name = "sonae.web"
    label = "web"
    verbose_name = "画面"
