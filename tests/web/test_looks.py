"""Who looked at my data: words instead of codes, like looks in one line, nothing lost."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from sonae.core import clock
from sonae.domains.consent import interface as consent
from sonae.domains.consent import rules
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.identity import interface as identity
from sonae.platform.access import Role
from sonae.web import words
from sonae.web.citizen import looks
from tests.fixtures import CLERK, CODE, City

pytestmark = pytest.mark.django_db


def event(minutes: int, recipient: str = "受付 健太", **more: object) -> AccessEvent:
    facts = {
        "purpose": "reception", "rule": "duty_shelter", "decision": "permit",
        "fields": ["address", "name"], "world": "live", **more,
    }  # fmt: skip
    at = clock.now() - timedelta(minutes=minutes)
    return AccessEvent(municipality=CODE, subject=1, at=at, recipient=recipient, **facts)


def test_every_code_of_a_decision_has_words() -> None:
    """What the decision point can say, a resident can read."""
    assert set(words.PURPOSES) == set(rules.PURPOSES)
    assert set(words.DATA_KINDS) == rules.KINDS
    source = Path(rules.__file__).read_text("utf-8")
    for rule in words.GROUNDS:
        assert f'"{rule}"' in source


def test_like_looks_are_one_line_and_others_stay_apart() -> None:
    rows = [event(m) for m in (1, 2, 2, 5)]
    rows += [event(6, "別の人"), event(7), event(8, decision="deny"), event(90)]
    found = looks.summed(rows, 30)
    assert [(one.recipient, one.count, one.permitted) for one in found] == [
        ("受付 健太", 5, True), ("別の人", 1, True), ("受付 健太", 1, False), ("受付 健太", 1, True),
    ]  # fmt: skip
    assert (found[0].last, found[0].first) == (rows[0].at, rows[5].at)
    assert found[0].fields == ("氏名", "住所")
    assert len(looks.summed(rows, 2)) == 2


def test_the_page_says_it_in_words(city: City) -> None:
    one = city.residents["備 太郎"]
    for _ in range(3):
        consent.disclose(
            CLERK, [one.pk], purpose="reception", kinds=("name", "birth_date"), shielded=()
        )
        AccessEvent.objects.update(at=clock.now() - timedelta(minutes=20))
    client = Client()
    client.force_login(
        identity.add_account("r@example.jp", "natsu-no-yuki-7", Role.RESIDENT, resident_pk=one.pk)
    )
    page = client.get("/me/").content.decode().split('id="seen"')[1]
    assert "避難所の受付" in page and "氏名・生年月日" in page
    assert "duty_" not in page and "birth_date" not in page
