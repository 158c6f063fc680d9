"""CAP feeds against their simulator: every form, once each, and no false word in force."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.municipalities.interface import Municipality
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.models import Telegram, WarningInput
from sonae.engines.warnings.safexml import parse
from sonae.gateways.inputs.cap_feed import entries_of
from sonae.gateways.simulators.cap_feed import FORMS, CapServer, Signer
from sonae.platform import outbox, worlds
from sonae.platform.models import OutboxEntry
from sonae.platform.scope import Scope, World
from tests.conftest import real_data
from tests.domains.warnings.conftest import CODE, city  # noqa: F401 - a fixture
from tests.engines.warnings.test_cap import alert as expiring
from tests.engines.warnings.test_cap import ref
from tests.fixtures import ADMINISTRATOR
from tests.gateways.lines import (  # noqa: F401 - a fixture
    committed,
    count,
    in_force,
    supervised,
    until,
)

OVER_US = "<areaDesc>x</areaDesc><polygon>34,134 36,134 36,136 34,136 34,134</polygon>"
ELSEWHERE = "<areaDesc>far</areaDesc><polygon>1,1 2,1 2,2 1,1</polygon>"


def alert(identifier: str, **more: Any) -> bytes:
    """A CAP message that outlives the machine's clock, by which receivers live."""
    return expiring(identifier, expires=10**6, **more)


@pytest.fixture
def feed() -> Iterator[CapServer]:
    made = CapServer()
    yield made
    made.close()


def add(feed: CapServer, name: str = "国外", **more: str) -> WarningInput:
    options = {"url": feed.url, "interval": "1", **more}
    return warnings.add_input(ADMINISTRATOR, "cap-feed", name, options)


def kinds() -> list[str]:
    return sorted(kind for kind, _level in in_force())


def rescan() -> None:
    """Look at everything again, by the clock that the receivers live by."""
    with clock.using(clock.SystemClock()):
        warnings.rescan()


def polls(feed: CapServer) -> int:
    return feed.asked.count("/feed.xml")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_feed_is_read_and_each_alert_taken_once(
    city: Scope,  # noqa: F811
    feed: CapServer,
    form: str,
) -> None:
    feed.form = form
    feed.publish("a.xml", alert("a", area=OVER_US))
    add(feed)
    with supervised():
        until(lambda: count() == 1)
        feed.publish("b.xml", alert("b", minutes=1, area=OVER_US, event="Tsunami Warning"))
        feed.publish("c.xml", alert("c", minutes=2, area=ELSEWHERE, event="Storm Warning"))
        until(lambda: count() == (2 if form == "single" else 3))
        asked = polls(feed)
        until(lambda: polls(feed) > asked + 1)
    fetched = [path for path in feed.asked if path.startswith("/alerts/")]
    assert len(fetched) == len(set(fetched)) == (3 if form in ("atom", "rss") else 0)
    if form != "single":
        assert kinds() == ["Flood Warning", "Tsunami Warning"]
    assert {one.signature for one in Telegram.objects.all()} == {"unsigned"}
    notes = {note for one in Telegram.objects.all() for note in (one.content or {})["deviations"]}
    assert notes == ({"wrapped_in:feed"} if form == "wrapped" else set())


@pytest.mark.parametrize("fault", ["errors", "half", "reversed", "repeated", "gone"])
def test_whatever_the_line_does_the_state_is_that_of_clean_delivery(
    city: Scope,  # noqa: F811
    feed: CapServer,
    fault: str,
) -> None:
    feed.faults.errors = 4 if fault == "errors" else 0
    feed.faults.half = {"b.xml": 2} if fault == "half" else {}
    feed.faults.reversed, feed.faults.repeated = fault == "reversed", fault == "repeated"
    feed.publish("a.xml", alert("a", area=OVER_US))
    feed.publish(
        "b.xml",
        alert(
            "b",
            minutes=1,
            kind="Update",
            references=ref("a"),
            area=OVER_US,
            event="Flood Emergency",
        ),
    )
    feed.publish("c.xml", alert("c", minutes=2, kind="Cancel", references=ref("x"), area=OVER_US))
    if fault == "gone":
        feed.alerts.insert(
            0, feed.alerts[0].__class__("gone.xml", b"", 1e12, feed.alerts[0].updated)
        )
        feed._feed = lambda feed=feed, plain=feed._feed: (plain() or b"").replace(  # type: ignore[method-assign]
            b"</title><entry>",
            b"</title><entry><id>gone</id><link href='/alerts/gone.xml'/></entry><entry>",
        )
    add(feed)
    with supervised():
        until(lambda: count() >= 3)
        until(lambda: kinds() == ["Flood Emergency"])
        if fault == "gone":
            until(lambda: len(warnings.alarms()) == 1)
    assert count() == (4 if fault == "gone" else 3)


def test_a_link_to_another_host_is_opened_only_when_it_is_named(
    city: Scope,  # noqa: F811
    feed: CapServer,
) -> None:
    other = CapServer()
    try:
        other.publish("a.xml", alert("a", area=OVER_US))
        feed.alerts = other.alerts
        feed.links = other.http.url
        add(feed)
        with supervised():
            until(lambda: len(warnings.alarms()) == 1)
        assert other.asked == []
        assert in_force() == []
        warnings.remove_input(ADMINISTRATOR, "国外")
        add(feed, hosts=other.http.url.split("/")[2])
        with supervised():
            until(lambda: kinds() == ["Flood Warning"])
        assert other.asked == ["/alerts/a.xml"]
    finally:
        other.close()


def test_signed_alerts_count_and_changed_ones_are_shown_and_never_in_force(
    city: Scope,  # noqa: F811
    feed: CapServer,
) -> None:
    signer = feed.signer = Signer()
    feed.publish("a.xml", alert("a", area=OVER_US))
    false = feed.publish(
        "b.xml",
        alert("b", area=OVER_US, event="Wind Warning"),
        tamper=(b"Wind Warning", b"Tsunami Warning"),
    )
    feed.signer = None
    feed.publish("c.xml", alert("c", area=OVER_US, event="Storm Warning"))
    add(feed, certificates=signer.certificate)
    with supervised():
        until(lambda: count() == 3)
    assert kinds() == ["Flood Warning"]
    rows = {one.signature: one for one in Telegram.objects.all()}
    assert {state: (row.state, row.error) for state, row in rows.items()} == {
        "valid": ("read", ""),
        "invalid": ("refused", "signature_invalid"),
        "unsigned": ("refused", "signature_missing"),
    }
    assert bytes(rows["invalid"].raw) == false
    assert "内容が変えられています" in rows["invalid"].detail
    assert (rows["invalid"].content or {})["items"][0]["kind"] == "Tsunami Warning"
    assert {one.pk for one in warnings.alarms()} == {rows["invalid"].pk, rows["unsigned"].pk}
    told = OutboxEntry.everywhere.filter(topic="warning.changed").values_list("payload", flat=True)
    assert {one["telegram"] for one in told} == {rows["valid"].pk}
    rescan()
    outbox.drain()
    assert kinds() == ["Flood Warning"]


def test_a_false_cancel_ends_nothing(city: Scope, feed: CapServer) -> None:  # noqa: F811
    signer = feed.signer = Signer()
    feed.publish("a.xml", alert("a", area=OVER_US))
    feed.signer = Signer()
    feed.publish("b.xml", alert("b", minutes=1, kind="Cancel", references=ref("a"), area=OVER_US))
    add(feed, certificates=signer.certificate)
    with supervised():
        until(lambda: count() == 2)
    assert kinds() == ["Flood Warning"]


def test_what_could_not_be_verified_counts_once_its_certificate_is_pinned(
    city: Scope,  # noqa: F811
    feed: CapServer,
) -> None:
    feed.signer = Signer()
    feed.publish("a.xml", alert("a", area=OVER_US))
    add(feed)
    with supervised():
        until(lambda: count() == 1)
    assert in_force() == []
    assert "証明書が登録されていない" in Telegram.objects.get().detail
    warnings.remove_input(ADMINISTRATOR, "国外")
    add(feed, certificates=feed.signer.certificate)
    with supervised():
        until(lambda: kinds() == ["Flood Warning"])
    row = Telegram.objects.get()
    assert (row.state, row.error, row.detail, row.signature) == ("read", "", "", "valid")
    assert warnings.alarms() == []
    plain = WarningInput.objects.create(name="別", kind="cap-feed", silent_after=60)
    again = warnings.accept(bytes(row.raw), via=plain.name)
    assert (again.duplicate, Telegram.objects.get().state) == (True, "read")


def test_a_drill_with_a_false_signature_stays_in_the_exercise(
    city: Scope,  # noqa: F811
    feed: CapServer,
) -> None:
    feed.signer = Signer()
    feed.publish("a.xml", alert("a", area=OVER_US, status="Exercise"))
    add(feed)
    with supervised():
        until(lambda: Telegram.everywhere.filter(municipality=CODE).count() == 1)
    assert count() == 0
    with worlds.entered(CODE, World.EXERCISE):
        assert len(warnings.alarms()) == 1
        assert warnings.in_force() == []


def test_the_input_says_which_areas_are_ours(city: Scope, feed: CapServer) -> None:  # noqa: F811
    for name, area in (("a", "備え市"), ("b", "隣市")):
        feed.publish(
            f"{name}.xml", alert(name, event=f"Flood {name}", area=f"<areaDesc>{area}</areaDesc>")
        )
    code = "<areaDesc>z</areaDesc><geocode><valueName>UGC</valueName><value>XX9</value></geocode>"
    feed.publish("c.xml", alert("c", event="Flood c", area=code))
    add(feed, areas="備え市, XX9")
    with supervised():
        until(lambda: count() == 3)
    assert kinds() == ["Flood a", "Flood c"]
    Municipality.objects.update(name="備え市")
    rescan()
    assert kinds() == ["Flood a", "Flood c"]


def test_what_is_no_certificate_and_no_feed_is_said(city: Scope, feed: CapServer) -> None:  # noqa: F811
    with pytest.raises(SonaeError, match="unprocessable"):
        add(feed, certificates="nonsense")
    feed._feed = lambda: b"<html><body>moved</body></html>"  # type: ignore[method-assign]
    add(feed)
    with supervised():
        until(lambda: "html" in WarningInput.objects.get().error)


def test_indexes_are_read_whatever_their_dialect() -> None:
    rdf = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
    <item><title>2</title><link>https://x.example/2.xml</link></item>
    <item><title>1</title><link>https://x.example/1.xml</link></item><item><title>none</title></item></rdf:RDF>"""
    assert [one.link for one in entries_of(parse(rdf).root)] == [
        "https://x.example/1.xml",
        "https://x.example/2.xml",
    ]
    atom = b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>u</id><link rel="self" href="s"/>
    <link href="page.html"/><link type="application/cap+xml" href="u.cap"/></entry></feed>"""
    (one,) = entries_of(parse(atom).root)
    assert one.link == "u.cap"


def test_every_real_alert_comes_through_the_feed(city: Scope, feed: CapServer) -> None:  # noqa: F811
    files = sorted(real_data("alerts/cap/alert").iterdir())
    for file in files:
        feed.publish(file.name, file.read_bytes())
    add(feed)
    with supervised():
        until(lambda: all(f"/alerts/{file.name}" in feed.asked for file in files))
        until(lambda: WarningInput.objects.get().received == len(files))
    states = set(Telegram.everywhere.filter(source="cap").values_list("signature", flat=True))
    assert states == {"unsigned", "invalid"}
    reasons = Telegram.everywhere.filter(state="refused").values_list("error", flat=True).distinct()
    assert set(reasons) == {"signature_invalid"}
