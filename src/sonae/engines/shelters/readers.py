"""One door for lists of facilities of any kind."""

from __future__ import annotations

from pathlib import Path

from sonae.core.errors import SonaeError
from sonae.engines import tables
from sonae.engines.shelters.gsi import read_geojson
from sonae.engines.shelters.listing import Defect, Listed
from sonae.engines.shelters.table import read_csv, read_xlsx

_JSON = {".json", ".geojson"}


def read_list(path: Path) -> tuple[list[Listed], list[Defect]]:
    """Read one list: its facilities and its defects. Raises SonaeError when nothing can be read."""
    raw = tables.read_bytes(str(path))
    if not raw.strip():
        raise SonaeError("empty_file", f"{path.name}は空です。前のデータを使い続けてください。")
    if path.suffix.lower() in _JSON:
        return read_geojson(tables.decode(raw, path.name), path.name)
    if path.suffix.lower() == ".xlsx":
        return read_xlsx(raw, path.name)
    return read_csv(tables.decode(raw, path.name), path.name)
