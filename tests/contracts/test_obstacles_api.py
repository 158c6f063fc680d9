"""``/api/v1/obstacles``: what is on the roads, in and out as GeoJSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from sonae.domains.hazards import interface as hazards
from sonae.platform.access import Role
from tests.contracts.test_api import get, signed_in
from tests.domains.hazards.test_obstacles import point, square
from tests.fixtures import City

pytestmark = pytest.mark.django_db


def send(client: Client, features: Any) -> tuple[int, Any]:
    body = features if isinstance(features, str) else json.dumps(
        {"type": "FeatureCollection", "features": features}
    )  # fmt: skip
    answer = client.post("/api/v1/obstacles", body, content_type="application/geo+json")
    return answer.status_code, json.loads(answer.content)


def closed(**more: Any) -> dict[str, Any]:
    known = {"kind": "closed", "source": "警察署", "id": "7", "note": "冠水"}
    return {"type": "Feature", "geometry": point(300), "properties": {**known, **more}}


def test_reports_go_in_once_come_out_and_are_withdrawn(city: City) -> None:
    operator = signed_in(Role.OPERATOR)
    wet = {
        "type": "Feature",
        "geometry": square(600),
        "properties": {"kind": "浸水", "source": "県"},
    }
    status, answer = send(operator, [closed(), wet, closed(kind="gone"), None])
    assert status == 200
    assert len(answer["obstacles"]) == 2
    assert [(one["row"], one["error"]) for one in answer["refused"]] == [
        (3, "bad_kind"), (4, "bad_shape"),
    ]  # fmt: skip
    assert answer["known"] == 0
    second = send(operator, [closed()])[1]
    again = second["obstacles"][0]["id"]
    assert second["known"] == 1
    status, found = get("/obstacles")
    assert (status, found["type"], len(found["features"])) == (200, "FeatureCollection", 2)
    one = next(f for f in found["features"] if f["properties"]["kind"] == "closed")
    assert one["id"] == again
    assert one["properties"]["source"] == "警察署"
    assert one["properties"]["road_m"] == pytest.approx(100, abs=1)
    assert operator.delete(f"/api/v1/obstacles/{again}").status_code == 200
    assert len(hazards.in_force()) == 1
    assert operator.delete("/api/v1/obstacles/99999999").status_code == 404


def test_only_operators_report_and_nonsense_is_a_problem(city: City) -> None:
    assert send(Client(), [closed()])[0] == 401
    assert send(signed_in(Role.VIEWER), [closed()])[0] == 403
    operator = signed_in(Role.OPERATOR)
    for body in ("", "[]", "{"):
        status, answer = send(operator, body)
        assert (status, answer["code"]) == (400, "unreadable")
    assert hazards.in_force() == []


def test_an_exercise_is_not_public(city: City) -> None:
    assert Client().get("/drill/api/v1/obstacles").status_code in {401, 403}
