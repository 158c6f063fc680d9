"""The list of those not accounted for: its order, what it can be narrowed to, and who is never on it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sonae.core import clock
from sonae.domains.consent import interface as consent
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.safety import interface as safety
from sonae.domains.safety.models import InquirySubject
from tests.domains.safety.test_ledger import sighting, warn
from tests.fixtures import ADMINISTRATOR, APPROVER, OPERATOR, VIEWER, City, actor

pytestmark = pytest.mark.django_db
LISTED = 8
"""Nine are under inquiry in the tiny city; one of them is shielded."""


def names(**narrowed: object) -> list[str]:
    return [one.name for one in safety.unaccounted(VIEWER, **narrowed)]  # type: ignore[arg-type]


def test_of_equal_danger_and_need_the_longest_silent_come_first(city: City) -> None:
    warn(4)
    alike = InquirySubject.objects.filter(resident__name__in=("渡邉 実", "斎藤 健", "備 一郎"))
    alike.update(danger=70, need=10)
    for name, hours in (("渡邉 実", -90), ("斎藤 健", -80)):
        safety.record([sighting(city, name, "F1", "out", minutes=60 * hours)])
    listed = [one for one in names() if one in ("渡邉 実", "斎藤 健", "備 一郎")]
    assert listed == ["備 一郎", "渡邉 実", "斎藤 健"], "never heard of, long ago, less long ago"
    line = next(one for one in safety.unaccounted(VIEWER) if one.name == "渡邉 実")
    assert line.stale and line.last_seen is not None and line.asked_since is not None


def test_the_list_can_be_narrowed_in_every_way_and_the_count_says_the_same(city: City) -> None:
    warn(4)
    safety.record([sighting(city, "備 太郎", None, "report", status="unknown", place="自宅の前")])
    west = city.towns["西町"].pk
    for narrowed in (
        {"town": west}, {"zone": "inside"}, {"zone": "unknown"}, {"need": "registrant"},
        {"need": "slow"}, {"need": "other"}, {"silent": timedelta(hours=6)}, {"own": True},
        {"shelter": city.facilities["F2"].pk}, {"town": west, "need": "other"}, {},
    ):  # fmt: skip
        assert len(names(**narrowed)) == safety.unaccounted_listed(VIEWER, **narrowed), narrowed
    assert set(names(need="registrant")) == {"備 太郎", "山﨑 清"}
    assert "備 太郎" not in names(silent=timedelta(hours=6))
    assert len(names(zone="inside")) + len(names(zone="unknown")) == LISTED
    bands = [len(names(need=need)) for need in safety.NEEDS]
    assert sum(bands) == LISTED
    sent = names(shelter=city.facilities["F2"].pk)
    assert sent and len(sent) < LISTED + 1 and names(shelter=10**9) == []
    assert next(one for one in safety.unaccounted(VIEWER)).last_place == "自宅の前"


def test_a_shielded_person_is_on_no_list_in_no_count_and_behind_no_filter(city: City) -> None:
    """Everything but the one number reads as if that person were not registered."""
    warn(4)
    east, shielded = city.towns["東町"].pk, city.residents["佐藤 守"].pk

    def told() -> list[object]:
        rows = safety.unaccounted(OPERATOR) + safety.unaccounted(OPERATOR, town=east)
        return [
            [repr(row) for row in rows], safety.unaccounted_by_town(),
            safety.unaccounted_by_urgency(), safety.unaccounted_listed(OPERATOR, town=east),
            safety.unaccounted_listed(OPERATOR, need="other"),
            [repr(row) for row in safety.unaccounted(OPERATOR, at=clock.now())],
        ]  # fmt: skip

    with_it = told()
    assert len(safety.unaccounted(OPERATOR)) == LISTED
    assert "佐藤" not in str(with_it) and "支援措置" not in str(with_it)
    assert safety.unaccounted_count().unaccounted == LISTED + 1, "missing is missing"
    assert not consent.AccessEvent.objects.filter(subject=shielded, decision="permit").exists()
    InquirySubject.objects.filter(resident=shielded).delete()
    assert told() == with_it


def test_the_officer_whom_the_city_has_named_finds_the_shielded_too(city: City) -> None:
    warn(4)
    officer = actor(OPERATOR.role or APPROVER.role, 77)  # type: ignore[arg-type]
    assert len(safety.unaccounted(officer)) == LISTED
    with municipalities.changing_settings() as held:
        held["shield_officers"] = [77]
    found = {one.name: one for one in safety.unaccounted(officer)}
    assert found["佐藤 守"].town == "東町" and len(found) == LISTED + 1
    assert safety.unaccounted_listed(officer) == LISTED + 1
    assert len(safety.unaccounted(ADMINISTRATOR)) == LISTED, "no role alone is enough"
    event = consent.AccessEvent.objects.get(subject=found["佐藤 守"].resident_pk)
    assert event.rule == "shield_officer"
    person = f"r{found['佐藤 守'].resident_pk}"
    assert safety.history(officer, person).name == "佐藤 守"


def test_the_fire_brigade_gets_what_the_law_allows_now_and_nothing_else(city: City) -> None:
    warn(4)
    assert safety.unaccounted(OPERATOR, supporter="消防団") == [], "no ground, nobody"
    drafted = consent.declare_sharing(OPERATOR, "洪水", ["name", "address"], 24)
    consent.approve_sharing(APPROVER, drafted.pk)
    rows = safety.unaccounted(OPERATOR, supporter="消防団")
    assert {one.name for one in rows} == {"備 太郎", "山﨑 清"}, "the roster alone"
    assert all(one.town and one.address and not one.phone and not one.helper for one in rows)
    assert all(one.last_seen is None and one.destination is None for one in rows)
    safety.report_self([city.residents["山﨑 清"].pk], "safe", actor=OPERATOR)
    assert [one.name for one in safety.unaccounted(OPERATOR, supporter="消防団")] == ["備 太郎"]
    with pytest.raises(Exception, match="forbidden"):
        safety.unaccounted(VIEWER, supporter="消防団")
    consent.end_sharing(OPERATOR, drafted.pk)
    assert safety.unaccounted(OPERATOR, supporter="消防団") == []
    with municipalities.changing_settings() as held:
        held["supporter_ordinance"] = {"article": "条例第5条", "from": "2020-01-01"}
    assert len(safety.unaccounted(OPERATOR, supporter="消防団")) == 1
