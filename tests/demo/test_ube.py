"""The whole spine on 宇部市's real roads, sites, towns and a real telegram of 気象庁."""

from __future__ import annotations

import pytest

from sonae.demo import realcity, ube
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import Advice
from sonae.domains.municipalities.interface import forget_serving
from sonae.domains.safety import interface as safety
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox, worlds
from tests.conftest import real_data

pytestmark = [pytest.mark.django_db, pytest.mark.real_data]


def test_from_a_real_telegram_to_everyone_under_inquiry(db: None) -> None:
    data = real_data("geo", "osm", "ube").parents[2]
    told = ube.create(data, 2000)
    assert "43,970" in told
    with worlds.entered(ube.CODE):
        raw = (data / "alerts/jma/samples/15_11_01_150916_VPWW54.xml").read_bytes()
        assert warnings.accept(raw, via="test").concerns_us
        outbox.drain()
        assert any(line.kind == "高潮警報" for line in warnings.in_force())
        run = evacuation.current_run()
        assert run is not None
        assert [item["hazard"] for item in run.hazards] == ["storm_surge"]
        assert run.counts["inside"] > 0
        assert run.counts["unknown"] > 0
        assert (
            safety.unaccounted_count().unaccounted == run.counts["inside"] + run.counts["unknown"]
        )
        chosen = Advice.objects.filter(run=run.advice_run).exclude(facility=None)
        assert chosen.exists()
        flags = {row.pk: shelters.site_of(row) for row in shelters.facilities()}
        for advice in chosen.order_by("?")[:200]:
            site = flags[advice.facility_id or 0]
            assert site is not None
            assert site.hazards["storm_surge"] == "yes", "never a site that is not designated"
        assert evacuation.orders()[0].hazard == "storm_surge"
    forget_serving()


def test_the_national_list_keeps_its_blanks_and_restrictions() -> None:
    rows = {row.name: row for row in realcity.facility_rows(real_data("geo").parent, ube.CODE)}
    first = rows["鵜の島ふれあいセンター"]
    assert first.hazards is not None
    assert (first.hazards["flood"], first.hazards["tsunami"]) == ("no", "yes")
    assert first.is_shelter
    assert len(rows) == 113, "108 sites and 62 shelters, 57 of which stand at a site (住所同一)"
