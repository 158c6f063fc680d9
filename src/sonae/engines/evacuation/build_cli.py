"""``sonae evacuation build``: road files of a city → one memory-mapped walking network."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.engines.evacuation.network import FILE
from sonae.engines.evacuation.reach import describe
from sonae.engines.evacuation.roads import Box, build


class BoxType(click.ParamType[Box]):
    """West, south, east, north in degrees, joined by commas."""

    name = "西,南,東,北"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Box:
        """Return the four numbers; wrong usage when they are none, or the wrong way round."""
        try:
            west, south, east, north = (float(part) for part in str(value).split(","))
        except ValueError:
            self.fail("西,南,東,北 の4つの度数を , で区切ってください。", param, ctx)
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            self.fail("西 < 東、南 < 北 となる度数で書いてください。", param, ctx)
        return west, south, east, north


@click.command("build")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False),
              help=f"書き出し先のフォルダ（{FILE} を1つ作る）")  # fmt: skip
@click.option("--source", default="", help="出典（既定: ファイル名）")
@click.option("--date", default="", help="データの日付 YYYY-MM-DD")
@click.option("--bbox", type=BoxType(), help="この範囲にかかる道だけ（西,南,東,北の度数）")
@click.option("--dem", default="",
              help="標高（地理院 DEM PNG タイルのフォルダ、基盤地図情報DEM）。坂の勾配を求める")  # fmt: skip
@click.option("--defects", type=click.Path(path_type=Path, dir_okay=False),
              help="欠陥の一覧の書き出し先（JSON Lines）")  # fmt: skip
@click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
def build_network(
    files: tuple[Path, ...], out: Path, source: str, date: str, bbox: Box | None,
    dem: str, defects: Path | None, fmt: str | None,
) -> None:  # fmt: skip
    """FILE（OpenStreetMapの .osm・.osm.pbf・Overpass JSON、GeoJSON、GPKG、Shapefileのzip、CSV）から歩行者ネットワークを作る。

    自動車専用道路、立入禁止の道などを除き、理由ごとの件数を報告する。読めないファイルが1つでもあれば何も書き出さない。
    """
    with Rows(fmt) as rows:
        try:
            built = build(files, source=source, date=date, box=bbox, dem=dem, step=_say)
            built.network.save(out)
        except SonaeError as error:
            rows.refuse(error, "、".join(map(str, files)))
        except OSError as error:
            rows.refuse(SonaeError("unwritable", f"{out}に書けません：{error.strerror}"), str(out))
        else:
            told, facts = describe(built.network), built.network.facts
            islands = told.pop("islands")
            rows.add({
                "output": str(out / FILE), **told, "largest_island_nodes":
                max((one["nodes"] for one in islands), default=0),
                "lines": facts["lines"], "left_out": facts["left_out"], "defects": facts["defects"],
            })  # fmt: skip
            _write_defects(defects, [one.to_json() for one in built.defects])
    sys.exit(rows.status)


def _say(what: str) -> None:
    """Show progress on standard error."""
    click.echo(f"· {what} …", err=True)


def _write_defects(path: Path | None, found: list[dict[str, Any]]) -> None:
    """Write the defects, or say that there are some."""
    if path is not None:
        lines = (json.dumps(one, ensure_ascii=False) + "\n" for one in found)
        path.write_text("".join(lines), "utf-8")
    elif found:
        click.echo(f"欠陥が{len(found)}件あります。--defects FILE で一覧を書き出せます。", err=True)
