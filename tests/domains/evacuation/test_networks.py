"""A new walking network: looked at first, put into force whole, or not at all."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation import networks, previews
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.residents.interface import Household
from sonae.domains.shelters import interface as shelters
from sonae.engines.evacuation.network import FILE
from sonae.platform import outbox
from sonae.platform.models import AuditEntry, OutboxEntry
from sonae.platform.scope import World
from tests.engines.evacuation.small import at, network
from tests.fixtures import ADMINISTRATOR, OPERATOR, City

pytestmark = pytest.mark.django_db


def street(path: Path, east: float, *, broken: bool = False, pieces: int = 8) -> Path:
    """A GeoJSON of one street of 100 m pieces beginning so far east, with an island 30 m north."""
    points = [at(50 + east + 100 * i, 50)[::-1] for i in range(pieces + 1)]
    island = [at(840, 95)[::-1], at(860, 95)[::-1]]
    lines = [points, island, [points[0], points[0]]]
    features = [
        {"type": "Feature", "properties": {}, "geometry":
         {"type": "LineString", "coordinates": line}} for line in lines
    ]  # fmt: skip
    text = json.dumps({"type": "FeatureCollection", "features": features})
    path.write_text(text[: 300 if broken else None], "utf-8")
    return path


def nodes_of_homes() -> list[int | None]:
    return list(Household.objects.order_by("number").values_list("node", flat=True))


def test_nothing_changes_before_somebody_confirms(city: City, tmp_path: Path) -> None:
    before, homes, version = networks.stamp(), nodes_of_homes(), city_version()
    token = evacuation.preview_network(
        ADMINISTRATOR, [street(tmp_path / "new.geojson", 0)], "道路課", "2026-11-01"
    )
    seen = evacuation.network_preview(token)
    assert (seen.network.source, seen.network.date) == ("道路課", "2026-11-01")
    assert [one["problem"] for one in seen.defects] == ["zero_length"]
    assert (seen.figures["components"], seen.figures["off_main_nodes"]) == (2, 2)
    assert (networks.stamp(), nodes_of_homes(), city_version()) == (before, homes, version)
    old = evacuation.network_in_force()
    assert old is not None
    assert old.network.source == "試験"
    outbox.drain()
    evacuation.confirm_network(ADMINISTRATOR, token)
    now = evacuation.network_in_force()
    assert now is not None
    assert now.network.source == "道路課"
    assert now.defects == seen.defects, "what was wrong with its files stays known"
    assert city_version() != version
    assert OutboxEntry.everywhere.filter(topic="city.changed").exists()
    entry = AuditEntry.objects.filter(action="network_loaded").latest("sequence")
    assert (entry.actor, entry.target) == (ADMINISTRATOR.id, "道路課")
    with pytest.raises(SonaeError, match="not_found"):
        evacuation.confirm_network(ADMINISTRATOR, token)


def city_version() -> str:
    return str(municipalities.municipality().register_version)


def test_homes_and_facilities_without_a_way_are_counted_and_listed(
    city: City, tmp_path: Path
) -> None:
    """The street begins 1.5 km east of the town, whose eastern end has an island of its own."""
    path = street(tmp_path / "far.geojson", 1510)
    token = evacuation.preview_network(ADMINISTRATOR, [path], "", "")
    missed = evacuation.network_preview(token).unreached
    assert (missed.homes, missed.off, missed.islands) == (5, 3, 2)
    assert {one.town: one.homes for one in missed.towns} == {"西町": 2, "中町": 1}
    assert max(one.farthest_m for one in missed.towns) == pytest.approx(1510, rel=0.01)
    assert [one.name for one in missed.facilities if one.off] == ["第一小学校", "中央公園"]
    assert [one.name for one in missed.facilities if not one.off] == ["福祉会館", "高台中学校"]
    assert sum(count for _, _, count in missed.cells) == missed.off
    homes = {(h.longitude, h.latitude) for h in Household.objects.all()}
    assert not homes & {(x, y) for x, y, _ in missed.cells}, "no home is drawn where it stands"
    with pytest.raises(SonaeError, match="conflict") as caught:
        evacuation.confirm_network(ADMINISTRATOR, token)
    assert "5世帯のうち3世帯" in caught.value.detail
    assert None not in nodes_of_homes(), "the network in force stays"
    evacuation.confirm_network(ADMINISTRATOR, token, agreed=["homes_cut_off"])
    assert nodes_of_homes()[:3] == [None] * 3
    assert None not in nodes_of_homes()[3:]
    assert {f.name for f in shelters.facilities() if f.node is None} == {"第一小学校", "中央公園"}


def test_of_a_home_of_which_only_the_town_is_known_the_way_may_be_unknown(
    city: City, tmp_path: Path
) -> None:
    Household.objects.filter(number="00000003").update(place="town")
    Household.objects.filter(number="00000001").update(place="none")
    path = street(tmp_path / "far.geojson", 1510)
    missed = evacuation.network_preview(
        evacuation.preview_network(ADMINISTRATOR, [path], "", "")
    ).unreached
    assert (missed.homes, missed.off, missed.unknown) == (5, 1, 2)
    assert sum(one.homes for one in missed.towns) == 1
    near = street(tmp_path / "near.geojson", 0)
    reached = evacuation.network_preview(
        evacuation.preview_network(ADMINISTRATOR, [near], "", "")
    ).unreached
    assert (reached.off, reached.unknown) == (0, 1), "all around the town there is a way"


def test_a_file_that_cannot_be_read_leaves_everything(city: City, tmp_path: Path) -> None:
    before = (networks.network_folder() / FILE).read_bytes()
    waiting = set((networks.network_folder() / "previews").glob("*"))
    good, bad = street(tmp_path / "a.geojson", 0), street(tmp_path / "b.geojson", 0, broken=True)
    with pytest.raises(SonaeError, match="unreadable"):
        evacuation.preview_network(ADMINISTRATOR, [good, bad], "", "")
    assert set((networks.network_folder() / "previews").glob("*")) == waiting
    assert (networks.network_folder() / FILE).read_bytes() == before


def test_a_failure_while_loading_leaves_the_network_in_force(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, homes = (networks.network_folder() / FILE).read_bytes(), nodes_of_homes()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("disk")

    monkeypatch.setattr(networks.audit, "record", fail)
    with pytest.raises(RuntimeError):
        evacuation.load_network(network([(0, 0), (9000, 0)], [(0, 1)]))
    assert (networks.network_folder() / FILE).read_bytes() == before
    assert nodes_of_homes() == homes
    assert not list(networks.network_folder().glob(".loading-*"))


def test_a_preview_altered_on_the_disk_is_not_put_into_force(city: City, tmp_path: Path) -> None:
    token = evacuation.preview_network(ADMINISTRATOR, [street(tmp_path / "n.geojson", 0)], "", "")
    file = networks.network_folder() / "previews" / token / FILE
    raw = bytearray(file.read_bytes())
    raw[-70] ^= 1
    file.write_bytes(raw)
    before = networks.stamp()
    with pytest.raises(SonaeError, match="unreadable"):
        evacuation.confirm_network(ADMINISTRATOR, token)
    assert networks.stamp() == before


def test_only_administrators_change_the_network(city: City, tmp_path: Path) -> None:
    path = street(tmp_path / "n.geojson", 0)
    with pytest.raises(SonaeError, match="forbidden"):
        evacuation.preview_network(OPERATOR, [path], "", "")
    token = evacuation.preview_network(ADMINISTRATOR, [path], "", "")
    for act in (evacuation.confirm_network, evacuation.discard_network):
        with pytest.raises(SonaeError, match="forbidden"):
            act(OPERATOR, token)
    evacuation.discard_network(ADMINISTRATOR, token)
    with pytest.raises(SonaeError, match="not_found"):
        evacuation.network_preview(token)
    assert AuditEntry.objects.filter(action="network_discarded").exists()


def test_an_exercise_cannot_replace_the_real_network(city: City, tmp_path: Path) -> None:
    path = street(tmp_path / "n.geojson", 0)
    token = evacuation.preview_network(ADMINISTRATOR, [path], "", "")
    before = networks.stamp()
    with city.entered(World.EXERCISE):
        assert not evacuation.may_change_network(ADMINISTRATOR)
        with pytest.raises(SonaeError, match="exercise"):
            evacuation.preview_network(ADMINISTRATOR, [path], "", "")
        with pytest.raises(SonaeError, match="exercise"):
            evacuation.confirm_network(ADMINISTRATOR, token)
    assert networks.stamp() == before


@pytest.mark.parametrize("token", ["", ".", "..", "../..", "nothing", "previews"])
def test_a_token_is_no_path(token: str, city: City) -> None:
    with pytest.raises(SonaeError, match="not_found"):
        evacuation.network_preview(token)


def test_what_nobody_decides_on_disappears(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = street(tmp_path / "n.geojson", 0)
    token = evacuation.preview_network(ADMINISTRATOR, [path], "", "")
    monkeypatch.setattr(previews, "KEPT_FOR", timedelta(seconds=-5))
    evacuation.preview_network(ADMINISTRATOR, [path], "", "")
    with pytest.raises(SonaeError, match="not_found"):
        evacuation.network_preview(token)


def test_the_network_of_another_city_is_asked_about(city: City, tmp_path: Path) -> None:
    """All its ways lie far away: how many and how far is said, and one yes is not enough."""
    token = evacuation.preview_network(
        ADMINISTRATOR, [street(tmp_path / "n.geojson", 300_000)], "", ""
    )
    new = evacuation.network_preview(token)
    found = {one.code: one for one in evacuation.doubts_of(new.unreached, new.network)}
    far = found["far_from_towns"]
    assert far.total / 2 < far.count < far.total, "the island alone lies in the town"
    assert (found["homes_cut_off"].count, found["homes_cut_off"].total) == (5, 5)
    assert found["far_from_towns"].km == pytest.approx(300, rel=0.02)
    for agreed in ([], ["homes_cut_off"], ["far_from_towns"]):
        with pytest.raises(SonaeError, match="conflict"):
            evacuation.confirm_network(ADMINISTRATOR, token, agreed=agreed)
    evacuation.confirm_network(ADMINISTRATOR, token, agreed=list(found))
    same = evacuation.network_preview(
        evacuation.preview_network(ADMINISTRATOR, [street(tmp_path / "m.geojson", 0)], "", "")
    )
    assert evacuation.doubts_of(same.unreached, same.network) == [], "a better one is not"
