"""Two writings of one thing beside each other: which characters are the same."""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple


class Part(NamedTuple):
    """A run of characters, and whether the other writing has them in the same place."""

    text: str
    same: bool


@lru_cache(maxsize=4096)
def marked(written: str, other: str) -> tuple[Part, ...]:
    """Return ``other`` in parts, told apart by whether they stand in ``written`` too.

    Spaces tell nothing. Without anything written there is nothing to differ from.
    """
    if not written or not other:
        return (Part(other, True),) if other else ()
    left = "".join(written.split())
    at = [n for n, char in enumerate(other) if not char.isspace()]
    right = "".join(other[n] for n in at)
    same = [other[n].isspace() for n in range(len(other))]
    blocks = SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    for block in blocks:
        for n in range(block.b, block.b + block.size):
            same[at[n]] = True
    parts: list[Part] = []
    for char, alike in zip(other, same, strict=True):
        if parts and parts[-1].same == alike:
            parts[-1] = Part(parts[-1].text + char, alike)
        else:
            parts.append(Part(char, alike))
    return tuple(parts)
