"""The server's own settings on a home folder that lives as long as the test process.

Nothing is replaced: tests run what the city runs. Only the place of data is moved, so that a test
can neither read nor spoil an installation on the same machine.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

_home = tempfile.mkdtemp(prefix="sonae-test-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ["SONAE_HOME"] = _home
os.environ.setdefault("SONAE_ALLOW_PRIVATE_TARGETS", "1")
# The synchronous Playwright API runs an event loop in the thread of the live server's test.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

from sonae.settings import *  # noqa: E402, F403
from sonae.settings import DATABASES  # noqa: E402

# Hashing passwords the slow way is the point in service and only a delay in tests.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A file, as in service: an in-memory database is one connection that the live server's threads and
# the test would share, and SQLite's statement cache does not survive that.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": f"{_home}/test.sqlite3"}
