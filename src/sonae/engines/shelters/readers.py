"""One door for lists of facilities of any kind."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from sonae.core.errors import SonaeError
from sonae.engines import tables
from sonae.engines.shelters.gsi import read_geojson
from sonae.engines.shelters.listing import Defect, Listed, Reading
from sonae.engines.shelters.table import read_csv, read_xlsx
from sonae.engines.shelters.vector import read_vector

_JSON: Final = {".json", ".geojson"}
_MAPS: Final = {".zip", ".shp", ".gpkg", ".fgb", ".gml"}
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
SUFFIXES: Final = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", *sorted(_JSON), *sorted(_MAPS))
"""Kinds of files that can be read."""


def read_list(path: Path) -> tuple[list[Listed], list[Defect]]:
    """Read one list: its facilities and its defects. Raises SonaeError when nothing can be read."""
    found = read_file(path)
    return found.listed, found.defects


def read_file(path: Path) -> Reading:
    """Read one list with its heading. Raises SonaeError when nothing can be read."""
    if path.suffix.lower() in _MAPS - {".zip"} and path.is_file() and path.stat().st_size:
        return read_vector(path)
    return read_bytes(tables.read_bytes(str(path)), path.name)


def read_bytes(raw: bytes, name: str) -> Reading:
    """Read one list as it was sent. Raises SonaeError ``empty_file``, ``unreadable`` and others."""
    suffix = Path(name).suffix.lower()
    if not raw.strip(b"\x00\t\r\n \xef\xbb\xbf"):
        raise SonaeError("empty_file", f"{name}は空です。前のデータを使い続けてください。")
    if raw.startswith(_OLD_EXCEL):
        raise SonaeError(
            "unreadable",
            f"{name}は古いExcelの形（.xls）です。",
            "xlsxかCSVで保存し直してください。",
        )
    if suffix in _MAPS:
        return _map(raw, suffix, name)
    if suffix in {".xlsx", ".xlsm"} or raw.startswith(b"PK\x03\x04"):
        return read_xlsx(raw, name)
    text = tables.decode(raw, name)
    if suffix in _JSON or text.lstrip("\ufeff \r\n\t").startswith("{"):
        return read_geojson(text, name)
    return read_csv(text, name)


def _map(raw: bytes, suffix: str, name: str) -> Reading:
    """Read map data that was sent: its library reads files only."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"list{suffix}"
        path.write_bytes(raw)
        found = read_vector(path)
    listed = [Listed(**{**one.__dict__, "input": name}) for one in found.listed]
    defects = [Defect(**{**one.__dict__, "input": name}) for one in found.defects]
    return Reading(listed, defects, found.headings, found.fields)
