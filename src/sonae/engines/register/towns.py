"""Which town of one municipality an address names, by code or as written (`engines.matching.addresses`)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from sonae.engines.matching.addresses import Parser
from sonae.engines.matching.towns import Master, Town

Key = TypeVar("Key", bound=Hashable)
_LEAST_CODE: Final = 6


class Found(NamedTuple, Generic[Key]):
    """The town's key (None when no town is named), and the rest of the address as written."""

    town: Key | None
    rest: str


class TownFinder(Generic[Key]):
    """Finds the town of an address within one municipality."""

    def __init__(
        self, towns: Sequence[tuple[Key, str, str]], city: tuple[str, str], unread: str = ""
    ) -> None:
        """``towns``: (key, code, name). ``city``: prefecture and name. ``unread``: said of no town."""
        listed = [Town(name, "", 0.0, 0.0) for _key, _code, name in towns]
        self._parser = Parser(Master.of({city: listed}), home=city)
        self._names: dict[str, Key] = {}
        for key, _code, name in towns:
            self._names.setdefault(name, key)
        self._codes = {code: key for key, code, _name in towns if code}
        self._unread = unread

    def by_code(self, code: str) -> Key | None:
        """Return the town with this code (also the last digits of a longer one)."""
        if code in self._codes:
            return self._codes[code]
        if len(code) <= _LEAST_CODE:
            return None
        return next((key for own, key in self._codes.items() if code.endswith(own)), None)

    def find(self, address: str) -> Found[Key]:
        """Split an address as written into town and rest; ``rest`` is in NFKC."""
        read = self._parser.parse(address.replace(self._unread, "", 1) if self._unread else address)
        key = self._names.get(read.town) if read.town else None
        return Found(key, f"{'' if key is not None else read.town}{read.left}")
