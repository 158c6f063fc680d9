"""Old and new types that tell the same thing in parallel, and VPWS50, which tells it all again.

Of twins the new one is shown and never both (経過措置, to 2028 or later). VPWS50 is the state of the
whole country at its time: what older telegrams said of its kinds and it no longer lists has ended,
and what it lists is in force although the telegram that said so never came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from sonae.engines.warnings.claims import AreaKey, Claim, area_key
from sonae.engines.warnings.families import family_of_warning
from sonae.engines.warnings.family import Family
from sonae.engines.warnings.model import Warning, WarningArea

# VPOA50 and the VPBS50 of the same rain leave JMA at the same time; another rain is another time.
FLASH_APART = timedelta(minutes=10)

Series = Sequence[Warning]
Spoken = dict[tuple[str, str], list[tuple[Family, Warning]]]


def without_twins(claims: Sequence[Claim], series: Iterable[Series]) -> list[Claim]:
    """Leave out what another telegram tells better; ``series``: all messages, oldest first in each."""
    known = [(family_of_warning(members[-1]), members) for members in series]
    summary = _summary(known)
    if summary is not None:
        claims = _recovered(claims, summary, known)
    spoken = _spoken(known)
    by_area: dict[tuple[AreaKey, str], list[Claim]] = defaultdict(list)
    for claim in claims:
        by_area[claim.key].append(claim)
    return [
        claim
        for claim in claims
        if not claim.family.twin
        or not (
            _told_anew(claim, spoken[_twin_key(claim.family, claim.warning)])
            or _told_under_another_name(claim, by_area)
        )
    ]


# Old and new.


def _spoken(known: Iterable[tuple[Family, Series]]) -> Spoken:
    """The telegrams that may speak for another, by what joins the twins.

    Of a state only the newest counts; a flash report was told, also if another followed it. A series
    that was cancelled speaks for nobody: what its twin says was withdrawn by no one.
    """
    found: Spoken = defaultdict(list)
    for family, members in known:
        if family.twin and not family.summary and members[-1].action != "cancel":
            telling = members if family.twin == "flash" else members[-1:]
            for warning in telling:
                found[_twin_key(family, warning)].append((family, warning))
    return found


def _twin_key(family: Family, warning: Warning) -> tuple[str, str]:
    """Twins tell of the same office's area, or of the same earthquake."""
    about = warning.event_id if family.twin == "quake" else warning.office
    return family.twin, about or ""


def _told_anew(claim: Claim, spoken: Iterable[tuple[Family, Warning]]) -> bool:
    """A newer type about this phenomenon was sent later: its word holds, also when it is 解除."""
    if claim.family.twin == "flash":
        return any(_same_flash(claim, family, warning) for family, warning in spoken)
    return any(
        family.generation > claim.family.generation
        and head.sent_at >= claim.warning.sent_at
        and claim.item.phenomenon in _speaks_of(family)
        for family, head in spoken
    )


def _same_flash(claim: Claim, family: Family, other: Warning) -> bool:
    return (
        family.generation > claim.family.generation
        and abs(other.sent_at - claim.warning.sent_at) <= FLASH_APART
        and any(item.phenomenon == claim.item.phenomenon for item in other.items)
    )


def _speaks_of(family: Family) -> set[str]:
    return {family.phenomenon, *(meaning.phenomenon for meaning in family.codes.values())}


def _told_under_another_name(claim: Claim, by_area: dict[tuple[AreaKey, str], list[Claim]]) -> bool:
    """大雨警報（土砂災害） of the old system is 土砂災害警報 in the new: not two warnings.

    大雨注意報 never says which of the two it means, so it may be that one.
    """
    item = claim.item
    may_be = "土砂災害" in item.condition or item.severity == "advisory"
    if item.phenomenon != "heavy_rain" or "浸水害" in item.condition or not may_be:
        return False
    others = by_area.get((area_key(claim.area), "landslide"), ())
    return any(
        other.family.generation > claim.family.generation and other.rank >= claim.rank
        for other in others
    )


# Recovery.


def _summary(known: Iterable[tuple[Family, Series]]) -> Warning | None:
    """The newest word of VPWS50, unless it was cancelled."""
    heads = [members[-1] for family, members in known if family.summary]
    newest = max(heads, key=lambda head: head.sent_at, default=None)
    return None if newest is None or newest.action == "cancel" else newest


def _recovered(
    claims: Sequence[Claim], summary: Warning, known: Iterable[tuple[Family, Series]]
) -> list[Claim]:
    """The claims as the summary leaves them."""
    at, about = state_time(summary), _speaks_of(family_of_warning(summary))
    listed = {(claim.key, claim.item.kind_code) for claim in claims if claim.family.summary}
    kept = [
        claim
        for claim in claims
        if not claim.family.summary and not _ended(claim, at, about, listed)
    ]
    confirmed = {
        (claim.key, claim.item.kind_code) for claim in kept if _is_new_weather(claim.family)
    }
    later = set(_told_later(at, known))
    return kept + [
        claim
        for claim in claims
        if claim.family.summary
        and claim.key not in later
        and (claim.key, claim.item.kind_code) not in confirmed
    ]


def state_time(summary: Warning) -> datetime:
    """The moment that a summary describes: what was sent after it is newer."""
    return min(summary.issued_at, summary.sent_at)


def _ended(
    claim: Claim,
    at: datetime,
    about: set[str],
    listed: set[tuple[tuple[AreaKey, str], str | None]],
) -> bool:
    """Whether an older telegram's word is no longer in the summary, or is its old twin."""
    if claim.family.twin != "weather" or claim.warning.sent_at >= at:
        return False
    if claim.item.phenomenon not in about or not _covered(claim.area):
        return False
    return not (_is_new_weather(claim.family) and (claim.key, claim.item.kind_code) in listed)


def _is_new_weather(family: Family) -> bool:
    return family.twin == "weather" and family.generation >= 3 and not family.summary


def _covered(area: WarningArea) -> bool:
    """Whether VPWS50 would name this area: 高潮予報区間 and rivers are not in its blocks."""
    return area.type != "river" and (area.type != "area" or len(area.code) == 6)


def _told_later(
    at: datetime, known: Iterable[tuple[Family, Series]]
) -> Iterator[tuple[AreaKey, str]]:
    """Areas × phenomena of which a type of the new system speaks since the summary.

    A cancellation names no area: it is about all that its series had named.
    """
    for family, members in known:
        if not _is_new_weather(family) or members[-1].sent_at < at:
            continue
        about = _speaks_of(family)
        areas = {area_key(area) for each in members for item in each.items for area in item.areas}
        yield from ((area, phenomenon) for area in areas for phenomenon in about)
