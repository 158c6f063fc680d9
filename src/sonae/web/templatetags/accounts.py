"""Tags of the account pages."""

from __future__ import annotations

from django import template
from django.template import Context

from sonae.web import accounts

register = template.Library()


@register.simple_tag(takes_context=True)
def passkeys_possible(context: Context) -> bool:
    """Tell whether the browser would allow a passkey on the address being shown."""
    return accounts.passkeys_possible(context["request"])
