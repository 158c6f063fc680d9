"""What is in force: series, corrections, cancellations, old/new twins — for any order of arrival.

The newest ``sent_at`` of a series is its word (JMA's rule). A cancellation silences its series. A
correction replaces. CAP messages end by reference and by ``expires``. Where the old and the new
system tell the same thing, the new one is shown, and never both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sonae.core import clock
from sonae.engines.warnings.claims import NOWHERE, AreaKey, Claim, area_key
from sonae.engines.warnings.families import family_of_warning
from sonae.engines.warnings.family import Family
from sonae.engines.warnings.model import (
    SEVERITY_RANK,
    InForce,
    Warning,
    WarningArea,
    WarningItem,
    WarningRefused,
)
from sonae.engines.warnings.twins import without_twins

_ACTION_ORDER = {"issue": 0, "correct": 1, "cancel": 2}
DATED_AHEAD: Final = "dated_ahead"
_FARTHEST: Final = timedelta(hours=12)
"""What a wrong clock of ours explains: a machine left on the wrong time zone is nine hours behind, and
must not refuse every real warning. Forecasts leave up to an hour before their official time besides."""


def dated_ahead(warning: Warning, now: datetime) -> bool:
    """Whether a message says that it was sent, or issued, later than a sane clock can have said.

    ``now`` (aware): when it was received; more than half a day ahead. The newest time of a series is
    its word, so such a message must not take part before a person has looked at it: until its date
    comes it would silence every correction and end of its series.
    """
    clock.aware(now)
    return max(warning.sent_at, warning.issued_at) > now + _FARTHEST


def ahead_of(warning: Warning, now: datetime) -> WarningRefused:
    """Why a message that is `dated_ahead` is not used, for people."""
    dated = max(warning.sent_at, warning.issued_at).astimezone(clock.JST)
    return WarningRefused(
        DATED_AHEAD,
        f"電文の日時（{dated:%Y-%m-%d %H:%M}）が、受信した時刻（{now.astimezone(clock.JST):%Y-%m-%d %H:%M}）"
        "より進んでいるため、まだ使っていません。",
        "原文と、この装置の時計を確かめてください。",
    )


def in_force(
    warnings: Iterable[Warning],
    *,
    at: datetime,
    status: str = "actual",
    arrived: bool = False,
    ended: Callable[[Claim], bool] = lambda _claim: False,
) -> list[InForce]:
    """What is in force at ``at`` (aware) among ``warnings`` of one ``status``, gravest first.

    Pure and independent of order and repetition. ``status`` actual, exercise or test: the three
    never mix. Reports of events (地震, 線状降水帯 …) lapse 24 hours after their issue. Messages from
    after ``at`` are left out, unless ``arrived``: then the caller knows that all were here by then,
    and a sender's clock that runs ahead of ours must not hide a warning. ``ended``: the claims that
    people ended; another series that says less of the same area then holds.
    """
    clock.aware(at)
    known = _known(warnings, None if arrived else at, status)
    series = _series(known)
    claims = [claim for members in series for claim in _claims(members, at)]
    kept = [claim for claim in without_twins(claims, series) if not ended(claim)]
    return sorted((_line(claim) for claim in _gravest(kept)), key=_reading_order)


def _known(warnings: Iterable[Warning], at: datetime | None, status: str) -> list[Warning]:
    """Each message once, of this status, and known at that time (None: all are)."""
    found = {
        (w.raw_sha256, w.series, w.event_id): w
        for w in warnings
        if w.status == status and (at is None or _known_from(w) <= at)
    }
    return list(found.values())


def _known_from(warning: Warning) -> datetime:
    """An issue counts from its official time; what changes it counts from its transmission."""
    if warning.action == "issue":
        return min(warning.issued_at, warning.sent_at)
    return max(warning.issued_at, warning.sent_at)


def _order(warning: Warning) -> tuple[int, datetime, int, int, str]:
    """Total order inside a series; at the same second a cancellation is the last word.

    Of a document of Lアラート the highest revision counts, whatever the senders' clocks say.
    """
    serial = int(warning.serial) if warning.serial.isascii() and warning.serial.isdigit() else 0
    revision = serial if warning.source == "lalert" else 0
    action = _ACTION_ORDER[warning.action]
    return revision, warning.sent_at, action, serial, warning.raw_sha256


def _series(warnings: Iterable[Warning]) -> list[list[Warning]]:
    """The messages by series, oldest first. Series that share an event are one."""
    groups = _Joined()
    cap = []
    for warning in warnings:
        if warning.source == "cap":
            cap.append(warning)
            continue
        for part in _parts(warning):
            groups.add(part, _series_names(part))
    chains = [*groups.members(), *_cap_chains(cap)]
    return [sorted(chain, key=_order) for chain in chains]


def _parts(warning: Warning) -> Iterator[Warning]:
    """The message itself; one of a satellite per area, each of which is a series of its own.

    A sentence has room for six areas: the same warning comes in several, and is lifted in others.
    """
    if warning.source != "qzss":
        yield warning
        return
    for item in warning.items:
        for area in item.areas or (NOWHERE,):
            series = f"{warning.series}|{item.phenomenon}|{area.code}{area.name}"
            yield replace(warning, series=series, items=(replace(item, areas=(area,)),))


def _series_names(warning: Warning) -> list[str]:
    """The series key, once per EventID: 「20151114055157 20151114061750」 is one tsunami of both."""
    events = (warning.event_id or "").split()
    if len(events) < 2:
        return [warning.series]
    return [warning.series.replace(events[0], event) for event in events]


class _Joined:
    """Groups that grow together when one message belongs to several (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self._held: dict[str, list[Warning]] = defaultdict(list)

    def _root(self, name: str) -> str:
        self._parent.setdefault(name, name)
        while self._parent[name] != name:
            name = self._parent[name]
        return name

    def add(self, warning: Warning, names: Sequence[str]) -> None:
        """Put ``warning`` into the group of all ``names``."""
        first = self._root(names[0])
        for name in names[1:]:
            self._parent[self._root(name)] = first
        self._held[names[0]].append(warning)

    def members(self) -> Iterator[list[Warning]]:
        """Each group's messages."""
        groups: dict[str, list[Warning]] = defaultdict(list)
        for name, held in self._held.items():
            groups[self._root(name)].extend(held)
        yield from groups.values()


def _cap_chains(messages: Sequence[Warning]) -> Iterator[list[Warning]]:
    """Each CAP message that no other replaces, as a chain of itself with what it replaced."""
    by_id: dict[str, list[Warning]] = defaultdict(list)
    for message in messages:
        by_id[message.event_id or ""].append(message)
    earlier = {_key(message): list(_replaced_by(message, by_id)) for message in messages}
    replaced = {_key(old) for olds in earlier.values() for old in olds}
    for message in messages:
        if _key(message) not in replaced:
            yield [message] if message.action == "cancel" else [*_ancestry(message, earlier)]


def _key(message: Warning) -> tuple[str, str, str]:
    return message.raw_sha256, message.event_id or "", message.series


def _replaced_by(message: Warning, by_id: dict[str, list[Warning]]) -> Iterator[Warning]:
    """The messages that ``message`` references; only its own sender's, and never itself."""
    for reference in message.references:
        sender, _comma, rest = reference.partition(",")
        identifier = rest.rpartition(",")[0] or rest
        for old in by_id.get(identifier, ()):
            same_sender = _sender(old) in (sender, _sender(message))
            if same_sender and _key(old) != _key(message) and _order(old) < _order(message):
                yield old


def _sender(message: Warning) -> str:
    return message.series.split("|")[1]


def _ancestry(
    message: Warning, earlier: dict[tuple[str, str, str], list[Warning]]
) -> Iterator[Warning]:
    """``message`` and everything it replaced, however far back."""
    seen, waiting = {_key(message)}, [message]
    while waiting:
        now = waiting.pop()
        yield now
        for old in earlier[_key(now)]:
            if _key(old) not in seen:
                seen.add(_key(old))
                waiting.append(old)


def _claims(members: Sequence[Warning], at: datetime) -> Iterator[Claim]:
    """What the newest message of a series says about each area at ``at``."""
    head = members[-1]
    if head.action == "cancel":
        return
    family = family_of_warning(head)
    if family.foretells:
        return
    run = _Run(members)
    for item in head.items:
        until = _until(head, item, family)
        if _counts(item) and (until is None or at < until):
            for area in item.areas or (NOWHERE,):
                first = run.first(item, area)
                # A summary repeats itself every ten minutes: its first word of this is the telegram.
                warning = first if family.summary else head
                since = min(first.issued_at, head.issued_at)
                yield Claim(warning, item, area, family, since, until)


def _counts(item: WarningItem) -> bool:
    """Forecasts and notes of unknown type are kept in the history, not on the list."""
    return item.in_force and (item.phenomenon, item.severity) != ("other", "information")


def _until(head: Warning, item: WarningItem, family: Family) -> datetime | None:
    """The stated end, else that of a report; None for what holds until it is lifted."""
    if item.until is not None or family.lapses is None:
        return item.until
    return max(head.issued_at, head.sent_at) + family.lapses


class _Run:
    """The unbroken run of a series that says a kind of an area, back from its newest message."""

    def __init__(self, members: Sequence[Warning]) -> None:
        self._members = members
        self._said: dict[int, set[tuple[object, ...]]] = {}

    def first(self, item: WarningItem, area: WarningArea) -> Warning:
        """The earliest issued message of the run."""
        found, wanted = self._members[-1], _word(item, area)
        for at in range(len(self._members) - 2, -1, -1):
            earlier = self._members[at]
            if earlier.action == "cancel" or wanted not in self._words(at):
                break
            if earlier.issued_at < found.issued_at:
                found = earlier
        return found

    def _words(self, at: int) -> set[tuple[object, ...]]:
        if at not in self._said:
            self._said[at] = {
                _word(item, area)
                for item in self._members[at].items
                for area in item.areas or (NOWHERE,)
            }
        return self._said[at]


def _word(item: WarningItem, area: WarningArea) -> tuple[object, ...]:
    return item.phenomenon, item.kind_code, item.kind, area_key(area)


def _gravest(claims: Iterable[Claim]) -> Iterable[Claim]:
    """One claim per area and phenomenon: the gravest, then the newest system, then the newest."""
    best: dict[tuple[AreaKey, str], Claim] = {}
    for claim in claims:
        held = best.get(claim.key)
        if held is None or _weight(claim) > _weight(held):
            best[claim.key] = claim
    return best.values()


def _weight(claim: Claim) -> tuple[tuple[int, int], bool, int, datetime, str]:
    """Of equals, a satellite's short message gives way to the telegram that it summed up."""
    warning = claim.warning
    last = f"{claim.item}{warning.raw_sha256}"
    return (
        claim.rank, warning.source != "qzss", claim.family.generation, warning.sent_at, last,
    )  # fmt: skip


def _line(claim: Claim) -> InForce:
    warning, item = claim.warning, claim.item
    return InForce(
        area=claim.area,
        phenomenon=item.phenomenon,
        kind=item.kind,
        level=item.level,
        severity=item.severity,
        since=claim.since,
        series=warning.series,
        telegram=warning.telegram,
        issued_at=warning.issued_at,
        kind_code=item.kind_code,
        condition=item.condition,
        forecast=item.forecast,
        headline=warning.headline,
        status=warning.status,
        raw_sha256=warning.raw_sha256,
        until=claim.until,
    )


def _reading_order(line: InForce) -> tuple[int, int, str, str, str]:
    rank = SEVERITY_RANK[line.severity]
    return -rank, -(line.level or 0), line.area.code, line.area.name, line.phenomenon
