"""A tiny municipality that every domain's tests may use, and people of every role.

試験市 (992011): three towns on one street, five households, twelve residents, four facilities, a
flood layer and a walking network. West is wet, east is dry, the far east was never surveyed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from sonae.core import clock
from sonae.core.kana import search_key
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.hazards import interface as hazards
from sonae.domains.municipalities.interface import Municipality, Town, forget_serving
from sonae.domains.residents.interface import AssistanceRegistrant, Household, Resident
from sonae.domains.residents.rules import given_key, name_key
from sonae.domains.safety import times
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import Facility, FacilityRow
from sonae.engines.warnings.compose import compose_river
from sonae.platform import worlds
from sonae.platform.access import Actor, Role
from sonae.platform.models import OutboxEntry
from sonae.platform.scope import Scope, World
from tests.engines.evacuation.small import at, layer, network

CODE = "992011"
AREAS = {
    "city": ["9920100"],
    "area": ["990010"],
    "prefecture": ["990000"],
    "river": ["992011000001"],
    "tsunami_area": [],
}
TOWNS = (
    ("001", "西町", "ニシマチ", 150),
    ("002", "中町", "ナカマチ", 450),
    ("003", "東町", "ヒガシマチ", 750),
)
# household: town, metres east, storeys, floor, people (name, kana, birth, sex, e-mail, helper reason)
HOMES = (
    ("001", 50, 2, 1, (
        ("備 太郎", "ソナエ タロウ", "1950-04-01", "1", "taro@example.jp", "要介護３"),
        ("備 花子", "ソナエ ハナコ", "1952-05-02", "2", "", ""),
        ("備 一郎", "ソナエ イチロウ", "1980-01-05", "1", "ichiro@example.jp", ""),
    )),
    ("001", 150, 1, 1, (
        ("渡邉 実", "ワタナベ ミノル", "1985-07-07", "1", "minoru@example.jp", ""),
        ("渡邉 結衣", "ワタナベ ユイ", "2015-08-08", "2", "", ""),
    )),
    ("002", 350, 8, 5, (("斎藤 健", "サイトウ ケン", "1990-12-24", "1", "ken@example.jp", ""),)),
    ("003", 650, 2, 1, (
        ("高橋 幸子", "タカハシ サチコ", "1970-03-03", "2", "sachiko@example.jp", ""),
        ("高橋 翔", "タカハシ ショウ", "2000-02-29", "1", "", ""),
        ("高橋 葵", "タカハシ アオイ", "2004-10-10", "2", "", ""),
    )),
    ("003", 850, 0, 0, (
        ("山﨑 清", "ヤマザキ キヨシ", "1938-01-01", "1", "", "車いす"),
        ("山﨑 ミツ", "ヤマザキ ミツ", "1940", "2", "", ""),
        ("佐藤 守", "サトウ マモル", "1999-09-09", "1", "", ""),
    )),
)  # fmt: skip
FACILITIES = (
    ("F1", "第一小学校", 250, {"flood": "no", "landslide": "yes", "earthquake": "yes"}, 300),
    ("F2", "高台中学校", 750, {"flood": "yes", "landslide": "yes", "earthquake": "yes"}, 200),
    ("F3", "福祉会館", 650, {}, None),
    ("F4", "中央公園", 450, {"flood": "yes"}, None),
)


@dataclass
class City:
    """Handles to what the fixture made; residents by name, facilities by public id."""

    scope: Scope
    residents: dict[str, Resident] = field(default_factory=dict)
    facilities: dict[str, Facility] = field(default_factory=dict)
    towns: dict[str, Town] = field(default_factory=dict)

    def entered(self, world: World = World.LIVE) -> AbstractContextManager[Scope]:
        """Enter one of the city's worlds."""
        return worlds.entered(CODE, world)


def actor(role: Role, number: int = 1, resident_pk: int | None = None) -> Actor:
    """An actor of a role, without an account row."""
    return Actor(f"account:{number}", role, f"{role.value} {number}", number, resident_pk)


VIEWER = actor(Role.VIEWER, 1)
CLERK = actor(Role.RECEPTION, 2)
OPERATOR = actor(Role.OPERATOR, 3)
APPROVER = actor(Role.APPROVER, 4)
ADMINISTRATOR = actor(Role.ADMINISTRATOR, 5)


def make_city() -> City:
    """Create everything inside the scope in force; returns the handles."""
    made = City(Scope(CODE, World.LIVE))
    for code, name, kana, east in TOWNS:
        lat, lon = at(east, 50)
        made.towns[name] = Town.objects.create(
            code=code, name=name, kana=kana, latitude=lat, longitude=lon
        )
    for number, home in enumerate(HOMES, start=1):
        _make_home(made, number, *home)
    shelters.load_facilities([_facility_row(*row) for row in FACILITIES])
    made.facilities = {row.public_id: row for row in shelters.facilities()}
    hazards.register_layer(layer([[3, 3, 2, 2, 0, 0, 0, 0, 255]], name="flood_l2"))
    for kind in ("collapse", "duration"):
        hazards.register_layer(layer([[0] * 8 + [255]], kind=kind, name=f"flood_{kind}"))
    street = network([(50.0 + 100 * i, 50.0) for i in range(9)], [(i, i + 1) for i in range(8)])
    evacuation.load_network(street)
    made.facilities = {row.public_id: row for row in shelters.facilities()}
    return made


def _facility_row(
    public_id: str, name: str, east: int, designated: dict[str, str], capacity: int | None
) -> FacilityRow:
    """One facility on the street; F3 is for the elderly and disabled only."""
    lat, lon = at(east, 50)
    return FacilityRow(
        public_id, name, lat, lon, hazards=designated or None, site_capacity=capacity,
        is_shelter=public_id != "F4", shelter_capacity=capacity,
        restricted_to=("elderly", "disabled") if public_id == "F3" else (), usable="yes",
    )  # fmt: skip


def _make_home(
    made: City, number: int, town: str, east: int, storeys: int, floor: int,
    people: tuple[tuple[str, str, str, str, str, str], ...],
) -> None:  # fmt: skip
    lat, lon = at(east, 50)
    home = Household.objects.create(
        number=f"{number:08d}", town=next(t for t in made.towns.values() if t.code == town),
        address=f"{number}番地", latitude=lat, longitude=lon, storeys=storeys or None,
        floor=floor or None, card_code=f"H{number:07d}",
    )  # fmt: skip
    for place, (name, kana, birth, sex, email, helped) in enumerate(people, start=1):
        one = Resident.objects.create(
            resident_id=f"R{number:03d}{place}", household=home, name=name, kana=kana,
            kana_key=search_key(kana), given_key=given_key(kana), name_key=name_key(name),
            birth_date=birth,
            sex=sex, email=email, channel="email" if email else "none",
            card_number=f"C{number:03d}{place}", shielded=name == "佐藤 守",
        )  # fmt: skip
        made.residents[name] = one
        if helped:
            AssistanceRegistrant.objects.create(
                resident=one, reason=helped, wheelchair=helped == "車いす"
            )


@contextmanager
def standing() -> Iterator[City]:
    """試験市, entered in its live world, until the end."""
    Municipality.objects.create(
        code=CODE, name="試験市", kana="シケンシ", name_en="Shiken City", prefecture="試験県",
        latitude=37.0, longitude=139.0, warning_areas=AREAS, is_demo=True,
    )  # fmt: skip
    forget_serving()
    times._server_clocks.clear()  # another test's device may have run hours ahead
    with worlds.entered(CODE) as scope:
        made = make_city()
        made.scope = scope
        # What the making announced is over before the test begins: with no plan, there was nothing to do.
        OutboxEntry.objects.update(state=OutboxEntry.DONE)
        yield made
    forget_serving()


@pytest.fixture
def city(db: None) -> Iterator[City]:
    """試験市, entered in its live world; enter the exercise world with ``city.entered``."""
    with standing() as made:
        yield made


def know(changed: list[Facility], **attributes: str) -> None:
    """Let the list of facilities know more of some of them (``pets="no"``), as a new list would."""
    pks = {one.pk for one in changed}
    shelters.load_facilities(
        [_known(row, attributes if row.pk in pks else {}) for row in shelters.facilities()]
    )


def _known(row: Facility, attributes: dict[str, str]) -> FacilityRow:
    """A facility as a row of a list, with some attributes changed."""
    site, shelter = shelters.site_of(row), shelters.shelter_of(row)
    told = {"pets": row.pets, "step_free": row.step_free, "usable": row.usable, **attributes}
    return FacilityRow(
        row.public_id, row.name, row.latitude, row.longitude, node=row.node,
        hazards=dict(site.hazards) if site else None,
        site_capacity=site.capacity if site else None, is_shelter=shelter is not None,
        shelter_capacity=shelter.capacity if shelter else None,
        restricted_to=tuple(shelter.restricted_to) if shelter else (), **told,
    )  # fmt: skip


def flood_telegram(level: int = 4, status: str = "actual", minute: int = 0) -> bytes:
    """A flood forecast of the city's river at a level (0 = 解除), as 気象庁 would send it."""
    code = {0: "10", 2: "20", 3: "30", 4: "40", 5: "51"}[level]
    return compose_river(
        river_code="992011000001", river_name="試験川", kind_code=code,
        cities=[("9920100", "試験市")], prefecture=("990000", "試験県"), office="試験地方気象台",
        issued_at=clock.now() + timedelta(minutes=minute), status=status,
    )  # fmt: skip
