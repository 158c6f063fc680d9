"""参照データ: what a reference folder holds, and taking official files into the installation's own.

A part is a compact file made from a published one; it is written whole or not at all, so that what was
good stays in force when a new file cannot be read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sonae.core.errors import SonaeError
from sonae.core.home import reference_store
from sonae.engines.matching import characters, towns


@dataclass(frozen=True)
class Part:
    """One kind of reference data: its ``file`` in the store, and how it is made from a folder."""

    name: str
    title: str
    file: str
    make: Callable[[Path, Path], int]


def _characters(source: Path, folder: Path) -> int:
    table = characters.load(source)
    if table is characters.BUILT_IN:
        raise SonaeError("reference_missing", f"{source}に縮退マップがありません。")
    characters.save(table, folder)
    return len({*table.variant, *table.search})


def _towns(source: Path, folder: Path) -> int:
    master = towns.load(source)
    master.save(folder)
    return sum(len(master.towns(city)) for city in master.cities())


PARTS: Final = (
    Part("characters", "文字の異体字", characters.FILE, _characters),
    Part("towns", "町字", towns.FILE, _towns),
)


def load(source: Path, store: Path) -> Iterator[dict[str, Any] | SonaeError]:
    """Take every part that a folder has into the store; yield what was taken, or why it was not.

    `SonaeError` ``reference_missing`` when the folder has none of them.
    """
    missing = []
    for part in PARTS:
        try:
            yield {"part": part.name, "title": part.title, **_taken(part, source, store)}
        except SonaeError as error:
            if error.code == "reference_missing":
                missing.append(error)
            else:
                yield error
    if len(missing) == len(PARTS):
        raise SonaeError(
            "reference_missing",
            f"{source}に参照データがありません。",
            "縮退マップ（mj_shrink_tables.json）か住所データ（japanese-addresses*.tar.gz）のあるフォルダーを指定してください。",
        )


def _taken(part: Part, source: Path, store: Path) -> dict[str, Any]:
    """Make one part beside the old one, then put it in its place."""
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=store) as folder:
        rows = part.make(source, Path(folder))
        (Path(folder) / part.file).replace(store / part.file)
    return {"rows": rows, "source": _source(store / part.file)}


def _source(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        return lines.readline().rstrip("\n").partition("\t")[2]


def held(store: Path) -> Iterator[dict[str, Any]]:
    """Yield what the store has: part, bytes and source; ``present`` False for what is missing."""
    for part in PARTS:
        path = store / part.file
        row: dict[str, Any] = {"part": part.name, "title": part.title, "present": path.is_file()}
        size, source = (path.stat().st_size, _source(path)) if path.is_file() else (0, "")
        yield row | {"bytes": size, "source": source}


def folder(named: Path | None) -> Path:
    """Return the folder to read: the one that was named, else the installation's store."""
    if named is not None and not named.is_dir():
        raise SonaeError("unreadable", f"フォルダーがありません: {named}")
    return named or reference_store()
