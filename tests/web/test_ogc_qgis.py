"""QGIS itself against the real server and our files, without a screen; skipped where it is not installed.

Debian's ``python3-qgis`` and ``qgis-providers``. One process of QGIS does everything that is asked.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sonae.domains.municipalities.interface import Town
from sonae.web.opendata import files
from sonae.web.opendata.sets import PUBLIC_SETS, set_of
from tests.domains.hazards.test_obstacles import report, square, told
from tests.fixtures import City

PYTHON = "/usr/bin/python3"
"""QGIS's bindings belong to the system's Python, never to ours."""
READER = """
import json, sys
from qgis.core import (Qgis, QgsApplication, QgsDataSourceUri, QgsFeatureRequest, QgsProject,
    QgsRectangle, QgsVectorLayer, QgsWkbTypes)
site, files = json.loads(sys.argv[1])
app = QgsApplication([], False)
app.initQgis()

def opened(name, **more):
    uri = QgsDataSourceUri()
    for key, value in {"url": site + "/ogc/", "typename": name, **more}.items():
        uri.setParam(key, str(value))
    layer = QgsVectorLayer(uri.uri(False), name, "OAPIF")
    QgsProject.instance().addMapLayer(layer)
    return layer

def told(layer):
    if not layer.isValid():
        return None
    rows = [feature for feature in layer.getFeatures()]
    first = rows[0].geometry().centroid().asPoint() if rows and rows[0].hasGeometry() else None
    return {"count": len(rows), "crs": layer.crs().authid(), "fields": [f.name() for f in layer.fields()],
        "kind": QgsWkbTypes.displayString(layer.wkbType()), "at": first and [first.x(), first.y()],
        "shapes": sorted({QgsWkbTypes.displayString(one.geometry().wkbType()) for one in rows})}

found = {"version": Qgis.QGIS_VERSION}
found["sets"] = {name: told(opened(name)) for name in SETS}
found["paged"] = {}
for size in (40, 1000):
    layer = opened("towns", pagingEnabled="true", pageSize=size)
    found["paged"][size] = sorted(one["code"] for one in layer.getFeatures())
towns = opened("towns", restrictToRequestBBOX=1)
box = QgsFeatureRequest().setFilterRect(QgsRectangle(139.19, 37.19, 139.21, 37.20495))
found["box"] = len(list(towns.getFeatures(box)))
sites = opened("emergency-sites")
sites.setSubsetString("\\"flood\\" = 'yes'")
found["flood"] = sorted(one["public_id"] for one in sites.getFeatures())
wish = QgsFeatureRequest().setFilterExpression("\\"name\\" like '西%'")
found["west"] = [one["name"] for one in opened("towns").getFeatures(wish)]
found["files"] = {file: told(QgsVectorLayer(file, "file", "ogr")) for file in files}
from urllib.parse import quote
table = QgsVectorLayer("file://" + [one for one in files if one.endswith(".csv")][0]
    + "?delimiter=,&encoding=UTF-8&xField=" + quote("経度") + "&yField=" + quote("緯度") + "&crs=EPSG:4326", "csv", "delimitedtext")
found["csv"] = told(table)
print(json.dumps(found, default=str), flush=True)
QgsProject.instance().clear()
"""


def _there() -> bool:
    """Tell whether the system has QGIS for Python."""
    if not Path(PYTHON).exists():
        return False
    asked = [PYTHON, "-c", "import qgis.core"]
    return subprocess.run(asked, capture_output=True, timeout=60, check=False).returncode == 0


def qgis(site: str, written: list[Path], home: Path) -> Any:
    names = json.dumps([one.id for one in PUBLIC_SETS])
    env = {"PATH": os.environ["PATH"], "QT_QPA_PLATFORM": "offscreen", "HOME": str(home),
           "XDG_RUNTIME_DIR": str(home), "no_proxy": "*", "LC_ALL": "C.UTF-8"}  # fmt: skip
    home.chmod(0o700)
    done = subprocess.run(
        [PYTHON, "-c", READER.replace("SETS", names), json.dumps([site, [str(one) for one in written]])],
        capture_output=True, text=True, env=env, timeout=100, check=False,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stderr[
        -2000:
    ]  # the bindings may stumble when they end: what was said counts
    return json.loads(lines[-1])


@pytest.mark.django_db(transaction=True)
def test_qgis_reads_the_server_and_the_files(live_server: Any, city: City, tmp_path: Path) -> None:
    if not _there():
        pytest.skip("python3-qgis is not installed")
    assert city
    told(report(), report("flooded", square(610), hazard="flood", depth_m=0.4))
    extra = [(f"9{n:03d}", f"新町{n}丁目", 37.2 + n / 10_000) for n in range(150)]
    Town.objects.bulk_create(
        [Town(code=c, name=name, kana="", latitude=lat, longitude=139.2) for c, name, lat in extra]
    )
    forms = (("towns", "gpkg"), ("emergency-sites", "geojson"), ("hazard-zones", "fgb"), ("emergency-sites", "csv"))  # fmt: skip
    written = [tmp_path / f"{name}.{form}" for name, form in forms]
    for path, (name, form) in zip(written, forms, strict=True):
        files.write(path, files.form_of(form), [set_of(name)])
    found = qgis(live_server.url, written, tmp_path)
    sets, everywhere = found["sets"], set(Town.objects.values_list("code", flat=True))
    for data in PUBLIC_SETS:  # without a feature QGIS knows neither fields nor kind of geometry
        seen, features = sets[data.id], data.features()
        assert seen["count"] == len(features), data.id
        if features:
            assert seen["crs"] == "EPSG:4326"
            assert set(seen["fields"]) >= {field.name for field in data.fields}, data.id
    assert sets["towns"]["kind"] == "Point" and sets["hazard-zones"]["kind"] == "MultiPolygon"
    # Of mixed shapes QGIS would draw those of the first kind: each kind is a layer of its own too.
    assert sets["obstacles"]["shapes"] == ["Point", "Polygon"]
    assert [sets[f"obstacle-{kind}"]["shapes"] for kind in ("points", "lines", "areas")] == [
        ["MultiPoint"], [], ["MultiPolygon"]
    ]  # fmt: skip
    for codes in found["paged"].values():
        assert len(codes) == 153 and set(codes) == everywhere
    assert found["box"] == 50
    assert found["flood"] == ["F2", "F4"]
    assert found["west"] == ["西町"]
    opened = found["files"]
    assert [one and one["count"] for one in opened.values()][:3] == [
        153,
        3,
        sets["hazard-zones"]["count"],
    ]
    assert {one["crs"] for one in list(opened.values())[:3]} == {"EPSG:4326"}
    assert found["csv"]["count"] == 3 and "名称" in found["csv"]["fields"]
    assert found["csv"]["at"] == pytest.approx(opened[str(written[1])]["at"])
