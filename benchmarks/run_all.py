"""Run every benchmark of this folder, or those named: ``python benchmarks/run_all.py [NAME…]``.

Each benchmark is a script of its own that prints its figures and their ratio to a baseline measured
in the same run. They run one after another: two at once would measure each other.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def benchmarks() -> dict[str, Path]:
    """The scripts of this folder by name, without this one and helpers (leading underscore)."""
    found = (path for path in sorted(FOLDER.glob("*.py")) if not path.name.startswith("_"))
    return {path.stem: path for path in found if path != Path(__file__).resolve()}


def run(name: str, path: Path) -> bool:
    """Run one script with its output shown; whether it ended well."""
    print(f"== {name}", flush=True)
    began = time.monotonic()
    status = subprocess.run([sys.executable, str(path)], cwd=FOLDER.parent).returncode
    state = "ok" if status == 0 else f"FAILED ({status})"
    print(f"-- {name}: {state} in {time.monotonic() - began:.1f} s\n", flush=True)
    return status == 0


def main(names: list[str]) -> int:
    """Run them; 1 when one failed, 2 for a name that does not exist."""
    known = benchmarks()
    if unknown := [name for name in names if name not in known]:
        print(
            f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(known)}",
            file=sys.stderr,
        )
        return 2
    failed = [name for name in names or known if not run(name, known[name])]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
