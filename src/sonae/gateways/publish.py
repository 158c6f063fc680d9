"""The city's own page and feed: publishing is done once the frozen copy is stored."""

from collections.abc import Iterable, Sequence

from sonae.domains.messages.interface import Handed, Parcel


def send(parcel: Parcel) -> Iterable[Sequence[Handed]]:
    """Nothing leaves: readers come and fetch. There are no recipients to report on."""
    return ()
