"""Names compared, pairs per second of one core, as columns and through the command line.

Pairs are drawn from the demo city's names: equal ones, other people, and writings of the same name that
differ as paper does. Baseline in the same run: rapidfuzz's Jaro–Winkler over the same columns in NFKC, which
gives a number and no tier.
"""

from __future__ import annotations

import random
import resource
import statistics
import subprocess
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from rapidfuzz.distance import JaroWinkler

from sonae.core import kanji
from sonae.demo.city import generate
from sonae.engines.matching import characters
from sonae.engines.matching.names import Names

PAIRS, ROUNDS, SEED = 200_000, 5, 20261121
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
Columns = tuple[list[str], list[str]]


def columns(names: list[str], rng: random.Random) -> Columns:
    """Return pairs: three in ten of one person, written otherwise in half of them."""
    forms = {group[0]: group[1:] for group in f"{kanji.SAME} {kanji.KIN}".split()}

    def written(name: str) -> str:
        if rng.random() < 0.5:
            return name
        name = "".join(rng.choice(forms[sign]) if sign in forms else sign for sign in name)
        return name.replace(" ", rng.choice(("", "　", " ")))

    left = rng.choices(names, k=PAIRS)
    right = [written(name) if rng.random() < 0.3 else rng.choice(names) for name in left]
    return left, right


def median(work: Callable[[], object]) -> float:
    """Return the median CPU seconds of a few rounds."""
    spent = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return statistics.median(spent)


def command(pairs: Columns) -> float:
    """Return CPU seconds of ``sonae people compare`` over the pairs, its start included."""
    text = "".join(f"{a}\t{b}\n" for a, b in zip(*pairs, strict=True))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "sonae", "people", "compare", "--format", "jsonl"],
        input=text.encode(), stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.count(b"\n") == len(pairs[0])
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print pairs per second for kanji and kana, with both tables."""
    people = generate("full", 1).register.residents
    rng = random.Random(SEED)
    full = SHARED / "people" / "mj-variants"
    tables = {"built-in table": Names()} | (
        {"official table": Names(characters.load(full))} if full.exists() else {}
    )
    for title, field in (("kanji", "name"), ("kana", "kana")):
        pairs = columns(list(people[field]), rng)
        folded = [[unicodedata.normalize("NFKC", name) for name in side] for side in pairs]
        bare = median(
            lambda folded=folded: [
                JaroWinkler.similarity(a, b) for a, b in zip(*folded, strict=True)
            ]
        )
        for name, names in tables.items():
            spent = median(lambda names=names, pairs=pairs: names.tiers(*pairs))
            tiers = Counter(names.tiers(*pairs))
            print(
                f"{title}, {name}: {PAIRS / spent:,.0f} pairs/s of CPU, {spent / bare:.1f} x bare Jaro-Winkler; {dict(tiers)}"
            )
        spent = command(pairs)
        print(f"{title}, command line with its start: {PAIRS / spent:,.0f} pairs/s of CPU")


if __name__ == "__main__":
    main()
