"""``sonae shelters load``: a list of facilities into the running city, after a person agreed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.domains.safety import interface as safety
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import FacilityList, Upload
from sonae.engines.tables import read_bytes
from sonae.platform import worlds
from sonae.platform.access import SYSTEM
from sonae.web.commands.place import serving
from sonae.web.staff import listwords


@click.command("load")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--origin", type=click.Choice(shelters.ORIGINS), default="municipal", show_default=True,
              help="国の一覧か、市の一覧か")  # fmt: skip
@click.option("--compare", is_flag=True, help="入れ替えず、いまの一覧とくらべるだけ")
@click.option("--elsewhere", is_flag=True,
              help="--compare で、県全体の一覧など、ほかの市の施設が多い一覧でも受け取る")  # fmt: skip
@click.option("--source", default="", help="出典（画面に出る）")
@click.option("--date", "source_date", default="", help="何日現在か（2026-04-01）")
@click.option("--confirm", is_flag=True, help="変わるところを確かめたので、使い始める")
@click.option("--agree", "agreed", multiple=True, metavar="KEY",
              help="確かめた疑わしい変更（出力の doubt の key）。何度でも指定できる")  # fmt: skip
@click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
def load(
    files: tuple[Path, ...], origin: str, compare: bool, source: str, source_date: str,
    confirm: bool, agreed: tuple[str, ...], elsewhere: bool, fmt: str | None,
) -> None:  # fmt: skip
    """FILE（指定緊急避難場所と指定避難所が別なら両方）を市の施設の一覧として受け取り、変わるところを1行ずつ書き出す。

    --confirm がなければ決定待ちのままで、何も変わらない（職員の画面からも決められる）。疑わしい変更があるときは、
    --agree でそれぞれに同意するまで使い始めない。
    """
    code = serving()
    with Rows(fmt) as rows, worlds.entered(code):
        try:
            sent = [Upload(path.name, read_bytes(str(path))) for path in files]
            edition = shelters.take_in(
                SYSTEM, sent, purpose="compare" if compare else "replace", origin=origin,
                source=source, source_date=source_date, elsewhere=elsewhere,
            )  # fmt: skip
            if edition.state == "refused":
                told = edition.result
                raise SonaeError(told["error"], told["detail"], told["hint"])
            if compare:
                rows.extend(_questions())
            else:
                _replace(rows, edition, confirm, agreed)
        except SonaeError as error:
            rows.refuse(error, "、".join(str(path) for path in files))
    sys.exit(rows.status)


def _replace(rows: Rows, edition: FacilityList, confirm: bool, agreed: tuple[str, ...]) -> None:
    """Print what the list changes; put it in force when that was asked for."""
    seen = shelters.stamp()
    found = shelters.preview_of(edition, safety.occupancies())
    rows.extend(_lines(found))
    if confirm:
        shelters.put_in_force(
            SYSTEM, edition.pk, seen=seen, agreed=agreed, people=safety.occupancies
        )
        click.echo("この一覧を使い始めました。", err=True)
    else:
        click.echo(
            "まだ何も変えていません。--confirm を付けるか、職員の画面で決めてください。", err=True
        )


def _line(status: str, **more: Any) -> dict[str, Any]:
    """Return one line of the output; every line has the same columns."""
    columns = ("id", "name", "field", "before", "after", "key", "detail")
    return {"status": status, **{name: more.get(name) for name in columns}}


def _lines(found: shelters.Preview) -> list[dict[str, Any]]:
    """Return doubts, places and values that change, and rows left out."""
    lines = [
        _line("doubt", key=one.key, detail=one.sentence)
        for one in map(listwords.doubt, found.doubts)
    ]
    fresh = [found.after[at] for at in found.fresh]
    lines += [_line("new", id=one.id, name=one.name) for one in fresh]
    for back in found.returning:
        row = back.place.facility
        lines.append(_line("returns", id=row.public_id, name=row.name, detail="前に外れた施設"))
    gone = [place.facility for place in found.gone]
    lines += [_line("gone", id=row.public_id, name=row.name) for row in gone]
    for kept in found.retained:
        row = kept.place.facility
        lines.append(_line("retained", id=row.public_id, name=row.name, detail="使用中なので残す"))
    for (old, _new), changes in found.changes.changed.items():
        row = found.before[old].facility
        lines += [
            _line("changed", id=row.public_id, name=row.name, **one.to_json()) for one in changes
        ]
    for listed, why in found.left_out:
        detail = f"{listed.input} {listed.row}行目：{listwords.problem_name(why)}"
        lines.append(_line("left_out", id=listed.id, name=listed.name, detail=detail))
    return lines


def _questions() -> list[dict[str, Any]]:
    """Return what the list in force and the other one say differently and nobody settled."""
    return [
        _line("difference", id=one.place.facility.public_id, name=one.place.facility.name,
              field=told.field, before=told.national, after=told.municipal, detail="国 / 市")
        for one in shelters.questions() if one.place
        for told in one.open
    ]  # fmt: skip
