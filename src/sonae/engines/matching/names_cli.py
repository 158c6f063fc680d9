"""``sonae people compare`` and ``address``: two names, one address; no server, no database."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from json.encoder import encode_basestring
from pathlib import Path
from typing import Final

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.engines.matching import characters, towns
from sonae.engines.matching.addresses import Parser
from sonae.engines.matching.names import Names
from sonae.engines.reference import store
from sonae.engines.tables import decode, read_bytes

_AT_ONCE: Final = 20_000
FORMAT = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
REFERENCE = click.option(
    "--reference", type=click.Path(path_type=Path), metavar="DIR",
    help="参照データのフォルダー（既定: sonae reference load で取り込んだもの）",
)  # fmt: skip


def _lines(name: str) -> list[str]:
    """Return the lines of a file or of standard input, without their ends; none for an empty one."""
    text = decode(read_bytes(name), name)
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


@click.command()
@click.argument("file", default="-")
@REFERENCE
@FORMAT
def compare(file: str, reference: Path | None, fmt: str | None) -> None:
    """FILE（既定は標準入力）の各行にある、タブで区切った2つの氏名の近さを書き出す。

    exact（同じ）・variant（異体字を除いて同じ）・search（旧字・かな・ローマ字・順序の違い）・
    confusable（見間違えやすい・名の一部だけ・外字が不明）・different（違う）。
    """
    names = Names(characters.load(store.folder(reference)))
    with Rows(fmt) as rows:
        for left, right in _pairs(_lines(file), rows):
            tiers = names.tiers(left, right)
            if rows.format == "jsonl":
                rows.add_json(
                    [
                        f'{{"a":{encode_basestring(a)},"b":{encode_basestring(b)},"tier":"{tier}"}}'
                        for a, b, tier in zip(left, right, tiers, strict=True)
                    ]
                )
            else:
                rows.extend(
                    {"a": a, "b": b, "tier": tier}
                    for a, b, tier in zip(left, right, tiers, strict=True)
                )
    sys.exit(rows.status)


def _pairs(lines: list[str], rows: Rows) -> Iterator[tuple[list[str], list[str]]]:
    """Yield two columns at a time; a line that is no pair is refused with its number."""
    for start in range(0, len(lines), _AT_ONCE):
        left: list[str] = []
        right: list[str] = []
        for at, line in enumerate(lines[start : start + _AT_ONCE], start + 1):
            one, tab, other = line.partition("\t")
            if tab and "\t" not in other:
                left.append(one)
                right.append(other)
            else:
                error = SonaeError("bad_pair", "1行に、タブで区切った氏名を2つ書いてください。")
                rows.refuse(error, line[:200], row=at)
        if left:
            yield left, right


@click.command()
@click.argument("file", default="-")
@click.option(
    "--home",
    metavar="CITY",
    help="市区町村名のない住所を読むときの市区町村（例: 福島県会津若松市）",
)
@REFERENCE
@FORMAT
def address(file: str, home: str | None, reference: Path | None, fmt: str | None) -> None:
    """FILE（既定は標準入力）の各行の住所を、都道府県・市区町村・町字とその後に分ける。

    level は 0 読めない・1 都道府県・2 市区町村・3 町字。合併前の市町村名（former）、同じ名の市区町村
    （choices: 決められないとき）も書き出す。
    """
    folder = store.folder(reference)
    master = towns.load(folder)
    parser = Parser(master, characters.load(folder), _home(master, home))
    with Rows(fmt) as rows:
        rows.extend(parser.parse(line).to_json() for line in _lines(file))
    sys.exit(rows.status)


def _home(master: towns.Master, name: str | None) -> towns.City | None:
    """Return the municipality of a full name; `SonaeError` ``unknown_municipality``."""
    if not name:
        return None
    found = next((city for city in master.cities() if "".join(city) == name), None)
    if found is None:
        raise SonaeError(
            "unknown_municipality",
            f"市区町村がありません: {name}",
            "都道府県から書いてください。例: 福島県会津若松市",
        )
    return found
