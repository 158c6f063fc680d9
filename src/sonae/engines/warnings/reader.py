"""Bytes → ``Warning``: the one door for every format."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from lxml import etree

from sonae.engines.warnings.cap import read_cap
from sonae.engines.warnings.families import head_suffices
from sonae.engines.warnings.jalert import is_jalert, read_jalert
from sonae.engines.warnings.jalert_pushed import is_pushed, read_pushed
from sonae.engines.warnings.jma import NAMESPACE, read_jma
from sonae.engines.warnings.lalert import read_lalert
from sonae.engines.warnings.model import Warning, WarningRefused
from sonae.engines.warnings.qzss import is_qzss, read_qzss, split_log
from sonae.engines.warnings.report import Element, local
from sonae.engines.warnings.safexml import parse, root_name

# Elements that may wrap CAP alerts: Atom feeds, lists, EDXL.
_WRAPPERS = frozenset({"feed", "alerts", "entry", "rss"})


def read(raw: bytes, *, name: str = "") -> Warning:
    """Read one telegram or message; ``name`` is the input's name for reports and messages.

    Raises ``WarningRefused``: its codes are listed there. Anything well-formed whose type is not
    known is returned with phenomenon ``other``, never as an empty list.
    """
    warnings = read_all(raw, name=name)
    if len(warnings) > 1:
        raise WarningRefused(
            "several_messages",
            f"{len(warnings)} 通の電文がまとめられています。",
            "1通ずつ分けて読み込んでください。",
        )
    return warnings[0]


def read_all(raw: bytes, *, name: str = "") -> list[Warning]:
    """Read every message in ``raw``: one, or all of a CAP feed or of a satellite receiver's log."""
    sha256 = hashlib.sha256(raw).hexdigest()
    if is_qzss(raw):
        return read_qzss(raw, sha256, name)
    if is_jalert(raw):
        return [read_jalert(raw, sha256, name)]
    if is_pushed(raw):
        return [read_pushed(raw, sha256, name)]
    parsed = parse(raw, head_only=head_suffices)
    root, kind = parsed.root, local(parsed.root)
    if kind == "Report" and root.tag.startswith("{" + NAMESPACE):
        return [read_jma(root, sha256, name, parsed.deviations)]
    if kind == "alert":
        return [read_cap(root, sha256, name, parsed.deviations)]
    if kind == "EDXLDistribution" or (kind == "Report" and "publiccommons" in root.tag):
        return [read_lalert(root, sha256, name, parsed.deviations)]
    alerts = list(root.iter("{*}alert")) if kind in _WRAPPERS else []
    if not alerts:
        raise _unknown(kind)
    return _wrapped(alerts, sha256, name, (*parsed.deviations, f"wrapped_in:{kind}"))


def split(raw: bytes) -> list[bytes]:
    """The messages of a wrapper (a CAP feed, a log) as documents of their own; else ``[raw]``."""
    if is_qzss(raw):
        return split_log(raw)
    if is_jalert(raw) or is_pushed(raw):
        return [raw]
    if root_name(raw) not in _WRAPPERS:
        return [raw]
    root = parse(raw, keep_space=True).root
    alerts = list(root.iter("{*}alert"))
    if not alerts:
        raise _unknown(local(root))
    return [etree.tostring(alert, encoding="UTF-8", with_tail=False) for alert in alerts]


def _wrapped(
    alerts: Iterable[Element], sha256: str, name: str, deviations: tuple[str, ...]
) -> list[Warning]:
    return [read_cap(alert, sha256, name, deviations) for alert in alerts]


def _unknown(kind: str) -> WarningRefused:
    return WarningRefused(
        "unknown_root",
        f"警報の電文ではありません（最上位の要素は {kind[:60]}）。",
        "気象庁XML、CAP、Lアラートの電文を入れてください。",
    )
