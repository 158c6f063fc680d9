"""The municipality's settings: one column, several who write in it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from sonae.demo import play
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.selectors import STAMP
from sonae.platform import worlds
from sonae.platform.db import writing
from tests.fixtures import CODE, City

WAIT = 20


@pytest.mark.django_db(transaction=True)
def test_a_play_that_is_kept_and_a_list_that_changes_at_once_are_both_remembered(
    city: City,
) -> None:
    """Otherwise the play would write the old stamp back, and pages show the old list."""
    before = municipalities.municipality().settings[STAMP]
    kept, go = threading.Event(), threading.Event()

    def keep() -> None:
        with worlds.entered(CODE), writing():
            play._keep(minute=15.0)
            kept.set()
            assert go.wait(WAIT)
        connection.close()

    def change() -> None:
        with worlds.entered(CODE):
            shelters.place_on_network({city.facilities["F1"].pk: 3})
        connection.close()

    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(keep)
        assert kept.wait(WAIT)
        two = threads.submit(change)
        go.wait(0.3)
        go.set()
        one.result()
        two.result()
    held = municipalities.municipality().settings
    assert held[STAMP] != before
    assert held["play"]["minute"] == 15.0
    assert shelters.facilities()[0].node == 3
