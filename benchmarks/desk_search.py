"""Search as one types at 117,209 people: milliseconds per keystroke, and whether mistakes are forgiven.

The demo city is made in a folder of its own and asked through `residents.search`, disclosure and its record
on disk included. 300 people are drawn by lot; every prefix of what a clerk types for them is one question.
Then one kana is wrong, missing, too many or exchanged with its neighbour, or a 漢字 is written in another
form: is the right person among the first five (with the name alone, and with the birth year behind it, as
a desk narrows a common name)? Promise: p95 of 20 ms, 99 % with the birth year, 500 MB. Baseline in the same
run: the row by its primary key plus one commit.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from find_person import baseline, milliseconds, quantile
from sonae.core import kanji

PEOPLE, SEED, PROMISED_MS, PROMISED_SHARE, PROMISED_MB = 300, 20261121, 20.0, 0.99, 500
KANA = "アイウエオカキクケコサシスセタチツテトナニノハヒフヘホマミムメモヤユヨラリルレロ"
Row = dict[str, str]


def kana_error(text: str, rng: random.Random) -> str:
    """Return a reading with one kana wrong, missing, too many or exchanged; never the space."""
    places = [at for at, sign in enumerate(text) if sign != " "]
    at = rng.choice(places)
    kind = rng.choice(("wrong", "missing", "more", "exchanged"))
    if kind == "exchanged" and at + 1 < len(text) and text[at + 1] not in (" ", text[at]):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == "missing":
        return text[:at] + text[at + 1 :]
    if kind == "more":
        return text[:at] + rng.choice(KANA) + text[at:]
    return text[:at] + rng.choice([sign for sign in KANA if sign != text[at]]) + text[at + 1 :]


FORMS = {
    sign: group.replace(sign, "") for group in f"{kanji.SAME} {kanji.KIN}".split() for sign in group
}


def other_form(name: str, rng: random.Random) -> str:
    """Return a name with another form of one of its characters; as it is when none has one."""
    places = [at for at, sign in enumerate(name) if sign in FORMS]
    if not places:
        return name
    at = rng.choice(places)
    return name[:at] + rng.choice(FORMS[name[at]]) + name[at + 1 :]


def wrong_character(name: str, rng: random.Random) -> str:
    """Return a name one of whose characters is one that nobody bears."""
    at = rng.choice([at for at, sign in enumerate(name) if sign != " "])
    return f"{name[:at]}〆{name[at + 1 :]}"


def keystrokes(row: Row) -> list[str]:
    """Return every text that stands in the field while a clerk types name, kana, or kana and year."""
    texts = [
        row["kana"],
        row["name"],
        f"{row['kana']} {row['birth_date'][:4]}",
        row["kana"].replace(" ", ""),
    ]
    return [text[:end] for text in texts for end in range(1, len(text) + 1)]


def tell_speed(drawn: list[Row], search: Callable[[str], object], base: float) -> bool:
    """Print how long a keystroke takes, right and with a mistake in it; whether the promise is kept."""
    rng, kept = random.Random(SEED), True
    kinds = {
        "every keystroke": [text for row in drawn[: PEOPLE // 3] for text in keystrokes(row)],
        "one kana wrong": [kana_error(row["kana"], rng) for row in drawn],
        "one kana wrong, no space": [
            kana_error(row["kana"].replace(" ", ""), rng) for row in drawn
        ],
        "another form of a 漢字": [other_form(row["name"], rng) for row in drawn],
        "a 漢字 wrong": [wrong_character(row["name"], rng) for row in drawn],
        "nobody's name": ["".join(rng.choices(KANA, k=8)) for _ in drawn],
    }
    for kind, texts in kinds.items():
        wall, cpu = [], []
        for text in texts:
            begun = time.process_time()
            wall.append(milliseconds(lambda text=text: search(text)))  # type: ignore[misc]
            cpu.append((time.process_time() - begun) * 1000)
        p95 = quantile(wall, 0.95)
        kept &= p95 <= PROMISED_MS
        print(
            f"{kind:24} p50 {quantile(wall, 0.5):6.2f} ms · p95 {p95:6.2f} ms · of CPU"
            f" {quantile(cpu, 0.5):.2f} and {quantile(cpu, 0.95):.2f} ms"
            f" · {quantile(wall, 0.5) / base:.1f} x baseline ({len(texts):,} questions)"
        )
    return kept


def tell_found(drawn: list[Row], search: Callable[[str], list[int]]) -> bool:
    """Print how often the right person is among the first five; whether the promise is kept."""
    rng = random.Random(SEED + 1)
    kept = True
    wrong = {
        "as registered": lambda row: row["kana"],
        "one kana wrong": lambda row: kana_error(row["kana"], rng),
        "one kana wrong, no space": lambda row: kana_error(row["kana"].replace(" ", ""), rng),
        "another form of a 漢字": lambda row: other_form(row["name"], rng),
        "a 漢字 wrong": lambda row: wrong_character(row["name"], rng),
    }
    for kind, make in wrong.items():
        typed = [(row, make(row)) for row in drawn]
        alone = sum(row["pk"] in search(text)[:5] for row, text in typed) / len(typed)
        year = sum(
            row["pk"] in search(f"{text} {row['birth_date'][:4]}")[:5] for row, text in typed
        ) / len(typed)
        kept &= year >= PROMISED_SHARE or kind == "a 漢字 wrong"
        print(
            f"{kind:24} among the first five: {alone:.1%} by the name alone, {year:.1%} with the birth year"
        )
    return kept


def measure() -> bool:
    """Ask, print, say whether all promises are kept."""
    from sonae.domains.residents import interface as residents
    from sonae.domains.residents.interface import Resident
    from sonae.platform.access import Actor, Role

    clerk = Actor("account:1", Role.RECEPTION, "受付")
    before, begun = memory_mb(), time.perf_counter()
    residents.search(clerk, "ダレデモナイヒト")
    took, more = time.perf_counter() - begun, memory_mb() - before
    print(f"names read into memory once: {took:.1f} s, + {more:.0f} MB")
    fields = ("pk", "name", "kana", "birth_date")
    everyone = list(Resident.objects.filter(shielded=False).values(*fields))
    drawn = random.Random(SEED).sample(everyone, min(PEOPLE, len(everyone)))
    base = baseline([row["pk"] for row in drawn])
    print(f"baseline {base:.2f} ms (row by key + one commit)")
    fast = tell_speed(drawn, lambda text: residents.search(clerk, text), base)
    found = tell_found(drawn, lambda text: [one.pk for one in residents.search(clerk, text).people])
    print(f"the process holds {memory_mb():.0f} MB, the drawing of lots included")
    return fast and found and memory_mb() <= PROMISED_MB


def memory_mb() -> float:
    """Return the memory that this process holds now."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def make(size: str) -> None:
    """Make the demo city in the home folder."""
    from django.core.management import call_command

    from sonae.demo import load
    from sonae.demo.city import generate

    call_command("migrate", interactive=False, verbosity=0)
    load.create(generate(size, 1))  # type: ignore[arg-type]


def main() -> int:
    """Make the city, measure in a process that did not make it, say whether the promise is kept."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", choices=["full", "small"], default="full")
    parser.add_argument("--home", help="a folder with the city made already")
    asked = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "sonae.settings"
    if asked.home:
        os.environ["SONAE_HOME"] = asked.home
        from sonae import django_setup

        django_setup()
        from sonae.demo.frame import CODE
        from sonae.platform import worlds

        with worlds.entered(CODE):
            print(f"promise: {'kept' if measure() else 'NOT KEPT'}")
        return 0
    with tempfile.TemporaryDirectory(prefix="sonae-bench-") as home:
        os.environ["SONAE_HOME"] = home
        from sonae import django_setup

        django_setup()
        make(asked.size)
        return subprocess.run([sys.executable, __file__, "--home", home], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
