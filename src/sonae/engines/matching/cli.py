"""``sonae people``: the verbs of the matching engines."""

from __future__ import annotations

import click

from sonae.engines.matching.match_cli import match


@click.group()
def group() -> None:
    """名簿と住民を照らし合わせる。登録されている住民を出力する。"""


group.add_command(match)
