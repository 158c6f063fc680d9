"""Bytes from outside → an XML tree that is safe to walk, or a clear refusal.

Order of the checks (facts, alerts §7): size, encoding, DOCTYPE, and only then the parser. A
DOCTYPE can stand only before the root element, so the prolog is read in full *after* decoding:
a search for ``<!DOCTYPE`` in the bytes would miss UTF-16 and would refuse innocent comments.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lxml import etree

from sonae.engines.warnings.model import WarningRefused

# The largest telegrams seen are about 4 MB; CAP with embedded audio stays below 1 MB.
MAX_BYTES = 20 * 1024 * 1024
# The tree of a telegram, measured: bytes of memory per tag (with its text) and per attribute. The
# densest official one (大雨危険度通知, 4 MB) takes about 40 MB; with this budget a process stays below
# 200 MB whatever it is given.
_PER_TAG, _PER_ATTRIBUTE, _TREE_BYTES = 120, 270, 150_000_000
_LOOKED_INTO = 2_000_000
_GZIP = b"\x1f\x8b"
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]+)["']""")
_ROOT_NAME = re.compile(rb"<([^\s/>]+)")
_TITLE = re.compile(rb"<Title>([^<&]{1,400})</Title>")
_HEAD_END, _HEAD_WITHIN, _TITLE_WITHIN = b"</Head>", 100_000, 2_000
_SPACES = frozenset({b" ", b"\t", b"\r", b"\n"})
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
# Names as XML and Japanese systems write them → Python codecs. Anything else is refused: the
# parser must never decode otherwise than the DOCTYPE check did.
_CODECS = {
    **dict.fromkeys(("utf-8", "utf8"), "utf-8"),
    **dict.fromkeys(("us-ascii", "ascii"), "ascii"),
    **dict.fromkeys(
        ("shift_jis", "shift-jis", "sjis", "x-sjis", "ms932", "cp932", "windows-31j"), "cp932"
    ),
    **dict.fromkeys(("euc-jp", "eucjp"), "euc_jp"),
    "iso-2022-jp": "iso2022_jp",
    "iso-8859-1": "latin-1",
    "windows-1252": "cp1252",
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A safe tree and what had to be forgiven to get it."""

    root: etree._Element
    deviations: tuple[str, ...]


def parse(
    raw: bytes, *, keep_space: bool = False, head_only: Callable[[str], bool] | None = None
) -> Parsed:
    """The tree of ``raw``; ``WarningRefused`` where it is unsafe, broken or not XML.

    Space between elements is dropped, which is quicker, unless ``keep_space`` (a signature covers it).
    Where ``head_only`` says of a JMA telegram's title that nobody looks at its body, the body is
    checked as strictly as ever, but the tree holds only Control and Head.
    """
    body, forgiven = _inflate(raw)
    if len(body) > MAX_BYTES:
        raise _too_large(len(body))
    document, more = _to_utf8(body)
    start = _root_start(document)
    _check_density(document)
    root = _head_alone(document, start, head_only) if head_only else None
    if root is None:
        root = _parse_utf8(document, start, keep_space)
    return Parsed(root, (*forgiven, *more))


def _check_density(document: bytes) -> None:
    """Refuse what would fill the memory although it is small: millions of tiny elements."""
    if len(document) < _LOOKED_INTO:
        return
    tree = document.count(b"<") * _PER_TAG + document.count(b"=") * _PER_ATTRIBUTE
    if tree > _TREE_BYTES:
        raise WarningRefused(
            "too_large",
            f"要素が多すぎます（展開すると約 {tree // 1_000_000:,} MB、"
            f"上限 {_TREE_BYTES // 1_000_000:,} MB）。",
            "これほど要素の多い電文はありません。壊れているか、偽物です。送信元に確かめ、取り直してください。",
        )


def root_name(raw: bytes) -> str:
    """The local name of the root element, from the first tag alone: nothing is parsed.

    ``WarningRefused`` where even that cannot be found; whoever then reads the document is told of
    anything else that is wrong with it.
    """
    body, _forgiven = _inflate(raw)
    if len(body) > MAX_BYTES:
        raise _too_large(len(body))
    document, _more = _to_utf8(body)
    match = _ROOT_NAME.match(document, _root_start(document))
    return match[1].rpartition(b":")[2].decode("utf-8", "replace") if match else ""


def prolog(head: bytes) -> tuple[str, int]:
    """The codec of a long document and the length of its byte order mark, from its first bytes.

    For documents read as a stream: what stands before the root element is checked as in `parse`
    (a DOCTYPE is refused), and it must end within ``head``.
    """
    if not head or head.isspace():
        raise WarningRefused("empty", "中身が空です。", "取り直してください。")
    codec, offset, _forgiven = _codec(head)
    text = head[offset:].decode(codec, "ignore")
    _root_start(text.lstrip().encode())
    return codec, offset


def _too_large(size: int) -> WarningRefused:
    return WarningRefused(
        "too_large",
        f"大きすぎます（{size:,} バイト、上限 {MAX_BYTES:,} バイト）。",
        "電文1通だけを入れてください。",
    )


def _inflate(raw: bytes) -> tuple[bytes, tuple[str, ...]]:
    """J-Alert and DMDATA hand on ``.xml.gz``: unpack, but never beyond the limit."""
    if not raw.startswith(_GZIP):
        return raw, ()
    unpacker = zlib.decompressobj(wbits=31)
    try:
        body = unpacker.decompress(raw, MAX_BYTES + 1)
    except zlib.error as error:
        raise WarningRefused("not_xml", f"gzip として開けません: {error}") from error
    if len(body) <= MAX_BYTES and not unpacker.eof:
        raise WarningRefused("truncated", "gzip が途中で切れています。", "取り直してください。")
    return body, ("gzip",)


def _to_utf8(body: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The document in UTF-8 without a byte order mark.

    UTF-8 itself is not decoded here: the parser checks it, and ASCII bytes mean themselves.
    """
    if body.isspace() or not body:
        raise WarningRefused("empty", "中身が空です。", "取り直してください。")
    codec, offset, forgiven = _codec(body)
    body = body[offset:] if offset else body
    document = body if codec == "utf-8" else _transcoded(body, codec, offset)
    if document[:1] in _SPACES:
        document = document.lstrip()
        forgiven = (*forgiven, "leading_space")
    return document, forgiven


def _transcoded(body: bytes, codec: str, offset: int) -> bytes:
    try:
        return body.decode(codec).encode()
    except UnicodeError as error:
        raise _not_decodable(codec, getattr(error, "start", 0) + offset) from error


def _not_decodable(codec: str, at: int) -> WarningRefused:
    return WarningRefused(
        "encoding",
        f"{codec} として読めないバイトがあります（先頭から {at} バイト目）。",
        "送信元の文字コードを確かめてください。",
    )


def _codec(body: bytes) -> tuple[str, int, tuple[str, ...]]:
    """Codec, length of the byte order mark, and whether the declaration had to be ignored."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return name, len(mark), ()
    if body[:2] == b"<\x00":
        return "utf-16-le", 0, ()
    if body[:2] == b"\x00<":
        return "utf-16-be", 0, ()
    match = _DECLARED.search(body[:400])
    declared = match[1].decode("ascii").lower() if match else "utf-8"
    if declared.startswith(("utf-16", "utf-32", "ucs-")):
        # The declaration itself is readable as ASCII, so it is wrong about the rest.
        return "utf-8", 0, ("encoding_declaration",)
    if declared not in _CODECS:
        raise WarningRefused(
            "encoding",
            f"文字コード {declared} は受け付けません。",
            "UTF-8、UTF-16、Shift_JIS、EUC-JP、ISO-2022-JP のいずれかで送ってください。",
        )
    return _CODECS[declared], 0, ()


def _root_start(document: bytes) -> int:
    """Where the root element begins; refuses a DOCTYPE and anything that is not XML."""
    at = 0
    while True:
        while document[at : at + 1].isspace():
            at += 1
        if document.startswith(b"<!--", at):
            at = _after(document, b"-->", at + 4)
        elif document.startswith(b"<?", at):
            at = _after(document, b"?>", at + 2)
        else:
            break
    if document[at : at + 9].upper() == b"<!DOCTYPE":
        raise _doctype()
    if not document.startswith(b"<", at):
        _check_utf8(document)
        raise WarningRefused(
            "not_xml", "XML ではありません。", "電文のファイルか確かめてください。"
        )
    return at


def _check_utf8(document: bytes) -> None:
    """Say so when the trouble is the encoding."""
    try:
        document.decode()
    except UnicodeDecodeError as wrong:
        raise _not_decodable("utf-8", wrong.start) from wrong


def _after(document: bytes, end: bytes, start: int) -> int:
    found = document.find(end, start)
    if found < 0:
        raise WarningRefused("truncated", "途中で切れています。", "取り直してください。")
    return found + len(end)


def _doctype() -> WarningRefused:
    return WarningRefused(
        "doctype",
        "DOCTYPE 宣言があるため読みません（外部の読み込みや展開に使われる宣言です）。",
        "正規の電文に DOCTYPE はありません。送信元を確かめてください。",
    )


class _NoTree:
    """A parser's target that keeps nothing: the parser checks the document and builds no tree."""

    def close(self) -> None:
        """Nothing was built."""


def _parser(*, keep_space: bool = False, target: Any = None) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        # A comment inside a value would otherwise cut the value short.
        remove_comments=True,
        remove_pis=True,
        remove_blank_text=not keep_space,
        collect_ids=False,
        target=target,
    )


def _parse_utf8(document: bytes, start: int, keep_space: bool) -> etree._Element:
    try:
        root = etree.fromstring(document, _parser(keep_space=keep_space))
    except etree.XMLSyntaxError as error:
        raise _broken(document, start, error) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise _doctype()
    return root


def _head_alone(
    document: bytes, start: int, head_only: Callable[[str], bool]
) -> etree._Element | None:
    """Control and Head without the body, which costs half the time; None: read it whole.

    None for whatever is unusual as well: then the whole document is parsed, and refused for what is
    wrong with it.
    """
    title = _TITLE.search(document, start, start + _TITLE_WITHIN)
    end = document.find(_HEAD_END, start, start + _HEAD_WITHIN) + len(_HEAD_END)
    if title is None or end < len(_HEAD_END):
        return None
    name = title[1].decode("utf-8", "replace").strip()
    # A comment could hide the end of the head; a target area stands in the body.
    if not head_only(name) or b"<!" in document[start:end] or b"TargetArea" in document:
        return None
    checker, root_tag = _parser(target=_NoTree()), _ROOT_NAME.match(document, start)
    try:
        etree.fromstring(document, checker)
        root = _head_tree(document[:end], root_tag[1] if root_tag else b"")
    except etree.XMLSyntaxError:
        return None
    same = (root.findtext("{*}Control/{*}Title") or "").strip() == name
    return root if same and not len(checker.error_log) else None


def _head_tree(opened: bytes, root_tag: bytes) -> etree._Element:
    return etree.fromstring(opened + b"</" + root_tag + b">", _parser())


def _broken(document: bytes, start: int, error: etree.XMLSyntaxError) -> WarningRefused:
    """Which refusal a parser's error means."""
    _check_utf8(document)
    message = str(error)
    if "depth" in message:
        return WarningRefused("too_deep", f"入れ子が深すぎます: {message}")
    match = _ROOT_NAME.match(document, start)
    name = match[1] if match else b""
    tail = document.rstrip()[-len(name) - 200 :]
    if b"</" + name not in tail:
        return WarningRefused("truncated", f"途中で切れています: {message}", "取り直してください。")
    return WarningRefused("not_xml", f"XML として壊れています: {message}")
