"""避難カード for door-to-door: cards per second, from the register to one PDF ordered by address.

Makes the demo city in a folder of its own, asks for the cards of whole towns and makes them as the
worker does: disclosures recorded, sites by route tree, signed QR, PDF. Baselines of the same run: typst
alone on the same cards, and the QR codes alone. CPU seconds, medians of the rounds.

Usage: python benchmarks/cards.py [--households 1000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WANTED_PER_SECOND = 50


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds of a piece of work and its result."""
    begun = time.process_time()
    result = work()
    return time.process_time() - begun, result


def prepare() -> None:
    """Make the small demo city."""
    for words in (("setup",), ("demo", "create", "--size", "small")):
        subprocess.run([sys.executable, "-m", "sonae", *words], check=True, capture_output=True)
    import django

    django.setup()


def measure(households: int, rounds: int) -> None:
    """Make batches of about so many households and print."""
    from sonae.demo.frame import CODE
    from sonae.domains.evacuation.interface import cards
    from sonae.domains.municipalities import interface as municipalities
    from sonae.domains.residents.interface import qr
    from sonae.platform import outbox, paper, worlds
    from sonae.platform.access import SYSTEM
    from sonae.web import papercard

    with worlds.entered(CODE):
        outbox.drain()
        counts, towns, total = cards.homes_by_town(), [], 0
        for town in municipalities.towns():
            if total < households:
                towns.append(town.pk)
                total += counts.get(town.pk, 0)
        whole, pages, size = [], 0, 0
        for _ in range(rounds):
            batch = cards.request(SYSTEM, towns, "benchmark")
            seconds, _done = timed(lambda pk=batch.pk: papercard.make(pk))
            batch.refresh_from_db()
            assert batch.state == "ready", batch.problem
            whole.append(seconds)
            pages, size = batch.pages, cards.file_of(batch).stat().st_size
        homes = cards.by_address(cards.homes_in(towns))
        writer = papercard.Writer()
        made = [writer.card(sheet) for sheet in papercard.sheets(SYSTEM, homes)]
        data = {"title": "benchmark", "cover": None, "cards": made}
        alone = [timed(lambda: paper.render(papercard.TEMPLATE, data))[0] for _ in range(rounds)]
        codes = [
            timed(
                lambda: [qr.svg(qr.make(qr.HOUSEHOLD, h.card_code, writer.ends), 2) for h in homes]
            )[0]
            for _ in range(rounds)
        ]
    seconds = statistics.median(whole)
    print(
        f"evacuation cards: {pages:,} cards of {len(towns)} towns in one PDF of {size / 1e6:.1f} MB: "
        f"{seconds:.2f} CPU-s, {pages / seconds:,.0f} cards/s (wanted >= {WANTED_PER_SECOND})"
    )
    print(
        f"  whole / typst alone {seconds / statistics.median(alone):.1f} x ({statistics.median(alone):.2f} s)"
    )
    print(
        f"  whole / QR codes alone {seconds / statistics.median(codes):.1f} x ({statistics.median(codes):.2f} s)"
    )


def main() -> None:
    """Prepare and measure in a folder of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--households", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
    with tempfile.TemporaryDirectory(prefix="sonae-bench-") as folder:
        os.environ["SONAE_HOME"] = folder
        os.environ["PYTHONPATH"] = f"{ROOT / 'src'}:{ROOT}"
        os.environ["DJANGO_SETTINGS_MODULE"] = "sonae.settings"
        prepare()
        measure(arguments.households, arguments.rounds)


if __name__ == "__main__":
    main()
