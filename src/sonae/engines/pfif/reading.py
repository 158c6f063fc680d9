"""PFIF files as a stream of records and defects: any size in bounded memory, nothing unsafe parsed.

Characters that XML 1.0 forbids are taken out before the parser sees them; a DOCTYPE, an unknown
namespace or a file that breaks off refuses the whole file (`SonaeError`), because half of it must
not be taken over.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator
from typing import BinaryIO, Final, cast

from lxml import etree

from sonae.core.errors import SonaeError
from sonae.engines.pfif import model
from sonae.engines.pfif.model import Defect, Record
from sonae.engines.warnings import safexml

_CHUNK: Final = 64 * 1024
_PROLOG: Final = 256 * 1024
"""The root element begins within this many bytes, or the file is no PFIF."""
MOST_FIELDS: Final = 500
"""Elements inside one record, its notes apart: more is no person but an attack on the memory."""
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE: Final = re.compile(r"&#(?:[xX]([0-9A-Fa-f]{1,8})|([0-9]{1,8}));")
_HALF_REFERENCE: Final = re.compile(r"&[#xX0-9A-Fa-f]{0,11}$")
_TAG: Final = re.compile(r"\{http://zesty\.ca/pfif/(1\.[1-4])\}(\w+)")


def _plain(found: re.Match[str]) -> str:
    """Return a character reference, or nothing where it means a character that XML forbids."""
    code = int(found[1], 16) if found[1] else int(found[2])
    legal = code <= 0x10FFFF and not _FORBIDDEN.match(chr(code))
    return found[0] if legal else ""


class _Clean:
    """A stream of UTF-8 without forbidden characters, from a stream in any encoding we know."""

    def __init__(self, stream: BinaryIO) -> None:
        """Read the beginning: refuse what is unsafe before any parser runs."""
        self._stream = stream
        self._head: bytes = stream.read(_PROLOG)
        codec, skip = safexml.prolog(self._head)
        self._head = self._head[skip:]
        self._decode = codecs.getincrementaldecoder(codec)()
        self._rest, self._begun, self._over = "", False, False
        self._tail = ""

    @property
    def cut_short(self) -> bool:
        """Whether the file ended before its root element did."""
        return self._over and not self._tail.rstrip().endswith("pfif>")

    def read(self, _size: int = -1) -> bytes:
        """Return the next piece, empty at the end."""
        while not self._over:
            raw = self._head or self._stream.read(_CHUNK)
            self._head, self._over = b"", not raw
            try:
                text = self._rest + self._decode.decode(raw, final=not raw)
            except UnicodeDecodeError as error:
                raise SonaeError(
                    "encoding", "文字コードとして読めないバイトがあります。", "UTF-8で書き出してください。"
                ) from error  # fmt: skip
            half = _HALF_REFERENCE.search(text) if raw else None
            text, self._rest = (text[: half.start()], half[0]) if half else (text, "")
            self._tail = (self._tail + text)[-200:]
            if not self._begun:
                text = text.lstrip()
                self._begun = bool(text)
            if text := _REFERENCE.sub(_plain, _FORBIDDEN.sub("", text)):
                return text.encode()
        return b""


def read(
    stream: BinaryIO, *, domains: Collection[str] = (), photos: bool = False
) -> Iterator[Record | Defect]:
    """Give every record of a file in its order, and what is not in order about it.

    ``domains``: whose records this file may hold (those of others are left out; empty: anybody's).
    ``photos``: keep addresses of pictures. `SonaeError` for a file that cannot be read to its end:
    ``doctype``, ``encoding``, ``not_xml``, ``truncated``, ``not_pfif``, ``too_many_fields``.
    """
    checker = _Checker(frozenset(one.lower() for one in domains), photos)
    clean = _Clean(stream)
    events = etree.iterparse(
        cast("BinaryIO", clean), events=("start", "end"), resolve_entities=False,
        no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True,
        encoding="utf-8",
    )  # fmt: skip
    walk = _Walk(checker)
    try:
        for event, element in events:
            if event == "start":
                walk.start(element)
            else:
                yield from walk.end(element)
    except etree.XMLSyntaxError as error:
        raise _broken(error, clean) from error
    if not walk.any:
        raise SonaeError(
            "not_pfif", "PFIFの中身がありません。", "PFIF 1.1～1.4のXMLを選んでください。"
        )


def _broken(error: etree.XMLSyntaxError, clean: _Clean) -> SonaeError:
    """Return the refusal of a file that the parser could not read to its end."""
    line = error.lineno or 0
    if "depth" in str(error):
        return SonaeError("too_deep", f"入れ子が深すぎます（{line}行目）。")
    return SonaeError(
        "truncated" if clean.cut_short else "not_xml",
        f"{line}行目でXMLとして読めなくなりました。ファイル全体を取り込みません。",
        "送り元で書き出し直してください。",
    )


class _Walk:
    """Follows the parser through the file: one record in memory at a time."""

    def __init__(self, checker: _Checker) -> None:
        """Begin before the root element."""
        self._checker = checker
        self._open: list[etree._Element] = []
        self._row = self._inside = 0
        self.any = False

    def start(self, element: etree._Element) -> None:
        """Note what has been opened; refuse what is no PFIF and what swells without end."""
        if not self._open and (_name(element) != "pfif" or not _TAG.match(element.tag)):
            raise SonaeError(
                "not_pfif", "PFIF 1.1～1.4のファイルではありません。", "送り元に形式を確かめてください。"
            )  # fmt: skip
        if element.getroottree().docinfo.internalDTD is not None:
            raise SonaeError("doctype", "DOCTYPE 宣言があるため読みません。")
        self.any = True
        self._open.append(element)
        self._inside += 1
        if self._inside > MOST_FIELDS:
            raise SonaeError(
                "too_many_fields", f"{element.sourceline}行目の記録の項目が多すぎます。"
            )

    def end(self, element: etree._Element) -> Iterator[Record | Defect]:
        """Give what an element that has closed tells, and let go of it."""
        self._open.pop()
        kind, depth = _name(element), len(self._open)
        nested = kind == "note" and depth == 2 and _name(self._open[1]) == "person"
        if not (nested or (depth == 1 and kind in ("person", "note"))):
            if depth == 1:
                self._let_go(element)
            return
        self._row += 1
        owner = self._open[1].findtext("{*}person_record_id") if nested else None
        yield from self._checker.check(kind, element, self._row, (owner or "").strip())
        self._let_go(element)

    def _let_go(self, element: etree._Element) -> None:
        """Forget an element that has been read, so that a long file needs no more than a short one."""
        parent = element.getparent()
        if parent is not None:
            element.tail = None
            parent.remove(element)
        self._inside = len(self._open) + sum(len(one) for one in self._open[1:])


def _name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


class _Checker:
    """Turns elements into records and says what is wrong with them."""

    def __init__(self, domains: frozenset[str], photos: bool) -> None:
        """Remember whose records are welcome."""
        self._domains, self._photos = domains, photos

    def check(
        self, kind: str, element: etree._Element, row: int, owner: str
    ) -> Iterator[Record | Defect]:
        """Give one record with its defects, or only the defect for which it was left out."""
        fields, defects = self._fields(kind, element, row)
        if (
            kind == "person"
            and fields
            and "full_name" not in fields
            and (name := model.whole_name(fields))
        ):
            fields["full_name"] = name
        if kind == "note" and owner:
            fields.setdefault("person_record_id", owner)
        if kind == "note" and "person_record_id" in fields:
            fields.setdefault("author_name", "")
        identifier = fields.get(f"{kind}_record_id", "")
        refused = self._refused(kind, fields, row)
        for one in (*defects, *([refused] if refused else [])):
            yield Defect(one.row, one.column, one.value, one.problem, one.action, identifier)
        if refused is None:
            yield Record(kind, {key: text for key, text in fields.items() if text}, row)

    def _fields(
        self, kind: str, element: etree._Element, row: int
    ) -> tuple[dict[str, str], list[Defect]]:
        """Return the fields in the names of 1.4 and what was dropped or cut."""
        found: dict[str, str] = {}
        defects: list[Defect] = []
        for child in element:
            name = model.OLD_NAMES.get(_name(child), _name(child))
            text = " ".join(str(part).strip() for part in child.itertext()).strip()
            if name == "note" or not text:
                continue
            problem = self._problem(kind, name, text, found)
            if len(text) > model.LONGEST:
                defects.append(Defect(row, name, text, "too_long", "kept"))
                text = text[: model.LONGEST]
            if problem:
                defects.append(Defect(row, name, text, problem, "dropped"))
            else:
                found[name] = text
        return found, defects

    def _problem(self, kind: str, name: str, text: str, found: dict[str, str]) -> str:
        """Return why a field cannot be used; empty when it can."""
        if name not in model.FIELDS[kind]:
            return "unknown_field"
        if name in model.PHOTOS and not self._photos:
            return "photo"
        if name in found:
            return "twice"
        required = name in model.REQUIRED[kind]
        if not required and not model.in_order(name, text):
            return "bad_date" if name.endswith("_date") else "bad_value"
        return ""

    def _refused(self, kind: str, fields: dict[str, str], row: int) -> Defect | None:
        """Return the defect for which a record cannot be taken over at all."""
        for name in model.REQUIRED[kind]:
            text = fields.get(name, "")
            dead = kind == "person" and name == "full_name" and "expiry_date" in fields
            if not text and name != "author_name" and not dead:
                return Defect(row, name, "", "missing", "left_out")
            if text and not model.in_order(name, text):
                problem = "bad_id" if name.endswith("_id") else "bad_date"
                return Defect(row, name, text, problem, "left_out")
        own = fields[f"{kind}_record_id"]
        if self._domains and own.partition("/")[0].lower() not in self._domains:
            return Defect(row, f"{kind}_record_id", own, "other_domain", "left_out")
        return None
