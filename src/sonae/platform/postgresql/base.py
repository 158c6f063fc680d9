"""Django's PostgreSQL, whose connections know whose work they do.

Before a cursor is made the server is told the municipality in force; the policies of `guard` then
show and take that municipality's rows alone, whatever the query says. The telling costs a round trip
when the municipality changed, else nothing.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

from sonae.platform.postgresql import SETTING
from sonae.platform.scope import visible


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that sees the rows of the municipality in force."""

    _told: str | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Open a connection; it has been told nothing."""
        self._told = None
        return super().get_new_connection(conn_params)

    def create_cursor(self, name: str | None = None) -> Any:
        """Return a cursor that sees what the work at hand may see."""
        self._tell()
        return super().create_cursor(name)

    def rollback(self) -> None:
        """Roll back; what was told in between is undone with the rest."""
        self._told = None
        super().rollback()

    def savepoint_rollback(self, sid: str) -> None:
        """Roll back to a savepoint; what was told since is undone with the rest."""
        self._told = None
        super().savepoint_rollback(sid)
        self._told = None

    def _tell(self) -> None:
        wanted = visible()
        if wanted == self._told:
            return
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            self._told = None  # nothing is answered now but a rollback
            return
        self.connection.execute("SELECT set_config(%s, %s, false)", [SETTING, wanted])
        self._told = wanted
