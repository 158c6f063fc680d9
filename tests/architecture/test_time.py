"""One clock: nobody but ``core.clock`` asks the machine for the time of day."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.tree import dotted, modules

CLOCK = Path("sonae/core/clock.py")
BANNED = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "timezone.now",
    "timezone.localtime", "timezone.localdate", "time.time", "time.time_ns", "time.localtime",
    "time.gmtime", "now",
}  # fmt: skip
# Where the machine's own time is the point, not the city's.
REAL_TIME = {
    # A lease is held against other processes, in a drill as in life.
    Path("sonae/platform/outbox.py"): {"time.time"},
}


def offences(path: Path, tree: ast.Module) -> list[str]:
    """Calls and references to clocks of the machine, under any name they were imported as."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in (
            "datetime",
            "time",
            "django.utils.timezone",
        ):
            base = node.module.rpartition(".")[2]
            names |= {a.asname or a.name: f"{base}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            names |= {a.asname: a.name for a in node.names if a.asname}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in ("auto_now", "auto_now_add"):
            found.append(f"{path}:{node.value.lineno} {node.arg}")
        chain = dotted(node)
        head, _dot, rest = chain.partition(".")
        full = f"{names.get(head, head)}.{rest}" if rest else names.get(head, "")
        last_two = ".".join(full.split(".")[-2:])
        if last_two in BANNED - REAL_TIME.get(path, set()):
            found.append(f"{path}:{node.lineno} {chain}")  # type: ignore[attr-defined]
    return found


def test_nobody_asks_the_machine_for_the_time() -> None:
    found = [
        one for path, tree in modules().items() if path != CLOCK for one in offences(path, tree)
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    ["import datetime\ndatetime.datetime.now()", "from datetime import datetime\ndatetime.now(UTC)",
     "from datetime import datetime as dt\ndt.utcnow()", "from datetime import date\ndate.today()",
     "from django.utils import timezone\ntimezone.now()", "from django.utils.timezone import now\nnow()",
     "import time\ntime.time()", "from time import time\ntime()", "import time as t\nt.time()",
     "f = models.DateTimeField(auto_now_add=True)",
     "from django.utils import timezone\nf = models.DateTimeField(default=timezone.now)"],
)  # fmt: skip
def test_the_check_sees_every_way_round(source: str) -> None:
    assert offences(Path("x.py"), ast.parse(source))


@pytest.mark.parametrize(
    "source",
    ["from sonae.core import clock\nclock.now()", "import time\ntime.monotonic()",
     "import time\ntime.sleep(1)", "from datetime import datetime\ndatetime.fromisoformat(x)",
     "world.clock.now()"],
)  # fmt: skip
def test_the_check_leaves_the_rest_alone(source: str) -> None:
    assert offences(Path("x.py"), ast.parse(source)) == []
