"""DuckDB and Spark answer alike; what is missing is said, not guessed."""

from __future__ import annotations

import importlib.util
import random
import shutil

import numpy as np
import pytest

from sonae.core.errors import SonaeError
from sonae.engines.matching import backends, linking
from sonae.engines.matching.model import first
from tests.engines.matching.people import AS_OF, city, person, roster

HERE = {"pyspark": importlib.util.find_spec("pyspark"), "java": shutil.which("java")}
LACKING = ", ".join(name for name, found in HERE.items() if not found)


def lines() -> dict[str, list[str]]:
    """Forty lines: complete, kana alone, a sign missing, a digit wrong, families on cards."""
    lot = random.Random(3)
    out = []
    for n in range(40):
        line = person(n)
        if n % 4 == 1:
            line = {"kana": line["kana"].replace(" ", ""), "group": f"g{n // 4}"}
        elif n % 4 == 2:
            at = lot.randrange(len(line["kana"]))
            line = {
                **line,
                "kana": line["kana"][:at] + line["kana"][at + 1 :],
                "birth_date": "",
                "group": f"g{n // 4}",
            }
        elif n % 4 == 3:
            line = {**line, "birth_date": line["birth_date"][:-1] + "5", "address": ""}
        out.append(line)
    return roster(*out)


@pytest.mark.skipif(bool(LACKING), reason=f"not installed here: {LACKING}")
@pytest.mark.timeout(600)
def test_spark_and_duckdb_find_the_same_with_the_same_weights() -> None:
    one = linking.compared(city(), lines(), model=first(), as_of=AS_OF)
    two = linking.compared(city(), lines(), model=first(), as_of=AS_OF, backend="spark")
    assert (one.pairs.line == two.pairs.line).all()
    assert (one.pairs.resident == two.pairs.resident).all()
    assert (one.pairs.level == two.pairs.level).all()
    assert np.allclose(one.pairs.rarity, two.pairs.rarity, atol=1e-5)
    ids = city()["resident_id"], lines()["line_id"]
    assert linking.results(one, *ids) == linking.results(two, *ids)


def test_spark_that_is_not_installed_is_said_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    with pytest.raises(SonaeError) as refused:
        backends.opened("spark")
    assert refused.value.code == "spark_missing"


def test_an_unknown_backend_is_refused() -> None:
    with pytest.raises(SonaeError) as refused:
        backends.opened("abacus")
    assert refused.value.code == "bad_backend"


def test_the_same_input_gives_the_same_answer_again() -> None:
    assert linking.match(city(), lines(), as_of=AS_OF) == linking.match(
        city(), lines(), as_of=AS_OF
    )
