"""Tables and models say the same."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader


@pytest.mark.django_db
def test_no_migration_is_missing(settings: Any) -> None:
    settings.MIGRATION_MODULES = {}  # `--no-migrations` hides them from Django
    assert MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    out = io.StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=out)
    except SystemExit:
        pytest.fail(out.getvalue())
