"""Loading a register and reading everyone as columns."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.domains.municipalities.interface import Municipality, renew_register_version
from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import AssistanceRegistrant, Household, Resident
from sonae.engines.evacuation.profiles import ADULT, ASSISTED, WHEELCHAIR
from tests.fixtures import ADMINISTRATOR, CODE, City

pytestmark = pytest.mark.django_db


def test_population_gives_everyone_as_columns(city: City) -> None:
    people = residents.population()
    assert len(people.pk) == Resident.objects.count()
    row = {pk: at for at, pk in enumerate(people.pk.tolist())}

    def at(name: str) -> int:
        return row[city.residents[name].pk]

    assert people.profile[at("備 太郎")] == ASSISTED
    assert people.profile[at("山﨑 清")] == WHEELCHAIR
    assert people.profile[at("斎藤 健")] == ADULT
    assert people.floor[at("斎藤 健")] == 5
    assert people.floor[at("山﨑 清")] == 0, "unknown"
    assert people.town[at("備 太郎")] == city.towns["西町"].pk
    assert (people.node >= 0).all()


def test_a_fresh_position_counts_and_an_old_one_does_not(city: City) -> None:
    who = city.residents["備 太郎"]
    residents.share_position(ADMINISTRATOR, who.pk, 37.5, 139.5, 12.0)
    people = residents.population()
    at = people.pk.tolist().index(who.pk)
    assert (people.lat[at], people.lon[at], people.moved[at]) == (37.5, 139.5, True)
    assert people.floor[at] == 0, "nobody knows the floor there"
    with clock.using(FrozenClock(clock.now() + timedelta(hours=3))):
        assert not residents.population().moved.any()


def test_a_change_of_the_register_is_seen_at_once(city: City) -> None:
    before = len(residents.population().pk)
    residents.clear_register(actor=ADMINISTRATOR)
    assert len(residents.population().pk) == 0
    town = city.towns["西町"].pk
    loaded = residents.load_register(
        {"number": ["1", "2"], "town_id": [town, town], "address": ["1", "2"], "latitude": [37.0, 37.0],
         "longitude": [139.0, 139.0], "storeys": [2, None], "floor": [1, None], "card_code": ["H1", "H2"]},
        {"resident_id": ["A", "B", "C"], "household": [0, 0, 1], "name": ["山 一", "山 二", "川 三"],
         "kana": ["ヤマ イチ", "ヤマ ニ", "カワ サン"], "birth_date": ["1980-01-01", "", "1950"],
         "sex": ["1", "2", "1"], "relation": ["", "", ""], "phone": ["", "", ""], "email": ["", "", ""],
         "channel": ["none"] * 3, "language": ["ja"] * 3, "card_number": ["", "", ""], "shielded": [False] * 3},
        {"resident": [2], "reason": ["要介護５"], "care_level": [""], "wheelchair": [True]},
    )  # fmt: skip
    assert loaded == 3 != before
    assert AssistanceRegistrant.objects.get().resident.resident_id == "C"
    assert Resident.objects.get(resident_id="B").household.number == "1"
    assert Household.objects.get(number="2").floor is None
    assert residents.population().profile.tolist() == [ADULT, ADULT, WHEELCHAIR]


def test_what_was_rolled_back_is_forgotten(city: City) -> None:
    """Planned on inside a transaction, then undone, then another change: never the first's people."""
    before = residents.population().lat.tolist()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Household.objects.update(latitude=10.0)
        renew_register_version()
        assert set(residents.population().lat.tolist()) == {10.0}
        raise ZeroDivisionError
    assert residents.population().lat.tolist() == before
    Household.objects.update(latitude=20.0)
    renew_register_version()
    assert set(residents.population().lat.tolist()) == {20.0}


def test_a_full_load_never_mixes_and_a_real_register_is_never_cleared(city: City) -> None:
    with pytest.raises(RuntimeError):
        residents.load_register({"number": ["9"]}, {}, {})
    Municipality.objects.filter(code=CODE).update(is_demo=False)
    with pytest.raises(RuntimeError):
        residents.clear_register(actor=ADMINISTRATOR)
    assert Resident.objects.exists()
