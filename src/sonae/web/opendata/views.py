"""公開データ: what the city's geodata are, whose they are, and the files to take along."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.platform.access import Audience, audience
from sonae.platform.scope import current
from sonae.web.opendata import files
from sonae.web.opendata.files import Form
from sonae.web.opendata.licence import licence
from sonae.web.opendata.sets import PUBLIC_SETS, DataSet, set_of

FRESH_SECONDS: Final = 60.0
"""A file is written at most so often, however many ask for it."""
_writing = threading.Lock()


@dataclass(frozen=True)
class Offer:
    """One set as the page shows it."""

    data: DataSet
    count: int
    sources: list[str]
    forms: list[Form]


@audience(Audience.PUBLIC)
def page(request: HttpRequest) -> HttpResponse:
    """Show every public set with its source, its size and the forms it can be had in."""
    offers = [
        Offer(data, len(data.features()), data.sources(), files.forms_of(data))
        for data in PUBLIC_SETS
    ]
    context = {"offers": offers, "licence": licence(), "basemap": evacuation.basemap()}
    return render(request, "opendata/page.html", context)


@audience(Audience.PUBLIC)
def download(request: HttpRequest, name: str, form: str) -> FileResponse:
    """Send a set as a file; ``all`` is every public set in one GeoPackage."""
    chosen = files.form_of(form)
    sets = list(PUBLIC_SETS) if name == "all" else [set_of(name)]
    if not all(data.public for data in sets):
        raise SonaeError("sign_in", "職員用のデータです。OGC API から読んでください。")
    path = _fresh(name, chosen, sets)
    title = f"{current().municipality}_{name}{chosen.suffix}"
    response = FileResponse(path.open("rb"), as_attachment=True, filename=title)
    response.headers["Content-Type"] = chosen.media
    response.headers["Cache-Control"] = f"max-age={FRESH_SECONDS:.0f}"
    return response


def _fresh(name: str, form: Form, sets: list[DataSet]) -> Path:
    """Return the file, written anew when the last one is older than `FRESH_SECONDS`."""
    scope = current()
    folder = Path(settings.HOME) / "exports" / scope.municipality / scope.world.value
    path = folder / f"{name}{form.suffix}"
    if _age(path) < FRESH_SECONDS:
        return path
    with _writing:
        if _age(path) >= FRESH_SECONDS:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as held:
                draft = Path(held) / path.name
                files.write(draft, form, sets)
                draft.replace(path)
    return path


def _age(path: Path) -> float:
    """Return how many seconds ago a file was written; endless when there is none."""
    try:
        return abs(clock.machine_ns() / 1e9 - path.stat().st_mtime)
    except OSError:
        return float("inf")
