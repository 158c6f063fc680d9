"""PFIF 1.4 out: XML (persons with their notes) and CSV (persons), as a stream of text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Final
from xml.sax.saxutils import escape

from sonae.engines.pfif.model import FIELDS, NAMESPACE, PERSON_FIELDS, Record

_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_xml(records: Iterable[tuple[Record, Iterable[Record]]]) -> Iterator[str]:
    """Give a PFIF 1.4 document of persons, each with its notes, piece by piece."""
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<pfif:pfif xmlns:pfif="{NAMESPACE}1.4">\n'
    for person, notes in records:
        inner = "".join(_element(note, "    ") for note in notes)
        yield _element(person, "  ", inner)
    yield "</pfif:pfif>\n"


def _element(record: Record, indent: str, inner: str = "") -> str:
    """Return one record as XML, its fields in the order of the specification."""
    lines = [
        f"{indent}  <pfif:{name}>{escape(_FORBIDDEN.sub('', record.fields[name]))}</pfif:{name}>\n"
        for name in FIELDS[record.kind]
        if record.fields.get(name)
    ]
    tag = f"pfif:{record.kind}"
    return f"{indent}<{tag}>\n{''.join(lines)}{inner}{indent}</{tag}>\n"


def as_csv(records: Iterable[tuple[Record, Iterable[Record]]]) -> Iterator[str]:
    """Give the persons as PFIF CSV (heading and one line each; notes have no place in it)."""
    yield _line(PERSON_FIELDS)
    for person, _notes in records:
        yield _line([_harmless(person.fields.get(name, "")) for name in PERSON_FIELDS])


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


def _harmless(text: str) -> str:
    """Return a cell that a spreadsheet shows and never computes."""
    clean = _FORBIDDEN.sub("", text)
    return f"'{clean}" if clean[:1] in {"=", "+", "-", "@", "\t", "\r"} else clean
