"""Rosters as files: lines with what was read, and the report of defects; safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from sonae.core.clock import JST
from sonae.domains.rosters import interface as rosters
from sonae.platform.access import Audience, actor_of, audience
from sonae.web import states, tablefile, words
from sonae.web.staff import rosterwords

_AT_ONCE = 2000


@audience(Audience.OPERATOR)
def defects(request: HttpRequest, pk: int) -> HttpResponse:
    """Return everything that is wrong with a roster."""
    actor = actor_of(request)
    roster = rosters.roster_named(actor, pk)
    rosters.look(actor, pk, "roster_defects_exported")
    heading = [_("行"), _("列"), _("値"), _("何が"), _("くわしく"), _("したこと")]
    found = (rosterwords.defect(one) for one in roster.defects)
    keys = ("row", "column", "value", "name", "detail", "done")
    rows = ([str(one[key]) for key in keys] for one in found)
    return tablefile.as_file("csv", f"defects-{pk}", roster.name, heading, rows)


@audience(Audience.OPERATOR)
def as_table(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Return the lines of a roster as CSV or XLSX; that they were given out is recorded."""
    actor = actor_of(request)
    roster = rosters.roster_named(actor, pk)
    count = rosters.look(actor, pk, "roster_exported")
    where = roster.facility.name if roster.facility else roster.place
    title = f"{roster.name} {where} {words.spoken(roster.as_of.astimezone(JST), 'long')}"
    heading = [_("行"), _("世帯・カード番号"), _("氏名"), _("フリガナ"), _("性別"), _("生年月日"), _("年齢"),
               _("住所"), _("電話番号"), _("備考"), _("照合")]  # fmt: skip
    rows = _rows(request, pk, count)
    return tablefile.as_file(kind, f"roster-{pk}", title, heading, rows)


def _rows(request: HttpRequest, pk: int, count: int) -> Iterator[list[str]]:
    """Give the lines in the paper's order."""
    for start in range(0, count, _AT_ONCE):
        for one in rosters.lines_of(actor_of(request), pk, _AT_ONCE, start):
            line = one.line
            yield [
                str(line.row), "" if line.group.startswith("〃") else line.group, line.name,
                line.kana, rosterwords.sex(line.sex), line.birth_date, line.age, line.address,
                line.phone, line.said.get("note", ""), states.state("roster_line", one.state)[0],
            ]  # fmt: skip
