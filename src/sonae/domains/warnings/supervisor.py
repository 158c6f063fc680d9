"""The supervisor of inputs (`sonae inputs run`): one thread per line, started again when it ends.

A receiver that ends is started again after growing pauses; one that hangs is given up and replaced.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from dataclasses import dataclass
from typing import Final

from django.db import DatabaseError, connection

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.warnings import ports
from sonae.domains.warnings.firing import alarm_duty
from sonae.domains.warnings.inputs import DeadLink, InputLink, silent
from sonae.domains.warnings.models import WarningInput
from sonae.platform import worlds
from sonae.platform.db import writing
from sonae.platform.scope import every_municipality

log = logging.getLogger(__name__)

PAUSES: Final = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before a receiver that ended is started again, the longer the oftener it ended."""
GOOD_SECONDS: Final = 60.0
"""A run that lasted this long begins the pauses anew."""
LOOK_EVERY: Final = 5.0
HUNG_FACTOR: Final = 3


@dataclass
class _Run:
    """One line as it runs: its link, its thread, and when it may be started again."""

    settings: tuple[object, ...]
    link: InputLink
    thread: threading.Thread
    began: float
    ended: int = 0
    again_at: float = 0.0


def _settings(row: WarningInput) -> tuple[object, ...]:
    """What makes a run another one when it is changed."""
    return row.kind, row.name, str(row.options), row.sealed


class Supervisor:
    """Keeps every enabled line of every municipality on this server running."""

    def __init__(self, pauses: tuple[float, ...] = PAUSES) -> None:
        """``pauses`` in seconds between runs of a line that ends."""
        self._pauses = pauses
        self._runs: dict[int, _Run] = {}

    def work(self, stop: threading.Event, look_every: float = LOOK_EVERY) -> None:
        """Supervise until ``stop`` is set, then end all runs."""
        looked = -look_every
        while not stop.is_set():
            if time.monotonic() - looked >= look_every:
                looked = time.monotonic()
                try:
                    self.look()
                except DatabaseError:
                    log.exception("the inputs' supervisor lost its database and tries again")
                    connection.close()
            self.revive()
            stop.wait(0.2)
        self.end()

    @every_municipality()
    def look(self) -> None:
        """Read the lines as they are set up now; start, end and replace runs."""
        rows = {row.pk: row for row in WarningInput.everywhere.filter(enabled=True)}
        for pk, run in list(self._runs.items()):
            if pk not in rows or run.settings != _settings(rows[pk]):
                run.link.ask_to_stop()
                del self._runs[pk]
        for row in rows.values():
            if row.pk not in self._runs:
                self._start(row, ended=0)
            elif self._hangs(row):
                self._replace(row)
            _watch(row)
        connection.close()

    @every_municipality()
    def revive(self) -> None:
        """Start again whatever ended, when its pause is over."""
        for pk, run in list(self._runs.items()):
            if run.thread.is_alive():
                continue
            if not run.again_at:
                good = time.monotonic() - run.began > GOOD_SECONDS
                run.ended = 1 if good else run.ended + 1
                pause = self._pauses[min(run.ended - 1, len(self._pauses) - 1)]
                run.again_at = time.monotonic() + pause
            if time.monotonic() >= run.again_at:
                row = WarningInput.everywhere.filter(pk=pk, enabled=True).first()
                if row is None:
                    del self._runs[pk]
                else:
                    self._start(row, ended=run.ended)

    def end(self) -> None:
        """Ask every run to end and wait a few seconds for them."""
        for run in self._runs.values():
            run.link.ask_to_stop()
        until = time.monotonic() + 10
        for run in self._runs.values():
            run.thread.join(max(0.0, until - time.monotonic()))
        self._runs.clear()
        connection.close()

    @every_municipality()
    def _start(self, row: WarningInput, *, ended: int) -> None:
        kind = ports.kinds().get(row.kind)
        if kind is None:
            _failed(row.pk, f"受信経路の種類「{row.kind}」はこのサーバーにありません。")
            return
        with writing():
            rows = WarningInput.everywhere.filter(pk=row.pk)
            rows.update(started_at=clock.SystemClock().now(), restarts=row.restarts + bool(ended))
        link = InputLink(row)
        thread = threading.Thread(
            target=_receive, args=(kind.receiver, link), name=f"input-{row.name}", daemon=True
        )
        self._runs[row.pk] = _Run(_settings(row), link, thread, time.monotonic(), ended)
        thread.start()

    def _hangs(self, row: WarningInput) -> bool:
        """Whether a run lives but has shown nothing for far too long."""
        run = self._runs[row.pk]
        quiet = time.monotonic() - run.began
        last = row.heard_at or row.started_at
        if last is not None:
            quiet = min(quiet, (clock.SystemClock().now() - last).total_seconds())
        return run.thread.is_alive() and quiet > HUNG_FACTOR * row.silent_after

    def _replace(self, row: WarningInput) -> None:
        run = self._runs[row.pk]
        run.link.ask_to_stop(dead=True)
        _failed(row.pk, "応答がないため、つなぎ直しました。")
        self._start(row, ended=run.ended + 1)


def _watch(row: WarningInput) -> None:
    """Call the officers on duty once when a line falls silent, and be ready to call again."""
    now = clock.SystemClock().now()
    quiet = silent(row, now)
    if quiet == (row.alarmed_at is not None):
        return
    with worlds.entered(row.municipality), writing():
        WarningInput.objects.filter(pk=row.pk).update(alarmed_at=now if quiet else None)
        if quiet:
            last = row.heard_at or row.started_at
            alarm_duty(
                f"input:{row.pk}:{last:%Y%m%d%H%M%S}",
                f"警報を受信できません（{row.name}）",
                f"受信経路「{row.name}」から{row.silent_after}秒より長く応答がありません。"
                "回線・受信機・相手のサーバーを確かめ、警報はほかの経路で確かめてください。"
                f"\n\n{row.error}",
            )


def _receive(receiver: ports.Receiver, link: InputLink) -> None:
    """Run one receiver to its end, and say why it ended."""
    try:
        receiver(link)
        if not link.stopped():
            _failed(link.pk, "受信が終わりました。つなぎ直します。")
    except DeadLink:
        log.info("input %s was replaced", link.name)
    except SonaeError as error:
        _failed(link.pk, "\n".join(filter(None, (str(error.detail), str(error.hint or "")))))
    except OSError as error:
        _failed(link.pk, _in_words(error))
    except Exception as error:
        log.exception("input %s failed", link.name)
        _failed(link.pk, f"プログラムの誤りです（{type(error).__name__}: {error}）")
    finally:
        connection.close()


def _in_words(error: OSError) -> str:
    """Return what is wrong with a line in words that say where to look."""
    if isinstance(error, ConnectionRefusedError):
        return "相手が接続を受け付けません。相手の機器が動いているか、アドレスが正しいか確かめてください。"
    if isinstance(error, socket.gaierror):
        return "相手の名前が見つかりません。アドレスとネットワークを確かめてください。"
    if isinstance(error, TimeoutError):
        return "相手が応答しません。ネットワークと相手の機器を確かめてください。"
    return f"つながりません（{error}）"


@every_municipality()
def _failed(pk: int, why: str) -> None:
    """Note a failure for staff."""
    try:
        with writing():
            WarningInput.everywhere.filter(pk=pk).update(
                state=WarningInput.FAILED, error=why[:2000], error_at=clock.SystemClock().now()
            )
    except DatabaseError:
        log.exception("the failure of an input could not be noted: %s", why)
