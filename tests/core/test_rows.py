"""The command line's output: three formats, and refusals that never stop the rest."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core.errors import SonaeError
from sonae.core.rows import Rows, _width

VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
ROWS = st.lists(st.fixed_dictionaries({"id": VALUES, "名前": VALUES, "x": VALUES}), max_size=8)


def printed(fmt: str, rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    with Rows(fmt, out, io.StringIO()) as printer:
        printer.extend(rows)
    return out.getvalue()


def unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(ROWS)
def test_jsonl_gives_back_every_row(rows: list[dict[str, Any]]) -> None:
    lines = printed("jsonl", rows).split("\n")[:-1]
    assert [json.loads(line) for line in lines] == rows


def test_jsonl_is_compact_and_readable_japanese() -> None:
    assert printed("jsonl", [{"name": "備え市", "n": None}]) == '{"name":"備え市","n":null}\n'


@given(ROWS.filter(bool))
def test_csv_keeps_columns_and_texts(rows: list[dict[str, Any]]) -> None:
    texts = [{k: unix(v) for k, v in row.items() if isinstance(v, str)} for row in rows]
    back = list(csv.DictReader(io.StringIO(printed("csv", rows), newline="")))
    assert len(back) == len(rows)
    assert all(row.keys() == {"id", "名前", "x"} for row in back)
    for row, text in zip(back, texts, strict=True):
        assert text.items() <= row.items()


def test_csv_refuses_to_lose_a_column() -> None:
    with pytest.raises(ValueError, match="b"):
        printed("csv", [{"a": 1}, {"a": 1, "b": 2}])


def test_csv_writes_unknown_as_nothing_and_structures_as_json() -> None:
    text = printed("csv", [{"a": None, "b": True, "c": [1, 2]}])
    assert text == 'a,b,c\n,true,"[1,2]"\n'


def test_table_aligns_full_width_characters() -> None:
    lines = printed("table", [{"名前": "備え市", "n": 1}, {"名前": "a", "n": 22}]).splitlines()
    assert lines[0].startswith("名前")
    ends = {_width(line[: line.rindex(cell)]) for line, cell in zip(lines[2:], "12", strict=True)}
    assert _width(lines[2].split()[0]) == 6
    assert len(ends) <= 2
    assert _width(lines[2].rsplit("1", 1)[0]) == _width(lines[3].rsplit("22", 1)[0])


def test_table_clips_long_cells() -> None:
    longest = max(map(_width, printed("table", [{"a": "長" * 500}]).splitlines()))
    assert longest <= 49


def test_a_refusal_is_one_json_line_on_standard_error_and_status_1() -> None:
    out, err = io.StringIO(), io.StringIO()
    with Rows("jsonl", out, err) as printer:
        assert printer.status == 0
        printer.refuse(SonaeError("doctype", "だめ"), "a.xml", row=3)
        printer.add({"ok": 1})
    assert json.loads(err.getvalue()) == {
        "input": "a.xml",
        "error": "doctype",
        "detail": "だめ",
        "row": 3,
    }
    assert out.getvalue() == '{"ok":1}\n'
    assert printer.status == 1


def test_the_default_follows_the_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert Rows(None, io.StringIO()).format == "jsonl"
    assert Rows(None, Terminal()).format == "table"


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(SonaeError, match="jsonl"):
        Rows("xml")


def test_a_table_is_printed_even_when_the_work_breaks() -> None:
    out = io.StringIO()
    with pytest.raises(RuntimeError), Rows("table", out, io.StringIO()) as printer:
        printer.add({"a": 1})
        raise RuntimeError
    assert out.getvalue().splitlines()[0] == "a"
