"""Django application of the gateways: provides the channels and inputs that are built in."""

from django.apps import AppConfig


class GatewaysConfig(AppConfig):
    """Registers the live channels and the kinds of input with their domains."""

    name = "sonae.gateways"
    label = "gateways"
    verbose_name = "外部接続"

    def ready(self) -> None:
        """Register e-mail, the public page and the feed, and what can receive warnings."""
        from sonae.domains.messages import interface as messages
        from sonae.gateways import inputs, mail, publish, push, sms

        messages.register("mail", mail.send, mail.configured)
        messages.register("push", push.send, push.configured)
        messages.register("sms", sms.send, sms.configured, sms.fault)
        messages.register("web", publish.send)
        messages.register("cap", publish.send)
        inputs.register_all()
