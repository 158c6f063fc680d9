"""A J-Alert receiver that sends mails by rule, in the encodings that receivers and mail systems use."""

from __future__ import annotations

import smtplib
import time
from email.header import Header
from email.utils import format_datetime, make_msgid
from functools import partial
from pathlib import Path
from typing import Final

import click

from sonae.core import clock
from sonae.gateways.simulators.jma_socket import NATIONAL_TEST

CHARSETS: Final = ("iso-2022-jp", "cp932", "utf-8", "broken", "escapes-lost")
"""``broken``: MS932 that claims to be UTF-8. ``escapes-lost``: ISO-2022-JP without its escape bytes."""
SENDER: Final = "jalert@receiver.example"


def letter(subject: str, text: str, charset: str = "iso-2022-jp") -> bytes:
    """Return a mail as such a receiver writes it."""
    claimed = {"broken": "utf-8", "escapes-lost": "iso-2022-jp", "cp932": "shift_jis"}
    codec = {"broken": "cp932", "escapes-lost": "iso-2022-jp"}.get(charset, charset)
    body = text.encode(codec, "replace")
    if charset == "escapes-lost":
        body = body.replace(b"\x1b", b"")
    head = Header(subject, "iso-2022-jp" if codec == "iso-2022-jp" else "utf-8").encode()
    lines = [
        f"From: {SENDER}",
        "To: sonae@city.example",
        f"Subject: {head}",
        f"Date: {format_datetime(clock.SystemClock().now())}",
        f"Message-ID: {make_msgid(domain='receiver.example')}",
        f"Content-Type: text/plain; charset={claimed.get(charset, charset)}",
    ]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body.replace(b"\n", b"\r\n") + b"\r\n"


def send(address: tuple[str, int], body: bytes, sender: str = SENDER) -> str:
    """Send one mail; the server's answer to it. `smtplib.SMTPException` for a refusal, `OSError`."""
    with smtplib.SMTP(*address, local_hostname="receiver.example", timeout=30) as line:
        line.ehlo()
        steps = (
            partial(line.mail, sender), partial(line.rcpt, "sonae@city.example"),
            partial(line.data, body),
        )  # fmt: skip
        for step in steps:
            code, told = step()
            if code >= 400:
                raise smtplib.SMTPResponseException(code, told)
        return f"{code} {told.decode('ascii', 'replace')}"


@click.command("jalert-mail")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "to", default="127.0.0.1:2525", show_default=True, help="送る先の HOST:PORT")
@click.option("--every", default=5.0, show_default=True, help="送る間隔（秒）")
@click.option("--subject", default="Jアラート", show_default=True, help="件名")
@click.option("--sender", default=SENDER, show_default=True, help="差出人")
@click.option("--charset", type=click.Choice(CHARSETS), default=CHARSETS[0], show_default=True)
@click.option("--national-test", is_flag=True, help="全国一斉試験の放送文を最初に送る")
def command(
    files: tuple[Path, ...],
    to: str,
    every: float,
    subject: str,
    sender: str,
    charset: str,
    national_test: bool,
) -> None:
    """文（.txt、UTF-8）をメールにして、またはメール（.eml）をそのまま順に送り、応答を示す。"""
    host, _colon, port = to.rpartition(":")
    letters = [("全国一斉試験", letter(subject, NATIONAL_TEST, charset))] if national_test else []
    for file in files:
        whole = file.suffix.lower() == ".eml"
        body = file.read_bytes() if whole else letter(subject, file.read_text("utf-8"), charset)
        letters.append((file.name, body))
    failed = False
    for number, (name, body) in enumerate(letters):
        time.sleep(every if number else 0)
        try:
            click.echo(f"{name}\t{send((host, int(port)), body, sender)}")
        except (smtplib.SMTPException, OSError) as error:
            failed = True
            click.echo(f"{name}\t{error}")
    if failed:
        raise click.exceptions.Exit(1)
