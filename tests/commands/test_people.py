"""``sonae people import``: the register in from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sonae.domains.residents.interface import Resident, editions
from sonae.web.commands.people import import_people
from tests.domains.residents.test_editions import rows_now, table
from tests.fixtures import City

pytestmark = pytest.mark.django_db


def run(*args: object) -> Result:
    return CliRunner().invoke(import_people, [*map(str, args), "--format", "jsonl"])


def lines(result: Result) -> dict[tuple[str, str], int]:
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return {(one["status"], one["key"]): one["count"] for one in found}


def test_a_dry_run_tells_and_a_confirmed_one_writes(city: City, tmp_path: Path) -> None:
    rows = rows_now()
    rows[0][2] = "備 太朗"
    rows.append(["", "1", "番号 なし", "バンゴウ", "", "", "", "西町1", ""])
    file, report = tmp_path / "juki.csv", tmp_path / "defects.jsonl"
    file.write_bytes(table(rows, encoding="cp932"))
    result = run(file, "--defects", report)
    assert result.exit_code == 0, result.output
    told = lines(result)
    assert told["count", "changed"] == 1 and told["item", "name"] == 1
    assert told["defect", "no_number"] == 1 and told["doubt", "left_out"] == 1
    assert json.loads(report.read_text("utf-8"))["row"] == 14
    assert Resident.objects.filter(name="備 太郎").exists()
    refused = run(file, "--confirm")
    assert refused.exit_code == 1 and "疑わしい変更" in refused.stderr
    assert run(file, "--confirm", "--agree", "left_out").exit_code == 0
    assert Resident.objects.filter(name="備 太朗").exists()


def test_columns_are_given_and_broken_files_refused(city: City, tmp_path: Path) -> None:
    file = tmp_path / "juki.csv"
    heads = [
        "住民ID",
        "世帯番号",
        "なまえ",
        "フリガナ",
        "生年月日",
        "性別",
        "続柄",
        "住所",
        "電話番号",
    ]
    file.write_bytes(table(rows_now(), heads))
    result = run(file)
    assert result.exit_code == 1 and "なまえ" in result.stderr
    assert "必要な項目の列が見つかりません：氏名" in result.stderr, "which item, not only that"
    assert lines(run(file, "--column", "なまえ=name"))["count", "same"] == 12
    file.write_bytes(b"")
    result = run(file)
    assert result.exit_code == 1 and "empty_file" in result.stderr
    assert run(tmp_path / "none.csv").exit_code == 1
    assert editions.in_force() is None
