"""CAP 1.2 (OASIS) from what the city published: strict out, references complete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from lxml import etree

from sonae.core.clock import JST
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.messages import interface as messages
from sonae.domains.messages.interface import Transmission
from sonae.domains.municipalities.interface import Municipality
from sonae.platform.scope import is_exercise

NS = "urn:oasis:names:tc:emergency:cap:1.2"
EXPIRES = timedelta(hours=22.5)
_CATEGORY = {
    "fire": "Fire",
    "earthquake": "Geo",
    "volcano": "Geo",
    "landslide": "Geo",
    "tsunami": "Geo",
    "civil_protection": "Security",
}
_SEVERITY = {5: "Extreme", 4: "Severe", 3: "Moderate"}
_URGENCY = {5: "Immediate", 4: "Immediate", 3: "Expected"}
_LEVEL = {"emergency": 5, "critical": 4}
"""How grave a notice counts: by the severity of the warning that it passes on, else as 3."""
_TYPES = {
    "order": "Alert",
    "notice": "Alert",
    "correction": "Update",
    "renewal": "Update",
    "lifting": "Update",
    "cancellation": "Cancel",
}
_LANGUAGE = {"ja": "ja-JP", "ja-x-easy": "ja-x-easy", "en": "en-US"}


def _put(parent: etree._Element, name: str, text: str) -> None:
    """Append one element."""
    etree.SubElement(parent, f"{{{NS}}}{name}").text = text


def _time(at: datetime) -> str:
    """Return a CAP time: seconds and offset, never Z."""
    return at.astimezone(JST).isoformat(timespec="seconds")


def sender(here: Municipality) -> str:
    """Return the sender's identifier: the municipality's code."""
    return f"{here.code}@sonae"


def identifier(row: Transmission) -> str:
    """Return the message identifier, without characters that CAP forbids."""
    return row.identifier.removeprefix("urn:uuid:")


def _about(row: Transmission) -> set[str]:
    """Return the topics that an item speaks of: its own, and the orders that its order replaced."""
    found: set[str] = {row.message.topic}
    waiting = [row.message.order] if row.message.order else []
    while waiting:
        order = waiting.pop()
        found.add(f"order:{order.pk}")
        waiting += evacuation.replaced_by(order)
    return found


def _earlier(row: Transmission) -> list[Transmission]:
    """Return every unexpired earlier item about the same: an update names them all."""
    return [
        one
        for one in messages.sent_of_topics(_about(row), "cap")
        if one.pk < row.pk and row.created_at - one.created_at < EXPIRES
    ]


def _type(row: Transmission, earlier: Sequence[Transmission]) -> str:
    """Return msgType: what takes the place of another (an order, a correction) updates that.

    With nothing left to refer to it is an Alert of its own: CAP 1.2 §3.2.1 lets Update and Cancel
    stand only for messages that they name, and after `EXPIRES` there are none.
    """
    if not earlier:
        return "Alert"
    return "Update" if row.message.kind in ("order", "notice") else _TYPES[row.message.kind]


def build(row: Transmission, here: Municipality) -> etree._Element:
    """Return the CAP alert of one publication."""
    earlier = _earlier(row)
    alert = etree.fromstring(f'<alert xmlns="{NS}"/>')
    _put(alert, "identifier", identifier(row))
    _put(alert, "sender", sender(here))
    _put(alert, "sent", _time(row.created_at))
    _put(alert, "status", "Exercise" if is_exercise() else "Actual")
    _put(alert, "msgType", _type(row, earlier))
    _put(alert, "scope", "Public")
    references = [f"{sender(here)},{identifier(one)},{_time(one.created_at)}" for one in earlier]
    if references:
        _put(alert, "references", " ".join(references))
    for language in messages.LANGUAGES:
        _info(alert, row, here, language, row.frozen[language])
    return alert


def _info(
    alert: etree._Element,
    row: Transmission,
    here: Municipality,
    language: str,
    text: dict[str, str],
) -> None:
    """Append the information block of one language."""
    hazard, level = _hazard_and_level(row)
    over = row.message.kind in ("lifting", "cancellation")
    info = etree.SubElement(alert, f"{{{NS}}}info")
    _put(info, "language", _LANGUAGE[language])
    _put(info, "category", _CATEGORY.get(hazard, "Met"))
    _put(info, "event", text["subject"])
    advised = "Evacuate" if row.message.order else "Monitor"
    _put(info, "responseType", "AllClear" if over else advised)
    _put(info, "urgency", "Past" if over else _URGENCY[level])
    _put(info, "severity", "Minor" if over else _SEVERITY[level])
    _put(info, "certainty", "Likely")
    _put(info, "expires", _time(row.created_at + EXPIRES))
    _put(info, "senderName", here.name_en if language == "en" else here.name)
    _put(info, "headline", text["subject"])
    _put(info, "description", text["body"])
    _areas(info, row, here)


def _hazard_and_level(row: Transmission) -> tuple[str, int]:
    """Return the hazard that an item is about, and how grave it counts (3–5)."""
    order, about = row.message.order, row.message.about
    if order is not None:
        return order.hazard, order.level
    return about.get("phenomenon", ""), _LEVEL.get(about.get("severity", ""), 3)


def _areas(info: etree._Element, row: Transmission, here: Municipality) -> None:
    """Append the area: the towns by name, the municipality by its code."""
    order = row.message.order
    names = "、".join(town.name for town in order.towns.order_by("code")) if order else ""
    area = etree.SubElement(info, f"{{{NS}}}area")
    _put(area, "areaDesc", names if names and order and not order.whole_city else here.name)
    code = etree.SubElement(area, f"{{{NS}}}geocode")
    _put(code, "valueName", "jisX0402")
    _put(code, "value", here.code)
