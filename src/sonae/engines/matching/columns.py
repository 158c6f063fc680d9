"""Register and roster as columns of one form, so that equal things compare as equal text.

Everything is worked out once per *different* value (a surname, a date, a town), never once per
person: at 1.8 million residents that is the difference between minutes and seconds.

Columns of a prepared table (text, null where nothing is known): ``row`` (position in the input),
``surname``, ``given`` (kanji in one form), ``surname_kana``, ``given_kana``, ``surname_loose``,
``given_loose`` (`core.kana.loose_key`), ``surname_said``, ``given_said`` (the loose kana, or how the
register's bearers of these kanji say them), ``whole``, ``whole_kana``, ``whole_loose`` (without
spaces), ``birth`` (yyyymmdd), ``birth_year``, ``day`` (mmdd), ``era_year``, ``sex`` (``1`` male, ``2`` female), ``area`` (town
without its 丁目), ``town`` (with it), ``lot`` (town and the first two numbers), ``city``, ``phone``;
a roster has ``card_key``, equal for lines that are written together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from sonae.core import kana, kanji, townname
from sonae.engines.matching import births, cards, splitting
from sonae.engines.matching.characters import BUILT_IN, Characters
from sonae.engines.matching.names import MISSING, written
from sonae.engines.matching.sides import Columns, column, size

if TYPE_CHECKING:
    import pyarrow as pa

_SEXES: Final = {
    **dict.fromkeys(("1", "男", "男性", "M", "MALE", "オトコ", "ダンセイ"), "1"),
    **dict.fromkeys(("2", "女", "女性", "F", "FEMALE", "オンナ", "ジョセイ"), "2"),
}
_PREFECTURE: Final = re.compile(r"(?:東京都|北海道|京都府|大阪府|[一-鿿]{2,3}県)")
_CITY: Final = re.compile(
    r"[^\d]{1,6}?郡[^\d]{1,6}?[町村]|[^\d]{1,6}?市(?:[^\d]{1,3}区)?|[^\d]{1,3}区"
)
_BETWEEN: Final = (
    (re.compile(r"(?<=[一-鿿々])[ヶケがガ](?=[一-鿿])"), "ケ"),
    (re.compile(r"(?<=[一-鿿々])[ノの之乃](?=[一-鿿])"), "ノ"),
    (re.compile(r"大字|(?<=[町村市区])字|^字"), ""),
)
_KANJI_CHOME: Final = re.compile(r"([一二三四五六七八九十]+)丁目?$")
_NUMBER: Final = re.compile(r"\d+")


@dataclass(frozen=True)
class Prepared:
    """Both sides in one form; what was learnt of the register's names and towns went into both."""

    register: pa.Table
    roster: pa.Table


def mapped(values: pa.Array, work: Callable[[str], str | None]) -> pa.Array:
    """Apply a function once to every different value; nothing stays nothing."""
    import pyarrow as pa

    coded = values.dictionary_encode()
    found = [work(text) if text else None for text in coded.dictionary.to_pylist()]
    return pa.array(found, pa.string()).take(coded.indices)


def _tidy(values: pa.Array) -> pa.Array:
    """NFKC, single plain spaces, nothing around."""
    import pyarrow.compute as pc

    folded = pc.utf8_normalize(pc.fill_null(values, ""), form="NFKC")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(folded, r"[\s・]+", " "))


def _blank(values: pa.Array) -> pa.Array:
    """Empty text as null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)


def _sex(text: str) -> str | None:
    return _SEXES.get(kana.katakana(text).strip().upper().removesuffix("子"))


def _births(values: pa.Array) -> dict[str, pa.Array]:
    """Return dates, years, days in the year and years of the era."""
    import pyarrow as pa

    coded = values.dictionary_encode()
    found = [births.read(text) if text else births.Birth() for text in coded.dictionary.to_pylist()]
    names = ("birth", "birth_year", "day", "era_year")
    parts = zip(*found, strict=True) if found else ((),) * len(names)
    return {
        name: _blank(pa.array(list(part), pa.string()).take(coded.indices))
        for name, part in zip(names, parts, strict=True)
    }


# --- addresses -------------------------------------------------------------------------------


def _one_form(stem: str) -> str:
    """Return the words of an address in one form: 新字, ケ, ノ, without 大字 and 字."""
    plain = kanji.plain("".join(stem.split()))
    for pattern, sign in _BETWEEN:
        plain = pattern.sub(sign, plain)
    return plain


def _parts(stem: str) -> tuple[str, str, str]:
    """Return (prefecture, city, rest) of the words of an address, each as far as it is written."""
    found = _PREFECTURE.match(stem)
    rest = stem[found.end() :] if found else stem
    city = _CITY.match(rest)
    return (
        found[0] if found else "",
        city[0] if city else "",
        rest[city.end() :] if city else rest,
    )


@dataclass(frozen=True)
class Places:
    """Cities, areas and areas with 丁目 that the register knows."""

    cities: frozenset[str]
    areas: frozenset[str]
    chome: frozenset[str]

    @classmethod
    def of(cls, stems: Sequence[str]) -> Places:
        """Learn from the words of all of the register's addresses, each once."""
        forms = [_one_form(stem) for stem in stems]
        split = [_parts(form) for form in forms]
        seen = Counter(city for prefecture, city, _rest in split if city)
        sure = {city for prefecture, city, _rest in split if prefecture and city}
        # 今市町 alone is no city called 今市: a city heads many towns, or follows its prefecture.
        cities = frozenset(sure or {c for c, n in seen.items() if n >= max(3, len(forms) // 50)})
        known = cls(cities, frozenset(), frozenset())
        areas = [known.divide(form) for form in forms]
        return cls(
            cities,
            frozenset(area for _city, area, _chome in areas),
            frozenset(area for _city, area, chome in areas if chome),
        )

    def divide(self, form: str) -> tuple[str, str, str]:
        """Return (city, area, 丁目 or nothing) of an address' words in one form."""
        chome = _KANJI_CHOME.search(form)
        words = form[: chome.start()] if chome else form
        number = str(townname.read(chome[0].removesuffix("目") + "目").chome or "") if chome else ""
        if words in self.areas:
            return "", words, number
        # 備え市栄町 where the register says 栄町: what stands before a known area is the city.
        for cut in range(2, len(words) - 1):
            if words[cut:] in self.areas:
                return words[:cut], words[cut:], number
        prefecture, city, rest = _parts(words)
        if city in self.cities or (city and (prefecture or not self._begins(city))):
            return city, rest, number
        return "", words.removeprefix(prefecture), number

    def _begins(self, city: str) -> bool:
        """Whether what looks like a city may be the beginning of a town: 今市 of 今市町."""
        return (
            city[-1] != "市" or not self.areas or any(area.startswith(city) for area in self.areas)
        )


def _stem(values: pa.Array) -> list[str]:
    """Return the different beginnings, up to the first digit, of all addresses."""
    import pyarrow.compute as pc

    heads = pc.replace_substring_regex(values, r"\d.*$", "")
    return [text for text in pc.unique(heads).to_pylist() if text]


def _addresses(values: pa.Array, places: Places) -> dict[str, pa.Array]:
    """Return city, area, town and lot of every address."""
    import pyarrow as pa
    import pyarrow.compute as pc

    coded = values.dictionary_encode()
    heads = pc.replace_substring_regex(coded.dictionary, r"\d.*$", "").dictionary_encode()
    divided = [places.divide(_one_form(head)) for head in heads.dictionary.to_pylist()]
    found = [
        _numbered(divided[head], text, places)
        for head, text in zip(heads.indices.to_pylist(), coded.dictionary.to_pylist(), strict=True)
    ]
    columns = zip(*found, strict=True) if found else ((), (), (), ())
    return {
        name: _blank(pa.array(list(part), pa.string()).take(coded.indices))
        for name, part in zip(("city", "area", "town", "lot"), columns, strict=True)
    }


def _numbered(head: tuple[str, str, str], text: str, places: Places) -> tuple[str, str, str, str]:
    """Return (city, area, town, lot) from the words of an address and its whole text."""
    city, area, chome = head
    numbers = [n.lstrip("0") for n in _NUMBER.findall(text)[:3]]
    if not chome and numbers:
        written = re.search(r"\d\s*丁", text)
        if written or (area in places.chome and len(numbers) > 1):
            chome, numbers = numbers[0], numbers[1:]
    town = f"{area}{chome}" if area else ""
    return city, area, town, f"{town}|{'-'.join(numbers[:2])}" if town and numbers else ""


# --- tables ----------------------------------------------------------------------------------


def _names(names: pa.Array, readings: pa.Array, known: splitting.Known) -> dict[str, pa.Array]:
    """Return all name columns; a name that is written in kana counts as a reading."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = splitting.split(names, readings, known)
    # A sign that could not be written (〓, 外字) must join nobody with anybody.
    surname, given, surname_kana, given_kana = (
        pc.if_else(pc.match_substring(part, MISSING), pa.scalar(None, pa.string()), part)
        for part in parts
    )
    loose = {
        "surname_loose": mapped(surname_kana, kana.loose_key),
        "given_loose": mapped(given_kana, kana.loose_key),
    }
    return {
        "surname": surname, "given": given, "surname_kana": surname_kana, "given_kana": given_kana,
        **loose,
        "whole": _joined(surname, given),
        "whole_kana": _joined(surname_kana, given_kana),
        "whole_loose": _joined(loose["surname_loose"], loose["given_loose"]),
    }  # fmt: skip


def _written(
    columns: Columns, count: int, characters: Characters | None
) -> tuple[pa.Array, pa.Array]:
    """Return names and readings as they are compared, before they are split."""
    import pyarrow as pa

    found = []
    for key in ("name", "kana"):
        coded = _tidy(column(columns, key, count)).dictionary_encode()
        plain = written(coded.dictionary.to_pylist())
        if characters not in (None, BUILT_IN) and key == "name":
            plain = [text.translate(characters.wide) for text in plain]
        found.append(pa.array(plain, pa.string()).take(coded.indices))
    return found[0], found[1]


def _said(names: dict[str, pa.Array], register: pa.Table) -> dict[str, pa.Array]:
    """Add how names written in kanji alone are said: as most of the register's bearers say them.

    国建 for 訓孟 shows no common sign, but both are クニタケ.
    """
    import pyarrow.compute as pc

    out = dict(names)
    for part in ("surname", "given"):
        written, loose = names[part], names[f"{part}_loose"]
        wanted = pc.is_in(register[part], pc.unique(written).drop_null())
        rows = register.select([part, f"{part}_loose"]).filter(wanted).drop_null()
        counts = rows.group_by([part, f"{part}_loose"]).aggregate([([], "count_all")])
        best: dict[str, tuple[int, str]] = {}
        for kanji_form, said, count in zip(*counts.to_pydict().values(), strict=True):
            best[kanji_form] = max(best.get(kanji_form, (0, "")), (count, said))
        guessed = mapped(written, lambda text, best=best: best.get(text, (0, None))[1])  # type: ignore[misc]
        out[f"{part}_said"] = pc.coalesce(loose, guessed)
    return out


def _joined(first: pa.Array, second: pa.Array) -> pa.Array:
    """Return both together; null when either is missing."""
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(first, second, "")


def _table(names: dict[str, pa.Array], rest: dict[str, pa.Array]) -> pa.Table:
    import pyarrow as pa

    count = len(rest["sex"])
    row = pa.array(range(count), pa.int32())
    return pa.table({"row": row, **{k: _blank(v) for k, v in {**names, **rest}.items()}})


def _rest(
    columns: Columns, count: int, places: Places, as_of: date, addresses: pa.Array
) -> dict[str, pa.Array]:
    """Return everything but the names."""
    import pyarrow.compute as pc

    born = _births(_tidy(column(columns, "birth_date", count)))
    if "age" in columns:
        ages = _tidy(column(columns, "age", count))
        by_age = mapped(ages, lambda text: births.year_of_age(text, as_of))
        born["birth_year"] = pc.coalesce(born["birth_year"], by_age)
    phones = pc.replace_substring_regex(_tidy(column(columns, "phone", count)), r"\D", "")
    usable = pc.greater_equal(pc.utf8_length(phones), 6)
    return {
        **born,
        "sex": mapped(_tidy(column(columns, "sex", count)), _sex),
        **_addresses(addresses, places),
        "phone": pc.if_else(usable, phones, ""),
    }  # fmt: skip


def alone(roster: Columns, as_of: date, characters: Characters | None = None) -> pa.Table:
    """Bring a roster into the form without any register: its own spaced names split the others."""
    lines = size(roster, "line_id")
    names_of, spoken = _written(roster, lines, characters)
    known = splitting.learn(names_of, spoken)
    filled = cards.filled(roster, lines, known)
    addresses = _tidy(column(filled, "address", lines))
    places = Places.of(_stem(addresses))
    names_of, spoken = _written(filled, lines, characters)
    names = _names(names_of, spoken, splitting.learn(names_of, spoken))
    names |= {f"{part}_said": names[f"{part}_loose"] for part in ("surname", "given")}
    return _carded(_table(names, _rest(filled, lines, places, as_of, addresses)), filled)


def prepare(
    register: Columns, roster: Columns, as_of: date, characters: Characters | None = None
) -> Prepared:
    """Bring both sides into one form; ``as_of`` is the day on which the ages were written.

    ``characters``: the full table of 異体字 of the reference store; without it the built-in one.
    """
    people, lines = size(register, "resident_id"), size(roster, "line_id")
    addresses = _tidy(column(register, "address", people))
    places = Places.of(_stem(addresses))
    names, readings = _written(register, people, characters)
    known = splitting.learn(names, readings, column(register, "household_id", people))
    known_names = _names(names, readings, known)
    of_register = _table(known_names, _rest(register, people, places, as_of, addresses))
    names_of, spoken = _written(roster, lines, characters)
    roster = cards.filled(roster, lines, known.recognising(of_register, names_of, spoken))
    names_of, spoken = _written(roster, lines, characters)
    known = known.recognising(of_register, names_of, spoken)
    of_roster = _table(
        _said(_names(names_of, spoken, known), of_register),
        _rest(roster, lines, places, as_of, _tidy(column(roster, "address", lines))),
    )
    for part in ("surname", "given"):
        of_register = of_register.append_column(f"{part}_said", of_register[f"{part}_loose"])
    return Prepared(_in_own_city(of_register, of_roster, places), _carded(of_roster, roster))


def _carded(table: pa.Table, filled: Columns) -> pa.Table:
    """Add the card of every line (`cards.filled`)."""
    import pyarrow as pa

    return table.append_column("card_key", pa.array(filled["group"], pa.string()))


def _in_own_city(register: pa.Table, roster: pa.Table, places: Places) -> pa.Table:
    """Write into a register that never names its city what most of the roster's lines call it.

    Only then can 隣の市の栄町 be told from 栄町.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if register["city"].null_count < len(register):
        return register
    known = pc.is_in(roster["area"], pa.array(sorted(places.areas), pa.string()))
    cities = Counter(pc.filter(roster["city"], known).drop_null().to_pylist())
    if not cities:
        return register
    own, count = max(cities.items(), key=lambda one: (one[1], one[0]))
    if 2 * count <= cities.total():
        return register
    at = register.schema.get_field_index("city")
    return register.set_column(at, "city", pa.array([own] * len(register), pa.string()))
