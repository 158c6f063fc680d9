"""Jアラート over the socket: the tar of a message of the 内閣官房 (texts, sounds and an ini).

Read where it lies in memory, never unpacked to disk. A receiver packs plain files; an archive with
anything else (links, devices, names that climb out of a folder) is refused whole. The reader is our
own because the standard one also obeys extended headers, with which a few bytes make it work for hours.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from sonae.engines.warnings.jalert_text import MOST_LOST, Decoded, decode
from sonae.engines.warnings.model import WarningRefused

MOST_ENTRIES: Final = 64
MOST_TEXT: Final = 1024 * 1024
_BLOCK: Final = 512
_PLAIN: Final = frozenset({b"0", b"\0", b"7"})
_PASSED: Final = frozenset({b"5", b"x", b"g", b"L", b"K"})
"""Folders, and headers that only describe the next file: passed over, never obeyed."""
TRAINING: Final = "0"
"""``TrainingFlg=0`` means training: inverted, as the receivers write it."""


@dataclass(frozen=True)
class Message:
    """What an archive says: its texts joined, whether its ini says training (None: it does not say)."""

    text: str
    training: bool | None
    names: tuple[str, ...]
    deviations: tuple[str, ...] = ()


def read_tar(body: bytes) -> Message:
    """Return the message of an archive.

    ``WarningRefused`` ``truncated``, ``broken_archive``, ``unsafe_archive``, ``too_large``,
    ``garbled``, and ``incomplete`` for an archive without a text: a sound is for people to listen to.
    """
    files = list(_files(body))
    texts = [_text(data) for name, data in files if _suffix(name) == ".txt"]
    settings = [_text(data).text for name, data in files if _suffix(name) == ".ini"]
    names = tuple(name for name, _data in files)
    if not any(one.text.strip() for one in texts):
        raise WarningRefused(
            "incomplete",
            f"Jアラートの電文に文章がありません（{'、'.join(names)[:200] or '空の書庫'}）。",
            "受信機の画面と音声で内容を確かめてください。",
        )
    flags = [flag for one in settings for flag in _flags(one)]
    if not flags and max(one.lost for one in texts) > MOST_LOST:
        raise WarningRefused(
            "garbled",
            "Jアラートの電文が文字化けしていて読めません。",
            "訓練か本番かも分かりません。受信機の画面で内容を確かめてください。",
        )
    mended = {mark for one in texts for mark in (*one.mended, *(["garbled"] if one.lost else []))}
    return Message(
        "\n".join(one.text.strip() for one in texts),
        TRAINING in flags if flags else None,
        names,
        tuple(sorted(mended)) + (() if flags else ("no_training_flag",)),
    )


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _text(data: bytes) -> Decoded:
    if len(data) > MOST_TEXT:
        raise WarningRefused("too_large", f"文章が大きすぎます（{len(data):,} バイト）。")
    return decode(data)


def _flags(ini: str) -> list[str]:
    """``TrainingFlg`` of ``[Contents000]``, or of whatever section has one when there is no such."""
    parser = configparser.ConfigParser(
        strict=False, interpolation=None, allow_no_value=True, default_section=""
    )
    try:
        parser.read_string(ini.lstrip("\ufeff"))
    except configparser.Error:
        return []
    sections = sorted(parser.sections(), key=lambda name: name.lower() != "contents000")
    found = [parser.get(name, "trainingflg", fallback=None) for name in sections]
    return [flag.strip() for flag in found if flag is not None][:1]


def _files(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the plain files in order; refuse what no receiver packs."""
    at = entries = 0
    while at + _BLOCK <= len(body) and any(head := body[at : at + _BLOCK]):
        name, size, kind = _header(head)
        entries += 1
        start, at = at + _BLOCK, at + _BLOCK + -(-size // _BLOCK) * _BLOCK
        if entries > MOST_ENTRIES:
            raise _unsafe(f"ファイルが{MOST_ENTRIES}個より多い")
        if start + size > len(body):
            raise _truncated()
        if kind in _PLAIN:
            yield name, body[start : start + size]
        elif kind not in _PASSED:
            raise _unsafe(f"ふつうのファイルではないもの: {name[:60]}")
    if at > len(body):
        raise _truncated()
    if not entries:
        raise _broken()


def _header(head: bytes) -> tuple[str, int, bytes]:
    """Name, size in bytes and kind of one entry; its checksum must hold."""
    total = sum(head) - sum(head[148:156]) + 8 * 0x20
    if _octal(head[148:156]) != total:
        raise _broken()
    parts = [head[345:500].split(b"\0")[0]] if head[257:262] == b"ustar" else []
    parts.append(head[:100].split(b"\0")[0])
    name = "/".join(decode(part).text for part in parts if part)
    folders = name.replace("\\", "/").split("/")
    if ".." in folders or name.startswith(("/", "\\")) or ":" in name:
        raise _unsafe(f"フォルダーの外を指す名前: {name[:60]}")
    return name, _octal(head[124:136]), head[156:157]


def _octal(field: bytes) -> int:
    digits = field.strip(b"\0 ")
    if not digits or not all(0x30 <= byte <= 0x37 for byte in digits):
        raise _broken()
    return int(digits, 8)


def _truncated() -> WarningRefused:
    return WarningRefused(
        "truncated",
        "Jアラートの書庫（tar）が途中で切れています。",
        "受信機の画面で内容を確かめてください。",
    )


def _broken() -> WarningRefused:
    return WarningRefused(
        "broken_archive",
        "Jアラートの書庫（tar）として読めません。",
        "受信機の画面で内容を確かめてください。",
    )


def _unsafe(what: str) -> WarningRefused:
    return WarningRefused(
        "unsafe_archive",
        f"受信機が作らない書庫（tar）なので開きません（{what}）。",
        "送信元を確かめ、受信機の画面で内容を確かめてください。",
    )
