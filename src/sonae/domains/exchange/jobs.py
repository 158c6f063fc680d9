"""Outbox subscribers of the exchange."""

from datetime import datetime
from typing import Any

from sonae.core import clock
from sonae.domains.exchange import pfifin
from sonae.platform.outbox import Retry, subscribe

_LONGEST_WAIT = 6 * 3600.0


@subscribe(pfifin.EXPIRE)
def expire(payload: dict[str, Any]) -> None:
    """Somebody's record may be kept no longer."""
    left = (datetime.fromisoformat(payload["at"]) - clock.now()).total_seconds()
    if left > 0:
        raise Retry(min(clock.real_seconds(left) + 1, _LONGEST_WAIT), "the end is not reached yet")
    pfifin.expire()
