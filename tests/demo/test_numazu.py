"""沼津市's real hazard zones, sites and towns, a real training telegram, streets that say they are invented."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from click.testing import CliRunner
from django.test import Client

from sonae.demo import numazu
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import Advice
from sonae.domains.hazards import interface as hazards
from sonae.domains.municipalities.interface import forget_serving
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox, worlds
from sonae.platform.scope import World
from sonae.web.commands.hazards import load
from tests.conftest import real_data

pytestmark = [pytest.mark.django_db, pytest.mark.real_data]


def test_the_streets_join_the_city_and_never_cross_the_sea() -> None:
    data = real_data("geo", "plateau-numazu").parents[1]
    network, homes = numazu.invented_streets(data)
    ground = numazu.land(data)
    middle = [(c[network.tail] + c[network.head]) / 2 for c in (network.lon, network.lat)]
    assert shapely.contains_xy(ground, *middle).all()
    assert not network.components().any(), "every town can walk to every place"
    assert 0.5 < homes.mean() < 1 and "架空" in network.source
    again, _ = numazu.invented_streets(data)
    assert np.array_equal(network.tail, again.tail), "the same streets every time"


def test_from_official_zones_and_a_training_telegram_to_the_way(db: None) -> None:
    data = real_data("geo", "plateau-numazu").parents[1]
    assert "避難先 110 か所" in numazu.create(data, 2000)
    files = [str(file) for file in sorted((data / "geo/plateau-numazu").glob("*.gml"))]
    done = CliRunner().invoke(load, [*files, "--confirm", "--format", "jsonl"])
    assert done.exit_code == 0 and done.output.count('"state":"active"') == 3, done.output
    raw = (data / "alerts/jma/samples/32-39_12_02_250206_VTSE41.xml").read_bytes()
    with worlds.entered(numazu.CODE):
        assert {one.hazard for one in hazards.layers()} == {"flood", "landslide", "tsunami"}
        assert warnings.accept(raw, via="test").concerns_us
        assert not warnings.in_force(), "a telegram marked 訓練 stays in the exercise"
    with worlds.entered(numazu.CODE, World.EXERCISE):
        outbox.drain()
        run = evacuation.current_run()
        assert run is not None and [item["hazard"] for item in run.hazards] == ["tsunami"]
        assert run.hazards[0]["level"] == 4
        flags = {row.pk: shelters.site_of(row) for row in shelters.facilities()}
        told = Advice.objects.filter(run=run.advice_run).exclude(facility=None)
        sites = set(told.values_list("facility", flat=True))
        assert sites
        for pk in sites:
            site = flags[pk or 0]
            assert site is not None and site.hazards["tsunami"] == "yes"
    page = Client().get("/").content.decode()
    assert "住民と道路は架空" in page and "PLATEAU" in page
    forget_serving()
