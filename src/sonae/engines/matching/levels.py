"""What is compared, and which degrees of agreement are told apart.

A `Comparison` has levels; the first whose condition holds is the one. The conditions are SQL that
DuckDB and Spark both understand; ``tf`` names the column whose frequency in the register says what
an agreement is worth (佐藤 little, a rare name much). ``why`` is what a clerk reads.

``m`` and ``u`` are where learning begins and what is used when there is too little to learn from:
the share of true pairs, and of chance pairs, at this level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from splink import SettingsCreator

NULL: Final = "missing"


@dataclass(frozen=True)
class Level:
    """One degree of agreement. ``why`` empty: nothing worth telling a clerk."""

    name: str
    sql: str
    m: float
    u: float
    why: str = ""
    tf: str = ""


@dataclass(frozen=True)
class Comparison:
    """One thing that is compared; ``missing`` is SQL for "nothing to compare"."""

    name: str
    missing: str
    levels: tuple[Level, ...]


def _both(column: str) -> str:
    return f"{column}_l = {column}_r"


def _lacking(column: str) -> str:
    return f"({column}_l is null or {column}_r is null)"


def _near(column: str, least: int, longest: int = 8) -> str:
    """One character replaced, left out, added, or two neighbours swapped; both at least ``least`` long.

    Spelt out by characters: DuckDB's ``levenshtein`` counts bytes, of which a kana has three.
    ``longest``: how far into the text a difference is looked for.
    """
    a, b = f"{column}_l", f"{column}_r"
    ways = [
        f"(substr({a}, 1, {k}) = substr({b}, 1, {k}) and ("
        f"substr({a}, {k + 2}) = substr({b}, {k + 2}) "
        f"or substr({a}, {k + 1}) = substr({b}, {k + 2}) "
        f"or substr({a}, {k + 2}) = substr({b}, {k + 1}) "
        f"or (substr({a}, {k + 3}) = substr({b}, {k + 3}) "
        f"and substr({a}, {k + 1}, 1) = substr({b}, {k + 2}, 1) "
        f"and substr({a}, {k + 2}, 1) = substr({b}, {k + 1}, 1))))"
        for k in range(longest)
    ]
    # Nearly all pairs differ at both ends and in length: they are done with the cheap conditions.
    return (
        f"(length({a}) >= {least} and length({b}) >= {least} "
        f"and abs(length({a}) - length({b})) <= 1 "
        f"and (substr({a}, 1, 1) = substr({b}, 1, 1) or right({a}, 1) = right({b}, 1) "
        f"or (length({a}) = 2 and substr({a}, 1, 1) = right({b}, 1))) "
        f"and ({' or '.join(ways)}))"
    )


def _digit(column: str, edits: int) -> str:
    """So many digits apart; digits are single bytes."""
    return f"levenshtein({column}_l, {column}_r) <= {edits}"


def _begins(column: str) -> str:
    """One is the beginning of the other: ケン for ケンイチ."""
    left, right = f"{column}_l", f"{column}_r"
    return (
        f"((length({left}) >= 2 and substr({right}, 1, length({left})) = {left}) "
        f"or (length({right}) >= 2 and substr({left}, 1, length({right})) = {right}))"
    )


def _swapped() -> str:
    """Month and day in each other's place."""
    return (
        "substr(birth_l, 1, 4) = substr(birth_r, 1, 4) "
        "and substr(birth_l, 5, 2) = substr(birth_r, 7, 2) "
        "and substr(birth_l, 7, 2) = substr(birth_r, 5, 2)"
    )


_YEARS: Final = "abs(cast(birth_year_l as int) - cast(birth_year_r as int))"
_NO_DAY: Final = _lacking("birth")

COMPARISONS: Final = (
    Comparison("surname", f"{_lacking('surname')} and {_lacking('surname_kana')}", (
        Level("both", f"{_both('surname')} and {_both('surname_kana')}", .42, .003, "姓の漢字と読みが同じ", "surname"),
        Level("kanji", f"{_both('surname')} and {_lacking('surname_kana')}", .25, .003, "姓の漢字が同じ", "surname"),
        Level("kanji_only", _both("surname"), .02, .0005, "姓の漢字は同じ、読みが違う", "surname"),
        Level("kana", f"{_both('surname_kana')} and {_lacking('surname')}", .2, .004, "姓の読みが同じ", "surname_kana"),
        Level("kana_only", _both("surname_kana"), .03, .0005, "姓の読みは同じ、漢字が違う", "surname_kana"),
        Level("loose", _both("surname_loose"), .03, .0005, "姓の読みがほぼ同じ（清濁・長音など）", "surname_loose"),
        Level("said", f"{_lacking('surname_kana')} and {_both('surname_said')}", .01, .0005,
              "姓の漢字は違うが、読みは同じと思われる", "surname_said"),
        Level("near", f"{_near('surname_kana', 3)} or {_near('surname', 2, 4)}", .03, .01, "姓が1字違い"),
        Level("else", "ELSE", .02, .98, "姓が違う"),
    )),
    Comparison("given", f"{_lacking('given')} and {_lacking('given_kana')}", (
        Level("both", f"{_both('given')} and {_both('given_kana')}", .38, .001, "名の漢字と読みが同じ", "given"),
        Level("kanji", f"{_both('given')} and {_lacking('given_kana')}", .22, .001, "名の漢字が同じ", "given"),
        Level("kanji_only", _both("given"), .02, .0005, "名の漢字は同じ、読みが違う", "given"),
        Level("kana", f"{_both('given_kana')} and {_lacking('given')}", .2, .003, "名の読みが同じ", "given_kana"),
        Level("kana_only", _both("given_kana"), .08, .002, "名の読みは同じ、漢字が違う", "given_kana"),
        Level("loose", _both("given_loose"), .02, .001, "名の読みがほぼ同じ（清濁・長音など）", "given_loose"),
        Level("said", f"{_lacking('given_kana')} and {_both('given_said')}", .02, .001,
              "名の漢字は違うが、読みは同じと思われる", "given_said"),
        Level("near", f"{_near('given_kana', 2)} or {_near('given', 2, 4)} or {_begins('given_kana')}", .06, .03,
              "名が1字違い、または一方が短い"),
        Level("else", "ELSE", .02, .96, "名が違う"),
    )),
    Comparison("birth", f"{_NO_DAY} and {_lacking('birth_year')} and {_lacking('day')}", (
        Level("day", _both("birth"), .66, .00004, "生年月日が同じ", "birth"),
        Level("swapped", _swapped(), .01, .00003, "生年月日の月と日が入れ替わっている"),
        Level("era", f"{_both('day')} and {_both('era_year')}", .005, .0001, "年と月日は同じ、元号が違うか書かれていない"),
        Level("month_day", _both("day"), .04, .0027, "月日は同じ、年が違うか書かれていない"),
        Level("digit", _digit("birth", 1), .03, .0005, "生年月日が1字違い"),
        Level("year", f"{_NO_DAY} and {_YEARS} <= 1", .2, .03, "年齢（生まれ年）が合う"),
        Level("years", f"{_NO_DAY} and {_YEARS} <= 3", .02, .04, "年齢が2、3歳違う"),
        Level("two_digits", _digit("birth", 2), .02, .007, "生年月日が2字違い"),
        Level("else", "ELSE", .02, .92, "生年月日・年齢が違う"),
    )),
    Comparison("address", f"{_lacking('area')} and ({_lacking('city')} or {_both('city')})", (
        Level("elsewhere", "city_l <> city_r", .005, .05, "市町村が違う"),
        Level("lot", _both("lot"), .55, .00003, "住所が番地まで同じ", "lot"),
        Level("town", f"{_both('town')} and {_lacking('lot')}", .25, .003, "町名が同じ", "town"),
        Level("town_only", _both("town"), .08, .003, "町名は同じ、番地が違う", "town"),
        Level("area", _both("area"), .05, .006, "町名は同じ、丁目が違うか書かれていない", "area"),
        Level("near", f"{_near('area', 3)} or {_begins('area')}", .02, .004, "町名が1字違い"),
        Level("else", "ELSE", .05, .99, "住所が違う"),
    )),
    Comparison("sex", _lacking("sex"), (
        Level("same", _both("sex"), .985, .5),
        Level("else", "ELSE", .015, .5, "性別が違う"),
    )),
    Comparison("phone", _lacking("phone"), (
        Level("same", _both("phone"), .7, .00005, "電話番号が同じ", "phone"),
        Level("near", _digit("phone", 1), .03, .0005, "電話番号が1字違い"),
        Level("else", "ELSE", .27, .999),
    )),
)  # fmt: skip

FREQUENCIES: Final = tuple(
    sorted({level.tf for comparison in COMPARISONS for level in comparison.levels if level.tf})
)
"""Columns whose frequency in the register is asked for."""
COLUMNS: Final = (
    "surname", "given", "surname_kana", "given_kana", "surname_loose", "given_loose",
    "surname_said", "given_said", "birth",
    "birth_year", "day", "era_year", "sex", "city", "area", "town", "lot", "phone",
)  # fmt: skip
"""Columns that the conditions read."""


_UNIT: Final = 2.0**-20
"""Splink is asked for the level of each comparison and the rarity of what agreed, in one go: level
``n`` is given the weight ``n``, so that nothing of Splink's estimates enters (`training` says why).
"""


def settings(*, coded: bool = True) -> SettingsCreator:
    """Return the comparisons as Splink's settings, the same for every backend.

    ``coded``: weights that are level numbers; without it Splink's own, to be estimated by Splink
    (the benchmark compares with that).
    """
    from splink import SettingsCreator
    from splink.internals.comparison_level_library import CustomLevel
    from splink.internals.comparison_library import CustomComparison

    def level(place: int, one: Level) -> CustomLevel:
        made = CustomLevel(one.sql, label_for_charts=one.name)
        if coded:
            made.configure(m_probability=_UNIT * 2.0**place, u_probability=_UNIT)
        if one.tf:
            made.configure(tf_adjustment_column=one.tf, disable_tf_exact_match_detection=True)
        return made

    def missing(sql: str) -> CustomLevel:
        made = CustomLevel(sql, label_for_charts=NULL)
        made.configure(is_null_level=True)
        return made

    comparisons = [
        CustomComparison(
            output_column_name=one.name,
            comparison_levels=[
                missing(one.missing),
                *(level(n, v) for n, v in enumerate(one.levels, 1)),
            ],
        )
        for one in COMPARISONS
    ]
    return SettingsCreator(
        link_type="dedupe_only", comparisons=list(comparisons), unique_id_column_name="row",
        retain_matching_columns=False, retain_intermediate_calculation_columns=True,
        blocking_rules_to_generate_predictions=[{"blocking_rule": "1=1"}],
    )  # fmt: skip


def rarity(name: str) -> str:
    """Return SQL of -log2(frequency) of what agreed in a comparison; 0 where frequency is not asked."""
    if not any(
        level.tf
        for comparison in COMPARISONS
        if comparison.name == name
        for level in comparison.levels
    ):
        return "0"
    return f"CASE WHEN mw_tf_adj_{name} = 0 THEN 0 ELSE mw_tf_adj_{name} + 20 END"
