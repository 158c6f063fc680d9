"""What every test may use: the folder of real data, and a clock that cannot leak."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sonae.core import clock

pytest_plugins = ["tests.fixtures", "tests.installation"]

ROOT = Path(__file__).resolve().parents[1]
# Real public data, never part of the repository: a test that reads it skips without it.
SHARED_DATA = ROOT.parent / "shared" / "data"

# No deadline: a busy machine is not a defect of the code under test. The same examples at every run, so
# that a change is judged by itself; `--hypothesis-profile=explore` looks for new ones.
_PATIENT = [HealthCheck.too_slow]
settings.register_profile(
    "sonae", deadline=None, derandomize=True, max_examples=40, suppress_health_check=_PATIENT
)
settings.register_profile("explore", deadline=None, suppress_health_check=_PATIENT)
settings.load_profile("sonae")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL run what touches the database: the rest was run beside SQLite and says the same."""
    if not os.environ.get("SONAE_DATABASE", "").startswith("postgres"):
        return
    touching = {"db", "transactional_db", "live_server"}
    pure = [
        one
        for one in items
        if not one.get_closest_marker("django_db")
        and not touching & set(getattr(one, "fixturenames", ()))
        and not one.get_closest_marker("postgres")
    ]
    if pure:
        config.hook.pytest_deselected(items=pure)
        items[:] = [one for one in items if one not in set(pure)]


def real_data(*parts: str) -> Path:
    """A path inside the folder of real data; skips the test, with a reason, where it is missing."""
    path = SHARED_DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"real data is not on this machine: {'/'.join(parts)}")
    return path


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data, or a skip."""
    return real_data()


@pytest.fixture(autouse=True)
def the_system_clock_is_back() -> Iterator[None]:
    """A test that leaves its clock in force would move the time of the next one."""
    yield
    assert clock.current() == clock.SystemClock(), "this test left its clock in force"
