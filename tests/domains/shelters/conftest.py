"""A municipality of three towns and five facilities of every kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sonae.domains.municipalities.interface import Municipality, Town, forget_serving
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import FacilityRow
from sonae.platform import worlds
from sonae.platform.access import Actor, Role
from sonae.platform.scope import Scope

CODE = "992011"
CLERK = Actor("account:7", Role.OPERATOR, "当直 花子", account_id=7)
VIEWER = Actor("account:8", Role.VIEWER, "閲覧 太郎", account_id=8)

ROWS = [
    FacilityRow(
        "F1", "第一小学校", 35.01, 135.01, kana="ダイイチショウガッコウ", town_code="T1", node=5,
        hazards={"flood": "no", "landslide": "yes", "earthquake": "yes"}, site_capacity=300,
        is_shelter=True, shelter_capacity=200, pets="yes", source="防災計画資料編", source_date="2026-04-01",
    ),
    FacilityRow("F2", "高台公園", 35.02, 135.02, node=6, hazards={"flood": "yes"}),
    FacilityRow(
        "F3", "福祉会館", 35.03, 135.03, is_shelter=True, shelter_capacity=None,
        restricted_to=("elderly", "disabled"),
    ),
    FacilityRow(
        "F4", "旧中学校", 35.04, 135.04, hazards={"flood": "partial"}, usable="no",
        usable_reason="改修工事中",
    ),
    FacilityRow("F5", "東公民館", 35.05, 135.05, node=9, is_shelter=True, shelter_capacity=50),
]  # fmt: skip


def make_city(code: str = CODE) -> None:
    """Create the municipality and its towns."""
    Municipality.objects.create(
        code=code, name="試験市", kana="シケンシ", name_en="Shiken City", prefecture="試験県",
        latitude=35.0, longitude=135.0,
    )  # fmt: skip
    with worlds.entered(code):
        for number in (1, 2, 3):
            Town.objects.create(
                code=f"T{number}", name=f"{number}丁目", kana="", latitude=35.0, longitude=135.0
            )


@pytest.fixture
def place(transactional_db: None) -> Iterator[Scope]:
    """The municipality, entered in the live world, with its facilities loaded."""
    make_city()
    with worlds.entered(CODE) as scope:
        shelters.load_facilities(ROWS)
        yield scope
    forget_serving()
