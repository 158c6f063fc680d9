"""``sonae reference``: take official reference data in, and show what is there."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sonae.core.errors import SonaeError
from sonae.core.home import reference_store
from sonae.core.rows import FORMATS, Rows
from sonae.engines.reference import store

FORMAT = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)


@click.group()
def group() -> None:
    """文字の異体字、町字などの参照データを取り込む。"""


@group.command()
@click.argument("folder", type=click.Path(path_type=Path))
@FORMAT
def load(folder: Path, fmt: str | None) -> None:
    """FOLDER にある公表データを読み、この設置の参照データにする。

    読むもの: MJ縮退マップ（mj_shrink_tables.json。CC BY-SA 2.1 JP）、Geolonia住所データ
    （japanese-addresses*.tar.gz か、展開したフォルダー。CC BY 4.0）。読めないものは取り込まず、前のデータがそのまま残る。
    """
    with Rows(fmt) as rows:
        try:
            for taken in store.load(store.folder(folder), reference_store()):
                if isinstance(taken, SonaeError):
                    rows.refuse(taken, str(folder))
                else:
                    rows.add(taken)
        except SonaeError as error:
            rows.refuse(error, str(folder))
    sys.exit(rows.status)


@group.command()
@FORMAT
def show(fmt: str | None) -> None:
    """参照データの有無と出典を書き出す。"""
    with Rows(fmt) as rows:
        rows.extend(store.held(reference_store()))
