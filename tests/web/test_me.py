"""One's own page: the way from where one is, and nobody else's whereabouts."""

from __future__ import annotations

import pytest
from django.test import Client

from sonae.domains.identity import interface as identity
from sonae.domains.residents import interface as residents
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.access import Role
from tests.engines.evacuation.small import at
from tests.fixtures import CLERK, City, flood_telegram


def _page(city: City, name: str) -> str:
    """The page of one resident of the first household."""
    account = identity.add_account(
        f"{city.residents[name].resident_id}@example.jp", "natsu-no-yuki-7", Role.RESIDENT,
        name=name, resident_pk=city.residents[name].pk,
    )  # fmt: skip
    client = Client()
    client.force_login(account)
    return client.get("/me/").content.decode()


@pytest.mark.django_db
def test_a_shared_position_starts_one_s_own_way_and_shows_on_no_other_s_map(city: City) -> None:
    for name, east in (("備 太郎", 150), ("備 一郎", 150), ("備 花子", 650)):
        residents.share_position(CLERK, city.residents[name].pk, *at(east, 50))
    warnings.accept(flood_telegram(4), via="test")
    outbox.drain()
    own = _page(city, "備 太郎")
    assert "いまいる場所から" in own
    assert "家から" not in own
    other = _page(city, "備 花子")
    assert "中央公園" in other, "the family's gravest advice is told"
    assert "への道" not in other
    assert "いまいる場所から" not in other
