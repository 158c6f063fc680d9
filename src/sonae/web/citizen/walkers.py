"""Who goes: read from an address or a household, said back in words, and what a site offers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core import romaji
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import Walker
from sonae.domains.shelters.interface import Facility
from sonae.engines.evacuation.profiles import PROFILES
from sonae.engines.evacuation.timeline import MEMBERS, Answers

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


def _number(text: str) -> int:
    """Return a floor from 1, else 0 = unknown."""
    return int(text) if text.isdecimal() and 0 < int(text[:4]) <= MOST_FLOORS else 0


def read(query: QueryDict) -> Goer:
    """Read who goes from an address; words that no question offers are left out."""
    named = {part for text in query.getlist("m") for part in text.split(",")}
    floor, storeys = _number(query.get("floor", "")), _number(query.get("storeys", ""))
    return Goer(frozenset(named & set(MEMBERS)), floor, max(storeys, floor) if storeys else 0)


def offered(facility: Facility, walker: Walker) -> list[str]:
    """Return what is known of a site for each need of the walker, in sentences."""
    known: Mapping[str, str] = evacuation.offered(facility, walker)
    return [
        str(NEED_TEXTS[need, value]) for need, value in known.items() if (need, value) in NEED_TEXTS
    ]


def name_of(facility: Facility) -> str:
    """Return a site's name; for readers of Latin letters its reading goes before the signs on its gate."""
    roman = romaji.to_roman(facility.kana) if get_language() == "en" and facility.kana else ""
    return f"{roman} {facility.name}" if roman else facility.name
