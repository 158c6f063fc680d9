"""Marks sentences for translation where Django's own ``gettext_noop`` cannot be imported."""

from __future__ import annotations


def gettext_noop(message: str) -> str:
    """``message`` unchanged; the catalogues pick it up by this name, screens translate it."""
    return message
