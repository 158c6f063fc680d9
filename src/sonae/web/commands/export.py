"""``sonae export``: the city's geodata as files, for the open-data page's visitors and other systems."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.domains.municipalities import interface as municipalities
from sonae.engines.shelters.standard import Unencodable
from sonae.platform import worlds
from sonae.web.commands.place import serving
from sonae.web.opendata import files, licence
from sonae.web.opendata.sets import PUBLIC_SETS, DataSet, set_of

_FORMAT = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)


@click.group("export")
def export() -> None:
    """公開データ（避難場所、町字、危険区域など）をファイルに書き出す。"""


@export.command("list")
@_FORMAT
def list_sets(fmt: str | None) -> None:
    """書き出せるデータと形式を示す。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        for data in PUBLIC_SETS:
            forms = [form.id for form in files.forms_of(data)]
            rows.add({"data": data.id, "title": str(data.title), "forms": " ".join(forms)})


@export.command("write")
@click.argument("data", nargs=-1)
@click.option(
    "--as", "form", default="gpkg", show_default=True,
    type=click.Choice([form.id for form in files.FORMS]),
    help="gpkg と geojson と fgb は地図データ、csv は自治体標準（UTF-8 BOM）、csv-sjis は Shift_JIS、osm はOSMのタグ",
)  # fmt: skip
@click.option(
    "--to", "path", required=True, type=click.Path(path_type=Path, dir_okay=False),
    help="書き出すファイル",
)  # fmt: skip
@_FORMAT
def write(data: tuple[str, ...], form: str, path: Path, fmt: str | None) -> None:
    """DATA（export list の名前）をファイルに書く。名前なしの gpkg は全部を1つに入れる。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        try:
            sets = [_public(name) for name in data] or list(PUBLIC_SETS)
            lost = files.write(path, files.form_of(form), sets)
        except SonaeError as error:
            rows.refuse(error, str(path))
        except OSError as error:
            reason = SonaeError("unwritable", f"{path} に書けません：{error.strerror}")
            rows.refuse(reason, str(path))
        else:
            names = " ".join(one.id for one in sets)
            rows.add({"file": str(path), "data": names, "bytes": path.stat().st_size,
                      "replaced_characters": len(lost)})  # fmt: skip
            for one in lost:
                rows.refuse(_missing(one), str(path), **one.to_json())
    sys.exit(rows.status)


def _missing(one: Unencodable) -> SonaeError:
    """Return the refusal of one character that Shift_JIS lacks; what stands there instead is told."""
    told = f"{one.row}行目の{one.column}「{one.value}」の「{one.character}」は Shift_JIS にありません。"
    return SonaeError(
        "not_encodable", told, f"{one.instead} に置き換えました。UTF-8 の csv なら残ります。"
    )


def _public(name: str) -> DataSet:
    """Return a public set: what is for staff leaves by the API only, to a known caller."""
    found = set_of(name)
    if not found.public:
        raise SonaeError("forbidden", f"{name} は公開データではありません。")
    return found


@export.command("licence")
@click.option("--name", required=True, help="利用条件の名前（例: CC BY 4.0）")
@click.option("--url", default="", help="利用条件の本文の住所")
def set_licence(name: str, url: str) -> None:
    """公開データの利用条件を決める（公開データのページとファイルに示す）。"""
    with worlds.entered(serving()):
        licence.set_licence(name, url)
        click.echo(f"{municipalities.municipality().name} の公開データ: {name} {url}".strip())
