"""避難カード as paper: one household's card, and the cards of whole towns with a cover list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import CardBatch, Walker, cards
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import Household, Resident, qr
from sonae.domains.shelters import interface as shelters
from sonae.engines.evacuation.profiles import ADULT, WHEELCHAIR
from sonae.platform import outbox, paper
from sonae.platform.access import Actor
from sonae.web import words
from sonae.web.citizen.walkers import name_of

TEMPLATE: Final = Path(__file__).resolve().parent / "papers" / "cards.typ"
CARD_VALID: Final = qr.LONGEST
"""A card says until when its codes are read."""
SHOWN: Final = ("flood", "inland_flood", "landslide", "storm_surge", "tsunami", "earthquake")
MOST_NAMES: Final = 8
ROOMY_ROWS, ROOMY_SITE, ROOMY_LINE = 5, 11, 30
"""Up to here, in rows and letters, a card in Japanese has room to spare on its page."""
LEVELS: Final = {
    3: lazy("高齢の人、子ども、支援が必要な人は、家を出る。"),
    4: lazy("危険な場所にいる人は、全員家を出る。"),
    5: lazy("外へ出ない。上の階か、崖や川から遠い部屋へ移る。"),
}
"""What each level asks, in the words that fit a card (避難情報に関するガイドライン)."""


@dataclass(frozen=True)
class Sheet:
    """What one card is made of: the home, the people whose names may stand on it, how they go."""

    home: Household
    people: Sequence[Resident]
    walker: Walker

    @property
    def language(self) -> str:
        """The language of the card: that of the household when nobody of it reads Japanese."""
        spoken = {one.language for one in self.people}
        known = spoken & {code for code, _name in settings.LANGUAGES}
        return known.pop() if len(spoken) == 1 and known else settings.LANGUAGE_CODE


class Writer:
    """Writes cards: what is the same for all of them is looked up once."""

    def __init__(self) -> None:
        """Note the day, the city and which hazards any site is designated for."""
        self.finder = cards.SiteFinder()
        self.city = municipalities.municipality()
        self.made = clock.now()
        self.ends = self.made + CARD_VALID
        offered = {code for place in shelters.places() for code in place.hazards}
        self.hazards = [code for code in SHOWN if code in offered]

    def card(self, sheet: Sheet) -> dict[str, Any]:
        """Return one card as the template wants it, in the household's language."""
        with translation.override(sheet.language):
            home, told = sheet.home, {"city": self._city_name()}
            card = {
                "title": _("%(city)s 避難カード") % told,
                "address": f"{words.town(home.town)} {home.address}",
                "names": words.listed([one.name for one in sheet.people[:MOST_NAMES]]),
                "head": [_("災害"), _("避難先"), _("道のり")],
                "rows": [self._row(sheet, code) for code in self.hazards],
                "levels": [
                    (_("警戒レベル%(level)d") % {"level": level}, str(told))
                    for level, told in LEVELS.items()
                ],
                "notes": self._notes(sheet),
                "qr": self._code(home),
                "qr_label": _("世帯の受付") if home.card_code else "",
                "number_label": _("カード番号") if home.card_code else "",
                "number": home.card_code,
                "foot": self._foot(),
            }
        return {**card, "dense": sheet.language != settings.LANGUAGE_CODE or _dense(card)}

    def _city_name(self) -> str:
        english = translation.get_language() == "en" and self.city.name_en
        return self.city.name_en if english else self.city.name

    def _row(self, sheet: Sheet, hazard: str) -> dict[str, str]:
        """Return one line: the hazard, the designated site or that there is none, how far."""
        site, metres = self.finder.site(sheet.home, hazard, sheet.walker)
        far = words.distance(metres) if metres is not None else ""
        return {
            "hazard": words.hazard(hazard),
            "site": name_of(site) if site else _("分かりません。市に聞いてください"),
            "far": far,
        }

    def _notes(self, sheet: Sheet) -> list[str]:
        """Return the sentences below the table: when to leave, needs, language."""
        notes = []
        if not sheet.home.located:
            notes.append(
                _(
                    "家の位置が市に登録されていません。避難先は町の中心から選んだもので、道のりは分かりません。市の窓口で登録できます。"
                )
                if sheet.home.place == "town"
                else _(
                    "家の位置が市に登録されていないため、避難先が分かりません。市の窓口で登録できます。"
                )
            )
        if "wheelchair" in sheet.walker.needs:
            notes.append(_("車いすを使う人がいます。"))
        if "pets" in sheet.walker.needs:
            notes.append(_("ペットがいます。"))
        if translation.get_language() == "en":
            # For who receives them: the card speaks for its holder.
            notes.append("日本語が分かりません。やさしい日本語か英語で話してください。")
        return notes

    def _code(self, home: Household) -> str:
        """Return the signed QR of the household, the very one that the reception reads."""
        return (
            qr.svg(qr.make(qr.HOUSEHOLD, home.card_code, self.ends), mask=2)
            if home.card_code
            else ""
        )

    def _foot(self) -> str:
        """Return the last line: 119, when it was made, until when the code is read."""
        return _("救急・火事は119番。　作成 %(made)s　QRの期限 %(ends)s") % {
            "made": f"{self.made.astimezone(JST):%Y-%m-%d}",
            "ends": f"{self.ends.astimezone(JST):%Y-%m-%d}",
        }


def _dense(card: Mapping[str, Any]) -> bool:
    """Tell whether a card may need more than its page, so that the template must measure it.

    Measuring costs as much again as printing; most cards are far from it.
    """
    sites = [len(row["site"]) for row in card["rows"]]
    return (
        len(sites) > ROOMY_ROWS
        or max(sites, default=0) > ROOMY_SITE
        or len(card["names"]) > ROOMY_LINE
        or len(card["title"] + card["address"]) > ROOMY_LINE
        or bool(card["notes"])
    )


def one_card(sheet: Sheet) -> bytes:
    """Return the PDF of one household's card (A6); the people were passed through `consent.disclose`."""
    shown = {"title": _("避難カード"), "cover": None, "cards": [Writer().card(sheet)]}
    return paper.render(TEMPLATE, shown).pdf


# --- whole towns -------------------------------------------------------------------------------


def sheets(actor: Actor, homes: Sequence[Household]) -> list[Sheet]:
    """Return the sheets of homes with the people who may stand on them; each disclosure is recorded.

    A home none of whose people may be shown has no sheet.
    """
    found: dict[int, list[Resident]] = defaultdict(list)
    rows = Resident.objects.filter(household__in=[home.pk for home in homes]).order_by("pk")
    people = list(rows)
    made = consent.disclose(
        actor,
        [one.pk for one in people],
        purpose="cards",
        kinds=("name", "address", "household"),
        shielded={one.pk for one in people if one.shielded},
    )
    for one in people:
        if {"name", "address"} <= made[one.pk].fields:
            found[one.household_id].append(one)
    shown = [one.pk for members in found.values() for one in members]
    rolling = residents.wheelchairs(shown)
    members_of = evacuation.timelines.members_stated([home.pk for home in homes])
    return [
        Sheet(
            home,
            found[home.pk],
            _walker(found[home.pk], rolling, members_of.get(home.pk, frozenset())),
        )
        for home in homes
        if home.pk in found
    ]


def _walker(people: Sequence[Resident], rolling: set[int], members: frozenset[str]) -> Walker:
    """Return how a household goes: by the roster and by what it has stated itself."""
    wheels = "wheelchair" in members or any(one.pk in rolling for one in people)
    return Walker(WHEELCHAIR if wheels else ADULT, pets="pets" in members)


def make(batch_pk: int) -> None:
    """Make the file of a batch: disclose, write, print; progress as it goes."""
    row = cards.begin(batch_pk)
    if row is None:
        return
    try:
        _make(row)
    except SonaeError as refused:
        cards.fail(row, f"{refused.detail}{refused.hint or ''}")
    except (RuntimeError, OSError) as broken:
        # Another try would disclose everybody anew and break at the same place.
        cards.fail(row, "PDFを作れませんでした。システムの担当者に知らせてください。")
        raise outbox.Permanent(str(broken)) from broken


def _make(row: CardBatch) -> None:
    """Write all cards of a batch and put the file in place."""
    paper.fonts()
    homes = cards.by_address(cards.homes_in(row.towns))
    writer, actor = Writer(), cards.asker(row)
    written: list[dict[str, Any]] = []
    listed: list[dict[str, Any]] = []
    done = 0
    for part in cards.in_parts(homes):
        made = sheets(actor, part)
        with translation.override(settings.LANGUAGE_CODE):
            listed += [_listed(len(listed) + n, sheet) for n, sheet in enumerate(made, start=1)]
        written += [writer.card(sheet) for sheet in made]
        done += len(part)
        cards.advance(row, done, done - len(written))
    if not written:
        raise SonaeError("not_found", "印刷できる世帯がありません。")
    with translation.override(settings.LANGUAGE_CODE):
        cover = _cover(row, writer.made, listed)
    printed = paper.render(TEMPLATE, {"title": cover["title"], "cover": cover, "cards": written})
    if printed.missing:
        cover["notes"].append(
            f"書体にない字を「{paper.GETA}」にしました。氏名を手で書き足してください。"
        )
        printed = paper.render(
            TEMPLATE, {"title": cover["title"], "cover": cover, "cards": written}
        )
    cards.finish(row, printed.pdf, len(written))


def _listed(number: int, sheet: Sheet) -> dict[str, Any]:
    """Return one line of the cover list."""
    note = _("カード番号なし（QRなし）") if not sheet.home.card_code else ""
    if not sheet.home.located:
        note = "　".join(filter(None, [note, _("家の位置は不明")]))
    return {
        "number": number,
        "address": f"{sheet.home.town.name} {sheet.home.address}",
        "note": note,
    }


def _cover(row: CardBatch, made: datetime, listed: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the cover list: what it is for, who asked, every address with a box."""
    towns = [town.name for town in municipalities.towns() if town.pk in set(row.towns)]
    told = {"count": f"{len(listed):,}", "who": row.requested_name or row.requested_by}
    notes = [row.purpose]
    notes.append(_("この一覧にない家には配らないでください。"))
    notes.append(
        _("個人の情報です。配り終わったら、この一覧と残ったカードを担当者に返してください。")
    )
    return {
        "title": _("避難カード 配布一覧"),
        "made": f"{made.astimezone(JST):%Y-%m-%d %H:%M}",
        "lead": f"{words.listed(towns)}　" + _("%(count)s世帯　依頼 %(who)s") % told,
        "notes": notes,
        "head": [_("済"), _("順"), _("住所"), _("備考")],
        "rows": listed,
    }


@outbox.subscribe(cards.REQUESTED, slow=True)
def print_cards(payload: dict[str, Any]) -> None:
    """Somebody asked for the cards of whole towns."""
    make(payload["batch"])
