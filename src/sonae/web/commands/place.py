"""Which municipality a command is about."""

from sonae.core.errors import SonaeError
from sonae.domains.municipalities import interface as municipalities


def serving() -> str:
    """Return the 6-digit code this installation serves; `SonaeError` when none is decided."""
    code = municipalities.serving_code()
    if code is None:
        raise SonaeError(
            "no_municipality",
            "どの市区町村か決まりません。",
            "市区町村を登録するか、SONAE_MUNICIPALITY に6桁の団体コードを指定してください。",
        )
    return code
