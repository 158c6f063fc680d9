"""Composed telegrams follow JMA's schemas and say what was asked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from lxml import etree

from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.engines.warnings import read
from sonae.engines.warnings.compose import (
    CityKind,
    compose_cancel,
    compose_river,
    compose_weather,
)
from sonae.engines.warnings.model import Forecast
from tests.conftest import real_data

AT = datetime(2026, 8, 30, 5, 10, tzinfo=JST)
OFFICE = "備え地方気象台"
PREFECTURE = ("990000", "備え県")


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """JMA's schemas (edition of 2024-10-31)."""
    return etree.XMLSchema(etree.parse(real_data("alerts/jma/xsd/jmx.xsd")))


def valid(schema: etree.XMLSchema, raw: bytes) -> bytes:
    """``raw`` itself when it follows the schema."""
    schema.assertValid(etree.fromstring(raw))
    return raw


@pytest.mark.parametrize(
    ("telegram", "code", "phenomenon", "kind", "level"),
    [
        ("VPWW55", "33", "heavy_rain", "レベル５大雨特別警報", 5),
        ("VPWW55", "43", "heavy_rain", "レベル４大雨危険警報", 4),
        ("VPWW55", "03", "heavy_rain", "レベル３大雨警報", 3),
        ("VPWW55", "10", "heavy_rain", "レベル２大雨注意報", 2),
        ("VPWW56", "39", "landslide", "レベル５土砂災害特別警報", 5),
        ("VPWW56", "49", "landslide", "レベル４土砂災害危険警報", 4),
        ("VPWW56", "09", "landslide", "レベル３土砂災害警報", 3),
        ("VPWW57", "38", "storm_surge", "レベル５高潮特別警報", 5),
        ("VPWW58", "05", "storm", "暴風警報", None),
        ("VPWW54", "33", "heavy_rain", "大雨特別警報", None),
        ("VPWW54", "18", "flood", "洪水注意報", None),
        ("VPWW53", "14", "thunder", "雷注意報", None),
    ],
)
@pytest.mark.parametrize("status", ["actual", "exercise", "test"])
def test_weather(
    schema: etree.XMLSchema,
    telegram: str,
    code: str,
    phenomenon: str,
    kind: str,
    level: int | None,
    status: str,
) -> None:
    forecast = (Forecast(4, AT + timedelta(hours=1), AT + timedelta(hours=4, minutes=30)),)
    cities = [
        CityKind("9920100", "備え市", code, forecast=forecast),
        CityKind("9920200", "隣市", ""),
    ]
    raw = compose_weather(
        telegram, cities, office=OFFICE, prefecture=PREFECTURE, issued_at=AT,
        sent_at=AT + timedelta(seconds=17), headline="警戒してください。", status=status,
    )  # fmt: skip
    warning = read(valid(schema, raw))
    assert (warning.telegram, warning.status, warning.action) == (telegram, status, "issue")
    assert warning.issued_at == AT
    assert warning.sent_at == AT + timedelta(seconds=17)
    assert warning.deviations == ()
    (city,) = [i for i in warning.items if any(a.code == "9920100" for a in i.areas)]
    assert (city.phenomenon, city.kind_code, city.kind, city.level) == (
        phenomenon, code, kind, level,
    )  # fmt: skip
    assert city.forecast == forecast
    assert not any(a.code == "9920200" for i in warning.items for a in i.areas)


def test_lifting_and_nothing_in_force(schema: etree.XMLSchema) -> None:
    lifted = [CityKind("9920100", "備え市", "43", lifted=True, last_code="43")]
    raw = compose_weather("VPWW55", lifted, office=OFFICE, prefecture=PREFECTURE, issued_at=AT)
    (item,) = read(valid(schema, raw)).items
    assert (item.severity, item.phenomenon, item.last_kind) == (
        "lifted", "heavy_rain", "レベル４大雨危険警報",
    )  # fmt: skip
    calm = [CityKind("9920100", "備え市", "")]
    raw = compose_weather("VPWW55", calm, office=OFFICE, prefecture=PREFECTURE, issued_at=AT)
    (item,) = read(valid(schema, raw)).items
    assert (item.severity, item.kind) == ("lifted", "発表警報・注意報はなし")


@pytest.mark.parametrize(
    ("code", "kind", "level", "severity"),
    [
        ("20", "レベル２氾濫注意報", 2, "advisory"),
        ("30", "レベル３氾濫警報", 3, "warning"),
        ("40", "レベル４氾濫危険警報", 4, "critical"),
        ("51", "レベル５氾濫特別警報", 5, "emergency"),
        ("10", "氾濫注意報解除", None, "lifted"),
    ],
)
@pytest.mark.parametrize("action", ["issue", "correct"])
def test_river(
    schema: etree.XMLSchema, code: str, kind: str, level: int | None, severity: str, action: str
) -> None:
    raw = compose_river(
        river_code="999901000100", river_name="備え川", kind_code=code, prefecture=PREFECTURE,
        cities=[("9920100", "備え市"), ("9920200", "隣市")], office=OFFICE, issued_at=AT, serial=3,
        headline="備え川では水位が上昇しています。", action=action,
    )  # fmt: skip
    warning = read(valid(schema, raw))
    (item,) = warning.items
    assert (item.kind_code, item.kind, item.level, item.severity) == (code, kind, level, severity)
    assert [a.name for a in item.areas if a.type == "city"] == ["備え市", "隣市"]
    assert (warning.action, warning.serial, warning.event_id) == (action, "3", "999901000100")


@pytest.mark.parametrize("telegram", ["VPWW55", "VXKO", "VTSE41", "VXSE53", "VPBS50", "VXWW50"])
def test_cancel(schema: etree.XMLSchema, telegram: str) -> None:
    raw = compose_cancel(telegram, office=OFFICE, issued_at=AT, event_id="20260830051000")
    warning = read(valid(schema, raw))
    assert (warning.telegram, warning.action) == (telegram, "cancel")
    assert all(item.areas == () and not item.in_force for item in warning.items)


def test_what_cannot_be_composed_is_said() -> None:
    with pytest.raises(SonaeError, match="unknown_telegram"):
        compose_cancel("VPXX99", office=OFFICE, issued_at=AT)
    with pytest.raises(SonaeError, match="unknown_code"):
        compose_weather(
            "VPWW55",
            [CityKind("9920100", "備え市", "77")],
            office=OFFICE,
            prefecture=PREFECTURE,
            issued_at=AT,
        )
    with pytest.raises(SonaeError, match="unknown_code"):
        compose_river(
            river_code="1", river_name="x", kind_code="99", cities=[], prefecture=PREFECTURE,
            office=OFFICE, issued_at=AT,
        )  # fmt: skip
