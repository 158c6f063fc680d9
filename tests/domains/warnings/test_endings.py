"""What people decide: a warning that no telegram ended is over, and an old file is only history."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.models import RuleFiring
from sonae.engines.warnings.compose import CityKind, compose_cancel, compose_weather
from sonae.platform.access import Actor, Role
from sonae.platform.models import AuditEntry
from tests.fixtures import City

pytestmark = pytest.mark.django_db
OPERATOR = Actor("account:1", Role.OPERATOR, name="当番 太郎")
VIEWER = Actor("account:2", Role.VIEWER)
AREA = "9920100"


def rain(
    code: str, minute: int, at: datetime | None = None, office: str = "試験地方気象台"
) -> bytes:
    issued = (at or clock.now()) + timedelta(minutes=minute)
    return compose_weather(
        "VPWW55", [CityKind(AREA, "試験市", code)], office=office,
        prefecture=("990000", "試験県"), issued_at=issued,
    )  # fmt: skip


def missile() -> bytes:
    from sonae.engines.warnings import jalert

    return jalert.document(
        "JALT", clock.now(), "ミサイル発射。ミサイル発射。建物の中に避難してください。"
    )


def lines() -> list[tuple[str, str]]:
    return [(line.phenomenon, line.kind) for line in warnings.in_force()]


def end(reason: str = "気象台に電話で確認") -> warnings.WarningEnd:
    [line] = warnings.in_force()
    return warnings.end_warning(OPERATOR, line.telegram_id, line.area_code, line.phenomenon, reason)


def test_a_missile_that_fell_is_ended_by_a_person(city: City) -> None:
    warnings.accept(missile(), via="file")
    assert [phenomenon for phenomenon, _ in lines()] == ["civil_protection"]
    made = end("落下を国の発表で確認")
    assert lines() == []
    assert (made.ended_by, made.reason) == ("当番 太郎", "落下を国の発表で確認")
    assert [one.pk for one in warnings.ended_by_people()] == [made.pk]
    assert AuditEntry.objects.filter(action="warnings.ended").exists()
    assert warnings.refresh() is False, "recomputing does not bring it back"


def test_what_another_series_says_of_the_place_holds_when_the_false_line_ends(city: City) -> None:
    warnings.accept(rain("03", 0, office="本当の気象台"), via="file")
    [real] = lines()
    warnings.accept(rain("33", 0, office="別の気象台"), via="file")
    assert lines() == [("heavy_rain", "レベル５大雨特別警報")]
    fired = RuleFiring.objects.count()
    made = end("誤報と確認")
    assert lines() == [real]
    assert RuleFiring.objects.count() == fired, "what held all the time is no news"
    warnings.undo_end(OPERATOR, made.pk)
    assert lines() == [("heavy_rain", "レベル５大雨特別警報")]


def test_it_is_undone_without_firing_a_rule(city: City) -> None:
    warnings.accept(rain("33", 0), via="file")
    fired = RuleFiring.objects.count()
    made = end()
    warnings.undo_end(OPERATOR, made.pk)
    assert lines() == [("heavy_rain", "レベル５大雨特別警報")]
    assert RuleFiring.objects.count() == fired, "taking it back is no news"
    assert warnings.ended_by_people() == []
    with pytest.raises(SonaeError, match="取り消せません"):
        warnings.undo_end(OPERATOR, made.pk)


def test_the_next_telegram_overrules_the_person(city: City) -> None:
    now = clock.now()
    warnings.accept(rain("33", 0), via="file")
    made = end()
    with clock.using(clock.FrozenClock(now + timedelta(minutes=10))):
        warnings.accept(rain("33", 0), via="file")
        assert lines() == [("heavy_rain", "レベル５大雨特別警報")]
        assert warnings.ended_by_people() == []
        with pytest.raises(SonaeError, match="取り消せません"):
            warnings.undo_end(OPERATOR, made.pk)
    assert warnings.in_force(now + timedelta(minutes=5)) == [], "as it was known then"


def test_only_an_operator_with_a_reason_ends_what_is_in_force(city: City) -> None:
    taken = warnings.accept(rain("03", 0), via="file").telegram
    for actor, reason, code in ((VIEWER, "x", "forbidden"), (OPERATOR, "  ", "unprocessable")):
        with pytest.raises(SonaeError) as caught:
            warnings.end_warning(actor, taken, AREA, "heavy_rain", reason)
        assert caught.value.code == code
    with pytest.raises(SonaeError, match="発表中ではありません"):
        warnings.end_warning(OPERATOR, taken, AREA, "flood", "x")
    assert len(lines()) == 1


@given(st.lists(st.sampled_from(["33", "03", "00", "cancel", "end", "undo"]), max_size=9))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_person_only_hides_what_the_telegrams_say(city: City, steps: list[str]) -> None:
    """For any course of events: hidden exactly from an end until it is undone or a telegram comes."""
    from sonae.domains.warnings.models import Telegram, WarningEnd, WarningInForce

    for model in (WarningEnd, WarningInForce, RuleFiring, Telegram):
        model.objects.all().delete()
    begin, said, hidden = clock.now(), False, None
    for minute, step in enumerate(steps, 1):
        with clock.using(clock.FrozenClock(begin + timedelta(minutes=minute))):
            if step == "end" and said and hidden is None:
                hidden = end().pk
            elif step == "undo" and hidden is not None:
                warnings.undo_end(OPERATOR, hidden)
                hidden = None
            elif step == "cancel":
                warnings.accept(
                    compose_cancel("VPWW55", office="試験地方気象台", issued_at=clock.now()),
                    via="file",
                )
                said, hidden = False, None
            elif step.isdigit():
                warnings.accept(rain(step, 0), via="file")
                said, hidden = step != "00", None
            assert bool(lines()) == (said and hidden is None)


def test_an_old_telegram_is_told_by_the_life_of_its_kind(city: City) -> None:
    now = clock.now()
    assert warnings.outdated(rain("33", 0, now - timedelta(days=6))) is None
    old = warnings.outdated(rain("33", 0, now - timedelta(days=8)))
    assert old is not None and (old.days, old.would_hold) == (8, True)
    assert warnings.outdated(rain("00", 0, now - timedelta(days=80))) is None, "an end never harms"
    cancel = compose_cancel("VPWW55", office="試験地方気象台", issued_at=now - timedelta(days=80))
    assert warnings.outdated(cancel) is None
    assert warnings.outdated(b"not xml") is None
    with clock.using(clock.FrozenClock(now + timedelta(days=2))):
        lapsed = warnings.outdated(missile_at(now))
    assert lapsed is not None and not lapsed.would_hold


def missile_at(at: datetime) -> bytes:
    with clock.using(clock.FrozenClock(at)):
        return missile()


def test_an_old_telegram_is_kept_for_the_record_until_it_comes_over_a_line(city: City) -> None:
    raw = rain("33", 0, clock.now() - timedelta(days=8))
    kept = warnings.accept(raw, via="file", historical=True)
    assert (kept.state, kept.changed, lines()) == ("read", False, [])
    assert not RuleFiring.objects.exists()
    assert warnings.accept(raw, via="file", historical=True).duplicate
    assert warnings.telegram(kept.telegram).content is not None
    again = warnings.accept(raw, via="jma")
    assert (again.telegram, again.changed) == (kept.telegram, True)
    assert len(lines()) == 1
    assert warnings.accept(raw, via="file", historical=True).duplicate
    assert len(lines()) == 1, "what is in force is not turned into history"
