"""A real GIS client against the real server: GDAL's OAPIF driver (which QGIS uses as well) over HTTP.

QGIS itself is not part of the tests. Another process reads, so that GDAL's waiting holds up nobody.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from sonae.domains.identity import interface as identity
from sonae.domains.municipalities.interface import Town
from sonae.platform.access import Role
from sonae.web.opendata.sets import PUBLIC_SETS, set_of
from tests.fixtures import City

READER = """
import json, sys
import pyogrio, shapely
address, layer, options = json.loads(sys.argv[1])
if layer is None:
    print(json.dumps([row[0] for row in pyogrio.list_layers(address)]))
    raise SystemExit
box = options.pop("box", None)
meta, _, shapes, values = pyogrio.raw.read(address, layer=layer, bbox=box and tuple(box), **options)
table = dict(zip(meta["fields"], [[None if v is None or v != v else v for v in c.tolist()] for c in values]))
shapes = [json.loads(shapely.to_geojson(one)) for one in shapely.from_wkb(shapes)]
print(json.dumps({"crs": meta["crs"], "kind": meta["geometry_type"], "table": table, "shapes": shapes}, default=str))
"""


def read(site: str, layer: str | None = None, token: str = "", **options: Any) -> Any:
    env = {**os.environ, "no_proxy": "*"}
    if token:
        env |= {"GDAL_HTTP_AUTH": "BEARER", "GDAL_HTTP_BEARER": token}
    done = subprocess.run(
        [sys.executable, "-c", READER, json.dumps([f"OAPIF:{site}/ogc/", layer, options])],
        capture_output=True, text=True, env=env, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture
def site(live_server: Any, city: City) -> str:
    """The running server, with 150 more towns: over one page of a hundred."""
    Town.objects.bulk_create(
        [
            Town(
                code=f"9{n:03d}",
                name=f"新町{n}丁目",
                kana="",
                latitude=37.2 + n / 10_000,
                longitude=139.2,
            )
            for n in range(150)
        ]
    )
    return str(live_server.url)


pytestmark = pytest.mark.django_db(transaction=True)


def test_gdal_lists_the_public_collections(site: str) -> None:
    assert read(site) == [one.id for one in PUBLIC_SETS]


def test_gdal_reads_every_page_with_every_property(site: str, city: City) -> None:
    for page in ("1000", "40", "7"):
        found = read(site, "towns", PAGE_SIZE=page)
        assert len(found["shapes"]) == len(set(found["table"]["code"])) == 153
    assert found["kind"] == "Point" and "CRS84" in found["crs"]
    at = found["table"]["name"].index("西町")
    town = city.towns["西町"]
    assert found["shapes"][at]["coordinates"] == [
        pytest.approx(town.longitude),
        pytest.approx(town.latitude),
    ]
    assert set(found["table"]) >= {field.name for field in set_of("towns").fields}


def test_gdal_reads_sites_and_zones_as_they_are(site: str, city: City) -> None:
    found = read(site, "emergency-sites")
    rows = dict(zip(found["table"]["public_id"], found["table"]["flood"], strict=True))
    assert rows == {"F1": "no", "F2": "yes", "F4": "yes"}
    zones = read(site, "hazard-zones")
    assert zones["kind"] == "MultiPolygon" and sorted(set(zones["table"]["rank"])) == [2, 3]
    extents = read(site, "hazard-extents")
    assert len(extents["shapes"]) == 3


def test_gdal_asks_for_a_box(site: str, city: City) -> None:
    found = read(site, "towns", box=[139.19, 37.2, 139.21, 37.20495], PAGE_SIZE="20")
    assert len(found["shapes"]) == 50


def test_gdal_asks_for_another_system(site: str, city: City) -> None:
    """The plane coordinates of 平面直角座標系 IX, given to GDAL in the order it wants: east, north."""
    found = read(site, "towns", CRS="EPSG:6677", PAGE_SIZE="50")
    assert "6677" in found["crs"]
    east, north = found["shapes"][found["table"]["name"].index("西町")]["coordinates"]
    assert -90_000 < east < -60_000 and 90_000 < north < 130_000


def test_gdal_reads_what_is_for_staff_with_a_token_only(site: str, city: City) -> None:
    account = identity.add_account("gis@example.jp", "kawa-no-mizu-7", Role.VIEWER)
    _, token = identity.issue_token(account.email, "GDAL", ["ogc.read"], 1)
    assert "unaccounted" in read(site, token=token) and "unaccounted" not in read(site)
    assert len(read(site, "unaccounted", token=token)["shapes"]) == 153
