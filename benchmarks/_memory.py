"""Peak memory of this process alone, for benchmarks that promise some."""

from __future__ import annotations

import resource
import sys
from pathlib import Path


def peak() -> float:
    """Return the most memory this process has held, in MB.

    Not ``ru_maxrss``: across fork and exec a child begins with the peak of its parent, so that what
    prepared the data would count as what worked on them.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)
