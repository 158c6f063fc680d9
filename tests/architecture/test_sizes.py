"""House limits of size and documentation."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.architecture.tree import SRC, modules

LONGEST_FUNCTION = 60
LONGEST_FILE = 600
MEDIAN_FUNCTION = 9
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[Path, Function]]:
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield path, node


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_no_function_is_longer_than_a_screen() -> None:
    long = [(str(p), f.name, length(f)) for p, f in functions() if length(f) > LONGEST_FUNCTION]
    assert long == []


def test_functions_are_short_as_a_rule() -> None:
    assert median(length(function) for _path, function in functions()) <= MEDIAN_FUNCTION


def test_no_file_is_longer_than_a_sitting() -> None:
    lines = {str(path): len((SRC / path).read_text("utf-8").splitlines()) for path in modules()}
    assert {path: count for path, count in lines.items() if count > LONGEST_FILE} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path) for path, tree in modules().items() if tree.body and not ast.get_docstring(tree)
    ]
    assert silent == []


def public(tree: ast.Module) -> Iterator[Function | ast.ClassDef]:
    """Public functions and classes of a module, and the public methods of public classes."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            for inner in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(inner, Function) and not inner.name.startswith("_"):
                    yield inner


def test_everything_public_is_documented() -> None:
    silent = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in modules().items()
        for node in public(tree)
        if not ast.get_docstring(node)
    ]
    assert silent == []


def test_nothing_is_left_for_later() -> None:
    marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"]
    found = [
        f"{path}: {mark}"
        for path in modules()
        for mark in marks
        if mark in (SRC / path).read_text("utf-8")
    ]
    assert found == []
