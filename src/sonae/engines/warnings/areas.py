"""Areas as telegrams name them, and which kind of place each code system means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from sonae.engines.warnings.model import WarningArea
from sonae.engines.warnings.report import Element, values

# The code type says the kind of place; weather telegrams use one code type for prefectures and
# their divisions, so there the block's own type (…（府県予報区等）) decides.
_BY_CODE_TYPE = {
    "気象・地震・火山情報／市町村等": "city",
    "津波予報区": "tsunami_area",
    "河川": "river",
    "指定河川洪水予報（予報区域）": "river",
    "水位周知河川に関する情報（発表区間）": "river",
    "水位観測所": "river",
    "火山名": "volcano",
    "地震情報／都道府県等": "prefecture",
    "緊急地震速報／府県予報区": "prefecture",
    # 010000 is 全国 here, and not a prefecture.
    "全国・地方予報区等": "area",
}
_BY_BLOCK = (
    ("（府県予報区等）", "prefecture"),
    ("（市町村等）", "city"),
    ("（河川）", "river"),
)


@lru_cache(maxsize=256)
def type_of_block(block_type: str) -> str:
    """The kind of place that a block's type ends with (「…（市町村等）」); ``area`` otherwise."""
    return next((kind for ending, kind in _BY_BLOCK if block_type.endswith(ending)), "area")


def type_of(code_type: str, block_type: str = "", code: str = "") -> str:
    """The kind of place of one area."""
    if code_type in _BY_CODE_TYPE:
        return _BY_CODE_TYPE[code_type]
    by_block = type_of_block(block_type)
    if by_block != "area":
        return by_block
    return "prefecture" if len(code) == 6 and code.endswith("0000") else "area"


@lru_cache(maxsize=8192)
def place(code: str, name: str, type_: str) -> WarningArea:
    """The area of these words; made once, because telegrams name the same few thousand places."""
    return WarningArea(code, name, type_)


def area_of(element: Element, code_type: str = "", block_type: str = "") -> WarningArea:
    """The area of one ``Area`` element."""
    says = values(element)
    code_type = element.get("codeType") or code_type
    code = says.get("Code", "")
    return place(code, says.get("Name", ""), type_of(code_type, block_type, code))


def areas_in(parent: Element, block_type: str = "") -> Iterator[WarningArea]:
    """Every area directly in ``parent``, single or inside ``Areas``."""
    for child in parent.iterchildren("{*}Area", "{*}Areas"):
        if not child.tag.endswith("s"):
            yield area_of(child, "", block_type)
        else:
            code_type = child.get("codeType") or ""
            for area in child.iterchildren("{*}Area"):
                yield area_of(area, code_type, block_type)


def unique(areas: Iterable[WarningArea]) -> tuple[WarningArea, ...]:
    """The areas in order, each once (whatever its type): blocks of one telegram repeat them."""
    seen: dict[tuple[object, ...], WarningArea] = {}
    for area in areas:
        seen.setdefault((area.code, area.name, area.polygon), area)
    return tuple(seen.values())
