"""Addresses read, per second of one core, and how many find their town; every miss by its cause.

Data: the 2,397 addresses of 行政基本情報データ連携モデル's look-alike sample and the towns of Japan (Geolonia
住所データ, CC BY 4.0), both only where they were put beside the repository. Besides as they stand they are
written as people do: without the prefecture, 丁目 as a hyphen, numbers in 番 and 号, old characters.
Baseline in the same run: the bare normalisation of the text (NFKC) of every address.
"""

from __future__ import annotations

import csv
import re
import statistics
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sonae.engines.matching import characters, towns
from sonae.engines.matching.addresses import Address, Parser

ROUNDS = 5
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "people"
Row = dict[str, str]
OLD = str.maketrans("沢浜広国桜辺恵栄関竜", "澤濱廣國櫻邊惠榮關龍")


def as_people_write(rows: list[Row]) -> dict[str, list[str]]:
    """Return the addresses in several writings."""
    plain = [unicodedata.normalize("NFKC", row["住所"]) for row in rows]
    prefecture = [row["都道府県"] for row in rows]
    return {
        "as in the file": [row["住所"] for row in rows],
        "prefecture left out": [t.removeprefix(p) for t, p in zip(plain, prefecture, strict=True)],
        "丁目 as a hyphen": [re.sub(r"(\d)丁目", r"\1-", text) for text in plain],
        "番 and 号": [re.sub(r"(\d)-(\d+)$", r"\1番\2号", text) for text in plain],
        "old characters": [text.translate(OLD) for text in plain],
    }


def right(parser: Parser, read: Address, row: Row) -> bool:
    """Whether it is the same town, by the key in which ケ and ヶ, 大字 and its absence are one."""
    return (
        parser.key(read.city) == parser.key(row["市区町村"])
        and parser.key(read.town) == parser.key(row["町字"])
    )  # fmt: skip


def cause(read: Address, row: Row) -> str:
    """Return why an address missed its town."""
    if not row["町字"]:
        return "the file expects no town"
    if read.choices:
        return "municipalities of one name"
    if read.level < 2:
        return "municipality not read"
    if read.level == 2:
        return "town not in the master"
    return "another town"


def measure(work: Callable[[], object], count: int) -> float:
    """Return how many a CPU second does, median of a few rounds."""
    spent = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return count / statistics.median(spent)


def main() -> int:
    """Print rates, shares and misses."""
    sample = SHARED / "address-tests" / "addresses-sample.csv"
    if not sample.exists():
        print("the sample addresses are not on this machine")
        return 0
    with sample.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    begun = time.process_time()
    master, table = towns.load(SHARED / "address-master"), characters.load(SHARED / "mj-variants")
    print(
        f"read the published archive: {time.process_time() - begun:.1f} CPU-s, {len(master.cities()):,} municipalities"
    )
    for title, texts in as_people_write(rows).items():
        cold = Parser(master, table)
        begun = time.process_time()
        read = [cold.parse(text) for text in texts]
        first = len(texts) / (time.process_time() - begun)
        rate = measure(
            lambda cold=cold, texts=texts: [cold.parse(text) for text in texts], len(texts)
        )
        bare = measure(
            lambda texts=texts: [unicodedata.normalize("NFKC", text) for text in texts], len(texts)
        )
        good = [right(cold, one, row) for one, row in zip(read, rows, strict=True)]
        spelt = sum(one.town == row["町字"] for one, row in zip(read, rows, strict=True))
        print(
            f"{title}: town {sum(good) / len(rows):.2%} (spelt alike {spelt / len(rows):.2%}), {rate:,.0f}/s"
            f" of CPU ({first:,.0f}/s for the first look at every municipality), {bare / rate:.0f} x bare NFKC"
        )
        missed = [(one, row) for one, row, ok in zip(read, rows, good, strict=True) if not ok]
        for why, count in Counter(cause(one, row) for one, row in missed).most_common():
            examples = "、".join(row["住所"] for one, row in missed if cause(one, row) == why)
            print(f"    {count} {why}: {examples[:150]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
