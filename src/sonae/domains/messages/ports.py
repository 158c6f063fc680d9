"""What the domain asks of a channel; `sonae.gateways` provides it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol

from sonae.core.errors import SonaeError
from sonae.domains.messages.channels import Limits
from sonae.platform.scope import is_exercise


@dataclass(frozen=True)
class Recipient:
    """One delivery: its primary key, address, language, personal link, what it is encrypted for, and the
    link by which nothing is sent there any more (``leave``)."""

    delivery: int
    address: str
    language: str
    link: str
    keys: str = ""
    leave: str = ""


@dataclass(frozen=True)
class Handed:
    """What became of one delivery: ``status`` handed_over or failed, with the counterpart's words.

    ``gone``: the counterpart has given the address up for good; nothing is sent to it again.
    """

    delivery: int
    status: str
    error: str = ""
    gone: bool = False


@dataclass(frozen=True)
class Parcel:
    """A frozen copy for a channel: texts by language, identifier, and the recipients of one chunk.

    ``topic``: later words about the same take the place of earlier ones. ``seconds``: how long it is
    worth telling. ``limits``: lengths in which the city differs (`channels`). ``halt``: set when something
    newer is to be said; the sender starts nothing more and tells what became of what is under way.
    """

    identifier: str
    texts: dict[str, dict[str, str]]
    recipients: Sequence[Recipient] = field(default=())
    topic: str = ""
    seconds: int = 0
    limits: Limits = field(default_factory=dict)
    halt: Event = field(default_factory=Event)


class Sender(Protocol):
    """A channel. Yields outcomes as they are known, in small groups, so that each can be stored.

    Raises `outbox.Retry` for a counterpart that is down or busy and `outbox.Permanent` for one that
    will never take the parcel. Never called inside a transaction.
    """

    def __call__(self, parcel: Parcel) -> Iterable[Sequence[Handed]]:
        """Hand the parcel over."""
        ...


_live: dict[str, tuple[Sender, Callable[[], bool]]] = {}
_faults: dict[str, Callable[[], str]] = {}


def register(
    channel: str,
    sender: Sender,
    configured: Callable[[], bool] = lambda: True,
    fault: Callable[[], str] = str,
) -> None:
    """Provide a live channel; ``configured`` tells whether the city has set it up, ``fault`` what is wrong."""
    _live[channel], _faults[channel] = (sender, configured), fault


def faults() -> dict[str, str]:
    """Return channel → what is wrong with how it is set up, for those with a fault."""
    return {channel: said for channel, fault in _faults.items() if (said := fault())}


def available(channel: str) -> bool:
    """Tell whether a channel can be used in the world in force (in an exercise all are recorded)."""
    return channel in _live and (is_exercise() or _live[channel][1]())


def sender(channel: str) -> Sender:
    """Return the sender for the world in force: in the exercise world only ever the recorder."""
    if is_exercise():
        return _recorder
    if not available(channel):
        raise SonaeError("not_configured", f"手段「{channel}」は設定されていません。")
    return _live[channel][0]


def _recorder(parcel: Parcel) -> Iterable[Sequence[Handed]]:
    """The exercise's only channel: note that it would have been sent, and send nothing."""
    yield [Handed(one.delivery, "handed_over", "exercise") for one in parcel.recipients]


def describe() -> dict[str, Any]:
    """Return channel → whether it is set up, for staff."""
    return {name: configured() for name, (_, configured) in _live.items()}
