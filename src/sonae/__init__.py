"""Sonae (備え): from the first warning until every resident is accounted for.

Layers, importing downward only: ``web``/``gateways``/``demo`` → ``domains`` (through their
``interface``) → ``platform`` → ``engines`` → ``core``. See docs/decisions/ and docs/tour.md.
"""

from __future__ import annotations

import os

__version__ = "0.1.0"

_DJANGO_READY = False


def django_setup() -> None:
    """Configure Django once per process, with ``sonae.settings`` unless another is named.

    Commands of the engines never call it, so they start without loading the server's code.
    """
    global _DJANGO_READY
    if _DJANGO_READY:
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sonae.settings")
    import django

    from sonae.core.errors import SonaeError

    try:
        django.setup()
    except OSError as error:
        # The settings make the data folder and the secret key.
        raise SonaeError(
            "home_unavailable",
            f"データの置き場所を使えません: {error}",
            "SONAE_HOME に、書き込めるフォルダを指定してください。",
        ) from error
    _DJANGO_READY = True
