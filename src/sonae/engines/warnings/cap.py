"""CAP 1.0–1.2 → ``Warning``: lenient in, and each leniency is reported as a deviation.

CAP states no 警戒レベル, so ``level`` is always None. Signatures are noted, not verified here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime

from sonae.engines.warnings.areas import unique
from sonae.engines.warnings.cap_form import departures
from sonae.engines.warnings.model import (
    Point,
    Ring,
    Warning,
    WarningArea,
    WarningItem,
    WarningRefused,
)
from sonae.engines.warnings.report import Element, first, local, moment, text

_STATUSES = {
    "actual": "actual",
    "exercise": "exercise",
    "system": "test",
    "test": "test",
    "draft": "test",
}
_ACTIONS = {"alert": "issue", "update": "correct", "cancel": "cancel", "error": "cancel"}
_SEVERITIES = {
    "extreme": "emergency",
    "severe": "critical",
    "moderate": "warning",
    "minor": "advisory",
}
# Words of the event, most specific first; whole words, unless an ending is left open (\w*).
_EVENTS = tuple(
    (re.compile(rf"\b(?:{words})\b", re.IGNORECASE), phenomenon)
    for words, phenomenon in (
        (r"tsunamis?", "tsunami"),
        (r"earthquakes?|seismic|terremoto", "earthquake"),
        (r"volcan\w*|ash ?fall", "volcano"),
        (r"tornado\w*", "tornado"),
        (r"avalanches?", "avalanche"),
        (r"land ?slides?|mud ?slides?|debris flows?", "landslide"),
        (r"storm surges?|coastal flood\w*", "storm_surge"),
        (r"flash flood\w*|flood\w*|inundation", "flood"),
        (r"thunder\w*|lightning", "thunder"),
        (r"blizzards?|snow ?storms?", "snow_storm"),
        (r"freezing rain|icing|ice storms?", "ice_accretion"),
        (r"snow\w*", "heavy_snow"),
        (r"rain\w*|downpours?", "heavy_rain"),
        (r"frost|freez\w*", "frost"),
        (r"fog", "fog"),
        (r"cold|low temperatures?|wind chill", "cold"),
        (r"high seas?|rough seas?|high waves?|surf", "wave"),
        (
            r"winds?|gales?|storms?|cyclones?|hurricanes?|typhoons?|monsoon|vindur|vent",
            "storm",
        ),
        (r"evacuat\w*", "evacuation"),
        (r"air raids?|missiles?|civil (?:danger|protection)|homeland", "civil_protection"),
    )
)
_KM_PER_DEGREE = 111.195
_CIRCLE_STEPS = 32


def read_cap(root: Element, raw_sha256: str, name: str, deviations: tuple[str, ...]) -> Warning:
    """The warning of one ``alert`` element."""
    noted = [*deviations, *_oddities(root), *departures(root)]
    sent = _sent(root)
    infos = _infos(root, noted)
    identifier, sender = text(root, "identifier"), text(root, "sender")
    if not identifier:
        raise WarningRefused("incomplete", "identifier がありません。")
    action = _action(root, noted)
    references = tuple(text(root, "references").split())
    status = _status(root)
    items = tuple(_item(info, action, noted) for info in infos)
    best = infos[0] if infos else None
    return Warning(
        source="cap",
        telegram="CAP",
        title=text(best, "event") or identifier,
        office=text(best, "senderName") or sender,
        series=series_key(sender, identifier, status, references),
        event_id=identifier,
        status=status,
        action=action,
        issued_at=sent,
        headline=text(best, "headline") or text(best, "description"),
        items=items or (_bare(identifier, action),),
        raw_sha256=raw_sha256,
        sent_at=sent,
        head_title=text(best, "headline"),
        deviations=tuple(dict.fromkeys(noted)),
        references=references,
        input=name,
    )


def series_key(sender: str, identifier: str, status: str, references: tuple[str, ...]) -> str:
    """A readable key: the earliest message that is referenced; ``state`` follows the references."""
    parts = references[0].split(",") if references else [sender, identifier]
    return "|".join(["CAP", parts[0], status, parts[1] if len(parts) > 1 else identifier])


def _oddities(root: Element) -> Iterator[str]:
    version = root.tag.rpartition(":")[2].partition("}")[0]
    if version != "1.2":
        yield f"cap_version:{version[:8]}"
    if any(local(child) == "Signature" for child in root):
        yield "signature_not_verified"


def _sent(root: Element) -> datetime:
    sent = _time(text(root, "sent"))
    if sent is None:
        raise WarningRefused("incomplete", f"sent が時刻として読めません: {text(root, 'sent')!r}")
    return sent


def _status(root: Element) -> str:
    written = text(root, "status")
    if written.lower() not in _STATUSES:
        raise WarningRefused(
            "unknown_status",
            f"status が Actual・Exercise・System・Test・Draft のどれでもありません: {written!r}",
            "本番か訓練か分からない電文は使いません。原文を見て人が判断してください。",
        )
    return _STATUSES[written.lower()]


def _action(root: Element, noted: list[str]) -> str:
    written = text(root, "msgType").lower()
    if written not in _ACTIONS:
        noted.append(f"unknown_msg_type:{written[:20]}")
    action = _ACTIONS.get(written, "issue")
    if action == "cancel" and not text(root, "references"):
        # It does not say what it cancels, so it cancels nothing.
        noted.append("cancel_without_references")
    return action


def _infos(root: Element, noted: list[str]) -> list[Element]:
    """The infos in one language where every language says the same; else all of them."""
    by_language: dict[str, list[Element]] = {}
    for info in root.iterchildren("{*}info"):
        by_language.setdefault(text(info, "language").lower() or "en-us", []).append(info)
    if len(by_language) < 2:
        return [info for infos in by_language.values() for info in infos]
    if len({len(infos) for infos in by_language.values()}) > 1:
        noted.append("languages_differ")
        return [info for infos in by_language.values() for info in infos]
    wanted = sorted(by_language, key=_language_rank)
    return by_language[wanted[0]]


def _language_rank(language: str) -> int:
    return {"ja": 0, "en": 1}.get(language[:2], 2)


def _item(info: Element, action: str, noted: list[str]) -> WarningItem:
    event = text(info, "event")
    severity = _SEVERITIES.get(text(info, "severity").lower(), "information")
    ended = action == "cancel" or text(info, "responseType").lower() == "allclear"
    return WarningItem(
        phenomenon=_phenomenon(info, event),
        kind_code=text(first(info, "eventCode"), "value") or None,
        kind=event or text(info, "headline"),
        level=None,
        severity="lifted" if ended else severity,
        areas=unique(_areas(info, noted)),
        until=_expires(info, noted),
    )


def _bare(identifier: str, action: str) -> WarningItem:
    severity = "lifted" if action == "cancel" else "information"
    return WarningItem("other", None, identifier, None, severity, ())


def _phenomenon(info: Element, event: str) -> str:
    """By the event's name; the headline helps where the event is in another language."""
    for words in (event, text(info, "headline")):
        for pattern, phenomenon in _EVENTS:
            if pattern.search(words):
                return phenomenon
    return "other"


def _expires(info: Element, noted: list[str]) -> datetime | None:
    written = text(info, "expires")
    until = _time(written)
    if written and until is None:
        noted.append("bad_expires")
    return until


def _time(written: str) -> datetime | None:
    """A time as issuers write it: ISO 8601, or that of a mail (「Sun, 30 Aug 2026 05:00:00 +0900」)."""
    found = moment(written)
    if found is not None:
        return found
    try:
        return moment(parsedate_to_datetime(written).isoformat())
    except ValueError:
        return None


def _areas(info: Element, noted: list[str]) -> Iterator[WarningArea]:
    for area in info.iterchildren("{*}area"):
        rings = tuple(_rings(area, noted))
        code = text(first(area, "geocode"), "value")
        type_ = "polygon" if rings else "area"
        yield WarningArea(code, text(area, "areaDesc"), type_, rings)


def _rings(area: Element, noted: list[str]) -> Iterator[Ring]:
    for element in area.iterchildren("{*}polygon", "{*}circle"):
        written = (element.text or "").split()
        if not written:
            continue
        try:
            yield _circle(written) if local(element) == "circle" else _polygon(written, noted)
        except ValueError:
            noted.append(f"bad_{local(element)}")


def _polygon(pairs: list[str], noted: list[str]) -> Ring:
    ring = tuple(_point(pair, noted) for pair in pairs)
    if len(ring) < 3:
        raise ValueError("fewer than three corners")
    if ring[0] != ring[-1]:
        noted.append("open_polygon")
        ring = (*ring, ring[0])
    return ring


def _point(pair: str, noted: list[str]) -> Point:
    """「latitude,longitude」 as (longitude, latitude); the swapped order is seen by its range."""
    lat, lon = (float(part) for part in pair.strip("()").split(","))
    if not (math.isfinite(lat) and math.isfinite(lon)):
        raise ValueError(pair)
    if abs(lat) > 90 >= abs(lon):
        noted.append("polygon_order")
        lat, lon = lon, lat
    # Rings that cross the 180th meridian run on beyond it; beyond a full turn is nonsense.
    if abs(lat) > 90 or abs(lon) > 360:
        raise ValueError(pair)
    return lon, lat


def _circle(written: list[str]) -> Ring:
    """「latitude,longitude radius」 (km) as a ring of 32 corners that encloses it."""
    lat, lon = (float(part) for part in written[0].split(","))
    radius = float(written[1])
    if abs(lat) >= 90 or abs(lon) > 180 or not 0 <= radius < 20_000:
        raise ValueError(written[0])
    reach = radius / _KM_PER_DEGREE / math.cos(math.pi / _CIRCLE_STEPS)
    squeeze = max(math.cos(math.radians(lat)), 1e-6)
    corners = [2 * math.pi * step / _CIRCLE_STEPS for step in range(_CIRCLE_STEPS)]
    ring = [
        (round(lon + reach * math.cos(a) / squeeze, 6), round(lat + reach * math.sin(a), 6))
        for a in corners
    ]
    return (*ring, ring[0])
