"""A database on disk with only the plumbing's tables, for tests that need several processes."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT

Script = Callable[[str], "subprocess.Popen[str]"]

_PROLOGUE = """
import django, os, sys, time, threading
django.setup()
from django.db import connection, transaction
from sonae.core import clock
from sonae.platform import audit, db, models, outbox, worlds
from sonae.platform.scope import World
"""
_TABLES = """
with connection.schema_editor() as editor:
    for name in ("OutboxEntry", "AuditEntry", "WorkerBeat", "ExerciseClock"):
        editor.create_model(getattr(models, name))
"""


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Start Python code in a process of its own on one shared SQLite file; tables are there."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SONAE_")} | {
        "SONAE_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "sonae.settings",
        "PYTHONPATH": str(ROOT / "src"),
    }

    def start(code: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", _PROLOGUE + textwrap.dedent(code)],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    made = start(_TABLES)
    _out, error = made.communicate(timeout=60)
    assert made.returncode == 0, error
    return start
