"""Identifiers for outside: the same each time, and telling nothing of whom they mean."""

import hashlib
import hmac

from django.conf import settings

from sonae.platform.scope import current


def opaque(*parts: object) -> str:
    """Return 24 hex digits for what is named, in this city and world, that nobody else can compute."""
    scope = current()
    text = "\x1f".join(map(str, (scope.municipality, scope.world.value, *parts)))
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()[:24]
