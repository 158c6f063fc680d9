"""The repository as the architecture tests see it: parsed once per process."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

SRC = ROOT / "src"


@cache
def modules() -> dict[Path, ast.Module]:
    """Every Python file of the source, except migrations, with its tree."""
    files = (path for path in sorted(SRC.rglob("*.py")) if "migrations" not in path.parts)
    return {path.relative_to(SRC): ast.parse(path.read_text("utf-8")) for path in files}


@cache
def tracked() -> tuple[Path, ...]:
    """The files that git knows; skips where this is not a checkout."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip("not a git checkout")
    return tuple(
        ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()
    )


def text_of(path: Path) -> str | None:
    """A file's text; None for pictures and other binary files."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return None


def dotted(node: ast.AST) -> str:
    """``a.b.c`` of a chain of names; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""
