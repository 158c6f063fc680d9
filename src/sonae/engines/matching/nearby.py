"""似た氏名: who has a name within one wrong sign of what is being typed, among a whole register.

One sign wrong, missing, too many, or two neighbours exchanged, in the family name or in the given name, the
other being typed so far without a mistake; also both parts in the other order. Every family name is kept
under itself and under itself less each sign, so that its neighbours are a handful of look-ups; given names
are only gone through under a family name that fits. 117,209 people take some 60 MB.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from rapidfuzz.distance import OSA

LEAST: Final = 3
"""Signs from which on a mistake is looked for: shorter, everything is near everything."""
_DEEP: Final = 5000
"""Names gone through for one family name at most."""

Found = dict[int, int]
"""Person → how far: 0 the whole name within one sign, 1 its beginning, 2 the family name alone."""


def one_off(typed: str, name: str) -> bool:
    """Whether two texts differ by at most one sign wrong, missing, too many or exchanged."""
    return OSA.distance(typed, name, score_cutoff=1) <= 1


def begins_one_off(typed: str, name: str) -> bool:
    """Whether a text is the beginning of a name but for one sign."""
    size = len(typed)
    return any(
        one_off(typed, name[:end]) for end in (size, size - 1, size + 1) if 0 < end <= len(name)
    )


def _less(name: str) -> Iterator[str]:
    """Yield a name, and the name less each of its signs."""
    yield name
    for at in range(len(name)):
        yield name[:at] + name[at + 1 :]


class Nearby:
    """People by family and given name, in the one form (kana or 漢字) in which they are typed."""

    def __init__(self, people: Iterable[tuple[str, str, int]]) -> None:
        """``people``: family name, given name, key of the person."""
        self._people: dict[str, dict[str, tuple[int, ...]]] = {}
        for surname, given, key in people:
            names = self._people.setdefault(surname, {})
            names[given] = (*names.get(given, ()), key)
        self._near: dict[str, tuple[str, ...]] = {}
        for surname in self._people:
            for part in set(_less(surname)):
                self._near[part] = (*self._near.get(part, ()), surname)

    def find(self, typed: str, parts: tuple[str, ...] = ()) -> Found:
        """Return who is near what was typed; ``parts``: where a space parted it (two at most count)."""
        found: Found = {}
        if len(typed) < LEAST:
            return found
        if len(parts) == 2:
            splits = [(parts[0], parts[1]), (parts[1], parts[0])]
        else:
            splits = [(typed[:at], typed[at:]) for at in range(1, len(typed) + 1)]
            self._exchanged(found, typed)
        for surname, given in splits:
            self._given_off(found, surname, given)
            self._surname_off(found, surname, given)
        return found

    def _given_off(self, found: Found, surname: str, given: str) -> None:
        """Add people of exactly this family name whose given name is near."""
        if not given:
            return
        for name, keys in list(self._people.get(surname, {}).items())[:_DEEP]:
            if one_off(given, name):
                _add(found, keys, 0)
            elif len(given) >= LEAST and begins_one_off(given, name):
                _add(found, keys, 1)

    def _surname_off(self, found: Found, surname: str, given: str) -> None:
        """Add people of a family name that is near, whose given name begins as typed."""
        if len(surname) + len(given) < LEAST or (not given and len(surname) <= LEAST):
            return
        for other in {near for part in _less(surname) for near in self._near.get(part, ())}:
            if other == surname or not one_off(surname, other):
                continue
            for name, keys in self._people[other].items():
                if name.startswith(given):
                    _add(found, keys, 0 if name == given else 1 if given else 2)

    def _exchanged(self, found: Found, typed: str) -> None:
        """Add people the end of whose family name and the beginning of whose given name were exchanged."""
        for at in range(1, len(typed)):
            surname, given = typed[: at - 1] + typed[at], typed[at - 1] + typed[at + 1 :]
            for name, keys in self._people.get(surname, {}).items():
                if name.startswith(given):
                    _add(found, keys, 0 if name == given else 1)


def _add(found: Found, keys: Iterable[int], far: int) -> None:
    for key in keys:
        found[key] = min(far, found.get(key, far))
