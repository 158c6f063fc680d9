"""PFIF files of any length: seconds and memory, against a file of a tenth.

The file is never on disk nor whole in memory: what is measured is the reader. The promise is the ratio
of memory: a long file needs what a short one needs.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import BinaryIO, cast

import _memory
from sonae.engines.pfif import reading
from sonae.engines.pfif.model import Record

SHORT, LONG = 20_000, 200_000
_PERSON = """<pfif:person><pfif:person_record_id>bench.example/person.%d</pfif:person_record_id>
<pfif:source_date>2026-07-01T00:00:00Z</pfif:source_date><pfif:full_name>備 太郎</pfif:full_name>
<pfif:sex>male</pfif:sex><pfif:date_of_birth>1980-01-01</pfif:date_of_birth><pfif:home_city>備え市</pfif:home_city>
<pfif:note><pfif:note_record_id>bench.example/note.%d</pfif:note_record_id><pfif:author_name>妹</pfif:author_name>
<pfif:source_date>2026-07-01T01:00:00Z</pfif:source_date><pfif:status>believed_alive</pfif:status>
<pfif:text>会った</pfif:text></pfif:note></pfif:person>"""


class File:
    """A PFIF file of ``count`` people, each with a note, made as it is read."""

    def __init__(self, count: int) -> None:
        """Begin at its head."""
        self._parts = self._all(count)

    def _all(self, count: int) -> Iterator[bytes]:
        yield b'<?xml version="1.0"?><pfif:pfif xmlns:pfif="http://zesty.ca/pfif/1.4">'
        for start in range(0, count, 200):
            yield "".join(_PERSON % (n, n) for n in range(start, start + 200)).encode()
        yield b"</pfif:pfif>"

    def read(self, _size: int = -1) -> bytes:
        """The next piece."""
        return next(self._parts, b"")


def measure(count: int) -> None:
    """Read a file in this process; print records, CPU seconds, and the peak of memory in MB."""
    began = time.process_time()
    found = sum(isinstance(one, Record) for one in reading.read(cast("BinaryIO", File(count))))
    peak = _memory.peak()
    print(found, time.process_time() - began, peak)


def apart(count: int) -> tuple[int, float, float]:
    """Measure in a process of its own: memory that was once taken is not given back."""
    done = subprocess.run(
        [sys.executable, __file__, str(count)], check=True, capture_output=True, text=True
    )
    found, seconds, peak = done.stdout.split()
    return int(found), float(seconds), float(peak)


def main() -> None:
    """Print both files and their ratio."""
    short, long = apart(SHORT), apart(LONG)
    for count, (found, seconds, peak) in ((SHORT, short), (LONG, long)):
        print(
            f"{count:>9,} people, {found:>9,} records: {seconds:6.1f} s CPU, "
            f"{found / seconds:,.0f} records/s, {peak:.0f} MB"
        )
    print(f"memory, ten times the people: x{long[2] / short[2]:.2f}")


if __name__ == "__main__":
    measure(int(sys.argv[1])) if len(sys.argv) > 1 else main()
