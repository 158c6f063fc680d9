"""A page of an exercise that runs at 600 × is of one moment, from its header to its last row."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from sonae.core import clock
from sonae.platform import worlds
from sonae.platform.scope import World
from sonae.web.middleware import ScopeMiddleware
from tests.fixtures import CODE, City


@pytest.mark.django_db
def test_all_of_an_exercise_page_is_of_one_moment(city: City) -> None:
    worlds.set_exercise_clock(CODE, datetime(2026, 7, 1, 9, tzinfo=clock.JST), 1e6)
    seen: list[datetime] = []

    def page(_request: HttpRequest) -> HttpResponse:
        seen.extend(clock.now() for _ in range(1000))
        return HttpResponse()

    try:
        ScopeMiddleware(page)(RequestFactory().get("/drill/staff/"))
        assert len(set(seen)) == 1
        with worlds.entered(CODE, World.EXERCISE):
            assert clock.now() > seen[0], "the exercise itself goes on"
    finally:
        worlds.clear_exercise_clock(CODE)
