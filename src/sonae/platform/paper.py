"""Printed documents (PDF/A-2b) by typst: fonts of the machine, and a missing letter is never silent.

Rendered in memory from data only: no shared file, so that no reader can get another's page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sonae.core import clock
from sonae.core.errors import SonaeError

if TYPE_CHECKING:
    import typst

FONTS: Final = ("BIZ UDPGothic", "BIZ UDGothic", "Noto Sans CJK JP", "Noto Sans JP", "IPAexGothic")
"""The first that the machine has leads; the others lend letters that it lacks (𠮷)."""
GETA: Final = "〓"
"""What printers set in place of a letter that they have not got."""
_MISSING: Final = re.compile(r'the text `"(.+?)"` could not be displayed')
_PRIVATE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]")
"""外字: signs that mean something else in every font that has them."""
_ESCAPED: Final = re.compile(r"\\u\{([0-9a-f]+)\}")
_MOST_ROUNDS: Final = 8


@dataclass(frozen=True)
class Printed:
    """A document: the file, and the letters for which `GETA` stands because no font has them."""

    pdf: bytes
    missing: frozenset[str]


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """Return the fonts of the machine, looked for once."""
    import typst

    return typst.Fonts()


def fonts() -> tuple[str, ...]:
    """Return the families in use; `SonaeError` ``no_font`` on a machine without a Japanese one."""
    there = {font.family for font in _fonts().fonts()}
    found = tuple(name for name in FONTS if name in there)
    if not found:
        raise SonaeError(
            "no_font",
            "日本語の書体がないため、PDFを作れません。",
            "サーバーに fonts-morisawa-bizud-gothic を入れてください。画面の印刷は使えます。",
        )
    return found


def render(template: Path, data: Mapping[str, Any]) -> Printed:
    """Return the document of a typst template; it reads ``data`` from ``sys.inputs.data`` as JSON.

    ``data`` also gets ``fonts``. Letters that no font has are replaced by `GETA` and named.
    """
    import typst

    text = json.dumps({**data, "fonts": fonts()}, ensure_ascii=False)
    missing = set(_PRIVATE.findall(text))
    text = _PRIVATE.sub(GETA, text)
    for _round in range(_MOST_ROUNDS):
        try:
            pdf = typst.compile(
                template.read_bytes(),
                font_paths=_fonts(),
                format="pdf",
                sys_inputs={"data": text},
                pdf_standards=["a-2b"],
                timestamp=int(clock.now().timestamp()),
            )
        except typst.TypstError as refused:
            found = _missing(str(getattr(refused, "diagnostic", refused)))
            if not found - missing:
                raise RuntimeError(f"{template.name}: {refused}") from refused
            missing |= found
            for letter in found:
                text = text.replace(letter, GETA)
            continue
        return Printed(bytes(pdf), frozenset(missing))
    raise RuntimeError(f"{template.name}: letters missing without end")


def _missing(diagnostic: str) -> set[str]:
    """Return the letters that a refusal names."""
    told = (
        _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        for text in _MISSING.findall(diagnostic)
    )
    return {letter for text in told for letter in _clusters(text)}


def _clusters(text: str) -> list[str]:
    """Return the letters of a text, each with the selector of its form."""
    return re.findall(r".[\ufe00-\ufe0f\U000e0100-\U000e01ef]*", text, re.DOTALL)
