"""Archives (zip) as public offices send them: unpacked safely, names in CP932 or UTF-8."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from sonae.core.errors import SonaeError

MOST_BYTES = 4_000_000_000
"""A prefecture's largest hazard file is about 2 GB unpacked."""
MOST_RATIO = 200
MOST_FILES = 200_000
_UTF8_NAMES = 0x800


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Yield a temporary folder with the archive's content; SonaeError when it is unsafe or broken."""
    folder = Path(tempfile.mkdtemp(prefix="sonae-zip-"))
    try:
        _extract(path, folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _extract(path: Path, folder: Path) -> None:
    """Write the members below ``folder``; sizes are counted while writing, never believed."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            room = min(MOST_BYTES, max(path.stat().st_size * MOST_RATIO, 10_000_000))
            if len(members) > MOST_FILES:
                raise SonaeError("too_large", f"{path.name}に入っているファイルが多すぎます。")
            for member in members:
                target = folder / safe_name(member)
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, target.open("wb") as out:
                    room = _copy(source, out, room, path.name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise SonaeError(
            "unreadable",
            f"{path.name}をzipとして開けません。",
            "パスワードのない、壊れていないzipか確かめてください。",
        ) from error


def _copy(source: object, out: object, room: int, name: str) -> int:
    """Copy one member; return the room that is left."""
    while block := source.read(1 << 20):  # type: ignore[attr-defined]
        room -= len(block)
        if room < 0:
            raise SonaeError("too_large", f"{name}は、展開すると大きすぎます。")
        out.write(block)  # type: ignore[attr-defined]
    return room


def safe_name(member: zipfile.ZipInfo) -> Path:
    """Return where a member goes below the folder: no root, no ``..``, names read as CP932 if not UTF-8."""
    name = member.filename
    if not member.flag_bits & _UTF8_NAMES:
        try:
            name = name.encode("cp437").decode("cp932")
        except UnicodeError:
            name = member.filename
    parts = [
        part
        for part in PurePosixPath(name.replace("\\", "/")).parts
        if part not in ("", ".", "..", "/") and not part.endswith(":")
    ]
    return Path(*parts) if parts else Path("_")
