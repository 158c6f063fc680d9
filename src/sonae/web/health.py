"""Is the process alive, and is the service fit for work: for load balancers and the people on duty."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from sonae.domains.municipalities import interface as municipalities
from sonae.platform import outbox
from sonae.platform.access import Audience, audience
from sonae.platform.db import writing
from sonae.platform.models import WorkerBeat

PATHS: Final = ("/healthz", "/readyz")
LEAST_FREE_BYTES: Final = 200 * 1024 * 1024
WORKER_SECONDS: Final = 60.0
_REMEMBERED_SECONDS: Final = 2.0

_last: tuple[float, Mapping[str, bool]] | None = None


@audience(Audience.PUBLIC)
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process serves requests; asks nothing of the database."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@audience(Audience.PUBLIC)
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when all checks pass, else 503, each check by name; never any detail."""
    found = checks()
    ready = all(found.values())
    return JsonResponse({"ready": ready, "checks": dict(found)}, status=200 if ready else 503)


def checks() -> Mapping[str, bool]:
    """Return check → passed; remembered for two seconds, because anybody may ask."""
    global _last
    if _last is None or time.monotonic() - _last[0] > _REMEMBERED_SECONDS:
        found = {name: _passes(check) for name, check in _CHECKS.items()}
        _last = (time.monotonic(), found)
    return _last[1]


def forget() -> None:
    """Look again at the next request (tests)."""
    global _last
    _last = None


def _passes(check: Callable[[], bool]) -> bool:
    """Run one check; a database or disk that cannot answer has not passed."""
    try:
        return check()
    except (DatabaseError, OSError):
        connection.close()
        return False


def _database() -> bool:
    """The database takes writes (a deletion of nothing needs the same lock and the same rights)."""
    with writing():
        WorkerBeat.objects.filter(name="").delete()
        return True


def _worker() -> bool:
    """An outbox worker showed its life within a minute."""
    seen = outbox.worker_seen()
    return seen is not None and seen < WORKER_SECONDS


def _disk() -> bool:
    """There is room for what comes in."""
    return shutil.disk_usage(settings.HOME).free >= LEAST_FREE_BYTES


def _municipality() -> bool:
    """There is somebody to serve."""
    return municipalities.serving_code() is not None


_CHECKS: Final[Mapping[str, Callable[[], bool]]] = {
    "database": _database,
    "worker": _worker,
    "disk": _disk,
    "municipality": _municipality,
}
