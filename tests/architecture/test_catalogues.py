"""Every sentence for people is there in every language, whole."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from django.conf import settings
from django.utils.translation import to_locale

from tools import messages

FOUND = messages.extracted()
JAPANESE = re.compile(r"[ぁ-ゖァ-ヺ一-鿿々〒]")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|</?\w+>")


def test_the_catalogues_are_those_of_the_settings() -> None:
    codes = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
    assert sorted(map(to_locale, codes)) == sorted(messages.LANGUAGES)


def test_sentences_are_found() -> None:
    assert len(FOUND) > 100


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_sentence_is_translated(language: str) -> None:
    lacking = [f"{sorted(s.files)[0]}: {s.text}" for s in messages.missing(language, FOUND)]
    assert lacking == [], f"{len(lacking)} sentences; ./dev messages collects them"


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_no_translation_is_left_over(language: str) -> None:
    book = messages.catalogue(language)
    assert [e.msgid for e in book if e.obsolete or messages._key(e) not in FOUND] == []


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_translations_keep_their_placeholders(language: str) -> None:
    broken = []
    for entry in messages.catalogue(language):
        said = [entry.msgid, entry.msgid_plural] if entry.msgid_plural else [entry.msgid]
        wanted = [Counter(PLACEHOLDER.findall(text)) for text in said]
        texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        if any(text and Counter(PLACEHOLDER.findall(text)) not in wanted for text in texts):
            broken.append(entry.msgid)
    assert broken == []


def test_english_is_english() -> None:
    """A Japanese sentence copied into the English column is not a translation."""
    copied = [
        e.msgid
        for e in messages.catalogue("en")
        if e.msgstr == e.msgid and JAPANESE.search(e.msgid)
    ]
    assert copied == []


def test_sources_speak_japanese() -> None:
    foreign = [
        f"{sorted(s.files)[0]}: {s.text}"
        for s in FOUND.values()
        if re.search(r"[A-Za-z]{4,} [a-z]{2,} [a-z]{2,}", s.text) and not JAPANESE.search(s.text)
    ]
    assert foreign == []
