"""No exercise reaches anybody over the lines that are fetched or held open (DMDATA, CAP feeds)."""

from __future__ import annotations

import pytest

from sonae.domains.warnings import interface as warnings
from sonae.engines.warnings import read_all
from sonae.gateways.simulators.cap_feed import CapServer, Signer
from sonae.gateways.simulators.dmdata import DmdataServer
from tests.fixtures import ADMINISTRATOR, City
from tests.gateways.lines import committed, supervised, until  # noqa: F401 - a fixture
from tests.gateways.test_drills_stay_inside import exercises, lie_everywhere, rehearsed_inside
from tests.gateways.test_mail import Box, box  # noqa: F401 - a fixture

CLASSES = "telegram.earthquake,telegram.volcano,telegram.weather,eew.warning,eew.forecast"


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(400)
def test_no_exercise_reaches_anybody_over_the_pushed_line_and_the_feed(
    city: City,
    box: Box,  # noqa: F811
    committed: None,  # noqa: F811
) -> None:
    """The service's own flag makes an exercise of what does not say so; a signature changes nothing."""
    drills, real = exercises()
    lie_everywhere([one for raw in (*drills, *real) for one in read_all(raw)])
    pushed, feed = DmdataServer(key="k", ping_every=0.5), CapServer()
    try:
        options = {**pushed.options, "key": "k", "test": "including", "classifications": CLASSES}
        warnings.add_input(ADMINISTRATOR, "dmdata", "即時", options)
        warnings.add_input(ADMINISTRATOR, "cap-feed", "国外", {"url": feed.url, "interval": "1"})
        for number, raw in enumerate(drills):
            # Some come when the line is open, some by its list; all of them by the feed too.
            pushed.publish(f"{number}_VPWW55_x.xml", raw, test=number % 2 == 0 or None)
            feed.signer = Signer() if b"cap:1.2" in raw and number % 2 else None
            feed.publish(f"{number}.xml", raw)
        with supervised():
            until(lambda: bool(pushed.used))
            for number, raw in enumerate(real):
                pushed.publish(f"r{number}_VPWW55_x.xml", raw, test=True)
            everything = {bytes(raw) for raw in (*drills, *real)}
            until(
                lambda: received("国外") >= len(drills) and received("即時") >= len(everything), 90
            )
    finally:
        pushed.close()
        feed.close()
    rehearsed_inside(city, box, len({bytes(raw) for raw in drills}))


def received(name: str) -> int:
    """How many documents a line has handed in."""
    return warnings.input_named(name).received
