"""Pages: every word translatable, nothing inline that the strict CSP would refuse, nothing from afar."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

TEMPLATES = sorted((ROOT / "src/sonae").rglob("templates/**/*.html"))
JAPANESE = re.compile(r"[ぁ-ゖァ-ヺ一-鿿々]+")
NOT_SPEECH = re.compile(
    r"\{#.*?#\}|<!--.*?-->"
    r"|\{%\s*comment\b.*?endcomment\s*%\}"
    r"|\{%\s*blocktrans(?:late)?\b.*?endblocktrans(?:late)?\s*%\}"
    r"|\{%.*?%\}|\{\{.*?\}\}",
    re.DOTALL,
)
INLINE = {
    "script without src": re.compile(
        r"<script(?![^>]*\b(?:src|type=\"application/(?:ld\+)?json\"))[^>]*>"
    ),
    "style element": re.compile(r"<style\b"),
    "style attribute": re.compile(r"<[a-z][^>]*\sstyle="),
    "event handler": re.compile(r"<[a-z][^>]*\son[a-z]+="),
    "javascript address": re.compile(r"(?:href|src|action)=[\"']?javascript:"),
    "foreign resource": re.compile(
        r"<(?:script|link|img|iframe|source)\b[^>]*(?:src|href)=[\"']?(?:https?:)?//"
    ),
}


def untranslated(text: str) -> list[str]:
    """Japanese words of a template that no catalogue can reach."""
    return JAPANESE.findall(NOT_SPEECH.sub(" ", text))


def test_there_are_pages() -> None:
    assert TEMPLATES


@pytest.mark.parametrize(
    "page", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "src/sonae"))
)
def test_a_page_says_nothing_that_cannot_be_translated(page: Path) -> None:
    if page.name == "500.html":
        pytest.skip("shown when nothing else works: it speaks all languages at once and loads none")
    # The names of languages are shown in the language itself, always.
    found = set(untranslated(page.read_text("utf-8"))) - {"日本語", "やさしい", "備え"}
    assert found == set()


@pytest.mark.parametrize(
    "page", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "src/sonae"))
)
def test_a_page_obeys_the_strict_policy(page: Path) -> None:
    text = NOT_SPEECH.sub("", page.read_text("utf-8"))
    assert {
        name: pattern.findall(text) for name, pattern in INLINE.items() if pattern.search(text)
    } == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('<p>{% translate "避難所" %}</p>', []),
        (
            "{# 注 #}{% comment %}注{% endcomment %}{% blocktranslate %}避難{% endblocktranslate %}",
            [],
        ),
        ("<p>避難所</p>", ["避難所"]),
        ('<img alt="地図">', ["地図"]),
        ('{% if x == "開設" %}x{% endif %}', []),
    ],
)
def test_untranslatable_words_are_seen(text: str, found: list[str]) -> None:
    assert untranslated(text) == found


@pytest.mark.parametrize(
    "text",
    ["<script>x()</script>", '<p style="color:red">', "<style>p{}</style>", '<a onclick="x()">',
     '<a href="javascript:x()">', '<script src="https://cdn.example/x.js"></script>',
     '<link rel="stylesheet" href="//cdn.example/x.css">'],
)  # fmt: skip
def test_what_the_policy_refuses_is_seen(text: str) -> None:
    assert any(pattern.search(text) for pattern in INLINE.values())


@pytest.mark.parametrize(
    "text",
    ['<script type="module" src="/static/x.js"></script>', '<p class="on-top">', '<svg><path d="M0 0"/></svg>',
     '<script id="data" type="application/json">{}</script>', '<a href="https://example.jp/">x</a>'],
)  # fmt: skip
def test_what_the_policy_allows_is_left_alone(text: str) -> None:
    assert not any(pattern.search(text) for pattern in INLINE.values())


def test_a_table_that_scrolls_is_no_second_landmark_of_its_section() -> None:
    """Screen readers list landmarks: one of the name of the section around it is one too many."""
    scrolls = re.compile(r'class="table-scroll[^"]*"[^>]*role="(\w+)"')
    roles = {
        (page.name, role) for page in TEMPLATES for role in scrolls.findall(page.read_text("utf-8"))
    }
    assert roles and {role for _, role in roles} == {"group"}
