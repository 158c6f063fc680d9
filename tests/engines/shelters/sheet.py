"""An invented standard table of 39 columns, for tests to damage."""

from __future__ import annotations

import csv
import io
import random

from sonae.engines.shelters.columns import STANDARD

AT = {name: at for at, name in enumerate(STANDARD)}
FLAGS = [name for name in STANDARD if name.startswith("災害種別_")]


def good_row(number: int) -> list[str]:
    """One row in which every column that has a shape is filled, as cities do."""
    chance = random.Random(number)
    cells = dict.fromkeys(STANDARD, "")
    cells |= {
        "全国地方公共団体コード": "992011", "ID": f"{number:04d}", "名称": f"第{number}小学校",
        "名称_カナ": "ダイショウガッコウ", "所在地_全国地方公共団体コード": "992011",
        "所在地_連結表記": f"試験県試験市東町{number}-1", "所在地_都道府県": "試験県",
        "所在地_市区町村": "試験市", "所在地_町字": "東町", "所在地_番地以下": f"{number}-1",
        "緯度": f"{37.5 + chance.random() / 20:.6f}", "経度": f"{139.9 + chance.random() / 20:.6f}",
        "電話番号": "0299-00-0000", "郵便番号": "999-0000", "市区町村コード": "992011",
        "地方公共団体名": "試験市", "指定避難所との重複": chance.choice(["1", ""]),
        "想定収容人数": str(chance.randint(50, 900)), "URL": f"https://example.jp/{number}",
    }  # fmt: skip
    for name in FLAGS:
        cells[name] = chance.choice(["1", "1", ""])
    return [cells[name] for name in STANDARD]


def good_rows(count: int = 12) -> list[list[str]]:
    """Several rows."""
    return [good_row(number) for number in range(1, count + 1)]


def as_csv(rows: list[list[str]], heading: tuple[str, ...] = STANDARD) -> str:
    """The table as text."""
    held = io.StringIO()
    csv.writer(held).writerows([list(heading), *rows])
    return held.getvalue()
