"""Addresses that leave the house: absolute, in the world in force."""

from django.conf import settings
from django.http import HttpRequest

from sonae.web.templatetags.sonae import in_world


def absolute(request: HttpRequest, path: str) -> str:
    """Return the address of a path of this site as others must write it."""
    return (settings.ISSUER or f"{request.scheme}://{request.get_host()}") + in_world(path)
