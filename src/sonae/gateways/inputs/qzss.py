"""災危通報 from a satellite receiver: NMEA lines over TCP (a serial server) or from a device file.

The satellites repeat a message every few seconds, several of them the same one: it is handed in once
per day. The day of reception is part of the document, because the sentence names none.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import BinaryIO, Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.marks import gettext_noop as _
from sonae.domains.warnings.interface import InputKind, Link, Option
from sonae.engines.warnings.qzss import Sentence, decoded

READ_SECONDS: Final = 2.0
MOST_KNOWN: Final = 5000
_LONGEST: Final = 4096
_SENTENCE: Final = re.compile(rb"\$QZQSM,\d{2},([0-9A-F]{63})\*[0-9A-F]{2}")


def receive(link: Link) -> None:
    """Read lines until told to stop; any line is a sign of life, ``$QZQSM`` ones are looked at."""
    known: dict[str, None] = dict.fromkeys(link.progress.get("known", ()))
    for line in _lines(link):
        link.heard()
        found = _SENTENCE.search(line)
        if found is None:
            continue
        day = clock.SystemClock().now().astimezone(UTC).date()
        sentence = Sentence(found[0].decode("ascii"), day)
        key = f"{day.isoformat()}:{_content(sentence.text)}"
        if key in known:
            continue
        if not _is_null(sentence):
            link.hand_in(sentence.document)
        known[key] = None
        while len(known) > MOST_KNOWN:
            known.pop(next(iter(known)))
        link.keep({"known": list(known)})


def _content(text: str) -> str:
    """What a message says, whoever said it: neither satellite nor preamble nor checksums (hex)."""
    return text.split(",")[2][2:56]


def _is_null(sentence: Sentence) -> bool:
    """Whether it is the empty message that fills the channel; what cannot be decoded is not."""
    try:
        return type(decoded(sentence.text, sentence.day)).__name__ == "NullMsg"
    except SonaeError:
        return False


def _lines(link: Link) -> Iterator[bytes]:
    """Give the receiver's lines as they come."""
    address = str(link.options["address"])
    if address.startswith("/"):
        with Path(address).open("rb", buffering=0) as device:
            yield from _of_file(link, device)
        return
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal():
        raise SonaeError(
            "unprocessable", f"受信機は HOST:PORT か /dev/… で指定してください: {address}"
        )
    with socket.create_connection((host.strip("[]"), int(port)), timeout=10) as line:
        line.settimeout(READ_SECONDS)
        yield from _of_socket(link, line)


def _of_socket(link: Link, line: socket.socket) -> Iterator[bytes]:
    held = b""
    while not link.stopped():
        try:
            got = line.recv(4096)
        except TimeoutError:
            continue
        if not got:
            raise OSError("受信機が接続を切りました")
        *whole, held = (held + got).split(b"\n")
        held = held[-_LONGEST:]
        yield from whole


def _of_file(link: Link, device: BinaryIO) -> Iterator[bytes]:
    held = b""
    while not link.stopped():
        got = device.read(4096)
        if not got:
            if link.stopped(0.2):
                return
            continue
        *whole, held = (held + got).split(b"\n")
        held = held[-_LONGEST:]
        yield from whole


KIND: Final = InputKind(
    name="qzss",
    label=_("みちびき 災危通報（衛星受信機）"),
    receiver=receive,
    options={
        "address": Option(
            _("受信機"),
            required=True,
            help=_("HOST:PORT（シリアルサーバー）または /dev/ttyUSB0 など"),
        ),
    },
    silent_after=60,
    needs=_(
        "みちびきの L1S（QZQSM）を出力する受信機が必要です。免許・契約・インターネットはいりません。"
        "無線は認証されないため、これだけをもとに自動で送ることはしません。"
    ),
)
"""What staff choose when they add this line."""
