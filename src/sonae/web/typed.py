"""What comes in a query or a form, as a database takes it."""

from __future__ import annotations


def number_of(text: str) -> int:
    """Return a whole number as typed or posted, 0 for anything else or longer than any key or page."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0
