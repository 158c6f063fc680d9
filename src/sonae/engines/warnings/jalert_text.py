"""Texts of J-Alert receivers and their mails → Unicode, whatever became of them on the way (文字化け).

Receivers write MS932, mails are ISO-2022-JP, UTF-8 or mislabelled, and some mail systems lose escape
bytes or read UTF-8 as Shift_JIS. What cannot be read is counted, never guessed at silently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MOST_LOST: Final = 0.05
"""Of a text of which more is unreadable, nobody knows whether 訓練 is among what was lost."""
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_ESCAPE: Final = re.compile(rb"\x1b(\$[@B]|\([BJI])")
_LOST_ESCAPE: Final = re.compile(rb"\$[@B]((?:[!-~]{2})+?)\([BJ]")
_MISREAD: Final = re.compile(r"[縺繧繝荳譁]")
_HALF_KANA: Final = re.compile(r"[｡-ﾟ]")
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Decoded:
    """A text, what had to be mended (``escapes_lost``, ``mojibake``), and its unreadable share (0–1)."""

    text: str
    mended: tuple[str, ...] = ()
    lost: float = 0.0


def decode(raw: bytes, declared: str = "") -> Decoded:
    """Return the text of ``raw``; ``declared`` is the charset its sender claims, and may be wrong."""
    text, mended = _read(raw, declared)
    if len(_MISREAD.findall(text)) * 8 > len(text):
        text, mended = _unmisread(text), ("mojibake",)
    return Decoded(text, mended, text.count(_REPLACED) / len(text) if text else 0.0)


def _read(raw: bytes, declared: str) -> tuple[str, tuple[str, ...]]:
    for mark, codec in _BOMS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(codec, "replace"), ()
    if _ESCAPE.search(raw):
        return _jis(raw), ()
    if raw.isascii() and "2022" in declared and _LOST_ESCAPE.search(raw):
        return _jis(_LOST_ESCAPE.sub(b"\x1b$B\\1\x1b(B", raw)), ("escapes_lost",)
    for codec in ("utf-8", declared, "cp932", "euc_jp"):
        text = _strictly(raw, codec)
        if text is not None and not (codec == "cp932" and _is_rather_euc(raw, text)):
            return text, ()
    return raw.decode("cp932", "replace"), ()


def _strictly(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec) if codec else None
    except (UnicodeError, LookupError):
        return None


def _is_rather_euc(raw: bytes, text: str) -> bool:
    """Whether bytes that can be MS932 are EUC: read wrongly, nearly all become half-width kana."""
    kana = len(_HALF_KANA.findall(text))
    return kana * 3 > len(text) and _strictly(raw, "euc_jp") is not None


def _unmisread(text: str) -> str:
    """Return a text that somebody read as Shift_JIS though it was UTF-8, as far as that can be undone."""
    return text.encode("cp932", "replace").decode("utf-8", "replace")


def _jis(raw: bytes) -> str:
    """ISO-2022-JP with the rows of NEC and IBM that mails use and Python's codec refuses."""
    found = _ESCAPE.split(raw)
    parts, mode = [found[0].decode("ascii", "replace")], b""
    for mode, body in zip(found[1::2], found[2::2], strict=True):
        if mode.startswith(b"$"):
            parts.append(_kanji(body))
        elif mode == b"(I":
            parts.append(bytes(byte | 0x80 for byte in body).decode("cp932", "replace"))
        else:
            parts.append(body.decode("ascii", "replace"))
    return "".join(parts)


def _kanji(body: bytes) -> str:
    """JIS X 0208 in pairs → text, by way of Shift_JIS; line ends stay."""
    out, at = bytearray(), 0
    while at < len(body):
        if body[at] < 0x21 or at + 1 == len(body):
            out.append(body[at])
            at += 1
            continue
        row, cell = body[at], body[at + 1]
        lead = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)
        trail = cell + (0x7E if row % 2 == 0 else 0x20 if cell >= 0x60 else 0x1F)
        out += bytes((lead & 0xFF, trail & 0xFF))
        at += 2
    return out.decode("cp932", "replace")
