"""Messages as far as they are there: the screens run before this part arrives."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any


def _of(module: str, name: str, *arguments: Any) -> Any:
    """Call a function of a domain's interface; nothing where it is not there yet."""
    if not find_spec(module):
        return []
    found = getattr(import_module(module), name, None)
    return found(*arguments) if found else []


def public_items() -> list[Any]:
    """What the city published."""
    return list(_of("sonae.domains.messages.interface", "public_items"))


def transmissions() -> list[Any]:
    """Transmissions, newest first."""
    return list(_of("sonae.domains.messages.interface", "transmissions"))


def receipts(pk: int) -> dict[str, int]:
    """Receipts of a transmission."""
    return dict(_of("sonae.domains.messages.interface", "receipts", pk))
