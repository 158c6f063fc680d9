"""Who goes: read from an address or a household, said back in words, and what a site offers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core import romaji, typed
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import Walker
from sonae.domains.shelters.interface import Facility, Place
from sonae.engines.evacuation.profiles import PROFILES
from sonae.engines.evacuation.timeline import MEMBERS, Answers
from sonae.web import states

MEMBER_NAMES = {
    "child": lazy("小さい子ども"),
    "elderly": lazy("高齢の人"),
    "wheelchair": lazy("車いすを使う人"),
    "pets": lazy("ペット"),
}
NEED_TEXTS = {
    ("wheelchair", "yes"): lazy("車いす：段差のない所です。"),
    ("wheelchair", "no"): lazy(
        "車いす：段差があります。手伝う人といっしょに行くか、先に市へ電話してください。"
    ),
    ("wheelchair", "unknown"): lazy("車いす：段差がないか、確かめられていません。"),
    ("pets", "yes"): lazy("ペット：いっしょに避難できます。"),
    ("pets", "no"): lazy(
        "ペット：建物には入れません。命を守る避難はいっしょにして、着いたら係の人に相談してください。"
    ),
    ("pets", "unknown"): lazy(
        "ペット：いっしょに入れるか、確かめられていません。ケージを持って行ってください。"
    ),
}
MOST_FLOORS = 60
LONGEST_NUMBER = 4


@dataclass(frozen=True)
class Goer:
    """Who goes, as a page was asked: members of `MEMBERS`, floors (0 = unknown)."""

    members: frozenset[str] = frozenset()
    floor: int = 0
    storeys: int = 0

    @property
    def walker(self) -> Walker:
        """The slowest of them for the plan."""
        slowest = Answers(self.members).profile
        return Walker(slowest, 0, self.floor, self.storeys, pets="pets" in self.members)

    @property
    def query(self) -> dict[str, str]:
        """What an address carries of it."""
        told = {"m": ",".join(sorted(self.members)), "floor": self.floor, "storeys": self.storeys}
        return {key: str(value) for key, value in told.items() if value}

    @property
    def pace(self) -> str:
        """The walking speed used, with its source."""
        profile = PROFILES[self.walker.profile]
        return _("歩く速さ：毎分%(metres)dm（%(source)s）") % {
            "metres": round(profile.speed * 60),
            "source": profile.source,
        }

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """The question who is there: code, name, whether chosen."""
        return [(code, str(name), code in self.members) for code, name in MEMBER_NAMES.items()]


def _number(text: str) -> int | None:
    """Return a floor from 1, 0 where none was written, None for what is none."""
    plain = typed.number(text)
    if not plain:
        return 0
    number = int(plain) if len(plain) <= LONGEST_NUMBER and plain.isdecimal() else 0
    return number if 0 < number <= MOST_FLOORS else None


def read(query: QueryDict) -> Goer:
    """Read who goes from an address; words that no question offers are left out.

    Floors that are no numbers, or higher than the building, are unknown: `problem_of` says so.
    """
    named = {part for text in query.getlist("m") for part in text.split(",")}
    floor, storeys = _number(query.get("floor", "")), _number(query.get("storeys", ""))
    members = frozenset(named & set(MEMBERS))
    if floor and storeys and floor > storeys:
        return Goer(members)
    return Goer(members, floor or 0, storeys or 0)


def problem_of(query: QueryDict) -> str:
    """Return in words why the floors of an address were not taken, nothing when they were."""
    floor, storeys = _number(query.get("floor", "")), _number(query.get("storeys", ""))
    if floor is None or storeys is None:
        return _("階は、1から%(most)dまでの数字で書いてください。") % {"most": MOST_FLOORS}
    if floor and storeys and floor > storeys:
        return _("%(storeys)d階建ての建物に、%(floor)d階はありません。書きまちがいがないか確かめてください。") % {
            "storeys": storeys, "floor": floor,
        }  # fmt: skip
    return ""


def offered(facility: Facility, walker: Walker) -> list[str]:
    """Return what is known of a site for each need of the walker, in sentences."""
    known: Mapping[str, str] = evacuation.offered(facility, walker)
    return [
        str(NEED_TEXTS[need, value]) for need, value in known.items() if (need, value) in NEED_TEXTS
    ]


def closed_instead(shut: Place | None) -> str:
    """Say that the place where people expect to be sent is closed or full, nothing without one."""
    if shut is None:
        return ""
    told = {"name": name_of(shut.facility), "state": states.state("facility", shut.state)[0]}
    return (
        _("いつもの避難先「%(name)s」は、いま%(state)sです。そのため、ほかの所を案内しています。")
        % told
    )


def name_of(facility: Facility) -> str:
    """Return a site's name; for readers of Latin letters its reading goes before the signs on its gate."""
    roman = romaji.to_roman(facility.kana) if get_language() == "en" and facility.kana else ""
    return f"{roman} {facility.name}" if roman else facility.name
