"""A J-Alert receiver that pushes over TCP: connects, sends frames (JMAソケット), waits for answers."""

from __future__ import annotations

import gzip
import io
import socket
import tarfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

import click

from sonae.core import clock

HEALTH_CHECK: Final = b"00000003ENchk"
HEALTH_ANSWER: Final = b"00000003ENCHK"
ACKNOWLEDGED: Final = b"00000033ENACK"
NATIONAL_TEST: Final = "これは、Jアラートのテストです。" * 3 + "こちらは、備え市役所です。"
"""The announcement of the national tests; receivers speak it three times."""
_BCH_FLAGS: Final = {"plain": 1, "gzip": 2}


class Answerless(ConnectionError):
    """The other side closed, or said something else than the protocol allows."""


def frame(kind: str, body: bytes, *, check_point: bool = False) -> bytes:
    """Return one frame of a type (AN, BI, FX, JL)."""
    letters = kind[0].lower() + kind[1:] if check_point else kind
    return f"{len(body):08d}{letters}".encode("ascii") + body


def with_bch(document: bytes, name: str, *, packed: bool = True, test: bool = False) -> bytes:
    """Return a telegram behind its BCH header (20 bytes) and heading, gzipped when ``packed``."""
    heading = f"\n{name[:6]:6} RJTD 010000\n".encode("ascii", "replace")
    header = bytearray(20)
    header[0] = 0x15
    header[4] = (0x10 if test else 0) | _BCH_FLAGS["gzip" if packed else "plain"] << 2
    header[5] = 0x50
    header[9] = len(heading)
    words = sum(header[at] << 8 | header[at + 1] for at in range(0, 20, 2))
    header[10:12] = (~((words & 0xFFFF) + (words >> 16)) & 0xFFFF).to_bytes(2, "big")
    return bytes(header) + heading + (gzip.compress(document, mtime=0) if packed else document)


def message_tar(text: str, *, training: bool = False, at: float = 0.0) -> bytes:
    """Return a tar of the 内閣官房: a text in MS932, a (silent) sound, and the ini with its flag."""
    ini = f"[Contents000]\r\nTrainingFlg={0 if training else 1}\r\nFile=message.txt\r\n"
    files = {
        "message.ini": ini.encode("cp932"),
        "message.txt": text.encode("cp932", "replace"),
        "message.wav": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\0\0\0\0",
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as packed:
        for name, body in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(body), int(at)
            packed.addfile(entry, io.BytesIO(body))
    return out.getvalue()


class Pusher:
    """One connection to a port of the ``jma-socket`` input."""

    def __init__(self, address: tuple[str, int], timeout: float = 30.0) -> None:
        """Connect; `OSError` when nobody listens."""
        self.line = socket.create_connection(address, timeout=timeout)

    def __enter__(self) -> Pusher:
        """Use the connection."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it in order."""
        self.line.close()

    def health(self) -> bool:
        """Ask whether the other side is there."""
        self.line.sendall(HEALTH_CHECK)
        return self._answer(len(HEALTH_ANSWER)) == HEALTH_ANSWER

    def push(self, kind: str, body: bytes, *, check_point: bool = True) -> bytes:
        """Send one frame; the acknowledgement, or nothing where none was asked for."""
        sent = frame(kind, body, check_point=check_point)
        self.line.sendall(sent)
        if not check_point:
            return b""
        answer = self._answer(43)
        if answer != ACKNOWLEDGED + sent[:30].ljust(30):
            raise Answerless(f"応答が違います: {answer!r}")
        return answer

    def _answer(self, size: int) -> bytes:
        got = b""
        while len(got) < size:
            piece = self.line.recv(size - len(got))
            if not piece:
                raise Answerless("応答の前に接続が切れました。")
            got += piece
        return got


def _documents(
    files: Sequence[Path], fx: bool, training: bool, national_test: bool
) -> Iterator[tuple[str, str, bytes]]:
    """Name, type and body of each: .xml behind BCH, .txt as a tar, .tar as it is."""
    at = clock.SystemClock().now().timestamp()
    if national_test:
        yield "全国一斉試験", "JL", message_tar(NATIONAL_TEST, training=training, at=at)
    for file in files:
        body, suffix = file.read_bytes(), file.suffix.lower()
        if suffix == ".tar":
            yield file.name, "JL", body
        elif suffix == ".txt":
            text = body.decode("utf-8")
            yield file.name, "JL", message_tar(text, training=training, at=at)
        else:
            name = next((part for part in file.stem.split("_") if part[:1] == "V"), "VXXX00")
            yield file.name, "FX" if fx else "BI", with_bch(body, name)


@click.command("jma-socket")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "to", default="127.0.0.1:36000", show_default=True, help="送る先の HOST:PORT")
@click.option("--every", default=5.0, show_default=True, help="送る間隔（秒）")
@click.option("--fx", is_flag=True, help="電文を BI ではなく FX で送る")
@click.option("--training", is_flag=True, help="国民保護の書庫を訓練（TrainingFlg=0）にする")
@click.option("--national-test", is_flag=True, help="全国一斉試験の放送文を最初に送る")
@click.option("--no-check-point", is_flag=True, help="応答を求めずに送る")
def command(
    files: tuple[Path, ...],
    to: str,
    every: float,
    fx: bool,
    training: bool,
    national_test: bool,
    no_check_point: bool,
) -> None:
    """電文（.xml）や国民保護の文（.txt、UTF-8）・書庫（.tar）を、受信機と同じ形で送り、応答を示す。"""
    host, _colon, port = to.rpartition(":")
    try:
        with Pusher((host, int(port))) as line:
            click.echo(f"ヘルスチェック: {'応答あり' if line.health() else '応答なし'}", err=True)
            for number, (name, kind, body) in enumerate(
                _documents(files, fx, training, national_test)
            ):
                time.sleep(every if number else 0)
                answer = line.push(kind, body, check_point=not no_check_point)
                shown = (
                    "".join(chr(b) if 32 <= b < 127 else "·" for b in answer) or "（応答を求めず）"
                )
                click.echo(f"{name}\t{kind}\t{len(body)}\t{shown}")
    except OSError as error:
        raise click.ClickException(f"送れません: {error}") from error
