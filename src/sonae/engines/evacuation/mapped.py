"""Named columns in one file that opens without being read: a header, then the columns as they are.

Layout: 8 bytes ``SONAEMAP``, version and length of the header (two little-endian 32-bit numbers),
the header (JSON: facts, size, CRC-32 of the columns, and name, type, length and offset of each
column), then the columns, each at a multiple of 64 bytes. Processes that open one file share its
pages in memory.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonae.core.errors import SonaeError
from sonae.core.home import settle

_MAGIC, _VERSION, _ALIGN = b"SONAEMAP", 1, 64
_HEAD = struct.Struct("<8sII")
_TYPES = ("<f8", "<f4", "<i4", "|b1")
_MOST_HEADER = 16 * 2**20
_REMAKE = "ファイルを作り直すか、もう一度写してください。"


def write(path: Path, facts: Mapping[str, Any], columns: Mapping[str, NDArray[Any]]) -> None:
    """Write one-dimensional ``columns`` and ``facts`` (JSON) to ``path``: whole, or not at all."""
    offset, checksum, listed = 0, 0, []
    for name, values in columns.items():
        listed.append([name, values.dtype.str, len(values), offset])
        body = values.tobytes() + bytes(-values.nbytes % _ALIGN)
        checksum = zlib.crc32(body, checksum)
        offset += len(body)
    head = {"facts": facts, "columns": listed, "bytes": offset, "crc32": checksum}
    header = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    header += b" " * (-(len(header) + _HEAD.size) % _ALIGN)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write(_HEAD.pack(_MAGIC, _VERSION, len(header)) + header)
            for values in columns.values():
                file.write(values.tobytes() + bytes(-values.nbytes % _ALIGN))
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    settle(path.parent)


def read(path: Path, *, check: bool = False) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the facts and the columns, which are views into the file and cannot be written.

    ``check`` compares the columns with their checksum. Raises SonaeError ``unreadable``.
    """
    try:
        with path.open("rb") as file:
            header, start = _header(file.read(_HEAD.size), file.read, path.name)
            size = os.fstat(file.fileno()).st_size
            if size != start + header["bytes"]:
                raise _refused(f"{path.name}は途中で切れています。")
            whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if check and zlib.crc32(memoryview(whole)[start:]) != header["crc32"]:
            raise _refused(f"{path.name}の中身が、書かれたときと違います。")
        columns = {
            name: _column(whole, kind, length, start + offset)
            for name, kind, length, offset in header["columns"]
        }
        return dict(header["facts"]), columns
    except OSError as error:
        raise _refused(f"{path.name}を開けません：{os.strerror(error.errno or 0)}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _refused(f"{path.name}を読めません。") from error


def _header(fixed: bytes, more: Any, name: str) -> tuple[dict[str, Any], int]:
    """Return the header and where the columns begin."""
    if len(fixed) < _HEAD.size or not fixed.startswith(_MAGIC):
        raise _refused(f"{name}はSonaeのファイルではありません。")
    _, version, length = _HEAD.unpack(fixed)
    if version != _VERSION or length > _MOST_HEADER:
        raise _refused(f"{name}は、この版では読めません。")
    header = json.loads(more(length))
    if not isinstance(header["bytes"], int):
        raise _refused(f"{name}を読めません。")
    return header, _HEAD.size + length


def _column(whole: mmap.mmap, kind: str, length: int, offset: int) -> NDArray[Any]:
    """Return one column; ValueError when the file cannot hold it."""
    if kind not in _TYPES or length < 0 or offset % 8:
        raise ValueError(kind)
    return np.frombuffer(whole, np.dtype(kind), length, offset) if length else np.zeros(0, kind)


def _refused(detail: str) -> SonaeError:
    return SonaeError("unreadable", detail, _REMAKE)
