"""Waiting for a suggestion tells nothing about somebody who is hidden (decision 0014)."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sonae.domains.residents.interface import Resident
from sonae.platform.access import Role
from tests.fixtures import City
from tests.web.test_staff_pages import signed_in

HIDDEN = "佐藤 守"


def statements(client: Client, address: str, typed: str) -> list[str]:
    """The SQL of one page, without its values."""
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get(address, {"q": typed}).status_code == 200
    return [re.sub(r"'[^']*'|\d+", "?", one["sql"]) for one in asked.captured_queries]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/reception/", "/staff/people/"])
def test_who_is_hidden_costs_the_same_work_as_nobody(city: City, address: str) -> None:
    """No clock is asked: the statements are the same ones, however the person is looked for."""
    client = signed_in(Role.OPERATOR)
    client.post("/reception/choose/", {"facility": str(city.facilities["F1"].pk)})
    hidden = Resident.held.get(name=HIDDEN)
    pairs = [
        (hidden.name, "左東 鞠"), (hidden.kana, "ヌトウ マヌル"), (hidden.resident_id, "R0959"),
        (f"{hidden.kana} {hidden.birth_date}", "ヌトウ マヌル 1998-08-08"),
        (hidden.birth_date, "1998-08-08"), ("さとう", "ぬとう"),
    ]  # fmt: skip
    if address != "/reception/":  # there the own card in the hand shows its bearer
        pairs.append((hidden.card_number, "C0959"))
    for typed, nobody in pairs:
        statements(client, address, nobody)  # what is looked up once in a process
        there, gone = statements(client, address, typed), statements(client, address, nobody)
        assert there == gone, typed
    shown, gone = (statements(client, address, one) for one in ("備 太郎", "左東 鞠"))
    assert shown != gone, "somebody who is shown is work"
