"""住所の読み取り: prefecture, municipality and town of an address, by the longest match over a master.

Both the address and the master are brought to one key: NFKC, no spaces or selectors, 異体字 by their
group, 大字 and 字 left out, ヶ ケ が ガ and ノ の 之 each one sign, and every number, in digits or 漢字, one sign
that no shorter number can match half of. `一番町`, `1番町` and `１番町` are one key; `7千代田` is not 7000.

What may be missing or strange: the prefecture, the 郡, the city within one's own (``home``), 丁目 written
as a hyphen, the 町 at the end, a street before the town (京都 通り名), the name of a municipality that has
merged since, a postal code before, a building behind.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from sonae.engines.matching import former
from sonae.engines.matching.characters import BUILT_IN, Characters
from sonae.engines.matching.towns import City, Master, Town

_LONGEST: Final = 400
"""Signs of an address that are looked at: nobody's is longer, and a line of a megabyte must not cost."""
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ue000-\uf8ff\U000e0000-\U0010ffff]"
)
_POSTCODE: Final = re.compile(r"^\s*(?:日本国?[,、 ]?)?〒?\s*\d{3}-?\d{4}[\s,、]*(?=\D)|^\s*〒")
_SPECIAL: Final = re.compile(
    r"(\d+)|([〇一二三四五六七八九十]+)|\s+|大字|(?<!文)字(?!$)|[,、]|第(?=[\d一二三四五六七八九十]+地割)"
)
_DASHES: Final = "-‐‑‒–—―−─━ー~〜"
_DASH: Final = re.compile(f"(?<=[\\d目番号地丁])[{_DASHES}](?=\\d)")
_KANJI: Final = {sign: at for at, sign in enumerate("〇一二三四五六七八九")}
_SHORT_NAME: Final = 4
"""Signs up to which the name of a city is never written without 市 (津, 山形市)."""
_NUMBER_SIGN: Final = 0xF0000
_BIG: Final = 60_000
_CHOME: Final = re.compile(r"(.)丁目?$")
_STEM: Final = re.compile(r"[〇一二三四五六七八九十\d]+丁目?$")
_AFTER_CHOME: Final = re.compile(r"\s*(?:丁目?|[-の,]|ノ)?\s*")
_NOT_CHOME: Final = frozenset("番号条線区割")
_KYOTO: Final = re.compile(
    r".*(?:上[るル]|下[るル]|西入[るル]?|東入[るル]?|(?<=[上下])ガ[るル]|[東西南北]側)(?:二?[一二三四五六七八九\d]+筋目)?"
)
_STREET: Final = re.compile(r"[通筋路]")
_LOOSE: Final = frozenset("ケノツ条通町村番丁")
"""Signs of a key that people leave out or confuse: tried when no town agrees with all of them."""
_LOT: Final = re.compile(
    r"^(?:[〇一二三四五六七八九十]+\s*(?:番地の?|番|号|の|ノ|-|$)\s*)+[〇一二三四五六七八九十]*"
)
_NUMERALS: Final = re.compile("[〇一二三四五六七八九十]+")
_NUMBERED: Final = re.compile(
    r"(?P<first>\d+)(?P<more>(?:\s*(?:番地?(?:の|ノ)?|の|ノ|-)\s*\d+)*)(?:号(?![室棟館])|番地?)?[-\s]*"
)
_DIGITS: Final = re.compile(r"\d+")
_EDGES: Final = " -、,・"


@dataclass(frozen=True, slots=True)
class Address:
    """An address as read. ``level``: 0 nothing, 1 prefecture, 2 municipality, 3 town (町字).

    ``rest``: what follows what was read, numbers with hyphens; ``numbers``: its leading numbers.
    ``lat``, ``lon``: the town's point in degrees, None where no town was found. ``written``: the name of
    a former municipality that stood in its place. ``choices``: municipalities of one name among which
    the address does not decide; then nothing is chosen. ``left``: ``rest`` with its 番 and 号 as written.
    """

    input: str
    prefecture: str = ""
    city: str = ""
    town: str = ""
    rest: str = ""
    level: int = 0
    lat: float | None = None
    lon: float | None = None
    numbers: tuple[int, ...] = ()
    written: str = ""
    choices: tuple[str, ...] = ()
    left: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the line of the command line's contract."""
        row: dict[str, Any] = {
            "input": self.input, "prefecture": self.prefecture, "city": self.city, "town": self.town,
            "rest": self.rest, "level": self.level, "lat": self.lat, "lon": self.lon,
        }  # fmt: skip
        if self.written:
            row["former"] = self.written
        if self.choices:
            row["choices"] = list(self.choices)
        return row

    @property
    def key(self) -> str:
        """Return one text for one town, whoever wrote it; empty below level 3."""
        return f"{self.prefecture}{self.city}{self.town}" if self.level == 3 else ""


class _Keyed(NamedTuple):
    """A text as key, with the place in the text behind each sign of the key."""

    key: str
    ends: list[int]


class _Entry(NamedTuple):
    """A town under its key; ``chome``: the key ends before 丁目."""

    town: Town
    chome: bool


class _Found(NamedTuple):
    """A town found: where in the text it ends, what it is called, and how many signs agreed."""

    city: City
    town: str
    end: int
    lat: float | None
    lon: float | None
    signs: int
    whole: bool
    """Whether every sign of the town agreed, none left out or confused."""


class _City:
    """The towns of one municipality by key, made when it is first asked for."""

    def __init__(self, parser: Parser, city: City) -> None:
        self.city = city
        self.exact: dict[str, _Entry] = {}
        for town in parser.master.towns(city):
            name = parser.key(town.name)
            self._add(name, town._replace(koaza=""))
            if town.koaza:
                self._add(name + parser.key(town.koaza), town)
        self._add_stems()
        self.longest = max(map(len, self.exact), default=0)
        self._loose: dict[str, _Entry] | None = None

    def _add(self, key: str, town: Town) -> None:
        chome = bool((cut := _CHOME.search(key)) and ord(cut[1]) >= _NUMBER_SIGN)
        key = key[: cut.start() + 1] if chome and cut else key
        old = self.exact.get(key)
        if key and (old is None or (old.town.koaza and not town.koaza)):
            self.exact[key] = _Entry(town, chome)

    def _add_stems(self) -> None:
        """Add 栄町 where the master has only 栄町一丁目 …, for addresses that leave the 丁目 out."""
        for key, entry in list(self.exact.items()):
            if entry.chome and key[:-1]:
                name = _STEM.sub("", entry.town.name)
                self.exact.setdefault(key[:-1], _Entry(Town(name, "", None, None), chome=False))

    @property
    def loose(self) -> dict[str, _Entry]:
        """Return keys without the signs that people leave out, where these still say one town."""
        if self._loose is None:
            found: dict[str, _Entry | None] = {}
            for key, entry in self.exact.items():
                short = "".join(sign for sign in key if sign not in _LOOSE)
                old = found.get(short, entry)
                one = old is not None and old.town.name == entry.town.name
                found[short] = entry if one else None
            self._loose = {key: one for key, one in found.items() if one and key}
        return self._loose


class Parser:
    """Reads addresses over one master; make it once and keep it: it remembers what it has seen.

    ``home``: the municipality meant when an address names none, and preferred among those of one name.
    """

    def __init__(
        self, master: Master, characters: Characters = BUILT_IN, home: City | None = None
    ) -> None:
        """Index the municipalities; towns follow when first needed."""
        self.master = master
        self.home = home
        self._fold = _table(characters)
        self._towns: dict[City, _City] = {}
        self._prefectures = {self.key(name): name for name in {one[0] for one in master.cities()}}
        self._cities: dict[str, list[City]] = {}
        for city in master.cities():
            for name in set(_spellings(city)):
                self._cities.setdefault(self.key(name), []).append(city)
        self._longest = max(map(len, self._cities), default=0)
        self._former = former.Former(master)

    # --- keys ---

    def key(self, text: str) -> str:
        """Return the key of a name of place."""
        return self._keyed(unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))).key

    def _keyed(self, text: str) -> _Keyed:
        """Return the key of a text in NFKC."""
        folded = text.translate(self._fold)
        if "々" in text:
            folded = _repeated(folded)
        signs: list[str] = []
        ends: list[int] = []
        at = 0
        for special in _SPECIAL.finditer(text):
            start, end = special.span()
            if start > at:
                signs.append(folded[at:start])
                ends.extend(range(at + 1, start + 1))
            if special.lastindex:
                value = int(special[1][:9]) if special[1] else _value(special[2])
                signs.append(chr(_NUMBER_SIGN + (value if value < _BIG else _BIG)))
                ends.append(end)
            elif ends and special[0] != "第":
                ends[-1] = end
            at = end
        signs.append(folded[at:])
        ends.extend(range(at + 1, len(text) + 1))
        return _Keyed("".join(signs), ends)

    # --- reading ---

    def parse(self, text: str) -> Address:
        """Read one address; never an error: what is not understood is ``rest``."""
        plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text[:_LONGEST]))
        plain = _DASH.sub("-", _POSTCODE.sub("", plain)).strip()
        read = self._read(text, plain)
        return replace(read, rest=read.rest + text[_LONGEST:]) if len(text) > _LONGEST else read

    def _read(self, text: str, plain: str) -> Address:
        """Read the text in NFKC of one address."""
        keyed = self._keyed(plain)
        found, cities = self._best(keyed, plain)
        if found is not None:
            return self._made(text, plain, found)
        if cities:
            start, names = cities[0]
            names = [self.home] if self.home in names else names
            if len(names) == 1:
                return self._unfound(text, plain, keyed, start, names[0])
            return Address(text, rest=plain, choices=tuple("".join(one) for one in names))
        if (formerly := self._by_former(keyed, plain)) is not None:
            return self._made(text, plain, formerly[0], formerly[1])
        if self.home and (at_home := self._town(self.home, keyed, 0, plain)):
            return self._made(text, plain, at_home)
        return self._by_prefecture(text, plain, keyed)

    def _best(
        self, keyed: _Keyed, plain: str
    ) -> tuple[_Found | None, list[tuple[int, list[City]]]]:
        """Return the town that agrees in most signs, and the municipalities at the beginning.

        None when no town was found, or when municipalities of one name agree equally.
        """
        cities = list(self._cities_at(keyed.key))
        found = [
            one
            for start, names in cities
            for city in names
            if (one := self._town(city, keyed, start, plain))
        ]
        if not found:
            return None, cities
        found.sort(key=lambda one: (one.whole, one.signs, one.city == self.home), reverse=True)
        best = found[0]
        rank = (best.whole, best.signs, best.end)
        rivals = {one.city for one in found if (one.whole, one.signs, one.end) == rank}
        if len(rivals) > 1 and best.city != self.home:
            return None, [(0, sorted(rivals))]
        return best, cities

    def _cities_at(self, key: str, start: int = 0) -> Iterator[tuple[int, list[City]]]:
        """Yield where each municipality that the key begins with ends, the longest name first."""
        for size in range(min(self._longest, len(key) - start), 1, -1):
            if names := self._cities.get(key[start : start + size]):
                yield start + size, names

    def _of(self, city: City) -> _City:
        towns = self._towns.get(city)
        if towns is None:
            towns = self._towns[city] = _City(self, city)
        return towns

    def _town(self, city: City, keyed: _Keyed, start: int, plain: str) -> _Found | None:
        """Return the longest town of a municipality from a place of the key on."""
        towns = self._of(city)
        streets = city[1].startswith("京都市")
        begins = _behind_streets(keyed, start, plain) if streets else [start]
        if (found := self._longest_of(towns.exact, towns, keyed, begins, start, plain)) is None:
            loose = _loosened(keyed, start)
            found = self._longest_of(towns.loose, towns, loose, [0], 0, plain)
            return found and found._replace(whole=False)
        return found

    @staticmethod
    def _longest_of(
        entries: dict[str, _Entry],
        towns: _City,
        keyed: _Keyed,
        begins: list[int],
        start: int,
        plain: str,
    ) -> _Found | None:
        """Return the town under the longest key at the first place that has one."""
        key = keyed.key
        for begin in begins:
            for size in range(min(towns.longest, len(key) - begin), 0, -1):
                entry = entries.get(key[begin : begin + size])
                if entry and _fits(entry, key[begin + size : begin + size + 1]):
                    return _found(towns.city, entry, keyed, begin + size, start, plain)
        return None

    def _by_former(self, keyed: _Keyed, plain: str) -> tuple[_Found, str] | None:
        """Return the town of an address that names a municipality which is none any more."""
        prefecture, start = self._prefecture_at(keyed.key)
        begin = keyed.ends[start - 1] if start else 0
        found: list[tuple[int, _Found, str]] = []
        for name, length in former.names(plain[begin:]):
            after = bisect_right(keyed.ends, begin + length)
            before = bisect_right(keyed.ends, begin + length - len(name))
            for city in self._former.cities(prefecture, name):
                for place in (before, after):
                    one = self._town(city, keyed, place, plain)
                    if one and one.end > begin + length:
                        found.append((one.signs + place, one, name))
        if not found:
            return None
        _, best, name = max(found, key=lambda one: one[0])
        return best, name

    def _prefecture_at(self, key: str) -> tuple[str, int]:
        """Return the prefecture that the key begins with, and where it ends."""
        for size in (3, 4):
            if name := self._prefectures.get(key[:size]):
                return name, size
        return "", 0

    def _by_prefecture(self, text: str, plain: str, keyed: _Keyed) -> Address:
        """Return an address of which at most the prefecture was understood."""
        prefecture, size = self._prefecture_at(keyed.key)
        rest = plain[keyed.ends[size - 1] :] if size else plain
        return Address(text, prefecture, rest=rest.strip(), level=1 if prefecture else 0, left=rest)

    def _unfound(self, text: str, plain: str, keyed: _Keyed, start: int, city: City) -> Address:
        """Return an address whose municipality is known and whose town is not."""
        left = plain[keyed.ends[start - 1] :].strip(_EDGES)
        rest, numbers = _rest(left)
        return Address(text, *city, rest=rest, level=2, numbers=numbers, left=left)

    def _made(self, text: str, plain: str, found: _Found, written: str = "") -> Address:
        left = plain[found.end :].strip(_EDGES)
        rest, numbers = _rest(left)
        place = (found.lat, found.lon)
        return Address(text, *found.city, found.town, rest, 3, *place, numbers, written, left=left)


def _table(characters: Characters) -> dict[int, str]:
    """Return the translation of one sign to one: variants, kana, dashes, what stands between 漢字."""
    table = {**characters.wide}
    table |= {code: chr(code + 0x60) for code in range(0x3041, 0x3097)}
    table |= dict.fromkeys(map(ord, "ヶヵガカがかケけゖゕ个"), "ケ")
    table |= dict.fromkeys(map(ord, "ッっつツ"), "ツ")
    table |= dict.fromkeys(map(ord, "之乃ノの"), "ノ")
    return table | dict.fromkeys(map(ord, _DASHES), "-")


def _repeated(text: str) -> str:
    """Return a text with 々 as the sign before it."""
    signs = list(text)
    for at, sign in enumerate(signs):
        if sign == "々" and at:
            signs[at] = signs[at - 1]
    return "".join(signs)


def _value(digits: str) -> int:
    """Return the number that 漢字 say: 十二 → 12, 二三 → 23."""
    tens, ten, ones = digits[:9].rpartition("十")
    if not ten:
        return int("".join(str(_KANJI[sign]) for sign in digits[:9]))
    first = int("".join(str(_KANJI.get(sign, 1)) for sign in tens)) if tens else 1
    last = int("".join(str(_KANJI[sign]) for sign in ones)) if ones else 0
    return first * 10 + last


def _spellings(city: City) -> Iterator[str]:
    """Yield the names by which people call a municipality."""
    prefecture, name = city
    _, gun, alone = name.partition("郡")
    names = {name, alone} if gun and alone.endswith(("町", "村")) else {name}
    if ward := re.fullmatch(r"(.+?市)(.+区)", name):
        names.add(ward[2])
    if len(alone or name) > _SHORT_NAME and name.endswith("市"):
        names.add(name[:-1])
    for one in names:
        yield one
        yield prefecture + one
        if prefecture != "北海道":
            yield prefecture[:-1] + one


def _fits(entry: _Entry, following: str) -> bool:
    """Whether what follows lets the key be this town: not 3 of 3番 for 三丁目, not 南 of 南大沢."""
    if entry.chome:
        return following not in _NOT_CHOME or not following
    return entry.town.lat is not None or not following or ord(following) >= _NUMBER_SIGN


def _found(city: City, entry: _Entry, keyed: _Keyed, at: int, start: int, plain: str) -> _Found:
    """Return the town with the place behind it in the text, 丁目 or its hyphen included."""
    end = keyed.ends[at - 1]
    if entry.chome and (after := _AFTER_CHOME.match(plain, end)):
        end = after.end()
    town = entry.town
    return _Found(city, town.name + town.koaza, end, town.lat, town.lon, at - start, True)


def _behind_streets(keyed: _Keyed, start: int, plain: str) -> list[int]:
    """Return where in the key of an address of 京都 its town may begin: behind the street first."""
    begin = keyed.ends[start - 1] if start else 0
    places: list[int] = []
    if street := _KYOTO.match(plain, begin):
        places.append(street.end())
    else:
        places.append(begin)
        places += [begin + found.end() for found in _STREET.finditer(plain[begin:])]
    found = [bisect_right(keyed.ends, place) for place in places]
    return [*found, start] if found[0] != start else found


def _loosened(keyed: _Keyed, start: int) -> _Keyed:
    """Return a key from a place on without the signs of `_LOOSE`."""
    signs: list[str] = []
    ends: list[int] = []
    for sign, end in zip(keyed.key[start:], keyed.ends[start:], strict=True):
        if sign not in _LOOSE:
            signs.append(sign)
            ends.append(end)
        elif ends and sign in "町村丁番":
            ends[-1] = end
    return _Keyed("".join(signs), ends)


def _rest(text: str) -> tuple[str, tuple[int, ...]]:
    """Return what follows a town, hyphens between its first numbers, and these numbers."""
    left = text
    if lot := _LOT.match(left):
        left = _NUMERALS.sub(lambda sign: str(_value(sign[0])), lot[0]) + left[lot.end() :]
    found = _NUMBERED.search(left)
    if found is None:
        return left, ()
    digits = [found["first"], *_DIGITS.findall(found["more"])]
    tail = left[found.end() :].strip()
    shown = f"{left[: found.start()]}{'-'.join(digits)} {tail}".strip()
    counted = not tail or not tail.startswith(("階", "F", "丁目", "地割"))
    return shown, tuple(int(one[:9]) for one in digits) if counted else ()
