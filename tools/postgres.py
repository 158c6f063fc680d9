"""Run a command on a throw-away PostgreSQL server: ``python tools/postgres.py COMMAND…``.

The cluster lives in a temporary folder, listens on a Unix socket only, and is gone afterwards. The
command finds it in SONAE_DATABASE. Standard library only. Where no PostgreSQL is installed the
reason is printed as ``skipped: …`` and the status is 0.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What a crash would lose is thrown away anyway.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
}


class UnavailableError(Exception):
    """There is no PostgreSQL server to be started here; the message says why."""


def binaries() -> Path:
    """The folder of initdb and pg_ctl: the newest of Debian's, else what PATH has."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name)
    )
    on_path = shutil.which("initdb")
    folders = [*reversed(debian), *([Path(on_path).parent] if on_path else [])]
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise UnavailableError("no PostgreSQL server is installed (Debian: apt install postgresql)")


def owner() -> str | None:
    """The account that must run the server: PostgreSQL refuses root. None = this account."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise UnavailableError("PostgreSQL does not run as root and there is no other account")


def as_owner(command: list[str], account: str | None) -> None:
    """Run a server program under its account; its output only when it fails."""
    done = subprocess.run(
        command,
        user=account,
        group=pwd.getpwnam(account).pw_gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise UnavailableError(f"{Path(command[0]).name} failed:\n{done.stdout.strip()}")


@contextmanager
def server() -> Iterator[str]:
    """A running server's address as SONAE_DATABASE takes it; stopped and removed afterwards."""
    programs, account = binaries(), owner()
    # A short path in lower case: sockets allow 107 characters, and the host part of an address
    # loses its capitals.
    folder = Path(tempfile.mkdtemp(prefix="sonae-pg-", dir="/tmp"))
    try:
        if account:
            os.chown(folder, pwd.getpwnam(account).pw_uid, pwd.getpwnam(account).pw_gid)
        data = folder / "data"
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust"]
        as_owner([*initdb, "-E", "UTF8", "--locale=C", "--no-sync"], account)
        settings = {**FAST, "unix_socket_directories": str(folder)}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        pg_ctl = [str(programs / "pg_ctl"), "-D", str(data), "-w"]
        as_owner([*pg_ctl, "-l", str(folder / "log"), "-o", options, "start"], account)
        try:
            psql = [str(programs / "psql"), "-h", str(folder), "-U", "postgres", "-qc"]
            # An ordinary role: row-level security does not hold for the superuser.
            as_owner([*psql, "CREATE ROLE sonae LOGIN CREATEDB"], account)
            as_owner([*psql, "CREATE DATABASE sonae OWNER sonae"], account)
            yield f"postgres://sonae@{str(folder).replace('/', '%2f')}/sonae"
        finally:
            as_owner([*pg_ctl, "-m", "immediate", "stop"], account)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(command: list[str]) -> int:
    """Run ``command`` with SONAE_DATABASE set; its status, or 0 with a printed reason."""
    if not command:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        with server() as address:
            return subprocess.run(command, env=os.environ | {"SONAE_DATABASE": address}).returncode
    except UnavailableError as reason:
        print(f"skipped: {reason}", flush=True)
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
