"""What the domain asks of an input (受信経路); `sonae.gateways.inputs` provides them.

A receiver only carries documents in. Everything else is one place for all: storing, restarting,
health, silence (`domains.warnings.inputs`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sonae.domains.warnings.services import Accepted


class Link(Protocol):
    """What a running receiver is given."""

    options: Mapping[str, Any]
    """The settings of `InputKind.options`, defaults filled in."""
    secrets: Mapping[str, str]
    progress: Mapping[str, Any]
    """What `keep` stored last, also by an earlier run."""

    def stopped(self, wait: float = 0.0) -> bool:
        """Sleep up to ``wait`` seconds; whether the receiver must return now. Ask every few seconds."""
        ...

    def heard(self) -> None:
        """Note a sign of life of the counterpart (an unchanged feed, a heartbeat). Cheap: call often."""
        ...

    def ready(self) -> None:
        """Note that the line stands and waits to be called: what was wrong is over. No sign of life."""
        ...

    def trouble(self, why: str) -> None:
        """Show staff what the counterpart did wrong, without ending the run. Cheap: call often."""
        ...

    def hand_in(
        self, raw: bytes, *, rehearsal: bool = False, notes: Sequence[str] = ()
    ) -> Accepted:
        """Store one document. When it returns, it is on disk: only now acknowledge it.

        ``rehearsal``: the line says it is training. ``notes``: what the receiver had to forgive to
        get at the document. Never raises for a document that cannot be read.
        """
        ...

    def keep(self, progress: Mapping[str, Any]) -> None:
        """Remember JSON data over a restart; after the documents it speaks of are handed in."""
        ...


Receiver = Callable[[Link], None]
"""Receives until `Link.stopped`. Raises when it cannot go on: it is started again, later each time.

Never holds a database connection or transaction while it waits for the network. `SonaeError` tells
staff what is wrong in their words; any other exception is a defect that is shown as such.
"""


@dataclass(frozen=True)
class Option:
    """One setting of a kind of input: its label for people, whether it must be given, its default."""

    label: str
    default: Any = None
    required: bool = False
    secret: bool = False
    help: str = ""
    lines: bool = False
    """Whether it has several lines (a certificate)."""
    check: Callable[[str], object] | None = None
    """Refuses with `SonaeError` what is no such setting, when it is typed and not when it is used."""


@dataclass(frozen=True)
class InputKind:
    """One kind of input: ``name`` (jma-feed …), label, settings, and the seconds that mean silence."""

    name: str
    label: str
    receiver: Receiver
    options: Mapping[str, Option]
    silent_after: int
    needs: str = ""
    """What the city must have first (a contract, a receiver), in words; shown where it is added."""
    check: Callable[[Mapping[str, Any]], None] | None = None
    """Refuses settings (the plain ones) that cannot work, with a `SonaeError`, before they are kept."""


_kinds: dict[str, InputKind] = {}


def register(kind: InputKind) -> None:
    """Provide a kind of input."""
    _kinds[kind.name] = kind


def kinds() -> Mapping[str, InputKind]:
    """All kinds by name."""
    return dict(_kinds)
