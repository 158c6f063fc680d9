"""``sonae setup``: everything between an installed package and a server that may start.

Safe to repeat, and quick when nothing changed: tables, static files, and Django's own deployment
checks. ``./dev setup`` calls it; so does an update of an installation.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Final

import click
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from sonae.core.errors import SonaeError

_STAMP: Final = ".collected"


@click.command()
@click.option("--check", is_flag=True, help="用意が済んでいるかを調べるだけで、何も変えない")
def setup(check: bool) -> None:
    """データベースの表と静的ファイルを用意し、設定を点検する。何度実行してもよい。"""
    if check:
        refuse_unready()
    else:
        make_ready()


def make_ready() -> None:
    """Make tables and static files as this version has them, and look over the settings."""
    try:
        if pending_migrations():
            call_command("migrate", interactive=False, verbosity=0)
    except OperationalError as error:
        raise unavailable(error) from error
    refuse_older_tables()
    if collect_static():
        click.echo("  static files collected", err=True)
    try:
        call_command("check", deploy=True, fail_level="CRITICAL", stdout=io.StringIO())
    except SystemCheckError as error:
        raise SonaeError("check_failed", str(error)) from error


def pending_migrations() -> list[str]:
    """The migrations that this version has and the database has not; opens the database."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def refuse_unready() -> None:
    """Refuse to serve on tables of another version."""
    try:
        pending = pending_migrations()
    except OperationalError as error:
        raise unavailable(error) from error
    if pending:
        raise SonaeError(
            "not_set_up",
            f"データベースの用意が済んでいません（{len(pending)}件）。",
            "`sonae setup` を実行してください。",
        )


def refuse_older_tables() -> None:
    """Refuse a database of an earlier state of this version: before the first release tables change.

    Its migrations have the same names, so that only the columns tell (decision 0003).
    """
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for model in apps.get_models():
            table, held = model._meta.db_table, set()
            if table in tables:
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)} LIMIT 0")  # noqa: S608
                held = {column[0] for column in cursor.description}
            missing = {str(field.column) for field in model._meta.local_concrete_fields} - held
            if missing:
                raise SonaeError(
                    "older_tables",
                    f"データベースが古い形です（{table} に {'、'.join(sorted(missing)[:3])} がありません）。",
                    "正式版の前は、表の形が変わります。データの場所（SONAE_HOME。./dev では var）を"
                    "別の名前に移してから、もう一度始めてください。",
                )


def unavailable(error: OperationalError) -> SonaeError:
    """The database's own complaint as a refusal with a way out."""
    return SonaeError(
        "database_unavailable",
        f"データベースを開けません: {str(error).strip()}",
        "SONAE_HOME と SONAE_DATABASE、空き容量と権限を確かめてください。",
    )


def collect_static() -> bool:
    """Collect, hash and compress the static files when any of them changed; whether it did.

    Older files stay: a server that is still running goes on answering with them.
    """
    stamp = Path(settings.STATIC_ROOT) / _STAMP
    state = _static_state()
    if stamp.exists() and stamp.read_text() == state:
        return False
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "whitenoise.storage.CompressedManifestStaticFilesStorage"
    )
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(state)
    return True


def _static_state() -> str:
    """One hash over names, sizes and times of all static files."""
    total = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            stat = Path(storage.path(path)).stat()
            total.update(f"{path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return total.hexdigest()
