"""Row-level security: the second guard, on PostgreSQL, that no city sees another city's rows.

The first guard are the managers of `platform.scoped`. A role that is a superuser or has BYPASSRLS
passes every policy: `sonae doctor` says so.
"""

from __future__ import annotations

from typing import Any, Final

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connection, connections

from sonae.platform.postgresql import SETTING
from sonae.platform.scope import EVERY
from sonae.platform.scoped import ScopedModel, TenantModel

POLICY: Final = "own_municipality"
# The sub-select is computed once a query, not once a row.
_TOLD: Final = f"(SELECT current_setting('{SETTING}', true))"


def guarded() -> list[str]:
    """Return the tables with rows of one municipality each, in order."""
    owned = (model for model in apps.get_models() if issubclass(model, TenantModel | ScopedModel))
    return sorted(model._meta.db_table for model in owned)


def protect(using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """Give every such table its policy; called after each migration."""
    database = connections[using]
    if database.vendor != "postgresql":
        return
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_policies WHERE schemaname = current_schema() AND policyname = %s",
            [POLICY],
        )
        done = {name for (name,) in cursor.fetchall()}
        there = set(database.introspection.table_names(cursor))
        for table in guarded():
            if table in done or table not in there:
                continue
            name = database.ops.quote_name(table)
            cursor.execute(
                f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
            )
            cursor.execute(
                f"CREATE POLICY {POLICY} ON {name} "
                f"USING (municipality = {_TOLD} OR {_TOLD} = '{EVERY}')"
            )


def passed_by() -> str:
    """Return what lets this connection's role pass the policies (``superuser``, ``bypassrls``), or ""."""
    if connection.vendor != "postgresql":
        return ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        is_super, passes = cursor.fetchone()
    return "superuser" if is_super else "bypassrls" if passes else ""


def unguarded() -> list[str]:
    """Return the tables that should have a policy and have none."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid "
            "WHERE p.polname = %s AND c.relrowsecurity AND c.relforcerowsecurity",
            [POLICY],
        )
        done = {name for (name,) in cursor.fetchall()}
    return [table for table in guarded() if table not in done]
