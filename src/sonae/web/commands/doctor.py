"""``sonae doctor``: is this installation fit for the night it is needed?"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import click
from django.conf import settings
from django.db import DatabaseError, connection

from sonae.core import clock
from sonae.core.rows import FORMATS, Rows
from sonae.domains.messages import interface as messages
from sonae.domains.municipalities.interface import Municipality
from sonae.platform.models import OutboxEntry
from sonae.platform.outbox import worker_seen
from sonae.platform.postgresql import guard
from sonae.platform.scope import every_municipality
from sonae.web.commands.setup import pending_migrations

# SQLite before this version can corrupt a WAL database that several processes write to.
SAFE_SQLITE: Final = (3, 51, 3)
_LEAST_FREE_GB: Final = 2.0
_LATE_SECONDS: Final = 300.0
_WORKER_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: ``state`` is ok, warning or failed; ``hint`` says what to do."""

    check: str
    state: str
    detail: str
    hint: str = ""


@click.command()
@click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
def doctor(fmt: str | None) -> None:
    """設置の状態を点検し、悪いところがあれば 1 で終わる。何も変えない。"""
    found = list(findings())
    with Rows(fmt) as rows:
        rows.extend(asdict(finding) for finding in found)
    sys.exit(1 if any(finding.state == "failed" for finding in found) else 0)


def findings() -> Iterator[Finding]:
    """All checks; those about the contents only where the database can be opened."""
    for look in (python, sqlite, home, space, secret):
        yield look()
    try:
        tables = migrations()
    except DatabaseError as error:
        yield Finding(
            "database", "failed", str(error).strip(), "SONAE_DATABASE を確かめてください。"
        )
        return
    yield tables
    if tables.state == "ok":
        for look in (row_security, municipality, outbox, worker):
            yield look()
    for look in (static_files, browser_libraries, catalogues, mail, channels, address):
        yield look()


def _judge(check: str, good: bool, detail: str, hint: str, otherwise: str = "failed") -> Finding:
    return Finding(check, "ok" if good else otherwise, detail, "" if good else hint)


def python() -> Finding:
    """Python 3.11 or newer."""
    version = ".".join(map(str, sys.version_info[:3]))
    return _judge("python", sys.version_info >= (3, 11), version, "Python 3.11 以上が必要です。")


def sqlite() -> Finding:
    """A SQLite without the WAL-reset bug, where SQLite is the database."""
    if connection.vendor != "sqlite":
        return Finding("database", "ok", connection.vendor)
    fit = sqlite3.sqlite_version_info >= SAFE_SQLITE
    hint = "この版には複数プロセスの書き込みでデータを壊す不具合があります。pysqlite3 を入れてください。"
    return _judge("sqlite", fit, sqlite3.sqlite_version, hint)


def home() -> Finding:
    """The data folder belongs to the owner alone and can be written."""
    folder = Path(settings.HOME)
    if not os.access(folder, os.W_OK):
        return Finding(
            "home", "failed", str(folder), "書き込めるフォルダを SONAE_HOME に指定してください。"
        )
    private = not folder.stat().st_mode & (stat.S_IRWXO | stat.S_IWGRP)
    hint = f"ほかの利用者に見えます: chmod 700 {folder}"
    return _judge("home", private, str(folder), hint, "warning")


def space() -> Finding:
    """Room for telegrams, posts and backups."""
    free = shutil.disk_usage(settings.HOME).free / 1e9
    return _judge("space", free >= _LEAST_FREE_GB, f"{free:.1f} GB", "空き容量を増やしてください。")


def secret() -> Finding:
    """The server's keys are readable by their owner only."""
    names = ("*.key", "*.pem", "channels.toml")
    files = [file for name in names for file in Path(settings.HOME).glob(name)]
    modes = {file: stat.S_IMODE(file.stat().st_mode) for file in files}
    loose = [str(file) for file, mode in modes.items() if mode & 0o077]
    detail = ", ".join(f"{file.name} {mode:04o}" for file, mode in sorted(modes.items()))
    return _judge("secret_key", not loose, detail, f"chmod 600 {' '.join(loose)}")


def migrations() -> Finding:
    """The tables are those of this version."""
    pending = pending_migrations()
    detail = f"{len(pending)} pending" if pending else connection.vendor
    return _judge("tables", not pending, detail, "`sonae setup` を実行してください。")


def row_security() -> Finding:
    """On PostgreSQL the rows of one city are shut to the work of another."""
    if connection.vendor != "postgresql":
        return Finding("row_security", "ok", "one file")
    open_tables, passed_by = guard.unguarded(), guard.passed_by()
    if passed_by:
        hint = "SONAE_DATABASE の利用者を、SUPERUSER でも BYPASSRLS でもない役割にしてください。"
        return Finding("row_security", "warning", passed_by, hint)
    detail = ", ".join(open_tables) or "every table"
    return _judge("row_security", not open_tables, detail, "`sonae setup` を実行してください。")


def municipality() -> Finding:
    """There is someone to serve."""
    names = list(Municipality.objects.values_list("name", flat=True))
    hint = "市区町村を登録するか、`sonae demo create` で架空の市を作ってください。"
    return _judge("municipality", bool(names), "、".join(names) or "0", hint, "warning")


@every_municipality()
def outbox() -> Finding:
    """Nothing has failed for good, and nothing has been waiting for minutes."""
    rows = OutboxEntry.everywhere
    failed = rows.filter(state=OutboxEntry.FAILED).count()
    late_before = clock.SystemClock().now().timestamp() - _LATE_SECONDS
    late = rows.filter(state=OutboxEntry.PENDING, due_at__lt=late_before).count()
    if late:
        hint = "`sonae work` が動いているか確かめてください。"
        return Finding("outbox", "failed", f"{late} late, {failed} failed", hint)
    return _judge(
        "outbox", not failed, f"{failed} failed", "本部画面で内容を確かめてください。", "warning"
    )


def worker() -> Finding:
    """An outbox worker is running (it shows its life every few seconds)."""
    seen = worker_seen()
    detail = "never seen" if seen is None else f"{seen:.0f} s ago"
    hint = (
        "サーバーを動かしているのに出るときは、`sonae serve` か `sonae work` を動かしてください。"
    )
    return _judge("worker", seen is not None and seen < _WORKER_SECONDS, detail, hint, "warning")


def static_files() -> Finding:
    """The static files are collected, hashed and compressed."""
    there = (Path(settings.STATIC_ROOT) / "staticfiles.json").exists()
    return _judge(
        "static", there, str(settings.STATIC_ROOT), "`sonae setup` を実行してください。", "warning"
    )


def browser_libraries() -> Finding:
    """The libraries of the interactive map; without them maps are drawn by the server."""
    there = (settings.SOURCE / "web/static/vendor/maplibre-gl/maplibre-gl.mjs").exists()
    hint = "地図はサーバーが描きます。操作できる地図には `./dev vendor` を実行してください。"
    return _judge("browser_libraries", there, "present" if there else "absent", hint, "warning")


def catalogues() -> Finding:
    """Every language has its compiled catalogue."""
    books = sorted(Path(settings.LOCALE_PATHS[0]).glob("*/LC_MESSAGES/django.po"))
    lacking = [str(book.parts[-3]) for book in books if not book.with_suffix(".mo").exists()]
    hint = "`./dev setup` を実行してください。"
    return _judge(
        "languages", not lacking and bool(books), ", ".join(lacking) or f"{len(books)}", hint
    )


def mail() -> Finding:
    """A mail server is set; its password is not shown."""
    hint = "SONAE_SMTP がないため、電子メールは送られません。"
    return _judge(
        "mail", bool(settings.SMTP), "set" if settings.SMTP else "not set", hint, "warning"
    )


def channels() -> Finding:
    """What is set up for messages has no mistake."""
    wrong = messages.faults()
    detail = " / ".join(f"{name}: {said}" for name, said in wrong.items())
    hint = "docs/operations/channels.md を見て、SONAE_HOME の channels.toml を直してください。"
    return _judge("channels", not wrong, detail or "ok", hint)


def address() -> Finding:
    """The public address is a secure one."""
    secure = settings.ISSUER.startswith("https://")
    hint = "公開するときは SONAE_ISSUER に https:// の住所を指定してください。"
    return _judge("address", secure, settings.ISSUER or "not set", hint, "warning")
