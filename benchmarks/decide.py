"""The one decision on disclosure: how many a second, and a whole city's at once for one service.

117,209 people, one in three with answers to a service (two rows each, ordinary times and disaster),
one in twenty on the roster, 200 under 支援措置. Measured in CPU seconds: `consent.decide` alone on five
kinds of question in turn; `consent.disclose` for everybody without and with the record of each look
on disk (SQLite ``synchronous=FULL``). Baselines in the same run: what a question at least costs (making
it and cutting two sets); reading the consents' rows without deciding. Medians of 5 and 3 rounds.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

PEOPLE, DECISIONS, ROUNDS = 117_209, 50_000, 5
PROMISED_RATE, PROMISED_SECONDS = 20_000, 2.0
CODE, SERVICE, NOTICE = "992011", "service:a", "n" * 64
KINDS = ("name", "birth_date", "address")


def cpu(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median CPU seconds of a few rounds."""
    seconds = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        seconds.append(time.process_time() - begun)
    return statistics.median(seconds)


def questions() -> list[tuple[Any, Any]]:
    """Five questions with what is known: consent, refusal, unasked, the law, the shield."""
    from sonae.core import clock
    from sonae.domains.consent.interface import Facts, Grant, Question

    now = clock.now()
    asked = Question("service", SERVICE, "service", frozenset(KINDS), "peacetime", now, NOTICE)
    given = [
        Grant(
            SERVICE, "service", frozenset({"name"}), phase, now - timedelta(days=1),
            asked=frozenset(KINDS), notice=NOTICE,
        )
        for phase in ("peacetime", "emergency")
    ]  # fmt: skip
    no = Grant(SERVICE, "service", frozenset(), "both", now - timedelta(days=1), notice=NOTICE)
    until = now + timedelta(hours=1)
    known = (
        Facts(grants=given), Facts(grants=[no]), Facts(),
        Facts(emergency_until=until, registrant=True, grants=given), Facts(shielded=True),
    )  # fmt: skip
    return [(asked, facts) for facts in known]


def one_by_one() -> None:
    """Print decisions a second beside the least that a question costs."""
    from sonae.domains.consent.interface import PURPOSES, Question, decide

    cases = questions()
    asked = cases[0][0]
    kinds, at = frozenset(KINDS), asked.at

    def decisions() -> None:
        for n in range(DECISIONS):
            decide(*cases[n % len(cases)])

    def bare() -> None:
        for _ in range(DECISIONS):
            made = Question("service", SERVICE, "service", kinds, "peacetime", at, NOTICE)
            _ = made.kinds & PURPOSES["service"] & kinds

    deciding, least = cpu(decisions), cpu(bare)
    rate = DECISIONS / deciding
    print(
        f"decide: {rate:,.0f} decisions per CPU-second (promise {PROMISED_RATE:,}); "
        f"{deciding / least:.2f} x making a question and cutting its sets"
    )


def people() -> None:
    """Write the answers of one in three."""
    from sonae.core import clock
    from sonae.domains.consent.interface import ConsentGrant
    from sonae.platform.db import bulk_insert, writing

    who = [pk for pk in range(1, PEOPLE + 1) if pk % 3 == 0 for _ in range(2)]
    given = [["name", "address"] if pk % 2 else ["name"] for pk in who]
    columns = {
        "municipality": [CODE] * len(who), "subject": who, "recipient": [SERVICE] * len(who),
        "purpose": ["service"] * len(who), "kinds": given, "asked": [list(KINDS)] * len(who),
        "phase": ["peacetime", "emergency"] * (len(who) // 2), "notice": [NOTICE] * len(who), "occasion": [""] * len(who),
        "granted_at": [clock.now() - timedelta(days=1)] * len(who),
    }  # fmt: skip
    with writing():
        bulk_insert(ConsentGrant, columns)


def the_city() -> None:
    """Print how long a decision about everybody takes, without and with its record."""
    from sonae.domains.consent import interface as consent
    from sonae.domains.consent.interface import ConsentGrant, Outsider
    from sonae.platform.access import SYSTEM

    people()
    everybody, outsider = list(range(1, PEOPLE + 1)), Outsider(
        "service", SERVICE, "見守りアプリ", SERVICE, body="社会福祉協議会", notice=NOTICE
    )  # fmt: skip
    shielded = frozenset(range(0, PEOPLE, PEOPLE // 200))
    roster = frozenset(range(0, PEOPLE, 20))

    def disclose(recorded: bool) -> dict[int, Any]:
        return consent.disclose(
            SYSTEM, everybody, purpose="service", kinds=KINDS, shielded=shielded,
            registrants=roster, phase="peacetime", outsider=outsider, recorded=recorded,
        )  # fmt: skip

    made = disclose(False)
    permitted = sum(one.outcome == "permit" for one in made.values())
    assert len(made) == PEOPLE
    assert 38_000 < permitted < 39_070, permitted
    reading = cpu(lambda: list(ConsentGrant.objects.values_list()), 3)
    deciding, written = cpu(lambda: disclose(False), 3), cpu(lambda: disclose(True), 3)
    print(
        f"batch: {PEOPLE:,} people in {deciding:.2f} CPU-s (promise {PROMISED_SECONDS:g}), "
        f"{deciding / reading:.1f} x reading the rows of the consents ({reading:.2f}); with every look "
        f"on record {written:.2f} CPU-s, {written / deciding:.1f} x; {permitted:,} permitted"
    )


def main() -> None:
    """Prepare a city of numbers and measure."""
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(SONAE_HOME=home, DJANGO_SETTINGS_MODULE="sonae.settings")
        import django

        django.setup()
        from django.core.management import call_command

        from sonae.domains.municipalities.interface import Municipality
        from sonae.platform import worlds

        call_command("migrate", verbosity=0)
        Municipality.objects.create(
            code=CODE, name="試験市", kana="シケンシ", prefecture="試験県", latitude=37.0, longitude=139.0,
            warning_areas={}, is_demo=True,
        )  # fmt: skip
        with worlds.entered(CODE):
            one_by_one()
            the_city()


if __name__ == "__main__":
    main()
