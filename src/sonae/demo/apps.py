"""Django application of the demo: registers the play's step with the outbox."""

from importlib import import_module

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The invented city and its 72 hours."""

    name = "sonae.demo"
    label = "demo"
    verbose_name = "デモ"

    def ready(self) -> None:
        """Register the play."""
        import_module("sonae.demo.play")
