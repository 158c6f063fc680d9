"""The base map in use: made from what the city has, renewed when that changes, never lost."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from sonae.core.errors import SonaeError
from sonae.domains.evacuation import basemap as maps
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation import jobs
from sonae.domains.hazards import interface as hazards
from sonae.platform import outbox
from sonae.platform.models import AuditEntry, OutboxEntry
from sonae.platform.scope import World
from tests.engines.evacuation.small import layer, network
from tests.fixtures import ADMINISTRATOR, OPERATOR, City


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> None:
    """A folder of its own: a map of one test is none of the next."""
    settings.HOME = tmp_path


def test_a_map_is_made_once_and_again_when_the_city_changed(city: City) -> None:
    assert evacuation.basemap() is None
    first, new = evacuation.build_basemap(actor=ADMINISTRATOR)
    assert new and first.path.exists() and first.bytes == first.path.stat().st_size
    assert first.towns == 3 and "試験 2026-01-01" in first.sources
    assert evacuation.basemap() == first
    again, new = evacuation.build_basemap()
    assert again == first and not new
    hazards.register_layer(layer([[1, 1, 0]], hazard="tsunami", name="tsunami"))
    second, new = evacuation.build_basemap()
    assert new and second.version != first.version and evacuation.basemap() == second
    assert first.path.exists(), "a page that is open goes on reading the map before"
    evacuation.load_network(network([(0, 50), (900, 50)], [(0, 1)]))
    third, _ = evacuation.build_basemap()
    assert third.path.exists() and second.path.exists() and not first.path.exists()
    assert AuditEntry.objects.filter(action="basemap_built").count() == 3


def test_only_an_administrator_makes_maps(city: City) -> None:
    with pytest.raises(SonaeError, match="forbidden"):
        evacuation.build_basemap(actor=OPERATOR)


def test_a_build_that_breaks_off_leaves_the_last_good_map(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, _ = evacuation.build_basemap()

    def broken(*args: Any, **more: Any) -> Any:
        raise subprocess.CalledProcessError(1, "build", stderr="Traceback\nMemoryError: no room")

    monkeypatch.setattr(subprocess, "run", broken)
    with pytest.raises(SonaeError, match="no room") as refused:
        evacuation.build_basemap(anew=True)
    assert refused.value.code == "map_failed" and "sonae map build" in refused.value.hint
    assert evacuation.basemap() == good and good.path.exists()


def test_a_damaged_description_is_no_map_and_can_be_made_anew(city: City) -> None:
    made, _ = evacuation.build_basemap()
    for text in ("", "[]", '{"version": 1}', "{"):
        (maps.folder() / "basemap.json").write_text(text)
        assert evacuation.basemap() is None
    assert evacuation.build_basemap()[1]
    made.path.unlink()
    assert evacuation.basemap() is None


def waiting() -> int:
    return OutboxEntry.everywhere.filter(topic=maps.DUE, state=OutboxEntry.PENDING).count()


def test_a_change_of_the_city_has_the_map_renewed_after_a_quiet_minute(city: City) -> None:
    """In its own lane and late: planning for people goes first, and an import is drawn once."""
    OutboxEntry.everywhere.all().delete()
    hazards.register_layer(layer([[1, 1, 0]], hazard="tsunami", name="tsunami"))
    evacuation.load_network(network([(0, 50), (900, 50)], [(0, 1)]))
    outbox.drain()
    assert waiting() == 2 and evacuation.basemap() is None, "too early"
    OutboxEntry.everywhere.filter(topic=maps.DUE).update(due_at=0)
    assert outbox.drain(lane=outbox.Lane.INNER) == 0
    assert outbox.drain(lane=outbox.Lane.APART) == 0
    assert outbox.drain(lane=outbox.Lane.SLOW) == 2
    made = evacuation.basemap()
    assert made is not None and AuditEntry.objects.filter(action="basemap_built").count() == 1


def test_facilities_and_exercises_draw_no_map(city: City) -> None:
    OutboxEntry.everywhere.all().delete()
    jobs.renew_map_for_city({"what": "facilities"})
    with city.entered(World.EXERCISE):
        jobs.renew_map_for_city({"what": "network"})
    assert waiting() == 0
    jobs.renew_map_for_city({"what": "hazards"})
    assert waiting() == 1
