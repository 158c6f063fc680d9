"""JMAソケット: the frames, their BCH headers, and what lies inside them.

A frame is eight digits (bytes that follow the type), two letters, and the body. AN, BI, FX carry a BCH
header before the body, JL (tar of the 内閣官房) does not; a lower-case first letter asks for an
acknowledgement (check-point); EN is control.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Final

from sonae.core.errors import SonaeError
from sonae.engines.warnings.safexml import MAX_BYTES
from sonae.gateways.inputs.web import Half, unzipped

HEAD_BYTES: Final = 10
MOST_BYTES: Final = MAX_BYTES + 4096
"""The largest telegram that is read, with its headers."""
HEALTH_ANSWER: Final = b"00000003ENCHK"
_ACKNOWLEDGED: Final = 30
_HEAD: Final = re.compile(rb"(\d{8})([AaBbFfJj][A-Za-z]|EN)")
_TYPES: Final = frozenset({b"AN", b"BI", b"FX", b"JL", b"EN"})
_STARTS: Final = (b"<", b"\xef\xbb\xbf<", b"\x1f\x8b\x08", b"PK\x03\x04")
_WHOLE_STARTS: Final = (b"<?xml", b"\x1f\x8b\x08", b"PK\x03\x04")
_LOOKED_AT: Final = 512
_BCH_BYTES: Final = 20
_AN_BYTES_AT: Final = 9
_TEST_AT, _TEST = 4, 0x10


@dataclass(frozen=True)
class Frame:
    """One frame as received: its head (10 bytes) and body."""

    head: bytes
    body: bytes

    @property
    def kind(self) -> str:
        """AN, BI, FX, JL or EN."""
        return self.head[8:].decode("ascii").upper()

    @property
    def wants_acknowledgement(self) -> bool:
        """Whether the sender waits until the document is on disk."""
        return self.head[8:9].islower()

    @property
    def is_health_check(self) -> bool:
        """Whether it only asks whether we are there."""
        return self.kind == "EN" and self.body[:3] == b"chk"

    @property
    def acknowledgement(self) -> bytes:
        """``00000033ENACK`` and the first 30 bytes received (spaces where the frame was shorter)."""
        return b"00000033ENACK" + (self.head + self.body)[:_ACKNOWLEDGED].ljust(_ACKNOWLEDGED)


def length_of(head: bytes) -> int | None:
    """Return how many bytes follow a head; None when it is no head of a frame, or of far too large a one."""
    found = _HEAD.fullmatch(head)
    if found is None or found[2].upper() not in _TYPES or int(found[1]) > MOST_BYTES:
        return None
    return int(found[1])


def contents(body: bytes) -> tuple[bytes, bool]:
    """Return what lies behind the BCH header of a body, and whether the header's test flag is set.

    BCH: version and length (in fours) in the first byte, the test flag in the fifth, the length of
    the heading that follows (A/N 桁数) in the tenth. Senders differ: telegrams are found by how they begin.
    """
    if body.startswith(_STARTS):
        return _unzipped(body), False
    size = (body[0] & 0x0F) * 4 if body else 0
    if not _BCH_BYTES <= size <= len(body):
        return _unzipped(body[_begins(body, 0, 0) :]), False
    start = size + body[_AN_BYTES_AT]
    if not body[start:].startswith(_STARTS):
        start = _begins(body, size, -1)
    if start < 0 and (start := _begins(body, 0, -1)) >= 0:
        return _unzipped(body[start:]), False
    return _unzipped(body[start if start >= 0 else size :]), bool(body[_TEST_AT] & _TEST)


def is_xml(document: bytes) -> bool:
    """Whether a document, packed by gzip or not, is a telegram that states its own 運用種別."""
    head = document[:_LOOKED_AT]
    if head.startswith(b"\x1f\x8b"):
        try:
            head = zlib.decompressobj(31).decompress(head, _LOOKED_AT)
        except zlib.error:
            return False
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _begins(body: bytes, start: int, otherwise: int) -> int:
    """Return where a telegram begins, looking from ``start`` on; ``otherwise`` when none does."""
    places = [body.find(mark, start, start + _LOOKED_AT) for mark in _WHOLE_STARTS]
    return min((at for at in places if at >= 0), default=otherwise)


def _unzipped(document: bytes) -> bytes:
    """Return the one file of a zip, as XML inside BCH may come; the zip itself when it is odd or huge."""
    if not document.startswith(b"PK\x03\x04"):
        return document
    try:
        return unzipped(document, MOST_BYTES)
    except (Half, SonaeError):
        return document
