"""Code, screens and glossary speak of the same things by the same names."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from sonae.core import glossary
from sonae.web.staff import chronicle
from tests.architecture.tree import modules, text_of, tracked
from tests.conftest import ROOT

MODELS = [m for m in apps.get_models() if m.__module__.startswith("sonae.")]
SPEAKING = {".py", ".html", ".js", ".md", ".po", ".toml", ".txt"}
# The glossary names the forbidden words in order to forbid them.
GLOSSARY = {"src/sonae/core/glossary.toml", "src/sonae/core/glossary.py", "docs/glossary.md"}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_is_a_term_under_its_japanese_name(model: type[models.Model]) -> None:
    term = glossary.by_code(model.__name__)
    assert term is not None, f"core/glossary.toml lacks {model.__name__}"
    assert str(model._meta.verbose_name) == term.ja


def speaking() -> list[tuple[str, str]]:
    """Every file of ours that holds words, but the glossary and this folder's tests."""
    found = []
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        skipped = name in GLOSSARY or name.startswith("tests/") or path.suffix not in SPEAKING
        if not skipped and (text := text_of(path)) is not None:
            found.append((name, text))
    return found


def forbidden(files: list[tuple[str, str]]) -> list[str]:
    return [
        f"{name}: {word} (say {term.ja})"
        for term in glossary.terms()
        for word in term.forbidden
        for name, text in files
        if word in text and name not in term.allowed_in
    ]


def test_forbidden_synonyms_are_not_used() -> None:
    assert forbidden(speaking()) == []


def test_the_check_sees_a_forbidden_word() -> None:
    assert forbidden([("src/x.py", "# 避難勧告を出す")])


def test_exceptions_name_files_that_exist_and_need_them() -> None:
    for term in glossary.terms():
        for name in term.allowed_in:
            path = ROOT / Path(name)
            assert path.exists(), name
            assert any(word in path.read_text("utf-8") for word in term.forbidden), name


def acts() -> set[str]:
    """Every act of the audit that the source names outright."""
    found = set()
    for tree in modules().values():
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "audit.record":
                named = [*call.args[1:2], *(k.value for k in call.keywords if k.arg == "action")]
                found |= {one.value for one in named if isinstance(one, ast.Constant)}
    return found


def test_every_act_of_the_audit_has_words_for_the_chronology() -> None:
    """A tired officer reads 通行止めを報告, not obstacle_reported."""
    known = {name for name in acts() if not name.startswith(chronicle.HIDDEN)}
    assert len(known) > 40
    assert known - set(chronicle.ACTS) == set()
