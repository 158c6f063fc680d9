"""生年月日の比べ方: how near two birth dates are that people wrote down, or a date and an age.

What goes wrong with dates is known: one digit, two digits exchanged, day and month exchanged, another era
(昭和5 for 平成5), the year by one, parts unknown, an age in place of a date. Each likeness names one of these,
the strongest evidence first; a weaker one is never identity.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, Literal

from sonae.core import wareki
from sonae.core.wareki import FuzzyDate

Likeness = Literal[
    "equal", "one_digit", "swapped", "era", "year_off", "possible", "same_day", "near_year", "different", "missing"
]  # fmt: skip
LIKENESSES: Final[tuple[Likeness, ...]] = (
    "equal", "one_digit", "swapped", "era", "year_off", "possible", "same_day", "near_year", "different", "missing",
)  # fmt: skip
"""``possible``: parts are unknown and the rest agrees; ``same_day``: month and day alone agree;
``near_year``: born within three years, or an age that fits; ``missing``: nothing to compare."""
NEAR_YEARS: Final = 3


def likeness(left: FuzzyDate, right: FuzzyDate) -> Likeness:
    """Return how near two birth dates are; the same in either order."""
    if left.earliest is None or right.earliest is None:
        return "missing"
    one, other = _day(left), _day(right)
    if one is None or other is None:
        return _spans(left, right)
    if one == other:
        return "equal"
    a, b = one.strftime("%Y%m%d"), other.strftime("%Y%m%d")
    if _one_edit(a, b) or any(_one_edit(x, y) for x, y in _in_eras(one, other)):
        return "year_off" if _years_apart(one, other) == 1 else "one_digit"
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return "swapped"
    if other in _other_eras(one) or one in _other_eras(other):
        return "era"
    if (one.month, one.day) == (other.month, other.day):
        return "year_off" if abs(one.year - other.year) == 1 else "same_day"
    return "near_year" if abs(one.year - other.year) <= NEAR_YEARS else "different"


def _day(read: FuzzyDate) -> date | None:
    """Return the day that a date means, 29 February of a common year as the day before March."""
    if read.exact is not None:
        return read.exact
    certain = read.precision == "day" and not read.approximate
    return read.earliest if certain else None


def _spans(left: FuzzyDate, right: FuzzyDate) -> Likeness:
    """Return the likeness of two dates of which one at least is no single day."""
    first, last, start, end = left.earliest, left.latest, right.earliest, right.latest
    if first is None or last is None or start is None or end is None:
        return "missing"
    if first <= end and start <= last:
        return "possible"
    gap = max(first.year - end.year, start.year - last.year)
    return "near_year" if gap <= NEAR_YEARS else "different"


def _years_apart(one: date, other: date) -> int:
    """Return how many years lie between two dates of the same month and day; 0 when these differ."""
    return abs(one.year - other.year) if (one.month, one.day) == (other.month, other.day) else 0


def _one_edit(one: str, other: str) -> bool:
    """Whether two texts of one length differ in one sign, or in two neighbours exchanged."""
    if len(one) != len(other):
        return False
    apart = [at for at, (x, y) in enumerate(zip(one, other, strict=True)) if x != y]
    if len(apart) == 2 and apart[1] == apart[0] + 1:
        first, second = apart
        return one[first] == other[second] and one[second] == other[first]
    return len(apart) == 1


def _in_eras(one: date, other: date) -> Iterator[tuple[str, str]]:
    """Yield both dates as era year, month and day where both fall into one era: S53 and S58."""
    for era in wareki.ERAS:
        last = era.last or date.max
        if era.first <= one <= last and era.first <= other <= last:
            yield tuple(  # type: ignore[misc]
                f"{day.year - era.year_one + 1:02}{day:%m%d}" for day in (one, other)
            )


def _other_eras(day: date) -> Iterator[date]:
    """Yield the days that the same year, month and day say in the other eras."""
    for written in wareki.ERAS:
        year = day.year - written.year_one + 1
        if not (written.first <= day <= (written.last or date.max)):
            continue
        for meant in wareki.ERAS:
            if meant is not written:
                try:
                    found = day.replace(year=meant.year_one + year - 1)
                except ValueError:
                    continue
                if meant.first <= found <= (meant.last or date.max):
                    yield found
