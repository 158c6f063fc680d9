"""Where a CAP message departs from the standard: what is missing, misplaced, or written otherwise.

The names of the deviations are short and stable; nothing is refused here (lenient in). The rules are
those of the CAP 1.2 schema, as far as they can be told without the schema itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from sonae.engines.warnings.report import Element, local, text

MOST: Final = 50
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")
_TIMES: Final = frozenset({"sent", "effective", "onset", "expires"})
_NUMBER: Final = r"-?\d{1,3}(?:\.\d+)?"
_POLYGON: Final = re.compile(rf"{_NUMBER},{_NUMBER}(?: {_NUMBER},{_NUMBER})*")
_REFERENCE: Final = re.compile(r"[^\s,<&]+,[^\s,<&]+,\d{4}-\d\d-\d\dT\S+")
# Children in the order of the schema; required ones begin with "!", repeatable ones end with "*".
_ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    "alert": (
        "!identifier", "!sender", "!sent", "!status", "!msgType", "source", "!scope", "restriction",
        "addresses", "code*", "note", "references", "incidents", "info*",
    ),
    "info": (
        "language", "!category*", "!event", "responseType*", "!urgency", "!severity", "!certainty",
        "audience", "eventCode*", "effective", "onset", "expires", "senderName", "headline",
        "description", "instruction", "web", "contact", "parameter*", "resource*", "area*",
    ),
    "resource": ("!resourceDesc", "!mimeType", "size", "uri", "derefUri", "digest"),
    "area": ("!areaDesc", "polygon*", "circle*", "geocode*", "altitude", "ceiling"),
    "eventCode": ("!valueName", "!value"),
    "parameter": ("!valueName", "!value"),
    "geocode": ("!valueName", "!value"),
}  # fmt: skip
_VALUES: Final[Mapping[str, frozenset[str]]] = {
    "status": frozenset({"Actual", "Exercise", "System", "Test", "Draft"}),
    "msgType": frozenset({"Alert", "Update", "Cancel", "Ack", "Error"}),
    "scope": frozenset({"Public", "Restricted", "Private"}),
    "category": frozenset(
        [
            "Geo",
            "Met",
            "Safety",
            "Security",
            "Rescue",
            "Fire",
            "Health",
            "Env",
            "Transport",
            "Infra",
            "CBRNE",
            "Other",
        ]
    ),
    "responseType": frozenset(
        [
            "Shelter",
            "Evacuate",
            "Prepare",
            "Execute",
            "Avoid",
            "Monitor",
            "Assess",
            "AllClear",
            "None",
        ]
    ),
    "urgency": frozenset({"Immediate", "Expected", "Future", "Past", "Unknown"}),
    "severity": frozenset({"Extreme", "Severe", "Moderate", "Minor", "Unknown"}),
    "certainty": frozenset({"Observed", "Likely", "Possible", "Unlikely", "Unknown"}),
}


def departures(root: Element) -> list[str]:
    """Name every departure of an ``alert`` from the standard once, in the order of the document.

    ``missing:X`` · ``element_order:X`` · ``repeated:X`` · ``unknown_element:X`` · ``bad_value:X`` ·
    ``time_format:X`` · ``polygon_format`` · ``references_format`` · ``missing_references``; after
    `MOST` of them ``and_more``.
    """
    found: dict[str, None] = {}
    for one in _all(root):
        if len(found) == MOST:
            return [*found, "and_more"]
        found[one] = None
    return list(found)


def _all(root: Element) -> Iterator[str]:
    yield from _element(root)
    references = text(root, "references")
    if not references and text(root, "msgType") in ("Update", "Cancel"):
        yield "missing_references"
    if any(not _REFERENCE.fullmatch(one) for one in references.split()):
        yield "references_format"


def _element(element: Element) -> Iterator[str]:
    """The departures of one element and of all below it."""
    written = [rule.strip("!*") for rule in _ORDER[local(element)]]
    rules = dict(zip(written, _ORDER[local(element)], strict=True))
    reached, seen = 0, set()
    for child in element.iterchildren("*"):
        name = local(child)
        if name not in rules:
            if child.tag.partition("}")[0] == element.tag.partition("}")[0]:
                yield f"unknown_element:{name[:30]}"
            continue
        if name in seen and not rules[name].endswith("*"):
            yield f"repeated:{name}"
        if written.index(name) < reached:
            yield f"element_order:{name}"
        reached = max(reached, written.index(name))
        seen.add(name)
        yield from _element(child) if name in _ORDER else _content(name, (child.text or ""))
    for name, rule in rules.items():
        if rule.startswith("!") and name not in seen:
            yield f"missing:{name}"


def _content(name: str, written: str) -> Iterator[str]:
    """The departure of one value."""
    if name in _TIMES and not _TIME.fullmatch(written.strip()):
        yield f"time_format:{name}"
    if name in _VALUES and written.strip() not in _VALUES[name]:
        yield f"bad_value:{name}"
    if name == "polygon" and written.strip() and not _POLYGON.fullmatch(" ".join(written.split())):
        yield "polygon_format"
