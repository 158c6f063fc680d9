"""``sonae people``: the verbs of the matching engines that start at once (`sonae.cli` knows the others)."""

from __future__ import annotations

import click

from sonae.engines.matching.names_cli import address, compare


@click.group()
def group() -> None:
    """名簿と住民を照らし合わせ、氏名を比べ、住所を読む。登録されている住民を出力する。"""


group.add_command(compare)
group.add_command(address)
