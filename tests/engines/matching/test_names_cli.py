"""``sonae people compare`` and ``address`` as their contract promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sonae.core.errors import SonaeError
from sonae.engines.matching.cli import group
from sonae.engines.matching.towns import Master, Town

TOWNS = {("福島県", "備え市"): [Town("栄町一丁目", "", 37.5, 139.9)]}


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    Master.of(TOWNS, "試験用").save(tmp_path)
    return tmp_path


def run(*args: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(group, list(args), input=stdin)


def rows(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_pairs_are_compared_and_what_is_no_pair_is_refused_by_line(reference: Path) -> None:
    text = '髙橋\t高橋\n一つだけ\n"引用"\t\\\na\tb\tc\n斎藤\t斉藤\n'
    found = run("compare", "--reference", str(reference), "--format", "jsonl", stdin=text.encode())
    assert found.exit_code == 1
    assert rows(found) == [
        {"a": "髙橋", "b": "高橋", "tier": "variant"},
        {"a": '"引用"', "b": "\\", "tier": "different"},
        {"a": "斎藤", "b": "斉藤", "tier": "confusable"},
    ]
    refused = [json.loads(line) for line in found.stderr.splitlines()]
    assert [(one["error"], one["row"]) for one in refused] == [("bad_pair", 2), ("bad_pair", 4)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_any_encoding_of_the_house_is_read(reference: Path, encoding: str) -> None:
    found = run(
        "compare",
        "--reference",
        str(reference),
        "--format",
        "csv",
        stdin="広田\t廣田\r\n".encode(encoding),
    )
    assert found.stdout == "a,b,tier\n広田,廣田,variant\n"


@pytest.mark.parametrize("verb", ["compare", "address"])
def test_nothing_in_is_nothing_out(reference: Path, verb: str) -> None:
    found = run(verb, "--reference", str(reference), "--format", "jsonl")
    assert (found.exit_code, found.stdout) == (0, "")


def test_addresses_carry_the_fields_of_the_contract(reference: Path) -> None:
    text = "福島県備え市栄町1-2-3\n\nどこか\n".encode()
    found = rows(run("address", "--reference", str(reference), "--format", "jsonl", stdin=text))
    assert found[0] == {
        "input": "福島県備え市栄町1-2-3", "prefecture": "福島県", "city": "備え市", "town": "栄町一丁目",
        "rest": "2-3", "level": 3, "lat": 37.5, "lon": 139.9,
    }  # fmt: skip
    assert [row["level"] for row in found] == [3, 0, 0]


def test_a_home_serves_addresses_without_a_city(reference: Path) -> None:
    args = ("address", "--reference", str(reference), "--format", "jsonl", "--home")
    assert rows(run(*args, "福島県備え市", stdin="栄町1-2".encode()))[0]["level"] == 3
    refused = run(*args, "福島県無い市", stdin=b"x").exception
    assert isinstance(refused, SonaeError)
    assert refused.code == "unknown_municipality"


def test_without_the_towns_the_command_says_how_to_get_them(tmp_path: Path) -> None:
    missing = run("address", "--reference", str(tmp_path)).exception
    assert isinstance(missing, SonaeError)
    assert missing.code == "reference_missing"
    assert "reference load" in missing.hint
