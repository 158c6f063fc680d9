"""Tables of text (CSV) as people send them: UTF-8 with or without BOM, Shift_JIS, EUC-JP, any column order."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sonae.core.errors import SonaeError


def decode(raw: bytes, name: str) -> str:
    """Return the text; SonaeError ``encoding``, with the lines that are written otherwise, for a mixture.

    Known are UTF-8 and UTF-16, Shift_JIS and EUC-JP.
    """
    return decoded(raw, name)[0]


def decoded(raw: bytes, name: str) -> tuple[str, str]:
    """Return the text and its encoding; errors as `decode` has them."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _utf16(raw, name), "utf-16"
    try:
        return raw.decode("utf-8-sig"), "utf-8-sig"
    except UnicodeDecodeError:
        found = _japanese(raw)
    strange = _strange_lines(raw)
    if found is None or strange:
        told = "、".join(map(str, strange[:10])) + ("行目ほか" if len(strange) > 10 else "行目")
        rows = f"{told}の文字コードが、ほかの行とちがいます。" if strange else ""
        raise SonaeError(
            "encoding", f"{name}の文字コードを判別できません。{rows}",
            "1つの文字コード（UTF-8・Shift_JIS・EUC-JPのどれか）で保存し直してください。",
        )  # fmt: skip
    return found


def _strange_lines(raw: bytes) -> list[int]:
    """Return the numbers of the lines that are not written as the first that tells is.

    Of an older encoding is what is no UTF-8. A line in UTF-8 may well be sound as Shift_JIS too, and
    read as nonsense: one that somebody has added must not pass for what it is not.
    """
    first, strange = "", list[int]()
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if line.isascii():
            continue
        text = _strictly(line, "utf-8")
        older = any(_strictly(line, one) is not None for one in _OLDER)
        kind = "utf-8" if text and (not older or max(text) >= "\u3000") else "older"
        first = first or kind
        if kind != first or (kind == "older" and not older):
            strange.append(number)
    return strange


def _japanese(raw: bytes) -> tuple[str, str] | None:
    """Return what Shift_JIS or EUC-JP bytes say and which it is, None when they are neither.

    Bytes may be sound as both. Those of EUC-JP then read as Shift_JIS as half-width kana with stray
    kanji between; a table of half-width kana alone is Shift_JIS.
    """
    shift, euc = _strictly(raw, "cp932"), _strictly(raw, "euc_jp")
    if shift is None or euc is None:
        kept, name = (euc, "euc_jp") if shift is None else (shift, "cp932")
        return None if kept is None else (kept, name)
    wide = [one for one in shift if not (one.isascii() or "\uff61" <= one <= "\uff9f")]
    syllables = sum("\u3041" <= one <= "\u30fe" for one in euc)
    rather_euc = bool(wide) or syllables * 10 > sum(not one.isascii() for one in euc)
    return (euc, "euc_jp") if rather_euc else (shift, "cp932")


_OLDER: Final = ("cp932", "euc_jp")


def _strictly(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _utf16(raw: bytes, name: str) -> str:
    """Return text that a spreadsheet saved as "Unicode text"."""
    try:
        return raw.decode("utf-16")
    except UnicodeDecodeError as error:
        raise SonaeError(
            "encoding", f"{name}の文字コードを判別できません。", "UTF-8で保存してください。"
        ) from error


def read_bytes(name: str) -> bytes:
    """Return a file's bytes, or standard input's for ``-``; SonaeError ``unreadable``."""
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise SonaeError(
            "unreadable",
            f"{name}を開けません：{os.strerror(error.errno or 0)}",
            "ファイルの場所と名前、読む権限を確かめてください。",
        ) from error


@contextmanager
def reading_csv(name: str) -> Iterator[None]:
    """Turn what the csv module refuses, a cell of more than 131,072 characters, into a SonaeError.

    Such a cell is a quotation mark that was never closed: it would swallow the rest of the file.
    """
    try:
        yield
    except csv.Error as error:
        raise SonaeError(
            "unreadable",
            f"{name}を表（CSV）として読めません：{error}",
            '引用符「"」が閉じられているか、確かめてください。',
        ) from error


def json_value(text: str, name: str) -> Any:
    """Return what a JSON text holds; SonaeError ``unreadable`` when it is none or nested too deep."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SonaeError("unreadable", f"{name}をJSONとして読めません。") from error


def rows(name: str, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number from 2, column → trimmed text) of a CSV with a heading line.

    Raises SonaeError ``empty_file`` or ``missing_columns`` before the first row, ``unreadable`` where
    the table breaks off; the rows before that are good.
    """
    reader = csv.DictReader(io.StringIO(decode(read_bytes(name), name), newline=""))
    with reading_csv(name):
        columns = [column.strip() for column in reader.fieldnames or []]
    if not columns:
        raise SonaeError("empty_file", f"{name}は空です。", f"見出しは {','.join(needed)} です。")
    if lacking := [column for column in needed if column not in columns]:
        raise SonaeError(
            "missing_columns",
            f"{name}に列 {', '.join(lacking)} がありません。",
            f"見出しは {','.join(needed)} です。",
        )
    reader.fieldnames = columns
    return _rows(reader, name)


def _rows(reader: csv.DictReader[str], name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows that are not blank."""
    with reading_csv(name):
        for row in reader:
            values = {k: (text or "").strip() for k, text in row.items() if isinstance(k, str)}
            if any(values.values()):
                yield reader.line_num, values


def degrees(row: dict[str, str]) -> tuple[float, float]:
    """Return latitude and longitude of a row; SonaeError ``bad_position`` names the value."""
    try:
        lat, lon = float(row["lat"]), float(row["lon"])
    except ValueError as error:
        raise SonaeError(
            "bad_position", f"緯度経度が数ではありません：{row['lat']!r}, {row['lon']!r}"
        ) from error
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        hint = "緯度と経度が逆ではありませんか。" if -90 <= lon <= 90 else ""
        raise SonaeError("bad_position", f"緯度経度の範囲外です：{lat}, {lon}", hint)
    return lat, lon
