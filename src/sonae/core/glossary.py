"""用語: the field's words, read from ``glossary.toml``; writes ``docs/glossary.md``.

One term has one Japanese name, one name in code and a source; the forbidden synonyms are those
that a reader or an old manual might use for it and that would blur two things or revive an
abolished word (避難勧告 was abolished in 2021).
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

_FILE: Final = Path(__file__).with_name("glossary.toml")
_GROUPS: Final = {
    "place": "場所と危険 Places and hazards",
    "person": "人と情報 People and their data",
    "warning": "警報 Warnings",
    "evacuation": "避難 Evacuation",
    "safety": "安否 Safety",
    "sheltering": "避難所運営 Running a shelter",
    "message": "伝達 Messages",
    "exchange": "照会・提供 Exchange",
    "relief": "生活再建 Relief",
    "system": "仕組み The system",
}


@dataclass(frozen=True, slots=True)
class Term:
    """One word of the field; ``code`` is a class name or an identifier in the source."""

    group: str
    ja: str
    kana: str
    en: str
    code: str
    source: str
    forbidden: tuple[str, ...] = ()
    allowed_in: tuple[str, ...] = ()
    note: str = ""


@cache
def terms() -> tuple[Term, ...]:
    """All terms in the order of the file."""
    rows: list[dict[str, Any]] = tomllib.loads(_FILE.read_text("utf-8"))["term"]
    return tuple(_term(row) for row in rows)


def _term(row: dict[str, Any]) -> Term:
    """Lists become tuples, so that a term can be hashed."""
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    return Term(**fields)


def by_code(code: str) -> Term | None:
    """The term of a name in code; None when the glossary lacks it."""
    return next((term for term in terms() if term.code == code), None)


def markdown() -> str:
    """``docs/glossary.md`` as it must be."""
    lines = [
        "# 用語集 Glossary",
        "",
        "Written from `src/sonae/core/glossary.toml` by `./dev glossary`; edit that file.",
    ]
    for group, title in _GROUPS.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| 用語 | よみ | English | code | 出典 source | 使わない語 not |",
        ]
        lines += ["|---|---|---|---|---|---|"]
        lines += [_row(term) for term in terms() if term.group == group]
    return "\n".join(lines) + "\n"


def _row(term: Term) -> str:
    english = f"{term.en}. {term.note}" if term.note else term.en
    forbidden = "、".join(term.forbidden)
    return f"| {term.ja} | {term.kana} | {english} | `{term.code}` | {term.source} | {forbidden} |"


def main(target: Path) -> None:
    """Write the glossary for people."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(markdown(), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/glossary.md"))
