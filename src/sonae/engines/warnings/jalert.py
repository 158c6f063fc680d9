"""Jアラート: the texts of a municipal receiver (国民保護 and others that come without XML).

A stored document is the text below one line ``#JALERT <type> <time>``; the receiver's weather and
earthquake data are 気象庁 XML and read as such. Without areas: what a city's own receiver gives out
is meant for that city.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sonae.core import clock
from sonae.engines.warnings.model import Warning, WarningItem, WarningRefused
from sonae.engines.warnings.wording import normal, phenomenon_of, severity_of

_MARK: Final = b"#JALERT "
_HEAD: Final = re.compile(r"#JALERT ([A-Z]{4}) (\S+)\s*$", re.ASCII)
_TESTS: Final = re.compile(
    r"テストです|テスト放送|試験放送|試験です|訓練です|訓練放送|これは訓練|【訓練】|\(訓練\)"
)
_NO_TEST: Final = re.compile(r"(訓練|テスト|試験)では(ありません|ない)")
_NEVER_TEXT: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""No text holds these, and databases refuse some of them."""
_LIFTED: Final = re.compile(r"解除(します|する|しました)|解除です")


@dataclass(frozen=True)
class Kind:
    """One type of the receiver: its name, and what it means when the text says nothing else."""

    name: str
    phenomenon: str
    severity: str


KINDS: Final = {
    "JALT": Kind("国民保護に関する情報", "civil_protection", "emergency"),
    "EPRQ": Kind("緊急地震速報", "earthquake", "warning"),
    "IOEQ": Kind("震度速報", "earthquake", "information"),
    "ISSW": Kind("津波警報・注意報", "tsunami", "warning"),
    "VOLC": Kind("噴火警報・噴火速報", "volcano", "warning"),
    "WRMA": Kind("気象警報・注意報", "other", "warning"),
    "IFDA": Kind("消防庁からの緊急連絡", "other", "warning"),
}
"""Types of ``index.csv`` of a J-Alert receiver."""


def is_jalert(raw: bytes) -> bool:
    """Whether these bytes are a receiver's text with its line of origin."""
    return raw.startswith(_MARK)


def document(kind: str, at: datetime, text: str) -> bytes:
    """Return a receiver's text as a document that can be read again at any time."""
    return f"#JALERT {kind} {clock.aware(at).isoformat()}\n{text.strip()}\n".encode()


def read_jalert(raw: bytes, raw_sha256: str, name: str) -> Warning:
    """The warning of a receiver's text; ``WarningRefused`` when its first line or bytes are broken."""
    try:
        head, _newline, text = raw.decode("utf-8").partition("\n")
    except UnicodeDecodeError:
        raise WarningRefused("encoding", "文字コードが UTF-8 ではありません。") from None
    found = _HEAD.fullmatch(head)
    at = moment(found[2]) if found else None
    if found is None or at is None:
        raise WarningRefused("incomplete", "Jアラートの種別と時刻の行を読めません。")
    return warning_of(found[1], at, " ".join(text.split()), raw_sha256, name)


def warning_of(
    code: str,
    at: datetime,
    text: str,
    raw_sha256: str,
    name: str,
    *,
    status: str | None = None,
    kind: Kind | None = None,
    deviations: tuple[str, ...] = (),
) -> Warning:
    """The warning of one text of a receiver, whichever way it came.

    ``status`` where something else than the text decides it, ``kind`` where ``code`` does not.
    """
    text = _NEVER_TEXT.sub("", text)
    known = kind or KINDS.get(code)
    kind = known or Kind(f"種別 {code}", "other", "warning")
    status, lifted = status or status_of(text), bool(_LIFTED.search(text))
    phenomenon, severity = kind.phenomenon, kind.severity
    if code == "WRMA":
        phenomenon, severity = phenomenon_of(text), severity_of(text, kind.severity)
    return Warning(
        source="jalert",
        telegram=f"JALERT-{code}",
        title=kind.name,
        office="Jアラート受信機",
        series=f"JALERT|{code}|{status}",
        event_id=None,
        status=status,
        action="issue",
        issued_at=at,
        headline=text[:1000],
        items=(
            WarningItem(
                phenomenon,
                code,
                f"{kind.name}（解除）" if lifted else kind.name,
                None,
                "lifted" if lifted else severity,
                (),
                last_kind=kind.name if lifted else "",
            ),
        ),
        raw_sha256=raw_sha256,
        sent_at=at,
        deviations=deviations if known else (*deviations, f"unknown_code:{code}"),
        input=name,
    )


def status_of(text: str) -> str:
    """Return test when a text says that it is one; 「訓練ではありません」 is the real thing."""
    if denies_test(text):
        return "actual"
    return "test" if _TESTS.search(normal(text)) else "actual"


def denies_test(text: str) -> bool:
    """Whether a text says that it is no drill."""
    return _NO_TEST.search(normal(text)) is not None


def moment(text: str) -> datetime | None:
    """An ISO 8601 time with its zone, in JST; None for anything else."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(clock.JST) if at.tzinfo else None
