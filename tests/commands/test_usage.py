"""Wrong usage is said in Japanese and leads on; what is refused names its input and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sonae.cli import main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["warnings", "read"], "引数 FILES... がありません"),
        (["warnings", "nosuch"], "コマンド 'nosuch' はありません"),
        (["nosuch"], "コマンド 'nosuch' はありません"),
        (["warnings", "read", "--no", "x"], "オプション --no はありません"),
        (["warnings", "read", "x.xml", "--format", "odd"], "次のどれかです：jsonl、table、csv"),
        (["serve", "--workers", "many"], "--workers の値が正しくありません"),
        (["serve", "--workers", "0"], "1以上64以下の数です"),
        (["serve", "--bind", "nowhere"], "HOST:PORT の形で"),
        (["serve", "extra"], "引数が多すぎるか"),
        (["demo", "ube"], "オプション --data がありません"),
        (["demo", "ube", "--data", "/no/such/folder"], "そのファイルかフォルダがありません"),
        (["serve", "--bind"], "--bind の使い方が"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    told = capsys.readouterr()
    assert ended.value.code == 2
    assert said in told.err
    # click names no command where an option lacks its value
    assert "使い方が" in said or ("使い方：sonae" in told.err and "--help" in told.err)
    assert "Error" not in told.err and told.out == ""


def test_a_file_that_is_missing_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["shelters", "check", str(tmp_path / "none.csv")])
    assert ended.value.code == 1
    line = json.loads(capsys.readouterr().err)
    assert line["error"] == "unreadable" and line["hint"]
