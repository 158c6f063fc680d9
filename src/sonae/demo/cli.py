"""``sonae demo``: the invented city, its 72 hours, and a real city's open data."""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from sonae.core.errors import SonaeError
from sonae.demo import load
from sonae.demo.city import generate
from sonae.demo.frame import Size
from sonae.domains.municipalities import interface as municipalities
from sonae.platform import worlds
from sonae.platform.scope import World

_told = Console(stderr=True)
NO_MUNICIPALITY: Final = 3
"""Exit status of ``demo accounts`` by which ``./dev start`` knows that a city is to be made."""


@click.group("demo")
def group() -> None:
    """架空の市「備え市」で試す。"""


@group.command()
@click.option("--size", type=click.Choice(["full", "small"]), default="full", show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="同じ数なら同じ市になる")
def create(size: Size, seed: int) -> None:
    """備え市を作る（前の備え市は消して作り直す）。"""
    begun = time.monotonic()
    with _told.status("備え市を作っています…") as status:
        city = generate(size, seed)
        try:
            load.create(city, step=lambda name: status.update(f"備え市：{name}…"))
        except SonaeError as error:
            _told.print(f"[red]{error.detail}[/red]")
            sys.exit(1)
    people, homes = len(city.register.residents["name"]), len(city.register.households["number"])
    _told.print(
        f"備え市ができました：{people:,}人、{homes:,}世帯（{time.monotonic() - begun:.1f}秒）"
    )
    _told.print(load.accounts_text(), soft_wrap=True)


@group.command()
def accounts() -> None:
    """ログインできる人と、まず試すことを表示する（市区町村がまだなければ 3 で終わる）。"""
    if not municipalities.Municipality.objects.exists():
        sys.exit(NO_MUNICIPALITY)
    code = municipalities.serving_code()
    if code is None:
        return
    with worlds.entered(code):
        if municipalities.municipality().is_demo:
            _told.print(load.accounts_text(), soft_wrap=True)


@group.command()
@click.option(
    "--speed", type=click.FloatRange(1, 20000), default=600.0, show_default=True, help="何倍速か"
)
@click.option(
    "--hours", type=click.FloatRange(0.1, 72), default=72.0, show_default=True, help="何時間分か"
)
@click.option("--take-over", is_flag=True, help="画面で再生中でも、止めてここで続ける")
def play(speed: float, hours: float, take_over: bool) -> None:
    """72時間の災害を訓練として再生する（Ctrl-C で止まり、続きから再開できる）。"""
    from sonae.demo import play as script

    code = municipalities.serving_code()
    if code is None:
        raise SonaeError("no_municipality", "先に sonae demo create で備え市を作ってください。")
    with worlds.entered(code, World.EXERCISE):
        script.run(speed=speed, hours=hours, tell=_told.print, take_over=take_over)


def _real(name: str, module: str, data: Path, people: int) -> None:
    """Make a city of real data and say what was made."""
    city = import_module(f"sonae.demo.{module}")
    with _told.status(f"{name}を読み込んでいます…") as status:
        made = city.create(data, people, step=lambda part: status.update(f"{name}：{part}…"))
    _told.print(made)
    _told.print(load.accounts_text(), soft_wrap=True)


_DATA = click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="実データのフォルダ",
)
_PEOPLE = click.option(
    "--people",
    type=click.IntRange(100, 200_000),
    default=20_000,
    show_default=True,
    help="作る住民の数",
)


@group.command()
@_DATA
@_PEOPLE
def ube(data: Path, people: int) -> None:
    """宇部市の実データ（道路・避難先・町字）に、架空の住民と浸水域を載せる。"""
    _real("宇部市", "ube", data, people)


@group.command()
@_DATA
@_PEOPLE
def numazu(data: Path, people: int) -> None:
    """沼津市の実データ（避難先・町字）に、架空の住民と道路を載せる。危険区域は sonae hazard load で。"""
    _real("沼津市", "numazu", data, people)
