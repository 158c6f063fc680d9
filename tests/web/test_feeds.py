"""The open feed: strict CAP 1.2, signed, complete references, exercises only below /drill/."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from lxml import etree
from signxml.verifier import XMLVerifier

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.messages import interface as messages
from sonae.engines.warnings import read
from sonae.platform import outbox
from sonae.platform.scope import World
from sonae.web.feeds import signing
from tests.conftest import real_data
from tests.fixtures import APPROVER, OPERATOR, City

pytestmark = pytest.mark.django_db
CAP = {"c": "urn:oasis:names:tc:emergency:cap:1.2"}
ATOM = {"a": "http://www.w3.org/2005/Atom"}


def issue(city: City, level: int = 4) -> int:
    made = evacuation.draft_order(
        OPERATOR, level=level, hazard="flood", towns=[city.towns["西町"].pk], reason="増水"
    )
    evacuation.submit(OPERATOR, made.pk)
    evacuation.approve(APPROVER, made.pk)
    outbox.drain()
    return made.pk


def alerts(client: Client, prefix: str = "") -> list[bytes]:
    feed = etree.fromstring(client.get(f"{prefix}/feeds/cap.atom").content)
    links = feed.xpath("//a:entry/a:link/@href", namespaces=ATOM)
    return [client.get(link.replace("http://testserver", "")).content for link in links]


def one(raw: bytes, path: str) -> list[str]:
    return [node.text for node in etree.fromstring(raw).xpath(path, namespaces=CAP)]


def test_an_order_is_in_the_feed_in_every_language(city: City, client: Client) -> None:
    issue(city)
    [raw] = alerts(client)
    assert one(raw, "c:msgType") == ["Alert"]
    assert one(raw, "c:status") == ["Actual"]
    assert one(raw, "c:info/c:language") == ["ja-JP", "ja-x-easy", "en-US"]
    assert one(raw, "c:info/c:severity")[0] == "Severe"
    assert one(raw, "c:info/c:area/c:geocode/c:value")[0] == "992011"


def test_it_is_valid_against_the_schema(city: City, client: Client) -> None:
    folder = real_data("alerts", "cap")
    [schema] = [
        p
        for p in folder.rglob("*.xsd")
        if b"urn:oasis:names:tc:emergency:cap:1.2" in p.read_bytes() and "CAP-v1.2" in p.name
    ]
    validator = etree.XMLSchema(etree.parse(schema))
    pk = issue(city)
    messages.correct(APPROVER, messages.messages()[0].pk, "訂正")
    outbox.drain()
    evacuation.lift(APPROVER, pk)
    outbox.drain()
    found = alerts(client)
    assert len(found) == 3
    for raw in found:
        validator.assertValid(etree.fromstring(raw))


def test_the_signature_verifies_and_a_change_breaks_it(city: City, client: Client) -> None:
    issue(city)
    [raw] = alerts(client)
    certificate = signing.certificate().decode()
    checked = XMLVerifier().verify(raw, x509_cert=certificate)
    assert b"Actual" in etree.tostring(checked.signed_xml)
    with pytest.raises(Exception, match=r"(?i)digest|signature"):
        XMLVerifier().verify(
            raw.replace(b"<status>Actual", b"<status>Test__"), x509_cert=certificate
        )


def test_our_own_reader_understands_it(city: City, client: Client) -> None:
    issue(city)
    [raw] = alerts(client)
    warning = read(raw)
    assert (warning.source, warning.status, warning.action) == ("cap", "actual", "issue")


def test_updates_and_cancellations_name_every_earlier_message(city: City, client: Client) -> None:
    pk = issue(city)
    messages.correct(APPROVER, messages.messages()[0].pk, "訂正")
    outbox.drain()
    evacuation.cancel(APPROVER, pk)
    outbox.drain()
    cancel, update, alert = alerts(client)
    assert one(cancel, "c:msgType") == ["Cancel"]
    [references] = one(cancel, "c:references")
    names = [part.split(",")[1] for part in references.split()]
    assert set(names) == {one(alert, "c:identifier")[0], one(update, "c:identifier")[0]}
    assert one(alert, "c:references") == []


def test_a_graver_order_updates_the_one_it_replaces(city: City, client: Client) -> None:
    first = issue(city, level=3)
    made = evacuation.draft_order(
        OPERATOR, level=4, hazard="flood", towns=[city.towns["西町"].pk], replaces=first
    )
    evacuation.submit(OPERATOR, made.pk)
    evacuation.approve(APPROVER, made.pk)
    outbox.drain()
    newer, older = alerts(client)
    assert one(newer, "c:msgType") == ["Update"]
    assert one(older, "c:msgType") == ["Alert"]
    assert one(older, "c:identifier")[0] in one(newer, "c:references")[0]
    assert one(newer, "c:info/c:severity")[0] == "Severe"


def test_the_correction_of_a_notice_updates_it(city: City, client: Client) -> None:
    words = {each: messages.Text("断水", "西町") for each in messages.LANGUAGES}
    first = messages.draft_own(OPERATOR, words)
    messages.submit_notice(OPERATOR, first.pk)
    messages.approve_notice(APPROVER, first.pk)
    made = messages.correct_own(OPERATOR, first.pk)
    messages.submit_notice(OPERATOR, made.pk)
    messages.approve_notice(APPROVER, made.pk)
    outbox.drain()
    newer, older = alerts(client)
    assert (one(older, "c:msgType"), one(newer, "c:msgType")) == (["Alert"], ["Update"])
    assert one(older, "c:identifier")[0] in one(newer, "c:references")[0]


@pytest.mark.parametrize(("hours", "kind"), [(22, "Update"), (23, "Alert")])
def test_a_late_lifting_never_updates_what_has_expired(
    city: City, client: Client, hours: int, kind: str
) -> None:
    pk = issue(city)
    with clock.using(FrozenClock(clock.now() + timedelta(hours=hours))):
        evacuation.lift(APPROVER, pk)
        outbox.drain()
        lifted = alerts(client)[0]
    assert one(lifted, "c:msgType") == [kind]
    assert len(one(lifted, "c:references")) == (1 if kind == "Update" else 0)
    assert one(lifted, "c:info/c:responseType")[0] == "AllClear"


def test_an_exercise_is_only_below_drill_and_for_staff(city: City, client: Client) -> None:
    with city.entered(World.EXERCISE):
        issue(city)
    assert alerts(client) == []
    assert client.get("/drill/feeds/cap.atom").status_code in (401, 403)


def test_who_has_it_already_gets_nothing_again(city: City, client: Client) -> None:
    issue(city)
    feed = etree.fromstring(client.get("/feeds/cap.atom").content)
    [link] = feed.xpath("//a:entry/a:link/@href", namespaces=ATOM)
    for path in ("/feeds/cap.atom", link.replace("http://testserver", "")):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": first["ETag"]})
        assert again.status_code == 304
    assert client.get("/feeds/cap/nothing.xml").status_code == 404


def test_the_address_that_a_neighbour_is_told_leads_to_the_feed(city: City, client: Client) -> None:
    page = client.get("/feeds/").content.decode()
    assert "/feeds/cap.atom" in page
    assert client.get("/feeds/cap.atom").status_code == 200
    assert 'href="/feeds/"' in client.get("/").content.decode(), "in the footer"


def test_the_feed_lists_what_is_in_force_and_keeps_what_was(city: City, client: Client) -> None:
    issue(city)
    [now] = alerts(client)
    [told] = messages.transmissions()[:1]
    old = clock.now() - timedelta(days=400)
    messages.Transmission.objects.bulk_create(
        messages.Transmission(
            message=messages.Message.objects.create(kind="notice", topic=f"t{n}", drafted_at=old),
            channel="cap", identifier=f"urn:uuid:old{n}", created_at=old, frozen=told.frozen,
            status="handed_over",
        )
        for n in range(3)
    )  # fmt: skip
    assert [one(raw, "c:identifier") for raw in alerts(client)] == [one(now, "c:identifier")]
    assert client.get("/feeds/cap/old1.xml").status_code == 200, "references stay readable"
    assert client.get("/feeds/cap/nothing.xml").status_code == 404
    assert [row.message_id for row in messages.newest(1)] == [told.message_id]
