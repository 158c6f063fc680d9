"""What a family of telegrams is: one row of data and one reader.

A family gives its codes their meaning (never one table for all: 20 is 濃霧注意報 in VPWW61 and
氾濫 level 2 in VXKO), names its series, and says when its word lapses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sonae.engines.warnings.areas import unique
from sonae.engines.warnings.model import WarningArea, WarningItem
from sonae.engines.warnings.report import Report
from sonae.engines.warnings.wording import Meaning, level_named, level_of, meaning_of

Reader = Callable[[Report, "Family"], Iterable[WarningItem]]

# The word of a telegram that reports an event (地震, 線状降水帯) and names no end stays on the
# list of what is in force this long. JMA sets no such time; a person can always see the history.
REPORT_LAPSES = timedelta(hours=24)


@dataclass(frozen=True)
class Family:
    """One type of telegram.

    ``by_event``: the series is told apart by EventID. ``national``: JMA's head office and Osaka
    stand in for each other, so the office is not part of the key. ``twin`` joins types that tell
    the same thing in parallel (old and new systems); the higher ``generation`` is preferred.
    ``lapses``: None for a state that holds until it is lifted. ``levels``: whether 「レベルｎ」 in
    its texts is 警戒レベル相当 (噴火警戒レベル is not). ``guesses``: whether a kind without a code may
    be understood by its name; not in types that nobody has described. ``by_city``: whether it names
    every city concerned, so that its lines for a prefecture say nothing about a city it leaves out.
    ``by_title``: several titles share the code, so the title names the series. ``summary``: it
    repeats what other types say, for the whole country at one time. ``foretells``: it says only what
    is expected, and nothing of it is ever in force.
    """

    telegram: str
    titles: tuple[str, ...]
    reader: Reader
    codes: Mapping[str, Meaning] = field(default_factory=dict)
    phenomenon: str = "other"
    by_event: bool = True
    national: bool = False
    twin: str = ""
    generation: int = 0
    lapses: timedelta | None = REPORT_LAPSES
    levels: bool = True
    guesses: bool = True
    by_city: bool = False
    by_title: bool = False
    summary: bool = False
    foretells: bool = False

    def meaning(self, code: str, name: str, deviations: list[str]) -> Meaning:
        """What ``code`` means here; an unknown code falls back on its name and is noted."""
        known = self.codes.get(code)
        if known is None:
            if code and self.codes:
                _note(deviations, f"unknown_code:{code}")
            return self._by_name(name)
        stated = level_of(name) if self.levels else None
        if known.level is not None and stated not in (None, known.level):
            _note(deviations, f"level_mismatch:{code}")
        return known

    def _by_name(self, name: str) -> Meaning:
        found = meaning_of(name, self.phenomenon)
        if not self.guesses:
            lifted = found.severity == "lifted"
            return Meaning(self.phenomenon, found.severity, None if lifted else level_named(name))
        return found if self.levels else found._replace(level=None)


def _note(deviations: list[str], word: str) -> None:
    if word not in deviations:
        deviations.append(word)


class Items:
    """Collects areas under equal items, so that each kind is one item with all its areas."""

    def __init__(self) -> None:
        self._areas: defaultdict[WarningItem, list[WarningArea]] = defaultdict(list)
        self._by_key: dict[Hashable, list[WarningArea]] = {}

    def add(self, item: WarningItem, areas: Iterable[WarningArea]) -> None:
        """Add ``areas`` to the item that equals ``item`` (whose own areas are empty)."""
        self._areas[item].extend(areas)

    def add_as(
        self, key: Hashable, make: Callable[[], WarningItem], areas: Iterable[WarningArea]
    ) -> None:
        """Add ``areas`` to the item that ``make`` makes; made once for all equal keys.

        Making, hashing and comparing an item costs more than reading it: a telegram repeats few
        kinds for thousands of places.
        """
        held = self._by_key.get(key)
        if held is None:
            held = self._by_key[key] = self._areas[make()]
        held.extend(areas)

    def __bool__(self) -> bool:
        """Whether anything was collected."""
        return bool(self._areas)

    def done(self) -> list[WarningItem]:
        """The items in the telegram's order."""
        return [item.over(unique(areas)) for item, areas in self._areas.items()]
