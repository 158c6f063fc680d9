"""避難場所・避難所: which are open, how crowded they are, what they are designated for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.safety import interface as safety
from sonae.domains.sheltering import interface as sheltering
from sonae.domains.shelters import interface as shelters
from sonae.platform.access import Audience, audience
from sonae.web import livemap, words
from sonae.web.citizen.shared import for_everyone
from sonae.web.templatetags.sonae import in_world


@dataclass(frozen=True)
class Row:
    """One facility as the list shows it."""

    place: shelters.Place
    board: tuple[sheltering.BoardNotice, ...] = ()

    def __getattr__(self, name: str) -> object:
        """Everything else is the place's own."""
        return getattr(self.place, name)

    @property
    def groups(self) -> str:
        """The only groups admitted, for reading."""
        return words.groups(self.place.restricted_to)

    @property
    def hazard_names(self) -> str:
        """The hazards designated for, for reading."""
        return "・".join(words.hazard(code) for code in self.place.hazards)

    @property
    def reported_at(self) -> datetime | None:
        """When the state was last reported."""
        return self.place.report.at if self.place.report else None


@dataclass(frozen=True)
class Group:
    """One table of the page; ``crowd`` tells whether head-counts belong in it."""

    name: str
    places: list[Row]
    crowd: bool
    empty: str = ""


def grouped(
    places: list[shelters.Place],
    boards: Mapping[int, Sequence[sheltering.BoardNotice]] | None = None,
) -> list[Group]:
    """Return the tables: open now, other shelters, other emergency sites; none hides a closed one."""
    hung = boards or {}
    rows = [
        Row(place, tuple(hung.get(place.facility.pk, ())))
        for place in places
        if place.site or place.shelter
    ]
    active = [row for row in rows if row.place.state in {"open", "full", "preparing"}]
    rest = [row for row in rows if row not in active]
    return [
        Group(
            _("開いている・準備中の所"),
            sorted(active, key=lambda row: row.place.state != "open"),
            True,
            _("いま、開いていると報告された所はありません。"),
        ),
        Group(
            _("指定避難所（泊まれる所）"),
            [row for row in rest if row.place.shelter],
            True,
            _("ありません。"),
        ),
        Group(
            _("指定緊急避難場所（命を守るために逃げる所）"),
            [row for row in rest if not row.place.shelter],
            False,
            _("ありません。"),
        ),
    ]


@audience(Audience.PUBLIC)
@for_everyone("shelters")
def listing(request: HttpRequest) -> bytes:
    """Render the list; the same for all readers of a language."""
    places = shelters.places(safety.occupancies(), heard=safety.heard())
    context = {
        "flooded": evacuation.sites_under_water(),
        "here": "/shelters/",
        "groups": grouped(places, sheltering.public_boards()),
        "live_map": livemap.config(
            places=in_world("/shelters/map.json"),
            obstacles=in_world("/map/obstacles.json"),
            shown=[],
        ),
    }
    return render_to_string("citizen/shelters.html", context, request=request).encode()
