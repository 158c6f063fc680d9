"""The catalogues of sentences for people: ``python tools/messages.py extract|compile|check``.

Sources speak Japanese; each catalogue gives the same sentence in another language. ``extract``
collects the sentences of templates (Django's own ``templatize``) and Python (Babel's extractor) and
merges them into ``src/sonae/locale/*/LC_MESSAGES/django.po``; ``compile`` writes the ``.mo`` files in
pure Python, for a bare Debian has no ``msgfmt``; ``check`` lists what is not translated yet.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polib

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCE: Final = ROOT / "src/sonae"
LOCALES: Final = SOURCE / "locale"
# Folder names as Django makes them from the language codes en and ja-x-easy.
LANGUAGES: Final = {
    "en": "nplurals=2; plural=(n != 1);",
    "ja_X-easy": "nplurals=1; plural=0;",
}
KEYWORDS: Final = {
    "_": None,
    "lazy": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
_CALL: Final = re.compile(r"(?<![\w.])(?:_|n?p?gettext)\(")
Key = tuple[str | None, str, str | None]


@dataclass
class Sentence:
    """One msgid with its context, its plural, and the files that say it."""

    context: str | None
    text: str
    plural: str | None
    files: set[str] = field(default_factory=set)


def _calls(templatized: str) -> Iterator[str]:
    """The gettext calls in what ``templatize`` wrote; the rest of it is filler, not Python."""
    for match in _CALL.finditer(templatized):
        depth, parts = 0, []
        for token in tokenize.generate_tokens(io.StringIO(templatized[match.start() :]).readline):
            parts.append(token.string)
            depth += (token.string == "(") - (token.string == ")")
            if token.string == ")" and depth == 0:
                break
        yield "".join(parts)


def _python_of(path: Path) -> str:
    """Python text whose gettext calls are those of the file."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        return text
    from django.conf import settings
    from django.utils.translation.template import templatize

    if not settings.configured:
        settings.configure()
    return "\n".join(_calls(templatize(text, origin=str(path))))


def sources(folder: Path = SOURCE) -> list[Path]:
    """Every file that may speak to people."""
    kinds = ("*.py", "*.html", "*.txt", "*.xml", "*.svg")
    found = (path for kind in kinds for path in folder.rglob(kind))
    return sorted(p for p in found if not {"static", "migrations"} & set(p.parts))


def extracted(folder: Path = SOURCE) -> dict[Key, Sentence]:
    """Every sentence marked for translation below ``folder``, in the order of files."""
    from babel.messages.extract import extract

    found: dict[Key, Sentence] = {}
    for path in sources(folder):
        code = io.BytesIO(_python_of(path).encode())
        for _line, message, _comments, context in extract("python", code, keywords=KEYWORDS):
            text, plural = message[:2] if isinstance(message, tuple) else (message, None)
            if not text:
                continue
            key = (context, text, plural)
            found.setdefault(key, Sentence(context, text, plural)).files.add(
                path.relative_to(folder).as_posix()
            )
    return found


def catalogue(language: str) -> polib.POFile:
    """The catalogue of one language; an empty one when there is none yet."""
    path = LOCALES / language / "LC_MESSAGES/django.po"
    if path.exists():
        return polib.pofile(str(path), wrapwidth=100)
    made = polib.POFile(wrapwidth=100)
    made.fpath = str(path)
    made.metadata = {
        "Project-Id-Version": "sonae",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": LANGUAGES[language],
    }
    return made


def _key(entry: polib.POEntry) -> Key:
    return entry.msgctxt, entry.msgid, entry.msgid_plural or None


def merge(book: polib.POFile, found: dict[Key, Sentence]) -> tuple[int, int]:
    """Add new sentences with empty translations and drop those nobody says; how many of each."""
    known = {_key(entry): entry for entry in book if not entry.obsolete}
    plurals = int(re.search(r"nplurals=(\d)", book.metadata["Plural-Forms"])[1])  # type: ignore[index]
    entries = []
    for key, sentence in found.items():
        entry = known.get(key) or polib.POEntry(msgid=sentence.text, msgctxt=sentence.context)
        if sentence.plural:
            entry.msgid_plural = sentence.plural
            entry.msgstr_plural = entry.msgstr_plural or dict.fromkeys(range(plurals), "")
        # Without line numbers: moving code must not change catalogues.
        entry.occurrences = [(file, "") for file in sorted(sentence.files)]
        percent = re.search(r"%[(sd]", sentence.text)
        entry.flags = ["python-format"] if percent else []
        entries.append(entry)
    dropped = len(known.keys() - found.keys())
    book[:] = entries
    return len(found.keys() - known.keys()), dropped


def missing(language: str, found: dict[Key, Sentence]) -> list[Sentence]:
    """The sentences that a language's catalogue lacks, leaves empty, or only guesses (fuzzy)."""
    done = {
        _key(entry)
        for entry in catalogue(language)
        if entry.translated() and not entry.obsolete and "fuzzy" not in entry.flags
    }
    return [sentence for key, sentence in found.items() if key not in done]


def compile_all() -> int:
    """Write every ``.mo`` that is missing or older than its ``.po``; how many were written."""
    written = 0
    for path in sorted(LOCALES.glob("*/LC_MESSAGES/*.po")):
        binary = path.with_suffix(".mo")
        if not binary.exists() or binary.stat().st_mtime < path.stat().st_mtime:
            polib.pofile(str(path)).save_as_mofile(str(binary))
            written += 1
    return written


def main(arguments: list[str]) -> int:
    """Run one verb and say what it did."""
    verb = arguments[0] if len(arguments) == 1 else ""
    if verb == "compile":
        print(f"  {compile_all()} catalogues compiled", file=sys.stderr)
        return 0
    if verb not in ("extract", "check"):
        print(__doc__, file=sys.stderr)
        return 2
    found = extracted()
    lacking = 0
    for language in LANGUAGES:
        if verb == "extract":
            book = catalogue(language)
            added, dropped = merge(book, found)
            Path(book.fpath).parent.mkdir(parents=True, exist_ok=True)
            book.save()
            print(f"{language}: {len(found)} sentences, {added} new, {dropped} dropped")
        lack = missing(language, found)
        lacking += len(lack)
        for sentence in lack if verb == "check" else ():
            print(f"{language}: {sorted(sentence.files)[0]}: {sentence.text}")
    return 1 if verb == "check" and lacking else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
