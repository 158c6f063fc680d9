"""The register of telegram families: a new type is one row here (and, if it must, one reader).

Titles are in the form of ``wording.normal``. Codes from the official samples and JMA's technical
information 634/665; never from one family for another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

from sonae.engines.warnings.eew import read_eew
from sonae.engines.warnings.family import REPORT_LAPSES, Family
from sonae.engines.warnings.flash import read_flash
from sonae.engines.warnings.headline import read_headline
from sonae.engines.warnings.hours import read_hours
from sonae.engines.warnings.landslide import read_landslide
from sonae.engines.warnings.model import Warning
from sonae.engines.warnings.quake import read_quake
from sonae.engines.warnings.river import read_river
from sonae.engines.warnings.special import read_explained, read_heat, read_trough
from sonae.engines.warnings.titles import AT_SEA, EXPLAINED, NAMED_ONLY
from sonae.engines.warnings.tsunami import read_tsunami
from sonae.engines.warnings.weather import read_weather
from sonae.engines.warnings.wording import Meaning, normal, phenomenon_of

Codes = Mapping[str, Meaning]

# JMA never lifts these. An expected shaking has come within the hour; the government asks for a
# week of care after 南海トラフ地震臨時情報 and 後発地震注意情報.
EEW_LAPSES = timedelta(hours=1)
TROUGH_LAPSES = timedelta(days=7)


def _levels(phenomenon: str, five: str, four: str, three: str, two: str) -> Codes:
    """The codes of one phenomenon of the 2026 system that has levels."""
    return {
        "00": Meaning(phenomenon, "lifted"),
        five: Meaning(phenomenon, "emergency", 5),
        four: Meaning(phenomenon, "critical", 4),
        three: Meaning(phenomenon, "warning", 3),
        two: Meaning(phenomenon, "advisory", 2),
    }


_STORM: Codes = {
    "35": Meaning("storm", "emergency"),
    "05": Meaning("storm", "warning"),
    "15": Meaning("storm", "advisory"),
    "32": Meaning("snow_storm", "emergency"),
    "02": Meaning("snow_storm", "warning"),
    "13": Meaning("snow_storm", "advisory"),
}
_WAVE: Codes = {
    "37": Meaning("wave", "emergency"),
    "07": Meaning("wave", "warning"),
    "16": Meaning("wave", "advisory"),
}
_HEAVY_SNOW: Codes = {
    "36": Meaning("heavy_snow", "emergency"),
    "06": Meaning("heavy_snow", "warning"),
    "12": Meaning("heavy_snow", "advisory"),
}
_ADVISORIES: Codes = {
    "14": Meaning("thunder", "advisory"),
    "17": Meaning("snow_melt", "advisory"),
    "20": Meaning("fog", "advisory"),
    "21": Meaning("dry", "advisory"),
    "22": Meaning("avalanche", "advisory"),
    "23": Meaning("cold", "advisory"),
    "24": Meaning("frost", "advisory"),
    "25": Meaning("ice_accretion", "advisory"),
    "26": Meaning("snow_accretion", "advisory"),
    "27": Meaning("other", "advisory"),
}
_LIFTED: Codes = {"00": Meaning("other", "lifted")}
# The old system states no level in its kinds.
_OLD: Codes = {
    **_LIFTED,
    **_STORM,
    **_WAVE,
    **_HEAVY_SNOW,
    **_ADVISORIES,
    "33": Meaning("heavy_rain", "emergency"),
    "03": Meaning("heavy_rain", "warning"),
    "10": Meaning("heavy_rain", "advisory"),
    "04": Meaning("flood", "warning"),
    "18": Meaning("flood", "advisory"),
    "38": Meaning("storm_surge", "emergency"),
    "08": Meaning("storm_surge", "warning"),
    "19": Meaning("storm_surge", "advisory"),
}
_RIVER: Codes = {
    "10": Meaning("flood", "lifted"),
    **dict.fromkeys(("20", "21", "22"), Meaning("flood", "advisory", 2)),
    **dict.fromkeys(("30", "31"), Meaning("flood", "warning", 3)),
    **dict.fromkeys(("40", "41"), Meaning("flood", "critical", 4)),
    **dict.fromkeys(("50", "51", "53"), Meaning("flood", "emergency", 5)),
}
_TSUNAMI: Codes = {
    "00": Meaning("tsunami", "lifted"),
    "50": Meaning("tsunami", "lifted"),
    "51": Meaning("tsunami", "warning"),
    "52": Meaning("tsunami", "emergency"),
    "53": Meaning("tsunami", "emergency"),
    "60": Meaning("tsunami", "lifted"),
    "62": Meaning("tsunami", "advisory"),
    "71": Meaning("tsunami", "information"),
    "72": Meaning("tsunami", "information"),
    "73": Meaning("tsunami", "information"),
}
# 警報 10/11/19 and 予報 00/01/09 of an area; 31 of the headline.
_EEW: Codes = {
    **dict.fromkeys(("10", "11", "19", "31"), Meaning("earthquake", "warning")),
    **dict.fromkeys(("00", "01", "09"), Meaning("earthquake", "information")),
}
# 噴火警報（居住地域） is a 特別警報 by law: levels 4 and 5, and what asks its residents to leave.
_VOLCANO: Codes = {
    "04": Meaning("volcano", "lifted"),
    "32": Meaning("volcano", "lifted"),
    **dict.fromkeys(
        ("01", "14", "15", "24", "25", "41", "42", "46", "47", "48"),
        Meaning("volcano", "emergency"),
    ),
    **dict.fromkeys(
        ("02", "03", "12", "13", "22", "23", "31", "36", "43", "44", "49"),
        Meaning("volcano", "warning"),
    ),
    **dict.fromkeys(
        ("05", "06", "07", "08", "11", "21", "33", "35", "45", "70", "71", "72", "73", "75", "91",
         "99", *(str(code) for code in (*range(51, 57), *range(61, 66)))),
        Meaning("volcano", "information"),
    ),
}  # fmt: skip
# 噴火速報 tells people on the mountain to save themselves at once.
_ERUPTION_FLASH: Codes = dict.fromkeys(
    ("51", "52", "53", "54", "56", "61", "62", "63", "64"), Meaning("volcano", "warning")
)
_LANDSLIDE: Codes = {
    "1": Meaning("landslide", "lifted"),
    "3": Meaning("landslide", "critical"),
}


def _new(number: int, word: str, phenomenon: str, codes: Codes) -> Family:
    """One type of the 2026 system; its title differs between editions only in ``word``'s tail."""
    return Family(
        f"VPWW{number}",
        (f"気象警報・注意報(R06)({word})",),
        read_weather,
        {**_LIFTED, **codes},
        phenomenon,
        by_event=False,
        twin="weather",
        generation=3,
        lapses=None,
        by_city=True,
    )


def _old(telegram: str, title: str, generation: int) -> Family:
    return Family(
        telegram, (title,), read_weather, _OLD,
        by_event=False, twin="weather", generation=generation, lapses=None, by_city=True,
    )  # fmt: skip


def _quake(telegram: str, title: str) -> Family:
    return Family(telegram, (title,), read_headline, {}, "earthquake", national=True, levels=False)


def _eew(telegram: str, title: str) -> Family:
    return Family(
        telegram, (title,), read_eew, _EEW, "earthquake",
        national=True, twin="quake", levels=False, lapses=EEW_LAPSES,
    )  # fmt: skip


def _trough(telegram: str, title: str) -> Family:
    return Family(
        telegram, (title,), read_trough, {}, "earthquake",
        national=True, levels=False, lapses=TROUGH_LAPSES,
    )  # fmt: skip


def _volcano(telegram: str, title: str, *, lasting: bool = False) -> Family:
    row = Family(
        telegram, (title,), read_headline, _VOLCANO, "volcano", national=True, levels=False
    )
    return replace(row, lapses=None) if lasting else row


def _kept(title: str, telegram: str) -> Family:
    return Family(telegram, (title,), read_headline, levels=False, guesses=False, by_title=True)


def _explained(title: str, telegram: str) -> Family:
    return Family(telegram, (title,), read_explained, levels=False, guesses=False)


_HEAVY_RAIN = _levels("heavy_rain", "33", "43", "03", "10")
_SLIDES = _levels("landslide", "39", "49", "09", "29")
_SURGE = _levels("storm_surge", "38", "48", "08", "19")

FAMILIES: tuple[Family, ...] = (
    _old("VPWW50", "気象警報・注意報", 0),
    _old("VPWW53", "気象特別警報・警報・注意報", 1),
    _old("VPWW54", "気象警報・注意報(H27)", 2),
    _new(55, "大雨", "heavy_rain", _HEAVY_RAIN),
    _new(56, "土砂", "landslide", _SLIDES),
    _new(57, "高潮", "storm_surge", _SURGE),
    _new(58, "暴風", "storm", _STORM),
    _new(59, "波浪", "wave", _WAVE),
    _new(60, "大雪", "heavy_snow", _HEAVY_SNOW),
    _new(61, "その他注意報", "other", _ADVISORIES),
    # The state of the whole country, every ten minutes: no code of these types is used twice.
    Family(
        "VPWS50", ("気象警報・注意報(R06)(集約通報)",), read_weather,
        {**_HEAVY_RAIN, **_SLIDES, **_SURGE, **_STORM, **_WAVE, **_HEAVY_SNOW, **_ADVISORIES,
         **_LIFTED},
        by_event=False, national=True, twin="weather", generation=3, lapses=None, by_city=True,
        summary=True,
    ),
    Family(
        "VPWP50", ("気象警報・注意報時系列情報(R06)",), read_hours,
        by_event=False, levels=False, guesses=False, foretells=True,
    ),
    Family(
        "VPNO50", ("気象特別警報報知",), read_headline, _OLD,
        by_event=False, twin="weather", by_city=True,
    ),
    Family(
        "VXKO", ("指定河川洪水予報",), read_river, _RIVER, "flood", lapses=None
    ),
    Family(
        "VXSU", ("水位周知河川に関する情報",), read_river, _RIVER, "flood", lapses=None
    ),
    Family(
        "VXWW50", ("土砂災害警戒情報",), read_landslide, _LANDSLIDE, "landslide",
        twin="weather", generation=2, lapses=None, by_city=True,
    ),
    Family("VPBS50", ("府県気象防災速報",), read_flash, twin="flash", generation=1),
    Family(
        "VPOA50", ("記録的短時間大雨情報",), read_headline,
        {"1": Meaning("record_rain", "critical")}, "record_rain", twin="flash",
    ),
    Family(
        "VPHW50", ("竜巻注意情報",), read_headline,
        {"1": Meaning("tornado", "advisory")}, "tornado", by_event=False, by_city=True,
    ),
    Family(
        "VPHW51", ("竜巻注意情報(目撃情報付き)",), read_headline,
        {"1": Meaning("tornado", "advisory")}, "tornado", by_event=False, by_city=True,
    ),
    Family(
        "VTSE41", ("津波警報・注意報・予報a",), read_tsunami, _TSUNAMI, "tsunami",
        national=True, lapses=None, levels=False,
    ),
    Family("VTSE51", ("津波情報a",), read_headline, {}, "tsunami", national=True, levels=False),
    Family(
        "VTSE52", ("沖合の津波観測に関する情報",), read_headline, {}, "tsunami",
        national=True, levels=False,
    ),
    Family(
        "VXSE51", ("震度速報",), read_quake, {}, "earthquake",
        national=True, twin="quake", levels=False,
    ),
    Family(
        "VXSE53", ("震源・震度に関する情報",), read_quake, {}, "earthquake",
        national=True, twin="quake", generation=1, levels=False, by_city=True,
    ),
    _eew("VXSE43", "緊急地震速報(警報)"),
    _quake("VXSE42", "緊急地震速報配信テスト"),
    _eew("VXSE44", "緊急地震速報(予報)"),
    _eew("VXSE45", "緊急地震速報(地震動予報)"),
    _quake("VXSE52", "震源に関する情報"),
    _quake("VXSE56", "地震の活動状況等に関する情報"),
    _quake("VXSE60", "地震回数に関する情報"),
    _quake("VXSE61", "顕著な地震の震源要素更新のお知らせ"),
    _quake("VXSE62", "長周期地震動に関する観測情報"),
    _trough("VYSE50", "南海トラフ地震臨時情報"),
    _quake("VYSE51", "南海トラフ地震関連解説情報"),
    Family(
        "VYSE60", ("北海道・三陸沖後発地震注意情報",), read_headline, {}, "earthquake",
        national=True, levels=False, lapses=TROUGH_LAPSES,
    ),
    _volcano("VFVO50", "噴火警報・予報", lasting=True),
    _volcano("VFSV", "火山現象に関する海上警報・海上予報", lasting=True),
    _volcano("VFVO51", "火山の状況に関する解説情報"),
    _volcano("VFVO52", "噴火に関する火山観測報"),
    _volcano("VFVO53", "降灰予報(定時)"),
    _volcano("VFVO54", "降灰予報(速報)"),
    _volcano("VFVO55", "降灰予報(詳細)"),
    Family(
        "VFVO56", ("噴火速報",), read_headline, _ERUPTION_FLASH, "volcano",
        national=True, levels=False,
    ),
    _volcano("VFVO60", "推定噴煙流向報"),
    Family(
        "VPFT50", ("熱中症警戒アラート",), read_heat, levels=False,
    ),
    *(_kept(title, telegram) for title, telegram in NAMED_ONLY.items()),
    *(Family(telegram, (title,), read_headline, levels=False, guesses=False)
      for title, telegram in AT_SEA.items()),
    *(_explained(title, telegram) for title, telegram in EXPLAINED.items()),
)  # fmt: skip

_BY_TITLE = {title: family for family in FAMILIES for title in family.titles}
_NEW_PREFIX = "気象警報・注意報(R06)("
BY_TELEGRAM = {family.telegram: family for family in FAMILIES}


def family_of(title: str, telegram_hint: str = "") -> Family:
    """The family of a ``Control/Title``; one that keeps the telegram whole when it is unknown.

    ``telegram_hint`` (from a file's name) only labels a telegram of unknown type.
    """
    key = normal(title)
    known = _BY_TITLE.get(key)
    if known is not None:
        return known
    if key.startswith(_NEW_PREFIX):
        return _new_edition(key.removeprefix(_NEW_PREFIX), telegram_hint)
    return Family(telegram_hint, (key,), read_headline, levels=False, guesses=False)


@lru_cache(maxsize=512)
def head_suffices(title: str) -> bool:
    """Whether the reader of this type looks at nothing below Head (a target area apart)."""
    return family_of(title).reader in (read_headline, read_explained, read_heat, read_trough)


def _new_edition(word: str, telegram_hint: str) -> Family:
    """Sample editions differ in the bracket (（土砂） / （土砂災害）): the word's start decides."""
    for family in FAMILIES:
        start = family.titles[0].removeprefix(_NEW_PREFIX).rstrip(")")
        if family.titles[0].startswith(_NEW_PREFIX) and word.startswith(start):
            return family
    word = word.rstrip(")")
    return Family(
        telegram_hint, (f"{_NEW_PREFIX}{word})",), read_weather, {}, phenomenon_of(word),
        by_event=False, twin="weather", generation=3, lapses=None, by_city=True,
    )  # fmt: skip


def family_of_warning(warning: Warning) -> Family:
    """The family of a warning that was read before; CAP and L-Alert count as one of reports.

    Only evacuation orders of L-Alert hold until they are lifted.
    """
    if warning.source != "jma":
        lasting = warning.source == "lalert" and any(
            item.phenomenon == "evacuation" and item.severity != "information"
            for item in warning.items
        )
        lapses = None if lasting else REPORT_LAPSES
        return Family(warning.telegram, (), lambda _report, _family: (), lapses=lapses)
    known = BY_TELEGRAM.get(warning.telegram) or BY_TELEGRAM.get(warning.telegram[:4])
    return known or family_of(warning.title, warning.telegram)


# What holds until it is lifted is renewed or lifted within this; a volcano may stay at its level for
# years, a town evacuated for weeks.
_REASONABLE: Mapping[str, timedelta] = {
    "VFVO50": timedelta(days=7300),
    "VFSV": timedelta(days=7300),
    "VPWW61": timedelta(days=30),
}
_DAYS, _WEEKS = timedelta(days=7), timedelta(days=60)


def reasonable_life(warning: Warning) -> timedelta:
    """How old a message may be and still be news: beyond that a person is asked first."""
    family = family_of_warning(warning)
    if family.lapses is not None:
        return family.lapses
    return _WEEKS if warning.source == "lalert" else _REASONABLE.get(family.telegram, _DAYS)


def decided_by_city(warning: Warning) -> bool:
    """Whether the telegram names every city concerned: one that it leaves out is not concerned."""
    return family_of_warning(warning).by_city and any(
        area.type == "city" for item in warning.items for area in item.areas
    )
