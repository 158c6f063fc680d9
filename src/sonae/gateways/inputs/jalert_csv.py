"""A J-Alert receiver's ``index.csv``: polled every few seconds, each line taken once.

The list is MS932: time, type, text file, data file (``.xml.gz``, 気象庁 XML). 国民保護 comes as text
only. Columns are found by what they hold, because receivers of several makers differ.
"""

from __future__ import annotations

import csv
import io
import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.marks import gettext_noop as _
from sonae.domains.warnings.interface import InputKind, Link, Option
from sonae.engines import tables
from sonae.engines.warnings import jalert
from sonae.gateways.inputs.polling import MOST_TRIES
from sonae.gateways.inputs.web import Answered, Half, Host

MOST_SEEN: Final = 5000
_TYPE: Final = re.compile(r"[A-Z]{4}")
_TEXT: Final = re.compile(r".+\.txt", re.IGNORECASE)
_DATA: Final = re.compile(r".+\.xml(\.gz)?", re.IGNORECASE)
_FORMATS: Final = ("%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y/%m/%d %H:%M")


@dataclass(frozen=True)
class Line:
    """One line of the list; ``at`` is the receiver's time, or that of reading when it has none."""

    key: str
    kind: str
    at: datetime
    text: str
    data: str


def receive(link: Link) -> None:
    """Poll the list until told to stop; what is new is fetched and handed in, oldest first."""
    user, password = link.options.get("user"), link.secrets.get("password", "")
    headers = {}
    if user:
        pair = b64encode(f"{user}:{password}".encode()).decode("ascii")
        headers["Authorization"] = f"Basic {pair}"
    host = Host(str(link.options["url"]), lan=True, headers=headers)
    seen = dict.fromkeys(link.progress.get("seen", ()))
    tries: dict[str, int] = {}
    try:
        while not link.stopped():
            _poll(link, host, seen, tries)
            link.stopped(float(link.options.get("interval", 2)))
    finally:
        host.close()


def _poll(link: Link, host: Host, seen: dict[str, None], tries: dict[str, int]) -> None:
    """Hand in what is new; a file that is not there holds up no other line of the list.

    After `MOST_TRIES` the line itself is handed in: a person reads it at the receiver.
    """
    lines = read_list(host.get("index.csv").body)
    link.heard()
    new = [line for line in lines if line.key not in seen]
    for line in sorted(new, key=lambda one: one.at):
        try:
            document = _document(host, line)
        except (Answered, Half) as missing:
            tries[line.key] = tries.get(line.key, 0) + 1
            if tries[line.key] < MOST_TRIES:
                link.trouble(f"{line.data or line.text}: {missing}")
                continue
            document = "\n".join(line.key.split("\x1f")).encode()
        link.hand_in(document)
        tries.pop(line.key, None)
        seen[line.key] = None
        while len(seen) > MOST_SEEN:
            seen.pop(next(iter(seen)))
        link.keep({"seen": list(seen)})


def read_list(body: bytes) -> list[Line]:
    """Return the lines of ``index.csv``; `SonaeError` when the bytes are no list at all."""
    try:
        text = body.decode("cp932")
    except UnicodeDecodeError:
        raise SonaeError("encoding", "index.csv を MS932 として読めません。") from None
    with tables.reading_csv("index.csv"):
        every = csv.reader(io.StringIO(text))
        return [line for cells in every if (line := _line(cells)) is not None]


def _line(cells: list[str]) -> Line | None:
    """Return one line by what its cells hold; None for a heading or an empty one."""
    plain = [cell.strip() for cell in cells]
    kind = next((cell for cell in plain if _TYPE.fullmatch(cell)), "")
    text = next((cell for cell in plain if _TEXT.fullmatch(cell)), "")
    data = next((cell for cell in plain if _DATA.fullmatch(cell)), "")
    if not kind or not (text or data):
        return None
    times = [at for cell in plain if (at := _moment(cell)) is not None]
    at = times[0] if times else clock.SystemClock().now()
    return Line("\x1f".join(plain), kind, at, text, data)


def _moment(cell: str) -> datetime | None:
    for form in _FORMATS:
        try:
            return datetime.strptime(cell, form).replace(tzinfo=clock.JST)
        except ValueError:
            continue
    return None


def _document(host: Host, line: Line) -> bytes:
    """Return the telegram itself where there is one, else the text with its line of origin."""
    if line.data:
        return host.get(line.data).body
    body = host.get(line.text).body
    return jalert.document(line.kind, line.at, body.decode("cp932", "replace"))


KIND: Final = InputKind(
    name="jalert-csv",
    label=_("Jアラート受信機（index.csv）"),
    receiver=receive,
    options={
        "url": Option(
            _("受信機のフォルダーのアドレス"), required=True, help=_("index.csv がある場所")
        ),
        "user": Option(_("利用者名（Basic認証のとき）")),
        "password": Option(_("パスワード"), secret=True),
        "interval": Option(_("確認の間隔（秒）"), 2),
    },
    silent_after=30,
    needs=_(
        "消防庁に登録したJアラート受信機が必要です。受信機のある庁内のネットワークで使います。"
    ),
)
"""What staff choose when they add this line."""
