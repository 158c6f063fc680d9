"""Raw telegrams made readable: the encoding they declare, indented when they are XML."""

import re

from lxml import etree

from sonae.engines.warnings.jalert_pushed import is_pushed, text_of

_DECLARED = re.compile(rb"""<\?xml[^>]*encoding=["']([A-Za-z0-9_.-]+)["']""")
MOST_BYTES = 400_000
"""More than this is not indented and is cut on the screen; the download has it whole."""


def decoded(raw: bytes) -> str:
    """Return the text in the encoding the telegram declares, else UTF-8, else Shift_JIS."""
    declared = _DECLARED.search(raw[:200])
    names = [declared.group(1).decode("ascii")] if declared else []
    for name in (*names, "utf-8-sig", "cp932"):
        try:
            return raw.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return raw.decode("utf-8", "replace")


def readable(raw: bytes) -> str:
    """Return a telegram for reading; one that is no XML, or is unsafe to parse, stays as it came."""
    if is_pushed(raw):
        return text_of(raw)
    if len(raw) > MOST_BYTES:
        return decoded(raw[:MOST_BYTES]) + "\n…"
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        return decoded(raw)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError):
        return decoded(raw)
    etree.indent(root)
    return str(etree.tostring(root, encoding="unicode"))
