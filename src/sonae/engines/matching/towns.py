"""町字マスター: the towns of Japan by municipality, from an official-style archive to one compact file.

Read are the JSON files of the Geolonia 住所データ (an archive or its unpacked folder): ``api/ja/県/市.json``
holding ``[{"town", "koaza", "lat", "lng"}]``. The compact file has one line a town under one line a
municipality; a municipality is divided into lines only when it is asked for, so that opening all of
Japan costs what reading the file costs.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from sonae.core.errors import SonaeError

FILE: Final = "towns.tsv"
SOURCE: Final = "Geolonia 住所データ CC BY 4.0（国土交通省「位置参照情報」等から作成）"
_HEAD: Final = "# sonae towns 1"
_LARGEST: Final = 64 << 20
"""Bytes of one member of an archive, and of a file: the largest city has less than a hundredth."""


class Town(NamedTuple):
    """町字: ``name`` with its 丁目, ``koaza`` (小字, often empty), degrees or None."""

    name: str
    koaza: str
    lat: float | None
    lon: float | None


City = tuple[str, str]
"""Prefecture and municipality, 郡 and ward included: ``("長崎県", "西彼杵郡長与町")``."""


@dataclass
class Master:
    """All municipalities with their towns; ``source`` names who made the data."""

    source: str
    _lines: Mapping[City, str]
    _read: dict[City, list[Town]] = field(default_factory=dict)

    def cities(self) -> list[City]:
        """Return every municipality (wards of a large city one by one)."""
        return list(self._lines)

    def towns(self, city: City) -> list[Town]:
        """Return the towns of a municipality; empty when there is none of that name."""
        found = self._read.get(city)
        if found is None:
            found = self._read[city] = [
                _town(line) for line in self._lines.get(city, "").split("\n") if line
            ]
        return found

    def text(self, city: City) -> str:
        """Return the municipality's lines as stored: one town each, its name first."""
        return self._lines.get(city, "")

    def save(self, folder: Path) -> Path:
        """Write the compact file into a folder."""
        path = folder / FILE
        with path.open("w", encoding="utf-8") as out:
            out.write(f"{_HEAD}\t{self.source}\n")
            for (prefecture, city), lines in self._lines.items():
                out.write(f"@{prefecture}\t{city}\n{lines}\n")
        return path

    @classmethod
    def of(cls, cities: Mapping[City, list[Town]], source: str = "") -> Master:
        """Make a master of towns that are at hand, such as one city's own."""
        return cls(source, {city: "\n".join(map(_line, towns)) for city, towns in cities.items()})


def _line(town: Town) -> str:
    lat, lon = ("" if value is None else f"{value:.6f}" for value in (town.lat, town.lon))
    return "\t".join((*(" ".join(part.split()) for part in town[:2]), lat, lon))


def _town(line: str) -> Town:
    name, koaza, lat, lon = line.split("\t")
    return Town(name, koaza, float(lat) if lat else None, float(lon) if lon else None)


def load(folder: Path) -> Master:
    """Return the master of a reference folder: the compact file, else the published archive.

    `SonaeError` ``reference_missing`` when the folder has neither.
    """
    if (path := folder / FILE).is_file():
        return _compact(path)
    for place in (folder, folder / "address-master", folder / "people" / "address-master"):
        for archive in sorted(place.glob("japanese-addresses*.tar.gz")):
            return read_archive(archive)
        if (place / "api" / "ja").is_dir():
            return read_folder(place / "api" / "ja")
    raise SonaeError(
        "reference_missing",
        "町字のデータがありません。",
        "sonae reference load DIR で取り込むか、--reference DIR で指定してください。",
    )


def _compact(path: Path) -> Master:
    head, _, body = path.read_text("utf-8").partition("\n")
    if not head.startswith(_HEAD):
        raise SonaeError(
            "bad_reference",
            f"{path}の版が違います。",
            "sonae reference load をやり直してください。",
        )
    lines: dict[City, str] = {}
    for part in body.removeprefix("@").split("\n@"):
        name, _, towns = part.partition("\n")
        prefecture, tab, city = name.partition("\t")
        if tab:
            lines[prefecture, city] = towns.rstrip("\n")
    return Master(head.partition("\t")[2], lines)


def read_archive(path: Path) -> Master:
    """Read a published ``.tar.gz``; members that are no town lists are passed over, nothing is unpacked."""
    found: dict[City, list[Town]] = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                city = _city(Path(member.name))
                content = archive.extractfile(member) if city and member.isfile() else None
                if city and content is not None:
                    found[city] = list(_towns(content, member.size, member.name))
    except (OSError, tarfile.TarError, EOFError) as error:
        raise SonaeError("unreadable", f"{path.name}を書庫として読めません。") from error
    return _checked(found, path.name)


def read_folder(folder: Path) -> Master:
    """Read the unpacked folder ``api/ja``."""
    found: dict[City, list[Town]] = {}
    for path in sorted(folder.glob("*/*.json")):
        if city := _city(path):
            with path.open("rb") as content:
                found[city] = list(_towns(content, path.stat().st_size, path.name))
    return _checked(found, str(folder))


def _city(path: Path) -> City | None:
    """Return prefecture and municipality of ``…/県/市.json``."""
    prefecture = path.parent.name
    known = path.suffix == ".json" and prefecture.endswith(("都", "道", "府", "県"))
    return (prefecture, path.stem) if known else None


def _towns(content: IO[bytes], size: int, name: str) -> Iterator[Town]:
    if size > _LARGEST:
        raise SonaeError("too_large", f"{name}は大きすぎます。")
    try:
        rows = json.loads(content.read())
        if not isinstance(rows, list):
            raise TypeError(rows)
        for row in rows:
            yield Town(
                str(row["town"]),
                str(row.get("koaza") or ""),
                _degrees(row.get("lat")),
                _degrees(row.get("lng")),
            )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SonaeError("unreadable", f"{name}を町字の一覧として読めません。") from error


def _degrees(value: Any) -> float | None:
    return None if value is None else float(value)


def _checked(found: dict[City, list[Town]], name: str) -> Master:
    if not found:
        raise SonaeError("empty_file", f"{name}に町字の一覧がありません。")
    return Master.of(found, SOURCE)
