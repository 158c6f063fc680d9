"""Django application of the screens (templates and static files)."""

from importlib import import_module

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Holds templates, static files and template tags."""

    name = "sonae.web"
    label = "web"
    verbose_name = "画面"

    def ready(self) -> None:
        """Register what prints on paper with the outbox."""
        import_module("sonae.web.papercard")
