"""The glossary itself: whole, without doubles, and readable."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from sonae.core import glossary
from tests.conftest import ROOT

TERMS = glossary.terms()


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.code)
def test_a_term_is_whole(term: glossary.Term) -> None:
    assert term.group in glossary._GROUPS
    assert re.fullmatch(r"[ぁ-ゖァ-ヺー・]+", term.kana), term.kana
    assert term.en.isascii()
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", term.code)
    assert term.source


@pytest.mark.parametrize("field", ["ja", "code"])
def test_no_word_means_two_things(field: str) -> None:
    counted = Counter(getattr(term, field) for term in TERMS)
    assert [word for word, times in counted.items() if times > 1] == []


def test_no_term_contains_a_forbidden_word() -> None:
    words = {word for term in TERMS for word in term.forbidden}
    assert [term.ja for term in TERMS if any(word in term.ja for word in words)] == []


def test_terms_are_found_by_their_name_in_code() -> None:
    found = glossary.by_code("EmergencySite")
    assert found is not None
    assert found.ja == "指定緊急避難場所"
    assert glossary.by_code("Nothing") is None


def test_the_page_for_people_is_up_to_date() -> None:
    assert (ROOT / "docs/glossary.md").read_text("utf-8") == glossary.markdown(), "./dev glossary"


def test_every_term_is_on_the_page() -> None:
    page = glossary.markdown()
    assert [term.code for term in TERMS if f"| {term.ja} |" not in page] == []


def test_the_module_writes_the_page(tmp_path: Path) -> None:
    target = tmp_path / "docs" / "glossary.md"
    command = [sys.executable, "-m", "sonae.core.glossary", str(target)]
    subprocess.run(command, check=True)
    assert target.read_text("utf-8") == glossary.markdown()
