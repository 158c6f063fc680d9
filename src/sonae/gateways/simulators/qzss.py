"""A satellite receiver on a serial server: sends the lines of recorded logs to whoever connects."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import click


class Receiver:
    """Sends every line, ``every`` seconds apart, to each connection; ``repeat`` times over."""

    def __init__(
        self,
        lines: Sequence[bytes],
        bind: tuple[str, int] = ("127.0.0.1", 0),
        *,
        every: float = 1.0,
        repeat: int = 1,
    ) -> None:
        """Start serving in a thread of its own."""
        outer_stop = self._stop = threading.Event()

        class Handler(socketserver.BaseRequestHandler):
            """One connection."""

            def handle(self) -> None:
                """Send the lines, then a position sentence now and then: a receiver never falls silent."""
                for _round in range(repeat):
                    for line in lines:
                        if outer_stop.is_set():
                            return
                        self.request.sendall(line.rstrip() + b"\r\n")
                        time.sleep(every)
                while not outer_stop.wait(1.0):
                    self.request.sendall(b"$GNZDA,,,,,,*56\r\n")

        self._server = socketserver.ThreadingTCPServer(bind, Handler, bind_and_activate=False)
        self._server.allow_reuse_address = True
        self._server.daemon_threads = True
        self._server.server_bind()
        self._server.server_activate()
        self.thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        """``HOST:PORT`` to give to the ``qzss`` input."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def close(self) -> None:
        """Stop serving."""
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        self.thread.join(10)


@click.command("qzss")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--bind", default="127.0.0.1:8711", show_default=True, help="待ち受ける HOST:PORT")
@click.option("--every", default=1.0, show_default=True, help="文の間隔（秒）")
def command(files: tuple[Path, ...], bind: str, every: float) -> None:
    """受信機の記録（NMEA）を1行ずつ流す。止めるには Ctrl-C。"""
    host, _colon, port = bind.rpartition(":")
    lines = [line for file in files for line in file.read_bytes().splitlines() if line.strip()]
    server = Receiver(lines, (host, int(port)), every=every)
    click.echo(f"{server.address} で{len(lines)}行を{every:g}秒ごとに流します。", err=True)
    click.echo(f"受信側: sonae inputs add qzss --set address={server.address}", err=True)
    try:
        server.thread.join()
    except KeyboardInterrupt:
        server.close()
