"""Where a surname ends: names written without a space are split as the register splits them.

First the register's own people (the same kanji, the same kana, the same loose kana), then its
surnames, the longer before the shorter (佐々木 before 佐々), favouring a given name that exists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sonae.core import kana, kanji

if TYPE_CHECKING:
    import pyarrow as pa

Pair = tuple[str, str]
_LONGEST: Final = 6
_UNHEARD: Final = 0.01
"""How many bearers a part that nobody bears counts for."""


@dataclass(frozen=True)
class Known:
    """Surnames and given names with their counts, in kanji and in kana, and whole names split."""

    surnames: Counter[str] = field(default_factory=Counter)
    givens: Counter[str] = field(default_factory=Counter)
    readings: Counter[str] = field(default_factory=Counter)
    given_readings: Counter[str] = field(default_factory=Counter)
    whole: dict[str, Pair] = field(default_factory=dict)
    whole_kana: dict[str, Pair] = field(default_factory=dict)
    whole_loose: dict[str, Pair] = field(default_factory=dict)

    def recognising(self, register: pa.Table, names: pa.Array, readings: pa.Array) -> Known:
        """Add the split of those of the register's people whose whole name the roster writes."""
        import pyarrow as pa

        written = _forms(names, kanji_form)
        spoken = _forms(pa.concat_arrays([names, readings]), kana_form)
        loose = {kana.loose_key(text) for text in spoken}
        return Known(
            self.surnames, self.givens, self.readings, self.given_readings,
            _pairs(register, "whole", written, "surname", "given"),
            _pairs(register, "whole_kana", spoken, "surname_kana", "given_kana"),
            _pairs(register, "whole_loose", loose, "surname_kana", "given_kana"),
        )  # fmt: skip

    def surname(self, text: str) -> str:
        """Return the surname of a name as written, split where it has no space."""
        plain = " ".join(text.replace("　", " ").split())
        first, space, _rest = plain.partition(" ")
        if space:
            return first
        return (self.divide_kana if kana.is_kana(plain) else self.divide)(kanji_form(plain))[0]

    def lone(self, text: str) -> bool:
        """Whether an unspaced name is a given name alone: one of the register's, and nobody's whole name."""
        if " " in text or "　" in text:
            return False
        form, spoken = kanji_form(text), kana_form(text)
        if kana.is_kana(text):
            known = spoken in self.given_readings and spoken not in self.whole_kana
            return known and kana.loose_key(spoken) not in self.whole_loose
        return form in self.givens and form not in self.whole

    def divisible(self, text: str) -> bool:
        """Whether an unspaced name is a surname and a given name of the register put together."""
        spoken = kana.is_kana(text)
        first, second = (self.divide_kana if spoken else self.divide)(
            kana_form(text) if spoken else kanji_form(text)
        )
        surnames, givens = (
            (self.readings, self.given_readings) if spoken else (self.surnames, self.givens)
        )
        return first in surnames and second in givens

    def divide(self, text: str) -> Pair:
        """Return surname and given name of an unspaced name in kanji."""
        return self.whole.get(text) or _by_parts(text, self.surnames, self.givens)

    def divide_kana(self, text: str) -> Pair:
        """Return surname and given name of an unspaced reading."""
        if found := self.whole_kana.get(text):
            return found
        if found := self.whole_loose.get(kana.loose_key(text)):
            cut = _same_share(text, found)
            return text[:cut], text[cut:]
        return _by_parts(text, self.readings, self.given_readings)


def kanji_form(text: str) -> str:
    """Return a name as names are compared: 新字, hiragana as katakana, no spaces."""
    return kana.katakana(kanji.plain(text)).replace(" ", "")


def kana_form(text: str) -> str:
    """Return a reading as readings are compared: katakana without spaces."""
    return kana.katakana(text).replace(" ", "")


def _forms(values: pa.Array, form: Callable[[str], str]) -> set[str]:
    import pyarrow.compute as pc

    return {form(text) for text in pc.unique(values).to_pylist() if text}


def _pairs(
    register: pa.Table, key: str, wanted: set[str], first: str, second: str
) -> dict[str, Pair]:
    """Return whole name → (surname, given) for the wanted names; the most frequent split wins."""
    import pyarrow as pa
    import pyarrow.compute as pc

    mask = pc.is_in(register[key], pa.array(sorted(wanted), pa.string()))
    rows = register.select([key, first, second]).filter(mask).to_pylist()
    counts = Counter((row[key], row[first], row[second]) for row in rows)
    ordered = sorted(counts.items(), key=lambda one: (one[1], one[0]))
    return {whole: (surname, given) for (whole, surname, given), _count in ordered}


def _same_share(text: str, found: Pair) -> int:
    """Return where to cut a reading that is spelt otherwise than the one it was recognised by."""
    key = kana.loose_key(found[0])
    cuts = [n for n in range(1, len(text)) if kana.loose_key(text[:n]) == key]
    return cuts[-1] if cuts else min(len(found[0]), len(text) - 1)


def _by_parts(text: str, surnames: Counter[str], givens: Counter[str]) -> Pair:
    """Split where both parts together are likeliest; one that nobody has may be a slip of the pen."""
    if len(text) < 2:
        return text, ""
    typical = 3 if kana.is_kana(text) else 2
    cuts = range(1, min(_LONGEST, len(text) - 1) + 1)

    def likely(cut: int) -> tuple[float, int]:
        first, second = text[:cut], text[cut:]
        return _share(first, surnames, typical) * _share(second, givens, typical), cut

    best = max(cuts, key=likely)
    return text[:best], text[best:]


def _share(part: str, known: Counter[str], typical: int) -> float:
    """Return how frequent a part is; for an unknown one a little, less for an odd length."""
    count = known.get(part, 0)
    return count or _UNHEARD * 0.3 ** abs(len(part) - typical)


def _spaced(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return what stands before the first space and after it; null where there is no space."""
    import pyarrow.compute as pc

    found = pc.extract_regex(values, r"^(?P<first>[^ ]+) (?P<second>.+)$")
    return pc.struct_field(found, "first"), pc.struct_field(found, "second")


def _counted(values: pa.Array, form: Callable[[str], str]) -> Counter[str]:
    """Return how often each form occurs."""
    import pyarrow.compute as pc

    total: Counter[str] = Counter()
    for one in pc.value_counts(values.drop_null()).to_pylist():
        total[form(one["values"])] += one["counts"]
    return total


def learn(names: pa.Array, readings: pa.Array, households: pa.Array | None = None) -> Known:
    """Learn surnames and given names from those of the register that are written with a space.

    Of a register without spaces, what the names of a household begin with is its surname.
    """
    surname, given = _spaced(names)
    if households is not None and 2 * surname.null_count > len(names):
        surname, given = _by_households(names, households)
    surname_kana, given_kana = _spaced(readings)
    return Known(
        _counted(surname, kanji_form), _counted(given, kanji_form),
        _counted(surname_kana, kana_form), _counted(given_kana, kana_form),
    )  # fmt: skip


def _beginning(names: list[str]) -> str:
    """Return what all names begin with: what the first and the last of them share."""
    first, last = min(names), max(names)
    same = next(
        (n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first)
    )
    return first[:same]


def _by_households(names: pa.Array, households: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return surname and given name where the names of a household have a common beginning."""
    import pyarrow as pa

    homes: dict[str, list[str]] = {}
    for name, home in zip(names.to_pylist(), households.to_pylist(), strict=True):
        if name and home:
            homes.setdefault(home, []).append(name.replace(" ", ""))
    pairs: list[Pair] = []
    for members in homes.values():
        shared = _beginning(members) if len(members) > 1 else ""
        if 0 < len(shared) <= _LONGEST and all(len(one) > len(shared) for one in members):
            pairs += [(shared, one[len(shared) :]) for one in members]
    return pa.array([p[0] for p in pairs], pa.string()), pa.array(
        [p[1] for p in pairs], pa.string()
    )


def _divided(
    values: pa.Array, form: Callable[[str], str], divide: Callable[[str], Pair]
) -> tuple[pa.Array, pa.Array]:
    """Return surnames and given names in one form, worked out once per different value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    first, second = _spaced(values)
    one = _mapped(first, form), _mapped(second, form)
    lacking = pc.and_(pc.is_null(first), pc.greater(pc.utf8_length(values), 0))
    if not pc.any(lacking).as_py():
        return one
    coded = pc.if_else(lacking, values, pa.scalar(None, pa.string())).dictionary_encode()
    pairs = [divide(form(text)) for text in coded.dictionary.to_pylist()]
    cut = [pa.array([p[i] for p in pairs], pa.string()).take(coded.indices) for i in (0, 1)]
    return pc.coalesce(one[0], cut[0]), pc.coalesce(one[1], cut[1])


def _mapped(values: pa.Array, work: Callable[[str], str]) -> pa.Array:
    import pyarrow as pa

    coded = values.dictionary_encode()
    return pa.array([work(text) for text in coded.dictionary.to_pylist()], pa.string()).take(
        coded.indices
    )


def split(
    names: pa.Array, readings: pa.Array, known: Known
) -> tuple[pa.Array, pa.Array, pa.Array, pa.Array]:
    """Return surname, given, surname in kana, given in kana (null where not written)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    only_kana = pc.match_substring_regex(names, r"^[\p{Hiragana}\p{Katakana}ー・ ]+$")
    nothing = pa.scalar(None, pa.string())
    surname, given = _divided(pc.if_else(only_kana, "", names), kanji_form, known.divide)
    # A name in kana that has no reading beside it is its own reading.
    spoken = pc.if_else(pc.and_(only_kana, pc.equal(readings, "")), names, readings)
    surname_kana, given_kana = _divided(spoken, kana_form, known.divide_kana)
    # 佐藤 しげる: a given name in kana is a reading as well.
    as_kana = pc.if_else(pc.match_substring_regex(given, r"^[ァ-ヺー]+$"), given, nothing)
    as_surname = pc.if_else(pc.match_substring_regex(surname, r"^[ァ-ヺー]+$"), surname, nothing)
    return surname, given, pc.coalesce(surname_kana, as_surname), pc.coalesce(given_kana, as_kana)
