"""PostgreSQL as Sonae uses it: a second guard of whose rows a query may see."""

from typing import Final

SETTING: Final = "sonae.municipality"
"""The server's setting that holds the municipality in force, `scope.EVERY`, or nothing."""
