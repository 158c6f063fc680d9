"""Django application of the screens (templates and static files)."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out


class WebConfig(AppConfig):
    """Holds templates, static files and template tags."""

    name = "sonae.web"
    label = "web"
    verbose_name = "画面"

    def ready(self) -> None:
        """Register what prints on paper with the outbox, and what ends with a session."""
        import_module("sonae.web.papercard")
        ending = import_module("sonae.web.oauth.session").on_sign_out
        user_logged_out.connect(ending, dispatch_uid="sonae.openid")
