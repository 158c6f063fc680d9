"""The page of the warnings: map, as of any time, and what each telegram changed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sonae.core import clock
from sonae.core.clock import JST
from sonae.domains.warnings import interface as warnings
from sonae.engines.warnings.compose import CityKind, compose_cancel, compose_weather
from sonae.platform.access import Role
from sonae.web import kept
from sonae.web.staff import warnmap
from tests.engines.warnings.test_hours import telegram as hours
from tests.fixtures import City, flood_telegram
from tests.web.test_orders_pages import signed_in

pytestmark = pytest.mark.django_db


def take(code: str, minute: int = 0) -> int:
    """Let a rain telegram arrive at that minute; its primary key."""
    at = clock.now() + timedelta(minutes=minute)
    raw = compose_weather(
        "VPWW55", [CityKind("9920100", "試験市", code)], office="試験地方気象台",
        prefecture=("990000", "試験県"), issued_at=at,
    )  # fmt: skip
    with clock.using(clock.FrozenClock(at)):
        taken = warnings.accept(raw, via="jma").telegram
    kept.forget()
    return taken


def test_each_telegram_says_what_it_changed(city: City) -> None:
    first, second, third = take("03"), take("43", 10), take("10", 20)
    viewer = signed_in(Role.VIEWER)
    page = viewer.get(f"/staff/warnings/{first}/").content.decode()
    assert "始まった" in page and "レベル３大雨警報" in page
    page = viewer.get(f"/staff/warnings/{second}/").content.decode()
    assert "重くなった" in page and "レベル３大雨警報" in page and "レベル４大雨危険警報" in page
    assert f"/staff/warnings/{first}/" in page
    assert "軽くなった" in viewer.get(f"/staff/warnings/{third}/").content.decode()
    at = clock.now() + timedelta(minutes=30)
    raw = compose_cancel("VPWW55", office="試験地方気象台", issued_at=at)
    with clock.using(clock.FrozenClock(at)):
        last = warnings.accept(raw, via="jma").telegram
    assert "終わった" in viewer.get(f"/staff/warnings/{last}/").content.decode()
    assert [one.what for one in warnings.changes(last)[1]] == ["ended"]


def test_what_was_known_at_a_moment_is_shown_as_such(city: City) -> None:
    now = clock.now()
    take("03")
    take("43", 30)
    viewer = signed_in(Role.VIEWER)
    with clock.using(clock.FrozenClock(now + timedelta(hours=1))):
        assert "レベル４大雨危険警報" in viewer.get("/staff/warnings/").content.decode()
        at = (now + timedelta(minutes=15)).astimezone(JST)
        page = viewer.get(f"/staff/warnings/?at={at:%Y-%m-%dT%H:%M}").content.decode()
    force = page[page.index('id="force"') : page.index('id="history"')]
    assert "レベル３大雨警報" in force and "レベル４大雨危険警報" not in force
    assert "今の状況ではありません" in page
    arrived = page[page.index('id="history"') :]
    assert "この時点までに届いた電文" in arrived and arrived.count("<tr>") == 2, (
        "one telegram by then"
    )
    assert f"?all=1&amp;at={at:%Y-%m-%d}" in page, "the tabs stay at the moment"
    page = viewer.get("/staff/warnings/?at=2090-01-01T00:00").content.decode()
    assert "まだ来ていません" in page and "分かっていたことです" not in page
    assert viewer.get("/staff/warnings/?at=yesterday").status_code == 400


def test_the_map_marks_towns_and_names_what_it_cannot_draw(city: City) -> None:
    take("43")
    warnings.accept(flood_telegram(5), via="jma")
    drawn = warnmap.draw(warnings.in_force())
    assert drawn.signs == ("5",)
    assert [line.area_name for line in drawn.undrawn] == ["試験川"]
    page = signed_in(Role.VIEWER).get("/staff/warnings/").content.decode()
    assert "warn-map-title" in page
    assert page.count("<circle") == len(city.towns)


def test_nothing_in_force_needs_no_picture(city: City) -> None:
    assert "warn-map-title" not in signed_in(Role.VIEWER).get("/staff/warnings/").content.decode()


def test_hours_expected_are_shown_as_a_forecast_and_never_as_a_warning(city: City) -> None:
    """From six o'clock level 4 from nine: on the page it is what is expected, and nothing in force."""
    at = clock.now()
    raw = hours({"大雨浸水危険度": ["11", "41", "11"], "風危険度": ["30", "01", "01"]}, begin=at)
    taken = warnings.accept(raw, via="jma")
    assert (taken.state, taken.concerns_us, taken.changed) == ("read", True, False)
    assert warnings.in_force() == []
    page = signed_in(Role.VIEWER).get("/staff/warnings/").content.decode()
    assert "これからの見込み" in page and "大雨浸水危険度" in page and "警報級" in page
    assert "発表中の警報・注意報はありません" in page
    with clock.using(clock.FrozenClock(at + timedelta(hours=4))):
        kinds = [one.kind for one in warnings.expected_hours()]
    assert kinds == ["大雨浸水危険度"], "hours that are over are not expected any more"
    with clock.using(clock.FrozenClock(at + timedelta(hours=30))):
        assert warnings.expected_hours() == []


def test_a_person_ends_a_warning_in_two_steps(city: City) -> None:
    taken = take("33")
    link = f"/staff/warnings/{taken}/end/?area=9920100&amp;phenomenon=heavy_rain"
    viewer, operator = signed_in(Role.VIEWER), signed_in(Role.OPERATOR)
    assert link not in viewer.get("/staff/warnings/").content.decode()
    assert link in operator.get("/staff/warnings/").content.decode()
    link = link.replace("&amp;", "&")
    assert viewer.get(link).status_code == 403
    page = operator.get(link).content.decode()
    assert "終わりの電文は届いていません" in page and "レベル５大雨特別警報" in page
    refused = operator.post(link, {"reason": " "})
    assert refused.status_code == 422 and "理由を入力" in refused.content.decode()
    assert len(warnings.in_force()) == 1, "nothing ends without a reason"
    operator.post(link, {"reason": "気象台に電話で確認"})
    assert warnings.in_force() == []
    assert operator.get(link).status_code == 404
    page = operator.get("/staff/warnings/").content.decode()
    assert "人が終わらせた警報" in page and "気象台に電話で確認" in page
    [made] = warnings.ended_by_people()
    undo = f"/staff/warnings/ended/{made.pk}/undo/"
    assert undo in page
    assert operator.get(undo).status_code == 400
    assert viewer.post(undo).status_code == 403
    assert "また発表中です" in operator.post(undo, follow=True).content.decode()
    assert len(warnings.in_force()) == 1
    assert "取り消せません" in operator.post(undo, follow=True).content.decode()


def test_a_person_reads_a_telegram_from_the_future_and_uses_it(city: City) -> None:
    raw = compose_weather(
        "VPWW55", [CityKind("9920100", "試験市", "43")], office="試験地方気象台",
        prefecture=("990000", "試験県"), issued_at=clock.now() + timedelta(days=1800),
    )  # fmt: skip
    pk = warnings.accept(raw, via="jma").telegram
    page = signed_in(Role.VIEWER).get(f"/staff/warnings/{pk}/").content.decode()
    assert "まだ使っていません" in page and "この電文を使う" not in page
    operator = signed_in(Role.OPERATOR)
    assert "この電文を使う" in operator.get(f"/staff/warnings/{pk}/").content.decode()
    operator.post(f"/staff/warnings/{pk}/use/")
    assert "レベル４大雨危険警報" in [line.kind for line in warnings.in_force()]
